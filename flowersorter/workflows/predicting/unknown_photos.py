"""Photos of none of the classes: how many a folder has, and how probable each is.

`Engine.unknown_photos` keeps the probabilities while the collection is open, for the model they were found with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.place import Place, Places
from flowersorter.jobs import CancelToken
from flowersorter.vision.backbone.registry import is_tuned
from flowersorter.vision.classifier.background import BackgroundDetector
from flowersorter.vision.classifier.batch_novelty import (
    LEAST,
    MOST_LABELLED,
    MOST_OTHERS,
    PhotoSample,
    compare,
)
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN, UNKNOWN, predict
from flowersorter.vision.classifier.unknown_share import unknown_probabilities
from flowersorter.vision.features.bursts import find_bursts
from flowersorter.vision.features.packed import join
from flowersorter.vision.features.pca import Coordinates, spread_sample
from flowersorter.workflows.models.current_model import NamedModel, starter

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_SEED = 42
#: Class of a photo without an embedding.
_NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class UnknownPhotos:
    """Probabilities of photos to be of none of the classes.

    Attributes:
        model: Key of the model they were found with.
        photo_ids: (M,) int64, ascending.
        probabilities: (M,) float32.
    """

    model: bytes
    photo_ids: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def unknown_probability(engine: Engine, model: Model, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the (N,) float32 probabilities of photos to be of none of the classes; 0 if not estimated."""
    found = engine.unknown_photos
    if found is None or found.model != model.novelty.key or not len(found.photo_ids):
        return np.zeros(len(photo_ids), np.float32)
    at = np.minimum(np.searchsorted(found.photo_ids, photo_ids), len(found.photo_ids) - 1)
    return np.where(found.photo_ids[at] == photo_ids, found.probabilities[at], np.float32(0))


def unknown_with(engine: Engine, photo_id: int) -> int:
    """Count the other photos that are unknown together with one; 0 if that is not."""
    found = engine.unknown_photos
    if found is None:
        return 0
    unknown = found.photo_ids[found.probabilities > UNKNOWN]
    return len(unknown) - 1 if photo_id in unknown else 0


def find_unknown_photos(engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64], cancel: CancelToken) -> bool:
    """Estimate which photos without a label are of none of the classes, and remember it.

    Their OOD scores show how many they are. Where the labelled photos are at hand they are compared with them too.

    Args:
        engine: Of the collection with the photos and the labels; keeps the result.
        named: The model that predicted the photos. The network of a finetuned one has memorised the labelled photos;
            its scores and the comparison say nothing of others.
        photo_ids: The predicted photos of a folder.
        cancel: Checked often.

    Returns:
        Whether a probability changed.

    Raises:
        Cancelled: a stop was requested.
    """
    model, wanted = named.model, sorted_unique(photo_ids)
    before = unknown_probability(engine, model, wanted)
    ids, found = np.empty(0, np.int64), np.empty(0, np.float32)
    if _can_estimate(model):
        ids, found = _estimate(engine, named, wanted, cancel)
        found = np.maximum(found, _like_background(engine, named, ids, cancel))
    _remember(engine, model, wanted, ids, found)
    return not np.array_equal(before, unknown_probability(engine, model, wanted))


