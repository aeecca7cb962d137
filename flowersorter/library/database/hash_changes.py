"""Notes which photos get another hash while the collection is open, as when another program edits their file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.database.connection import Database

_NOTE = (
    "CREATE TEMP TRIGGER IF NOT EXISTS note_hash_change AFTER UPDATE OF sha256 ON main.photos"
    " WHEN new.sha256 != old.sha256 BEGIN SELECT note_hash_change(old.id); END"
)


class HashChanges:
    """The photos that got another hash since the collection was opened; usable from every thread.

    SQLite notes every change itself, whichever statement makes it. A change that is rolled back stays noted. No other
    thread can read a hash between the note and the end of the transaction.

    Args:
        database: The library; one that is only read does not change.
    """

    def __init__(self, database: Database) -> None:
        self._photo_ids: list[int] = []
        if not database.query("PRAGMA query_only")[0][0]:
            with database.transaction() as connection:
                connection.create_function("note_hash_change", 1, self._photo_ids.append)
                connection.execute(_NOTE)

    def since(self, number: int) -> tuple[int, NDArray[np.int64]]:
        """How many changes there were, and the ids of the photos of those after the first `number`."""
        photo_ids = self._photo_ids[number:]
        return number + len(photo_ids), np.array(photo_ids, np.int64)
