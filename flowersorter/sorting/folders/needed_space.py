"""Adds up the space that a plan needs on the disk of its destination; reads only."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.folders.destination_checks import disk_refusals, refuse_other_drive, refuse_too_full

#: Of files that are written there whatever the mode.
_NO_DEVICE = -1


class NeededSpace:
    """The sizes of the files of a plan.

    Args:
        files: The disk.
        copies: Whether every file is copied.
        links: Whether files keep their bytes at their source only.
        same_drive: Whether they must come from the drive of the destination.
    """

    def __init__(self, files: FileSystem, *, copies: bool, links: bool, same_drive: bool) -> None:
        self._files = files
        self._copies, self._links, self._same_drive = copies, links, same_drive
        # Bytes and number of the files that are read, by their device.
        self._bytes: Counter[int] = Counter()
        self._count: Counter[int] = Counter()

    def add(self, found: os.stat_result) -> None:
        """Add a file with this status."""
        self._add(found.st_dev, found.st_size)

    def add_files(self, paths: Iterable[Path], *, copied: bool = False) -> None:
        """Add files; `copied` is for those that are copied though photos are moved.

        Raises:
            OSError: one cannot be read.
        """
        for path in paths:
            found = self._files.stat(path)
            self._add(_NO_DEVICE if copied and not self._links else found.st_dev, found.st_size)

    def add_written(self, size_bytes: int) -> None:
        """Add a file that this program writes, of so many bytes."""
        self._add(_NO_DEVICE, size_bytes)

    def check(self, existing: Path, destination: Path) -> tuple[int, int, int]:
        """Return device, needed and free bytes of the destination; `existing` is it, or the nearest folder above it.

        Raises:
            SortRefused: it is too full, or on another drive than photos to be linked.
        """
        with disk_refusals():
            device = self._files.stat_through(existing).st_dev
            if self._same_drive:
                refuse_other_drive(self._count.keys() - {_NO_DEVICE}, device, destination)
            taking = [came_from for came_from in self._count if self._takes_space(came_from, device)]
            needed = sum(self._bytes[came_from] for came_from in taking)
            count = sum(self._count[came_from] for came_from in taking)
            names = self._count.total() if self._links and not self._same_drive else count
            return device, needed, refuse_too_full(self._files, existing, needed, count, names)

    def _add(self, came_from: int, size_bytes: int) -> None:
        self._bytes[came_from] += size_bytes
        self._count[came_from] += 1

    def _takes_space(self, came_from: int, device: int) -> bool:
        if came_from == _NO_DEVICE:
            return True
        return not self._links and (self._copies or came_from != device)
