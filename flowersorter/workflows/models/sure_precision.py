"""The promise of *sure*: how many of the photos that are called so must be right. It is the person's to choose."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION, SURE_PRECISIONS
from flowersorter.library.tables.settings import SURE_PRECISION
from flowersorter.vision.classifier.calibration import CAUTIOUS
from flowersorter.vision.classifier.model import Model

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


class Following(Enum):
    """Whether a model follows when another promise is asked for."""

    AT_ONCE = auto()
    TOO_FEW_PHOTOS = auto()  # to measure where *sure* begins: it is careful instead
    NEXT_TRAINING = auto()  # it was made before there was a choice


def sure_precision(engine: Engine) -> float:
    """The share of its *sure* photos that a collection's models are to have right."""
    precision = engine.chosen_precision
    if precision is None:
        stored = engine.collection.settings.get(SURE_PRECISION)
        precision = engine.chosen_precision = stored if stored in SURE_PRECISIONS else DEFAULT_SURE_PRECISION
    return precision


def set_sure_precision(engine: Engine, promise: float) -> None:
    """Ask for another promise; every model knows from its training where *sure* begins then.

    One from before there was a choice goes on as it is until the next training.

    Raises:
        ValueError: it is none of `SURE_PRECISIONS`.
    """
    if promise not in SURE_PRECISIONS:
        raise ValueError(f"{promise} is none of {SURE_PRECISIONS}")
    engine.collection.settings.set(SURE_PRECISION, promise)
    engine.chosen_precision = promise


def keeping_precision(engine: Engine, model: Model) -> Model:
    """The model as it answers with the promise of a collection."""
    return replace(model, thresholds=model.thresholds.promising(sure_precision(engine)))


def following(model: Model) -> Following:
    """Whether a model follows when another promise is asked for."""
    if model.thresholds.sure_at:
        return Following.AT_ONCE
    return Following.TOO_FEW_PHOTOS if model.thresholds == CAUTIOUS else Following.NEXT_TRAINING
