"""The tables of labels and of reviewed labels."""

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
from flowersorter.library.tables.edited_photos import STANDING
from flowersorter.messages import Text, text

_COLUMNS = "photo_id, class_id, origin"
#: A labelled photo that is used for training: its file exists and is a picture.
_TEACHES = f"{STANDING} AND EXISTS (SELECT 1 FROM photos WHERE photos.id = labels.photo_id AND photos.width_px > 0)"


class LabelTable:
    """The labels of one collection, at most one a photo. Every change is on disk when its call returns.

    A change returns the state before it, with which `restore` undoes it. A label removes the other answers about its
    photo that contradict it (`AnswerTable`); `restore` does not bring them back.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[int, Label]:
        """Every label, by photo id."""
        rows = self._database.tuples(f"SELECT {_COLUMNS} FROM labels")
        return {photo_id: _label(class_id, origin) for photo_id, class_id, origin in rows}

    def class_ids(self) -> dict[int, int]:
        """The class id of every labelled photo that is still there, by photo id, rising: fits depend on the order.

        Labels of photos that are gone, and of files without a picture, are not used for training.
        """
        select = f"SELECT photo_id, class_id FROM labels WHERE {_TEACHES} ORDER BY photo_id"
        return dict(self._database.tuples(select))

    def for_training(self) -> list[tuple[int, int, bool]]:
        """As `class_ids`, rising: photo id, class id, and whether a person gave the label; otherwise a folder did."""
        select = f"SELECT photo_id, class_id, origin = ? FROM labels WHERE {_TEACHES} ORDER BY photo_id"
        return [(*row[:2], bool(row[2])) for row in self._database.tuples(select, (LabelOrigin.PERSON.value,))]

    def get(self, photo_ids: Iterable[int] | NDArray[np.int64]) -> dict[int, Label]:
        """The labels of these photos, by photo id; those without one are left out."""
        rows = self._database.tuples_by_id(_COLUMNS, "labels", "photo_id", photo_ids)
        return {photo_id: _label(class_id, origin) for photo_id, class_id, origin in rows}

    def counts(self) -> dict[int, int]:
        """The number of photos for training of each class, as in `class_ids`, by class id."""
        rows = self._database.query(f"SELECT class_id, count(*) FROM labels WHERE {_TEACHES} GROUP BY class_id")
        return {int(row[0]): int(row[1]) for row in rows}

    def assign(self, photo_ids: Sequence[int], class_id: int, origin: LabelOrigin) -> dict[int, Label | None]:
        """Label all these photos with one class.

        Raises:
            UserError: the class or a photo is not in the library any more; nothing was changed.
        """
        label = _label(class_id, origin)
        return self._put(dict.fromkeys(photo_ids, label))

    def assign_many(self, labels: Mapping[int, Label | None]) -> dict[int, Label | None]:
        """Set the label of each photo, by photo id; None removes it.

        Raises:
            UserError: a class or a photo is not in the library any more; nothing was changed.
        """
        return self._put(labels)

    def clear(self, photo_ids: Sequence[int]) -> dict[int, Label | None]:
        """Remove the labels of these photos."""
        return self._put(dict.fromkeys(photo_ids))

    def restore(self, before: Mapping[int, Label | None]) -> None:
        """Restore the state that a change returned.

        Raises:
            UserError: a class or a photo is not in the library any more; nothing was changed.
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
        with (
            foreign_key_as_user_error(text("The labels could not be changed")),
            self._database.transaction() as connection,
        ):
            before = self.get(list(labels))
            connection.executemany("DELETE FROM labels WHERE photo_id = ?", cleared)
            connection.executemany(
                "INSERT OR REPLACE INTO labels (photo_id, class_id, origin, assigned_at) VALUES (?, ?, ?, ?)",
                assigned,
            )
            connection.executemany("DELETE FROM marks WHERE photo_id = ?", [row[:1] for row in assigned])
            connection.executemany(
                "DELETE FROM rejected_classes WHERE photo_id = ? AND class_id = ?", [row[:2] for row in assigned]
            )
        return {photo_id: before.get(photo_id) for photo_id in labels}


class ReviewedLabels:
    """Labels that a person has confirmed although the model suspects another class; not suspected again.

    A review counts for one photo, its label and one suspected class. It ends when the photo gets another label, the
    model suspects another class, or the photo or one of the classes is removed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> set[tuple[int, int, int]]:
        """Every review: photo id, class id of the label, class id that was suspected."""
        return set(self._database.tuples("SELECT photo_id, class_id, suspected_id FROM kept_labels"))

    def add(self, photo_id: int, class_id: int, suspected_id: int) -> None:
        """Store that a photo shows the first class, not the second; on disk when this returns."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO kept_labels (photo_id, class_id, suspected_id, kept_at) VALUES (?, ?, ?, ?)",
                (photo_id, class_id, suspected_id, now),
            )

    def remove(self, photo_id: int, class_id: int, suspected_id: int) -> None:
        """Delete a review."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM kept_labels WHERE photo_id = ? AND class_id = ? AND suspected_id = ?",
                (photo_id, class_id, suspected_id),
            )


@lru_cache(maxsize=1024)
def _label(class_id: int, origin: str) -> Label:
    """Cached: a library has many labels and few different ones."""
    return Label(class_id, LabelOrigin(origin))


def labelled_as(database: Database, hashes: Iterable[bytes]) -> dict[bytes, str]:
    """The class name that each photo is labelled with, by its hash; those without a label are left out."""
    rows = database.query_in(
        "SELECT photos.sha256, classes.name FROM photos JOIN labels ON labels.photo_id = photos.id"
        " JOIN classes ON classes.id = labels.class_id WHERE photos.sha256 IN (?)",
        hashes,
    )
    return {row["sha256"]: row["name"] for row in rows}


@contextmanager
def foreign_key_as_user_error(what: Text) -> Iterator[None]:
    """Convert the error for a deleted class or a photo that is gone, which an undo step may refer to.

    Args:
        what: Describes the failed action.

    Raises:
        UserError: a class or a photo is gone from the library.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise UserError(what, text("a class or a photo is not in the library any more")) from error
