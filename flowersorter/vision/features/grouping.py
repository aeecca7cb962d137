"""Groups of look-alike photos: small clusters of embeddings, each named in one action.

Average linkage (UPGMA) of the cosine similarity around the mean of the photos, along their principal axes. The mean
similarity of two clusters is the product of their mean vectors, so a cluster is one row. Merging all pairs that are
each other's nearest at the same time gives the same clusters as merging one pair after another, as average linkage
is reducible (Murtagh, 1983). Beyond a few thousand photos only those of a cell are compared, in two passes whose
cells have different borders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.features.bursts import find_bursts
from flowersorter.vision.features.mapped_memory import let_go
from flowersorter.vision.features.near_duplicates import joined, near_duplicate_groups
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import PCA, Coordinates, spread_sample
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Largest mean number of photos in a group, near-duplicates and bursts counted once.
MEAN_SIZE = 5
#: Largest mean distance (1 minus the cosine) between the two halves of a group: photos that resemble none stay alone.
#: Of 0.4, 0.45, 0.5 and 0.6 this one took the fewest actions: four in five photos are in groups of two and more, which
#: hold four to seven photos on average and are 95 to 99 % of one class (draws of 13 things, of flowers, and of both).
MOST_APART = 0.45
#: Most photos in a group, near-duplicates and bursts counted once: more are not seen at a glance.
MOST_PHOTOS = 40
#: Principal axes along which photos are compared.
_AXES = 64
_SAMPLE = 1500
_SEED = 42
#: Photos up to which every pair is compared, and photos of a cell beyond that.
EXACT = 4096
_CELL = 1024
#: Vectors compared with the pivots of the cells at a time.
_BLOCK_ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class LookAlikes:
    """Groups of N photos.

    Attributes:
        groups: (N,) group of each photo, numbered by their first photo.
        duplicate_groups: (N,) number of the photo that a near-duplicate or a photo of a burst counts as.
    """

    groups: NDArray[np.intp]
    duplicate_groups: NDArray[np.intp]


def look_alikes(
    features: Features,
    cancel: CancelToken,
    taken: NDArray[np.datetime64] | None = None,
    cameras: NDArray[np.intp] | None = None,
    *,
    mean_size: float = MEAN_SIZE,
    most_apart: float = MOST_APART,
) -> LookAlikes:
    """Group photos that look alike.

    Args:
        features: Of N photos, in an order that does not depend on how they were read.
        cancel: Checked for every block.
        taken: (N,) datetime64[s] time by the camera's clock, NaT if unknown; None: no bursts.
        cameras: (N,) number of the camera.
        mean_size: Largest mean number of photos in a group.
        most_apart: Largest mean distance between the two halves of a group.

    Raises:
        Cancelled: a stop was requested.
    """
    if len(features) < 2:
        return LookAlikes(np.zeros(len(features), np.intp), np.zeros(len(features), np.intp))
    with ThreadPool() as pool:
        duplicates, clusters = _compacted(features, taken, cameras, pool, cancel)
        for offset in (0, 1):
            _link(clusters, offset, most_apart, pool, cancel)
            if len(clusters.sums) <= EXACT:
                break
    return LookAlikes(_numbered(clusters.cut(mean_size)[duplicates]), duplicates)


def _compacted(
    features: Features,
    taken: NDArray[np.datetime64] | None,
    cameras: NDArray[np.intp] | None,
    pool: ThreadPool,
    cancel: CancelToken,
) -> tuple[NDArray[np.intp], _Clusters]:
    """Count near-duplicates and bursts as one photo; returns (N,) its number for each photo, and a cluster of each."""
    everywhere = np.zeros(len(features), np.intp)
    axes = PCA.of(features.take(spread_sample(everywhere, _SAMPLE, _SEED)).unpack(), _AXES, _SEED)
    let_go(features.quantised)
    cancel.check()
    coordinates = axes.project(features, cancel)
    duplicates = _duplicate_groups(features, coordinates, pool, cancel)
    if taken is not None and cameras is not None:
        duplicates = joined(duplicates, find_bursts(features, everywhere, taken, cameras))
    duplicates = _numbered(duplicates)
    return duplicates, _Clusters.of(coordinates.projection[:, :-1], duplicates)


def _duplicate_groups(
    features: Features, coordinates: Coordinates, pool: ThreadPool, cancel: CancelToken
) -> NDArray[np.intp]:
    cells = np.zeros(len(features), np.intp)
    for number, cell in enumerate(_cells(_normalised(coordinates.projection[:, :-1].copy()), 0)):
        cells[cell] = number
    return near_duplicate_groups(features, coordinates, cells, pool, cancel)


@dataclass(slots=True, eq=False)
class _Clusters:
    """Clusters that grow.

    Attributes:
        sums: (K, R) float32 sum of the vectors of each initial cluster; of a merged one, in its lowest row.
        counts: (K,) photos of each cluster; 0 where it was merged into another.
        heights: (K,) float32 distance of the last merge of each cluster.
        merges: Each pair of initial clusters that were merged, and how far apart they were: at least as far as any
            clusters inside them, also where the cells of a later pass bring closer ones together.
    """

    sums: NDArray[np.float32]
    counts: NDArray[np.intp]
    heights: NDArray[np.float32]
    merges: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]]

    @classmethod
    def of(cls, rows: NDArray[np.float32], duplicate_groups: NDArray[np.intp]) -> _Clusters:
        """Begin with one cluster for each duplicate group, which counts as one photo, its mean, also for the centre."""
        counts = np.bincount(duplicate_groups)
        order = np.argsort(duplicate_groups, kind="stable")
        firsts = np.append(0, np.cumsum(counts))
        # Of a million photos, one more array of this size is a quarter of a gigabyte.
        means = np.empty((len(counts), rows.shape[1]), np.float32)
        for block in row_blocks(len(counts), _BLOCK_ROWS):
            first, end = firsts[block.start], firsts[block.stop]
            np.add.reduceat(rows[order[first:end]], firsts[:-1][block] - first, axis=0, out=means[block])
        means /= counts[:, None].astype(np.float32)
        means -= means.mean(axis=0, dtype=np.float64).astype(np.float32)
        return cls(
            _normalised(means),
            np.ones(len(counts), np.intp),
            np.zeros(len(counts), np.float32),
            [],
        )

    def merge(self, one: NDArray[np.intp], other: NDArray[np.intp], apart: NDArray[np.float32]) -> None:
        """Merge pairs of clusters, no two of which share a cluster."""
        self.sums[one] += self.sums[other]
        self.counts[one] += self.counts[other]
        self.counts[other] = 0
        self.heights[one] = np.maximum(apart, np.maximum(self.heights[one], self.heights[other]))
        self.merges.append((one, other, self.heights[one]))

    def cut(self, mean_size: float) -> NDArray[np.intp]:
        """Return (K,) the group of each initial cluster: the closest merges, until groups have that size on average."""
        groups = np.arange(len(self.counts))
        if not self.merges:
            return groups
        one, other, apart = (np.concatenate(each) for each in zip(*self.merges, strict=True))
        most = len(groups) - int(np.ceil(len(groups) / mean_size))
        kept = np.argsort(apart, kind="stable")[:most]
        groups[other[kept]] = one[kept]
        while (groups != groups[groups]).any():
            groups = groups[groups]
        return groups


def _link(clusters: _Clusters, offset: int, most_apart: float, pool: ThreadPool, cancel: CancelToken) -> None:
    """Merge the clusters of each cell by average linkage until they are too far apart."""
    there = np.flatnonzero(clusters.counts)
    if len(there) == len(clusters.counts):  # nothing is merged yet: a copy would be as large
        means = clusters.sums
    else:
        means = clusters.sums[there]
        means /= clusters.counts[there, None].astype(np.float32)

    def link(cell: NDArray[np.intp]) -> list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]]:
        return _linked(means[cell], clusters.counts[there[cell]], there[cell], most_apart, cancel)

    for merges in pool.map(link, _cells(means, offset)):
        for merge in merges:
            clusters.merge(*merge)


def _linked(
    means: NDArray[np.float32],
    counts: NDArray[np.intp],
    numbers: NDArray[np.intp],
    most_apart: float,
    cancel: CancelToken,
) -> list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]]:
    """Find the merges of some clusters, each with its number, by rounds of pairs that are each other's nearest.

    Of two that would make a cluster of more than `MOST_PHOTOS`, neither is the other's nearest.
    """
    merges = []
    while len(means) > 1:
        cancel.check()
        likeness = means @ means.T
        likeness[counts[:, None] > MOST_PHOTOS - counts] = -2  # a matrix of sums would be twice as large as this one
        np.fill_diagonal(likeness, -2)
        nearest = likeness.argmax(axis=1)
        rows = np.arange(len(means))
        apart = 1 - likeness[rows, nearest]
        joins = (nearest[nearest] == rows) & (rows < nearest) & (apart <= most_apart)
        one = np.flatnonzero(joins)
        if not len(one):
            break
        other = nearest[one]
        merges.append((numbers[one], numbers[other], apart[one]))
        both = (counts[one] + counts[other])[:, None].astype(np.float32)
        means[one] = (means[one] * counts[one, None] + means[other] * counts[other, None]) / both
        counts = counts.copy()
        counts[one] += counts[other]
        kept = np.delete(rows, other)
        means, counts, numbers = means[kept], counts[kept], numbers[kept]
    return merges


def _cells(rows: NDArray[np.float32], offset: int) -> list[NDArray[np.intp]]:
    """Divide vectors into cells by the nearest of some of them, the pivots; one cell while they are few.

    Args:
        rows: (K, R) vectors.
        offset: Pivots begin here: another offset gives other cells.

    Returns:
        Ascending rows of each cell.
    """
    cells: list[NDArray[np.intp]] = []
    waiting = [np.arange(len(rows))]
    while waiting:
        cell = waiting.pop()
        pivots = rows[cell[offset::_CELL]]
        if len(cell) <= EXACT:
            cells.append(cell)
            continue
        parts = [(rows[cell[block]] @ pivots.T).argmax(axis=1) for block in row_blocks(len(cell), _BLOCK_ROWS)]
        nearest = np.concatenate(parts)
        order = np.argsort(nearest, kind="stable")
        divided = np.split(cell[order], np.flatnonzero(np.diff(nearest[order])) + 1)
        if len(divided) == 1:  # all of them are alike
            divided = [cell[block] for block in row_blocks(len(cell), EXACT)]
        waiting += divided
    return cells


def _normalised(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale each row to length 1, in place; returns the same array."""
    rows /= np.maximum(np.sqrt(np.einsum("nr,nr->n", rows, rows)), np.float32(1e-12))[:, None]
    return rows


def _numbered(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number groups from 0 in the order of their first photo."""
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number]
