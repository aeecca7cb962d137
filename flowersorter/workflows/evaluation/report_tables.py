"""An evaluation as CSV tables: a line for each photo, and a line for each class."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np

from flowersorter.domain.place import Paths
from flowersorter.workflows.evaluation.evaluate import Evaluation

#: Spreadsheets run a cell that begins like this as a formula, whoever named the class or the file.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def photo_table(evaluation: Evaluation, paths: Paths) -> bytes:
    """One line a photo: path, what it is, what it was taken for, how sure that was.

    Args:
        evaluation: What was measured.
        paths: N paths in its order; "" for a photo that is nowhere at the moment.
    """
    names = evaluation.class_names
    columns = (evaluation.true.tolist(), evaluation.predicted.tolist(), evaluation.confidences.tolist())
    rows = (
        [_safe(path), _safe(names[true]), _safe(names[predicted]), f"{confidence:.4f}"]
        for path, true, predicted, confidence in zip(paths.names, *columns, strict=True)
    )
    return _written(["path", "true", "predicted", "confidence"], rows)


def class_table(evaluation: Evaluation) -> bytes:
    """One line a class: photos, recall, precision, and how many were suggested as each class."""
    names = evaluation.class_names
    rows = []
    for at, name in enumerate(names):
        counts = evaluation.confusion[at].tolist()
        scores = (_figure(float(evaluation.recall[at])), _figure(float(evaluation.precision[at])))
        rows.append([_safe(name), str(sum(counts)), *scores, *map(str, counts)])
    return _written(["class", "photos", "recall", "precision", *(f"suggested as {name}" for name in names)], rows)


def _written(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(head)
    table.writerows(rows)
    # Spreadsheets take UTF-8 for what it is only with the mark in front. Bytes of a name that are no text are escaped.
    return text.getvalue().encode("utf-8-sig", "backslashreplace")


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _figure(share: float) -> str:
    return "" if np.isnan(share) else f"{share:.4f}"
