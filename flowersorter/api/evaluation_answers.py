"""Results of the Python API about accuracy and doubtful labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.api.short_repr import short_repr

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.evaluation.evaluate import Evaluation
    from flowersorter.workflows.evaluation.label_errors import LabelErrorsResult


@dataclass(frozen=True, slots=True)
class ClassAccuracy:
    """How good the predictions of one class are.

    Attributes:
        photos: Number of its photos.
        recall: Fraction of its photos that are predicted as this class; None without photos.
        precision: Fraction of the photos predicted as this class that are of it; None if none is.
    """

    photos: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True, slots=True, repr=False)
class EvaluationReport:
    """How often a model is right.

    Attributes:
        photos: Number of photos measured.
        accuracy: Fraction of them predicted right, 0 to 1.
        interval: The 95 % interval of the accuracy.
        classes: The accuracy of each class by its name.
        confusion: Number of photos for (right class, predicted class), only those that occur.
        calibration_error: How far the confidence is off on average, 0 to 1.
        seen: Number of the photos that the model may have learned from.
        how: The kind of measurement, in words.
        unreadable: The photos that cannot be read, each with the reason.
    """

    photos: int
    accuracy: float
    interval: tuple[float, float]
    classes: Mapping[str, ClassAccuracy]
    confusion: Mapping[tuple[str, str], int]
    calibration_error: float
    seen: int
    how: str
    unreadable: Mapping[Path, str]

    def __repr__(self) -> str:
        low, high = self.interval
        counts = {"accuracy": f"{self.accuracy:.3f} ({low:.3f} to {high:.3f})", "classes": len(self.classes)}
        return short_repr(self, f"{self.photos} photos", {**counts, "unreadable": len(self.unreadable)})


@dataclass(frozen=True, slots=True)
class DoubtfulLabel:
    """A label that is probably wrong.

    Attributes:
        path: The photo.
        label: Its label.
        better: The class that suits it better.
        doubt: 0.5 to 1: how strongly that class is preferred to the label.
        like_label: The most similar photos with the same label.
        like_better: The most similar photos of the better class.
        also_at: Where the same photo is in the folder of the better class; None unless its folders contradict.
    """

    path: Path
    label: str
    better: str
    doubt: float
    like_label: tuple[Path, ...]
    like_better: tuple[Path, ...]
    also_at: Path | None


@dataclass(frozen=True, slots=True, repr=False)
class LabelErrorsReport:
    """The labels that are probably wrong.

    Attributes:
        errors: The worst first; photos in the folders of two classes before all.
        checked: Number of labels checked.
        kept: Number of labels that a person confirmed in the window's review, which are not among the errors.
        accuracy: Fraction of the labels that the models agree with, 0 to 1; None if none was checked.
        unmeasured: The classes that could not be checked, because none of their photos can be held out.
        too_early: Whether there are too few labels to doubt any; only contradicting folders are listed then.
    """

    errors: tuple[DoubtfulLabel, ...]
    checked: int
    kept: int
    accuracy: float | None
    unmeasured: tuple[str, ...]
    too_early: bool

    def __repr__(self) -> str:
        counts = {"errors": len(self.errors), "kept": self.kept, "not checked classes": len(self.unmeasured)}
        return short_repr(self, f"{self.checked} labels checked", counts)


def evaluation_of(measured: Evaluation) -> EvaluationReport:
    """Convert an evaluation to plain values."""
    names, counts = measured.class_names, measured.confusion.tolist()
    return EvaluationReport(
        photos=measured.photos,
        accuracy=measured.accuracy,
        interval=measured.interval,
        classes={
            name: ClassAccuracy(sum(counts[i]), _figure(measured.recall[i]), _figure(measured.precision[i]))
            for i, name in enumerate(names)
        },
        confusion={
            (name, predicted): counts[i][j]
            for i, name in enumerate(names)
            for j, predicted in enumerate(names)
            if counts[i][j]
        },
        calibration_error=measured.calibration_error,
        seen=measured.seen,
        how=str(measured.how),
        unreadable=dict(measured.unreadable),
    )


def label_errors_of(engine: Engine, result: LabelErrorsResult) -> LabelErrorsReport:
    """Convert doubtful labels to plain values."""
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    errors = tuple(
        DoubtfulLabel(
            path=each.path,
            label=names[each.class_id],
            better=names[each.better_id],
            doubt=each.doubt,
            like_label=tuple(alike.path for alike in each.like_label if alike.path is not None),
            like_better=tuple(alike.path for alike in each.like_better if alike.path is not None),
            also_at=each.also_at,
        )
        for each in result.doubts
    )
    unmeasured = tuple(each.name for each in result.unmeasured)
    return LabelErrorsReport(errors, result.checked, result.kept, result.accuracy, unmeasured, result.too_early)


def _figure(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
