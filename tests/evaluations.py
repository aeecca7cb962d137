"""An evaluation of ten photos and a learning curve, small enough to count by hand."""

from __future__ import annotations

import numpy as np

from flowersorter.domain.figures import wilson_interval
from flowersorter.vision.classifier.metrics import (
    calibration_bins,
    confusion_matrix,
    expected_calibration_error,
    precision,
    recall,
)
from flowersorter.workflows.evaluation.evaluate import Evaluation
from flowersorter.workflows.evaluation.learning_curve import LearningCurve, LearningPoint

TRUE = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
PREDICTED = [0, 0, 0, 1, 1, 1, 2, 1, 1, 2]
#: Six right ones, four wrong ones; 0.95 twice, 0.85 four times, 0.55 three times, 0.35 once.
CONFIDENCES = [0.95, 0.85, 0.85, 0.55, 0.85, 0.55, 0.55, 0.85, 0.35, 0.95]
NAMES = ("daisy", "roses", "tulips")


def evaluation(classes: int = 3, names: tuple[str, ...] = NAMES) -> Evaluation:
    """Ten photos, six right; place ids from 101 on, the last photo nowhere; further classes have no photos."""
    true, predicted = np.array(TRUE, np.intp), np.array(PREDICTED, np.intp)
    confidences = np.array(CONFIDENCES, np.float32)
    right = true == predicted
    confusion, bins = confusion_matrix(true, predicted, classes), calibration_bins(confidences, right)
    places = np.arange(101, 111, dtype=np.int64)
    places[-1] = 0
    return Evaluation(
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(right)),
        class_ids=tuple(range(1, classes + 1)),
        class_names=(*names, *(f"a class with a long name {number}" for number in range(3, classes))),
        confusion=confusion,
        recall=recall(confusion),
        precision=precision(confusion),
        calibration_error=expected_calibration_error(bins),
        bins=bins,
        photo_ids=np.arange(1, 11, dtype=np.int64),
        place_ids=places,
        true=true,
        predicted=predicted,
        confidences=confidences,
        seen=0,
        how="10 photos with a label",
    )


def learning_points(*accuracies: float, with_starter: bool = False) -> LearningCurve:
    """A curve measured on 100 photos with 1, 10, 100 ... of each class; the wrong ones are the first places."""
    points = [
        LearningPoint(
            10.0**at, 100, round(100 * each), each - 0.05, min(1, each + 0.05), np.arange(1, 101 - round(100 * each))
        )
        for at, each in enumerate(accuracies)
    ]
    return LearningCurve(tuple(points), 5, with_starter)
