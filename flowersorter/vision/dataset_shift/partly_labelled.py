"""Unknown photos in a folder of which a person has labelled some: those that no label reaches.

Labels are given to the clearest photos first, in groups of look-alikes. Beside these all others look unfamiliar: OOD
scores and a comparison with the labelled photos call every one of them unknown, even when all classes of the folder
have labels. Label propagation does not: the share of its score that a photo gets over its neighbours is small where a
whole class has no label yet.

Measured on two folders of 1,000 photos of 12 classes after 4, 8, 12 and 25 groups were named: of the photos of classes
without a label about 86, 90 and 70 % are reached less than `_REACHED`, of the others 8, 16, 24 and 5 %. Their OOD
scores alone call 22 to 48 % of the latter unknown, those of the folder together all of them.
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
#: Score that reaches a photo, as a share of the mean, at which it is as likely unknown as not; the slope there.
_REACHED, _STEEPNESS = 0.2, 4.0


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
    reached = reach(graph, labelled[:, None].astype(np.float32), pool, cancel)[:, 0]
    expected = np.float32(_REACHED * max(float(labelled.mean()), 1 / len(labelled)))
    unknown = 1 / (1 + (reached / expected) ** np.float32(_STEEPNESS))
    return np.where(labelled, np.float32(0), unknown).astype(np.float32)
