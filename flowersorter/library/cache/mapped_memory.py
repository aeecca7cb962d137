"""Memory for large arrays in files without a name: the system may move them to the disk instead of running out."""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

#: Bytes of a cache that stay in plain memory: those of 65,000 photos with ResNet-50. Small collections make no file.
_PLAIN_BYTES = 160 << 20


class MappedMemory:
    """Makes arrays; beyond the first ones they are in files that vanish with them.

    The room of a file is reserved on the disk first: a full disk would end the process when a page is written. Where
    that is refused or not possible, an array is in plain memory.

    Args:
        folder: Where the files are made; on the disk of the collection, which has room for more than this.
        plain_bytes: Size of the arrays that are made in plain memory first.
    """

    def __init__(self, folder: Path, plain_bytes: int = _PLAIN_BYTES) -> None:
        self._folder, self._plain_left = folder, plain_bytes

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Make an array whose content is not defined."""
        kind = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        mapped = None if size <= self._plain_left else self._mapped(size)
        if mapped is None:
            self._plain_left = max(0, self._plain_left - size)
            return np.empty(shape, kind)
        return np.frombuffer(mapped, kind).reshape(shape)

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        """Copy an array."""
        result = self.empty(array.shape, array.dtype)
        result[:] = array
        return result

    def _mapped(self, size: int) -> mmap.mmap | None:
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
    """Let the system take the pages of a mapped array that was used and will not be for a while; it stays as it is."""
    base: object = array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    mapped = base.obj if isinstance(base, memoryview) else base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
