"""Fits for a collection, each starting from the last one: after a correction only what changed is worked out again."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.workflows.labelling.planned_labels import KnownClasses
from flowersorter.workflows.models.finetuned_backbones import final_layer
from flowersorter.workflows.training.training_set import TrainingSet

#: The last fit of each open collection. It holds the labelled photos in principal axes: a kilobyte each.
_last: WeakKeyDictionary[CollectionStore, Fitted] = WeakKeyDictionary()


def fit_for(
    collection: CollectionStore,
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
        collection: Remembers the fit until it is closed.
        photos: What to learn from.
        backbone: Whose features they are.
        cancel: Looked at many times a second.
        note: Kept with the model.
        known: The classes there are; None: those of the collection.

    Raises:
        TooFewPhotos: fewer than two classes have photos.
        Cancelled: asked to stop.
    """
    prior = final_layer(collection, backbone, photos.class_names, known)
    fitted = fit(
        photos.examples, photos.class_names, backbone, cancel, note=note, last=_last.get(collection), prior=prior
    )
    _last[collection] = fitted
    return fitted
