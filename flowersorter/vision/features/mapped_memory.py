"""Memory for large arrays in files without a name: the system may move them to the disk instead of running out."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: Bytes of a cache that stay in plain memory: those of 65,000 photos with ResNet-50. Small collections make no file.
_PLAIN_BYTES = 160 << 20
#: Bytes of a file with several arrays, at most: each file holds a descriptor, of which a program has 1,024.
_FILE_BYTES = 512 << 20
_MOST_SLOTS = 64


@dataclass(slots=True, eq=False)
class _File:
    """A mapped file with room for several arrays of one size.

    Attributes:
        mapped: The file.
        slots: How many arrays have room.
        free: Numbers of the slots that no array uses.
    """

    mapped: mmap.mmap
    slots: int
    free: list[int] = field(default_factory=list)


class MappedMemory:
    """Makes arrays; beyond the first ones they are in files that vanish with them.

    Arrays of one size share files. The room of a file is reserved on the disk first: a full disk would end the process
    when a page is written. Where that is refused or not possible, an array is in plain memory. On a file system that
    copies on write, such as btrfs, a reservation is no promise: if its disk becomes full, the process can still end.

    Args:
        folder: Where the files are made; on the disk of the collection, which has room for more than this.
        plain_bytes: Size of the arrays that are made in plain memory first.
    """

    def __init__(self, folder: Path, plain_bytes: int = _PLAIN_BYTES) -> None:
        self._folder, self._plain_left = folder, plain_bytes
        self._files: dict[int, list[_File]] = {}  # by the bytes of a slot

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Make an array whose content is not defined."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        mapped = None if size <= self._plain_left else self._mapped(size)
        if mapped is None:
            self._plain_left = max(0, self._plain_left - size)
            return np.empty(shape, kind)
        return mapped.view(kind).reshape(shape)

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        """Copy an array."""
        result = self.empty(array.shape, array.dtype)
        result[:] = array
        return result

    def _mapped(self, size: int) -> NDArray[np.uint8] | None:
        """Return an array (size,) in a file; its slot is free again once the array and its views are gone."""
        room = -(-max(size, 1) // mmap.PAGESIZE) * mmap.PAGESIZE
        files = self._files.setdefault(room, [])
        taken = _take_slot(files)
        if taken is None:
            # Twice as many slots each time: no more than that is reserved without need.
            wanted = max(1, min(_MOST_SLOTS, _FILE_BYTES // room, sum(file.slots for file in files)))
            for slots in dict.fromkeys((wanted, 1)):
                mapped = self._map(room * slots)
                if mapped is not None:
                    files.append(_File(mapped, slots, list(range(slots))))
                    taken = _take_slot(files)
                    break
        if taken is None:
            return None
        file, slot = taken
        array = np.frombuffer(file.mapped, np.uint8, size, slot * room)
        weakref.finalize(array, _give_back, files, file, slot).atexit = False
        return array

    def _map(self, size: int) -> mmap.mmap | None:
        if not hasattr(os, "posix_fallocate") and os.name != "nt":
            return None
        try:
            with tempfile.TemporaryFile(dir=self._folder) as file:
                if os.name == "nt":
                    file.truncate(size)
                else:
                    os.posix_fallocate(file.fileno(), 0, size)
                return mmap.mmap(file.fileno(), size)
        except OSError:
            return None


def let_go(array: NDArray[Any]) -> None:
    """Let the system take the pages of a mapped array that was used and will not be for a while; it stays as it is.

    Of adjacent rows of a mapped array, only the pages that are wholly theirs are taken.
    """
    whole = array
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    mapped = whole.base.obj if isinstance(whole.base, memoryview) else None
    if not isinstance(mapped, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    begin = array.ctypes.data - np.frombuffer(mapped, np.uint8, 1).ctypes.data
    first = -(-begin // mmap.PAGESIZE) * mmap.PAGESIZE
    end = (begin + array.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if first < end:
        mapped.madvise(mmap.MADV_DONTNEED, first, end - first)


def _take_slot(files: list[_File]) -> tuple[_File, int] | None:
    """Take a free slot of these files."""
    for file in files:
        with contextlib.suppress(IndexError):  # another thread took it
            return file, file.free.pop()
    return None


def _give_back(files: list[_File], file: _File, slot: int) -> None:
    """Let a slot be used again; a file without a used one vanishes. May run at any time, in any thread."""
    file.free.append(slot)
    if len(file.free) == file.slots:
        with contextlib.suppress(ValueError):
            files.remove(file)
