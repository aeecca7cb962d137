"""Large arrays lie in files without a name, keep what is written, and need no file where the disk refuses."""

from __future__ import annotations

import gc
import mmap
import os
import weakref
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.vision.features.mapped_memory import MappedMemory, let_go

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


@needs_mapping
def test_many_arrays_hold_few_files_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Descriptors are few: without one the library could not be opened."""
    opened: list[int] = []
    real = mmap.mmap

    class Counted(real):  # type: ignore[misc, valid-type]
        def __init__(self, fileno: int, length: int) -> None:
            opened.append(length)

    monkeypatch.setattr(mmap, "mmap", Counted)
    memory = MappedMemory(tmp_path, plain_bytes=0)
    arrays = [memory.empty((64, size), np.uint8) for _ in range(250) for size in (8, 8, 200)]
    for number, array in enumerate(arrays):
        array[:] = number % 251
    assert len(opened) <= 25
    assert sum(opened) <= 2 * len(arrays) * 4 * mmap.PAGESIZE
    for number, array in enumerate(arrays):
        let_go(array)
        assert (array == number % 251).all()


@needs_mapping
def test_room_is_used_again_once_an_array_is_gone(tmp_path: Path) -> None:
    memory = MappedMemory(tmp_path, plain_bytes=0)
    arrays = [memory.empty((5000,), np.uint8) for _ in range(8)]
    for number, array in enumerate(arrays):
        array[:] = number
    part = arrays[3][10:20]
    at = arrays[5].ctypes.data
    del arrays[5], array
    new = memory.empty((5000,), np.uint8)
    assert new.ctypes.data == at
    new[:] = 100
    del arrays[3]
    assert (part == 3).all()
    other = memory.empty((5000,), np.uint8)
    other[:] = 200
    assert (part == 3).all(), "it is still used"


@needs_mapping
def test_files_vanish_with_their_arrays(tmp_path: Path) -> None:
    memory = MappedMemory(tmp_path, plain_bytes=0)
    arrays = [memory.empty((5000,), np.uint8) for _ in range(8)]
    files = [weakref.ref(file.mapped) for files in memory._files.values() for file in files]
    assert len(files) == 4
    del arrays
    gc.collect()
    assert [file() for file in files] == [None] * 4


def resident_kb(array: NDArray[np.uint8]) -> int:
    """Kilobytes of the mapping with this array that are in memory."""
    inside = False
    for line in Path("/proc/self/smaps").read_text(encoding="ascii").splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            begin, end = (int(each, 16) for each in words[0].split("-"))
            inside = begin <= array.ctypes.data < end
        elif inside and words[0] == "Rss:":
            return int(words[1])
    raise AssertionError("the array is in no mapping")


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="this system does not tell which pages are in memory")
def test_only_the_pages_of_some_rows_are_given_back(tmp_path: Path) -> None:
    array = MappedMemory(tmp_path, plain_bytes=0).empty((100, mmap.PAGESIZE), np.uint8)
    array[:] = np.arange(100, dtype=np.uint8)[:, None]
    page_kb = mmap.PAGESIZE // 1024
    let_go(array[10:60])
    assert resident_kb(array) == 50 * page_kb
    let_go(array[60:].ravel()[1:-1])
    assert resident_kb(array) == 12 * page_kb, "two rows are not wholly given back"
    let_go(array[5, 3:9])
    assert resident_kb(array) == 12 * page_kb
    np.testing.assert_array_equal(array[:, -1], np.arange(100))
