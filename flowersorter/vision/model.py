"""A model: the trained head with its class names, calibration and memory of what it learned from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import ModelFileBad
from flowersorter.vision.calibrate import Thresholds
from flowersorter.vision.novelty import Novelty

FORMAT = 1
_MAX_CLASSES = 10_000
_MAX_NAME_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """How a model was made and how well it did.

    Attributes:
        photos: Labelled photos it learned from, starter photos included.
        own_photos: Those of the person: what accuracy is measured on.
        held_out_accuracy: Share of the person's photos that models which never saw them got right, None where
            there were too few to measure.
        built_on_starter: Whether the starter model's photos were part of it.
        seed: Fixed the folds and the choice of references.
        note: Free text.
        origin: Where the photos came from, for a model that ships with the program.
    """

    photos: int
    own_photos: int
    held_out_accuracy: float | None = None
    built_on_starter: bool = False
    seed: int = 42
    note: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A linear head on the features of one backbone.

    Attributes:
        class_names: C names, in the order of the head's rows.
        backbone: Name of the backbone whose features it reads.
        weight: (C, D) float32.
        bias: (C,) float32.
        temperature: Divisor of the logits, from held-out photos.
        thresholds: Where *sure* and *probable* begin.
        novelty: What it remembers to tell strangers.
        training: How it was made.
    """

    class_names: tuple[str, ...]
    backbone: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float
    thresholds: Thresholds
    novelty: Novelty
    training: TrainingRecord = field(default_factory=lambda: TrainingRecord(photos=0, own_photos=0))

    @property
    def width(self) -> int:
        """Length of the features it reads."""
        return int(self.weight.shape[1])

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score (N, D) float32 features; (N, C) float32, divided by the temperature."""
        return np.asarray((features @ self.weight.T + self.bias) / np.float32(self.temperature), np.float32)

    def to_bundle(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Take apart into arrays and JSON-ready metadata, as the library stores models."""
        arrays: dict[str, NDArray[Any]] = {
            "weight": self.weight,
            "bias": self.bias,
            "references": self.novelty.references,
        }
        metadata: dict[str, Any] = {
            "format": FORMAT,
            "backbone": self.backbone,
            "class_names": list(self.class_names),
            "temperature": self.temperature,
            "sure": self.thresholds.sure,
            "probable": self.thresholds.probable,
            "familiarity": self.novelty.threshold,
            "photos": self.training.photos,
            "own_photos": self.training.own_photos,
            "held_out_accuracy": self.training.held_out_accuracy,
            "built_on_starter": self.training.built_on_starter,
            "seed": self.training.seed,
            "note": self.training.note,
            "origin": self.training.origin,
        }
        return arrays, metadata

    @classmethod
    def from_bundle(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Model:
        """Put together what `to_bundle` took apart.

        Raises:
            ModelFileBad: something is missing, of the wrong type or shape, or not finite.
        """
        try:
            return cls._checked(arrays, metadata)
        except (KeyError, TypeError, ValueError) as error:
            raise _bad(f"a part is missing or wrong ({error})") from error

    @classmethod
    def _checked(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Model:
        if metadata["format"] != FORMAT:
            raise _bad("it was made by a newer version of the program")
        names = tuple(metadata["class_names"])
        if not 0 < len(names) <= _MAX_CLASSES or len(set(names)) != len(names):
            raise _bad("its class names are missing, repeated or too many")
        if not all(isinstance(name, str) and 0 < len(name) <= _MAX_NAME_CHARS for name in names):
            raise _bad("a class name is empty or too long")
        weight = np.asarray(arrays["weight"], np.float32)
        bias = np.asarray(arrays["bias"], np.float32)
        references = np.asarray(arrays["references"], np.float16)
        if weight.ndim != 2 or bias.shape != (len(names),) or weight.shape[0] != len(names):
            raise _bad("its head does not fit its class names")
        if references.ndim != 2 or references.shape[1] != weight.shape[1]:
            raise _bad("its memory does not fit its head")
        numbers = {key: float(metadata[key]) for key in ("temperature", "sure", "probable", "familiarity")}
        if not all(map(math.isfinite, numbers.values())) or numbers["temperature"] <= 0:
            raise _bad("a number in it is not finite")
        if not all(np.isfinite(array).all() for array in (weight, bias, references)):
            raise _bad("a number in it is not finite")
        accuracy = metadata.get("held_out_accuracy")
        return cls(
            class_names=names,
            backbone=str(metadata["backbone"]),
            weight=weight,
            bias=bias,
            temperature=numbers["temperature"],
            thresholds=Thresholds(sure=numbers["sure"], probable=numbers["probable"]),
            novelty=Novelty(references, numbers["familiarity"]),
            training=TrainingRecord(
                photos=int(metadata.get("photos", 0)),
                own_photos=int(metadata.get("own_photos", 0)),
                held_out_accuracy=None if accuracy is None else float(accuracy),
                built_on_starter=bool(metadata.get("built_on_starter", False)),
                seed=int(metadata.get("seed", 42)),
                note=str(metadata.get("note", "")),
                origin=str(metadata.get("origin", "")),
            ),
        )


def _bad(why: str) -> ModelFileBad:
    return ModelFileBad("The model cannot be used", why, "Choose another model or train a new one")
