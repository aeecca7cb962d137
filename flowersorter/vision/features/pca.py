"""Principal component analysis of features; all fits use its coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.features.mapped_memory import let_go
from flowersorter.vision.features.packed import Features
from flowersorter.vision.parallel import ThreadPool, one_blas_thread, row_blocks

#: Photos the axes are computed from, spread evenly over the classes.
SAMPLE = 2000
_OVERSAMPLED = 32
#: Columns are nearly dependent where a pivot is this part of the largest: half the digits of the Gram matrix.
_DEPENDENT = 1e-6
_SAMPLE_BLOCK_ROWS = 500
_BLOCK_ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """Photos in the coordinates of a PCA.

    Attributes:
        projection: (N, R + 1) float32, coordinates along the axes, then a one for the bias.
        residual: (N,) float32, squared distance from the subspace of the axes.
    """

    projection: NDArray[np.float32]
    residual: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.projection)

    def take(self, rows: NDArray[np.intp] | slice) -> Coordinates:
        """Select photos by number or slice."""
        return Coordinates(self.projection[rows], self.residual[rows])

    def truncated(self, axes: int) -> Coordinates:
        """Keep the first axes only; the rest moves to the residual."""
        shown, rest = np.split(self.projection[:, :-1], [axes], axis=1)
        residual = self.residual + np.einsum("nr,nr->n", rest, rest)
        return Coordinates(np.hstack([shown, self.projection[:, -1:]]), residual)

    def put(self, rows: NDArray[np.intp], others: Coordinates) -> None:
        """Overwrite some of the photos."""
        self.projection[rows], self.residual[rows] = others.projection, others.residual


@dataclass(frozen=True, slots=True, eq=False)
class PCA:
    """Principal axes of features.

    Attributes:
        basis: (R, D) float32, orthonormal rows, the largest variance first.
        centre: (D,) float32, mean of the features.
    """

    basis: NDArray[np.float32]
    centre: NDArray[np.float32]

    @classmethod
    def of(cls, rows: NDArray[np.float32], rank: int, seed: int) -> PCA:
        """Compute at most `rank` axes of (N, D) rows: exactly while N is small, else by randomised projection."""
        centre = rows.mean(axis=0)
        moved = rows - centre
        with ThreadPool() as pool:
            if min(moved.shape) <= rank + _OVERSAMPLED:
                _, _, axes = np.linalg.svd(moved, full_matrices=False)
                return cls(axes[:rank], centre)
            blocks = [moved[block] for block in row_blocks(len(moved), _SAMPLE_BLOCK_ROWS)]
            # One power iteration finds the subspace, as in Halko, Martinsson, Tropp (2011).
            probe = np.random.default_rng(seed).standard_normal((moved.shape[1], rank + _OVERSAMPLED), np.float32)
            for _ in range(2):
                probe = orthonormal(np.sum(pool.map(partial(_back_and_forth, probe), blocks), axis=0))
            seen = np.vstack(pool.map(lambda rows: rows @ probe, blocks))
            _, axes = np.linalg.eigh(seen.T @ seen)
            return cls((probe @ axes[:, ::-1][:, :rank]).T, centre)

    def project(self, features: Features, cancel: CancelToken | None = None) -> Coordinates:
        """Project features onto the axes, one block at a time.

        Raises:
            Cancelled: a stop was requested.
        """
        projection = np.empty((len(features), len(self.basis) + 1), np.float32)
        result = Coordinates(projection, np.empty(len(features), np.float32))
        columns = self.columns
        origin = self._origin_along(columns)

        def project(rows: slice) -> None:
            if cancel is not None:
                cancel.check()
            part = features.take(rows)
            projected = coordinates_from_product(part.matmul(columns), part.lengths, origin)
            let_go(part.quantised)
            result.projection[rows], result.residual[rows] = projected.projection, projected.residual

        with ThreadPool() as pool:
            pool.map(project, row_blocks(len(features), _BLOCK_ROWS))
        return result

    @property
    def columns(self) -> NDArray[np.float32]:
        """(D, R + 1) matrix whose product with features `coordinates_from_product` takes."""
        return np.vstack([self.basis, self.centre]).T

    @property
    def origin(self) -> NDArray[np.float32]:
        """(R + 1,) product of the centre with `columns`."""
        return self._origin_along(self.columns)

    def _origin_along(self, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        with one_blas_thread():
            return np.asarray(columns.T @ self.centre, np.float32)

    def transform(self, rows: NDArray[np.float32]) -> Coordinates:
        """As `project`, for (N, D) float32 rows of any length."""
        moved = rows - self.centre
        projection = moved @ self.basis.T
        residual = np.square(moved).sum(axis=1) - np.square(projection).sum(axis=1)
        ones = np.ones((len(rows), 1), np.float32)
        return Coordinates(np.hstack([projection, ones]), np.maximum(residual, 0))

    def to_feature_space(self, head: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Convert a (C, R + 1) head on coordinates into weights (C, D) and bias (C,) on features."""
        weight = (head[:, :-1] @ self.basis).astype(np.float32)
        return weight, (head[:, -1] - weight @ self.centre).astype(np.float32)

    def from_feature_space(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> NDArray[np.float64]:
        """Convert weights (C, D) and bias (C,) on features into a (C, R + 1) head on coordinates.

        Components of the weights outside the subspace of the axes are lost.
        """
        origin = bias + weight @ self.centre
        return np.hstack([weight @ self.basis.T, origin[:, None]]).astype(np.float64)


def coordinates_from_product(
    product: NDArray[np.float32], lengths: NDArray[np.float32], origin: NDArray[np.float32]
) -> Coordinates:
    """Compute coordinates from the product of features with the columns of a PCA.

    Args:
        product: (N, R + 1), features times `PCA.columns`.
        lengths: (N,) norms of the features.
        origin: (R + 1,) `PCA.origin`, computed once for all blocks.
    """
    projection = np.ones_like(product)
    np.subtract(product[:, :-1], origin[:-1], out=projection[:, :-1])
    distance = np.square(lengths) - 2 * product[:, -1] + origin[-1]
    return Coordinates(projection, np.maximum(distance - np.square(projection[:, :-1]).sum(axis=1), 0))


def orthonormal(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute an orthonormal basis of the span of (D, P) columns; (D, P).

    By Cholesky QR: NumPy's own QR takes as long and holds the interpreter meanwhile, 20 ms for 2048 x 160, in which the
    window stands still. Columns that are nearly dependent, whose Gram matrix says little, take NumPy's.
    """
    exact = columns.astype(np.float64)
    try:
        lower = np.linalg.cholesky(exact.T @ exact)
    except np.linalg.LinAlgError:
        lower = np.zeros((1, 1))
    pivots = lower.diagonal()
    if pivots.min() <= _DEPENDENT * pivots.max():
        return np.asarray(np.linalg.qr(columns)[0], np.float32)
    return np.ascontiguousarray(np.linalg.solve(lower, exact.T).T, np.float32)


def _back_and_forth(probe: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply the scatter matrix of some rows with a (D, P) probe; (D, P)."""
    return np.asarray(rows.T @ (rows @ probe), np.float32)


def spread_sample(targets: NDArray[np.intp], size: int, seed: int) -> NDArray[np.intp]:
    """Sample rows evenly over the classes, in ascending order.

    Args:
        targets: (N,) class indices.
        size: Number of rows; all rows if there are no more.
        seed: Seed of the sample.
    """
    if len(targets) <= size:
        return np.arange(len(targets))
    shuffled = np.random.default_rng(seed).permutation(len(targets))
    by_class = shuffled[np.argsort(targets[shuffled], kind="stable")]
    counts = np.bincount(targets)
    turn = np.arange(len(targets)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(by_class[np.argsort(turn, kind="stable")[:size]])
