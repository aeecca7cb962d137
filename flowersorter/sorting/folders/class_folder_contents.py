"""The contents of a class folder: taken names, and photos that are there already."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Set
from pathlib import Path

from flowersorter.domain.journal import DUPLICATES, NO_CLASS
from flowersorter.sorting.filesystem import FileSystem, is_folder, is_our_link
from flowersorter.sorting.safe_names import folder_names, free_names, same_name_key


class FolderContents:
    """The contents of one class folder, with the names that a plan reserves in it; reads only.

    Args:
        files: The disk.
        folder: The class folder; it need not exist.

    Raises:
        OSError: the folder cannot be read.
    """

    def __init__(self, files: FileSystem, folder: Path) -> None:
        self.folder = folder
        self._files = files
        self._beginning = os.path.join(folder, "")  # noqa: PTH118 - of a path as text
        self._hashes: dict[Path, bytes] = {}
        self._by_size: dict[int, list[Path]] = {}
        self._links: list[Path] = []
        names = files.list(folder) if is_folder(files, folder) else []
        self._taken = {same_name_key(name) for name in names}
        self._folders: dict[str, str] = {}
        for path in (folder / name for name in names):
            found = files.stat(path)
            if stat.S_ISREG(found.st_mode):
                self._by_size.setdefault(found.st_size, []).append(path)
            elif stat.S_ISLNK(found.st_mode):
                self._links.append(path)
            elif stat.S_ISDIR(found.st_mode):
                self._folders.setdefault(same_name_key(path.name), path.name)

    def is_free(self, name: str) -> bool:
        """Return whether `name` differs, on every file system, from all names there and planned."""
        return same_name_key(name) not in self._taken

    def take(self, name: str) -> None:
        """Reserve a name for a planned file."""
        self._taken.add(same_name_key(name))

    def path_of(self, name: str) -> str:
        """Return the path of a file in the folder, as text: a long plan has no time to make objects of its paths."""
        return self._beginning + name

    def sub_folder(self, name: str) -> Path:
        """Return the folder of this name in the folder, in the spelling it has there, and reserve a new one.

        A number is added where a file has the name.
        """
        [free] = free_names([(name, "")], lambda each: same_name_key(each) in self._folders or self.is_free(each))
        self.take(free)
        return self.folder / self._folders.setdefault(same_name_key(free), free)

    def same_bytes(self, size_bytes: int, sha256: bytes) -> Path | None:
        """Return a file in the folder with these bytes.

        Raises:
            OSError: a file of this size cannot be read.
        """
        for path in self._by_size.get(size_bytes, ()):
            if path not in self._hashes:
                self._hashes[path] = self._files.hash(path)
            if self._hashes[path] == sha256:
                return path
        return None

    def copy_of(self, source: Path) -> Path | None:
        """Return a copy of a file in the folder, or a link to it; `source` is read only if one has its size.

        Raises:
            OSError: it, or a file of its size, cannot be read.
        """
        size_bytes = self._files.stat(source).st_size
        copy = self.same_bytes(size_bytes, self._files.hash(source)) if size_bytes in self._by_size else None
        return copy or self.linked_from(source)

    def linked_from(self, source: Path) -> Path | None:
        """Return a symbolic link in the folder to `source`."""
        return next((path for path in self._links if is_our_link(self._files, source, path)), None)


def class_folders_of(
    files: FileSystem,
    class_names: Set[str],
    destination: Path,
    before: Mapping[str, str],
    *,
    move_duplicates: bool,
) -> dict[str, Path]:
    """Return the folder of each class, and that of duplicates for `NO_CLASS`, distinct on every file system."""
    names = files.list(destination) if destination.exists() else []
    existing = {name: is_folder(files, destination / name) for name in names}
    taken = {same_name_key(name) for name in class_names} | {
        same_name_key(name) for name in existing if not existing[name]
    }
    taken |= {same_name_key(folder) for class_name, folder in before.items() if class_name != NO_CLASS}
    wanted = [(before.get(NO_CLASS, DUPLICATES), "")]
    [for_duplicates] = free_names(wanted, lambda name: same_name_key(name) not in taken)
    if move_duplicates:
        class_names, before = {*class_names, NO_CLASS}, {**before, NO_CLASS: for_duplicates}
    chosen = folder_names(class_names, before, existing)
    return {class_name: destination / name for class_name, name in chosen.items()}
