"""Finds photos anywhere in a destination by their bytes: the person may have moved or renamed them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from flowersorter.sorting.filesystem import FileSystem, is_regular, stat_or_none


class DestinationContents:
    """The files in a destination by size; walked at the first query, and hashed only where the size is equal.

    Args:
        files: The disk.
        root: The destination; it need not exist.
        known: Returns the hash of a file that was read just now; None for others.
        hash_file: Reads and hashes a file; that of `files` by default.
    """

    def __init__(
        self,
        files: FileSystem,
        root: Path,
        known: Callable[[Path], bytes | None] = lambda path: None,
        hash_file: Callable[[Path], bytes] | None = None,
    ) -> None:
        self.root = root
        self._files = files
        self._hash_file = hash_file or files.hash
        self._by_size: dict[int, list[Path]] | None = None
        self._known = known
        self._hashes: dict[Path, bytes | None] = {}

    def same_bytes(self, size_bytes: int, sha256: bytes, within: Path, *, but: str = "") -> Path | None:
        """Return the first file, by path, with these bytes in the folder `within` or below it; never `but`.

        A file that cannot be read is taken for another one.
        """
        if not self._with_size(size_bytes):
            return None  # as for nearly every new photo
        same = self.all_with(size_bytes, sha256)
        # As paths: on Windows, texts of one path may differ in case.
        return next((path for path in same if within in path.parents and path != Path(but)), None)

    def all_with(self, size_bytes: int, sha256: bytes) -> Iterator[Path]:
        """Yield each file with these bytes, in the order of the paths."""
        return (path for path, found in self.hashes(size_bytes) if found == sha256)

    def hashes(self, size_bytes: int) -> Iterator[tuple[Path, bytes | None]]:
        """Yield each file of a size with its SHA-256, None if it cannot be read, in the order of the paths."""
        return ((path, self._hash(path)) for path in self._with_size(size_bytes))

    def _with_size(self, size_bytes: int) -> Sequence[Path]:
        """The files of a size, in the order of the paths."""
        if self._by_size is None:
            self._by_size = {}
            for path, size in self._files.walk_sizes(self.root):
                self._by_size.setdefault(size, []).append(path)
            for paths in self._by_size.values():
                paths.sort()
        return self._by_size.get(size_bytes, ())

    def _hash(self, path: Path) -> bytes | None:
        if (read := self._known(path)) is not None:
            return read
        if path not in self._hashes:
            try:
                regular = is_regular(stat_or_none(self._files, path))
                self._hashes[path] = self._hash_file(path) if regular else None
            except OSError:
                self._hashes[path] = None
        return self._hashes[path]
