"""Finds the photos most similar to another one: any of them, or those that probably have the same class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.vision.features.pca import spread_sample
from flowersorter.workflows.models.current_model import chosen_backbone

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.predicting.features.feature_cache import FeatureTable

#: Most candidates examined in full, and most labelled photos of other classes compared with them.
_SHORTLIST, _MOST_OTHERS = 200, 2000
#: Labelled photos of a class, and of all others, that are compared with one another, at most; the share of these pairs
#: that are less alike than a photo and its look-alikes have to be.
_MOST_PAIRED, _USUAL = 200, 0.99
_SEED = 42


@dataclass(frozen=True, slots=True)
class SimilarPhoto:
    """A photo that resembles another one.

    Attributes:
        photo_id: The photo.
        similarity: Cosine similarity of their features, 0 to 1.
    """

    photo_id: int
    similarity: float


def similar_photos(
    engine: Engine, photo_id: int, candidates: NDArray[np.int64], count: int = 60
) -> tuple[SimilarPhoto, ...]:
    """Find the photos that resemble a photo most, labelled or not. From cached features; reads no photo.

    Args:
        engine: Of the collection.
        photo_id: The photo.
        candidates: (N,) photos to choose from, such as those of the open folder.
        count: Number of photos at most.

    Returns:
        The nearest first, without the photo itself; none where the photo is not embedded.
    """
    wanted, similarity = _compared(engine, photo_id, candidates)
    return tuple(SimilarPhoto(int(wanted[at]), float(similarity[at])) for at in _nearest(similarity, count).tolist())


def nearest_photos(engine: Engine, photo_id: int, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order photos by their likeness to one of them. From cached features; reads no photo.

    Args:
        engine: Of the collection.
        photo_id: The photo.
        candidates: (N,) photos to choose from.

    Returns:
        (M,) int64 the photo, then the nearest first; without photos that are not embedded, or have no similarity to it.
    """
    wanted, similarity = _compared(engine, photo_id, candidates)
    return np.append(np.int64(photo_id), wanted[_nearest(similarity, len(wanted))])


def lookalikes(
    engine: Engine, photo_id: int, candidates: NDArray[np.int64], count: int = 12
) -> tuple[SimilarPhoto, ...]:
    """Find the photos that are likely to be of the class that a photo was just labelled with.

    These have no label and no mark, their class was not rejected, they resemble the photo more than any labelled photo
    of another class, and more than labelled photos of its class resemble those of others. From cached features; reads
    no photo.

    Args:
        engine: Of the collection with the label.
        photo_id: The labelled photo.
        candidates: (N,) photos to choose from, such as those of the open folder.
        count: Number of photos at most.

    Returns:
        The nearest first; none where the photo has no label or is not embedded.
    """
    label = engine.collection.labels.get([photo_id]).get(photo_id)
    if label is None:
        return ()
    wanted = _may_follow(engine, candidates, photo_id, label.class_id)
    similarity = _similarity_to(engine, photo_id, wanted)
    nearest = _nearest(similarity, _SHORTLIST)
    table = engine.features(chosen_backbone(engine.collection))
    rival = _nearest_of_other_classes(engine, table, wanted[nearest], label.class_id)
    least = np.maximum(rival, _likeness_to_other_classes(engine, table, label.class_id))
    followers = nearest[similarity[nearest] > least][:count]
    return tuple(SimilarPhoto(int(wanted[at]), float(similarity[at])) for at in followers.tolist())


def _compared(
    engine: Engine, photo_id: int, candidates: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(M,) the other photos, ascending, and their similarity to one."""
    wanted = sorted_unique(candidates)
    wanted = wanted[(wanted > 0) & (wanted != photo_id)]
    return wanted, _similarity_to(engine, photo_id, wanted)


def _similarity_to(engine: Engine, photo_id: int, wanted: NDArray[np.int64]) -> NDArray[np.float32]:
    """(M,) cosine similarity of photos, ascending ids, to one photo; -1 where either is not embedded."""
    collection = engine.collection
    table = engine.features(chosen_backbone(collection))
    own, found = table.get(collection.photos.hashes([photo_id])[1])
    if not len(found) or not len(wanted):
        return np.full(len(wanted), -1, np.float32)
    return _similarity(table, wanted, own.unpack().T)[:, 0]


def _nearest(similarity: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """(K,) positions of the largest similarities above 0, the largest first."""
    nearest = np.argsort(-similarity, kind="stable")[:count]
    return nearest[similarity[nearest] > 0]


def _may_follow(engine: Engine, candidates: NDArray[np.int64], photo_id: int, class_id: int) -> NDArray[np.int64]:
    """(M,) the photos, ascending, without a label or an answer that contradicts the class."""
    collection, wanted = engine.collection, sorted_unique(candidates)
    labelled, answers = collection.labels.get(wanted), collection.answers.get(wanted)
    left_out = [photo_id, *labelled, *(at for at, said in answers.items() if said.contradict(class_id))]
    return np.setdiff1d(wanted[wanted > 0], np.array(left_out, np.int64))


def _nearest_of_other_classes(
    engine: Engine, table: FeatureTable, photo_ids: NDArray[np.int64], class_id: int
) -> NDArray[np.float32]:
    """(M,) similarity of photos to the nearest labelled photo of another class; -1 where there is none."""
    labels = engine.collection.labels.class_ids()
    others, hashes = engine.collection.photos.by_hash(at for at, class_of in labels.items() if class_of != class_id)
    drawn = spread_sample(np.array([labels[at] for at in others.tolist()], np.intp), _MOST_OTHERS, _SEED)
    features, found = table.get([hashes[at] for at in drawn.tolist()])
    if not len(found) or not len(photo_ids):
        return np.full(len(photo_ids), -1, np.float32)
    order = np.argsort(photo_ids)
    rival = np.empty(len(photo_ids), np.float32)
    rival[order] = _similarity(table, photo_ids[order], features.unpack().T).max(axis=1)
    return rival


def _likeness_to_other_classes(engine: Engine, table: FeatureTable, class_id: int) -> float:
    """The similarity of labelled photos of a class to those of others that few pairs exceed; -1 without pairs."""
    labels = engine.collection.labels.class_ids()
    photos, hashes = engine.collection.photos.by_hash(labels)
    own = np.array([labels[at] == class_id for at in photos.tolist()], np.bool_)
    drawn = np.sort(np.concatenate([_drawn(np.flatnonzero(own)), _drawn(np.flatnonzero(~own))]))
    features, found = table.get([hashes[at] for at in drawn.tolist()])
    rows, own = features.unpack(), own[drawn][found]
    pairs = rows[own] @ rows[~own].T
    return float(np.quantile(pairs, _USUAL)) if pairs.size else -1.0


def _drawn(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_PAIRED)).astype(np.intp)]


def _similarity(table: FeatureTable, photo_ids: NDArray[np.int64], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """(M, K) cosine similarities of photos, ascending ids, to (D, K) features; -1 for those without an embedding."""
    similarity = np.full((len(photo_ids), columns.shape[1]), -1, np.float32)
    for positions, features in table.parts(photo_ids):
        similarity[positions] = features.matmul(columns)
    return similarity
