"""Reads labels from COCO data sets: the categories of the annotations of each picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flowersorter.domain.export_format import LabelFormat
from flowersorter.messages import text
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabel, GivenLabels, refused


def is_coco(value: Any) -> bool:
    """Whether a JSON value has the parts of a COCO data set."""
    return isinstance(value, dict) and all(
        isinstance(value.get(part), list) for part in ("images", "annotations", "categories")
    )


def coco_labels(source: Path, data: bytes) -> GivenLabels:
    """Read a data set. Annotations with a score are suggestions of a program, and are left out.

    Raises:
        UserError: it is no JSON, or lacks a part of a COCO data set.
    """
    value = _parsed(source, data)
    if not is_coco(value):
        raise refused(source, text("it is no COCO data set: it lacks images, annotations or categories"))
    names = {id_: name for each in value["categories"] if (id_ := _id(each, "id")) and (name := _text(each, "name"))}
    files = {id_: name for each in value["images"] if (id_ := _id(each, "id")) and (name := _text(each, "file_name"))}
    labels: dict[GivenLabel, None] = {}
    labelled = set[str]()
    for each in value["annotations"]:
        file, category = files.get(_id(each, "image_id")), names.get(_id(each, "category_id"))
        if file is not None and category is not None and "score" not in each:
            labels[GivenLabel(file, category)] = None  # many boxes of one class are one label
            labelled.add(file)
    return GivenLabels(LabelFormat.COCO, source.parent, tuple(labels), len(set(files.values()) - labelled))


def _parsed(source: Path, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, or not text
        raise refused(source, text("it is damaged or no JSON")) from error


def _id(entry: Any, key: str) -> str:
    """The id in an entry, as text: programs write numbers and strings; "" where it is missing."""
    value = entry.get(key) if isinstance(entry, dict) else None
    return str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""


def _text(entry: Any, key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
