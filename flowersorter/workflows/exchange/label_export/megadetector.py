"""Writes labels and suggestions in the format of MegaDetector's results, which Timelapse and others open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from flowersorter import __version__
from flowersorter.workflows.exchange.label_export.json_file import encoded, write_object
from flowersorter.workflows.exchange.label_export.label_rows import ExportTable, LabelRow

#: Version of the format. Later ones add fields for films and descriptions.
_FORMAT = "1.4"
#: Programs that read the results look for this category; the classes are its classifications.
_CATEGORY = "1"
_WHOLE = [0.0, 0.0, 1.0, 1.0]
_DIGITS = 4
#: Timelapse takes a photo for empty below a confidence, 0.8 where a file does not say it: every suggestion counts here,
#: however unlikely. Its earlier versions fail on files without these fields.
_LEAST_SHOWN = 0.05


def write_megadetector(table: ExportTable, rows: Iterable[LabelRow], file: BinaryIO) -> None:
    """Write the results: each photo with a class has one detection, whose box is the whole picture.

    A label has the confidence 1 and a field "label"; a suggestion has its probability. Photos that are unknown or show
    none of the classes have no detection, as empty pictures do.
    """
    id_of = {name: str(number) for number, name in enumerate(table.classes, start=1)}
    model = "" if table.model is None else f", model {table.model.name}"
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    likely = _LEAST_SHOWN if table.model is None else table.model.model.thresholds.likely
    write_object(
        file,
        (
            (
                "info",
                {
                    "format_version": _FORMAT,
                    "detector": "none: every box is the whole picture",
                    "detection_completion_time": now,
                    "detector_metadata": {
                        "megadetector_version": "none",
                        "typical_detection_threshold": _LEAST_SHOWN,
                        "conservative_detection_threshold": _LEAST_SHOWN,
                    },
                    "classifier": f"FlowerSorter {__version__}{model}" if model else f"FlowerSorter {__version__}",
                    "classification_completion_time": now,
                    "classifier_metadata": {"typical_classification_threshold": round(likely, _DIGITS)},
                },
            ),
            ("detection_categories", {_CATEGORY: "animal"}),
            ("classification_categories", {number: name for name, number in id_of.items()}),
            ("images", _images(rows, id_of)),
        ),
    )


def _images(rows: Iterable[LabelRow], id_of: dict[str, str]) -> Iterator[bytes]:
    for row in rows:
        if row.error and not row.label:
            yield encoded({"file": row.file, "failure": row.error, "detections": None})
            continue
        image: dict[str, Any] = {"file": row.file, "detections": []}
        if row.class_name:
            shares = ((row.label, 1.0),) if row.label else row.top
            classes = [[id_of[name], round(share, _DIGITS)] for name, share in shares]
            box = {"category": _CATEGORY, "conf": classes[0][1], "bbox": _WHOLE, "classifications": classes}
            image["detections"] = [box]
        if row.by is not None:
            image["label"] = {"class": row.label, "by": row.by.value}
        if row.answer:
            image["answer"] = row.answer
        yield encoded(image)
