"""Fabricated rows, classes and stub networks for the tests of the window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtGui import QColor, QImage

from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.workers.thumbnail_pool import Wanted

LOOKS = {1: ClassLook("daisy", "#e69f00"), 2: ClassLook("roses", "#009e73"), 3: ClassLook("tulips", "#0072b2")}


def rows(count: int, *, first: int = 1, folder: str = "/photos") -> PhotoRows:
    """Rows with places from ``first`` on, photo ids 1000 above, guesses and verdicts taking turns."""
    ids = np.arange(first, first + count, dtype=np.int64)
    return PhotoRows(
        place_ids=ids,
        photo_ids=ids + 1000,
        paths=tuple(Path(folder) / f"IMG_{each:06}.jpg" for each in ids),
        errors=(None,) * count,
        label_ids=np.zeros(count, np.int32),
        by_person=np.zeros(count, np.bool_),
        class_ids=(ids % 3 + 1).astype(np.int32),
        confidences=((ids * 37 % 101) / 101).astype(np.float32),
        verdicts=np.array(
            [(Verdict.SURE, Verdict.LIKELY, Verdict.UNSURE, Verdict.UNKNOWN)[each % 4] for each in ids], np.uint8
        ),
        marks=np.zeros(count, np.uint8),
        second_class_ids=((ids + 1) % 3 + 1).astype(np.int32),
        second_confidences=((1 - (ids * 37 % 101) / 101) / 2).astype(np.float32),
        caveats=np.zeros(count, np.uint8),
    )


def unread(count: int) -> PhotoRows:
    """Rows of a folder that was only scanned so far."""
    known = rows(count)
    zeros = np.zeros(count, np.int32)
    return PhotoRows(
        known.place_ids,
        np.zeros(count, np.int64),
        known.paths,
        known.errors,
        zeros,
        known.by_person,
        zeros.copy(),
        np.zeros(count, np.float32),
        np.zeros(count, np.uint8),
        np.zeros(count, np.uint8),
        zeros.copy(),
        np.zeros(count, np.float32),
        np.zeros(count, np.uint8),
    )


def some(whole: PhotoRows, at: list[int], **changes: object) -> PhotoRows:
    """A block with some of the rows, columns replaced by ``changes``."""
    columns = {
        "place_ids": whole.place_ids[at],
        "photo_ids": whole.photo_ids[at],
        "paths": tuple(whole.paths[i] for i in at),
        "errors": tuple(whole.errors[i] for i in at),
        "label_ids": whole.label_ids[at],
        "by_person": whole.by_person[at],
        "class_ids": whole.class_ids[at],
        "confidences": whole.confidences[at],
        "verdicts": whole.verdicts[at],
        "marks": whole.marks[at],
        "second_class_ids": whole.second_class_ids[at],
        "second_confidences": whole.second_confidences[at],
        "caveats": whole.caveats[at],
    }
    return PhotoRows(**(columns | changes))  # type: ignore[arg-type]


def picture(_wanted: Wanted) -> QImage:
    """A thumbnail at once."""
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(QColor("#557799"))
    return image


def nothing_yet(_wanted: Wanted) -> None:
    """A thumbnail that takes for ever."""
