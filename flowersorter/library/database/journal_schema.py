"""The tables of the journal: runs, the files each of them filed, and the folders it made."""

from __future__ import annotations

#: Part of migration 1. Paths are bytes (`os.fsencode`), times ISO 8601 in UTC.
#: A filing with a ``lead_id`` is a sidecar that travels with the photo of that filing.
JOURNAL_TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mode TEXT NOT NULL,
    source BLOB,
    destination BLOB NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    state TEXT NOT NULL
);
CREATE TABLE filings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    lead_id INTEGER REFERENCES filings (id),
    class_name TEXT NOT NULL,
    action TEXT NOT NULL,
    source BLOB NOT NULL,
    destination BLOB NOT NULL,
    temporary BLOB,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB,
    mtime_ns INTEGER NOT NULL,
    state TEXT NOT NULL,
    error TEXT
);
CREATE INDEX filings_by_run ON filings (run_id, state);
CREATE INDEX filings_by_sha256 ON filings (sha256);
CREATE INDEX open_filings ON filings (state) WHERE state IN ('started', 'undoing');
CREATE TABLE made_folders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    path BLOB NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX made_folders_by_run ON made_folders (run_id);
"""
