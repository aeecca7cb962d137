"""A drive that is pulled out at one certain call: what is on it is left to recovery, nothing is put in its place."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flowersorter.domain.journal import RunState
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.failures import UNPLUGGED
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from tests.unit.sorting.failing_disks import WatchedDisk, failing
from tests.unit.sorting.file_trees import MTIME_NS, contents, names, plan, snapshot, sort, take_back, write


class Pulled(WatchedDisk):
    """A disk, a folder of which is renamed away before the nth call of one operation."""

    def __init__(self, folder: Path, name: str, nth: int = 0, *, after: bool = False) -> None:
        super().__init__(self._step)
        self._folder, self._name, self._left, self._after = folder, name, nth, after

    def _step(self, name: str, call: Callable[[], Any]) -> Any:
        now = name == self._name
        self._left -= now
        if now and self._left == -1 and not self._after:
            self._pull()
        result = call()
        if now and self._left == -1 and self._after:
            self._pull()
        return result

    def _pull(self) -> None:
        self._folder.rename(self._folder.with_name("unplugged"))

    def put_back(self) -> None:
        self._folder.with_name("unplugged").rename(self._folder)


class MountPoint(WatchedDisk):
    """A disk on which a folder, and what is in it, is on another device from some call of an operation on."""

    def __init__(self, folder: Path, name: str, nth: int) -> None:
        super().__init__(self._step)
        self._folder, self._name, self._left = folder, name, nth

    def _step(self, name: str, call: Callable[[], Any]) -> Any:
        self._left -= name == self._name
        return call()

    def stat_through(self, path: Path) -> os.stat_result:
        found = super().stat_through(path)
        if self._left >= 0 or self._folder not in (path, *path.parents):
            return found
        fields = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
        return SimpleNamespace(**{**fields, "st_dev": -1})  # type: ignore[return-value]


def _plant(source: Path) -> dict[Path, str]:
    write(source / "neighbour.txt", b"neighbour")
    return {write(source / f"{name}.jpg", name.encode() * 9): name for name in "ab"}


@pytest.mark.parametrize(
    ("mode", "side", "name", "after"),
    [
        (Mode.COPY, "sorted", "write", True),  # the temporary file is on it
        (Mode.COPY, "sorted", "rename_new", True),  # the copy is on it
        (Mode.COPY, "sorted", "mkdir", True),  # the folder is on it
        (Mode.LINK, "sorted", "link_new", True),
        (Mode.MOVE, "sorted", "link_new", True),
        (Mode.MOVE, "photos", "link_new", True),
        (Mode.MOVE, "photos", "unlink", False),
    ],
)
def test_what_is_on_a_pulled_drive_is_settled_when_it_is_back(
    tmp_path: Path, collection: CollectionStore, mode: Mode, side: str, name: str, after: bool
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _plant(source)
    write(destination / "old.txt", b"was there")
    before = snapshot(source, destination)
    disk = Pulled(tmp_path / side, name, after=after)
    result = sort(collection, photos, destination, mode, source=source, files=disk)
    assert result.failed + result.waiting == 2
    assert [filed.destination for filed in result.files] == [None, None]
    recover(collection)
    disk.put_back()
    assert recover(collection).problems == ()
    assert result.run_id is not None
    if collection.journal.run(result.run_id).state != RunState.UNDONE:
        assert take_back(collection, result.run_id).refused == ()
    assert snapshot(source, destination) == before


def test_an_original_that_vanishes_alone_counts_as_moved(
    tmp_path: Path, elsewhere: Path, collection: CollectionStore
) -> None:
    photos = _plant(tmp_path / "photos")

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "sync":  # the copy is complete
            (tmp_path / "photos" / "a.jpg").unlink(missing_ok=True)
        return call()

    result = sort(collection, photos, elsewhere, Mode.MOVE, source=tmp_path / "photos", files=WatchedDisk(around))
    assert result.failed == 0
    assert names(elsewhere) == {"a/a.jpg", "b/b.jpg"}


def test_both_are_kept_if_the_original_is_edited_while_it_is_copied(
    tmp_path: Path, elsewhere: Path, collection: CollectionStore
) -> None:
    photos = _plant(tmp_path / "photos")

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "sync":
            write(tmp_path / "photos" / "a.jpg", b"edited just now")
        return call()

    result = sort(collection, photos, elsewhere, Mode.MOVE, source=tmp_path / "photos", files=WatchedDisk(around))
    assert "kept too" in str(result.files[0].error)
    assert b"edited just now" in contents(tmp_path / "photos")
    assert b"a" * 9 in contents(elsewhere)


def test_a_class_folder_is_not_left_where_the_destination_was(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _plant(source)
    destination.mkdir()
    result = sort(collection, photos, destination, Mode.COPY, source=source, files=MountPoint(destination, "mkdir", 0))
    assert [filed.destination for filed in result.files] == [None, None]
    assert "unplugged" in str(result.files[0].error)
    assert list(destination.iterdir()) == []


def test_a_run_ends_where_not_even_the_root_of_its_drive_is_there(tmp_path: Path, collection: CollectionStore) -> None:
    """As on Windows, once the drive of the destination is pulled out between the plan and its execution."""

    class NoRoot(FileSystem):
        def stat_through(self, path: Path) -> os.stat_result:
            if path in (destination, *destination.parents):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            return super().stat_through(path)

    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _plant(source)
    result = sort(collection, photos, destination, Mode.MOVE, source=source, files=NoRoot())
    assert [filed.error for filed in result.files] == [UNPLUGGED, UNPLUGGED]
    assert collection.journal.open_runs() == []
    assert set(contents(source)) == {b"a" * 9, b"b" * 9, b"neighbour"}


def test_undoing_stops_where_the_drive_was(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    result = sort(collection, _plant(source), destination, Mode.MOVE, source=source)
    refused = take_back(collection, result.run_id, MountPoint(source, "unlink", 0)).refused
    assert ["unplugged" in skipped.reason for skipped in refused] == [True]
    assert take_back(collection, result.run_id).refused == ()


def test_a_folder_is_not_made_again_where_the_drive_of_the_photos_was(
    tmp_path: Path, collection: CollectionStore
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photo = write(source / "deep" / "a.jpg", b"a")
    write(source / "neighbour.txt", b"neighbour")
    result = sort(collection, {photo: "a"}, destination, Mode.MOVE, source=source)
    photo.parent.rmdir()
    refused = take_back(collection, result.run_id, MountPoint(source, "mkdir", 0)).refused
    assert "unplugged" in refused[0].reason
    assert names(source) == {"neighbour.txt"}
    assert not photo.parent.exists()
    (source / "neighbour.txt").unlink()  # an empty folder on the drive where the photo was
    assert take_back(collection, result.run_id).refused == ()


def test_a_photo_deleted_after_a_crash_does_not_block_the_others(tmp_path: Path, collection: CollectionStore) -> None:
    """Its class folder is empty, but lies on a drive that is there."""
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _plant(source)
    write(destination / "old.txt", b"was there")
    disk = failing("unlink", 1, 5, times=2)  # the second photo: neither can its old name go, nor the new one
    result = sort(collection, photos, destination, Mode.MOVE, source=source, files=disk)
    assert result.run_id is not None
    for folder in (source, destination / "b"):
        (folder / "b.jpg").unlink(missing_ok=True)
    (destination / "b").rmdir()
    assert "not there any more" in recover(collection).problems[0]
    assert collection.journal.open_filings() == []
    assert take_back(collection, result.run_id).refused == ()
    assert names(source) == {"a.jpg", "neighbour.txt"}


def test_an_interrupted_photo_on_a_missing_drive_does_not_block_the_others(
    tmp_path: Path, collection: CollectionStore
) -> None:
    destination = tmp_path / "sorted"
    photos = {write(tmp_path / name / f"{name}.jpg", name.encode()): name for name in "ab"}
    write(tmp_path / "a" / "neighbour.txt", b"neighbour")
    disk = failing("unlink", 1, 5, times=2)
    result = sort(collection, photos, destination, Mode.MOVE, files=disk)
    assert result.run_id is not None
    (destination / "b" / "b.jpg").unlink()
    (tmp_path / "b").rename(tmp_path / "unplugged")
    undone = take_back(collection, result.run_id)
    assert (undone.undone, [skipped.reason for skipped in undone.refused]) == (
        1,
        ["it was interrupted and its drive is missing"],
    )
    (tmp_path / "unplugged").rename(tmp_path / "b")
    recover(collection)
    assert collection.journal.open_filings() == []


def test_what_a_later_run_moved_on_is_refused_until_that_is_undone(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _plant(source)
    before = snapshot(source)
    first = sort(collection, photos, destination, Mode.COPY, source=source)
    filed = {destination / name / f"{name}.jpg": "c" for name in "ab"}
    (destination / "b" / "b.jpg").unlink()
    del filed[destination / "b" / "b.jpg"]
    second = sort(collection, filed, destination, Mode.MOVE)
    refused = take_back(collection, first.run_id).refused
    assert [skipped.reason for skipped in refused] == [f"sort {second.run_id} has moved it on; undo that sort first"]
    assert plan({destination / "c" / "a.jpg": "c"}, destination, Mode.MOVE).skipped == ()
    assert (destination / "c" / "a.jpg").stat().st_mtime_ns > MTIME_NS
    assert not (destination / "a").exists()
    assert take_back(collection, second.run_id).refused == ()
    assert take_back(collection, first.run_id).refused == ()
    assert snapshot(source) == before
