"""Unpacks the pictures of a data set into a new folder with one sub-folder per class."""

from __future__ import annotations

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from flowersorter.atomic_write import sync_folder
from flowersorter.errors import FolderUnusable, PhotoUnreadable
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.messages import text
from flowersorter.photos.read import read_photo
from flowersorter.photos.read_errors import file_reason
from flowersorter.sorting.safe_names import folder_name, folder_names, free_names, same_name_key, split_name
from flowersorter.workflows.exchange.label_import.packed_labels import classes_in
from flowersorter.workflows.exchange.label_import.photo_archive import PackedPicture, PhotoArchive

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: The shorter side at which a picture is opened to see whether it can be: the smaller, the faster.
_TRIED_PX = 32


@dataclass(frozen=True, slots=True)
class UnpackRequest:
    """Unpack the pictures of an archive.

    Attributes:
        source: The archive.
        folder: The folder to make; an empty one may be there.
    """

    source: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class UnpackedPictures:
    """The pictures that were unpacked.

    Attributes:
        number: How many.
        damaged: The names of those in the archive that cannot be opened, and are left out.
    """

    number: int
    damaged: tuple[str, ...] = ()


def unpack_pictures(engine: Engine, request: UnpackRequest, report: Report, cancel: CancelToken) -> UnpackedPictures:
    """Unpack the pictures that have a class, each into the folder of its class; damaged ones are left out.

    A class of the collection has its name there.

    The folder appears when it is complete. Names are made safe, so that nothing is written outside of it.

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
        damaged: list[str] = []
        for done, (picture, name) in enumerate(pairs):
            report(Progress(text("Unpacking pictures"), done, len(pairs)))
            cancel.check()
            inside = folders[known[name]]
            file = temporary / inside / _free(picture, taken[inside])
            file.parent.mkdir(exist_ok=True)
            if not _write(archive, picture, file, cancel):
                damaged.append(picture.name)
        for inside in folders.values():
            with suppress(OSError):  # it has pictures, or was not made: all of its pictures are damaged
                (temporary / inside).rmdir()
    return UnpackedPictures(len(pairs) - len(damaged), tuple(damaged))


def _write(archive: PhotoArchive, picture: PackedPicture, file: Path, cancel: CancelToken) -> bool:
    """Write a picture, unless it is damaged in the archive or cannot be opened as a picture."""
    try:
        with file.open("xb") as opened:
            for part in archive.parts(picture, cancel):
                opened.write(part)
        read_photo(file, short_side_px=_TRIED_PX)
    except (zipfile.BadZipFile, PhotoUnreadable):
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
