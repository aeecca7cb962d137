"""Filing: each photo ends in exactly one state, what is there is never overwritten, and it can be stopped."""

from __future__ import annotations

import dataclasses
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowersorter.domain.journal import EntryState, RunState
from flowersorter.errors import Cancelled, LibraryFull, SortRefused, UserError
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import RunBegun, execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.step_batches import MOST_FILES
from tests.unit.sorting.failing_disks import WatchedDisk, failing
from tests.unit.sorting.file_trees import go_on, names, plan, remember, snapshot, sort, take_back, write


def _states(collection: CollectionStore, run_id: int | None) -> list[str]:
    assert run_id is not None
    return [entry.state for entry in collection.journal.filings(run_id)]


@pytest.mark.parametrize("mode", list(Mode))
def test_times_modes_and_bytes_are_kept(
    tmp_path: Path, elsewhere: Path, collection: CollectionStore, mode: Mode
) -> None:
    source = tmp_path / "photos"
    photo = write(source / "a.jpg", os.urandom(3_000_000), 0o440)
    before = snapshot(source)[photo]
    for destination in (tmp_path / "sorted", elsewhere / "sorted"):
        if mode == Mode.LINK and elsewhere in destination.parents:
            continue  # refused; see below
        result = sort(collection, {photo: "Rose"}, destination, mode, source=source)
        filed = destination / "Rose" / "a.jpg"
        found = filed.stat()
        assert (filed.read_bytes(), found.st_mtime_ns, stat.S_IMODE(found.st_mode)) == (
            before.content,
            before.mtime_ns,
            before.mode,
        )
        assert photo.exists() == (mode != Mode.MOVE)
        assert result.filed == 1
        assert take_back(collection, result.run_id).refused == ()
        assert snapshot(source)[photo] == before
        assert not destination.exists()


def test_links_are_hard_and_pointers_to_another_drive_are_a_choice_of_their_own(
    tmp_path: Path, elsewhere: Path, collection: CollectionStore
) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.LINK)
    with pytest.raises(SortRefused, match="another drive") as refused:
        sort(collection, {photo: "Rose"}, elsewhere, Mode.LINK)
    assert "--symlink" in str(refused.value)
    assert names(elsewhere) == set()
    sort(collection, {photo: "Rose"}, elsewhere, Mode.SYMLINK)
    assert (tmp_path / "sorted" / "Rose" / "a.jpg").samefile(photo)
    assert (elsewhere / "Rose" / "a.jpg").readlink() == photo


