"""Puts the photos of an arrangement on tiles: a burst, or near-copies, on one, unless their class or state differs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import counting
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass, Rows
from flowersorter.ui.grid.sections import Arrangement, Section

#: Class ids are below 2 ** 28, a quarter of a billion.
_BITS = 28


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """Photos that are not stacked behind another one.

    Attributes:
        opened: Ids of photos whose stack the person opened.
        left_out: Places that are left out of the answer for their section; a stack is shown open if only some are.
        joined_by_none: Places of the tile in the large view: no other photo of their stack joins them.
    """

    opened: frozenset[int] = frozenset()
    left_out: frozenset[int] = frozenset()
    joined_by_none: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Photos on R tiles; a tile is a row of the model.

    Attributes:
        photos: (P,) column rows in the order shown; those of a tile follow one another, the front one first.
        firsts: (R + 1,) position in `photos` where each tile begins; P at the end.
        sizes: (R,) number of photos in the stack that the tile shows or, where it is open, belongs to; 1 for no stack.
        numbers: (R,) number of the photo in its open stack, from 1; 0 for all other tiles.
        sections: Sections by model rows.
    """

    photos: Rows
    firsts: Rows
    sizes: Rows
    numbers: Rows
    sections: tuple[Section, ...]

    @classmethod
    def single(cls, shown: Arrangement) -> Tiles:
        """A tile for each photo; no array is made for it, as those of a million photos take longer than a filter."""
        count = len(shown.order)
        ones, zeros = (np.broadcast_to(np.intp(number), count) for number in (1, 0))
        return cls(shown.order, counting(count + 1), ones, zeros, shown.sections)

    @property
    def _each_alone(self) -> bool:
        """Whether each tile has one photo."""
        return len(self.sizes) == len(self.photos)

    @property
    def fronts(self) -> Rows:
        """(R,) column row of the front photo of each tile."""
        return self.photos if self._each_alone else self.photos[self.firsts[:-1]]

    @property
    def has_stacks(self) -> bool:
        """Whether a tile shows, or belongs to, a stack."""
        return not self._each_alone or bool((self.sizes > 1).any())

    def photos_of(self, rows: Rows | slice) -> Rows:
        """(M,) column rows of all photos on these (N,) model rows, in that order."""
        begins, ends = self.firsts[:-1][rows], self.firsts[1:][rows]
        counts = ends - begins
        if len(counts) == counts.sum():
            return self.photos[begins]
        return self.photos[np.repeat(ends - np.cumsum(counts), counts) + np.arange(counts.sum())]

    def count(self, rows: range) -> int:
        """Number of photos on these consecutive model rows."""
        return int(self.firsts[rows.stop] - self.firsts[rows.start]) if len(rows) else 0

    def rows_of_photos(self, columns: int) -> Rows:
        """(`columns`,) model row of each column row, -1 where it is not shown."""
        rows, numbers = np.full(columns, -1, np.intp), counting(len(self.sizes))
        rows[self.photos] = numbers if self._each_alone else np.repeat(numbers, np.diff(self.firsts))
        return rows


