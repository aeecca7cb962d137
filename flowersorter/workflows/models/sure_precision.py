"""The target precision of the verdict *sure*, which the person chooses in Preferences."""

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
    """When another target precision applies to a model."""

    AT_ONCE = auto()
    TOO_FEW_PHOTOS = auto()  # never: its threshold could not be measured, so a cautious one is used
    NEXT_TRAINING = auto()  # an earlier version trained it with one fixed target


def sure_precision(engine: Engine) -> float:
    """Return the target precision of a collection, 0 to 1."""
    precision = engine.chosen_precision
    if precision is None:
        stored = engine.collection.settings.get(SURE_PRECISION)
        precision = engine.chosen_precision = stored if stored in SURE_PRECISIONS else DEFAULT_SURE_PRECISION
    return precision


def set_sure_precision(engine: Engine, precision: float) -> None:
    """Store another target precision. A model has a threshold for each of `SURE_PRECISIONS` since its training.

    A model of an earlier version without these thresholds stays as it is until the next training.

    Raises:
        ValueError: it is none of `SURE_PRECISIONS`.
    """
    if precision not in SURE_PRECISIONS:
        raise ValueError(f"{precision} is none of {SURE_PRECISIONS}")
    engine.collection.settings.set(SURE_PRECISION, precision)
    engine.chosen_precision = precision


def keeping_precision(engine: Engine, model: Model) -> Model:
    """Return a model whose threshold of *sure* keeps the target precision of a collection."""
    return replace(model, thresholds=model.thresholds.at_precision(sure_precision(engine)))


def following(model: Model) -> Following:
    """Say when another target precision applies to a model."""
    if model.thresholds.sure_at:
        return Following.AT_ONCE
    return Following.TOO_FEW_PHOTOS if model.thresholds == CAUTIOUS else Following.NEXT_TRAINING
