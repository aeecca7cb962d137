"""Fits heads for a collection incrementally: after a change of labels only the changed parts are computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.workflows.labelling.planned_labels import KnownClasses
from flowersorter.workflows.models.finetuned_backbones import final_layer
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
    fitted = fit(photos.examples, photos.class_names, backbone, cancel, note=note, last=engine.last_fit, prior=prior)
    engine.last_fit = fitted
    return fitted
