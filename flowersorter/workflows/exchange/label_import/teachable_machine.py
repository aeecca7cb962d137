"""Reads the labels of an unpacked project of Teachable Machine: pictures in a folder per class, or named by it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from flowersorter.domain.export_format import LabelFormat
from flowersorter.jobs import CancelToken
from flowersorter.photos.scan import scan
from flowersorter.workflows.exchange.label_import.folder_labels import folder_labels
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabel, GivenLabels

#: At the top of a project.
MANIFEST = "manifest.json"
#: "Class 1-!-12.png": a picture of a project whose classes are in the names of its files.
_NAMED = re.compile(r"(?P<label>.+)-!-\d+\.\w+")
#: "Class 1-samples": the folder or archive that "Download samples" gives for a class.
_SAMPLES = re.compile(r"(?P<label>.+?)[-_ ]samples(?: ?\(\d+\))?", re.IGNORECASE)


def is_teachable_machine(folder: Path) -> bool:
    """Whether a folder is an unpacked project."""
    if (folder / MANIFEST).is_file():
        return True
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_dir()]
    except OSError:
        return False
    return bool(names) and all(_SAMPLES.fullmatch(name) for name in names)


def teachable_machine_labels(folder: Path, cancel: CancelToken) -> GivenLabels:
    """Read a project, or the unpacked samples of its classes.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
        Cancelled: asked to stop.
    """
    form = LabelFormat.TEACHABLE_MACHINE
    names = [os.fspath(path) for path, _, _ in scan(folder, cancel).photos.columns()]
    named = [
        GivenLabel(name, found["label"])
        for name in names
        if (found := _NAMED.fullmatch(name.rpartition(os.sep)[2])) is not None
    ]
    if named:
        return GivenLabels(form, folder, tuple(named), len(names) - len(named))
    given = folder_labels(folder, cancel, form)
    labels = tuple(
        replace(each, class_name=class_of_samples(each.class_name) or each.class_name) for each in given.labels
    )
    return replace(given, labels=labels)


def class_of_samples(name: str) -> str | None:
    """Return the class whose samples have a folder or archive of this name; None for another name."""
    found = _SAMPLES.fullmatch(name)
    return None if found is None else found["label"]
