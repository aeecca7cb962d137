"""Room on the disk, in bytes and in files, is looked at before a sort and while it goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowersorter.domain.journal import RunState
from flowersorter.errors import SortRefused
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.folders.destination_checks import SPARE_FILES
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.runs.resume import resume
from flowersorter.sorting.runs.step_batches import MOST_FILES
from tests.unit.sorting.file_trees import names, plan, write

LARGE = 3 * MOST_FILES


class Filling(FileSystem):
    """A disk that another program fills.

    Args:
        room: Returns free bytes and files by the number of files that are sorted.
        destination: Where they are counted.
    """

    def __init__(self, room: Callable[[int], tuple[int, int | None]], destination: Path) -> None:
        self._room, self._destination = room, destination

    def free_bytes(self, folder: Path) -> int:
        """Room for the bytes of files."""
        return self._room(len(names(self._destination)))[0] if self._is_destination(folder) else 10**12

    def free_files(self, folder: Path) -> int | None:
        """Room for files, whatever their size."""
        return self._room(len(names(self._destination)))[1] if self._is_destination(folder) else None

    def _is_destination(self, folder: Path) -> bool:
        return folder in {self._destination, self._destination.parent}


@pytest.fixture
def photos(tmp_path: Path) -> dict[Path, str]:
    return {write(tmp_path / "photos" / f"{number}.jpg", b"%d" % number): "Rose" for number in range(LARGE)}


@pytest.mark.parametrize(
    ("room", "why"),
    [
        (
            lambda done: (10**12 if done < MOST_FILES else 5_000_000 // 10, None),
            "the disk is full: only 0.5 MB are free",
        ),
        (
            lambda done: (10**12, 10**6 if done < MOST_FILES else SPARE_FILES + 3),
            f"the disk is full: it has room for {SPARE_FILES + 3} more files",
        ),
    ],
)
def test_a_disk_that_fills_up_pauses_the_sort_before_it_is_full(
    tmp_path: Path,
    collection: CollectionStore,
    photos: dict[Path, str],
    room: Callable[[int], tuple[int, int | None]],
    why: str,
) -> None:
    destination = tmp_path / "sorted"
    disk = Filling(room, destination)
    result = execute(plan(photos, destination, Mode.COPY), collection, silent, CancelToken(), disk)
    assert (result.filed, result.waiting) == (MOST_FILES, LARGE - MOST_FILES)
    assert result.paused.startswith(why)
    assert str(destination) in result.paused
    assert {file.error for file in result.files if file.destination is None} == {result.paused}
    assert result.run_id is not None
    run = collection.journal.run(result.run_id)
    assert (run.state, run.failed, run.waiting) == (RunState.CANCELLED, 0, LARGE - MOST_FILES)
    assert resume(collection, run.id, silent, CancelToken()).filed == LARGE - MOST_FILES


@pytest.mark.parametrize("mode", [Mode.MOVE, Mode.LINK])
def test_modes_that_take_no_room_do_not_ask_for_any(
    tmp_path: Path, collection: CollectionStore, photos: dict[Path, str], mode: Mode
) -> None:
    destination = tmp_path / "sorted"
    disk = Filling(lambda done: (0, 0), destination)
    result = execute(plan(photos, destination, mode), collection, silent, CancelToken(), disk)
    assert (result.filed, result.paused) == (LARGE, "")


def test_a_plan_that_needs_more_files_than_the_disk_can_hold_is_refused(
    tmp_path: Path, photos: dict[Path, str]
) -> None:
    destination = tmp_path / "sorted"
    for mode in (Mode.COPY, Mode.SYMLINK):
        with pytest.raises(SortRefused, match="so many files") as refused:
            plan(photos, destination, mode, files=Filling(lambda done: (10**12, LARGE), destination))
        assert f"the photos need {LARGE} files and there is room for {LARGE}" in str(refused.value)
        plan(photos, destination, mode, files=Filling(lambda done: (10**12, LARGE + SPARE_FILES), destination))
    plan(photos, destination, Mode.LINK, files=Filling(lambda done: (10**12, 0), destination))


def test_a_full_disk_of_the_library_pauses_the_sort(
    tmp_path: Path, collection: CollectionStore, photos: dict[Path, str]
) -> None:
    class Disk(FileSystem):
        def free_bytes(self, folder: Path) -> int:
            return 1000 if folder == collection.folder else 10**12

    result = execute(plan(photos, tmp_path / "sorted", Mode.MOVE), collection, silent, CancelToken(), Disk())
    assert result.filed == 0
    assert str(collection.folder) in result.paused


@pytest.mark.skipif(not hasattr(os, "statvfs"), reason="needs statvfs")
def test_a_file_system_without_a_number_of_files_sets_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (FileSystem().free_files(tmp_path) or 1) > 0
    # btrfs and FAT say 0 of 0.
    monkeypatch.setattr(os, "statvfs", lambda folder: SimpleNamespace(f_files=0, f_favail=0))
    assert FileSystem().free_files(tmp_path) is None
    monkeypatch.setattr(os, "statvfs", lambda folder: SimpleNamespace(f_files=9, f_favail=0))
    assert FileSystem().free_files(tmp_path) == 0


def test_a_system_that_does_not_count_files_sets_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "statvfs", raising=False)  # as on Windows
    assert FileSystem().free_files(tmp_path) is None
