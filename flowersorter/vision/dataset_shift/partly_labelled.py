"""Unknown photos in a folder of which a person has labelled some: those that no label reaches.

Labels are given to the clearest photos first, in groups of look-alikes. Beside these all others look unfamiliar: OOD
scores and a comparison with the labelled photos call every one of them unknown, even when all classes of the folder
have labels. Label propagation does not: the score that reaches a photo over its neighbours is small where a whole class
has no label yet. Each class starts with as much as it has photos, which a model predicts: otherwise the photos of a
class of 200 are reached a tenth as well as those of a class of 20. Those that hardly anything reaches do not count, and
about 1 reaches the photos of every class with a label; less where its labels are close together.

In a folder of a few dozen photos the ten nearest ones of each are of many classes, and a score reaches all of them: of
40 photos, a class without a label got the name of another. There fewer neighbours count, and beside the score how
similar a photo is to the nearest labelled one, which says less where a class has hundreds of photos.

`python -m tests.bench named` compares it with the OOD scores (docs/accuracy.md). They add nothing to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN
from flowersorter.vision.classifier.unknown_share import Reached, posterior
from flowersorter.vision.dataset_shift.label_propagation import (
    FROM_NEIGHBOURS,
    STEPS,
    NeighbourGraph,
    neighbour_graph,
    reach,
)
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import PCA, SAMPLE
from flowersorter.vision.parallel import ThreadPool

#: Nodes up to which a folder is small in all respects, and from which on it is not. The neighbours of each photo grow
#: in between, from the least ones, by one for so many nodes.
_SMALL, _LARGE = 40, 160
_LEAST_NEIGHBOURS, _NODES_A_NEIGHBOUR = 3, 20
#: In small folders: what the logarithm of the score and the similarity to the nearest labelled photo take from the log
#: likelihood ratio, and the constant; the largest prior. Fitted to 540 folders of 12 to 60 flowers, things or both, of
#: three to six classes, with labels of two classes up to all: AUROC 0.87 to 0.90, by the score alone 0.78 to 0.88, with
#: ten neighbours 0.5 to 0.8.
_OF_SCORE, _OF_SIMILARITY, _AS_UNLIKE, _LARGEST_SMALL_FRACTION = 1.5, 7.0, 0.3, 0.35
#: Class of a photo without a label.
NO_LABEL = -1
#: Fewer neighbours than the photos of a burst without times would leave it without an edge to any other photo.
_AXES, _NEIGHBOURS, _SEED = 128, 10, 0
#: Score that reaches a photo at which it counts half for the size of its class, and the steepness around it; rounds of
#: both. More rounds leave out ever more photos of a class whose labels are close together.
_HALF_COUNTED, _COUNTED_STEEPNESS, _ROUNDS = 0.25, 3.0, 3
#: Score, as the geometric mean of a photo and its neighbours, at which unknown and known are equally likely if the
#: labels of the predicted class are not crowded; how much lower it is where they are; the slope of the log likelihood
#: ratio on a logarithmic scale, and its range; the largest prior. With a larger one, photos of a large class with few
#: labels are unknown. Fitted to 500 states of folders of flowers and things in which some or all classes have labels,
#: few or many, at random or in groups of look-alikes.
_AS_LIKELY, _LOWER_WHERE_CROWDED, _SLOPE, _EVIDENCE, _LARGEST_FRACTION = 0.65, 0.5, 4.0, (-6.0, 4.0), 0.2
#: Probability up to which an estimate without a largest prior counts: too high for a photo to be likely, too low for it
#: to be unknown. In folders of twelve classes of things, of which two or three have 1, 3 or 10 labels each, 76 instead
#: of 53 % of the likely photos are right, and as many are sure; where six have labels, 99 instead of 98 %.
_MOST_DOUBT = 0.5
_LEAST_FROM_OTHERS, _MOST_CROWDED = 0.02, 3.0
_LEAST_REACHED = np.float32(1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class NodeLabels:
    """Labels of M nodes of a graph, of K classes.

    Attributes:
        nodes: (M,) the labelled nodes, ascending; one with labels of several classes once for each of them.
        classes: (K,) the classes with a label, ascending.
        of_node: (M,) position of the class of each node among these.
        counts: (K,) labelled nodes of each class.
    """

    nodes: NDArray[np.intp]
    classes: NDArray[np.intp]
    of_node: NDArray[np.intp]
    counts: NDArray[np.intp]

    def share(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the (M,) score with which each node starts: an equal share of the (K,) sizes of the classes."""
        return np.asarray((sizes / self.counts)[self.of_node], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class FolderGraph:
    """Nearest neighbours of N photos; the photos of a burst are one node.

    Otherwise a burst of more photos than each has neighbours would be an island that no label reaches.

    Attributes:
        graph: Of the nodes.
        node: (N,) node of each photo.
        similarities: (nodes, nodes) float32, cosines around the mean of the nodes; None if there are too many.
    """

    graph: NeighbourGraph
    node: NDArray[np.intp]
    similarities: NDArray[np.float32] | None = None

    @property
    def smallness(self) -> float:
        """1 for a small folder, 0 for a large one, and between them in between."""
        return float(np.clip((_LARGE - len(self.graph)) / (_LARGE - _SMALL), 0, 1))

    def similarity_to_labels(self, labels: NodeLabels) -> NDArray[np.float64]:
        """(N,) largest similarity of each photo to a labelled one; 0 for all where it is not known."""
        if self.similarities is None:
            return np.zeros(len(self.node))
        nearest = self.similarities[:, labels.nodes].max(axis=1)
        return np.asarray(nearest[self.node], np.float64)

    def has_label(self, classes: NDArray[np.intp]) -> NDArray[np.bool_]:
        """(N,) whether each photo or another one of its node has a label; (N,) classes, `NO_LABEL` without one."""
        of_node = np.zeros(len(self.graph), np.bool_)
        of_node[self.node[classes != NO_LABEL]] = True
        return np.asarray(of_node[self.node])

    def labels(self, classes: NDArray[np.intp]) -> NodeLabels:
        """Return the labels of the nodes; a burst has one of each class that a photo of it is labelled with.

        Args:
            classes: (N,) class of each label; `NO_LABEL` for photos without one.
        """
        rows = np.flatnonzero(classes != NO_LABEL)
        codes = np.int64(classes.max(initial=0) + 1)
        nodes, of_node = np.divmod(sorted_unique(self.node[rows] * codes + classes[rows]), codes)
        return NodeLabels(nodes, *np.unique(of_node, return_inverse=True, return_counts=True))

    def start(self, labels: NodeLabels, sizes: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return (nodes, 1) float32: the labelled nodes of each class share its one of the (K,) sizes; the others 0."""
        start = np.zeros((len(self.graph), 1), np.float32)
        np.add.at(start[:, 0], labels.nodes, labels.share(sizes))
        return start

    def of_photos(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the (N,) float32 scores of the photos, more than 0, from (nodes, 1)."""
        return np.asarray(np.maximum(scores[self.node, 0], _LEAST_REACHED), np.float32)

    def crowding(
        self, labels: NodeLabels, reached: NDArray[np.float32], sizes: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Compute how close together the labels of each class are: how much one another's score reaches them.

        Args:
            labels: Of at least one node.
            reached: (N,) what reaches the photos.
            sizes: (K,) numbers of nodes of the classes, with which they started.

        Returns:
            (K,) logarithms, 0 for labels that lie in their class as its other photos do, at most 3.
        """
        of_node = np.zeros(len(self.graph))
        of_node[self.node] = reached
        from_others = (of_node - (1 - FROM_NEIGHBOURS) * self.start(labels, sizes)[:, 0])[labels.nodes]
        logarithm = np.log(np.maximum(from_others, _LEAST_FROM_OTHERS))
        means = np.bincount(labels.of_node, logarithm) / labels.counts
        return np.asarray(np.clip(means, 0, _MOST_CROWDED), np.float64)

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
    features: Features,
    pool: ThreadPool,
    cancel: CancelToken,
    bursts: NDArray[np.intp] | None = None,
    neighbours: int | None = None,
) -> FolderGraph:
    """Connect N photos, labelled or not; labels do not change it.

    Args:
        features: Of the photos.
        pool: Threads that share the work.
        cancel: Checked in every step.
        bursts: (N,) number of each photo's burst; None if the times are not known.
        neighbours: Of each node. None: fewer in a small folder.

    Raises:
        Cancelled: a stop was requested.
    """
    drawn = np.sort(np.random.default_rng(_SEED).permutation(len(features))[:SAMPLE])
    axes = PCA.of(features.take(drawn).unpack(), _AXES, _SEED)
    cancel.check()
    of_photo = np.arange(len(features)) if bursts is None else bursts
    _, first, node = np.unique(of_photo, return_index=True, return_inverse=True)
    nodes = features.take(first)
    points = np.ascontiguousarray(axes.project(nodes, cancel).projection[:, :-1])
    if neighbours is None:
        neighbours = int(
            np.clip(_LEAST_NEIGHBOURS - 1 + len(nodes) // _NODES_A_NEIGHBOUR, _LEAST_NEIGHBOURS, _NEIGHBOURS)
        )
    similarities = _similarities(nodes.unpack()) if len(nodes) < _LARGE else None
    return FolderGraph(neighbour_graph(points, pool, cancel, neighbours), node, similarities)


def _similarities(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(M, M) float32 cosines of the (M, D) rows around their mean."""
    centred = rows - rows.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), _LEAST_REACHED)
    return np.asarray(centred @ centred.T, np.float32)


def reach_unlabelled(
    features: Features,
    classes: NDArray[np.intp],
    predicted: NDArray[np.intp],
    cancel: CancelToken,
    bursts: NDArray[np.intp] | None = None,
) -> Reached:
    """Find how well labelled photos reach those without a label.

    Args:
        features: Of N photos.
        classes: (N,) class of each label, at least one; `NO_LABEL` for the M photos without one.
        predicted: (N,) class that a model predicts for each photo without a label.
        cancel: Checked in every step.
        bursts: (N,) number of each photo's burst; None if the times are not known.

    Returns:
        Of the M photos.

    Raises:
        Cancelled: a stop was requested.
    """
    open_ = classes == NO_LABEL
    with ThreadPool() as pool:
        graph = folder_graph(features, pool, cancel, bursts, _NEIGHBOURS)
        spread = _spread(graph, classes, predicted, open_, pool, cancel)

    def of_neighbours(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        everywhere = np.zeros(len(open_))
        everywhere[open_] = numbers
        with ThreadPool() as pool:
            means = graph.neighbour_means(everywhere, open_, pool)
        return np.asarray(means[open_], np.float64)

    return Reached(spread.reached[open_], of_neighbours)


def unknown_beside_labels(
    graph: FolderGraph,
    classes: NDArray[np.intp],
    predicted: NDArray[np.intp],
    pool: ThreadPool,
    cancel: CancelToken,
) -> NDArray[np.float32]:
    """Estimate the probability of each photo to be of a class without a label.

    Args:
        graph: Of N photos.
        classes: (N,) class of each label; `NO_LABEL` for photos without one.
        predicted: (N,) class that a model predicts for each photo; its own label does not matter. Photos predicted as
            a class without a label are not judged, and do not make the others more likely to be unknown.
        pool: Threads that share the work.
        cancel: Checked in every step.

    Returns:
        (N,) float32; 0 for labelled photos and their bursts, and for photos that are not judged; 1 without any label.

    Raises:
        Cancelled: a stop was requested.
    """
    rest = ~graph.has_label(classes)
    if rest.all() or not rest.any():
        return rest.astype(np.float32)
    spread = _spread(graph, classes, predicted, rest, pool, cancel)
    judged, reached = spread.counted, spread.reached
    logarithm = np.log(reached).astype(np.float64)
    logarithm = (logarithm + graph.neighbour_means(logarithm, rest, pool)) / 2
    expected = (
        np.log(_AS_LIKELY) - _LOWER_WHERE_CROWDED * graph.crowding(spread.labels, reached, spread.sizes)[spread.at]
    )
    small = graph.smallness
    unlike = _AS_UNLIKE - _OF_SCORE * logarithm - _OF_SIMILARITY * graph.similarity_to_labels(spread.labels)
    evidence = small * unlike + (1 - small) * _SLOPE * (expected - logarithm)
    ratio, unknown = np.exp(np.clip(evidence, *_EVIDENCE)), np.zeros(len(rest), np.float32)
    largest = small * _LARGEST_SMALL_FRACTION + (1 - small) * _LARGEST_FRACTION
    unknown[judged] = _in_doubt(posterior(ratio[judged], largest), posterior(ratio[judged]))
    return unknown


def _in_doubt(unknown: NDArray[np.float32], unbounded: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) the probabilities with the largest prior, raised for photos that are not sure, but to `_MOST_DOUBT` at most.

    Args:
        unknown: (N,) with the largest prior.
        unbounded: (N,) with any prior: its own estimate of the share of unknown photos is good, but photos of a large
            class with few labels would be unknown.
    """
    raised = np.maximum(unknown, np.minimum(unbounded, _MOST_DOUBT))
    return np.where(unknown > MAYBE_UNKNOWN, raised, unknown).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """A score that has spread from the labels of K classes over N photos.

    Attributes:
        labels: Where it started.
        at: (N,) position of the predicted class among those with labels; any for other classes.
        counted: (N,) photos without a label that are predicted as a class with labels.
        sizes: (K,) the score with which each class started, about the number of its photos, a burst counting as one.
        reached: (N,) float32, more than 0.
    """

    labels: NodeLabels
    at: NDArray[np.intp]
    counted: NDArray[np.bool_]
    sizes: NDArray[np.float64]
    reached: NDArray[np.float32]


def _spread(
    graph: FolderGraph,
    classes: NDArray[np.intp],
    predicted: NDArray[np.intp],
    rest: NDArray[np.bool_],
    pool: ThreadPool,
    cancel: CancelToken,
) -> _Spread:
    """Spread a score from the labels, of each class as much as it has photos that the score reaches.

    Args:
        graph: Of N photos.
        classes: (N,) class of each label, at least one; `NO_LABEL` for photos without one.
        predicted: (N,) class that a model predicts for each photo.
        rest: (N,) photos without a label.
        pool: Threads that share the work.
        cancel: Checked in every step.
    """
    labels = graph.labels(classes)
    at = np.minimum(np.searchsorted(labels.classes, predicted), len(labels.classes) - 1)
    counted = rest & (labels.classes[at] == predicted)
    weights = counted / np.bincount(graph.node, counted)[graph.node].clip(1)  # a burst counts as one
    known, scores = weights, None
    for _ in range(_ROUNDS):
        sizes = np.asarray(labels.counts + np.bincount(at, known, len(labels.classes)), np.float64)
        # The sizes change little from round to round: together the rounds iterate as often as one alone.
        scores = reach(graph.graph, graph.start(labels, sizes), pool, cancel, scores, STEPS // _ROUNDS)
        reached = graph.of_photos(scores)
        known = weights / (1 + (_HALF_COUNTED / reached) ** _COUNTED_STEEPNESS)
    return _Spread(labels, at, counted, sizes, reached)
