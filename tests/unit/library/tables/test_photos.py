"""What the library remembers of photos and places."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import FolderUnusable
from flowersorter.library.database.connection import Database
from flowersorter.library.tables import place_ranges
from flowersorter.library.tables.photos import PhotoTable
from tests.unit.library.conftest import read_of, sha256_of

FOLDER = Path("/home/ann/Pictures")


@pytest.fixture
def photos(database: Database) -> PhotoTable:
    return PhotoTable(database)


def found(*names: str, size: int = 10, mtime: int = 20) -> list[tuple[Path, int, int]]:
    return [(FOLDER / name, size, mtime) for name in names]


def names(photos: PhotoTable, folder: Path = FOLDER, *, missing: bool = False) -> list[str]:
    return [str(place.path.relative_to(folder)) for place in photos.places_under(folder, missing=missing)]


def test_new_files_get_places_in_the_order_they_were_found(photos: PhotoTable) -> None:
    places = photos.sync_folder(FOLDER, found("b.jpg", "a.jpg", "sub/c.jpg"))
    assert [place.path.name for place in places] == ["b.jpg", "a.jpg", "c.jpg"]
    assert all(place.photo_id is None and place.error is None and not place.missing for place in places)
    assert len({place.id for place in places}) == 3
    assert photos.sync_folder(FOLDER, found("b.jpg", "a.jpg", "sub/c.jpg")) == places


def test_a_file_that_changed_is_read_again(photos: PhotoTable) -> None:
    place, other = photos.sync_folder(FOLDER, found("a.jpg", "b.jpg"))
    photos.record([read_of(place.id), read_of(other.id)])
    changed, same = photos.sync_folder(FOLDER, [*found("a.jpg", mtime=21), *found("b.jpg")])
    assert (changed.id, changed.photo_id, changed.mtime_ns) == (place.id, None, 21)
    assert same.photo_id is not None


def test_a_file_that_was_unreadable_is_tried_again_only_when_it_changed(photos: PhotoTable) -> None:
    [place] = photos.sync_folder(FOLDER, found("a.jpg"))
    photos.record_unreadable([(place.id, "it is empty")])
    assert photos.sync_folder(FOLDER, found("a.jpg"))[0].error == "it is empty"
    assert photos.sync_folder(FOLDER, found("a.jpg", size=11))[0].error is None


def test_a_file_that_was_out_of_reach_is_tried_again_though_it_did_not_change(photos: PhotoTable) -> None:
    files = found("a.jpg", "b.jpg")
    first, _ = photos.sync_folder(FOLDER, files)
    photos.record_unreadable([(first.id, "the file is not there")], try_again=True)
    assert [place.error for place in photos.places_under(FOLDER)] == ["the file is not there", None]
    assert [place.error for place in photos.sync_folder(FOLDER, files)] == [None, None]


def test_a_file_that_is_gone_is_missing_and_comes_back_as_it_was(photos: PhotoTable) -> None:
    first, second = photos.sync_folder(FOLDER, found("a.jpg", "b.jpg"))
    photos.record([read_of(first.id), read_of(second.id)])
    before = photos.place(second.id)

    photos.sync_folder(FOLDER, found("a.jpg"))
    assert names(photos) == ["a.jpg"]
    assert names(photos, missing=True) == ["a.jpg", "b.jpg"]
    assert photos.place(second.id).missing

    assert photos.sync_folder(FOLDER, found("a.jpg", "b.jpg"))[1] == before


def test_an_empty_folder_loses_no_knowledge(photos: PhotoTable) -> None:
    [place] = photos.sync_folder(FOLDER, found("a.jpg"))
    [photo_id] = photos.record([read_of(place.id)])
    assert photos.sync_folder(FOLDER, []) == []
    assert photos.place(place.id).photo_id == photo_id
    assert photos.photo(photo_id).sha256 == sha256_of(place.id)


def test_looking_through_one_folder_leaves_its_neighbours_alone(photos: PhotoTable) -> None:
    near = Path("/home/ann/Pictures2")
    photos.sync_folder(near, [(near / "n.jpg", 1, 1)])
    photos.sync_folder(FOLDER, found("a.jpg", "sub/b.jpg"))
    photos.sync_folder(FOLDER / "sub", [])
    photos.sync_folder(FOLDER, found("a.jpg"))
    assert names(photos, near) == ["n.jpg"]
    assert names(photos, missing=True) == ["a.jpg", "sub/b.jpg"]


def test_a_path_outside_the_folder_is_a_mistake_of_the_caller(photos: PhotoTable) -> None:
    with pytest.raises(ValueError, match="is not under"):
        photos.sync_folder(FOLDER, [(Path("/home/ann/Picturesque/a.jpg"), 1, 1)])
    assert photos.all_places() == []


TRICKY = [
    b"/a/b/1.jpg", b"/a/b/c/2.jpg", b"/a/bc/3.jpg", b"/a/b.jpg", b"/a/b0/4.jpg", b"/a/b\xff/5.jpg",
    b"/a/b/\xff\xff.jpg", b"/a/b/\xff/6.jpg", b"/a/B/7.jpg", b"/a/b!/8.jpg", b"/a/b-c/9.jpg", b"/a/b%/x.jpg",
    b"/a/b_/y.jpg", b"/b/b/z.jpg",
]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
@pytest.mark.parametrize("folder", [b"/", b"/a", b"/a/b", b"/a/b\xff", b"/a/b/\xff", b"/a/b%", b"/a/b_", b"/c"])
def test_places_under_takes_exactly_what_lies_in_the_folder(photos: PhotoTable, folder: bytes) -> None:
    photos.sync_folder(Path("/"), [(Path(os.fsdecode(name)), 1, 1) for name in TRICKY])
    under = {os.fsencode(place.path) for place in photos.places_under(Path(os.fsdecode(folder)))}
    prefix = folder if folder == b"/" else folder + b"/"
    assert under == {name for name in TRICKY if name.startswith(prefix)}


@pytest.mark.skipif(sys.platform == "win32", reason="paths are written with slashes")
def test_places_come_in_natural_order(photos: PhotoTable) -> None:
    shown = ["IMG_2.jpg", "img_3.jpg", "IMG_10.jpg", "trip 2/1.jpg", "trip 2/a.jpg", "trip 10/1.jpg"]
    mixed = random.Random(0).sample(shown, len(shown))
    photos.sync_folder(FOLDER, found(*mixed))
    assert names(photos) == shown


def test_the_same_bytes_in_two_places_are_one_photo(photos: PhotoTable) -> None:
    first, second, other = photos.sync_folder(FOLDER, found("a.jpg", "copy.jpg", "c.jpg"))
    ids = photos.record([read_of(first.id, 1), read_of(second.id, 1), read_of(other.id, 2)])
    assert ids[0] == ids[1] != ids[2]
    assert [place.path.name for place in photos.places_of(ids[0])] == ["a.jpg", "copy.jpg"]
    assert photos.record([read_of(other.id, 1)]) == [ids[0]]


def test_a_photo_is_found_by_id_and_by_its_bytes(photos: PhotoTable) -> None:
    [place] = photos.sync_folder(FOLDER, found("a.jpg"))
    [photo_id] = photos.record([read_of(place.id)])
    photo = photos.photo(photo_id)
    assert (photo.width_px, photo.height_px, photo.camera) == (400, 300, "A camera")
    assert photos.by_sha256(photo.sha256) == photo
    assert photos.by_sha256(sha256_of(999)) is None
    assert photos.photos([photo_id, 12345]) == {photo_id: photo}
    with pytest.raises(KeyError):
        photos.photo(12345)


def test_places_by_id_keep_the_order_asked_for(photos: PhotoTable) -> None:
    places = photos.sync_folder(FOLDER, found(*(f"{number}.jpg" for number in range(3000))))
    backwards = [place.id for place in reversed(places)]
    assert photos.places([*backwards, 99999]) == places[::-1]
    assert photos.all_places() == places
    with pytest.raises(KeyError):
        photos.place(99999)


def test_a_reason_with_a_name_that_is_not_utf8_is_kept(photos: PhotoTable) -> None:
    [place] = photos.sync_folder(FOLDER, found("a.jpg"))
    photos.record_unreadable([(place.id, "no permission for b\udcff.jpg")])
    assert photos.place(place.id).error == r"no permission for b\udcff.jpg"


def test_a_time_stamp_beyond_reason_is_stored_and_stays_the_same(photos: PhotoTable) -> None:
    [place] = photos.sync_folder(FOLDER, found("a.jpg", mtime=2**70))
    photos.record([read_of(place.id)])
    photos.add_place(place.path, None, 1, -(2**70))
    assert photos.place(place.id).mtime_ns < 0


def test_a_moved_file_keeps_its_place(photos: PhotoTable) -> None:
    old, stale = photos.sync_folder(FOLDER, found("a.jpg", "daisy/a.jpg"))
    photos.record([read_of(old.id)])
    photos.sync_folder(FOLDER, found("a.jpg"))
    photos.relocate(FOLDER / "a.jpg", FOLDER / "daisy" / "a.jpg")
    [moved] = photos.places_under(FOLDER, missing=True)
    assert (moved.id, moved.path) == (old.id, FOLDER / "daisy" / "a.jpg")
    assert moved.photo_id is not None
    with pytest.raises(KeyError):
        photos.place(stale.id)


def test_moving_an_unknown_file_changes_nothing(photos: PhotoTable) -> None:
    places = photos.sync_folder(FOLDER, found("a.jpg"))
    photos.relocate(FOLDER / "unknown.jpg", FOLDER / "a.jpg")
    photos.relocate(FOLDER / "a.jpg", FOLDER / "a.jpg")
    assert photos.all_places() == places


def test_a_place_can_be_added_and_dropped(photos: PhotoTable) -> None:
    [place] = photos.sync_folder(FOLDER, found("a.jpg"))
    [photo_id] = photos.record([read_of(place.id)])
    copy = FOLDER / "daisy" / "a.jpg"
    copy_id = photos.add_place(copy, photo_id, 10, 21)
    assert photos.add_place(copy, photo_id, 10, 22) == copy_id
    assert [found.mtime_ns for found in photos.places_of(photo_id)] == [20, 22]
    photos.drop_place(copy)
    assert photos.places_of(photo_id) == photos.places([place.id])
    assert photos.add_place(copy, photo_id, 10, 21) != copy_id


def test_moments_come_in_the_requested_order(photos: PhotoTable) -> None:
    places = photos.sync_folder(FOLDER, found("a.jpg", "b.jpg", "c.jpg"))
    reads = [
        replace(read_of(place.id), sha256=sha256_of(place.id), taken_at=taken, camera=camera)
        for place, taken, camera in zip(
            places, ("2026-05-01T09:00:02", None, "2026-05-01T09:00:00"), ("Pocket", "Reflex", "Pocket"), strict=True
        )
    ]
    first, second, third = photos.record(reads)
    taken, cameras = photos.moments(np.array([third, second, first], np.int64))
    assert [None if np.isnat(each) else str(each) for each in taken] == [
        "2026-05-01T09:00:00",
        None,
        "2026-05-01T09:00:02",
    ]
    assert cameras[0] == cameras[2] != cameras[1]
    assert [len(each) for each in photos.moments(np.zeros(0, np.int64))] == [0, 0]


def test_others_get_their_turn_while_a_big_folder_is_synced(database: Database, photos: PhotoTable) -> None:
    """A key press is saved between two chunks: the sync of a big folder is no one transaction."""
    held: list[int] = []
    commits = 0

    def count(statement: str) -> None:
        nonlocal commits
        commits += statement.startswith("COMMIT")
        if statement.startswith("INSERT OR IGNORE INTO places"):
            held.append(commits)

    with database.transaction() as connection:
        connection.set_trace_callback(count)
    photos.sync_folder(FOLDER, [(FOLDER / f"{number}.jpg", 1, 2) for number in range(5_000)])
    with database.transaction() as connection:
        connection.set_trace_callback(None)
    assert max(held.count(each) for each in set(held)) <= 2_000
    assert len(held) == 5_000


def test_nothing_is_missing_before_the_whole_folder_is_in_the_library(
    photos: PhotoTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos.sync_folder(FOLDER, found("old.jpg"))
    real, written = photos._write_in_chunks, list[int]()

    def fails_after_the_first_chunk(sql: str, numbers: list[int], values: Callable[[int], tuple[object, ...]]) -> None:
        real(sql, numbers[:2_000], values)
        written.append(len(numbers))
        raise FolderUnusable("full", "")

    monkeypatch.setattr(photos, "_write_in_chunks", fails_after_the_first_chunk)
    many = [(FOLDER / f"{number}.jpg", 1, 2) for number in range(3_000)]
    with pytest.raises(FolderUnusable):
        photos.sync_folder(FOLDER, many)
    assert written == [3_000]
    assert len(photos.places_under(FOLDER)) == 2_001
    monkeypatch.setattr(photos, "_write_in_chunks", real)
    assert [place.path for place in photos.sync_folder(FOLDER, many)] == [path for path, _, _ in many]
    assert len(photos.places_under(FOLDER)) == 3_000


def test_a_folder_of_more_places_than_are_read_at_once(photos: PhotoTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowersorter.library.tables.place_ranges.ROWS_AT_ONCE", 7)
    listed = [(FOLDER / f"{number}.jpg", 1, 2) for number in range(30)]
    photos.sync_folder(FOLDER, listed)
    photos.sync_folder(FOLDER / "0", [])
    assert [place.path for place in photos.places_under(FOLDER)] == [path for path, _, _ in listed]


def test_the_places_that_a_window_shows_are_those_under_a_folder_without_their_files(
    photos: PhotoTable, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place_ranges, "ROWS_AT_ONCE", 3)  # several parts
    files = found(*(f"IMG_{number}.jpg" for number in (10, 9, 1, 2)), "sub/é.jpg", "left/out.jpg", "gone.jpg")
    places = photos.sync_folder(FOLDER, files)
    photos.record([read_of(place.id) for place in places[:3]])
    photos.record_unreadable([(places[3].id, "it is empty")])
    photos.sync_folder(FOLDER, files[:5], left_out=[FOLDER / "left"])
    wanted, shown = photos.places_under(FOLDER), photos.shown_under(FOLDER)
    assert [path.name for path in shown.paths] == ["IMG_1.jpg", "IMG_2.jpg", "IMG_9.jpg", "IMG_10.jpg", "é.jpg"]
    assert list(shown) == [replace(place, size_bytes=0, mtime_ns=0) for place in wanted]
    assert shown.paths.folders[0] == wanted.paths.folders[0]
    assert shown.paths.folders[1].tolist() == wanted.paths.folders[1].tolist()
    assert photos.ids_under(FOLDER).tolist() == wanted.known_photo_ids.tolist()
    assert len(photos.shown_under(FOLDER / "nothing")) == 0
