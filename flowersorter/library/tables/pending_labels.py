"""The pending labels: classes given to places whose photo has not been read yet."""

from __future__ import annotations

from collections.abc import Mapping

from flowersorter.library.database.connection import Database
from flowersorter.library.tables.labels import foreign_key_as_user_error
from flowersorter.messages import text

_PUT = "INSERT OR REPLACE INTO pending_labels (place_id, class_id) SELECT id, ? FROM places WHERE id = ?"


class PendingLabelTable:
    """The pending labels of one collection, one a place at most. Every change is on disk when its call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[int, int]:
        """Class id by place id."""
        return dict(self._database.tuples("SELECT place_id, class_id FROM pending_labels"))

    def put(self, classes: Mapping[int, int]) -> dict[int, int]:
        """Give places a class; a place that is gone from the library is skipped.

        Args:
            classes: Class id by place id; 0 removes the pending label.

        Returns:
            The previous state; passing it to `put` undoes the change.

        Raises:
            UserError: a class is gone from the library; nothing was changed.
        """
        with (
            foreign_key_as_user_error(text("The labels could not be changed")),
            self._database.transaction() as connection,
        ):
            there = self._database.query_in(
                "SELECT place_id, class_id FROM pending_labels WHERE place_id IN (?)", classes
            )
            connection.executemany("DELETE FROM pending_labels WHERE place_id = ?", [(at,) for at in classes])
            connection.executemany(_PUT, [(class_id, at) for at, class_id in classes.items() if class_id])
        return dict.fromkeys(classes, 0) | {row["place_id"]: row["class_id"] for row in there}
