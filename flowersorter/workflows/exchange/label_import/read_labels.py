"""Recognises the format of a list of labels, and reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from flowersorter.domain.export_format import LabelFormat
from flowersorter.jobs import CancelToken
from flowersorter.messages import text
from flowersorter.photos.read_errors import file_reason
from flowersorter.workflows.exchange.label_import.coco_labels import (
    coco_labels,
    json_labels,
    results_labels,
    tasks_labels,
)
from flowersorter.workflows.exchange.label_import.csv_labels import csv_labels
from flowersorter.workflows.exchange.label_import.folder_labels import folder_labels
from flowersorter.workflows.exchange.label_import.given_labels import MOST_BYTES, GivenLabels, refused
from flowersorter.workflows.exchange.label_import.lobe_labels import is_lobe_project, lobe_labels
from flowersorter.workflows.exchange.label_import.packed_labels import packed_labels
from flowersorter.workflows.exchange.label_import.photo_archive import PACKED_SUFFIXES
from flowersorter.workflows.exchange.label_import.teachable_machine import (
    is_teachable_machine,
    teachable_machine_labels,
)

#: Readers of the formats that are one file, and of those that are a folder.
_OF_FILES: Mapping[LabelFormat, Callable[[Path, bytes], GivenLabels]] = {
    LabelFormat.CSV: csv_labels,
    LabelFormat.COCO: coco_labels,
    LabelFormat.LABEL_STUDIO: tasks_labels,
    LabelFormat.MEGADETECTOR: results_labels,
}
_OF_FOLDERS: Mapping[LabelFormat, Callable[[Path, CancelToken], GivenLabels]] = {
    LabelFormat.FOLDERS: folder_labels,
    LabelFormat.LOBE: lobe_labels,
    LabelFormat.TEACHABLE_MACHINE: teachable_machine_labels,
}
_BY_SUFFIX: Mapping[str, Callable[[Path, bytes], GivenLabels]] = {
    ".csv": csv_labels,
    ".tsv": csv_labels,
    ".txt": csv_labels,
    ".json": json_labels,
}


def read_labels(source: Path, form: LabelFormat | None, cancel: CancelToken) -> GivenLabels:
    """Read the labels of a file or folder.

    Args:
        source: The file or folder, absolute.
        form: Its format; None recognises it.
        cancel: Checked often.

    Raises:
        UserError: it cannot be read, is of no known format, or of another than the one asked for.
        Cancelled: asked to stop.
    """
    if source.is_dir():
        form = form or _of_folder(source)
        if form not in _OF_FOLDERS:
            raise refused(source, text("it is a folder"), text("Name the file with the labels"))
        return _OF_FOLDERS[form](source, cancel)
    if source.suffix.lower() in PACKED_SUFFIXES:
        return packed_labels(source, form, cancel)
    reader = _BY_SUFFIX.get(source.suffix.lower()) if form is None else _OF_FILES.get(form)
    if reader is not None:
        return reader(source, _bytes_of(source))
    if form is None:
        raise refused(source, text("its format is not known"), text("Say which it is with --format"))
    raise refused(source, text("it is not a folder"), text("Name the folder of the project"))


def _of_folder(folder: Path) -> LabelFormat:
    if is_lobe_project(folder):
        return LabelFormat.LOBE
    return LabelFormat.TEACHABLE_MACHINE if is_teachable_machine(folder) else LabelFormat.FOLDERS


def _bytes_of(source: Path) -> bytes:
    try:
        with source.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise refused(source, file_reason(error)) from error
    if len(data) > MOST_BYTES:
        raise refused(source, text("it has more than {count} MB", count=MOST_BYTES >> 20))
    return data
