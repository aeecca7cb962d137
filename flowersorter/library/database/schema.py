"""The tables of the library, as a list of migrations from an empty file."""

from __future__ import annotations

from collections.abc import Sequence

#: (version, SQL script) in rising order.
Migrations = Sequence[tuple[int, str]]

# AUTOINCREMENT: an undo step or a window may hold the id of a deleted row, so no id is used twice.
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

# Part of migration 1. Paths are bytes (`os.fsencode`), times ISO 8601 in UTC.
# A filing with a ``lead_id`` is a sidecar that travels with the photo of that filing.
_JOURNAL_TABLES = """
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

# A label is reviewed against one suspected class: if a model suspects another one, the review does not count.
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

# The photo that was at a place before its file changed, and the hashes a photo had before another program rewrote it.
# In `missing`, 1 says that the file was gone, perhaps with its drive, 2 that it is deleted.
_EDITED_PHOTOS = """
ALTER TABLE places ADD COLUMN former_id INTEGER REFERENCES photos (id);
CREATE INDEX places_by_former ON places (former_id);
CREATE TABLE former_hashes (
    sha256 BLOB NOT NULL,
    photo_id INTEGER NOT NULL REFERENCES photos (id),
    PRIMARY KEY (sha256, photo_id)
) WITHOUT ROWID;
CREATE INDEX former_hashes_by_photo ON former_hashes (photo_id);
"""

# Whether the options of the last scan of its folder leave a place out.
_LEFT_OUT = """
ALTER TABLE places ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
CREATE INDEX places_left_out ON places (path) WHERE left_out = 1;
"""

# The drives that a run moved files out of, as JSON, so that an unplugged one is told from a folder tidied away.
_VOLUMES = """
ALTER TABLE runs ADD COLUMN volumes TEXT;
"""

# Folders that a run emptied and removed, with their permissions and times, for undoing.
_REMOVED_FOLDERS = """
CREATE TABLE removed_folders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    path BLOB NOT NULL,
    mode INTEGER NOT NULL,
    atime_ns INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL
);
CREATE INDEX removed_folders_by_run ON removed_folders (run_id);
"""

# Photos of folders, drawn to find out how many suggestions are right. The ids are arrays of little-endian numbers:
# `photo_ids` (int64) and `class_ids` (int32, the suggestions) in the order drawn, `other_ids` (int64) the other photos
# of the folders. `roots` are paths with a NUL between them, `withdrawn` says why the check does not hold any more.
_SAMPLE_CHECKS = """
CREATE TABLE sample_checks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    roots BLOB NOT NULL,
    include TEXT NOT NULL,
    model TEXT NOT NULL,
    started_at TEXT NOT NULL,
    photo_ids BLOB NOT NULL,
    class_ids BLOB NOT NULL,
    other_ids BLOB NOT NULL,
    withdrawn TEXT
);
CREATE TABLE sample_answers (
    check_id INTEGER NOT NULL REFERENCES sample_checks (id) ON DELETE CASCADE,
    photo_id INTEGER NOT NULL REFERENCES photos (id),
    answer TEXT NOT NULL,
    answered_at TEXT NOT NULL,
    PRIMARY KEY (check_id, photo_id)
) WITHOUT ROWID;
"""

# Answers of a person besides labels: classes that a photo does not show, and a mark (`Mark`) in place of a class.
_ANSWERS = """
CREATE TABLE rejected_classes (
    photo_id INTEGER NOT NULL REFERENCES photos (id),
    class_id INTEGER NOT NULL REFERENCES classes (id) ON DELETE CASCADE,
    rejected_at TEXT NOT NULL,
    PRIMARY KEY (photo_id, class_id)
) WITHOUT ROWID;
CREATE INDEX rejected_classes_by_class ON rejected_classes (class_id);
CREATE TABLE marks (
    photo_id INTEGER PRIMARY KEY REFERENCES photos (id),
    mark TEXT NOT NULL,
    marked_at TEXT NOT NULL
);
"""

# The fault of a file that decodes all the same.
_REMARKS = """
ALTER TABLE photos ADD COLUMN remark TEXT;
"""

# Keywords in filed sidecars that this program wrote: values by field, as JSON, and the hash of the sidecar that they
# were written into. A row counts while its filing is done.
_WRITTEN_KEYWORDS = """
CREATE TABLE written_keywords (
    filing_id INTEGER PRIMARY KEY REFERENCES filings (id),
    keywords TEXT NOT NULL,
    base_sha256 BLOB
);
"""

# The sidecars of a photo are found without a walk over its whole sort.
_SIDECARS_BY_PHOTO = """
CREATE INDEX filings_by_lead ON filings (lead_id) WHERE lead_id IS NOT NULL;
"""

# A run that goes on removes the folders that become empty, too, if it was to.
_REMOVES_EMPTIED = """
ALTER TABLE runs ADD COLUMN removes_emptied INTEGER NOT NULL DEFAULT 0;
"""

# The photo that a duplicate which is moved aside is, too: both are files of one run. One pass over the photos of such
# runs, whatever the number of equal ones: a search for each duplicate would take hours where very many are alike.
_ORIGINALS = """
ALTER TABLE filings ADD COLUMN original_id INTEGER REFERENCES filings (id);
CREATE INDEX filings_by_original ON filings (original_id) WHERE original_id IS NOT NULL;
CREATE TEMP TABLE originals AS
    SELECT run_id, source, sha256, MIN(id) AS id FROM filings
    WHERE lead_id IS NULL AND run_id IN (SELECT run_id FROM filings WHERE class_name = '' AND action = 'move')
    GROUP BY run_id, source, sha256;
CREATE INDEX temp.originals_by_file ON originals (run_id, source, sha256);
UPDATE filings SET original_id = (
    SELECT own.id FROM originals own
    WHERE own.run_id = filings.run_id AND own.source = filings.source AND own.sha256 = filings.sha256
    AND own.id < filings.id
) WHERE class_name = '' AND action = 'move' AND lead_id IS NULL;
DROP TABLE originals;
"""

# The sidecar that keywords were written into, so that a run which goes on finds it.
_KEYWORD_BASES = """
ALTER TABLE written_keywords ADD COLUMN base BLOB;
"""

# Whether a photo was sorted under its label: a run that goes on leaves one whose label was removed meanwhile. Also NULL
# for runs of earlier versions.
_FILED_BY_LABEL = """
ALTER TABLE filings ADD COLUMN by_label INTEGER;
"""

# The suggestions that a run goes by: one that goes on leaves photos whose suggestions it would not include by now. Both
# are NULL for runs of earlier versions.
_SUGGESTION_CHOICE = """
ALTER TABLE runs ADD COLUMN backbone TEXT;
ALTER TABLE runs ADD COLUMN included TEXT;
"""

#: (version, SQL script) in rising order; each script is applied in one transaction of its own.
MIGRATIONS: Migrations = (
    (1, _LIBRARY_TABLES + _JOURNAL_TABLES),
    (2, _KEPT_LABELS),
    (3, _PENDING_LABELS),
    (4, _EDITED_PHOTOS),
    (5, _LEFT_OUT),
    (6, _VOLUMES),
    (7, _REMOVED_FOLDERS),
    (8, _SAMPLE_CHECKS),
    (9, _ANSWERS),
    (10, _REMARKS),
    (11, _WRITTEN_KEYWORDS),
    (12, _SIDECARS_BY_PHOTO),
    (13, _REMOVES_EMPTIED),
    (14, _ORIGINALS),
    (15, _KEYWORD_BASES),
    (16, _FILED_BY_LABEL),
    (17, _SUGGESTION_CHOICE),
)
