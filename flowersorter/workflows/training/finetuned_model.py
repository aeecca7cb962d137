"""Stores a finetuned model, and makes it current if it is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.collection import CollectionStore
from flowersorter.messages import Text, text
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.evaluation.compare_models import LearnedPhotos
from flowersorter.workflows.labelling.planned_labels import PlannedLabels
from flowersorter.workflows.models.current_model import NamedModel, use_model
from flowersorter.workflows.models.training_overlap import came_from_elsewhere
from flowersorter.workflows.training.finetune_split import FinetuneSplit
from flowersorter.workflows.training.train import clearly_worse

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Least held-out photos to compare deep with plain training: with 25 a worse model passed as a better one.
#: About one photo in six is held out.
ENOUGH_TO_JUDGE, ENOUGH_LABELS = 50, 300


def not_better(photos: FinetuneSplit, training: LearnedPhotos, plain_right: NDArray[np.bool_]) -> Text | None:
    """Compare a trained network with plain training on the same held-out photos; None if it is better.

    Args:
        photos: The labelled photos.
        training: Held-out predictions with the trained network.
        plain_right: (H,) whether plain training gets each held-out photo right.
    """
    judged = np.flatnonzero(training.held_out >= 0)
    plain_ids = photos.photos.photo_ids[photos.held_out]
    _, at, plain_at = np.intersect1d(training.photo_ids[judged], plain_ids, return_indices=True)
    if len(at) < ENOUGH_TO_JUDGE:
        return text(
            "{held_out} held-out photos are too few to show that deep training helps: it needs {enough}, about "
            "{labels} labelled photos.",
            held_out=len(at),
            enough=ENOUGH_TO_JUDGE,
            labels=ENOUGH_LABELS,
        )
    right = training.held_out[judged[at]] == training.targets[judged[at]]
    deep, plain = int(right.sum()), int(plain_right[plain_at].sum())
    if deep > plain:
        return None
    return text(
        "Deep training does not help here: {deep} of {held_out} held-out photos right, {plain} without it.",
        deep=deep,
        held_out=len(at),
        plain=plain,
    )


def write_model(
    engine: Engine,
    labels: PlannedLabels | None,
    before: NamedModel | None,
    model: Model,
    training: LearnedPhotos,
    *,
    better: bool,
) -> tuple[int, tuple[str, ...], bool]:
    """Write the labels of the folder, if any, and the model, all or nothing.

    Returns:
        The model's number, the classes of the previous model that it does not know, and whether it is in use now.
    """
    collection = engine.collection
    arrays, metadata = model.to_bundle()
    imported = before is not None and came_from_elsewhere(before)
    with collection.database.transaction():
        if labels is not None:
            labels.write()
        lost = _lost_classes(collection, before, model)
        use = better and (labels is not None or not (lost or imported or _is_worse(before, model)))
        model_id = collection.models.add(arrays | training.arrays(), metadata)
        if use:
            use_model(engine, model_id)
    return model_id, lost, use


def _lost_classes(collection: CollectionStore, before: NamedModel | None, model: Model) -> tuple[str, ...]:
    """Classes of the collection that only the previous model knows; none if the two have no class in common."""
    if before is None:
        return ()
    entries = [collection.classes.find(name) for name in before.model.class_names]
    known = [entry.name for entry in entries if entry is not None]
    lost = tuple(name for name in known if name not in model.class_names)
    return lost if len(lost) < len(known) else ()


def _is_worse(before: NamedModel | None, model: Model) -> bool:
    if before is None or before.id is None:
        return False
    old, new = before.model.training, model.training
    return clearly_worse(new.held_out_accuracy, new.measured, old.held_out_accuracy, old.measured)
