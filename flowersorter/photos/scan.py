"""Finds the photos below a folder by suffix and file type, without opening them."""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import overload

from flowersorter.errors import FolderUnusable
from flowersorter.jobs import CancelToken
from flowersorter.messages import text
from flowersorter.natural_sort import natural_ranking
from flowersorter.photos.formats import PHOTO_SUFFIXES
from flowersorter.photos.read_errors import file_reason
from flowersorter.photos.sidecars import RAW_SUFFIXES, SIDECAR_SUFFIXES, sidecars_by_photo

HIDDEN, SIDECAR, RAW, NOT_A_PHOTO, LINK = "hidden", "sidecar", "raw", "not a photo", "link"

#: Folders with other programs' previews or trash, lower case: Synology and QNAP, macOS archives, recycle bins.
_SYSTEM_FOLDERS = frozenset(
    ("@eadir", "@__thumb", "#recycle", "__macosx", "$recycle.bin", "system volume information", "lost+found")
)
#: A folder with such a file is a collection of this program; its thumbnails are not photos of the person.
COLLECTION_FILE, THUMBNAIL_FOLDER = "library.sqlite", "thumbnails"
_HAS_HIDDEN_ATTRIBUTE = any(hasattr(os.stat_result, name) for name in ("st_file_attributes", "st_flags"))


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """A file that looks like a photo."""

    path: Path
    size_bytes: int
    mtime_ns: int


