"""Finds the photos below a folder by suffix and file type, without opening them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from flowersorter.errors import FolderUnusable
from flowersorter.jobs import CancelToken
from flowersorter.messages import text
from flowersorter.photos.read_errors import file_reason
from flowersorter.photos.scanning.folder_walk import (
    SIDECAR,
    FolderWalk,
    FoundPhotos,
    OpenedFolder,
    can_have_class,
    has_photo_suffix,
)
from flowersorter.photos.scanning.scan_options import ScanOptions
from flowersorter.photos.sidecars import FILM_SUFFIXES, RAW_SUFFIXES, SidecarFinder, UnlistedFolderError

#: A folder, or folders and single photos that are opened together.
Roots: TypeAlias = Path | tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The photos below the opened folders.

    Attributes:
        photos: In natural order; absolute paths, names exactly as on disk.
        skipped: Number of skipped entries by kind: "hidden", "sidecar", "not a photo", "link" (to something that is
            found without it), and those that the options leave out: "link to another folder", "sub-folder",
            "excluded folder", "excluded photo".
        skipped_in: The same for each folder that has such entries.
        problems: Files and folders that could not be read, each with the reason.
        left_out: The folders, photos and links that the options leave out.
    """

    photos: FoundPhotos
    skipped: dict[str, int]
    problems: tuple[tuple[Path, str], ...]
    skipped_in: dict[str, dict[str, int]]
    left_out: tuple[Path, ...] = ()


def looks_like_photo(path: Path) -> bool:
    """Return whether a file has the suffix of a photo or of a RAW file."""
    return has_photo_suffix(path.name)


def absolute_folder(folder: Path) -> Path:
    """Return the absolute path of a folder as scanning spells it: ".." resolved, links kept."""
    return folder.resolve() if ".." in folder.parts else folder.absolute()


def check_folder(folder: Path) -> None:
    """Make sure that a folder can be listed.

    Raises:
        FolderUnusable: the folder is missing, forbidden or no folder.
    """
    try:
        os.scandir(folder).close()
    except (OSError, ValueError) as error:
        raise _unusable(absolute_folder(folder), error) from error


def folder_is_gone(folder: Path) -> bool:
    """Whether a folder is missing, or holds nothing any more, as the mount point of a drive that was unplugged does."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except PermissionError:
        return False
    except OSError:
        return True


def refuse_gone(roots: Roots) -> None:
    """Stop a job whose opened folders vanished while it read them.

    Raises:
        FolderUnusable: all of them are gone.
    """
    folders = [root.parent if is_single_file(root) else root for root in absolute_roots(roots)]
    if all(map(folder_is_gone, folders)):
        raise FolderUnusable(
            text("The folder is no longer there"),
            str(folders[0]),
            text("Connect its drive, then scan the folder again (F5 in the window)"),
        )


def is_single_file(root: Path) -> bool:
    """Whether an opened path is a photo, RAW or film by its name, and not a folder."""
    return can_have_class(root.name) and not root.is_dir()


def absolute_roots(opened: Path | Iterable[Path]) -> tuple[Path, ...]:
    """Return the absolute paths of folders and photos that are opened together, each once."""
    return tuple(dict.fromkeys(map(absolute_folder, (opened,) if isinstance(opened, Path) else opened)))


def roots_to_open(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the folders, photos, RAWs and films among paths that a person opens; of other files alone, their folders.

    A path that does not exist is taken for a folder.
    """
    absolute = absolute_roots(paths)
    wanted = [path for path in absolute if can_have_class(path.name) or not path.is_file()]
    return absolute_roots(wanted or (path.parent for path in absolute))


def scan(
    roots: Path | Iterable[Path], cancel: CancelToken, options: Mapping[Path, ScanOptions] | None = None
) -> ScanResult:
    """Find the photos in a folder and everything below it, or in several folders together.

    Links that lead out of the opened folders are followed only if the options say so. No file is found twice, and
    links to a folder above are never followed. An opened folder or photo may itself be a link.

    Args:
        roots: The folder; or the folders and single photos that are opened together.
        cancel: Checked between two folders.
        options: Those of each folder; the default ones for others.

    Raises:
        FolderUnusable: a folder is missing, forbidden or not a folder; of several, all are.
        Cancelled: between two folders.
    """
    walk = FolderWalk()
    _open(walk, absolute_roots(roots), options or {})
    while (following := walk.next_folder()) is not None:
        cancel.check()
        try:
            walk.list_folder(*following)
        except OSError as error:
            walk.problems.append((following[0], file_reason(error)))
    cancel.check()
    walk.add_linked_photos()
    return ScanResult(
        photos=walk.photos_in_order(),
        skipped=dict(walk.skipped),
        problems=tuple(walk.problems),
        skipped_in=walk.skipped_in,
        left_out=tuple(walk.left_out),
    )


def _open(walk: FolderWalk, roots: Sequence[Path], options: Mapping[Path, ScanOptions]) -> None:
    """List the opened folders and add the opened photos.

    Raises:
        FolderUnusable: none of them can be read.
    """
    unusable: FolderUnusable | None = None
    photos = [root for root in roots if is_single_file(root)]
    folders = [OpenedFolder(root, options.get(root, ScanOptions())) for root in roots if root not in photos]
    walk.open(folders)
    for folder in folders:
        try:
            walk.list_folder(folder.path, folder)
        except (OSError, ValueError) as error:
            unusable = unusable or _unusable(folder.path, error)
            walk.problems.append((folder.path, file_reason(error)))
    found = set(walk.names)
    with_photo = _opened_sidecars(photos, found)
    for photo in photos:
        if str(photo) in found:
            continue
        if photo in with_photo:
            walk.skipped[SIDECAR] += 1
            continue
        try:
            walk.take_opened_photo(photo)
        except (OSError, ValueError) as error:
            refused = FolderUnusable(text("The photo {photo} cannot be read", photo=photo), file_reason(error))
            unusable = unusable or refused
            walk.problems.append((photo, file_reason(error)))
    if unusable is not None and len(walk.problems) == len(roots):
        raise unusable


def _opened_sidecars(opened: Sequence[Path], found: Collection[str]) -> set[Path]:
    """The RAWs and films among the opened files that go with a photo which is opened, or found, too."""
    lone = {path.parent for path in opened if path.suffix.lower() in RAW_SUFFIXES | FILM_SUFFIXES}
    if not lone:
        return set()
    finder = SidecarFinder()
    photos = {path for path in (*opened, *map(Path, found)) if path.parent in lone}
    sidecars: set[Path] = set()
    for photo in photos:
        with suppress(UnlistedFolderError):  # each is a photo of its own then
            sidecars.update(finder.of(photo))
    return sidecars


def _unusable(folder: Path, error: OSError | ValueError) -> FolderUnusable:
    """The error for a folder that cannot be listed; it names the folder, as a path may come from a command line."""
    if isinstance(error, FileNotFoundError):
        return FolderUnusable(text("Folder not found: {folder}", folder=folder), hint=text("Check the path"))
    if isinstance(error, NotADirectoryError):
        return FolderUnusable(
            text("{folder} is not a folder", folder=folder), hint=text("Name the folder that holds the photos")
        )
    return FolderUnusable(
        text("The folder {folder} cannot be read", folder=folder), file_reason(error), text("Choose another folder")
    )