class RunningEstimate:
    """Estimates the unknown photos of a folder while it is read, block by block, from their OOD scores alone.

    Args:
        engine: Of the collection with the photos; keeps the result.
        named: The model that predicts the photos; None estimates nothing.
    """

    def __init__(self, engine: Engine, named: NamedModel | None) -> None:
        self._engine = engine
        self._model = named.model if named is not None and _can_estimate(named.model) else None
        self._ids, self._scores = np.empty(0, np.int64), np.empty(0, np.float32)
        self._levels = np.empty(0, np.intp)
        self._place_of: dict[int, Place] = {}

    def add(self, places: Places, cancel: CancelToken) -> list[Place]:
        """Add photos that were read.

        Args:
            places: Their places; those that are labelled or without an embedding are left out.
            cancel: Checked often.

        Returns:
            Places added before, of photos that are now more or less probably unknown.

        Raises:
            Cancelled: a stop was requested.
        """
        if self._model is None:
            return []
        photo_ids = places.known_photo_ids
        labels = self._engine.collection.labels.get(photo_ids)
        new = np.setdiff1d(photo_ids, np.append(self._ids, np.fromiter(labels, np.int64, len(labels))))
        classes, scores = _predicted(self._engine, self._model, new, cancel)
        there = classes != _NONE
        before, last = self._ids, self._levels
        self._ids, self._scores = np.append(before, new[there]), np.append(self._scores, scores[there])
        if not len(self._ids):
            return []
        found = unknown_probabilities(self._scores)
        self._levels = np.searchsorted([MAYBE_UNKNOWN, UNKNOWN], found)
        _remember(self._engine, self._model, self._ids, self._ids, found)
        changed = [self._place_of[photo_id] for photo_id in before[self._levels[: len(before)] != last].tolist()]
        self._place_of.update((int(photo_id), place) for photo_id, place in zip(places.photo_ids, places, strict=True))
        return changed


def _can_estimate(model: Model) -> bool:
    """Whether OOD scores are comparable; those of a finetuned network, which has memorised photos, are not."""
    return model.novelty.standardised and not is_tuned(model.backbone)


def _remember(
    engine: Engine,
    model: Model,
    wanted: NDArray[np.int64],
    ids: NDArray[np.int64],
    found: NDArray[np.float32],
) -> None:
    """Replace the probabilities of the wanted photos in the engine; those of other photos stay."""
    last, key = engine.unknown_photos, model.novelty.key
    if last is not None and last.model == key:
        others = ~np.isin(last.photo_ids, wanted)
        ids, found = np.append(ids, last.photo_ids[others]), np.append(found, last.probabilities[others])
    order = np.argsort(ids)
    engine.unknown_photos = UnknownPhotos(key, ids[order], found[order])


def _estimate(
    engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64], cancel: CancelToken
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return (M,) the embedded photos without a label, and (M,) float32 their probabilities."""
    collection, model = engine.collection, named.model
    labels = collection.labels.class_ids()
    others, _ = collection.photos.by_hash(np.setdiff1d(photo_ids, np.fromiter(labels, np.int64, len(labels))))
    classes, ood_score = _predicted(engine, model, others, cancel)
    there = classes != _NONE
    others, classes, ood_score = others[there], classes[there], ood_score[there]
    if not len(others):
        return others, ood_score
    unlikeness = _unlikeness(engine, named, others, classes, labels, cancel)
    return others, unknown_probabilities(ood_score, unlikeness)


def _unlikeness(
    engine: Engine,
    named: NamedModel,
    others: NDArray[np.int64],
    classes: NDArray[np.intp],
    labels: dict[int, int],
    cancel: CancelToken,
) -> NDArray[np.float32] | None:
    """Compare (N,) photos of these predicted class ids with the labelled ones; None if there are too few of either."""
    collection, model = engine.collection, named.model
    labelled = _labelled(engine, named, labels)
    if labelled is None or min(len(labelled[1]), len(others)) < LEAST:
        return None
    drawn = np.sort(np.random.default_rng(_SEED).permutation(len(others))[:MOST_OTHERS])
    unlabelled = _sample(engine, model, others[drawn], classes[drawn])
    if unlabelled is None:
        return None
    (labelled_ids, known), (other_ids, unknown) = labelled, unlabelled
    features, both = join([known.features, unknown.features]), np.concatenate([known.classes, unknown.classes])
    bursts = find_bursts(features, both, *collection.photos.moments(np.concatenate([labelled_ids, other_ids])))
    comparison = compare(known, unknown, cancel, bursts)
    if comparison is None:
        return None
    folds = np.arange(len(others)) % len(comparison.heads)  # to photos that were not drawn all heads are alike
    folds[drawn] = comparison.folds
    unlikeness = np.zeros(len(others), np.float32)
    for positions, _, coordinates in engine.features(model.backbone).parts_along(others, model.novelty):
        cancel.check()
        unlikeness[positions] = comparison.unlikeness(coordinates, folds[positions])
    return unlikeness


def _like_background(
    engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64], cancel: CancelToken
) -> NDArray[np.float32]:
    """Return (N,) float32 probabilities of photos to be like those that the person called not mine."""
    collection, table = engine.collection, engine.features(named.model.backbone)
    result, marked = np.zeros(len(photo_ids), np.float32), collection.answers.marked(Mark.NOT_MINE)
    labelled = _labelled(engine, named, collection.labels.class_ids()) if marked else None
    if labelled is None:
        return result
    background, _ = table.get(collection.photos.hashes(marked)[1])
    detector = BackgroundDetector.fit(background, labelled[1].features, labelled[1].classes, cancel)
    if detector is not None:
        for positions, features, _ in table.parts_along(photo_ids, named.model.novelty):
            result[positions] = detector.probabilities(features, cancel)
    return result


def _predicted(
    engine: Engine, model: Model, photo_ids: NDArray[np.int64], cancel: CancelToken
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return (N,) predicted class ids, `_NONE` for photos without an embedding, and (N,) float32 OOD scores."""
    meant = np.array(engine.collection.classes.meant_by(model.class_names), np.intp)
    classes, ood_score = np.full(len(photo_ids), _NONE), np.zeros(len(photo_ids), np.float32)
    for positions, features, coordinates in engine.features(model.backbone).parts_along(photo_ids, model.novelty):
        cancel.check()
        result = predict(model, features, coordinates)
        classes[positions], ood_score[positions] = meant[result.probabilities.argmax(axis=1)], result.ood_score
    return classes, ood_score


