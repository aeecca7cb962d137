"""Watches the room on the disks of a run while it goes on, so that it pauses before one is full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from flowersorter.domain.journal import Entry
from flowersorter.messages import text
from flowersorter.sorting.failures import NotDoneError
from flowersorter.sorting.filesystem import FileSystem, follow_or_none
from flowersorter.sorting.folders.created_folders import Planned, require_device
from flowersorter.sorting.folders.destination_checks import SPARE_FILES, space_beside
from flowersorter.sorting.plan import Action

#: What the journal takes of the disk of the library for one file, at most.
_JOURNAL_BYTES = 2048


class DiskWatch:
    """The disks of the destination and of the library.

    Args:
        files: The disk.
        target: The destination of the run.
        library: The folder of the collection.
    """

    def __init__(self, files: FileSystem, target: Planned, library: Path) -> None:
        self._files, self._target, self._library = files, target, library
        self._destination = target.destination
        self._devices: dict[Path, int | None] = {}

    def require_room(self, entries: Sequence[Entry], sizes: Mapping[int, int]) -> None:
        """Check that photos and their sidecars fit before the first of them is touched.

        Args:
            entries: The files.
            sizes: Of each in bytes, by its id.

        Raises:
            NotDoneError: they do not, or the disk is gone; the rest of the run is not tried.
        """
        require_device(self._target, self._files)
        with suppress(OSError):  # each photo says what is wrong with its disk
            copied = [entry for entry in entries if self._is_copied(entry)]
            names = len(copied) + sum(entry.action == Action.SYMLINK for entry in entries)
            if copied:
                size_bytes = sum(sizes[entry.id] for entry in copied)
                self._require_bytes(self._destination, size_bytes + space_beside(len(copied)))
            if names:
                self._require_files(self._destination, names)
            self._require_bytes(self._library, len(entries) * _JOURNAL_BYTES + space_beside(0))

    def _require_bytes(self, folder: Path, wanted: int) -> None:
        free = self._files.free_bytes(folder)
        if free < wanted:
            reason = text("the disk is full: only {free:,.1f} MB are free in {folder}", free=free / 1e6, folder=folder)
            raise NotDoneError(reason, stop=True)

    def _require_files(self, folder: Path, names: int) -> None:
        free = self._files.free_files(folder)
        if free is not None and free < names + SPARE_FILES:
            reason = text(
                "the disk is full: it has room for {free:,} more files in {folder}, whatever their size",
                free=free,
                folder=folder,
            )
            raise NotDoneError(reason, stop=True)

    def _is_copied(self, entry: Entry) -> bool:
        """Whether a file takes its size on the disk of the destination."""
        if entry.action == Action.MOVE:
            device = self._device(self._destination)
            return device is None or self._device(entry.source.parent) != device
        return entry.action == Action.COPY

    def _device(self, folder: Path) -> int | None:
        if folder not in self._devices:
            found = follow_or_none(self._files, folder)
            self._devices[folder] = None if found is None else found.st_dev
        return self._devices[folder]