class StackIds:
    """Numbers the stacks among the photos of a folder; made anew only where photos or stacks changed."""

    def __init__(self) -> None:
        self.stacks = PhotoNumbers()
        self._photo_ids, self._ids = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def set_stacks(self, stacks: PhotoNumbers) -> None:
        """Use these: by photo id, a photo of the stack."""
        self.stacks, self._photo_ids = stacks, np.zeros(0, np.int64)

    def of(self, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """(N,) int64 equal for the photos of one stack, and for places of one photo; 0 for all others."""
        if not np.array_equal(photo_ids, self._photo_ids):
            ids = self.stacks.of(photo_ids, photo_ids)
            _, number, counts = np.unique(ids, return_inverse=True, return_counts=True)
            self._photo_ids, self._ids = photo_ids.copy(), np.where((counts[number] > 1) & (ids > 0), ids, 0)
        return self._ids


def tiles_of(shown: Arrangement, columns: PhotoColumns, stack_ids: NDArray[np.int64], apart: Apart) -> Tiles:
    """Put photos on tiles.

    A stack is on one tile, in the place of its first photo, as far as its photos are in one section and shown with the
    same class and state.

    Args:
        shown: The photos, and their sections.
        columns: All photos of the folder.
        stack_ids: (N,) as `StackIds` gives them.
        apart: Photos that are tiles of their own.
    """
    ids = stack_ids[shown.order]
    at = np.flatnonzero(ids)
    if not len(at):
        return Tiles.single(shown)
    firsts = np.fromiter((each.first for each in shown.sections), np.intp, len(shown.sections))
    numbers = np.searchsorted(firsts, at, side="right")
    alike = _shown_as(columns, shown.order[at])
    closed = _among(columns.place_ids[shown.order[at]], apart.joined_by_none)
    by_stack = np.lexsort((closed, alike, numbers, ids[at]))
    at, keys = at[by_stack], (ids[at][by_stack], numbers[by_stack], alike[by_stack], closed[by_stack])
    new = np.ones(len(at), np.bool_)
    new[1:] = np.logical_or.reduce([np.diff(key) != 0 for key in keys])
    starts = np.flatnonzero(new)
    sizes = np.diff(np.append(starts, len(at)))
    several = np.repeat(sizes > 1, sizes)
    at, sizes = at[several], sizes[sizes > 1]
    if not len(sizes):
        return Tiles.single(shown)
    return _stacked(shown, at, sizes, _open(columns, shown.order[at], sizes, apart))


def _stacked(shown: Arrangement, at: Rows, sizes: Rows, opened: NDArray[np.bool_]) -> Tiles:
    """Put stacks on tiles.

    Args:
        shown: P photos.
        at: (M,) positions in it of the photos of stacks, stack by stack.
        sizes: (S,) number of photos of each stack.
        opened: (S,) whether each of its photos is a tile.
    """
    count, starts = len(shown.order), np.cumsum(sizes) - sizes
    target, size, number = np.arange(count), np.ones(count, np.intp), np.zeros(count, np.intp)
    target[at] = np.repeat(at[starts], sizes)
    front = target == np.arange(count)
    size[at] = np.repeat(sizes, sizes)
    is_open = np.repeat(opened, sizes)
    number[at[is_open]] = (np.arange(len(at)) - np.repeat(starts, sizes) + 1)[is_open]
    front[at[is_open]] = True
    order = np.argsort(target, kind="stable")
    begins = np.flatnonzero(front[order])
    firsts = np.append(begins, count)
    rows = np.searchsorted(begins, [each.first for each in shown.sections]).tolist()
    sections = tuple(
        Section(each.kind, each.key, first, each.count, each.count - (end - first))
        for each, first, end in zip(shown.sections, rows, [*rows[1:], len(begins)], strict=True)
    )
    shown_at = order[begins]
    return Tiles(shown.order[order], firsts, size[shown_at], number[shown_at], sections)


def _open(columns: PhotoColumns, rows: Rows, sizes: Rows, apart: Apart) -> NDArray[np.bool_]:
    """(S,) whether each stack is open: by the person, or because only some of its photos are left out.

    Args:
        columns: All photos of the folder.
        rows: (M,) column rows of the photos of stacks, stack by stack.
        sizes: (S,) number of photos of each stack.
        apart: The opened and left-out photos.
    """
    starts = np.cumsum(sizes) - sizes
    opened = _among(columns.photo_ids[rows], apart.opened)
    left_out = _among(columns.place_ids[rows], apart.left_out)
    outside = np.add.reduceat(left_out, starts, dtype=np.intp)
    return np.logical_or.reduceat(opened, starts) | ((outside > 0) & (outside < sizes))


def _among(ids: NDArray[np.int64], wanted: frozenset[int]) -> NDArray[np.bool_]:
    return np.isin(ids, np.fromiter(wanted, np.int64, len(wanted)))


def _shown_as(columns: PhotoColumns, rows: Rows) -> NDArray[np.int64]:
    """(M,) int64 equal for photos that are shown with the same class and state; sure and likely count as one."""
    labels, keys = columns.label_ids[rows], columns.class_keys[rows]
    suggested = np.where(columns.verdicts[rows] == Verdict.UNKNOWN, 0, columns.class_ids[rows])
    first = np.where(labels > 0, labels, suggested).astype(np.int64)
    second = np.where(keys == PseudoClass.UNSURE, columns.second_class_ids[rows], 0).astype(np.int64)
    state = np.maximum(-keys, 0).astype(np.int64)
    state += 8 * (labels > 0) + 16 * ((labels > 0) & columns.by_person[rows])
    state += 32 * (columns.marks[rows] == Mark.DONT_KNOW)
    return (first << _BITS | second) << 6 | state
