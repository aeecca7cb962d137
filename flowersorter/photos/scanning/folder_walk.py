"""Walks through folders and collects the photos by suffix and file type, without opening them."""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import overload

from flowersorter.domain.natural_sort import natural_ranking
from flowersorter.messages import text
from flowersorter.photos.formats import PHOTO_SUFFIXES
from flowersorter.photos.read_errors import file_reason
from flowersorter.photos.scanning.scan_options import ScanOptions
from flowersorter.photos.sidecars import FILM_SUFFIXES, PICTURE_SUFFIXES, SIDECAR_SUFFIXES, sidecars_by_photo

HIDDEN, SIDECAR, NOT_A_PHOTO, LINK = text("hidden"), text("sidecar"), text("not a photo"), text("link")
#: Left out by the options of the scan.
LINK_OUT, SUB_FOLDER = text("link to another folder"), text("sub-folder")
EXCLUDED_FOLDER, EXCLUDED_PHOTO = text("excluded folder"), text("excluded photo")

#: Folders with other programs' previews or trash, lower case: Synology and QNAP, macOS archives, recycle bins.
_SYSTEM_FOLDERS = frozenset(
    ("@eadir", "@__thumb", "#recycle", "__macosx", "$recycle.bin", "system volume information", "lost+found")
)
#: A folder with such a file is a collection of this program; its thumbnails are not photos of the person.
COLLECTION_FILE, THUMBNAIL_FOLDER = "library.sqlite", "thumbnails"
_JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT
_HAS_REPARSE_TAG = hasattr(os.stat_result, "st_reparse_tag")
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


def has_photo_suffix(name: str) -> bool:
    """Whether a file has the suffix of a photo or of a RAW file, by its name."""
    return _suffix(name) in PICTURE_SUFFIXES


def can_have_class(name: str) -> bool:
    """Whether a file is shown and sorted, by its name: a photo, a RAW, or a film, which is not decoded."""
    return has_photo_suffix(name) or why_not_decoded(name) is not None


def why_not_decoded(name: str) -> str | None:
    """Why a file is shown without a picture, by its name; None for a photo and for other files."""
    return text("it is a film, which is not shown") if _suffix(name) in FILM_SUFFIXES else None


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a name, not a path


@dataclass(frozen=True, slots=True)
class OpenedFolder:
    """An opened folder with the options of its scan."""

    path: Path
    options: ScanOptions

    def excludes(self, path: Path, *, folder: bool) -> bool:
        """Whether a pattern leaves this path out."""
        if not self.options.exclude:
            return False
        return self.options.excludes(path.relative_to(self.path).as_posix(), folder=folder)