def test_extended_attributes_travel(tmp_path: Path, elsewhere: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    try:
        os.setxattr(photo, "user.rating", b"5")
        os.setxattr(elsewhere, "user.rating", b"5")
    except OSError:
        pytest.skip("the file systems here have no extended attributes")
    sort(collection, {photo: "Rose"}, elsewhere, Mode.MOVE)
    assert os.getxattr(elsewhere / "Rose" / "a.jpg", "user.rating") == b"5"


def test_the_library_follows(tmp_path: Path, collection: CollectionStore) -> None:
    source = tmp_path / "photos"
    photos = {write(source / f"{name}.jpg", name.encode()): "Rose" for name in "ab"}
    remember(collection, source, list(photos))
    known = {place.path: place for place in collection.photos.all_places()}
    copied = sort(collection, photos, tmp_path / "copied", Mode.COPY)
    assert {place.path for place in collection.photos.all_places()} == {
        *photos,
        *(tmp_path / "copied" / "Rose" / path.name for path in photos),
    }
    moved = sort(collection, photos, tmp_path / "moved", Mode.MOVE)
    place = collection.photos.place(known[source / "a.jpg"].id)
    assert place.path == tmp_path / "moved" / "Rose" / "a.jpg"
    take_back(collection, moved.run_id)
    take_back(collection, copied.run_id)
    assert {place.path: place for place in collection.photos.all_places()} == known


def test_a_photo_that_cannot_be_looked_at_once_filed_is_filed_all_the_same(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    remember(collection, photo.parent, [photo])
    filed = tmp_path / "sorted" / "Rose" / "a.jpg"

    class Blind(FileSystem):
        def stat(self, path: Path) -> os.stat_result:
            if path == filed and filed.exists():
                raise OSError(errno.EIO, "bad")
            return super().stat(path)

    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY, files=Blind())
    assert result.filed == 1
    assert [place.path for place in collection.photos.all_places()] == [photo]


def test_a_symbolic_link_is_no_place(tmp_path: Path, elsewhere: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    remember(collection, photo.parent, [photo])
    sort(collection, {photo: "Rose"}, elsewhere, Mode.SYMLINK)
    assert [place.path for place in collection.photos.all_places()] == [photo]


def test_duplicates_and_photos_that_are_there_stay_where_they_are(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    write(destination / "Rose" / "old.jpg", b"there")
    photos = {
        write(source / "a.jpg", b"there"): "Rose",
        write(source / "b.jpg", b"new"): "Rose",
        write(source / "c.jpg", b"new"): "Rose",
    }
    result = sort(collection, photos, destination, Mode.MOVE, source=source)
    assert [filed.action for filed in result.files] == ["already there", "move", "duplicate"]
    assert (result.filed, result.already_there, result.duplicates, result.failed) == (1, 1, 1, 0)
    assert names(source) == {"a.jpg", "c.jpg"}
    assert names(destination) == {"Rose/old.jpg", "Rose/b.jpg"}
    assert _states(collection, result.run_id) == ["noted", "done", "noted"]


def test_a_duplicate_takes_the_turn_of_its_twin(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"{name}.jpg", b"same"): "Rose" for name in "abcd"}
    planned = plan(photos, destination, Mode.MOVE, source)
    (source / "a.jpg").unlink()
    (source / "b.jpg").write_bytes(b"edited")
    result = execute(planned, collection, silent, CancelToken())
    assert [(filed.action, filed.destination is None) for filed in result.files] == [
        ("move", True),
        ("move", True),
        ("move", False),
        ("duplicate", False),
    ]
    assert names(source) == {"b.jpg", "d.jpg"}
    assert (destination / "Rose" / "a.jpg").read_bytes() == b"same"


@pytest.mark.parametrize("mode", list(Mode))
def test_photos_changed_between_plan_and_run_are_reported(
    tmp_path: Path, collection: CollectionStore, mode: Mode
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"{name}.jpg", name.encode() * 9): "Rose" for name in "abcdef"}
    planned = plan(photos, destination, mode, source)
    (source / "a.jpg").unlink()
    (source / "b.jpg").write_bytes(b"longer than before")
    (source / "c.jpg").write_bytes(b"C" * 9)
    (source / "d.jpg").unlink()
    (source / "d.jpg").symlink_to(source / "e.jpg")
    write(destination / "Rose" / "e.jpg", b"appeared")
    before = snapshot(source, destination)
    result = execute(planned, collection, silent, CancelToken())
    assert [filed.error for filed in result.files] == [
        "it is not there any more",
        "it has changed since it was read",
        "it has changed since it was read",
        "it is not an ordinary file",
        "another file with that name has appeared",
        None,
    ]
    assert names(destination) == {"Rose/e.jpg", "Rose/f.jpg"}
    after = snapshot(source, destination)
    assert {path: seen for path, seen in before.items() if path.name != "f.jpg"} == {
        path: seen for path, seen in after.items() if path.name != "f.jpg"
    }
    assert _states(collection, result.run_id) == ["failed"] * 5 + ["done"]


def test_a_class_folder_replaced_by_something_else_is_not_used(tmp_path: Path, collection: CollectionStore) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a"): "Rose"}
    destination = tmp_path / "sorted"
    destination.mkdir()
    planned = plan(photos, destination, Mode.COPY)
    (tmp_path / "outside").mkdir()
    (destination / "Rose").symlink_to(tmp_path / "outside")
    result = execute(planned, collection, silent, CancelToken())
    assert result.files[0].error == "its class folder is not an ordinary folder"
    assert names(tmp_path / "outside") == set()


def test_a_destination_that_vanished_is_not_made_again(tmp_path: Path, collection: CollectionStore) -> None:
    photos = {write(tmp_path / "photos" / f"{name}.jpg", name.encode()): "Rose" for name in "ab"}
    destination = tmp_path / "drive"
    destination.mkdir()
    planned = plan(photos, destination, Mode.MOVE)
    destination.rmdir()
    result = execute(planned, collection, silent, CancelToken())
    assert (result.failed, result.waiting) == (1, 1)
    assert "unplugged" in str(result.files[0].error)
    assert result.files[0].error == result.files[1].error
    assert not destination.exists()


def test_another_disk_at_the_same_path_is_not_used(tmp_path: Path, collection: CollectionStore) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a"): "Rose"}
    planned = dataclasses.replace(plan(photos, tmp_path / "sorted", Mode.COPY), device=-1)
    result = execute(planned, collection, silent, CancelToken())
    assert "unplugged" in str(result.files[0].error)
    assert not (tmp_path / "sorted").exists()


def test_a_drive_unplugged_mid_run_stops_it(tmp_path: Path, collection: CollectionStore) -> None:
    photos = {write(tmp_path / "photos" / f"{n}.jpg", b"%d" % n): "Rose" for n in range(4)}
    destination = tmp_path / "drive"
    destination.mkdir()
    planned = plan(photos, destination, Mode.MOVE)
    gone = tmp_path / "unplugged"

    def unplug(news: object) -> None:
        if isinstance(news, Progress) and news.done == 2 and destination.exists():
            destination.rename(gone)

    result = execute(planned, collection, unplug, CancelToken())
    assert [filed.destination is None for filed in result.files] == [False, False, True, True]
    assert names(gone) == {"Rose/0.jpg", "Rose/1.jpg"}
    assert names(tmp_path / "photos") == {"2.jpg", "3.jpg"}
    gone.rename(destination)
    assert take_back(collection, result.run_id).undone == 2


def test_folders_somebody_else_made_meanwhile_are_used(tmp_path: Path, collection: CollectionStore) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a"): "Rose"}
    planned = plan(photos, tmp_path / "deep" / "sorted", Mode.COPY)
    (tmp_path / "deep").mkdir()
    result = execute(planned, collection, silent, CancelToken())
    assert result.filed == 1
    take_back(collection, result.run_id)
    assert (tmp_path / "deep").exists()
    assert not (tmp_path / "deep" / "sorted").exists()


def test_a_file_in_the_way_of_a_folder_is_reported(tmp_path: Path, collection: CollectionStore) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a"): "Rose"}

    def around(name: str, call: object) -> object:
        if name == "mkdir":
            write(tmp_path / "sorted" / "Rose", b"in the way")
        return call()  # type: ignore[operator]

    (tmp_path / "sorted").mkdir()
    planned = plan(photos, tmp_path / "sorted", Mode.COPY)
    result = execute(planned, collection, silent, CancelToken(), WatchedDisk(around))
    assert result.files[0].error == "another file with that name has appeared"
    assert (tmp_path / "sorted" / "Rose").read_bytes() == b"in the way"


def test_a_destination_that_cannot_be_made_fails_every_photo(tmp_path: Path, collection: CollectionStore) -> None:
    photos = {write(tmp_path / "photos" / f"{name}.jpg", b"same"): "Rose" for name in "ab"}
    disk = failing("mkdir", 0, errno.EACCES)
    result = sort(collection, photos, tmp_path / "sorted", Mode.COPY, files=disk)
    assert [filed.error for filed in result.files] == ["its folder cannot be made: access is refused"] * 2
    assert not (tmp_path / "sorted").exists()


def test_cancelling_finishes_the_photo_in_hand(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"{n}.jpg", b"%d" % n): "Rose" for n in range(5)}
    before = snapshot(source, destination)
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Progress) and news.done == 2:
            cancel.cancel()

    with pytest.raises(Cancelled):
        execute(plan(photos, destination, Mode.MOVE, source), collection, stop, cancel)
    run = collection.journal.runs()[0]
    assert (run.state, run.photos) == (RunState.CANCELLED, 2)
    assert _states(collection, run.id) == ["done", "done", "cancelled", "cancelled", "cancelled"]
    assert recover(collection).finished == 0
    assert take_back(collection, run.id).undone == 2
    assert snapshot(source, destination) == before


