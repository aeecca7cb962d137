"""Disks that stay broken or full; single errors are measured in `tests/bench/safety/errors.py`."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from flowersorter.domain.journal import RunState
from flowersorter.errors import SortRefused
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.outcomes import RunResult
from tests.unit.sorting.failing_disks import OPERATIONS, failing
from tests.unit.sorting.file_trees import (
    OtherDevice,
    Seen,
    contents,
    other_device,
    plan,
    remember,
    snapshot,
    sort,
    take_back,
    write,
)

_CALLS = (0, 3)


@pytest.fixture(params=["same device", "other device"])
def grounds(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Path, Path, Path]]:
    """A folder for the collection, one for the photos, one to sort them to."""
    with nullcontext():
        try:
            with other_device(tmp_path) as memory:
                source = (memory if request.param == "same device" else tmp_path) / "photos"
                yield memory / "collection", source, memory / "sorted"
        except OtherDevice as reason:
            if request.param == "other device":
                pytest.skip(str(reason))
            yield tmp_path / "collection", tmp_path / "photos", tmp_path / "sorted"


def _plant(source: Path) -> dict[Path, str]:
    write(source / "a.jpg", b"photo a" * 10)
    write(source / "a.xmp", b"edits of a")
    write(source / "b.jpg", b"photo b" * 10)
    write(source / "c.jpg", b"photo c" * 10)
    return {source / "a.jpg": "Rose", source / "b.jpg": "Rose", source / "c.jpg": "Tulip"}


def _check(
    collection: CollectionStore,
    result: RunResult,
    before: dict[Path, Seen],
    source: Path,
    destination: Path,
    mode: Mode,
) -> None:
    """Whatever went wrong: settle, look, undo, and all is as it was."""
    for filed in result.files:
        assert (filed.destination is None) <= (filed.error is not None)
    wanted = {seen.content for seen in before.values() if seen.kind == "file"}
    assert set(contents(source, destination)) == wanted, "lost, changed or in part"
    for filed in result.files:
        if filed.destination is None and collection.journal.open_filings() == []:
            assert filed.source.exists()
    assert recover(collection).problems == ()
    assert set(contents(source, destination)) == wanted
    now = snapshot(source, destination)
    assert not [path for path in now if path.name.startswith(".")], "a temporary file was left"
    for path, seen in now.items():
        assert before.get(path, seen) == seen
    if mode != Mode.MOVE:
        assert set(before) <= set(now)
    assert len({source / "a.jpg", source / "a.xmp"} & set(now)) in {0, 2}, "parted from its sidecar"
    assert result.run_id is not None
    if collection.journal.run(result.run_id).state != RunState.UNDONE:
        assert take_back(collection, result.run_id).refused == ()
    recover(collection)  # folders that could not be removed
    assert snapshot(source, destination) == before


@pytest.mark.parametrize("mode", list(Mode))
def test_a_disk_that_stays_broken(grounds: tuple[Path, Path, Path], mode: Mode) -> None:
    folder, source, destination = grounds
    photos = _plant(source)
    destination.mkdir()
    if mode == Mode.LINK and source.stat().st_dev != destination.stat().st_dev:
        with pytest.raises(SortRefused):  # there are no hard links from drive to drive
            plan(photos, destination, mode, source)
        return
    before = snapshot(source, destination)
    with CollectionStore.open(folder) as collection:
        remember(collection, source, list(photos))
        for name in OPERATIONS:
            for nth in _CALLS:
                for code in (errno.EIO, errno.ENOSPC):
                    disk = failing(name, nth, code, times=1000)
                    result = sort(collection, photos, destination, mode, source=source, files=disk)
                    assert len(result.files) == 3
                    _check(collection, result, before, source, destination, mode)


def test_a_full_disk_stops_the_run(tmp_path: Path, collection: CollectionStore) -> None:
    photos = _plant(tmp_path / "photos")
    disk = failing("write", 2, errno.ENOSPC)  # a, its sidecar, then b
    result = sort(collection, photos, tmp_path / "sorted", Mode.COPY, files=disk)
    assert [(filed.destination is None, filed.error) for filed in result.files] == [
        (False, None),
        (True, "the disk is full"),
        (True, "the disk is full"),
    ]
    assert result.run_id is not None
    run = collection.journal.run(result.run_id)
    assert (run.failed, run.waiting, run.state) == (1, 1, RunState.CANCELLED)  # the last one was not tried
    assert (result.paused, result.waiting) == ("the disk is full", 1)
    assert len(contents(tmp_path / "sorted")) == 2


def test_another_error_does_not_stop_the_run(tmp_path: Path, collection: CollectionStore) -> None:
    photos = _plant(tmp_path / "photos")
    disk = failing("write", 2, errno.EIO)
    result = sort(collection, photos, tmp_path / "sorted", Mode.COPY, files=disk)
    assert [filed.error for filed in result.files] == [None, "the disk reports a read or write error", None]
