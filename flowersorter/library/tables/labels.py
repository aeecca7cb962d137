"""The labels: which class a person, or a class folder, said a photo has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.errors import UserError
from flowersorter.library.database.connection import Database

_COLUMNS = "photo_id, class_id, origin"


class LabelTable:
    """The labels of one collection, one a photo at most. Every change is on disk when its call returns.

    What a change returns is what was there before: hand it to `restore` to take the change back.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[int, Label]:
        """Every label, by photo id."""
        rows = self._database.tuples(f"SELECT {_COLUMNS} FROM labels")
        return {photo_id: _label(class_id, origin) for photo_id, class_id, origin in rows}

    def get(self, photo_ids: Iterable[int] | NDArray[np.int64]) -> dict[int, Label]:
        """The labels of these photos, by photo id; those without one are left out."""
        rows = self._database.tuples_by_id(_COLUMNS, "labels", "photo_id", photo_ids)
        return {photo_id: _label(class_id, origin) for photo_id, class_id, origin in rows}

    def counts(self) -> dict[int, int]:
        """How many photos have each class, by class id; classes without any are left out."""
        rows = self._database.query("SELECT class_id, count(*) FROM labels GROUP BY class_id")
        return {int(row[0]): int(row[1]) for row in rows}

    def assign(self, photo_ids: Sequence[int], class_id: int, origin: LabelOrigin) -> dict[int, Label | None]:
        """Give all these photos one class.

        Raises:
            UserError: the class or a photo is gone from the library; nothing was changed.
        """
        label = _label(class_id, origin)
        return self._put(dict.fromkeys(photo_ids, label))

    def assign_many(self, labels: Mapping[int, Label | None]) -> dict[int, Label | None]:
        """Give each photo its own label, by photo id; None takes the label away.

        Raises:
            UserError: a class or a photo is gone from the library; nothing was changed.
        """
        return self._put(labels)

    def clear(self, photo_ids: Sequence[int]) -> dict[int, Label | None]:
        """Take the labels of these photos away."""
        return self._put(dict.fromkeys(photo_ids))

    def restore(self, before: Mapping[int, Label | None]) -> None:
        """Bring back what another call returned as the state before it.

        Raises:
            UserError: a class or a photo is gone from the library; nothing was changed.
        """
        self._put(before)

    def _put(self, labels: Mapping[int, Label | None]) -> dict[int, Label | None]:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        cleared = [(photo_id,) for photo_id, label in labels.items() if label is None]
        assigned = [
            (photo_id, label.class_id, label.origin.value, now)
            for photo_id, label in labels.items()
            if label is not None
        ]
        with gone_in_words(), self._database.transaction() as connection:
            there = self.get(list(labels))
            connection.executemany("DELETE FROM labels WHERE photo_id = ?", cleared)
            connection.executemany(
                "INSERT OR REPLACE INTO labels (photo_id, class_id, origin, assigned_at) VALUES (?, ?, ?, ?)",
                assigned,
            )
        return {photo_id: there.get(photo_id) for photo_id in labels}


@lru_cache(maxsize=1024)
def _label(class_id: int, origin: str) -> Label:
    """A library has many labels and few different ones."""
    return Label(class_id, LabelOrigin(origin))


@contextmanager
def gone_in_words() -> Iterator[None]:
    """Turn the loss of a class into an error a person can read: an undo step may name one that was deleted since.

    Raises:
        UserError: a class or a photo is gone from the library.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise UserError("The labels could not be changed", "the class is no longer in the library") from error
