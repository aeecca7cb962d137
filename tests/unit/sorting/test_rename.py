"""The rename that never replaces: what the whole protocol stands on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flowersorter.sorting import filesystem
from flowersorter.sorting.filesystem import FileSystem


@pytest.fixture(autouse=True)
def found_afresh() -> None:
    """The system's call is looked up once a process, which may have been in a thread that coverage does not see."""
    if sys.platform == "linux":
        filesystem._linux_rename.cache_clear()


def test_a_file_gets_a_free_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    FileSystem().rename_new(tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "a").exists()
    assert (tmp_path / "b").read_bytes() == b"a"


def test_a_name_that_is_taken_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileExistsError):
        FileSystem().rename_new(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == b"a"
    assert (tmp_path / "b").read_bytes() == b"b"
