"""Labels a person has looked at and keeps, whatever the model thinks of them."""

from __future__ import annotations

from datetime import UTC, datetime

from flowersorter.library.database.connection import Database


class ReviewedLabels:
    """Which labels of one collection need not be doubted again.

    What is kept is "this photo shows this class, not that one". It says nothing any more once the photo has another
    label or another class is suspected; a photo or a class that is gone takes it along.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> set[tuple[int, int, int]]:
        """Everything kept, as (photo id, class id of the label, class id that was suspected)."""
        return set(self._database.tuples("SELECT photo_id, class_id, suspected_id FROM kept_labels"))

    def add(self, photo_id: int, class_id: int, suspected_id: int) -> None:
        """Remember that a photo shows one class, not the other; on disk when this returns."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO kept_labels (photo_id, class_id, suspected_id, kept_at) VALUES (?, ?, ?, ?)",
                (photo_id, class_id, suspected_id, now),
            )

    def remove(self, photo_id: int, class_id: int, suspected_id: int) -> None:
        """Forget it again."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM kept_labels WHERE photo_id = ? AND class_id = ? AND suspected_id = ?",
                (photo_id, class_id, suspected_id),
            )
