"""Unknown photos in a folder of which the person has labelled some photos, where the model learned from few others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.label import LabelOrigin
from flowersorter.jobs import CancelToken
from flowersorter.vision.dataset_shift.label_propagation import NeighbourGraph
from flowersorter.vision.dataset_shift.partly_labelled import folder_graph, unknown_beside_labels
from flowersorter.vision.features.packed import join
from flowersorter.vision.parallel import ThreadPool
from flowersorter.workflows.predicting.photo_samples import FolderPhotos

#: Photos up to which a folder is connected.
_MOST_PHOTOS = 10_000
#: Share of the labelled photos that are in a folder with labels of its own, at least.
_OWN_SHARE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class ConnectedPhotos:
    """Photos of a folder and their nearest neighbours; labels do not change them.

    Attributes:
        asked: (N,) int64, the photos of the folder, ascending.
        photo_ids: (M,) int64, ascending, those that are embedded.
        graph: Of these.
    """

    asked: NDArray[np.int64]
    photo_ids: NDArray[np.int64]
    graph: NeighbourGraph


def labels_itself(folder: FolderPhotos) -> bool:
    """Whether the person labelled most photos that the model learned from in this folder, of two classes at least."""
    if folder.labelled is None or len(folder.wanted) > _MOST_PHOTOS:
        return False
    ids, sample = folder.labelled
    inside = np.isin(ids, folder.wanted)  # the starter's photos are in none
    if inside.mean() < _OWN_SHARE or len(np.unique(sample.classes[inside])) < 2:
        return False
    origins = [label.origin for label in folder.engine.collection.labels.get(ids[inside]).values()]
    return origins.count(LabelOrigin.PERSON) >= _OWN_SHARE * len(ids)


def unknown_in_folder(folder: FolderPhotos, cancel: CancelToken) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return (M,) the embedded photos without a label, and (M,) float32 their probabilities to be unknown.

    Raises:
        Cancelled: a stop was requested.
    """
    with ThreadPool() as pool:
        connected = _connected(folder, pool, cancel)
        labelled = np.isin(connected.photo_ids, folder.wanted) & ~np.isin(connected.photo_ids, folder.unlabelled)
        labelled &= ~np.isin(connected.photo_ids, folder.not_mine)
        unknown = unknown_beside_labels(connected.graph, labelled, pool, cancel)
    kept = np.isin(connected.photo_ids, folder.unlabelled)
    return connected.photo_ids[kept], unknown[kept]


def _connected(folder: FolderPhotos, pool: ThreadPool, cancel: CancelToken) -> ConnectedPhotos:
    engine, last = folder.engine, folder.engine.connected_photos
    if last is not None and np.array_equal(last.asked, folder.wanted):
        return last
    parts = list(engine.features(folder.named.model.backbone).parts(folder.wanted))
    positions = np.concatenate([at for at, _ in parts])
    order = np.argsort(positions)
    features = join([features for _, features in parts]).take(order)
    connected = ConnectedPhotos(folder.wanted, folder.wanted[positions[order]], folder_graph(features, pool, cancel))
    if len(positions) == len(folder.wanted):  # the others may be embedded by the next time
        engine.connected_photos = connected
    return connected
