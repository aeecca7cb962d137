"""Reads labels from JSON files: COCO data sets, with the categories of a picture's annotations, and other formats."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from flowersorter.domain.export_format import LabelFormat
from flowersorter.domain.photo_answers import Mark
from flowersorter.messages import Text, text
from flowersorter.workflows.exchange.label_import.given_labels import (
    GivenLabel,
    GivenLabels,
    Omission,
    mark_of,
    refused,
)
from flowersorter.workflows.exchange.label_import.label_studio import (
    is_label_studio,
    label_studio_labels,
    uploaded_name,
)
from flowersorter.workflows.exchange.label_import.megadetector_labels import is_megadetector, megadetector_labels


def is_coco(value: Any) -> bool:
    """Whether a JSON value has the parts of a COCO data set."""
    return isinstance(value, dict) and all(
        isinstance(value.get(part), list) for part in ("images", "annotations", "categories")
    )


def json_labels(source: Path, data: bytes) -> GivenLabels:
    """Read a file whose format only its content says: COCO, Label Studio, or MegaDetector results of FlowerSorter.

    Raises:
        UserError: it is not JSON, or of another format.
    """
    value = _parsed(source, data)
    if is_label_studio(value):
        return label_studio_labels(source, value)
    if is_megadetector(value):
        return megadetector_labels(source, value)
    if not is_coco(value):
        raise refused(source, _other_format(value) or text("it is of no known kind"), _known_kinds())
    return _labels(source, value)


def results_labels(source: Path, data: bytes) -> GivenLabels:
    """Read MegaDetector results of FlowerSorter.

    Raises:
        UserError: it is not JSON, or of another format, or has no label of a person.
    """
    value = _parsed(source, data)
    if not is_megadetector(value):
        raise refused(source, text("it has no MegaDetector results"))
    return megadetector_labels(source, value)


def tasks_labels(source: Path, data: bytes) -> GivenLabels:
    """Read an export of Label Studio.

    Raises:
        UserError: it is not JSON, or of another program.
    """
    value = _parsed(source, data)
    if not is_label_studio(value):
        raise refused(source, text("it is not an export of Label Studio as JSON or JSON-MIN"))
    return label_studio_labels(source, value)


def coco_labels(source: Path, data: bytes) -> GivenLabels:
    """Read a data set. Annotations with a score are suggestions of a program, and are left out.

    Raises:
        UserError: it is not JSON, or lacks a part of a COCO data set.
    """
    return _labels(source, _parsed(source, data))


def _labels(source: Path, value: Any) -> GivenLabels:
    if not is_coco(value):
        raise refused(
            source,
            _other_format(value) or text("it is not a COCO data set: it lacks images, annotations or categories"),
        )
    names = {id_: name for each in value["categories"] if (id_ := _id(each, "id")) and (name := _text(each, "name"))}
    files = {id_: name for each in value["images"] if (id_ := _id(each, "id")) and (name := _text(each, "file_name"))}
    if isinstance(info := value.get("info"), dict) and info.get("contributor") == "Label Studio":
        files = {id_: uploaded_name(name) for id_, name in files.items()}
    labels: dict[GivenLabel, None] = {}
    labelled, left_out = set[str](), Counter[Omission]()
    for each in value["images"]:
        attributes = each.get("attributes") if isinstance(each, dict) else None
        mark = mark_of(attributes.get("answer")) if isinstance(attributes, dict) else Mark.NONE
        if mark and (file := files.get(_id(each, "id"))):
            labels[GivenLabel(file, "", mark=mark)] = None
            labelled.add(file)
    for each in value["annotations"]:
        file, category = files.get(_id(each, "image_id")), names.get(_id(each, "category_id"))
        if isinstance(each, dict) and "score" in each:
            left_out[Omission.SUGGESTION] += 1
        elif file is None:
            left_out[Omission.WITHOUT_PICTURE] += 1
        elif category is None:
            left_out[Omission.WITHOUT_CLASS] += 1
        else:
            labels[GivenLabel(file, category)] = None  # many boxes of one class are one label
            labelled.add(file)
    without = len(set(files.values()) - labelled)
    return GivenLabels(LabelFormat.COCO, source.parent, tuple(labels), without, dict(left_out))


def _known_kinds() -> Text:
    return text(
        "These are read: a COCO data set, an export of Label Studio as JSON or JSON-MIN, and MegaDetector results of "
        "FlowerSorter"
    )


def _other_format(value: Any) -> Text | None:
    """Name the format of a JSON value that is no COCO data set, where it is known."""
    if is_megadetector(value):
        return text("it has MegaDetector results, which are suggestions of a program")
    if isinstance(value, dict) and "_via_img_metadata" in value:
        return text("it is a project of the VGG Image Annotator, whose format is not read")
    if isinstance(value, dict) and "shapes" in value and "imagePath" in value:
        return text("it is a file of labelme, whose format is not read")
    return None


def _parsed(source: Path, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, or not text
        raise refused(source, text("it is damaged or not JSON")) from error


def _id(entry: Any, key: str) -> str:
    """The id in an entry, as text: programs write numbers and strings; "" where it is missing."""
    value = entry.get(key) if isinstance(entry, dict) else None
    return str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""


def _text(entry: Any, key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
