"""Reads the classes that people chose for pictures in Label Studio: its exports JSON and JSON-MIN."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from flowersorter.domain.export_format import LabelFormat
from flowersorter.messages import text
from flowersorter.photos.scan import looks_like_photo
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabel, GivenLabels, Omission, refused

#: The fields of JSON-MIN beside those of the task and its answers.
_OF_ANSWERS = ("annotator", "annotation_id", "lead_time")
#: The usual names of the answers there; text under another name may as well be a field of the task.
_ANSWERS = frozenset(("choice", "choices", "class", "label", "category", "species"))
#: Where the classes are in an answer: chosen for the picture, or for a part of it.
_PARTS = ("choices", "labels", "rectanglelabels", "polygonlabels", "brushlabels")
#: What an upload gets before its name.
_UPLOAD = re.compile(r"[0-9a-f]{8}-(?=.)")


def is_label_studio(value: Any) -> bool:
    """Whether a JSON value is a list of tasks, or of answers, of Label Studio."""
    if not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return False
    first = value[0]
    is_task = isinstance(first.get("data"), dict) and isinstance(first.get("annotations"), list)
    return is_task or any(name in first for name in _OF_ANSWERS)


def label_studio_labels(source: Path, value: list[Any]) -> GivenLabels:
    """Read an export. Predictions are suggestions of a program, and are left out, as are cancelled answers.

    Raises:
        UserError: no task has a picture.
    """
    labels: dict[GivenLabel, None] = {}
    left_out = Counter[Omission]()
    without = pictures = 0
    for task in value:
        data = task.get("data", task) if isinstance(task, dict) else None
        photo = _picture(data) if isinstance(data, dict) else ""
        if not photo or not isinstance(data, dict):
            left_out[Omission.WITHOUT_PICTURE] += 1
            continue
        pictures += 1
        names = list(_of_answers(data) if data is task else _of_task(task, left_out))
        labels.update((GivenLabel(photo, name), None) for name in names)
        without += not names
    if not pictures:
        raise refused(source, text("it is an export of Label Studio without pictures"))
    return GivenLabels(LabelFormat.LABEL_STUDIO, source.parent, tuple(labels), without, dict(left_out))


def path_of_task(written: str) -> str:
    """Return the path of a picture as it was before Label Studio stored or addressed it.

    Uploads are "/data/upload/1/0a1b2c3d-rose.jpg", local files "/data/local-files/?d=garden/rose.jpg", others are
    addresses of a server.
    """
    parts = urlsplit(written)
    if parts.path.rstrip("/").endswith("/local-files"):
        return unquote(parse_qs(parts.query).get("d", [""])[0])
    if not parts.scheme or len(parts.scheme) == 1:  # a path, on Windows with a drive
        return uploaded_name(unquote(written)) if "/upload/" in written else written
    return unquote(parts.path).rpartition("/")[2] or written


def uploaded_name(written: str) -> str:
    """Return the name that a file had before it was uploaded; exports as COCO have it behind a folder."""
    return _UPLOAD.sub("", written.replace("\\", "/").rpartition("/")[2], count=1)


def classes_of_cell(cell: str) -> tuple[str, ...]:
    """Return the classes in a cell of the export CSV: a name, or JSON where several were chosen."""
    try:
        value = json.loads(cell) if cell.startswith(("{", "[")) else cell
    except (ValueError, RecursionError):
        value = cell
    return tuple(_of_answers({"choice": value}))


def _picture(data: Mapping[str, Any]) -> str:
    """The path of the picture of a task: in the field "image", else in any."""
    values = [data.get("image"), *data.values()]
    paths = (path_of_task(value) for value in values if isinstance(value, str) and value)
    return next((path for path in paths if looks_like_photo(Path(path))), "")


def _of_task(task: Mapping[str, Any], left_out: Counter[Omission]) -> Iterator[str]:
    left_out[Omission.SUGGESTION] += len(_list(task.get("predictions")))
    for answer in _list(task.get("annotations")):
        if not isinstance(answer, dict):
            continue
        if answer.get("was_cancelled"):
            left_out[Omission.SKIPPED] += 1
            continue
        for result in _list(answer.get("result")):
            value = result.get("value") if isinstance(result, dict) else None
            if isinstance(value, dict):
                for part in _PARTS:
                    yield from filter(_is_name, _list(value.get(part)))


def _of_answers(answers: Mapping[str, Any]) -> Iterator[str]:
    """The answers of JSON-MIN: text, {"choices": [...]}, or boxes with labels."""
    for name, value in answers.items():
        for each in value if isinstance(value, list) else [value]:
            is_answer = isinstance(each, dict) or name in _ANSWERS
            found = each if isinstance(each, dict) else {"choices": [each] if is_answer else []}
            for part in _PARTS:
                yield from filter(_is_name, _list(found.get(part)))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
