"""Writes an evaluation as CSV tables: a line for each photo, and a line for each class."""

from __future__ import annotations

import numpy as np

from flowersorter.domain.place import Paths
from flowersorter.workflows.csv_table import Cell, csv_bytes
from flowersorter.workflows.evaluation.evaluate import Evaluation


def photo_table(evaluation: Evaluation, paths: Paths) -> bytes:
    """One line a photo: path, class, predicted class, confidence.

    Args:
        evaluation: The evaluation.
        paths: N paths in its order; "" for a photo whose file is missing.
    """
    names = evaluation.class_names
    columns = (evaluation.true.tolist(), evaluation.predicted.tolist(), evaluation.confidences.tolist())
    rows = (
        [path, names[true], names[predicted], confidence]
        for path, true, predicted, confidence in zip(paths.names, *columns, strict=True)
    )
    return csv_bytes(["path", "true", "predicted", "confidence"], rows)


def class_table(evaluation: Evaluation) -> bytes:
    """One line a class: photos, recall, precision, and how many were suggested as each class."""
    names = evaluation.class_names
    rows: list[list[Cell]] = []
    for at, name in enumerate(names):
        counts = evaluation.confusion[at].tolist()
        scores = (_figure(float(evaluation.recall[at])), _figure(float(evaluation.precision[at])))
        rows.append([name, sum(counts), *scores, *counts])
    return csv_bytes(["class", "photos", "recall", "precision", *(f"suggested as {name}" for name in names)], rows)


def _figure(share: float) -> float | None:
    return None if np.isnan(share) else share
