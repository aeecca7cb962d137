"""Errors at one certain call that leave a photo half-way for a moment."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowersorter.domain.journal import EntryState
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import filed_photos
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.refile import plan_refile
from tests.unit.sorting.failing_disks import Crash, WatchedDisk, failing
from tests.unit.sorting.file_trees import filing, names, plan, snapshot, sort, take_back, write


class Unsynced(FileSystem):
    """A disk on which the names in one folder cannot be made sure."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sync_folder(self, folder: Path) -> None:
        if folder == self._folder:
            raise OSError(errno.EIO, "not here")
        super().sync_folder(folder)


def _with_sidecar(source: Path) -> dict[Path, str]:
    write(source / "neighbour.txt", b"neighbour")
    write(source / "a.xmp", b"edits")
    return {write(source / "a.jpg", b"a"): "Rose"}


def test_a_class_folder_that_may_not_last_gets_no_photo(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _with_sidecar(source)
    (destination / "Rose").mkdir(parents=True)
    result = sort(collection, photos, destination, Mode.MOVE, source=source, files=Unsynced(destination))
    assert result.files[0].error == "the disk reports a read or write error"
    assert names(source) == {"a.jpg", "a.xmp", "neighbour.txt"}


def test_a_link_whose_removal_is_denied_though_it_happened_is_taken_back(
    tmp_path: Path, collection: CollectionStore
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    result = sort(collection, _with_sidecar(source), destination, Mode.LINK, source=source)
    assert take_back(collection, result.run_id, failing("unlink", 0, errno.EIO, after=True)).refused == ()
    assert not destination.exists()


def test_a_sidecar_that_can_neither_follow_its_photo_nor_return_is_left_to_recovery(
    tmp_path: Path, collection: CollectionStore
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _with_sidecar(source)
    before = snapshot(source, destination)
    result = sort(collection, photos, destination, Mode.COPY, source=source)
    # The sidecar's copy is taken away, the photo's cannot be, and the sidecar's cannot be made again.
    unlinked = 0

    def around(name: str, call: Callable[[], Any]) -> Any:
        nonlocal unlinked
        unlinked += name == "unlink"
        if name == "open_exclusive" or (name == "unlink" and unlinked > 1):
            raise OSError(errno.EIO, "not here")
        return call()

    undone = take_back(collection, result.run_id, WatchedDisk(around))
    assert "will be repaired" in undone.refused[0].reason
    recover(collection)
    assert result.run_id is not None
    states = {entry.state for entry in collection.journal.filings(result.run_id)}
    assert len(states) == 1
    if states == {EntryState.DONE}:
        assert take_back(collection, result.run_id).refused == ()
    assert snapshot(source, destination) == before


def test_what_is_filed_moves_on_within_its_folder(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _with_sidecar(source)
    sha256 = filing(source / "a.jpg", "Rose").sha256
    sort(collection, photos, destination, Mode.COPY, source=source)
    filed = [(photo, "Tulip") for photo in filed_photos(collection.database, [sha256])]
    for planned in plan_refile(collection, filed, CancelToken()):
        assert execute(planned, collection, silent, CancelToken()).filed == 1
    assert names(destination) == {"Tulip/a.jpg", "Tulip/a.xmp"}
    (destination / "Tulip" / "a.jpg").unlink()
    filed = [(photo, "Rose") for photo in filed_photos(collection.database, [sha256])]
    assert plan_refile(collection, filed, CancelToken())[0].skipped[0].reason == "it is not there any more"


def test_a_photo_goes_back_if_its_sidecar_cannot_follow(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _with_sidecar(source)
    before = snapshot(source, destination)
    disk = failing("open_exclusive", 1, errno.EIO)
    result = sort(collection, photos, destination, Mode.COPY, source=source, files=disk)
    assert result.files[0].error == "a.xmp: the disk reports a read or write error"
    assert snapshot(source, destination) == before


def test_recovery_brings_the_sidecar_after_its_photo(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = _with_sidecar(source)
    planned = plan(photos, destination, Mode.MOVE, source)

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "hash" and (destination / "Rose" / "a.jpg").exists() and not (source / "a.jpg").exists():
            raise Crash  # the photo is filed, its sidecar's turn has come
        return call()

    with pytest.raises(Crash):
        execute(planned, collection, silent, CancelToken(), WatchedDisk(around))
    assert recover(collection).finished == 1
    assert names(destination) == {"Rose/a.jpg", "Rose/a.xmp"}
