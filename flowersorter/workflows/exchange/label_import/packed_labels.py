"""Reads the labels of packed data sets: zip archives of class folders, projects and samples of Teachable Machine.

The pictures are compared with photos by their bytes alone: an archive has copies, and their names are its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from flowersorter.domain.export_format import LabelFormat
from flowersorter.jobs import CancelToken
from flowersorter.messages import text
from flowersorter.workflows.exchange.label_import.given_labels import GivenLabel, GivenLabels, refused
from flowersorter.workflows.exchange.label_import.photo_archive import PackedPicture, PhotoArchive, folder_of
from flowersorter.workflows.exchange.label_import.teachable_machine import MANIFEST, class_of_samples
from flowersorter.workflows.labelling.class_folders import ClassFolders

#: "Class 1-!-12.png": a picture of a packed project, whose classes are in the names of its files.
_NAMED = re.compile(r"(?P<label>.+)-!-\d+\.\w+", re.DOTALL)
#: Archives of tables that are known by the name of a file in them, and not read.
_WITHOUT_PICTURES = {
    "datapackage.json": text("it is a Camtrap DP package, whose format is not read"),
    "meta.xml": text("it is a Darwin Core archive, whose format is not read"),
}
#: Names of files that may hold labels.
_LISTS = (".csv", ".tsv", ".txt", ".json")
#: The folder of a data set; it is on no disk.
_ROOT = Path(os.sep).absolute() / "archive"


def packed_labels(source: Path, form: LabelFormat | None, cancel: CancelToken) -> GivenLabels:
    """Read the labels of an archive.

    Raises:
        UserError: it cannot be read safely, or its pictures have no classes.
        Cancelled: asked to stop.
    """
    if form not in (None, LabelFormat.FOLDERS, LabelFormat.TEACHABLE_MACHINE):
        raise refused(source, text("it is packed"), text("Unpack it as a zip file, and name the folder or file in it"))
    labels: list[GivenLabel] = []
    without_class = 0
    with PhotoArchive(source) as archive:
        found, classes = classes_in(archive, source)
        for picture, name in zip(archive.pictures, classes, strict=True):
            if name is None:
                without_class += 1
            elif sha256 := archive.sha256(picture, cancel):
                labels.append(GivenLabel(picture.name, name, sha256, only_bytes=True))
        return GivenLabels(form or found, source.parent, tuple(labels), without_class, dict(archive.left_out))


def classes_in(archive: PhotoArchive, source: Path) -> tuple[LabelFormat, list[str | None]]:
    """Return the format of an archive, and the class of each of its pictures; None for one without.

    Raises:
        UserError: none of its pictures has a class.
    """
    form, classes = LabelFormat.TEACHABLE_MACHINE, list(_named(archive))
    if not any(classes):
        form, classes = _in_folders(archive.pictures, source)
    if any(classes):
        return form, classes
    if any(_NAMED.fullmatch(name) for name in archive.names):
        raise refused(source, text("it is a project of Teachable Machine without pictures"))
    names = {PurePosixPath(name).name.lower() for name in archive.names}
    known = next((why for name, why in _WITHOUT_PICTURES.items() if name in names), None)
    if known is not None:
        raise refused(source, known, text("Take labels from a table or a COCO data set of that program"))
    if not archive.pictures and not archive.left_out and not any(name.endswith(_LISTS) for name in names):
        raise refused(source, text("there are no pictures in it, and no list of labels"))
    raise refused(
        source,
        text("it is packed, and has no pictures in class folders"),
        text("Unpack it as a zip file, and name the folder or file in it"),
    )


def _named(archive: PhotoArchive) -> Iterator[str | None]:
    """The classes in the names of the pictures of a project, which begin where its manifest is."""
    tops = [folder_of(name) for name in archive.names if PurePosixPath(name).name == MANIFEST]
    top = min(map(str, tops), key=len, default=".")
    prefix = "" if top == "." else f"{top}/"
    for picture in archive.pictures:
        found = _NAMED.fullmatch(picture.name.removeprefix(prefix))
        yield None if found is None else found["label"]


def _in_folders(pictures: list[PackedPicture], source: Path) -> tuple[LabelFormat, list[str | None]]:
    """The classes of pictures by their folders; those of one class of Teachable Machine by the archive's name."""
    parents = [folder_of(picture.name).parts for picture in pictures]
    above = _common(parents)
    parents = [parts[above:] for parts in parents]
    alone = class_of_samples(source.stem)
    if alone is not None and not any(parents):
        return LabelFormat.TEACHABLE_MACHINE, [alone] * len(parents)
    folders = ClassFolders.of_parents(_ROOT, {_ROOT.joinpath(*parts) for parts in parents}) if parents else None
    classes = [folders.class_of(_ROOT.joinpath(*parts)) if folders is not None else None for parts in parents]
    samples = [None if name is None else class_of_samples(name) for name in classes]
    if samples and all(samples):
        return LabelFormat.TEACHABLE_MACHINE, samples
    return LabelFormat.FOLDERS, classes


def _common(parents: list[tuple[str, ...]]) -> int:
    """How many folders hold all class folders: most archives begin with the folder that was packed."""
    depth = 0
    while len({parts[: depth + 1] for parts in parents}) == 1 and all(len(parts) > depth + 1 for parts in parents):
        depth += 1
    return depth
