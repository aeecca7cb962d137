"""Notes which photos get another hash while the collection is open, as when another program edits their file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.database.connection import Database

# SQLite notes every change itself, whichever statement makes it, and forgets the notes of one that is rolled back.
_NOTE = (
    "CREATE TEMP TABLE IF NOT EXISTS hash_changes (number INTEGER PRIMARY KEY, photo_id INTEGER NOT NULL)",
    "CREATE TEMP TRIGGER IF NOT EXISTS note_hash_change AFTER UPDATE OF sha256 ON main.photos"
    " WHEN new.sha256 != old.sha256 BEGIN INSERT INTO hash_changes (photo_id) VALUES (old.id); END",
)


class HashChanges:
    """The photos that got another hash since the collection was opened.

    Args:
        database: The library; one that is only read does not change.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read_only = bool(database.query("PRAGMA query_only")[0][0])
        if not self._read_only:
            with database.transaction() as connection:
                for statement in _NOTE:
                    connection.execute(statement)

    def since(self, number: int) -> tuple[int, NDArray[np.int64]]:
        """How many changes there were, and the ids of the photos of those after the first `number`."""
        if self._read_only:
            return 0, np.empty(0, np.int64)
        rows = self._database.tuples("SELECT number, photo_id FROM hash_changes WHERE number > ?", (number,))
        return max([number, *(row[0] for row in rows)]), np.array([row[1] for row in rows], np.int64)
