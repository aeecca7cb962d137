"""Undoing: everything as before, except what the person changed since, each with its reason."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from flowersorter.domain.journal import RunState, Volume
from flowersorter.errors import Cancelled, UndoRefused
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.undo import photos_that_stay, undo
from tests.unit.sorting.failing_disks import Crash, CrashingSteps, WatchedDisk, failing
from tests.unit.sorting.file_trees import names, snapshot, sort, take_back, write


def _sorted(tmp_path: Path, collection: CollectionStore, mode: Mode, **photos: bytes) -> tuple[int, Path, Path]:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    made = {write(source / f"{name}.jpg", content): "Rose" for name, content in photos.items()}
    result = sort(collection, made, destination, mode, source=source)
    assert result.run_id is not None
    assert result.failed == 0
    return result.run_id, source, destination / "Rose"


def _reasons(collection: CollectionStore, run_id: int) -> list[str]:
    return [refused.reason for refused in take_back(collection, run_id).refused]


def test_a_copy_stays_if_it_or_its_original_was_changed(tmp_path: Path, collection: CollectionStore) -> None:
    run_id, source, rose = _sorted(tmp_path, collection, Mode.COPY, a=b"a", b=b"b", c=b"c", d=b"d", e=b"e", f=b"f")
    write(rose / "a.jpg", b"edited")
    (source / "b.jpg").unlink()
    write(source / "c.jpg", b"edited")
    (rose / "d.jpg").unlink()
    (rose / "e.jpg").unlink()
    (rose / "e.jpg").mkdir()
    result = take_back(collection, run_id)
    assert (result.undone, result.gone) == (1, 1)  # f; d
    assert {refused.path.stem: refused.reason for refused in result.refused} == {
        "a": "it has changed since it was sorted, so the copy was kept",
        "b": "its original is gone, so the copy was kept",
        "c": "its original has changed, so the copy was kept",
        "e": "it has changed since it was sorted, so the copy was kept",
    }
    assert names(rose) == {"a.jpg", "b.jpg", "c.jpg"}
    assert collection.journal.run(run_id).state == RunState.PARTLY_UNDONE
    write(source / "b.jpg", b"b")
    write(source / "c.jpg", b"c")
    assert take_back(collection, run_id).undone == 2


def test_a_copy_that_is_its_original_stays(tmp_path: Path, collection: CollectionStore) -> None:
    run_id, source, rose = _sorted(tmp_path, collection, Mode.COPY, a=b"a")
    (source / "a.jpg").unlink()
    source.rmdir()
    source.symlink_to(rose)
    assert _reasons(collection, run_id) == ["it is the original itself"]
    assert (rose / "a.jpg").read_bytes() == b"a"


def test_a_moved_photo_stays_if_it_was_changed_or_its_place_is_taken(
    tmp_path: Path, collection: CollectionStore
) -> None:
    run_id, source, rose = _sorted(tmp_path, collection, Mode.MOVE, a=b"a", b=b"b", c=b"c", d=b"d")
    write(rose / "a.jpg", b"edited")
    write(source / "b.jpg", b"another")
    (rose / "c.jpg").unlink()
    assert sorted(_reasons(collection, run_id)) == [
        "another file has its original name",
        "it has changed since it was sorted",
        "it is not there any more",
    ]
    assert (source / "b.jpg").read_bytes() == b"another"
    assert names(rose) == {"a.jpg", "b.jpg"}
    assert names(source) == {"b.jpg", "d.jpg"}


def test_a_link_stays_if_it_is_not_ours_or_all_there_is(tmp_path: Path, collection: CollectionStore) -> None:
    run_id, source, rose = _sorted(tmp_path, collection, Mode.LINK, a=b"a", b=b"b", c=b"c", d=b"d", e=b"e")
    (rose / "a.jpg").unlink()
    write(rose / "a.jpg", b"theirs")
    (source / "b.jpg").unlink()
    write(source / "b.jpg", b"edited by saving anew")
    (source / "c.jpg").unlink()
    (rose / "d.jpg").unlink()
    assert sorted(_reasons(collection, run_id)) == [
        "it has changed since it was sorted",
        "it has changed since it was sorted",
        "its original is gone, so the link was kept",
    ]
    assert names(rose) == {"a.jpg", "b.jpg", "c.jpg"}
    (rose / "c.jpg").unlink()
    assert "it is not there any more" in _reasons(collection, run_id)


def test_a_symbolic_link_goes_even_if_its_original_is_gone(
    tmp_path: Path, elsewhere: Path, collection: CollectionStore
) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    result = sort(collection, {photo: "Rose"}, elsewhere, Mode.SYMLINK)
    photo.unlink()
    assert take_back(collection, result.run_id).undone == 1
    assert names(elsewhere) == set()


def test_a_photo_and_its_sidecar_are_refused_together(tmp_path: Path, collection: CollectionStore) -> None:
    source, rose = tmp_path / "photos", tmp_path / "sorted" / "Rose"
    photo = write(source / "a.jpg", b"a")
    write(source / "a.xmp", b"edits")
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.MOVE, source=source)
    write(rose / "a.xmp", b"more edits")
    undone = take_back(collection, result.run_id)
    assert [refused.reason for refused in undone.refused] == ["a.xmp: it has changed since it was sorted"]
    assert names(rose) == {"a.jpg", "a.xmp"}
    write(rose / "a.xmp", b"edits")
    assert take_back(collection, result.run_id).undone == 1
    assert names(source) == {"a.jpg", "a.xmp"}


def test_a_group_that_can_neither_go_back_nor_stay_is_left_to_recovery(
    tmp_path: Path, collection: CollectionStore
) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photo = write(source / "a.jpg", b"a")
    write(source / "a.xmp", b"edits")
    before = snapshot(source, destination)
    result = sort(collection, {photo: "Rose"}, destination, Mode.MOVE, source=source)
    # The sidecar goes back first; then neither the photo can follow nor the sidecar return.
    undone = take_back(collection, result.run_id, failing("link_new", 1, errno.EIO, times=99))
    assert "will be repaired" in undone.refused[0].reason
    assert result.run_id is not None
    assert collection.journal.run(result.run_id).state == RunState.OPEN
    assert take_back(collection, result.run_id).undone == 1
    assert snapshot(source, destination) == before


def test_folders_the_person_removed_are_made_again(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    write(source / "stays.txt", b"")
    photo = write(source / "deep" / "er" / "a.jpg", b"a")
    result = sort(collection, {photo: "Rose"}, destination, Mode.MOVE, source=source)
    shutil.rmtree(source / "deep")
    assert take_back(collection, result.run_id).refused == ()
    assert photo.read_bytes() == b"a"


class OtherVolume(FileSystem):
    """A disk on which a folder and what is in it is on a volume of its own."""

    def __init__(self, mount_point: Path, volume: Volume | None) -> None:
        self._mount_point, self._volume = mount_point, volume

    def volume(self, folder: Path) -> Volume:
        if self._mount_point not in (folder, *folder.parents):
            return super().volume(folder)
        if self._volume is None:
            raise OSError(errno.EIO, "not here")
        return self._volume


@pytest.mark.parametrize("known", [True, False])
def test_a_source_folder_that_was_tidied_away_is_made_again(
    tmp_path: Path, collection: CollectionStore, known: bool
) -> None:
    source = tmp_path / os.fsdecode(b"photos\xff")
    photos = {write(source / name / "a.jpg", name.encode()): "Rose" for name in ("2023", "deep/er")}
    result = sort(collection, photos, tmp_path / "sorted", Mode.MOVE, source=source if known else None)
    shutil.rmtree(source)
    assert take_back(collection, result.run_id).refused == ()
    assert names(source) == {"2023/a.jpg", "deep/er/a.jpg"}
    assert not (tmp_path / "sorted").exists()


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "a drive of the same name", "a drive that fails"])
def test_a_missing_source_drive_is_not_made_up(tmp_path: Path, collection: CollectionStore, left: str) -> None:
    source = tmp_path / "drive"
    photo = write(source / "deep" / "a.jpg", b"a")
    drive = OtherVolume(source, Volume(source, 77, 0))
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.MOVE, source=source, files=drive)
    shutil.rmtree(source)
    if left != "nothing":
        source.mkdir()
    volumes = {"a drive of the same name": Volume(source, 78, 0), "a drive that fails": None}
    disk = OtherVolume(source, volumes[left]) if left in volumes else FileSystem()
    refused = take_back(collection, result.run_id, disk).refused
    assert "a drive that is not connected" in refused[0].reason
    assert not source.exists() or not list(source.iterdir())
    assert (tmp_path / "sorted" / "Rose" / "a.jpg").read_bytes() == b"a"
    (source / "deep").mkdir(parents=True)  # as the sentence says
    assert take_back(collection, result.run_id).refused == ()


def test_folders_of_several_opened_ones_are_made_again(tmp_path: Path, collection: CollectionStore) -> None:
    names_of = {"one": "a", "two/deep": "b", "three": "c"}
    photos = {write(tmp_path / folder / f"{name}.jpg", name.encode()): "Rose" for folder, name in names_of.items()}
    result = sort(collection, photos, tmp_path / "sorted", Mode.MOVE)
    for folder in ("one", "two"):
        shutil.rmtree(tmp_path / folder)
    assert take_back(collection, result.run_id).refused == ()
    assert {"one/a.jpg", "two/deep/b.jpg", "three/c.jpg"} <= names(tmp_path)


def test_a_volume_is_the_same_by_its_id_or_its_device_and_the_root_always() -> None:
    mounted = Volume(Path("/media/usb"), 8, 500)
    assert mounted.is_same_as(Volume(Path("/media/usb"), 9, 500))
    assert mounted.is_same_as(Volume(Path("/media/usb"), 8, 0))
    assert not mounted.is_same_as(Volume(Path("/media/usb"), 8, 501))
    assert not mounted.is_same_as(Volume(Path("/"), 8, 500))
    assert Volume(Path("/"), 8, 500).is_same_as(Volume(Path("/"), 9, 501))


@pytest.mark.parametrize("known", [True, False])
def test_the_source_of_a_run_of_an_earlier_version_is_not_made_up(
    tmp_path: Path, collection: CollectionStore, known: bool
) -> None:
    source = tmp_path / "photos"
    write(source / "stays.txt", b"")
    photo = write(source / "deep" / "a.jpg", b"a")
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.MOVE, source=source if known else None)
    with collection.database.transaction() as connection:
        connection.execute("UPDATE runs SET volumes = NULL")
    assert result.run_id is not None
    shutil.rmtree(source)
    assert "may be unplugged" in _reasons(collection, result.run_id)[0]
    source.mkdir()
    assert "may be unplugged" in _reasons(collection, result.run_id)[0]
    write(source / "stays.txt", b"")
    if not known:
        (source / "deep").mkdir()
    assert take_back(collection, result.run_id).refused == ()


@pytest.mark.parametrize("mode", list(Mode))
def test_a_missing_destination_drive_is_not_taken_for_deleted(
    tmp_path: Path, collection: CollectionStore, mode: Mode
) -> None:
    run_id, source, rose = _sorted(tmp_path, collection, mode, a=b"a")
    rose.parent.rename(tmp_path / "unplugged")
    assert _reasons(collection, run_id) == ["it is not there any more"]
    (tmp_path / "unplugged").rename(rose.parent)
    assert take_back(collection, run_id).undone == 1
    assert names(source) == {"a.jpg"}


def test_only_folders_we_made_and_that_are_empty_are_removed(tmp_path: Path, collection: CollectionStore) -> None:
    destination = tmp_path / "deep" / "sorted"
    (tmp_path / "deep").mkdir()
    photos = {write(tmp_path / "photos" / f"{name}.jpg", name.encode()): name for name in "abc"}
    (destination / "b").mkdir(parents=True)
    result = sort(collection, photos, destination, Mode.COPY)
    write(destination / "c" / "theirs.txt", b"theirs")
    take_back(collection, result.run_id)
    assert {path.name for path in destination.iterdir()} == {"b", "c"}


def test_runs_can_be_undone_in_any_order(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    first = {write(source / "a.jpg", b"a"): "Rose"}
    second = {write(source / "b.jpg", b"b"): "Rose"}
    before = snapshot(source, destination)
    runs = [sort(collection, photos, destination, Mode.MOVE, source=source) for photos in (first, second)]
    for run in runs:
        assert take_back(collection, run.run_id).refused == ()
    assert snapshot(source, destination) == before


def test_a_part_of_a_run_can_be_undone(tmp_path: Path, collection: CollectionStore) -> None:
    run_id, source, rose = _sorted(tmp_path, collection, Mode.MOVE, a=b"a", b=b"b")
    entry = collection.journal.filings(run_id)[0]
    assert undo(collection, run_id, silent, CancelToken(), only={entry.id}).undone == 1
    assert (names(source), names(rose)) == ({"a.jpg"}, {"b.jpg"})
    assert collection.journal.run(run_id).state == RunState.PARTLY_UNDONE
    assert take_back(collection, run_id).undone == 1
    assert collection.journal.run(run_id).state == RunState.UNDONE


def test_undoing_can_be_cancelled_and_goes_on(tmp_path: Path, collection: CollectionStore) -> None:
    run_id, source, _ = _sorted(tmp_path, collection, Mode.MOVE, a=b"a", b=b"b", c=b"c")
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        undo(collection, run_id, stop, cancel)
    assert names(source) == {"c.jpg"}
    assert collection.journal.run(run_id).state == RunState.PARTLY_UNDONE
    assert take_back(collection, run_id).undone == 2


def test_a_run_cannot_be_undone_twice_or_out_of_thin_air(tmp_path: Path, collection: CollectionStore) -> None:
    run_id, _, _ = _sorted(tmp_path, collection, Mode.COPY, a=b"a")
    take_back(collection, run_id)
    with pytest.raises(UndoRefused, match="already"):
        take_back(collection, run_id)
    with pytest.raises(UndoRefused, match="no such sort"):
        take_back(collection, 99)


def test_a_run_that_filed_nothing_is_undone_by_saying_so(tmp_path: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    write(tmp_path / "sorted" / "Rose" / "b.jpg", b"a")
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY)
    assert result.run_id is not None
    assert undo(collection, result.run_id, silent, CancelToken(), only=[]).undone == 0
    assert collection.journal.run(result.run_id).state == RunState.DONE
    assert take_back(collection, result.run_id).undone == 0
    assert collection.journal.run(result.run_id).state == RunState.UNDONE


def test_a_copy_edited_while_it_is_checked_stays(tmp_path: Path, collection: CollectionStore) -> None:
    run_id, source, rose = _sorted(tmp_path, collection, Mode.COPY, a=b"a")
    hashed = 0

    def around(name: str, call: object) -> object:
        nonlocal hashed
        result = call()  # type: ignore[operator]
        hashed += name == "hash"
        if name == "hash" and hashed == 4:
            write(rose / "a.jpg", b"edited just now")
        return result

    undone = take_back(collection, run_id, WatchedDisk(around))
    assert undone.refused[0].reason == "it has changed since it was read"
    assert (rose / "a.jpg").read_bytes() == b"edited just now"
    assert names(source) == {"a.jpg"}


def test_an_interrupted_run_is_settled_before_it_is_undone(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"{name}.jpg", name.encode()): "Rose" for name in "ab"}
    before = snapshot(source, destination)
    # Neither can the second name be kept nor taken away again.
    disk = failing("unlink", 0, errno.EIO, times=2)
    result = sort(collection, photos, destination, Mode.MOVE, source=source, files=disk)
    assert "will be repaired" in str(result.files[0].error)
    assert result.run_id is not None
    assert collection.journal.run(result.run_id).state == RunState.OPEN
    assert take_back(collection, result.run_id).refused == ()
    assert snapshot(source, destination) == before


def test_an_interrupted_run_on_a_missing_drive_is_refused(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / "a.jpg", b"a"): "Rose"}
    disk = failing("unlink", 0, errno.EIO, times=2)
    result = sort(collection, photos, destination, Mode.MOVE, source=source, files=disk)
    destination.rename(tmp_path / "unplugged")
    with pytest.raises(UndoRefused, match="Plug the drive in"):
        take_back(collection, result.run_id)
    (tmp_path / "unplugged").rename(destination)
    take_back(collection, result.run_id)
    assert names(source) == {"a.jpg"}


def test_non_utf8_names_can_be_refused_with_a_reason(tmp_path: Path, collection: CollectionStore) -> None:
    name = os.fsdecode(b"\xff.jpg")
    source = tmp_path / "photos"
    photo = write(source / name, b"a")
    write(source / os.fsdecode(b"\xff.xmp"), b"edits")
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.MOVE, source=source)
    write(tmp_path / "sorted" / "Rose" / os.fsdecode(b"\xff.xmp"), b"edited")
    refused = take_back(collection, result.run_id).refused
    assert refused[0].reason == "\ufffd.xmp: it has changed since it was sorted"


def _staying(collection: CollectionStore, run_id: int | None, *, take_changed: bool = False) -> int:
    assert run_id is not None
    run = collection.journal.run(run_id)
    return photos_that_stay(collection, run, CancelToken(), take_changed=take_changed)


def test_photos_that_no_undo_takes_back_are_counted_once_one_was_tried(
    tmp_path: Path, collection: CollectionStore
) -> None:
    run_id, _, rose = _sorted(tmp_path, collection, Mode.COPY, a=b"a", b=b"b", c=b"c")
    write(rose / "a.jpg", b"edited")
    write(rose / "b.jpg", b"edited")
    assert _staying(collection, run_id) == 0, "no undo was tried"
    assert take_back(collection, run_id).undone == 1
    assert _staying(collection, run_id) == 2
    write(rose / "b.jpg", b"b")
    assert _staying(collection, run_id) == 0, "one can go now"


def test_a_photo_that_was_moved_within_the_destination_stays_unless_changes_are_taken_back(
    tmp_path: Path, collection: CollectionStore
) -> None:
    run_id, _, rose = _sorted(tmp_path, collection, Mode.COPY, a=b"a")
    (rose / "2026").mkdir()
    (rose / "a.jpg").rename(rose / "2026" / "a.jpg")
    assert take_back(collection, run_id).undone == 0
    assert _staying(collection, run_id) == 1
    assert _staying(collection, run_id, take_changed=True) == 0


def test_a_run_that_was_interrupted_is_not_over(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    disk = failing("unlink", 0, errno.EIO, times=2)
    result = sort(
        collection, {write(source / "a.jpg", b"a"): "Rose"}, destination, Mode.MOVE, source=source, files=disk
    )
    assert _staying(collection, result.run_id) == 0


def test_recovery_finds_the_folders_that_an_interrupted_undo_was_about_to_fill(tmp_path: Path) -> None:
    """The person removed the folders that the sort had emptied; a crash must not look like an unplugged drive."""
    at, ended = 0, False
    while not ended:
        root = tmp_path / str(at)
        source, destination = root / "photos", root / "sorted"
        photos = {write(source / "deep" / f"{name}.jpg", name.encode()): "Rose" for name in "ab"}
        with CollectionStore.open(root / "collection") as collection:
            run_id = sort(collection, photos, destination, Mode.MOVE, source=source).run_id
            (source / "deep").rmdir()
            steps = CrashingSteps(at, after=False)
            steps.watch_database(collection)
            try:
                take_back(collection, run_id, steps.disk())
                ended = True
            except Crash:
                at += 1
        with CollectionStore.open(root / "collection") as collection:
            assert recover(collection).problems == ()
            if not ended and collection.journal.runs()[0].state != RunState.UNDONE:
                assert take_back(collection, run_id).refused == ()
        assert names(source) == {"deep/a.jpg", "deep/b.jpg"}
