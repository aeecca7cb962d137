"""Validates an imported model file: checks every part of it, and ignores the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import ClassRefused, ModelFileBad, UserError
from flowersorter.library.tables.class_names import class_key, validated_name
from flowersorter.messages import text
from flowersorter.vision.backbone.registry import backbone as backbone_named
from flowersorter.vision.classifier.model import Model, TrainingRecord

#: Limits of the number of classes, and of stored photos or directions.
_MAX_ROWS = 10_000
#: Limits of the directions of all classes together, and of the numbers in one array.
_MAX_DIRECTIONS, _MAX_NUMBERS = 100_000, 40_000_000
#: Weights of a head are below 100; with numbers above this its scores could leave the range of a float32.
_LARGEST = 1e4
_MAX_TEXT_CHARS = 500
_MAX_PHOTOS = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class ValidatedModel:
    """A validated model, and the claims of its author.

    Attributes:
        model: The model, without the figures of its author.
        photos: Number of training photos, according to its author.
        accuracy: Its held-out accuracy, 0 to 1, according to its author; None if not stated.
        note: The note of its author.
    """

    model: Model
    photos: int
    accuracy: float | None
    note: str


def validate_import(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> ValidatedModel:
    """Check the parts of a model file as `library.models.safetensors_bundle.read_bundle` reads it.

    Raises:
        ModelFileBad: a part of it is not that of a model; ``why`` is a sentence for the person.
    """
    _check_metadata(metadata)
    _check_names(metadata["class_names"])
    _check_arrays(arrays)
    _check_directions(arrays, len(metadata["class_names"]))
    with np.errstate(all="ignore"):  # an overflow is not finite, and refused for that reason
        model = Model.from_bundle(arrays, metadata)
    kept, _ = model.to_bundle()
    if any(name in arrays and arrays[name].dtype != array.dtype for name, array in kept.items()):
        raise _bad(text("its numbers are of another kind than a model's"))
    _check_backbone(model)
    said = model.training
    ours = TrainingRecord(photos=0, own_photos=0, built_on_starter=said.built_on_starter, origin=_one_line(said.origin))
    return ValidatedModel(replace(model, training=ours), said.photos, said.held_out_accuracy, _one_line(said.note))


def _is_number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MAX_PHOTOS


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


#: The metadata that `Model.to_bundle` writes; any other is dropped.
_NEEDED: dict[str, Callable[[Any], bool]] = {
    "format": lambda value: type(value) is int,
    "backbone": _is_text,
    "class_names": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "temperature": _is_number(0.01, 100),
    "sure": _is_number(0, 2),
    "probable": _is_number(0, 2),
    "photos": _is_count,
    "own_photos": _is_count,
    "held_out_accuracy": lambda value: value is None or _is_number(0, 1)(value),
    "built_on_starter": lambda value: type(value) is bool,
    "seed": lambda value: type(value) is int,
    "note": _is_text,
    "origin": _is_text,
}


def _check_metadata(metadata: Mapping[str, Any]) -> None:
    for key, is_right in _NEEDED.items():
        if key not in metadata:
            raise _bad(text("its description lacks “{key}”", key=key))
        if not is_right(metadata[key]):
            raise _bad(text("“{key}” in its description is not what it should be", key=key))


def _check_names(names: list[str]) -> None:
    if len(names) < 2:
        raise _bad(text("it has fewer than two classes"))
    if len(names) > _MAX_ROWS:
        raise _bad(text("it has too many classes"))
    for name in names:
        try:
            kept = validated_name(name)
        except ClassRefused as error:
            raise _bad(
                text("one of its classes has a name that cannot be used ({reason})", reason=error.why or "it is empty")
            ) from error
        if kept != name:
            raise _bad(text("a class name begins or ends with a space"))
    if len({class_key(name) for name in names}) < len(names):
        raise _bad(text("two of its classes have the same name"))


def _check_arrays(arrays: Mapping[str, NDArray[Any]]) -> None:
    for array in arrays.values():
        if len(array.shape) > 3 or array.size > _MAX_NUMBERS or (array.ndim and len(array) > _MAX_ROWS):
            raise _bad(text("it holds more than a model needs"))
        if array.dtype.kind == "f" and not (np.abs(array) <= _LARGEST).all():
            raise _bad(text("a number in it is too large or none at all"))


def _check_directions(arrays: Mapping[str, NDArray[Any]], classes: int) -> None:
    """Limit the memory that a small file can expand to: formats before the third share their axes."""
    axes = len(arrays["novelty_axes"]) if "novelty_axes" in arrays and arrays["novelty_axes"].ndim else 0
    own = arrays.get("novelty_class_axes")
    directions = classes * (axes if own is None or own.ndim < 2 else own.shape[1])
    if directions > _MAX_DIRECTIONS or directions * axes > _MAX_NUMBERS:
        raise _bad(text("it holds more than a model needs"))


def _check_backbone(model: Model) -> None:
    try:
        entry = backbone_named(model.backbone)
    except UserError as error:
        name = _one_line(model.backbone)[:60]
        raise _bad(
            text("it was made for the backbone “{name}”, which is not known here ({hint})", name=name, hint=error.hint)
        ) from error
    if model.width != entry.features:
        raise _bad(
            text(
                "it is {width} numbers wide, but {entry} gives {features}",
                width=model.width,
                entry=entry.title,
                features=entry.features,
            )
        )


def _one_line(text: str) -> str:
    """Shorten untrusted text to one line, without control characters for a terminal."""
    short = text[:_MAX_TEXT_CHARS]
    return "".join(c if c.isprintable() else " " for c in short).strip()


def _bad(why: str) -> ModelFileBad:
    return ModelFileBad(text("The model cannot be used"), why)
