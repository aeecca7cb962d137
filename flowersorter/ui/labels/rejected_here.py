"""Remembers the classes that photos were said not to show, for answers that are given for many photos at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from flowersorter.ui.grid.photo_columns import PhotoColumns


class RejectedHere:
    """Classes rejected since the program started. Lives in the GUI thread.

    Earlier ones are never suggested, so their photos are in no section that has one of them as its answer. A class that
    is merged into another one counts as that one until the merge is undone.
    """

    def __init__(self) -> None:
        self._pairs: set[tuple[int, int]] = set()  # photo id and class id, as they were rejected
        self._merged: dict[int, int] = {}  # the class that each merged one is part of now

    def merge(self, class_id: int, into: int) -> None:
        """Take over that a class was merged into another one."""
        self._merged[class_id] = into

    def part(self, class_id: int) -> None:
        """Take over that the merge of a class was undone."""
        self._merged.pop(class_id, None)

    def answer(self, pairs: Iterable[tuple[int, int]]) -> RejectedAnswer:
        """Return the change that rejects classes, or takes that back: pairs of photo id and class id."""
        return RejectedAnswer(self._pairs, frozenset(pairs))

    def without(self, columns: PhotoColumns, place_ids: Iterable[int], class_id: int) -> list[int]:
        """Return the places whose photo was not rejected for the class, or is suggested for it again since."""
        rows = columns.locate(place_ids)
        suggested = (columns.class_ids[rows] == class_id) | (columns.second_class_ids[rows] == class_id)
        allowed = suggested | ~self._are_rejected(columns.photo_ids[rows], class_id)
        found: list[int] = columns.place_ids[rows[allowed]].tolist()
        return found

    def _are_rejected(self, photo_ids: NDArray[np.int64], class_id: int) -> NDArray[np.bool_]:
        rejected = [photo_id for photo_id, rejected_id in self._pairs if self._now(rejected_id) == class_id]
        return np.isin(photo_ids, rejected)

    def _now(self, class_id: int) -> int:
        while class_id in self._merged:
            class_id = self._merged[class_id]
        return class_id


class RejectedAnswer:
    """Rejected classes of photos, which come and go with the answer; see `Beside`."""

    def __init__(self, pairs: set[tuple[int, int]], mine: frozenset[tuple[int, int]]) -> None:
        self._pairs, self._mine = pairs, mine - pairs

    def apply(self) -> None:
        """Remember them."""
        self._pairs |= self._mine

    def revert(self) -> None:
        """Forget them."""
        self._pairs -= self._mine
