"""Near-duplicates: bursts, crops and re-saves, which must not be split between training and test photos.

Two rows of length 1 whose cosine is c lie sqrt(2 - 2c) apart. Their distance in a few principal axes, the residual
included, is a lower bound of that: pairs too far apart there are discarded. Very few pairs are compared in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.features.mapped_memory import let_go
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import Coordinates
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Cosine similarity of features from which two photos of a class count as near-duplicates.
NEAR_COPY = 0.97
#: Axes of the first comparison.
_FEW_AXES = 48
#: Rounding of coordinates, in squared distance.
_SLACK = 1e-3
_LIMIT = 2 - 2 * NEAR_COPY + _SLACK
#: Their products fit the second-level cache of a core.
_TILE_ROWS, _TILE_COLUMNS = 512, 512
#: Pairs compared at a time: they fit the second-level cache of a core.
_PAIRS = 256
#: Up to this factor of superfluous pairs, one matrix product is faster than the single pairs.
_GATHER = 8


def near_duplicate_groups(
    features: Features,
    coordinates: Coordinates,
    targets: NDArray[np.intp],
    pool: ThreadPool,
    cancel: CancelToken,
    known: NDArray[np.intp] | None = None,
) -> NDArray[np.intp]:
    """Number the groups of near-duplicates within each class.

    Args:
        features: Of N photos.
        coordinates: The same photos in principal axes.
        targets: (N,) class indices.
        pool: Threads that share the work.
        cancel: Checked for every tile.
        known: (N,) earlier groups; -1 for photos to compare with all of their class, such as the rest of a group
            that lost a photo. None: compare all.

    Returns:
        (N,) group of each photo: the lowest row of its connected component.

    Raises:
        Cancelled: a stop was requested.
    """
    before = np.full(len(targets), -1) if known is None else known
    groups = np.arange(len(targets))

    def group(target: int) -> None:
        members = np.flatnonzero(targets == target)
        members = members[np.argsort(before[members] >= 0, kind="stable")]  # those to be compared come first
        pairs = _Pairs(features, coordinates, members)
        loose = int(np.count_nonzero(before[members] < 0))
        # Numbers of loose photos lie above those of the groups.
        numbers = np.append(before[members].max(initial=-1) + 1 + np.arange(loose), before[members[loose:]])
        for top in range(0, loose, _TILE_ROWS):
            for left in range(top, len(members), _TILE_COLUMNS):
                cancel.check()
                rows = np.arange(top, min(top + _TILE_ROWS, loose))
                columns = np.arange(left, min(left + _TILE_COLUMNS, len(members)))
                _merge(numbers, *pairs.near(rows, columns, numbers))
        lowest = np.full(numbers.max() + 1, len(targets))
        np.minimum.at(lowest, numbers, members)
        groups[members] = lowest[numbers]
        let_go(features.quantised)

    pool.map(group, np.unique(targets).tolist())
    return groups


def joined(groups: NDArray[np.intp], bursts: NDArray[np.intp] | None) -> NDArray[np.intp]:
    """Merge groups that share a burst, also through other photos.

    Args:
        groups: (N,) group of each photo.
        bursts: (N,) burst of each photo. None: no bursts.

    Returns:
        (N,) group of each photo.
    """
    if bursts is None:
        return groups
    numbers = np.unique(groups, return_inverse=True)[1].astype(np.intp)
    _, first, burst = np.unique(bursts, return_index=True, return_inverse=True)
    if len(numbers):
        _merge(numbers, np.arange(len(numbers)), first[burst])
    return numbers


@dataclass(frozen=True, slots=True, eq=False)
class _Sketch:
    """Photos in few axes: the product of a left and a right row is minus half their squared distance."""

    left: NDArray[np.float32]
    right: NDArray[np.float32]

    @classmethod
    def of(cls, coordinates: Coordinates) -> _Sketch:
        few = coordinates.truncated(_FEW_AXES)
        # The ones of both sides add one to the product; half of their squares subtracts it again.
        half = -(_squares(few.projection) + few.residual)[:, None] / 2
        shared = [few.projection, np.sqrt(few.residual)[:, None]]
        ones = np.ones_like(half)
        return cls(np.hstack([*shared, half, ones]), np.hstack([*shared, ones, half]))


class _Pairs:
    """Finds near-duplicates of a class by successively tighter lower bounds of the distance."""

    def __init__(self, features: Features, coordinates: Coordinates, members: NDArray[np.intp]) -> None:
        self._features, self._coordinates, self._members = features, coordinates, members
        self._sketch = _Sketch.of(coordinates.take(members))

    def near(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp], numbers: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Find pairs of near-duplicates among some members and some others that are not in one group yet."""
        close = self._sketch.left[rows] @ self._sketch.right[columns].T >= -_LIMIT / 2
        a, b = np.divmod(np.flatnonzero(close), len(columns))
        a, b = rows[a], columns[b]
        a, b = a[a < b], b[a < b]  # the first tiles have every pair twice
        for is_close in (self._all_axes, self._in_full):
            other = numbers[a] != numbers[b]
            a, b = a[other], b[other]
            found = [is_close(a[some], b[some]) for some in row_blocks(len(a), _PAIRS)]
            close = np.concatenate([np.zeros(0, np.bool_), *found])
            a, b = a[close], b[close]
        return a, b

    def _all_axes(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.bool_]:
        one, other = (self._coordinates.take(self._members[each]) for each in (a, b))
        apart = _squares(one.projection - other.projection)
        apart += np.square(np.sqrt(one.residual) - np.sqrt(other.residual))
        return np.asarray(apart <= _LIMIT, np.bool_)

    def _in_full(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.bool_]:
        rows, at = np.unique(self._members[a], return_inverse=True)
        columns, across = np.unique(self._members[b], return_inverse=True)
        if len(rows) * len(columns) < _GATHER * len(a):
            one, other = (self._features.take(each).unpack() for each in (rows, columns))
            return np.asarray((one @ other.T)[at, across] >= NEAR_COPY, np.bool_)
        one, other = (self._features.take(self._members[each]).unpack() for each in (a, b))
        return np.asarray(np.einsum("nd,nd->n", one, other) >= NEAR_COPY, np.bool_)


def _merge(numbers: NDArray[np.intp], a: NDArray[np.intp], b: NDArray[np.intp]) -> None:
    """Merge the groups of every pair under the lowest number, in place."""
    while (numbers[a] != numbers[b]).any():
        low = np.minimum(numbers[a], numbers[b])
        renamed = np.arange(numbers.max() + 1)
        np.minimum.at(renamed, numbers[a], low)
        np.minimum.at(renamed, numbers[b], low)
        while (renamed != renamed[renamed]).any():
            renamed = renamed[renamed]
        numbers[:] = renamed[numbers]


def _squares(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) squared lengths of (N, R) rows."""
    return np.asarray(np.einsum("nr,nr->n", rows, rows), np.float32)
