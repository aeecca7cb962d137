"""Photos of none of the classes: how many a folder has, and how probable each is.

`Engine.unknown_photos` keeps the probabilities while the collection is open, for the model they were found with.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_values import replaced, value_of
from flowersorter.domain.place import Places
from flowersorter.jobs import CancelToken
from flowersorter.vision.backbone.registry import is_tuned
from flowersorter.vision.classifier.background import BackgroundDetector
from flowersorter.vision.classifier.batch_novelty import (
    LEAST,
    MOST_OTHERS,
    compare,
)
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN, UNKNOWN
from flowersorter.vision.classifier.unknown_share import unknown_beside, unknown_probabilities
from flowersorter.vision.features.bursts import find_bursts
from flowersorter.vision.features.packed import join
from flowersorter.workflows.models.current_model import NamedModel
from flowersorter.workflows.predicting.photo_samples import (
    NO_CLASS,
    SEED,
    FolderPhotos,
    output_class_ids,
    photo_sample,
    predicted_classes,
)

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: So many times as many photos as the last time are worth another estimate of all of them.
_GROWN = 1 + 1 / 32


def unknown_probability(engine: Engine, model: Model, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the (N,) float32 probabilities of photos to be of none of the classes; 0 if not estimated."""
    return value_of(engine.unknown_photos, model.novelty.key, photo_ids, 0)


def unknown_with(engine: Engine, named: NamedModel, photo_id: int, folder: Path) -> int:
    """Count the other photos of a folder that are unknown together with one, without an answer; 0 if that is not."""
    photo_ids = FolderPhotos(engine, named, engine.collection.photos.ids_under(folder)).unlabelled
    unknown = photo_ids[unknown_probability(engine, named.model, photo_ids) > UNKNOWN]
    return len(unknown) - 1 if photo_id in unknown else 0


def find_unknown_photos(folder: FolderPhotos, cancel: CancelToken) -> bool:
    """Estimate which photos without a label are of none of the classes, and remember it in the engine.

    Their OOD scores show how many they are. Where the labelled photos are at hand they are compared with them too.

    Args:
        folder: The photos, and the model that predicted them. With a finetuned backbone nothing is estimated: it has
            memorised the labelled photos.
        cancel: Checked often.

    Returns:
        Whether a probability changed.

    Raises:
        Cancelled: a stop was requested.
    """
    engine, model, wanted = folder.engine, folder.named.model, folder.wanted
    before = unknown_probability(engine, model, wanted)
    ids, found = np.empty(0, np.int64), np.empty(0, np.float32)
    if can_estimate(model):
        ids, found = _estimate(folder, cancel)
        found = np.maximum(found, _like_background(folder, ids, cancel))
    _remember(engine, model, wanted, ids, found)
    return not np.array_equal(before, unknown_probability(engine, model, wanted))


