"""The held-out prediction of each labelled photo: the source of the accuracy in every verb and dialog.

Training stores them with the model. While the labels are those of the model in use, they are read from its file: a new
fit may have another warm start and other folds, and get a few more or fewer photos right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.classifier.fit import Fitted
from flowersorter.workflows.evaluation.compare_models import LearnedPhotos
from flowersorter.workflows.models.current_model import model_for
from flowersorter.workflows.models.training_overlap import came_from_elsewhere
from flowersorter.workflows.training.training_set import TrainingSet

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutLabels:
    """M labelled photos, each predicted by a model that was not trained on it.

    Attributes:
        rows: (M,) rows of the training set.
        targets: (M,) their classes in it.
        predicted: (M,) the predicted ones.
        confidences: (M,) float32, calibrated.
        in_use: Whether the predictions are those stored with the model in use.
    """

    rows: NDArray[np.intp]
    targets: NDArray[np.intp]
    predicted: NDArray[np.intp]
    confidences: NDArray[np.float32]
    in_use: bool

    @property
    def right(self) -> NDArray[np.bool_]:
        """(M,) whether each prediction is right."""
        return np.asarray(self.predicted == self.targets, np.bool_)


def held_out_labels(engine: Engine, photos: TrainingSet, fitted: Fitted, backbone: str) -> HeldOutLabels:
    """Return the held-out predictions of the model in use if it was trained on these labels, else those of a fit.

    Args:
        engine: The collection with the model.
        photos: The labelled photos.
        fitted: A fit of them.
        backbone: Name of its backbone.
    """
    fresh = LearnedPhotos.of(photos, fitted)
    stored = _stored(engine, fresh, photos.class_names, backbone)
    learned = fresh if stored is None else stored
    own = np.flatnonzero(photos.own)
    there = learned.held_out >= 0
    rows = own[np.argsort(photos.photo_ids[own])][there]
    return HeldOutLabels(
        rows,
        photos.targets[rows],
        learned.held_out[there].astype(np.intp),
        learned.confidences[there],
        in_use=stored is not None,
    )


def _stored(engine: Engine, fresh: LearnedPhotos, class_names: Sequence[str], backbone: str) -> LearnedPhotos | None:
    """Read the predictions of the model in use, as indices of these classes; None if it was trained on others."""
    collection, named = engine.collection, model_for(engine, backbone)
    if named is None or named.id is None or came_from_elsewhere(named):
        return None
    stored = LearnedPhotos.from_arrays(collection.models.load(named.id)[0])
    number_of = {class_id: number for number, class_id in enumerate(collection.classes.meant_by(class_names))}
    meant = collection.classes.meant_by(named.model.class_names)
    predicted = stored.held_out >= 0
    if set(meant) != number_of.keys() or not stored.confidences[predicted].all():
        return None
    numbers = np.array([number_of[class_id] for class_id in meant], np.int32)
    learned = numbers[stored.targets]
    if not (np.array_equal(stored.photo_ids, fresh.photo_ids) and np.array_equal(learned, fresh.targets)):
        return None
    held_out = np.where(predicted, numbers[stored.held_out], stored.held_out)
    return replace(stored, targets=learned, held_out=held_out)