@dataclass(slots=True)
class FolderWalk:
    """One walk through folders: real folders before links, so that a photo is found under its own path."""

    names: list[str] = field(default_factory=list)
    sizes_bytes: list[int] = field(default_factory=list)
    mtimes_ns: list[int] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    skipped_in: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[tuple[Path, str]] = field(default_factory=list)
    left_out: list[Path] = field(default_factory=list)
    _opened: set[Path] = field(default_factory=set)
    _real_roots: list[Path] = field(default_factory=list)
    _folders: deque[tuple[Path, OpenedFolder]] = field(default_factory=deque)
    _linked_folders: deque[tuple[Path, OpenedFolder]] = field(default_factory=deque)
    _linked_photos: list[Path] = field(default_factory=list)
    _visited: set[tuple[int, int]] = field(default_factory=set)

    def open(self, folders: Sequence[OpenedFolder]) -> None:
        """Take note of the opened folders, before any is listed.

        The folders above count as visited: a link to one would add photos that the person did not choose.
        """
        self._opened.update(folder.path for folder in folders)
        for folder in folders:
            with suppress(OSError, ValueError):  # listing it will tell
                self._real_roots.append(folder.path.resolve(strict=True))
        for parent in {parent for root in self._real_roots for parent in root.parents}:
            if not any(parent.is_relative_to(root) for root in self._real_roots):
                with suppress(OSError):  # the root of a network share may be unreadable
                    self._is_new(parent)

    def next_folder(self) -> tuple[Path, OpenedFolder] | None:
        """Return the folder to list next and the opened folder it belongs to, None at the end."""
        if self._folders:
            return self._folders.popleft()
        while self._linked_folders:
            linked = self._linked_folders.popleft()
            if self._is_reachable_once(linked[0]):
                return linked
            self.skipped[LINK] += 1
        return None

    def list_folder(self, folder: Path, root: OpenedFolder) -> None:
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
            self.skipped[HIDDEN] += 1
            if folder not in self._opened and not any(has_photo_suffix(entry.name) for entry in entries):
                entries = []  # nothing but the files of a collection
            entries = [entry for entry in entries if entry.name != THUMBNAIL_FOLDER]
        photos: list[str] = []
        others: dict[str, os.DirEntry[str]] = {}
        prefix = os.path.join(folder, "")  # noqa: PTH118 - a path object for every file is slow
        for entry in entries:
            if _is_link(entry):
                self._take_link(folder / entry.name, entry, root)
            elif entry.is_dir(follow_symlinks=False):
                if self._is_wanted(folder / entry.name, root):
                    self._folders.append((folder / entry.name, root))
            elif _suffix(entry.name) in PHOTO_SUFFIXES:
                photos.append(entry.name)
                self._take_photo(prefix + entry.name, entry, root)
            else:
                others[entry.name] = entry
        if others:
            self._take_others(folder, others, photos, root)
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

    def take_opened_photo(self, path: Path) -> None:
        """Add a single photo that was opened; it may be a link.

        Raises:
            OSError: it is missing or forbidden.
        """
        status = path.stat()
        if path.is_symlink():
            self._linked_photos.append(path)
        elif stat.S_ISREG(status.st_mode):
            self._add(str(path), status)
        else:
            self.skipped[NOT_A_PHOTO] += 1

    def _add(self, name: str, status: os.stat_result) -> None:
        self.names.append(name)
        self.sizes_bytes.append(status.st_size)
        self.mtimes_ns.append(status.st_mtime_ns)

    def _is_hidden(self, entry: os.DirEntry[str]) -> bool:
        hidden = entry.name.startswith(".") or entry.name.lower() in _SYSTEM_FOLDERS or _is_marked_hidden(entry)
        if hidden:
            self.skipped[HIDDEN] += 1
        return hidden

    def _leave_out(self, path: Path, kind: str) -> None:
        self.left_out.append(path)
        self.skipped[kind] += 1

    def _is_wanted(self, folder: Path, root: OpenedFolder) -> bool:
        """Whether to scan a sub-folder; a skipped one is counted, and not reached through a link either."""
        if folder in self._opened:
            return False  # it is opened itself
        excluded = root.excludes(folder, folder=True)
        if not excluded and root.options.recursive:
            return True
        self._leave_out(folder, EXCLUDED_FOLDER if excluded else SUB_FOLDER)
        with suppress(OSError):
            self._is_new(folder)
        return False

    def _take_link(self, path: Path, entry: os.DirEntry[str], root: OpenedFolder) -> None:
        try:
            is_folder = entry.is_dir()
        except OSError:
            is_folder = False
        if not is_folder and not can_have_class(entry.name):
            self.skipped[NOT_A_PHOTO] += 1
        elif is_folder and not root.options.recursive:
            self._leave_out(path, SUB_FOLDER)
        elif root.excludes(path, folder=is_folder):
            self._leave_out(path, EXCLUDED_FOLDER if is_folder else EXCLUDED_PHOTO)
        elif not root.options.follow_links and self._leads_out(path):
            self._leave_out(path, LINK_OUT)
        elif is_folder:
            self._linked_folders.append((path, root))
        else:
            self._linked_photos.append(path)

    def _leads_out(self, link: Path) -> bool:
        """Whether a link leads to something that is neither in nor above the opened folders."""
        if not link.exists():
            return False
        real = Path(os.path.realpath(link))
        return not any(real.is_relative_to(root) or root.is_relative_to(real) for root in self._real_roots)

    def _take_photo(self, name: str, entry: os.DirEntry[str], root: OpenedFolder) -> None:
        if root.options.exclude and root.excludes(Path(name), folder=False):
            self._leave_out(Path(name), EXCLUDED_PHOTO)
            return
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self.problems.append((Path(name), file_reason(error)))
            return
        if stat.S_ISREG(status.st_mode):
            self._add(name, status)
        else:
            self.skipped[NOT_A_PHOTO] += 1

    def _take_others(
        self, folder: Path, others: Mapping[str, os.DirEntry[str]], photos: Sequence[str], root: OpenedFolder
    ) -> None:
        """Count the files of a folder that are not photos; a RAW or a film that belongs to no photo is found itself."""
        with_photo = {name for theirs in sidecars_by_photo([*photos, *others]).values() for name in theirs}
        for name, entry in others.items():
            if name in with_photo or _suffix(name) in SIDECAR_SUFFIXES:
                self.skipped[SIDECAR] += 1
            elif can_have_class(name):
                self._take_photo(str(folder / name), entry, root)
            else:
                self.skipped[NOT_A_PHOTO] += 1

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


def _is_link(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a symbolic link, or a junction of Windows."""
    if entry.is_symlink():
        return True
    if not _HAS_REPARSE_TAG:
        return False
    try:
        return getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) == _JUNCTION
    except OSError:
        return False


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
