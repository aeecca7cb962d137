"""Adapts the predictions of a folder to it, by the photos themselves; none of them needs a label.

A folder differs from the labelled photos in three ways, each measured on its calibrated predictions:

- Some classes are frequent and others are missing (label shift). Their frequencies are estimated by expectation
  maximisation (Saerens, Latinne and Decaestecker, 2002). As far as they differ from even ones by less than the expected
  share of wrong predictions they are no evidence: they are shrunk towards even ones.
- All photos may differ alike, as those of another camera or garden do. The mean of the logits is compared with the one
  that these frequencies make expected of held-out photos, and most of the difference is subtracted.
- Photos that are close to one another are of one class. Each photo is pulled towards the classes of its neighbours,
  labelled or not, by the mean field of a Potts model; the pull is as strong as labelled neighbours agree.

Each step measures how far it may go, and does nothing without evidence. `python -m tests.bench folders` prints
the gain, for even and uneven folders and for folders of another place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.dataset_shift.label_propagation import NeighbourGraph, neighbour_graph
from flowersorter.vision.features.packed import Features, join
from flowersorter.vision.features.pca import PCA, spread_sample
from flowersorter.vision.parallel import ThreadPool

#: Photos without a label from which a folder is adapted to.
LEAST_PHOTOS = 20
#: OOD score up to which photos are measured: two thirds of the known ones, and few of the unknown ones among them.
_FAMILIAR = 0.5
#: Mean OOD score between which the weight of the bias falls from 1 to 0: the folder may be full of unknown photos.
_STRANGE = (0.25, 0.5)
#: Photos that the frequencies and the mean are measured on at most, and with which neighbours are searched at most.
_MOST_MEASURED, MOST_CONNECTED = 4000, 4000
#: Photos of each class counted beside those of the folder.
_PSEUDO_COUNT = 2.0
#: A difference from even frequencies (total variation) of this many times the expected share of errors is no evidence.
_DOUBT = 0.8
#: Part of the difference of the means that is subtracted, and the photos that count as no difference beside it.
_SHIFT, _NO_SHIFT = 0.7, 20.0
#: Largest pull of the neighbours in calibrated logits, and the divisor of the logits that keeps them calibrated.
_PULL, _TEMPERATURE = 6.0, 1.7
#: Principal axes in which neighbours are searched. Along each the standard deviation is replaced by its root.
_AXES = 128
_EM_STEPS, _MEAN_FIELD_STEPS, _SEED = 30, 5, 0
_LEAST = 1e-12


def folder_bias(
    logits: NDArray[np.float32], ood_score: NDArray[np.float32], class_logits: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Compute the bias of a folder from the frequencies of its classes and the difference of its mean.

    Args:
        logits: (N, C) calibrated logits of its photos; a constant may be added to a row.
        ood_score: (N,) their OOD scores.
        class_logits: (C, C) mean calibrated logits of held-out photos, a row for each class. None: not known, the mean
            is not compared.

    Returns:
        (C,) float32 to be added to the calibrated logits of each photo; zeros if too few of them look familiar.
    """
    familiar = logits[ood_score <= _FAMILIAR]
    if len(familiar) < LEAST_PHOTOS:
        return np.zeros(logits.shape[1], np.float32)
    seen = familiar[:: -(-len(familiar) // _MOST_MEASURED)].astype(np.float64)
    shift = np.zeros(seen.shape[1])
    if class_logits is not None:
        difference = seen.mean(axis=0) - _frequencies(seen) @ class_logits
        shift = _SHIFT * len(seen) / (len(seen) + _NO_SHIFT) * (difference - difference.mean())
    frequencies = _frequencies(seen - shift)
    trusted = np.interp(ood_score.mean(), _STRANGE, (1, 0))
    return np.asarray(trusted * (np.log(frequencies * len(frequencies)) - shift), np.float32)


def _frequencies(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Estimate the (C,) class frequencies of (N, C) photos, shrunk towards even ones by the expected errors."""
    photos, classes = logits.shape
    probabilities = np.asarray(softmax(logits.astype(np.float32)), np.float64)
    frequencies = np.full(classes, 1 / classes)
    for _ in range(_EM_STEPS):
        joint = probabilities * frequencies
        counts = (joint / np.maximum(joint.sum(axis=1, keepdims=True), _LEAST)).sum(axis=0)
        frequencies = (counts + _PSEUDO_COUNT) / (photos + _PSEUDO_COUNT * classes)
    errors = 1 - float(probabilities.max(axis=1).mean())
    apart = float(np.abs(frequencies - 1 / classes).sum()) / 2
    trusted = max(0.0, 1 - (_DOUBT * errors / max(apart, _LEAST)) ** 2)
    return np.asarray(trusted * frequencies + (1 - trusted) / classes)


def connect(labelled: Features, others: Features, pool: ThreadPool, cancel: CancelToken) -> NeighbourGraph:
    """Connect L labelled photos and N others to their nearest ones; the labelled ones come first.

    Raises:
        Cancelled: a stop was requested.
    """
    features = join([labelled, others])
    rows = spread_sample(np.repeat([0, 1], [len(labelled), len(others)]), _MOST_MEASURED // 2, _SEED)
    axes = PCA.of(features.take(rows).unpack(), _AXES, _SEED)
    cancel.check()
    points = axes.project(features, cancel).projection[:, :-1]
    points /= np.sqrt(np.maximum(points.std(axis=0), _LEAST))
    return neighbour_graph(np.ascontiguousarray(points, np.float32), pool, cancel)


def follow_neighbours(
    logits: NDArray[np.float32],
    graph: NeighbourGraph,
    labels: NDArray[np.float32],
    pool: ThreadPool,
    cancel: CancelToken,
    labelled: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Pull each photo towards the classes of its neighbours.

    Args:
        logits: (N, C) calibrated logits of photos without a label.
        graph: Of L labelled photos and these N.
        labels: (L, C) float32, the share of each class in each label; rows sum to 1.
        pool: Threads that share the work.
        cancel: Checked in every step.
        labelled: (L + N,) which photos of the graph are labelled, in the order of the labels. None: the first L.

    Returns:
        (N, C) float32 calibrated logits.

    Raises:
        Cancelled: a stop was requested.
    """
    if labelled is None:
        labelled = np.arange(len(graph)) < len(labels)
    shares = np.empty((len(graph), logits.shape[1]), np.float32)
    shares[labelled], shares[~labelled] = labels, softmax(logits)
    pull = np.float32(_PULL * _agreement(graph.matmul(shares, pool)[labelled], labels))
    if pull <= 0:
        return logits
    for _ in range(_MEAN_FIELD_STEPS):
        cancel.check()
        pulled = logits + pull * graph.matmul(shares, pool)[~labelled]
        shares[~labelled] = softmax(pulled)
    return np.asarray(pulled / np.float32(1 + (_TEMPERATURE - 1) * pull / _PULL), np.float32)


def _agreement(votes: NDArray[np.float32], labels: NDArray[np.float32]) -> float:
    """Measure how well the (L, C) votes of neighbours agree with the labels: 0 at chance level, 1 where all agree."""
    total, right = votes.sum(axis=1), (votes * (labels > 0)).sum(axis=1)
    some = total > 0
    if not some.any():
        return 0.0
    counts = labels[some].sum(axis=0)
    share = (right[some] / total[some]) @ labels[some] / np.maximum(counts, 1)
    chance = 1 / labels.shape[1]
    return float(max(0.0, (share[counts > 0].mean() - chance) / (1 - chance)))
