"""Label propagation: spread class scores over a graph of nearest neighbours, as Zhou et al. (2004) do.

Photos of a class are close to one another, also where all of them differ from the labelled ones in the same way. Scores
that pass from neighbour to neighbour follow such a shift, which a linear head does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Nearest neighbours of each photo, and the fraction of a score that comes from them.
NEIGHBOURS, FROM_NEIGHBOURS = 10, 0.9
#: Iterations; the remainder has weight 0.9**30 = 0.04.
STEPS = 30
#: Columns of similarities among which only the largest is compared at first.
_CHUNKS_OF = 32
#: Similarities, and gathered scores, that a thread holds at a time.
_MOST_NUMBERS = 4_000_000
_LEAST_SCALE = np.float32(1e-12)
#: Half a squared distance that is farther than any photo.
_FAR = np.float32(1e30)


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourGraph:
    """Similarities of N photos to their nearest ones: a sparse symmetric (N, N) matrix in compressed rows.

    It is normalised by the square roots of the sums of its rows and columns, so that its largest
    eigenvalue is 1 and repeated multiplication stays bounded.

    Attributes:
        starts: (N + 1,) positions in `columns` at which the rows start.
        columns: (E,) neighbours, ascending in each row.
        weights: (E,) float32, their similarities.
    """

    starts: NDArray[np.intp]
    columns: NDArray[np.intp]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def matmul(self, scores: NDArray[np.float32], pool: ThreadPool) -> NDArray[np.float32]:
        """Multiply the matrix by (N, C) scores; (N, C) float32."""
        result = np.zeros_like(scores)
        edges_a_row = max(1, len(self.columns) // max(1, len(self)))

        def multiply(rows: slice) -> None:
            edges = slice(self.starts[rows.start], self.starts[rows.stop])
            passed = scores.take(self.columns[edges], axis=0)  # a third of the time of an index
            passed *= self.weights[edges, None]
            first = self.starts[rows] - edges.start
            some = self.starts[rows.start + 1 : rows.stop + 1] > self.starts[rows]
            if some.all():
                np.add.reduceat(passed, first, axis=0, out=result[rows])
            elif some.any():
                result[rows][some] = np.add.reduceat(passed, first[some], axis=0)

        size = max(1, _MOST_NUMBERS // (edges_a_row * max(1, scores.shape[1])))
        pool.map(multiply, row_blocks(len(self), size))
        return result


def neighbour_graph(
    points: NDArray[np.float32], pool: ThreadPool, cancel: CancelToken, neighbours: int = NEIGHBOURS
) -> NeighbourGraph:
    """Connect each photo to its nearest ones; exact, deterministic, in memory that grows with N.

    The similarity of two photos is a Gaussian of their distance, as wide as the distances of both to their farthest
    neighbour (Zelnik-Manor and Perona, 2004): sparse regions are connected as well as dense ones.

    Args:
        points: (N, R) coordinates.
        pool: Threads that share the work.
        cancel: Checked for every block of rows.
        neighbours: Number of neighbours of each photo; all others where there are fewer.

    Raises:
        Cancelled: a stop was requested.
    """
    photos = len(points)
    most = min(neighbours, photos - 1)
    if most < 1:
        return NeighbourGraph(np.zeros(photos + 1, np.intp), np.zeros(0, np.intp), np.zeros(0, np.float32))
    nearest, squared = _nearest(points, most, pool, cancel)
    scale = np.sqrt(np.maximum(squared[:, -1], _LEAST_SCALE))
    weights = np.exp(-squared / (scale[:, None] * scale[nearest]))
    rows = np.repeat(np.arange(photos), most)
    return _normalised(rows, nearest.ravel(), weights.ravel(), photos)


def propagate(
    graph: NeighbourGraph, start: NDArray[np.float32], pool: ThreadPool, cancel: CancelToken
) -> NDArray[np.float32]:
    """Spread class scores over a graph.

    Args:
        graph: Of N photos, labelled and not.
        start: (N, C) float32, not negative: a one for the label of a photo, zeros where it has none.
        pool: Threads that share the work.
        cancel: Checked in every step.

    Returns:
        (N, C) float32 scores; rows sum to 1, or are zeros where no score of the start leads.

    Raises:
        Cancelled: a stop was requested.
    """
    scores = reach(graph, start, pool, cancel)
    total = scores.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(scores, total, out=np.zeros_like(scores), where=total > 0), np.float32)


def reach(
    graph: NeighbourGraph,
    start: NDArray[np.float32],
    pool: ThreadPool,
    cancel: CancelToken,
    scores: NDArray[np.float32] | None = None,
    steps: int = STEPS,
) -> NDArray[np.float32]:
    """Spread scores as `propagate` does, but return how much of them reaches each photo: (N, C) float32.

    Args:
        graph: As in `propagate`, like the others.
        start: As in `propagate`.
        pool: As in `propagate`.
        cancel: As in `propagate`.
        scores: (N, C) float32 of fewer iterations, to go on from; None to begin with the start.
        steps: Iterations.
    """
    kept = np.float32(1 - FROM_NEIGHBOURS) * start
    scores = start if scores is None else scores
    for _ in range(steps):
        cancel.check()
        scores = graph.matmul(scores, pool)
        scores *= np.float32(FROM_NEIGHBOURS)
        scores += kept
    return scores


def _nearest(
    points: NDArray[np.float32], most: int, pool: ThreadPool, cancel: CancelToken
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Find the (N, K) nearest other photos of each, the nearest first, and their (N, K) squared distances."""
    photos = len(points)
    half = np.einsum("nr,nr->n", points, points) / 2
    chunks = max(most + 1, -(-photos // _CHUNKS_OF))
    padded = -(-photos // chunks) * chunks
    # A product of a left and a right row is minus half their squared distance, but for a constant of the left one.
    columns = np.zeros((points.shape[1] + 1, padded), np.float32)
    columns[:-1, :photos], columns[-1, :photos], columns[-1, photos:] = points.T, -half, -_FAR
    nearest, squared = np.empty((photos, most), np.intp), np.empty((photos, most), np.float32)

    def find(rows: slice) -> None:
        cancel.check()
        part = np.hstack([points[rows], np.ones((len(half[rows]), 1), np.float32)])
        likeness = part @ columns
        likeness[np.arange(len(part)), np.arange(photos)[rows]] = -_FAR
        # The `most`-th largest chunk maximum is a lower bound of the `most`-th largest similarity: only columns above
        # it are sorted.
        largest = likeness.reshape(len(part), -1, chunks).max(axis=1)
        bound = np.partition(largest, chunks - most, axis=1)[:, chunks - most]
        row, column = np.nonzero(likeness >= bound[:, None])
        value = likeness[row, column]
        order = np.lexsort((column, -value, row))
        row, column, value = row[order], column[order], value[order]
        rank = np.arange(len(row)) - np.searchsorted(row, row)
        kept = rank < most
        nearest[rows] = column[kept].reshape(-1, most)
        squared[rows] = np.maximum(2 * (half[rows, None] - value[kept].reshape(-1, most)), 0)

    pool.map(find, row_blocks(photos, max(1, min(512, _MOST_NUMBERS // padded))))
    return nearest, squared


def _normalised(
    rows: NDArray[np.intp], columns: NDArray[np.intp], weights: NDArray[np.float32], photos: int
) -> NeighbourGraph:
    """Make directed edges symmetric, with the mean of both directions, and normalise their weights."""
    ends = np.concatenate([rows, columns]) * photos + np.concatenate([columns, rows])
    order = np.argsort(ends, kind="stable")
    ends = ends[order]
    first = np.flatnonzero(np.append(True, ends[1:] != ends[:-1]))
    summed = np.add.reduceat(np.concatenate([weights, weights])[order], first) / 2
    row, column = np.divmod(ends[first], photos)
    root = np.sqrt(np.bincount(row, summed, photos))
    starts = np.searchsorted(row, np.arange(photos + 1))
    product = np.maximum(root[row] * root[column], np.finfo(np.float64).tiny)
    return NeighbourGraph(starts, column, (summed / product).astype(np.float32))
