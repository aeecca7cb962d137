"""Reads a person's labels in MegaDetector results that FlowerSorter wrote; their detections are suggestions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from flowersorter.domain.export_format import LabelFormat
from flowersorter.messages import text
from flowersorter.workflows.exchange.label_import.given_labels import (
    GivenLabel,
    GivenLabels,
    Omission,
    mark_of,
    refused,
)


def is_megadetector(value: Any) -> bool:
    """Whether a JSON value has the parts of MegaDetector results."""
    return isinstance(value, dict) and isinstance(value.get("images"), list) and "detection_categories" in value


def megadetector_labels(source: Path, value: dict[str, Any]) -> GivenLabels:
    """Read the fields "label" and "answer" of the images; those with detections alone are left out.

    Raises:
        UserError: no image has such a field, as in the results of other programs.
    """
    labels: list[GivenLabel] = []
    left_out = Counter[Omission]()
    for image in filter(_is_named, value["images"]):
        label = image.get("label")
        class_name = label.get("class") if isinstance(label, dict) else None
        if isinstance(class_name, str) and class_name.strip():
            labels.append(GivenLabel(image["file"], class_name))
        elif mark := mark_of(image.get("answer")):
            labels.append(GivenLabel(image["file"], "", mark=mark))
        else:
            left_out[Omission.SUGGESTION] += bool(image.get("detections"))
    if not labels:
        raise refused(source, text("it has MegaDetector results, which are suggestions of a program"))
    return GivenLabels(LabelFormat.MEGADETECTOR, source.parent, tuple(labels), 0, dict(left_out))


def _is_named(image: Any) -> bool:
    return isinstance(image, dict) and isinstance(image.get("file"), str)
