"""Principal subspaces of the classes, and the squared distances of photos from them.

Classes with at most as many photos as there are axes are computed together, from the products of their photos with one
another: a thousand of them take no loop. Second moments of a larger class are summed once and updated for each fold.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.features.pca import Coordinates
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Principal axes of a class; 8 and 24 are worse by 0.004 and 0.001 (AUROC of the detector).
CLASS_AXES = 16
#: Axes per hundred photos of a small class.
_SHARE = 66
#: Photos from which the axes do not overfit single ones; numbers in all moment matrices together: 100 MB.
_MANY, _MOMENTS = 10_000, 12_500_000
#: Part of the largest variance below which a direction is rounding.
_ROUNDING = 1e-10
#: Numbers in the padded photos of the small classes that are computed together.
_TOGETHER = 500_000
#: Photos of a class from which one product with its axes is faster than a gathered copy for each photo.
_WORTH_A_PRODUCT = 16
_BLOCK_ROWS, _GATHERED_ROWS = 4096, 256

#: (C, R) float32 means, and (C, K, R) float32 principal axes: orthonormal rows, or zeros.
Subspaces = tuple[NDArray[np.float32], NDArray[np.float32]]


class ClassSubspaces:
    """Subspaces of the classes, of all labelled photos or of those outside one fold.

    Args:
        coordinates: Coordinates of N labelled photos, the largest variance first.
        targets: (N,) class indices; every class has photos.
        folds: (N,) fold of each photo.
        rank: R, number of axes; each fold selects its own from more, where photos are few.
        pool: Threads that share the work.
    """

    def __init__(
        self,
        coordinates: Coordinates,
        targets: NDArray[np.intp],
        folds: NDArray[np.intp],
        rank: int,
        pool: ThreadPool,
    ) -> None:
        counts = np.bincount(targets)
        self._targets, self._folds, self._rank, self._classes = targets, folds, rank, len(counts)
        self._large = np.flatnonzero(counts > rank).tolist()
        self._small = np.flatnonzero(counts[targets] <= rank)
        numbers = np.unique(folds).tolist()
        self._coordinates = coordinates.truncated(self._axes_kept(coordinates, len(numbers)))
        cells = [(fold, number) for fold in numbers for number in self._large]
        self._moments = dict(zip(cells, pool.map(self._moments_of, cells), strict=True))
        self._all = {
            number: np.sum([self._moments[fold, number] for fold in numbers], axis=0) for number in self._large
        }

    def of_all(self) -> Subspaces:
        """Compute the subspaces of all photos along the first axes."""
        first = [*range(self._rank), -1]
        moments = {number: sums[np.ix_(first, first)] for number, sums in self._all.items()}
        return self._spaces(moments, self._small, self._coordinates.projection[self._small][:, first])

    def without(self, fold: int, rows: NDArray[np.intp]) -> tuple[Subspaces, Coordinates]:
        """Compute the subspaces of the photos of the other folds.

        Returns:
            The subspaces, and the coordinates of some photos along the axes these are in.
        """
        rest = {number: sums - self._moments[fold, number] for number, sums in self._all.items()}
        small = self._small[self._folds[self._small] != fold]
        seen, wanted = self._coordinates.projection[small], self._coordinates.take(rows)
        if seen.shape[1] > self._rank + 1:
            rotation = self._rotation(rest, small)
            rest = {number: rotation.T @ sums @ rotation for number, sums in rest.items()}
            seen, wanted = seen @ rotation.astype(np.float32), _rotated(wanted, rotation)
        return self._spaces(rest, small, seen), wanted

    def _spaces(
        self, moments: Mapping[int, NDArray[np.float64]], rows: NDArray[np.intp], projection: NDArray[np.float32]
    ) -> Subspaces:
        """Compute the subspaces of large classes from their moments, and of the others from their photos."""
        centres, directions = _of_small(projection[:, :-1], self._targets[rows], self._classes)
        for number, sums in moments.items():
            centres[number], directions[number] = _of_large(sums)
        return centres, directions

    def _moments_of(self, cell: tuple[int, int]) -> NDArray[np.float64]:
        """Compute the (R + 1, R + 1) second moments of a class in a fold.

        The last row holds the sums of the coordinates and the number of photos.
        """
        fold, number = cell
        rows = np.flatnonzero((self._folds == fold) & (self._targets == number))
        result = np.zeros((self._coordinates.projection.shape[1],) * 2)
        for block in row_blocks(len(rows), _BLOCK_ROWS):
            projection = self._coordinates.projection[rows[block]]
            result += projection.T @ projection
        return result

    def _axes_kept(self, coordinates: Coordinates, folds: int) -> int:
        """Choose how many principal axes each fold selects its own `rank` axes from.

        With few photos, axes chosen with the held-out ones overfit them, and the false positive rate of the detector
        would be too high. With many photos that does not matter. The moments of all classes must fit into memory.
        """
        if len(coordinates) >= _MANY:
            return self._rank
        cells = folds * max(len(self._large), 1)
        return max(self._rank, min(int(coordinates.projection.shape[1]) - 1, int((_MOMENTS / cells) ** 0.5)))

    def _rotation(self, moments: Mapping[int, NDArray[np.float64]], small: NDArray[np.intp]) -> NDArray[np.float64]:
        """Find the (S + 1, R + 1) rotation from S axes to the R of largest variance; the one stays a one.

        Args:
            moments: Of the large classes.
            small: Rows of the photos of the others.
        """
        projection = self._coordinates.projection[small]
        counts = np.bincount(self._targets[small], minlength=self._classes)
        weights = (1 / counts[self._targets[small]]).astype(np.float32)
        together = ((projection * weights[:, None]).T @ projection).astype(np.float64)
        for sums in moments.values():
            together += sums / max(sums[-1, -1], 1.0)
        together /= together[-1, -1]  # the number of classes with photos
        mean = together[-1, :-1]
        _, found = np.linalg.eigh(together[:-1, :-1] - np.outer(mean, mean))
        rotation = np.zeros((len(together), self._rank + 1))
        rotation[-1, -1] = 1
        rotation[:-1, :-1] = found[:, ::-1][:, : self._rank]
        return rotation


def squared_residuals(spaces: Subspaces, classes: NDArray[np.intp], coordinates: Coordinates) -> NDArray[np.float32]:
    """Compute the (N,) squared distance of each photo from the subspace of its class.

    Args:
        spaces: Subspaces of all classes.
        classes: (N,) class of each photo.
        coordinates: Coordinates of the photos.
    """
    centres, directions = spaces
    distance = np.empty(len(classes), np.float32)
    counts = np.bincount(classes, minlength=len(centres))
    for number in np.flatnonzero(counts >= _WORTH_A_PRODUCT).tolist():
        rows = np.flatnonzero(classes == number)
        moved = coordinates.projection[rows, :-1] - centres[number]
        distance[rows] = _left(moved, moved @ directions[number].T)
    others = np.flatnonzero(counts[classes] < _WORTH_A_PRODUCT)
    for block in row_blocks(len(others), _GATHERED_ROWS):
        rows = others[block]
        moved = coordinates.projection[rows, :-1] - centres[classes[rows]]
        distance[rows] = _left(moved, np.matmul(directions[classes[rows]], moved[:, :, None])[:, :, 0])
    return distance + coordinates.residual


def _left(moved: NDArray[np.float32], projection: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) squared lengths of rows without their projections."""
    squares = (np.einsum("nk,nk->n", each, each) for each in (moved, projection))
    return np.asarray(np.subtract(*squares), np.float32)