def test_progress_is_reported(tmp_path: Path, collection: CollectionStore) -> None:
    photos = {write(tmp_path / "photos" / f"{n}.jpg", b"%d" % n): "Rose" for n in range(2)}
    news: list[object] = []
    execute(plan(photos, tmp_path / "sorted", Mode.LINK), collection, news.append, CancelToken())
    assert news == [RunBegun(1), *(Progress("Linking photos", n, 2) for n in range(3))]


def test_nothing_to_do_makes_no_run(tmp_path: Path, collection: CollectionStore) -> None:
    result = sort(collection, {}, tmp_path / "sorted", Mode.COPY)
    assert (result.run_id, result.files) == (None, ())
    assert collection.journal.runs() == []


def test_a_library_that_cannot_be_written_stops_the_run_and_recovery_settles_it(
    tmp_path: Path, collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"{n}.jpg", b"%d" % n): "Rose" for n in range(3)}
    set_state = collection.journal.set_state

    def full(entry_id: int, state: EntryState, error: str | None = None) -> None:
        raise UserError("The library could not be saved", "the disk is full")

    monkeypatch.setattr(collection.journal, "set_state", full)
    with pytest.raises(UserError):
        sort(collection, photos, destination, Mode.MOVE, source=source)
    monkeypatch.setattr(collection.journal, "set_state", set_state)
    assert recover(collection).finished == 3  # the outcomes of small photos are stored together
    assert names(destination) == {"Rose/0.jpg", "Rose/1.jpg", "Rose/2.jpg"}
    assert collection.journal.runs()[0].state == RunState.DONE


