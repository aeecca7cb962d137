"""Finds groups of photos outside the distribution of the labelled ones, after a folder was predicted.

`Engine.batch_novelty` keeps them while the collection is open, for the model they were found with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import is_tuned
from flowersorter.vision.classifier.batch_novelty import (
    LEAST,
    MOST_LABELLED,
    MOST_OTHERS,
    PhotoSample,
    TwoSampleClassifier,
    compare,
    flag_batch_novelty,
)
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.features.bursts import find_bursts
from flowersorter.vision.features.packed import join
from flowersorter.vision.features.pca import Coordinates, spread_sample
from flowersorter.workflows.models.current_model import NamedModel

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_SEED = 42
#: Where nothing was embedded.
_NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class NovelPhotos:
    """Photos outside the distribution of the labelled ones.

    Attributes:
        model: Key of the model they were found with.
        photo_ids: (M,) int64.
    """

    model: bytes
    photo_ids: NDArray[np.int64]


def novel_photos(engine: Engine, model: Model, photo_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (N,) bool, the photos known to be outside the distribution of a model's training photos."""
    found = engine.batch_novelty
    if found is None or found.model != model.novelty.key or not len(found.photo_ids):
        return np.zeros(len(photo_ids), np.bool_)
    return np.isin(photo_ids, found.photo_ids)


def apart_with(engine: Engine, photo_id: int) -> int:
    """Return the number of photos in the same new group as a photo; 0 for a photo in none."""
    found = engine.batch_novelty
    return 0 if found is None or photo_id not in found.photo_ids else len(found.photo_ids) - 1


def find_batch_novelty(engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64], cancel: CancelToken) -> bool:
    """Compare the unlabelled ones of some photos with the labelled ones, and store those outside their distribution.

    Args:
        engine: The collection with the photos and the labels; keeps the result.
        named: The model that predicted them. Only one trained on labels of this collection alone is compared, with a
            network that was not finetuned: the others would find every photo that is not in their training set.
        photo_ids: The photos that were predicted.
        cancel: Checked often.

    Returns:
        Whether the new groups have changed.

    Raises:
        Cancelled: asked to stop.
    """
    before = novel_photos(engine, named.model, photo_ids)
    apart = _apart(engine, named.model, photo_ids, cancel) if _comparable(named) else np.empty(0, np.int64)
    found, key = engine.batch_novelty, named.model.novelty.key
    if found is not None and found.model == key:  # the result for other folders stays
        apart = np.union1d(np.setdiff1d(found.photo_ids, photo_ids), apart)
    engine.batch_novelty = NovelPhotos(key, apart)
    return not np.array_equal(before, novel_photos(engine, named.model, photo_ids))


def _comparable(named: NamedModel) -> bool:
    model, training = named.model, named.model.training
    learned_here = named.id is not None and training.own_photos > 0 and not training.built_on_starter
    return learned_here and not is_tuned(model.backbone) and model.novelty.standardised


def _apart(engine: Engine, model: Model, photo_ids: NDArray[np.int64], cancel: CancelToken) -> NDArray[np.int64]:
    collection = engine.collection
    known = set(collection.classes.meant_by(model.class_names))
    labels = collection.labels.class_ids()
    learned, _ = collection.photos.by_hash(photo_id for photo_id, class_id in labels.items() if class_id in known)
    others, _ = collection.photos.by_hash(np.setdiff1d(photo_ids, np.fromiter(labels, np.int64, len(labels))))
    if min(len(others), len(learned)) < LEAST:
        return np.empty(0, np.int64)
    classes = np.array([labels[photo_id] for photo_id in learned.tolist()], np.intp)
    sample = spread_sample(classes, MOST_LABELLED, _SEED)
    guesses, ood_score = _guessed(engine, model, others, cancel)
    there = guesses != _NONE
    drawn = np.sort(np.random.default_rng(_SEED).permutation(np.flatnonzero(there))[:MOST_OTHERS])
    comparison = _compared(
        collection,
        _crowd(engine, model, learned[sample], classes[sample]),
        _crowd(engine, model, others[drawn], guesses[drawn]),
        cancel,
    )
    if comparison is None:
        return np.empty(0, np.int64)
    folds = np.arange(len(others)) % len(comparison.heads)  # to photos that were not drawn all heads are alike
    folds[drawn] = comparison.folds
    chance = np.ones(len(others))
    for positions, _, places in engine.features(model.backbone).parts_along(others, model.novelty):
        cancel.check()
        chance[positions] = comparison.chance(places, folds[positions])
    return np.asarray(others[there][flag_batch_novelty(chance[there], ood_score[there])], np.int64)


def _guessed(
    engine: Engine, model: Model, photo_ids: NDArray[np.int64], cancel: CancelToken
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """(N,) the class id each photo is taken for, `_NONE` where it is not embedded, and (N,) its unfamiliarity."""
    meant = np.array(engine.collection.classes.meant_by(model.class_names), np.intp)
    guesses, ood_score = np.full(len(photo_ids), _NONE), np.zeros(len(photo_ids), np.float32)
    for positions, features, places in engine.features(model.backbone).parts_along(photo_ids, model.novelty):
        cancel.check()
        said = predict(model, features, places)
        guesses[positions], ood_score[positions] = meant[said.probabilities.argmax(axis=1)], said.ood_score
    return guesses, ood_score


#: Photos that are embedded, and what is known of them.
_Known = tuple[NDArray[np.int64], PhotoSample]


def _crowd(engine: Engine, model: Model, photo_ids: NDArray[np.int64], classes: NDArray[np.intp]) -> _Known | None:
    parts = list(engine.features(model.backbone).parts_along(photo_ids, model.novelty))
    if not parts:
        return None
    positions = np.concatenate([part[0] for part in parts])
    order = np.argsort(positions)
    there = positions[order]
    features = join([part[1] for part in parts]).take(order)
    inside, outside = (
        np.concatenate([getattr(part[2], name) for part in parts]) for name in ("projection", "residual")
    )
    return photo_ids[there], PhotoSample(features, Coordinates(inside, outside).take(order), classes[there])


def _compared(
    collection: CollectionStore, labelled: _Known | None, others: _Known | None, cancel: CancelToken
) -> TwoSampleClassifier | None:
    if labelled is None or others is None:
        return None
    (labelled_ids, known), (other_ids, unknown) = labelled, others
    features, classes = join([known.features, unknown.features]), np.concatenate([known.classes, unknown.classes])
    bursts = find_bursts(features, classes, *collection.photos.moments(np.concatenate([labelled_ids, other_ids])))
    return compare(known, unknown, cancel, bursts)