class FoundPhotos(Sequence[FoundPhoto]):
    """Found photos as columns: making 100,000 small objects takes longer than listing their folders.

    Attributes:
        names: Absolute paths, as strings.
        sizes_bytes: Of the files.
        mtimes_ns: Modification time of each.
    """

    __slots__ = ("mtimes_ns", "names", "sizes_bytes")

    def __init__(self, names: Sequence[str] = (), sizes_bytes: Sequence[int] = (), mtimes_ns: Sequence[int] = ()):
        self.names, self.sizes_bytes, self.mtimes_ns = names, sizes_bytes, mtimes_ns

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> FoundPhoto: ...
    @overload
    def __getitem__(self, index: slice) -> FoundPhotos: ...
    def __getitem__(self, index: int | slice) -> FoundPhoto | FoundPhotos:
        if isinstance(index, slice):
            return FoundPhotos(self.names[index], self.sizes_bytes[index], self.mtimes_ns[index])
        return FoundPhoto(Path(self.names[index]), self.sizes_bytes[index], self.mtimes_ns[index])

    def columns(self) -> Iterator[tuple[str, int, int]]:
        """Path, size in bytes and mtime in nanoseconds of each."""
        return zip(self.names, self.sizes_bytes, self.mtimes_ns, strict=True)


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The photos below a folder.

    Attributes:
        photos: In natural order; absolute paths, names exactly as on disk.
        skipped: Number of skipped entries by kind: "hidden", "sidecar", "raw" (where no photo has its name), "not a
            photo", "link".
        skipped_in: The same for each folder that has such entries, without links.
        problems: Files and folders that could not be read, each with the reason.
    """

    photos: FoundPhotos
    skipped: dict[str, int]
    problems: tuple[tuple[Path, str], ...]
    skipped_in: dict[str, dict[str, int]]


def looks_like_photo(path: Path) -> bool:
    """Return whether a file has the suffix of a photo."""
    return _has_photo_suffix(path.name)


def _has_photo_suffix(name: str) -> bool:
    return _suffix(name) in PHOTO_SUFFIXES


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a name, not a path


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


def scan(folder: Path, cancel: CancelToken) -> ScanResult:
    """Find the photos in a folder and everything below it.

    Links to files and folders are followed, but no file is found twice, and links to a folder above are not followed.

    Raises:
        FolderUnusable: the folder is missing, forbidden or not a folder.
        Cancelled: between two folders.
    """
    root = absolute_folder(folder)
    walk = _Walk()
    try:
        walk.forbid_parents_of(root)
        walk.list_folder(root)
    except (OSError, ValueError) as error:
        raise _unusable(root, error) from error
    while (following := walk.next_folder()) is not None:
        cancel.check()
        try:
            walk.list_folder(following)
        except OSError as error:
            walk.problems.append((following, file_reason(error)))
    cancel.check()
    walk.add_linked_photos()
    return ScanResult(
        photos=walk.photos_in_order(),
        skipped=dict(walk.skipped),
        problems=tuple(walk.problems),
        skipped_in=walk.skipped_in,
    )


@dataclass(slots=True)
class _Walk:
    """One walk through folders: real folders before links, so that a photo is found under its own path."""

    names: list[str] = field(default_factory=list)
    sizes_bytes: list[int] = field(default_factory=list)
    mtimes_ns: list[int] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    skipped_in: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[tuple[Path, str]] = field(default_factory=list)
    _folders: deque[Path] = field(default_factory=deque)
    _linked_folders: deque[Path] = field(default_factory=deque)
    _linked_photos: list[Path] = field(default_factory=list)
    _visited: set[tuple[int, int]] = field(default_factory=set)

    def forbid_parents_of(self, root: Path) -> None:
        """Mark the folders above as visited: a link to one would add photos that the person did not choose."""
        for parent in root.resolve(strict=True).parents:
            with suppress(OSError):  # the root of a network share may be unreadable
                self._is_new(parent)

    def next_folder(self) -> Path | None:
        """Return the folder to list next, None at the end."""
        if self._folders:
            return self._folders.popleft()
        while self._linked_folders:
            linked = self._linked_folders.popleft()
            if self._is_reachable_once(linked):
                return linked
            self.skipped[LINK] += 1
        return None

    def list_folder(self, folder: Path) -> None:
        """Collect the entries of one folder, unless it was listed before.

        Raises:
            OSError: it cannot be listed.
        """
        if not self._is_new(folder):
            return
        before = self.skipped.copy()
        with os.scandir(folder) as listing:
            entries = sorted((entry for entry in listing if not self._is_hidden(entry)), key=attrgetter("name"))
        if any(entry.name == COLLECTION_FILE for entry in entries):
            entries = [entry for entry in entries if entry.name != THUMBNAIL_FOLDER]
            self.skipped[HIDDEN] += 1
        photos: list[str] = []
        others: list[str] = []
        prefix = os.path.join(folder, "")  # noqa: PTH118 - a path object for every file is slow
        for entry in entries:
            if entry.is_symlink():
                self._take_link(folder, entry)
            elif entry.is_dir(follow_symlinks=False):
                self._folders.append(folder / entry.name)
            elif _has_photo_suffix(entry.name):
                photos.append(entry.name)
                self._take_photo(prefix + entry.name, entry)
            else:
                others.append(entry.name)
        if others:
            self._count_others(others, photos)
        if self.skipped != before:
            self.skipped_in[str(folder)] = dict(self.skipped - before)

    def photos_in_order(self) -> FoundPhotos:
        """Return the found photos, in natural order."""
        order = natural_ranking(self.names)
        return FoundPhotos(
            [self.names[i] for i in order],
            [self.sizes_bytes[i] for i in order],
            [self.mtimes_ns[i] for i in order],
        )

    def add_linked_photos(self) -> None:
        """Add the photos that are only reachable through a link."""
        if not self._linked_photos:
            return
        real_folders: dict[str, str] = {}
        known = {_real_path(name, real_folders) for name in self.names}
        for link in self._linked_photos:
            try:
                target = os.path.realpath(link)
                status = link.stat()
            except OSError:
                target, status = "", None
            if status is None or not stat.S_ISREG(status.st_mode) or target in known:
                self.skipped[LINK] += 1
                continue
            known.add(target)
            self._add(str(link), status)

    def _add(self, name: str, status: os.stat_result) -> None:
        self.names.append(name)
        self.sizes_bytes.append(status.st_size)
        self.mtimes_ns.append(status.st_mtime_ns)

    def _is_hidden(self, entry: os.DirEntry[str]) -> bool:
        hidden = entry.name.startswith(".") or entry.name.lower() in _SYSTEM_FOLDERS or _is_marked_hidden(entry)
        if hidden:
            self.skipped[HIDDEN] += 1
        return hidden

    def _take_link(self, folder: Path, entry: os.DirEntry[str]) -> None:
        path = folder / entry.name
        try:
            is_folder = entry.is_dir()
        except OSError:
            is_folder = False
        if is_folder:
            self._linked_folders.append(path)
        elif _has_photo_suffix(entry.name):
            self._linked_photos.append(path)
        else:
            self.skipped[NOT_A_PHOTO] += 1

    def _take_photo(self, name: str, entry: os.DirEntry[str]) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self.problems.append((Path(name), file_reason(error)))
            return
        if stat.S_ISREG(status.st_mode):
            self._add(name, status)
        else:
            self.skipped[NOT_A_PHOTO] += 1

    def _count_others(self, others: Sequence[str], photos: Sequence[str]) -> None:
        """Count the files of a folder that are not photos."""
        with_photo = {name for theirs in sidecars_by_photo([*photos, *others]).values() for name in theirs}
        for name in others:
            suffix = _suffix(name)
            sidecar = name in with_photo or suffix in SIDECAR_SUFFIXES
            self.skipped[SIDECAR if sidecar else RAW if suffix in RAW_SUFFIXES else NOT_A_PHOTO] += 1

    def _is_new(self, folder: Path) -> bool:
        status = folder.stat()
        if not status.st_ino:  # some network drives have no inode numbers
            return True
        key = (status.st_dev, status.st_ino)
        if key in self._visited:
            return False
        self._visited.add(key)
        return True

    def _is_reachable_once(self, link: Path) -> bool:
        try:
            status = link.stat()
        except OSError:
            return False
        return bool(status.st_ino) and (status.st_dev, status.st_ino) not in self._visited


def _is_marked_hidden(entry: os.DirEntry[str]) -> bool:
    """Whether Windows' or macOS' hidden attribute is set."""
    if not _HAS_HIDDEN_ATTRIBUTE:
        return False
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    attributes = getattr(status, "st_file_attributes", 0)
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN or getattr(status, "st_flags", 0) & stat.UF_HIDDEN)


def _real_path(path: str, real_folders: dict[str, str]) -> str:
    folder, name = os.path.split(path)
    if folder not in real_folders:
        real_folders[folder] = os.path.realpath(folder)
    return os.path.join(real_folders[folder], name)  # noqa: PTH118 - compared as text


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
