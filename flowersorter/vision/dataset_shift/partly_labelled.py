"""Unknown photos in a folder of which a person has labelled some: those that no label reaches.

Labels are given to the clearest photos first, in groups of look-alikes. Beside these all others look unfamiliar: OOD
scores and a comparison with the labelled photos call every one of them unknown, even when all classes of the folder
have labels. Label propagation does not: the score that reaches a photo over its neighbours is small where a whole class
has no label yet. It is compared with the score that reaches the photos of the named classes, which are found on the
way: where most of the folder has no name yet, the mean over all photos is far below theirs.

`python -m tests.bench named` compares it with the OOD scores (docs/accuracy.md). They add nothing to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.unknown_share import Reached
from flowersorter.vision.dataset_shift.label_propagation import NeighbourGraph, neighbour_graph, reach
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import PCA, SAMPLE
from flowersorter.vision.parallel import ThreadPool

#: Class of a photo without a label.
NO_LABEL = -1
#: Fewer neighbours than the photos of a burst without times would leave it without an edge to any other photo.
_AXES, _NEIGHBOURS, _SEED = 128, 10, 0
#: Score that reaches a photo at which it is as likely unknown as not, as a share of the geometric mean of known photos
#: without a label, or at least of the mean of all photos: only unknown ones may be left. The slope there. A slope of 4
#: takes *sure* from 25 instead of 7 % of the photos where every class has labels, and from 91 instead of 80 % of the
#: unknown ones; one of 8 from 4 and 74 %.
_OF_KNOWN, _OF_ALL, _STEEPNESS = 0.42, 0.33, 6.0
_STEPS, _LEAST_REACHED = 20, np.float32(1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class FolderGraph:
    """Nearest neighbours of N photos; the photos of a burst are one node.

    Otherwise a burst of more photos than each has neighbours would be an island that no label reaches.

    Attributes:
        graph: Of the nodes.
        node: (N,) node of each photo.
    """

    graph: NeighbourGraph
    node: NDArray[np.intp]

    def has_label(self, classes: NDArray[np.intp]) -> NDArray[np.bool_]:
        """(N,) whether each photo or another one of its node has a label; (N,) classes, `NO_LABEL` without one."""
        return np.isin(self.node, self.node[classes != NO_LABEL])

    def reached(self, classes: NDArray[np.intp], pool: ThreadPool, cancel: CancelToken) -> NDArray[np.float32]:
        """Compute how much of a score that spreads from the labelled nodes reaches each photo.

        All classes start with the same score, however many labels they have: photos of a class with few are reached
        as well as those of a class with many.

        Args:
            classes: (N,) class of each label, at least one; `NO_LABEL` for photos without one.
            pool: Threads that share the work.
            cancel: Checked in every step.

        Returns:
            (N,) float32, more than 0; the scores that start are 1 on average.

        Raises:
            Cancelled: a stop was requested.
        """
        rows = np.flatnonzero(classes != NO_LABEL)
        nodes, first = np.unique(self.node[rows], return_index=True)
        _, of_node, labels = np.unique(classes[rows[first]], return_inverse=True, return_counts=True)
        start = np.zeros((len(self.graph), 1), np.float32)
        start[nodes, 0] = len(nodes) / (len(labels) * labels[of_node])
        scores = reach(self.graph, start, pool, cancel)[self.node, 0]
        return np.asarray(np.maximum(scores, _LEAST_REACHED), np.float32)

    def neighbour_means(
        self, numbers: NDArray[np.float64], counted: NDArray[np.bool_], pool: ThreadPool
    ) -> NDArray[np.float64]:
        """Average the numbers of the counted photos among the nearest ones of each photo.

        Args:
            numbers: (N,) a number of each photo.
            counted: (N,) photos that count.
            pool: Threads that share the work.

        Returns:
            (N,) means; of the node itself where no counted photo is near.
        """
        counts = np.bincount(self.node, counted, len(self.graph))
        sums = np.bincount(self.node, np.where(counted, numbers, 0), len(self.graph))
        own, there = sums / np.maximum(counts, 1), counts > 0
        near = self.graph.matmul(np.stack([np.where(there, own, 0), there], axis=1).astype(np.float32), pool)
        means = np.divide(near[:, 0], near[:, 1], out=own.astype(np.float32), where=near[:, 1] > 0)
        return means[self.node].astype(np.float64)


def folder_graph(
    features: Features, pool: ThreadPool, cancel: CancelToken, bursts: NDArray[np.intp] | None = None
) -> FolderGraph:
    """Connect N photos, labelled or not; labels do not change it.

    Args:
        features: Of the photos.
        pool: Threads that share the work.
        cancel: Checked in every step.
        bursts: (N,) number of each photo's burst; None if the times are not known.

    Raises:
        Cancelled: a stop was requested.
    """
    drawn = np.sort(np.random.default_rng(_SEED).permutation(len(features))[:SAMPLE])
    axes = PCA.of(features.take(drawn).unpack(), _AXES, _SEED)
    cancel.check()
    of_photo = np.arange(len(features)) if bursts is None else bursts
    _, first, node = np.unique(of_photo, return_index=True, return_inverse=True)
    points = np.ascontiguousarray(axes.project(features.take(first), cancel).projection[:, :-1])
    return FolderGraph(neighbour_graph(points, pool, cancel, _NEIGHBOURS), node)


def reach_unlabelled(
    features: Features, classes: NDArray[np.intp], cancel: CancelToken, bursts: NDArray[np.intp] | None = None
) -> Reached:
    """Find how well labelled photos reach those without a label.

    Args:
        features: Of N photos.
        classes: (N,) class of each label, at least one; `NO_LABEL` for the M photos without one.
        cancel: Checked in every step.
        bursts: (N,) number of each photo's burst; None if the times are not known.

    Returns:
        Of the M photos.

    Raises:
        Cancelled: a stop was requested.
    """
    open_ = classes == NO_LABEL
    with ThreadPool() as pool:
        graph = folder_graph(features, pool, cancel, bursts)
        score = graph.reached(classes, pool, cancel)[open_]

    def of_neighbours(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        everywhere = np.zeros(len(open_))
        everywhere[open_] = numbers
        with ThreadPool() as pool:
            means: NDArray[np.float64] = graph.neighbour_means(everywhere, open_, pool)[open_]
        return means

    return Reached(score, of_neighbours)


def unknown_beside_labels(
    graph: FolderGraph, classes: NDArray[np.intp], pool: ThreadPool, cancel: CancelToken
) -> NDArray[np.float32]:
    """Estimate the probability of each photo to be of a class without a label.

    Args:
        graph: Of N photos.
        classes: (N,) class of each label; `NO_LABEL` for photos without one.
        pool: Threads that share the work.
        cancel: Checked in every step.

    Returns:
        (N,) float32; 0 for labelled photos and their bursts.

    Raises:
        Cancelled: a stop was requested.
    """
    labelled = graph.has_label(classes)
    if not labelled.any():
        return np.ones(len(labelled), np.float32)
    reached = graph.reached(classes, pool, cancel)
    # From the photos that are reached most: where most are unknown, all of them would pass for known.
    unknown, known, logarithm = np.zeros(len(labelled)), np.where(labelled, 0, reached**2), np.log(reached)
    for _ in range(_STEPS if known.any() else 0):
        expected = np.float32(_OF_KNOWN * np.exp(np.average(logarithm, weights=known)))
        expected = np.maximum(expected, np.float32(_OF_ALL * labelled.mean()))
        unknown = np.where(labelled, 0, 1 / (1 + (reached / expected) ** _STEEPNESS))
        known = np.where(labelled, 0, np.maximum(1 - unknown, _LEAST_REACHED))  # all of them may be unknown
    return unknown.astype(np.float32)