def test_a_library_that_cannot_be_written_stops_the_run_at_the_end_of_a_batch(
    tmp_path: Path, collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = {write(tmp_path / "photos" / f"{n}.jpg", b"%d" % n): "Rose" for n in range(MOST_FILES + 3)}

    def full(entry_id: int, state: EntryState, error: str | None = None) -> None:
        raise UserError("The library could not be saved", "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(collection.journal, "set_state", full)
        with pytest.raises(UserError):
            sort(collection, photos, tmp_path / "sorted", Mode.MOVE, source=tmp_path / "photos")
    assert recover(collection).finished == MOST_FILES
    assert len(names(tmp_path / "sorted")) == MOST_FILES
    run = collection.journal.runs()[0]
    assert (run.state, run.photos, run.waiting) == (RunState.CANCELLED, MOST_FILES, 3)


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_full_disk_of_the_collection_is_named_with_what_is_sorted(
    tmp_path: Path, collection: CollectionStore, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    source = tmp_path / "photos"
    photos = {write(source / f"{n}.jpg", b"%d" % n): "Rose" for n in range(MOST_FILES + 3)}

    def full(*_: object, **__: object) -> None:
        raise LibraryFull("The library could not be saved", "the disk of the collection's folder is full", "Try again")

    def stop(news: object) -> None:
        if goes_on and isinstance(news, Progress) and news.done == 1:
            cancel.cancel()

    planned, cancel = plan(photos, tmp_path / "sorted", Mode.COPY, source), CancelToken()
    if goes_on:
        with pytest.raises(Cancelled):
            execute(planned, collection, stop, cancel)
    with monkeypatch.context() as patched:
        patched.setattr(collection.journal, "end_run", full)
        with pytest.raises(LibraryFull) as told:
            go_on(collection, 1) if goes_on else execute(planned, collection, silent, CancelToken())
    sorted_now = len(photos) - goes_on
    assert str(told.value) == (
        f"The sort stopped: the disk of the collection's folder is full. {sorted_now} photos are sorted and stay. "
        "Free some space there; then flowersorter resume 1 goes on."
    )
    assert len(names(tmp_path / "sorted")) == len(photos)


def test_what_is_worth_knowing_about_a_filed_photo_is_reported(tmp_path: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"photo")

    def around(name: str, call: object) -> object:
        result = call()  # type: ignore[operator]
        if name == "link_new":
            write(photo.with_name("fresh"), b"edited").rename(photo)
        return result

    disk = WatchedDisk(around)
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.MOVE, files=disk)
    assert result.files[0].destination is not None
    assert "changed while it was being moved" in str(result.files[0].error)
    assert photo.read_bytes() == b"edited"
    assert take_back(collection, result.run_id).refused[0].reason == "another file has its original name"


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_disk_without_links_moves_all_the_same(tmp_path: Path, collection: CollectionStore, code: int) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photo = write(source / "a.jpg", b"a")
    before = snapshot(source, destination)
    disk = failing("link_new", 0, code, times=99)
    result = sort(collection, {photo: "Rose"}, destination, Mode.MOVE, source=source, files=disk)
    assert result.filed == 1
    assert take_back(collection, result.run_id, disk).refused == ()
    assert snapshot(source, destination) == before


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_disk_without_hard_links_makes_no_pointers_instead(
    tmp_path: Path, collection: CollectionStore, code: int
) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    disk = failing("link_new", 0, code, times=99)
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.LINK, files=disk)
    assert result.files[0].error == "this drive has no links of this kind; copy the photo instead"
    assert names(tmp_path / "sorted") == set()


def test_a_disk_that_could_only_overwrite_is_not_used(tmp_path: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")

    class Poor(FileSystem):
        def link_new(self, source: Path, target: Path) -> None:
            raise OSError(errno.EOPNOTSUPP, "no links")

        def rename_new(self, source: Path, target: Path) -> None:
            raise OSError(errno.EINVAL, "no flags")

    for mode in (Mode.COPY, Mode.MOVE):
        result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", mode, files=Poor())
        assert "risk of overwriting" in str(result.files[0].error)
        assert photo.read_bytes() == b"a"
        assert not (tmp_path / "sorted").exists()


def test_a_copy_that_arrives_damaged_is_not_published(tmp_path: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a" * 100)

    class Rotten(FileSystem):
        def write(self, descriptor: int, data: bytes) -> None:
            super().write(descriptor, b"b" + data[1:])

    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY, files=Rotten())
    assert result.files[0].error == "the copy on the disk differs from the original"
    assert not (tmp_path / "sorted").exists()


def test_a_file_that_takes_the_name_of_a_class_folder_at_the_last_moment_is_not_replaced(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    (tmp_path / "sorted").mkdir()

    def around(name: str, call: Callable[[], Any]) -> Any:
        if name == "mkdir":
            write(tmp_path / "sorted" / "Rose", b"theirs")
        return call()

    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY, files=WatchedDisk(around))
    assert result.files[0].error == "another file with that name has appeared"
    assert (tmp_path / "sorted" / "Rose").read_bytes() == b"theirs"
    assert collection.journal.folders(tmp_path / "sorted") == []


def test_a_folder_that_a_drive_makes_though_it_says_that_it_was_there_is_used(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    (tmp_path / "sorted").mkdir()
    disk = failing("mkdir", 0, errno.EEXIST, after=True)
    assert sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY, files=disk).failed == 0
    assert [made.path for made in collection.journal.folders(tmp_path / "sorted")] == [tmp_path / "sorted" / "Rose"]
