"""The tables of the journal: runs and the files each of them filed."""

from __future__ import annotations

#: Part of migration 1. Paths are bytes (`os.fsencode`), times ISO 8601 in UTC.
JOURNAL_TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mode TEXT NOT NULL,
    include TEXT NOT NULL DEFAULT '',
    source BLOB,
    destination BLOB NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    state TEXT NOT NULL
);
CREATE TABLE filings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    photo_id INTEGER REFERENCES photos (id),
    action TEXT NOT NULL,
    source BLOB NOT NULL,
    destination BLOB,
    temporary BLOB,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    mtime_ns INTEGER NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    made_folders TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX filings_by_run ON filings (run_id);
CREATE INDEX filings_by_photo ON filings (photo_id);
CREATE INDEX filings_by_state ON filings (state);
"""
