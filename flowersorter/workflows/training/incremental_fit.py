"""Fits heads for a collection incrementally: after a change of labels only the changed parts are computed again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.vision.classifier.training_state import RejectedPhotos
from flowersorter.workflows.labelling.planned_labels import KnownClasses
from flowersorter.workflows.models.finetuned_backbones import final_layer
from flowersorter.workflows.predicting.predict_cached import cached_features
from flowersorter.workflows.training.training_set import TrainingSet

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


def fit_for(
    engine: Engine,
    photos: TrainingSet,
    backbone: str,
    cancel: CancelToken,
    note: str = "",
    known: KnownClasses | None = None,
) -> Fitted:
    """Fit a head on labelled photos of a collection.

    On a network that was trained here the head stays near to the final layer that was trained with it: to the network
    the photos it learned from all look alike, and a head that only knew those would be worse than that layer
    (measured on six splits of 1,500 flowers: 93.2 % instead of 93.8 % right).

    Args:
        engine: Keeps the fit until it is closed.
        photos: The training photos.
        backbone: Whose features they are.
        cancel: Checked many times a second.
        note: Kept with the model.
        known: The classes there are; None: those of the collection.

    Raises:
        TooFewPhotos: fewer than two classes have photos.
        Cancelled: asked to stop.
    """
    prior = final_layer(engine, backbone, photos.class_names, known)
    examples = replace(photos.examples, rejected=rejected_photos(engine, photos, backbone, known))
    fitted = fit(examples, photos.class_names, backbone, cancel, note=note, last=engine.last_fit, prior=prior)
    engine.last_fit = fitted
    return fitted


def rejected_photos(
    engine: Engine, photos: TrainingSet, backbone: str, known: KnownClasses | None = None
) -> RejectedPhotos | None:
    """Read the photos without a label of which a person said that they do not show some of the classes.

    Args:
        engine: Of the collection with the answers and the embeddings.
        photos: The training photos, with the classes.
        backbone: Whose features they are.
        known: The classes there are; None: those of the collection.

    Returns:
        The photos in the order of their hashes; None where there are none.
    """
    collection = engine.collection
    rejected = collection.answers.rejected()
    if not rejected:
        return None
    found = [(known or collection.classes).find(name) for name in photos.class_names]
    outputs = np.array([0 if each is None else each.id for each in found])
    ids, hashes = collection.photos.by_hash(rejected)
    features, positions = cached_features(engine, backbone, hashes)
    classes = np.array([np.isin(outputs, list(rejected[at])) for at in ids[positions].tolist()], np.bool_)
    if not len(classes):
        return None
    usable = classes.any(axis=1) & ~classes.all(axis=1)
    return RejectedPhotos(features.take(usable), classes[usable]) if usable.any() else None
