"""The promise of *sure*: how many of the photos that are called so must be right. It is the person's to choose."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from weakref import WeakKeyDictionary

from flowersorter.library.collection import Garden
from flowersorter.vision.classifier.calibration import CAUTIOUS, PROMISES, SURE_PROMISE
from flowersorter.vision.classifier.model import Model

__all__ = ["PROMISES", "SURE_PROMISE", "Following", "following", "keeping_promise", "set_sure_promise", "sure_promise"]

_KEY = "sure_promise"
#: The promise of each open garden: its models are asked for with every block of photos.
_asked_for: WeakKeyDictionary[Garden, float] = WeakKeyDictionary()


class Following(Enum):
    """Whether a model follows when another promise is asked for."""

    AT_ONCE = auto()
    TOO_FEW_PHOTOS = auto()  # to measure where *sure* begins: it is careful instead
    NEXT_TRAINING = auto()  # it was made before there was a choice


def sure_promise(garden: Garden) -> float:
    """The share of its *sure* photos that a garden's models are to have right."""
    promise = _asked_for.get(garden)
    if promise is None:
        stored = garden.settings.get(_KEY, SURE_PROMISE)
        promise = _asked_for[garden] = stored if stored in PROMISES else SURE_PROMISE
    return promise


def set_sure_promise(garden: Garden, promise: float) -> None:
    """Ask for another promise; every model knows from its training where *sure* begins then.

    One from before there was a choice goes on as it is until the next training.

    Raises:
        ValueError: it is none of `PROMISES`.
    """
    if promise not in PROMISES:
        raise ValueError(f"{promise} is none of {PROMISES}")
    garden.settings.set(_KEY, promise)
    _asked_for[garden] = promise


def keeping_promise(garden: Garden, model: Model) -> Model:
    """The model as it answers with the promise of a garden."""
    return replace(model, thresholds=model.thresholds.promising(sure_promise(garden)))


def following(model: Model) -> Following:
    """Whether a model follows when another promise is asked for."""
    if model.thresholds.sure_at:
        return Following.AT_ONCE
    return Following.TOO_FEW_PHOTOS if model.thresholds == CAUTIOUS else Following.NEXT_TRAINING