class RunningEstimate:
    """Estimates the unknown photos of a folder while it is read, block by block, from their OOD scores alone.

    All photos are estimated again when there are `_GROWN` times as many, so that the time for a photo does not grow
    with the folder; until then new photos are estimated beside the others.

    Args:
        engine: Of the collection with the photos; keeps the result.
        named: The model that predicts the photos; None estimates nothing.
    """

    def __init__(self, engine: Engine, named: NamedModel | None) -> None:
        self._engine = engine
        self._model = named.model if named is not None and can_estimate(named.model) else None
        self._class_ids = np.empty(0, np.intp) if self._model is None else output_class_ids(engine, self._model)
        self._not_mine = [] if self._model is None else engine.collection.answers.marked(Mark.NOT_MINE)
        self._ids, self._scores = np.empty(0, np.int64), np.empty(0, np.float32)
        self._found, self._levels = np.empty(0, np.float32), np.empty(0, np.intp)  # of all photos at the last time
        self._places = np.empty((2, 0), np.int64)  # photo id and place id of each place

    def add(self, places: Places, cancel: CancelToken) -> Places:
        """Add photos that were read.

        Args:
            places: Their places; those that are labelled, *not mine* or without an embedding are left out.
            cancel: Checked often.

        Returns:
            Places added before, of photos that are now more or less probably unknown.

        Raises:
            Cancelled: a stop was requested.
        """
        if self._model is None:
            return Places.of(())
        photo_ids = places.known_photo_ids
        answered = [*self._engine.collection.labels.get(photo_ids), *self._not_mine]
        new = photo_ids[~np.isin(photo_ids, self._ids) & ~np.isin(photo_ids, answered)]
        classes, scores = predicted_classes(self._engine, self._model, new, self._class_ids, cancel)
        there = classes != NO_CLASS
        new, scores = new[there], scores[there]
        self._ids, self._scores = np.append(self._ids, new), np.append(self._scores, scores)
        changed = np.empty(0, np.int64)
        if len(self._ids) < _GROWN * len(self._found):
            _remember(self._engine, self._model, new, new, unknown_beside(scores, self._found))
        elif len(new):
            changed = self._estimate_again(self._model)
        before, self._places = self._places, np.hstack([self._places, [places.photo_ids, places.ids]])
        changed_places = before[1, np.isin(before[0], changed)]
        return self._engine.collection.photos.places(changed_places) if len(changed_places) else Places.of(())

    def _estimate_again(self, model: Model) -> NDArray[np.int64]:
        """Estimate all photos; returns those that are more or less probably unknown than the last time."""
        last, known = self._levels, len(self._levels)
        self._found = unknown_probabilities(self._scores)
        self._levels = np.searchsorted([MAYBE_UNKNOWN, UNKNOWN], self._found)
        _remember(self._engine, model, self._ids, self._ids, self._found)
        return self._ids[:known][self._levels[:known] != last]


def can_estimate(model: Model) -> bool:
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
    engine.unknown_photos = replaced(engine.unknown_photos, model.novelty.key, wanted, ids, found)


def _estimate(folder: FolderPhotos, cancel: CancelToken) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return (M,) the embedded photos without a label, and (M,) float32 their probabilities."""
    engine, model = folder.engine, folder.named.model
    others, _ = engine.collection.photos.by_hash(folder.unlabelled)
    classes, ood_score = predicted_classes(engine, model, others, folder.class_ids, cancel)
    there = classes != NO_CLASS
    others, classes, ood_score = others[there], classes[there], ood_score[there]
    if not len(others):
        return others, ood_score
    return others, unknown_probabilities(ood_score, _unlikeness(folder, others, classes, cancel))


def _unlikeness(
    folder: FolderPhotos, others: NDArray[np.int64], classes: NDArray[np.intp], cancel: CancelToken
) -> NDArray[np.float32] | None:
    """Compare (N,) photos of these predicted class ids with the labelled ones; None if there are too few of either."""
    engine, model, labelled = folder.engine, folder.named.model, folder.labelled
    if labelled is None or min(len(labelled[1]), len(others)) < LEAST:
        return None
    drawn = np.sort(np.random.default_rng(SEED).permutation(len(others))[:MOST_OTHERS])
    unlabelled = photo_sample(engine, model, others[drawn], classes[drawn])
    if unlabelled is None:
        return None
    (labelled_ids, known), (other_ids, unknown) = labelled, unlabelled
    features, both = join([known.features, unknown.features]), np.concatenate([known.classes, unknown.classes])
    bursts = find_bursts(features, both, *engine.collection.photos.moments(np.concatenate([labelled_ids, other_ids])))
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


def _like_background(folder: FolderPhotos, photo_ids: NDArray[np.int64], cancel: CancelToken) -> NDArray[np.float32]:
    """Return (N,) float32 probabilities of photos to be like those that the person called not mine."""
    collection, model = folder.engine.collection, folder.named.model
    result = np.zeros(len(photo_ids), np.float32)
    labelled = folder.labelled if folder.not_mine else None
    if labelled is None:
        return result
    table, known = folder.engine.features(model.backbone), labelled[1]
    background, _ = table.get(collection.photos.hashes(folder.not_mine)[1])
    detector = BackgroundDetector.fit(background, known.features, known.classes, cancel)
    if detector is not None:
        for positions, features, _ in table.parts_along(photo_ids, model.novelty):
            result[positions] = detector.probabilities(features, cancel)
    return result
