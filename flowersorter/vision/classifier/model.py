"""A model: the trained head with its class names, calibration and OOD detector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import ModelFileBad
from flowersorter.messages import text
from flowersorter.vision.classifier.calibration import CAUTIOUS, CAUTIOUS_BEFORE, Thresholds
from flowersorter.vision.classifier.out_of_distribution import OodDetector, detector_of_references
from flowersorter.vision.features.imagenet_prior import IMAGENET_CLASSES
from flowersorter.vision.features.pca import PCA

FORMAT = 3
#: Stored features of training photos ("references") instead of principal subspaces.
_FORMAT_WITH_REFERENCES = 1
#: Stored one principal subspace of all photos instead of one per class.
_FORMAT_OF_DISTANCE = 2
_MAX_CLASSES = 10_000
_MAX_NAME_CHARS = 1_000
_MAX_PROMISES = 100


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """Data and held-out accuracy of a training.

    Attributes:
        photos: Labelled training photos, starter photos included.
        own_photos: Training photos of the person, on which accuracy is measured.
        held_out_accuracy: Out-of-fold accuracy on the person's photos, None if there were too few.
        built_on_starter: Whether starter photos were among the training photos.
        seed: Seed of the folds.
        note: Free text.
        origin: Source of the photos, for a model that ships with the program.
        memorised: Photos of the person the backbone itself was trained on (deep training): accuracy, temperature
            and thresholds come from the others alone.
        held_out: Photos of the person the accuracy was measured on; None in models of earlier versions.
    """

    photos: int
    own_photos: int
    held_out_accuracy: float | None = None
    built_on_starter: bool = False
    seed: int = 42
    note: str = ""
    origin: str = ""
    memorised: int = 0
    held_out: int | None = None

    @property
    def measured(self) -> int:
        """Number of photos the accuracy was measured on."""
        return self.own_photos - self.memorised if self.held_out is None else self.held_out


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A linear head on the features of one backbone.

    Attributes:
        class_names: C names, in the order of the head's rows.
        backbone: Name of the backbone of the features.
        weight: (C, D) float32.
        bias: (C,) float32.
        temperature: Divisor of the logits, from held-out photos.
        thresholds: Confidence of *sure* and *likely*.
        ood_detector: Detects photos of none of the classes.
        class_logits: (C, C) float32, mean calibrated logits of the held-out photos of each class; None if not known.
        training: Data and held-out accuracy.
    """

    class_names: tuple[str, ...]
    backbone: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float
    thresholds: Thresholds
    ood_detector: OodDetector
    class_logits: NDArray[np.float32] | None = None
    training: TrainingRecord = field(default_factory=lambda: TrainingRecord(photos=0, own_photos=0))

    @property
    def width(self) -> int:
        """D, length of the features."""
        return int(self.weight.shape[1])

    def to_bundle(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Serialise into arrays and JSON-ready metadata for the library."""
        arrays: dict[str, NDArray[Any]] = {
            "weight": self.weight,
            "bias": self.bias,
            "novelty_centre": self.ood_detector.axes.centre,
            "novelty_axes": self.ood_detector.axes.basis.astype(np.float16),
            "novelty_class_centres": self.ood_detector.centres,
            "novelty_class_axes": self.ood_detector.directions.astype(np.float16),
            "novelty_usual": self.ood_detector.reference,
            "novelty_typical": self.ood_detector.mean_std,
            "novelty_mix": self.ood_detector.weights,
        }
        if self.class_logits is not None:
            arrays["class_logits"] = self.class_logits
        metadata: dict[str, Any] = {
            "format": FORMAT,
            "backbone": self.backbone,
            "class_names": list(self.class_names),
            "temperature": self.temperature,
            "sure": self.thresholds.sure,
            "probable": self.thresholds.likely,
            "sure_at": [list(pair) for pair in self.thresholds.sure_at],
            "unfamiliarity": self.ood_detector.threshold,
            "familiar": self.ood_detector.familiar,
            "photos": self.training.photos,
            "own_photos": self.training.own_photos,
            "held_out_accuracy": self.training.held_out_accuracy,
            "built_on_starter": self.training.built_on_starter,
            "seed": self.training.seed,
            "note": self.training.note,
            "origin": self.training.origin,
            "memorised": self.training.memorised,
            "held_out": self.training.held_out,
        }
        return arrays, metadata

    @classmethod
    def from_bundle(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Model:
        """Deserialise the result of `to_bundle`.

        Raises:
            ModelFileBad: something is missing, of the wrong type or shape, or not finite.
        """
        try:
            return cls._checked(arrays, metadata)
        except (KeyError, TypeError, ValueError) as error:
            raise _bad(text("a part is missing or wrong ({error})", error=error)) from error

    @classmethod
    def _checked(cls, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Model:
        if metadata["format"] not in (FORMAT, _FORMAT_OF_DISTANCE, _FORMAT_WITH_REFERENCES):
            raise _bad(text("it was made by a newer version of the program"))
        names = tuple(metadata["class_names"])
        if not 0 < len(names) <= _MAX_CLASSES or len(set(names)) != len(names):
            raise _bad(text("its class names are missing, repeated or too many"))
        if not all(isinstance(name, str) and 0 < len(name) <= _MAX_NAME_CHARS for name in names):
            raise _bad(text("a class name is empty or too long"))
        weight = np.asarray(arrays["weight"], np.float32)
        bias = np.asarray(arrays["bias"], np.float32)
        if weight.ndim != 2 or bias.shape != (len(names),) or weight.shape[0] != len(names):
            raise _bad(text("its head does not fit its class names"))
        numbers = {key: float(metadata[key]) for key in ("temperature", "sure", "probable")}
        if not all(map(math.isfinite, numbers.values())) or numbers["temperature"] <= 0:
            raise _bad(text("a number in it is not finite"))
        if not all(np.isfinite(array).all() for array in (weight, bias)):
            raise _bad(text("a number in it is not finite"))
        accuracy = metadata.get("held_out_accuracy")
        thresholds = Thresholds(numbers["sure"], numbers["probable"], _sure_at(metadata))
        return cls(
            class_names=names,
            backbone=str(metadata["backbone"]),
            weight=weight,
            bias=bias,
            temperature=numbers["temperature"],
            thresholds=CAUTIOUS if thresholds == CAUTIOUS_BEFORE else thresholds,
            ood_detector=_ood_detector(arrays, metadata, *weight.shape),
            class_logits=_fitting(arrays, "class_logits", (len(names), len(names)))
            if "class_logits" in arrays
            else None,
            training=TrainingRecord(
                photos=int(metadata.get("photos", 0)),
                own_photos=int(metadata.get("own_photos", 0)),
                held_out_accuracy=None if accuracy is None else float(accuracy),
                built_on_starter=bool(metadata.get("built_on_starter", False)),
                seed=int(metadata.get("seed", 42)),
                note=str(metadata.get("note", "")),
                origin=str(metadata.get("origin", "")),
                memorised=int(metadata.get("memorised", 0)),
                held_out=None if metadata.get("held_out") is None else int(metadata["held_out"]),
            ),
        )


def _sure_at(metadata: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    """Read pairs of precision and confidence; models of the older formats have none."""
    pairs = tuple((float(precision), float(confidence)) for precision, confidence in metadata.get("sure_at", ()))
    if len(pairs) > _MAX_PROMISES or not all(map(math.isfinite, chain.from_iterable(pairs))):
        raise _bad(text("its target precisions are not numbers, or too many"))
    return pairs


def _ood_detector(
    arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any], classes: int, width: int
) -> OodDetector:
    """Read the OOD detector; that of format 1 is computed from its references."""
    if metadata["format"] == _FORMAT_WITH_REFERENCES:
        return detector_of_references(_fitting(arrays, "references", (None, width)), classes)
    threshold = float(metadata["unfamiliarity"])
    familiar = float(metadata.get("familiar", threshold))
    if not (math.isfinite(threshold) and math.isfinite(familiar)):
        raise _bad(text("a number in it is not finite"))
    centre = _fitting(arrays, "novelty_centre", (width,))
    basis = _fitting(arrays, "novelty_axes", (None, width))
    if metadata["format"] == _FORMAT_OF_DISTANCE:
        return OodDetector.of_distance(centre, basis, threshold, classes)
    rank = len(basis)
    mean_std = _fitting(arrays, "novelty_typical", (2, 3))
    if not (mean_std[1] > 0).all():
        raise _bad(text("its memory does not fit its head"))
    return OodDetector(
        axes=PCA(basis, centre),
        centres=_fitting(arrays, "novelty_class_centres", (classes, rank)),
        directions=_fitting(arrays, "novelty_class_axes", (classes, None, rank)),
        reference=_fitting(arrays, "novelty_usual", (IMAGENET_CLASSES,)),
        mean_std=mean_std,
        weights=_fitting(arrays, "novelty_mix", (3,)),
        threshold=threshold,
        familiar=familiar,
    )


def _fitting(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    """Read an array and check that it is finite and of a shape, where None matches any length."""
    array = np.asarray(arrays[name], np.float32)
    if array.ndim != len(shape) or any(want not in (None, has) for want, has in zip(shape, array.shape, strict=True)):
        raise _bad(text("its memory does not fit its head"))
    if not np.isfinite(array).all():
        raise _bad(text("a number in it is not finite"))
    return array


def _bad(why: str) -> ModelFileBad:
    return ModelFileBad(text("The model cannot be used"), why, text("Choose another model or train a new one"))
