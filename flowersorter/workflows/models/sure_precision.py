"""The promise of *sure*: how many of the photos that are called so must be right. It is the person's to choose."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from weakref import WeakKeyDictionary

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION, SURE_PRECISIONS
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import SURE_PRECISION
from flowersorter.vision.classifier.calibration import CAUTIOUS
from flowersorter.vision.classifier.model import Model

#: The promise of each open collection: its models are asked for with every block of photos.
_asked_for: WeakKeyDictionary[CollectionStore, float] = WeakKeyDictionary()


class Following(Enum):
    """Whether a model follows when another promise is asked for."""

    AT_ONCE = auto()
    TOO_FEW_PHOTOS = auto()  # to measure where *sure* begins: it is careful instead
    NEXT_TRAINING = auto()  # it was made before there was a choice


def sure_precision(collection: CollectionStore) -> float:
    """The share of its *sure* photos that a collection's models are to have right."""
    promise = _asked_for.get(collection)
    if promise is None:
        stored = collection.settings.get(SURE_PRECISION)
        promise = _asked_for[collection] = stored if stored in SURE_PRECISIONS else DEFAULT_SURE_PRECISION
    return promise


def set_sure_precision(collection: CollectionStore, promise: float) -> None:
    """Ask for another promise; every model knows from its training where *sure* begins then.

    One from before there was a choice goes on as it is until the next training.

    Raises:
        ValueError: it is none of `SURE_PRECISIONS`.
    """
    if promise not in SURE_PRECISIONS:
        raise ValueError(f"{promise} is none of {SURE_PRECISIONS}")
    collection.settings.set(SURE_PRECISION, promise)
    _asked_for[collection] = promise


def keeping_precision(collection: CollectionStore, model: Model) -> Model:
    """The model as it answers with the promise of a collection."""
    return replace(model, thresholds=model.thresholds.promising(sure_precision(collection)))


def following(model: Model) -> Following:
    """Whether a model follows when another promise is asked for."""
    if model.thresholds.sure_at:
        return Following.AT_ONCE
    return Following.TOO_FEW_PHOTOS if model.thresholds == CAUTIOUS else Following.NEXT_TRAINING
