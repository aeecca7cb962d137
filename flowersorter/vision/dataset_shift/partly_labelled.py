"""Unknown photos in a folder of which a person has labelled some: those that no label reaches.

Labels are given to the clearest photos first, in groups of look-alikes. Beside these all others look unfamiliar: OOD
scores and a comparison with the labelled photos call every one of them unknown, even when all classes of the folder
have labels. Label propagation does not: the score that reaches a photo over its neighbours is small where a whole class
has no label yet. It is compared with the score that reaches the photos of the named classes, which are found on the
way: where most of the folder has no name yet, the mean over all photos is far below theirs.

`python -m tests.bench named` compares it with the OOD scores (docs/accuracy.md). They add nothing to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.dataset_shift.label_propagation import NeighbourGraph, neighbour_graph, reach
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import PCA, SAMPLE
from flowersorter.vision.parallel import ThreadPool

_AXES, _NEIGHBOURS, _SEED = 128, 6, 0
#: Score that reaches a photo at which it is as likely unknown as not, as a share of the geometric mean of known photos
#: without a label, or at least of the mean of all photos: only unknown ones may be left. The slope there. With 0.35 a
#: sixth less of the unknown photos is found, with 0.45 twice as many known ones are called unknown.
_OF_KNOWN, _OF_ALL, _STEEPNESS = 0.4, 0.25, 4.0
_STEPS, _LEAST_REACHED = 20, np.float32(1e-9)


def folder_graph(features: Features, pool: ThreadPool, cancel: CancelToken) -> NeighbourGraph:
    """Connect the N photos of a folder, labelled or not; labels do not change it.

    Raises:
        Cancelled: a stop was requested.
    """
    drawn = np.sort(np.random.default_rng(_SEED).permutation(len(features))[:SAMPLE])
    axes = PCA.of(features.take(drawn).unpack(), _AXES, _SEED)
    cancel.check()
    points = np.ascontiguousarray(axes.project(features, cancel).projection[:, :-1])
    return neighbour_graph(points, pool, cancel, _NEIGHBOURS)


def unknown_beside_labels(
    graph: NeighbourGraph, labelled: NDArray[np.bool_], pool: ThreadPool, cancel: CancelToken
) -> NDArray[np.float32]:
    """Estimate the probability of each photo to be of a class without a label.

    Args:
        graph: Of N photos.
        labelled: (N,) whether each has a label.
        pool: Threads that share the work.
        cancel: Checked in every step.

    Returns:
        (N,) float32; 0 for labelled photos.

    Raises:
        Cancelled: a stop was requested.
    """
    if not labelled.any():
        return np.ones(len(labelled), np.float32)
    reached = np.maximum(reach(graph, labelled[:, None].astype(np.float32), pool, cancel)[:, 0], _LEAST_REACHED)
    # From the photos that are reached most: where most are unknown, all of them would pass for known.
    unknown, known, logarithm = np.zeros(len(labelled)), np.where(labelled, 0, reached), np.log(reached)
    for _ in range(_STEPS if known.any() else 0):
        expected = np.float32(_OF_KNOWN * np.exp(np.average(logarithm, weights=known)))
        expected = np.maximum(expected, np.float32(_OF_ALL * labelled.mean()))
        unknown = np.where(labelled, 0, 1 / (1 + (reached / expected) ** _STEEPNESS))
        known = np.where(labelled, 0, np.maximum(1 - unknown, _LEAST_REACHED))  # all of them may be unknown
    return unknown.astype(np.float32)
