"""Large arrays lie in files without a name, keep what is written, and need no file where the disk refuses."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.library.cache.mapped_memory import MappedMemory, let_go

needs_mapping = pytest.mark.skipif(
    not hasattr(os, "posix_fallocate"), reason="room for a file cannot be reserved on this system"
)


def is_mapped(array: NDArray[np.uint8]) -> bool:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, memoryview) and isinstance(base.obj, mmap.mmap)


@needs_mapping
def test_only_what_is_beyond_the_first_bytes_is_mapped(tmp_path: Path) -> None:
    memory = MappedMemory(tmp_path, plain_bytes=10_000)
    arrays = [memory.empty((100, 40), np.uint8) for _ in range(4)]
    assert [is_mapped(array) for array in arrays] == [False, False, True, True]
    assert list(tmp_path.iterdir()) == [], "a file would stay after a crash"


@needs_mapping
def test_an_array_stays_as_it_is_when_its_pages_are_given_back(tmp_path: Path) -> None:
    memory = MappedMemory(tmp_path, plain_bytes=0)
    array = memory.empty((300, 100), np.float32)
    array[:] = np.arange(30_000).reshape(300, 100)
    let_go(array)
    np.testing.assert_array_equal(array, np.arange(30_000).reshape(300, 100))
    copied = memory.copy(array)
    array[:] = 0
    assert is_mapped(copied)
    assert copied[-1, -1] == 29_999
    let_go(np.zeros(3))


def test_plain_memory_where_the_disk_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    array = MappedMemory(tmp_path / "nowhere", plain_bytes=0).empty((5, 5), np.uint8)
    array[:] = 3
    assert not is_mapped(array)