#: Ids of embedded photos, starter photos negative; and the photos.
_Sample = tuple[NDArray[np.int64], PhotoSample]


def _labelled(engine: Engine, named: NamedModel, labels: dict[int, int]) -> _Sample | None:
    """Sample the photos that a model learned from: the collection's labelled ones, the starter's, or both."""
    model, collection = named.model, engine.collection
    meant = collection.classes.meant_by(model.class_names)
    parts: list[_Sample] = []
    if named.id is not None:
        known = set(meant)
        learned, _ = collection.photos.by_hash(photo_id for photo_id, class_id in labels.items() if class_id in known)
        classes = np.array([labels[photo_id] for photo_id in learned.tolist()], np.intp)
        sample = spread_sample(classes, MOST_LABELLED, _SEED)
        own = _sample(engine, model, learned[sample], classes[sample])
        parts += [] if own is None else [own]
    if named.id is None or model.training.built_on_starter:
        base = starter()
        if base.model.backbone == model.backbone:
            of_starter = np.array(collection.classes.meant_by(base.model.class_names), np.intp)[base.targets]
            kept = spread_sample(of_starter, MOST_LABELLED, _SEED)
            features = base.features.take(kept)
            photos = PhotoSample(features, model.novelty.axes.project(features), of_starter[kept])
            parts.append((-1 - kept.astype(np.int64), photos))
    if not parts:
        return None
    ids = np.concatenate([each for each, _ in parts])
    return ids, _joined([photos for _, photos in parts])


def _sample(engine: Engine, model: Model, photo_ids: NDArray[np.int64], classes: NDArray[np.intp]) -> _Sample | None:
    """Read the features of photos; None if none is embedded."""
    parts = list(engine.features(model.backbone).parts_along(photo_ids, model.novelty))
    if not parts:
        return None
    positions = np.concatenate([part[0] for part in parts])
    order = np.argsort(positions)
    there = positions[order]
    photos = _joined([PhotoSample(features, along, classes[at]) for at, features, along in parts])
    ordered = PhotoSample(photos.features.take(order), photos.coordinates.take(order), classes[there])
    return photo_ids[there], ordered


def _joined(parts: list[PhotoSample]) -> PhotoSample:
    along = [part.coordinates for part in parts]
    coordinates = Coordinates(
        np.concatenate([each.projection for each in along]), np.concatenate([each.residual for each in along])
    )
    return PhotoSample(join([part.features for part in parts]), coordinates, np.concatenate([p.classes for p in parts]))