def _rotated(coordinates: Coordinates, rotation: NDArray[np.float64]) -> Coordinates:
    """Express coordinates in other axes of the same space."""
    projection = coordinates.projection @ rotation.astype(np.float32)
    left = np.square(coordinates.projection).sum(axis=1) - np.square(projection).sum(axis=1)
    return Coordinates(projection, coordinates.residual + np.maximum(left, 0))


def _axes_of(photos: NDArray[np.intp] | int) -> NDArray[np.intp]:
    """Number of axes of a class with this many photos, if there are as many dimensions."""
    return np.asarray(np.minimum(CLASS_AXES, _SHARE * np.asarray(photos) // 100), np.intp)


def _of_large(moments: NDArray[np.float64]) -> Subspaces:
    """Compute the mean (R,) and the principal axes (K, R) of photos from their moments, the rest zeros."""
    photos = max(moments[-1, -1], 1.0)
    mean = moments[-1, :-1] / photos
    directions = np.zeros((min(CLASS_AXES, len(mean)), len(mean)), np.float32)
    some = min(len(directions), int(_axes_of(int(photos))))
    if some:
        _, found = np.linalg.eigh(moments[:-1, :-1] / photos - np.outer(mean, mean))
        directions[:some] = found.T[::-1][:some]
    return mean.astype(np.float32), directions


def _of_small(projection: NDArray[np.float32], targets: NDArray[np.intp], classes: int) -> Subspaces:
    """Compute (C, R) means and (C, K, R) principal axes of classes with few photos; zeros for those without any."""
    rank = projection.shape[1]
    centres, directions = np.zeros((classes, rank), np.float32), np.zeros((classes, min(CLASS_AXES, rank), rank), "f4")
    counts = np.bincount(targets, minlength=classes)
    order = np.argsort(targets, kind="stable")
    first = np.cumsum(counts) - counts
    by_size = np.argsort(counts, kind="stable")
    by_size = by_size[counts[by_size] > 0]
    for numbers in _batches(by_size, counts, rank):
        photos = counts[numbers]
        at = np.arange(photos.max())
        there = at < photos[:, None]
        rows = order[np.where(there, first[numbers][:, None] + at, 0)]
        shown = np.where(there[:, :, None], projection[rows], 0).astype(np.float64)
        means = shown.sum(axis=1) / photos[:, None]
        moved = np.where(there[:, :, None], shown - means[:, None], 0)
        # The axes of few photos from their products with one another, which are fewer than those of the coordinates.
        variances, vectors = np.linalg.eigh(moved @ moved.transpose(0, 2, 1))
        kept = min(directions.shape[1], len(at))
        variances, vectors = variances[:, ::-1][:, :kept], vectors[:, :, ::-1][:, :, :kept]
        shown_axes = (np.arange(kept) < _axes_of(photos)[:, None]) & (variances > _ROUNDING * variances[:, :1])
        lengths = np.sqrt(np.where(shown_axes, variances, 1))
        found = (vectors / lengths[:, None]).transpose(0, 2, 1) @ moved
        centres[numbers] = means
        directions[numbers, :kept] = np.where(shown_axes[:, :, None], found, 0)
    return centres, directions


def _batches(by_size: NDArray[np.intp], counts: NDArray[np.intp], rank: int) -> list[NDArray[np.intp]]:
    """Cut classes, the smallest first, into batches whose padded photos are few enough numbers."""
    result, start = [], 0
    sizes = np.maximum(counts[by_size], 1) * rank
    while start < len(by_size):
        padded = sizes[start:] * (np.arange(len(by_size) - start) + 1)
        many = max(1, int(np.searchsorted(padded, _TOGETHER, side="right")))
        result.append(by_size[start : start + many])
        start += many
    return result
