"""Undo of photos that the person moved, renamed or edited in the destination: kept, or taken back if asked to."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowersorter.domain.journal import EntryState, RunState
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.undo import UndoResult, undo
from tests.unit.sorting.failing_disks import Crash, CrashingSteps
from tests.unit.sorting.file_trees import names, remember, snapshot, sort, take_back, write

MODES = (Mode.COPY, Mode.MOVE, Mode.LINK)


def _take_all_back(collection: CollectionStore, run_id: int | None, files: FileSystem | None = None) -> UndoResult:
    assert run_id is not None
    return undo(collection, run_id, silent, CancelToken(), files, take_changed=True)


@pytest.mark.parametrize("mode", MODES)
def test_photos_in_a_renamed_class_folder_stay_until_the_person_agrees(
    tmp_path: Path, collection: CollectionStore, mode: Mode
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"{name}.jpg", name.encode()): "Rose" for name in "abc"}
    write(source / "a.xmp", b"edits of a")
    write(destination / "mine.txt", b"mine")
    remember(collection, source, list(photos))
    before = snapshot(source, destination)
    result = sort(collection, photos, destination, mode, source=source)
    (destination / "Rose").rename(destination / "Roses of 2024")
    tidied = snapshot(source, destination)

    kept = take_back(collection, result.run_id)
    assert (kept.undone, len(kept.moved), kept.edited, kept.refused_anyway) == (0, 3, {}, ())
    assert "it was moved or renamed since: Roses of 2024/c.jpg" in {skipped.reason for skipped in kept.refused}
    assert snapshot(source, destination) == tidied

    done = _take_all_back(collection, result.run_id)
    assert (done.undone, done.refused, done.changed) == (3, (), ())
    (destination / "Roses of 2024").rmdir()  # the person made it
    assert snapshot(source, destination) == before
    assert {place.path for place in collection.photos.all_places()} == set(photos)


@pytest.mark.parametrize("mode", MODES)
def test_renamed_photos_in_sub_folders_come_back_with_their_sidecars(
    tmp_path: Path, collection: CollectionStore, mode: Mode
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"{name}.jpg", name.encode()): "Rose" for name in "ab"}
    for name in ("a.jpg.xmp", "b.mov"):
        write(source / name, name.encode())
    before = snapshot(source)
    result = sort(collection, photos, destination, mode, source=source)
    year = destination / "Rose" / "2024"
    year.mkdir()
    (destination / "Rose" / "a.jpg").rename(year / "best.jpg")
    (destination / "Rose" / "a.jpg.xmp").rename(year / "best.jpg.xmp")
    (destination / "Rose" / "b.jpg").rename(year / "b.jpg")  # its film stays behind
    assert _take_all_back(collection, result.run_id).refused == ()
    assert snapshot(source) == before
    assert names(destination) == set()


def test_what_other_filings_put_there_and_what_was_there_before_is_not_taken(
    tmp_path: Path, collection: CollectionStore
) -> None:
    destination = tmp_path / "sorted"
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    older = write(destination / "old" / "a.jpg", b"a")

    class OlderFile(FileSystem):
        def stat(self, path: Path) -> os.stat_result:
            found = super().stat(path)
            fields = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
            return SimpleNamespace(**fields | {"st_ctime": 1e9}) if path == older else found  # type: ignore[return-value]

    first = sort(collection, {photo: "Rose"}, destination, Mode.COPY)
    second = sort(collection, {photo: "Tulip"}, destination, Mode.COPY)
    (destination / "Rose" / "a.jpg").unlink()
    assert _take_all_back(collection, first.run_id, OlderFile()).gone == 1  # it was deleted, nothing is left to do
    assert names(destination) == {"old/a.jpg", "Tulip/a.jpg"}
    assert _take_all_back(collection, second.run_id, OlderFile()).undone == 1
    assert names(destination) == {"old/a.jpg"}


def test_two_filings_of_the_same_bytes_take_one_file_each(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / "a.jpg", b"same"): "Rose", write(source / "b.jpg", b"same"): "Tulip"}
    before = snapshot(source)
    result = sort(collection, photos, destination, Mode.MOVE, source=source)
    (destination / "all").mkdir()
    for path in (destination / "Rose" / "a.jpg", destination / "Tulip" / "b.jpg"):
        path.rename(destination / "all" / path.name)
    assert _take_all_back(collection, result.run_id).refused == ()
    assert snapshot(source) == before


def test_a_link_is_found_by_its_file_and_not_by_its_bytes(tmp_path: Path, collection: CollectionStore) -> None:
    destination = tmp_path / "sorted"
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    result = sort(collection, {photo: "Rose"}, destination, Mode.LINK)
    (destination / "Rose" / "a.jpg").rename(destination / "Rose" / "z.jpg")
    write(destination / "Rose" / "copy" / "a.jpg", b"a")
    assert _take_all_back(collection, result.run_id).undone == 1
    assert names(destination) == {"Rose/copy/a.jpg"}


@pytest.mark.parametrize("what", ["a.jpg", "a.xmp"])
def test_an_edited_photo_that_was_moved_goes_back_as_it_is_if_asked_to(
    tmp_path: Path, collection: CollectionStore, what: str
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photo = write(source / "a.jpg", b"a")
    write(source / "a.xmp", b"edits")
    remember(collection, source, [photo])
    result = sort(collection, {photo: "Rose"}, destination, Mode.MOVE, source=source)
    edited = write(destination / "Rose" / what, b"rated with five stars")
    kept = take_back(collection, result.run_id)
    assert (len(kept.edited), kept.moved) == (1, {})
    assert edited.exists()
    assert _take_all_back(collection, result.run_id).refused == ()
    assert (source / what).read_bytes() == b"rated with five stars"
    assert names(source) == {"a.jpg", "a.xmp"}
    assert not destination.exists()


def test_a_touched_photo_is_not_an_edited_one(tmp_path: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.MOVE, source=photo.parent)
    os.utime(tmp_path / "sorted" / "Rose" / "a.jpg")
    assert take_back(collection, result.run_id).undone == 1


@pytest.mark.parametrize("where", ["Rose", "best"])
def test_an_edited_copy_always_stays(tmp_path: Path, collection: CollectionStore, where: str) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photo = write(source / "a.jpg", b"a")
    write(source / "a.xmp", b"edits")
    result = sort(collection, {photo: "Rose"}, destination, Mode.COPY, source=source)
    write(destination / "Rose" / "a.xmp", b"more edits")
    (destination / "Rose").rename(destination / where)
    refused = _take_all_back(collection, result.run_id).refused
    assert [skipped.reason for skipped in refused] == [
        "a.xmp: it has changed since it was sorted, so the copy was kept"
    ]
    assert names(destination) == {f"{where}/a.jpg", f"{where}/a.xmp"}
    assert names(source) == {"a.jpg", "a.xmp"}


def test_what_a_later_run_moved_on_is_not_looked_for(tmp_path: Path, collection: CollectionStore) -> None:
    destination = tmp_path / "sorted"
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    before = snapshot(photo.parent)
    first = sort(collection, {photo: "Rose"}, destination, Mode.MOVE, source=photo.parent)
    second = sort(collection, {destination / "Rose" / "a.jpg": "Tulip"}, destination, Mode.MOVE)
    (destination / "Tulip").rename(destination / "Tulips")
    assert [skipped.reason for skipped in _take_all_back(collection, first.run_id).refused] == [
        "it is not there any more"
    ]
    for run in (second, first):
        assert _take_all_back(collection, run.run_id).refused == ()
    assert snapshot(photo.parent) == before


def test_a_disk_that_cannot_be_read_refuses_photo_by_photo(tmp_path: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY)

    class Unreadable(FileSystem):
        def stat(self, path: Path) -> os.stat_result:
            raise OSError(5, "not here")

    assert [skipped.reason for skipped in _take_all_back(collection, result.run_id, Unreadable()).refused] == [
        "the disk reports a read or write error"
    ]


@pytest.mark.parametrize("mode", MODES)
def test_killed_at_any_step_it_is_taken_back_in_the_end(tmp_path: Path, mode: Mode) -> None:
    for at in range(0, 200, 3):
        root = tmp_path / str(at)
        source, destination = root / "photos", root / "sorted"
        photo = write(source / "a.jpg", b"a")
        write(source / "a.xmp", b"edits")
        before = snapshot(source)
        with CollectionStore.open(root / "collection") as collection:
            run_id = sort(collection, {photo: "Rose"}, destination, mode, source=source).run_id
            (destination / "Rose").rename(destination / "Roses")
            steps = CrashingSteps(at, after=bool(at % 2))
            steps.watch_database(collection)
            with contextlib.suppress(Crash):
                _take_all_back(collection, run_id, steps.disk())
        with CollectionStore.open(root / "collection") as collection:
            assert run_id is not None
            if collection.journal.run(run_id).state != RunState.UNDONE:
                assert _take_all_back(collection, run_id).refused == ()
            assert {entry.state for entry in collection.journal.filings(run_id)} == {EntryState.UNDONE}
        assert snapshot(source) == before
        assert names(destination) == set()
        if not steps.dead:
            return
    raise AssertionError("it never came to its end")
