"""Principal axes: the few directions in which labelled photos differ; all learning happens in their coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.features.packed import Features
from flowersorter.vision.parallel import ThreadPool, one_blas_thread, row_blocks

#: Photos the axes are found from, as evenly from all classes as there are photos.
SAMPLE = 2000
_OVERSAMPLED = 32
_SAMPLE_BLOCK_ROWS = 500
_BLOCK_ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """Photos in the coordinates of some axes.

    Attributes:
        inside: (N, R + 1) float32: coordinates along the axes and a one, which a bias can be learned for.
        outside: (N,) float32, square of the distance from the space of the axes.
    """

    inside: NDArray[np.float32]
    outside: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.inside)

    def take(self, rows: NDArray[np.intp] | slice) -> Coordinates:
        """Some of the photos, by number or slice."""
        return Coordinates(self.inside[rows], self.outside[rows])

    def along(self, axes: int) -> Coordinates:
        """The photos as only the first axes see them."""
        shown, rest = np.split(self.inside[:, :-1], [axes], axis=1)
        outside = self.outside + np.einsum("nr,nr->n", rest, rest)
        return Coordinates(np.hstack([shown, self.inside[:, -1:]]), outside)

    def put(self, rows: NDArray[np.intp], others: Coordinates) -> None:
        """Write other photos over some of these."""
        self.inside[rows], self.outside[rows] = others.inside, others.outside


@dataclass(frozen=True, slots=True, eq=False)
class PCA:
    """Directions in the space of features.

    Attributes:
        basis: (R, D) float32, orthonormal rows, the longest axis first.
        centre: (D,) float32, where they cross.
    """

    basis: NDArray[np.float32]
    centre: NDArray[np.float32]

    @classmethod
    def of(cls, rows: NDArray[np.float32], rank: int, seed: int) -> PCA:
        """Find at most `rank` axes of (N, D) rows: all there are while N is small, else by randomised projection."""
        centre = rows.mean(axis=0)
        moved = rows - centre
        with ThreadPool() as lanes:
            if min(moved.shape) <= rank + _OVERSAMPLED:
                _, _, axes = np.linalg.svd(moved, full_matrices=False)
                return cls(axes[:rank], centre)
            blocks = [moved[block] for block in row_blocks(len(moved), _SAMPLE_BLOCK_ROWS)]
            # One power iteration finds the subspace, as in Halko, Martinsson, Tropp (2011).
            probe = np.random.default_rng(seed).standard_normal((moved.shape[1], rank + _OVERSAMPLED), np.float32)
            for _ in range(2):
                probe, _ = np.linalg.qr(np.sum(lanes.map(partial(_back_and_forth, probe), blocks), axis=0))
            seen = np.vstack(lanes.map(lambda rows: rows @ probe, blocks))
            _, axes = np.linalg.eigh(seen.T @ seen)
            return cls((probe @ axes[:, ::-1][:, :rank]).T, centre)

    def project(self, features: Features, cancel: CancelToken | None = None) -> Coordinates:
        """Express features in these axes, without ever having many of them as floats.

        Raises:
            Cancelled: asked to stop.
        """
        inside = np.empty((len(features), len(self.basis) + 1), np.float32)
        result = Coordinates(inside, np.empty(len(features), np.float32))
        columns, origin = self.columns, self.origin

        def project(rows: slice) -> None:
            if cancel is not None:
                cancel.check()
            part = features.take(rows)
            placed = placed_at(part.times(columns), part.lengths, origin)
            result.inside[rows], result.outside[rows] = placed.inside, placed.outside

        with ThreadPool() as lanes:
            lanes.map(project, row_blocks(len(features), _BLOCK_ROWS))
        return result

    @property
    def columns(self) -> NDArray[np.float32]:
        """(D, R + 1): what features are multiplied by for `placed_at`."""
        return np.vstack([self.basis, self.centre]).T

    @property
    def origin(self) -> NDArray[np.float32]:
        """(R + 1,): the centre times `columns`."""
        with one_blas_thread():
            return np.asarray(self.columns.T @ self.centre, np.float32)

    def place(self, rows: NDArray[np.float32]) -> Coordinates:
        """As `project`, for (N, D) rows of any length."""
        moved = rows - self.centre
        inside = moved @ self.basis.T
        outside = np.square(moved).sum(axis=1) - np.square(inside).sum(axis=1)
        ones = np.ones((len(rows), 1), np.float32)
        return Coordinates(np.hstack([inside, ones]), np.maximum(outside, 0))

    def back(self, head: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Turn a (C, R + 1) head in these axes into weights (C, D) and bias (C,) on the features themselves."""
        weight = (head[:, :-1] @ self.basis).astype(np.float32)
        return weight, (head[:, -1] - weight @ self.centre).astype(np.float32)

    def into(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> NDArray[np.float64]:
        """Turn weights (C, D) and bias (C,) on features into a (C, R + 1) head in these axes, as `back` undoes it.

        What the weights say about directions in which the photos do not differ is lost.
        """
        origin = bias + weight @ self.centre
        return np.hstack([weight @ self.basis.T, origin[:, None]]).astype(np.float64)


def placed_at(product: NDArray[np.float32], lengths: NDArray[np.float32], origin: NDArray[np.float32]) -> Coordinates:
    """Where N photos lie along some axes.

    Args:
        product: (N, R + 1), features times the `columns` of the axes.
        lengths: (N,) of the features.
        origin: (R + 1,) of the axes; whoever works block by block asks for it once.
    """
    inside = np.ones_like(product)
    np.subtract(product[:, :-1], origin[:-1], out=inside[:, :-1])
    distance = np.square(lengths) - 2 * product[:, -1] + origin[-1]
    return Coordinates(inside, np.maximum(distance - np.square(inside[:, :-1]).sum(axis=1), 0))


def _back_and_forth(probe: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(D, P) part of the product of the rows' scatter matrix with a (D, P) probe."""
    return np.asarray(rows.T @ (rows @ probe), np.float32)


def spread_sample(targets: NDArray[np.intp], size: int, seed: int) -> NDArray[np.intp]:
    """Choose rows, as many of each class as of the others where it has them; rising.

    Args:
        targets: (N,) class indices.
        size: How many rows; all are taken where there are no more.
        seed: Fixes the choice.
    """
    if len(targets) <= size:
        return np.arange(len(targets))
    shuffled = np.random.default_rng(seed).permutation(len(targets))
    by_class = shuffled[np.argsort(targets[shuffled], kind="stable")]
    counts = np.bincount(targets)
    turn = np.arange(len(targets)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(by_class[np.argsort(turn, kind="stable")[:size]])
