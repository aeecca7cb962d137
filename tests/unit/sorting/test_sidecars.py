"""Sidecars are sorted, undone and recovered with their photo, and filed later where they were written later."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowersorter.domain.journal import RunState
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.photos.sidecars import sidecars_by_photo
from flowersorter.sorting.execute import execute
from flowersorter.sorting.plan import Action, Mode
from flowersorter.sorting.plan_sidecars import listed
from flowersorter.sorting.recover import recover
from tests.unit.photos.test_sidecars import FAMILIES
from tests.unit.sorting.failing_disks import Crash, WatchedDisk
from tests.unit.sorting.file_trees import names, plan, snapshot, sort, take_back, write


def _family(folder: Path, number: int) -> Path:
    """The photo and the other file of one family, in a folder."""
    for name in FAMILIES[number]:
        write(folder / name, b"%d " % number + os.fsencode(name))
    return folder / FAMILIES[number][0]


@pytest.mark.parametrize("mode", list(Mode))
def test_whole_families_are_sorted_and_come_back(tmp_path: Path, collection: CollectionStore, mode: Mode) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {_family(source / str(number), number): "Rose" for number in range(len(FAMILIES))}
    write(source / "0" / "classes.txt", b"of the folder")
    before = snapshot(source)

    made = plan(photos, destination, mode, source)
    assert sum(made.sidecars.values()) == len(FAMILIES)
    assert made.staying == {".txt": 1}
    result = execute(made, collection, silent, CancelToken())

    assert (result.filed, result.failed, result.sidecars) == (len(FAMILIES), 0, len(FAMILIES))
    assert names(source) == ({"0/classes.txt"} if mode == Mode.MOVE else set(names(source)))
    assert len(names(destination)) == 2 * len(FAMILIES)
    assert not take_back(collection, result.run_id).refused
    assert snapshot(source) == before
    assert not destination.exists()


@pytest.mark.parametrize("number", range(len(FAMILIES)))
def test_a_renamed_photo_keeps_its_sidecar(tmp_path: Path, collection: CollectionStore, number: int) -> None:
    source, rose = tmp_path / "photos", tmp_path / "sorted" / "Rose"
    photo, other = FAMILIES[number]
    write(rose / photo, b"another photo")
    write(rose / other, b"another sidecar")

    filed = sort(collection, {_family(source, number): "Rose"}, rose.parent, Mode.MOVE).files[0].destination

    assert filed is not None
    assert filed.name != photo
    found = sidecars_by_photo(path.name for path in rose.iterdir())
    assert found[photo] == (other,)
    (renamed,) = found[filed.name]
    assert (rose / renamed).read_bytes() == b"%d " % number + os.fsencode(other)


def _sorted_photo(tmp_path: Path, collection: CollectionStore) -> tuple[Path, Path]:
    """A photo that was copied into a class folder."""
    photo = write(tmp_path / "photos" / "a.jpg", b"photo")
    sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY, source=photo.parent)
    return photo, tmp_path / "sorted" / "Rose" / "a.jpg"


@pytest.mark.parametrize("mode", list(Mode))
def test_a_sidecar_written_after_the_sort_is_filed_and_undone(
    tmp_path: Path, collection: CollectionStore, mode: Mode
) -> None:
    photo, filed = _sorted_photo(tmp_path, collection)
    write(photo.with_name("a.jpg.xmp"), b"edits")
    before = snapshot(tmp_path / "photos", tmp_path / "sorted")

    made = plan({photo: "Rose"}, tmp_path / "sorted", mode, photo.parent)
    assert made.files[0].action == Action.ALREADY_THERE
    assert made.changes_disk
    assert made.sidecars == {".xmp": 1}
    result = execute(made, collection, silent, CancelToken())

    assert (result.filed, result.already_there, result.sidecars) == (0, 1, 1)
    assert filed.with_name("a.jpg.xmp").read_bytes() == b"edits"
    assert photo.with_name("a.jpg.xmp").exists()
    assert not plan({photo: "Rose"}, tmp_path / "sorted", mode, photo.parent).changes_disk
    run = collection.journal.runs()[0]
    assert (run.photos, run.late_sidecars, run.has_something_to_undo) == (0, 1, True)
    undone = take_back(collection, result.run_id)
    assert (undone.refused, undone.undone, undone.late_sidecars) == ((), 0, 1)
    assert snapshot(tmp_path / "photos", tmp_path / "sorted") == before
    assert collection.journal.runs()[0].state == RunState.UNDONE


def test_a_sidecar_follows_the_name_that_its_photo_has_there(tmp_path: Path) -> None:
    source, rose = tmp_path / "photos", tmp_path / "sorted" / "Rose"
    photos = {}
    for name, there in {"a.jpg": "a (2).jpg", "b.jpg": "flower.jpg", "IMG_E1.heic": "IMG_E1 (3).heic"}.items():
        photos[write(source / name, name.encode())] = "Rose"
        write(rose / there, name.encode())
    for name in ("a.jpg.xmp", "b.xmp", "IMG_O1.AAE"):
        write(source / name, name.encode())

    made = plan(photos, rose.parent, Mode.COPY, source)

    targets = [[target.name for _, target in file.sidecars] for file in made.files]
    assert targets == [["a (2).jpg.xmp"], ["flower.xmp"], ["IMG_O1 (3).AAE"]]


def test_a_newer_edit_is_filed_under_a_number_and_an_older_one_stays(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photo, filed = _sorted_photo(tmp_path, collection)
    sidecar, there = write(photo.with_name("a.xmp"), b"second"), write(filed.with_name("a.xmp"), b"first")
    write(filed.with_name("a (2).png"), b"another photo")
    os.utime(sidecar, ns=(2, there.stat().st_mtime_ns + 1))

    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY, source=photo.parent)
    assert result.sidecars == 1
    assert there.read_bytes() == b"first"
    assert filed.with_name("a (2).xmp").read_bytes() == b"second"
    assert not plan({photo: "Rose"}, tmp_path / "sorted", Mode.COPY, photo.parent).changes_disk

    sidecar.write_bytes(b"older")
    os.utime(sidecar, ns=(1, 1))
    made = plan({photo: "Rose"}, tmp_path / "sorted", Mode.COPY, photo.parent)
    assert not made.changes_disk
    assert made.edited == (sidecar,)
    assert made.staying == {".xmp": 1}


def test_the_number_of_an_edit_is_not_that_of_another_photo(tmp_path: Path, collection: CollectionStore) -> None:
    photo, filed = _sorted_photo(tmp_path, collection)
    write(filed.with_name("a (2).jpg"), b"another photo")
    there = write(filed.with_name("a.xmp"), b"first")
    os.utime(write(photo.with_name("a.xmp"), b"second"), ns=(2, there.stat().st_mtime_ns + 1))

    made = plan({photo: "Rose"}, tmp_path / "sorted", Mode.COPY, photo.parent)

    assert [target.name for _, target in made.files[0].sidecars] == ["a (3).xmp"]


def test_a_late_sidecar_that_fails_is_a_note_at_its_photo(tmp_path: Path, collection: CollectionStore) -> None:
    photo, filed = _sorted_photo(tmp_path, collection)
    write(photo.with_name("a.xmp"), b"edits")
    write(photo.with_name("a.mov"), b"film")
    made = plan({photo: "Rose"}, tmp_path / "sorted", Mode.COPY, photo.parent)
    photo.with_name("a.mov").unlink()

    result = execute(made, collection, silent, CancelToken())

    assert result.sidecars == 1
    assert result.files[0].destination == filed
    assert result.files[0].error is not None
    assert result.files[0].error.startswith("a.mov: ")
    assert filed.with_name("a.xmp").exists()


def test_a_crash_among_late_sidecars_keeps_those_that_are_filed(tmp_path: Path, collection: CollectionStore) -> None:
    photo, filed = _sorted_photo(tmp_path, collection)
    for name in ("a.mov", "a.xmp", "a.txt"):
        write(photo.with_name(name), name.encode())
    before = snapshot(photo.parent)
    copied: list[object] = []

    def crash(name: str, call: object) -> object:
        if name == "open_exclusive":
            copied.append(name)
            if len(copied) == 2:
                raise Crash
        return call()  # type: ignore[operator]

    made = plan({photo: "Rose"}, tmp_path / "sorted", Mode.MOVE, photo.parent)
    with pytest.raises(Crash):
        execute(made, collection, silent, CancelToken(), WatchedDisk(crash))
    recover(collection)

    assert snapshot(photo.parent) == before
    assert filed.with_name("a.mov").exists()
    again = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.MOVE, source=photo.parent)
    assert {path.name for path in filed.parent.iterdir()} == {"a.jpg", "a.mov", "a.xmp", "a.txt"}
    for run_id in (again.run_id, collection.journal.runs()[1].id):
        assert not take_back(collection, run_id).refused
    assert {path.name for path in filed.parent.iterdir()} == {"a.jpg"}
    assert not collection.journal.open_runs()


def test_kinds_are_listed_with_the_most_frequent_first() -> None:
    assert listed({".xmp": 9, ".mov": 5}) == "9 .xmp, 5 .mov"
    assert listed({"a": 6, "b": 5, "c": 4, "d": 3, "e": 2, "f": 1, "g": 1}) == "6 a, 5 b, 4 c, 3 d, 2 e, 2 more"


def test_a_late_sidecar_follows_its_photo_into_a_sub_folder_and_past_a_folder_of_its_name(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photo, filed = _sorted_photo(tmp_path, collection)
    year = filed.parent / "2024"
    (year / "a.xmp").mkdir(parents=True)
    filed.rename(year / "a.jpg")
    write(photo.with_name("a.xmp"), b"edits")
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY, source=photo.parent)
    assert result.sidecars == 1
    assert (year / "a (2).xmp").read_bytes() == b"edits"
    assert take_back(collection, result.run_id).refused == ()
    assert not (year / "a (2).xmp").exists()
