"""Unpacks the pictures of a data set into a new folder with one sub-folder per class."""

from __future__ import annotations

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from flowersorter.atomic_write import sync_folder
from flowersorter.errors import FolderUnusable
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.messages import text
from flowersorter.photos.read_errors import file_reason
from flowersorter.sorting.safe_names import folder_name, folder_names, free_names, same_name_key, split_name
from flowersorter.workflows.exchange.label_import.packed_labels import classes_in
from flowersorter.workflows.exchange.label_import.photo_archive import PackedPicture, PhotoArchive

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class UnpackRequest:
    """Unpack the pictures of an archive.

    Attributes:
        source: The archive.
        folder: The folder to make; an empty one may be there.
    """

    source: Path
    folder: Path


def unpack_pictures(engine: Engine, request: UnpackRequest, report: Report, cancel: CancelToken) -> int:
    """Unpack the pictures that have a class, each into the folder of its class; damaged ones are left out.

    A class of the collection has its name there.

    The folder appears when it is complete. Names are made safe, so that nothing is written outside of it.

    Returns:
        The number of pictures.

    Raises:
        FolderUnusable: the folder is there and not empty, or cannot be made or written to.
        UserError: the archive cannot be read safely, or its pictures have no classes.
        Cancelled: asked to stop; nothing was made.
    """
    folder = request.folder.absolute()
    with PhotoArchive(request.source.absolute()) as archive, _made(folder) as temporary:
        _, classes = classes_in(archive, request.source)
        pairs = [(each, name) for each, name in zip(archive.pictures, classes, strict=True) if name is not None]
        entries = {name: engine.collection.classes.find(name) for name in {name for _, name in pairs}}
        known = {name: name if entry is None else entry.name for name, entry in entries.items()}
        folders = folder_names(set(known.values()), {}, {})
        taken: dict[str, set[str]] = {name: set() for name in folders.values()}
        written = 0
        for done, (picture, name) in enumerate(pairs):
            report(Progress(text("Unpacking pictures"), done, len(pairs)))
            cancel.check()
            inside = folders[known[name]]
            file = temporary / inside / _free(picture, taken[inside])
            file.parent.mkdir(exist_ok=True)
            written += _write(archive, picture, file, cancel)
    return written


def _write(archive: PhotoArchive, picture: PackedPicture, file: Path, cancel: CancelToken) -> bool:
    """Write a picture, unless it is damaged."""
    try:
        with file.open("xb") as opened:
            for part in archive.parts(picture, cancel):
                opened.write(part)
    except zipfile.BadZipFile:
        file.unlink()
        return False
    return True


def _free(picture: PackedPicture, taken: set[str]) -> str:
    """A safe name for a picture that no other has in its folder."""
    stem, suffix = split_name(PurePosixPath(picture.name).name)
    [name] = free_names([(folder_name(stem), suffix)], lambda name: same_name_key(name) not in taken)
    taken.add(same_name_key(name))
    return name


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """Yield a folder beside the one to make, which it becomes at the end, and which is removed on an error.

    Raises:
        FolderUnusable: the folder is there and not empty, or the disk refuses.
    """
    temporary = folder.with_name(f"{folder.name}.{os.getpid()}-{secrets.randbits(32)}.part")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FolderUnusable(
                text("The pictures cannot be unpacked into {folder}", folder=folder),
                text("it is there already"),
                text("Name a new folder"),
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        yield temporary
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise _unusable(folder, error) from error
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _unusable(folder: Path, error: OSError) -> FolderUnusable:
    return FolderUnusable(text("The pictures cannot be unpacked into {folder}", folder=folder), file_reason(error))
