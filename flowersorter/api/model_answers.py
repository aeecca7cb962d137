"""Results of the Python API about models: trainings, and the models of a collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowersorter.library.collection import CollectionStore


@dataclass(frozen=True, slots=True)
class Training:
    """The result of a training.

    Attributes:
        model: Number of the new model.
        classes: Its classes.
        photos: Number of labelled photos it was trained on.
        accuracy: Cross-validated accuracy on these photos, 0 to 1; None if there are too few to measure it.
        made_current: Whether the collection uses it now; if not, pass its number to `Collection.use_model` to use it.
        starter_classes: The starter's classes that stay beside new ones without a label of their own.
        validated: Number of photos in "val" of a data set; `validated_right`: how many of these it gets right.
        empty_classes: The class folders in which no photo could be read.
    """

    model: int
    classes: tuple[str, ...]
    photos: int
    accuracy: float | None
    made_current: bool
    starter_classes: tuple[str, ...] = ()
    validated: int = 0
    validated_right: int = 0
    empty_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model of a collection.

    Attributes:
        number: For `Collection.use_model`; None is the starter model.
        current: Whether the collection uses it.
        classes: Its classes, in the order of its outputs.
        backbone: Name of its network.
        photos: Number of photos it was trained on.
        accuracy: Held-out accuracy, 0 to 1; None where it was not measured here.
        created_at: ISO 8601 in UTC; "" for the starter model.
        note: Free text.
    """

    number: int | None
    current: bool
    classes: tuple[str, ...]
    backbone: str
    photos: int
    accuracy: float | None
    created_at: str
    note: str


def model_infos(collection: CollectionStore) -> tuple[ModelInfo, ...]:
    """List the models of a collection in plain values, newest first, the starter model last."""
    from flowersorter.workflows.models.current_model import list_models, starter

    own = tuple(
        ModelInfo(
            number=entry.id,
            current=entry.current,
            classes=entry.classes,
            backbone=entry.backbone,
            photos=entry.photos,
            accuracy=entry.held_out_accuracy,
            created_at=entry.created_at,
            note=entry.note,
        )
        for entry in list_models(collection)
    )
    shipped = starter().model
    return (
        *own,
        ModelInfo(
            number=None,
            current=collection.models.current() is None,
            classes=shipped.class_names,
            backbone=shipped.backbone,
            photos=shipped.training.photos,
            accuracy=shipped.training.held_out_accuracy,
            created_at="",
            note=shipped.training.note,
        ),
    )
