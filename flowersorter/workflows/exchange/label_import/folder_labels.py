"""Takes labels from a folder with one sub-folder per class, as ImageFolder, Lobe and Teachable Machine export it."""

from __future__ import annotations

import os
from pathlib import Path

from flowersorter.domain.export_format import LabelFormat
from flowersorter.jobs import CancelToken
from flowersorter.photos.scan import scan
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabel, GivenLabels
from flowersorter.workflows.labelling.class_folders import ClassFolders


def folder_labels(folder: Path, cancel: CancelToken, form: LabelFormat = LabelFormat.FOLDERS) -> GivenLabels:
    """Read the names of the sub-folders. They may be in folders such as train and val; links out are not followed.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
        Cancelled: asked to stop.
    """
    names = [os.fspath(path) for path, _, _ in scan(folder, cancel).photos.columns()]
    folders = ClassFolders.of_parents(folder, map(Path, {name.rpartition(os.sep)[0] for name in names}))
    class_of: dict[str, str | None] = {}
    labels: list[GivenLabel] = []
    for name in names:
        parent = name.rpartition(os.sep)[0]
        if parent not in class_of:
            class_of[parent] = folders.class_of(Path(parent))
        if (class_name := class_of[parent]) is not None:
            labels.append(GivenLabel(name, class_name))
    return GivenLabels(form, folder, tuple(labels), len(names) - len(labels))
