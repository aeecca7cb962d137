"""The tables of the library, as the list of steps that lead to them from an empty file."""

from __future__ import annotations

from flowersorter.library.database.journal_schema import JOURNAL_TABLES

# AUTOINCREMENT: an id may live on in an undo step or a window after its row is gone, so none is used twice.
_LIBRARY_TABLES = """
CREATE TABLE photos (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 BLOB NOT NULL UNIQUE,
    size_bytes INTEGER NOT NULL,
    width_px INTEGER NOT NULL,
    height_px INTEGER NOT NULL,
    taken_at TEXT,
    camera TEXT
);
CREATE TABLE places (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path BLOB NOT NULL UNIQUE,
    photo_id INTEGER REFERENCES photos (id),
    size_bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    error TEXT,
    missing INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX places_by_photo ON places (photo_id);
CREATE TABLE classes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL,
    position INTEGER NOT NULL,
    colour TEXT NOT NULL
);
CREATE TABLE class_aliases (
    key TEXT PRIMARY KEY,
    class_id INTEGER NOT NULL REFERENCES classes (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX class_aliases_by_class ON class_aliases (class_id);
CREATE TABLE labels (
    photo_id INTEGER PRIMARY KEY REFERENCES photos (id),
    class_id INTEGER NOT NULL REFERENCES classes (id) ON DELETE CASCADE,
    origin TEXT NOT NULL,
    assigned_at TEXT NOT NULL
);
CREATE INDEX labels_by_class ON labels (class_id);
CREATE TABLE models (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at TEXT NOT NULL,
    backbone TEXT NOT NULL,
    note TEXT NOT NULL,
    held_out_accuracy REAL,
    classes TEXT NOT NULL,
    photos INTEGER NOT NULL,
    file TEXT NOT NULL,
    current INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""

# What a person keeps is meant against one class: should the model come to suspect another one, it may ask again.
_KEPT_LABELS = """
CREATE TABLE kept_labels (
    photo_id INTEGER NOT NULL REFERENCES photos (id),
    class_id INTEGER NOT NULL REFERENCES classes (id) ON DELETE CASCADE,
    suspected_id INTEGER NOT NULL REFERENCES classes (id) ON DELETE CASCADE,
    kept_at TEXT NOT NULL,
    PRIMARY KEY (photo_id, class_id, suspected_id)
) WITHOUT ROWID;
CREATE INDEX kept_labels_by_class ON kept_labels (class_id);
CREATE INDEX kept_labels_by_suspected ON kept_labels (suspected_id);
"""

# Until version 2 the settings held them, as one JSON object of class ids by place id.
_PENDING_LABELS = """
CREATE TABLE pending_labels (
    place_id INTEGER PRIMARY KEY REFERENCES places (id) ON DELETE CASCADE,
    class_id INTEGER NOT NULL REFERENCES classes (id) ON DELETE CASCADE
);
CREATE INDEX pending_labels_by_class ON pending_labels (class_id);
INSERT INTO pending_labels (place_id, class_id)
    SELECT places.id, classes.id
    FROM settings, json_each(CASE WHEN json_valid(settings.value) THEN settings.value ELSE '{}' END) AS pending
    JOIN places ON places.id = CAST(pending.key AS INTEGER)
    JOIN classes ON classes.id = pending.value
    WHERE settings.key = 'labels of unread photos';
DELETE FROM settings WHERE key = 'labels of unread photos';
"""

#: (version, SQL script) in rising order; each script is applied in one transaction of its own.
MIGRATIONS: tuple[tuple[int, str], ...] = (
    (1, _LIBRARY_TABLES + JOURNAL_TABLES),
    (2, _KEPT_LABELS),
    (3, _PENDING_LABELS),
)
