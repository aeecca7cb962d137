"""The destination belongs to the person: photos moved and renamed in it are neither filed again nor lost to undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Action, Mode, SortPlan
from flowersorter.sorting.runs.make_plan import make_plan
from tests.unit.sorting.file_trees import contents, filing, sort, write


def _again(collection: CollectionStore, photos: dict[Path, str], destination: Path) -> SortPlan:
    filings = [filing(path, class_name) for path, class_name in photos.items()]
    filed = collection.journal.filed_hashes(destination)
    return make_plan(filings, destination, Mode.COPY, CancelToken(), source_root=None, filed=filed)


def test_photos_in_sub_folders_of_their_class_are_there(tmp_path: Path, collection: CollectionStore) -> None:
    destination = tmp_path / "sorted"
    photos = {write(tmp_path / "photos" / f"{name}.jpg", name.encode()): "Rose" for name in "abc"}
    sort(collection, photos, destination, Mode.COPY)
    (destination / "Rose" / "2024").mkdir()
    for name in "abc":
        (destination / "Rose" / f"{name}.jpg").rename(destination / "Rose" / "2024" / f"best {name}.jpg")
    again = _again(collection, photos, destination)
    assert [file.action for file in again.files] == [Action.ALREADY_THERE] * 3
    assert again.files[0].destination == destination / "Rose" / "2024" / "best a.jpg"


def test_what_was_filed_once_is_found_in_a_renamed_class_folder(tmp_path: Path, collection: CollectionStore) -> None:
    destination = tmp_path / "sorted"
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    sort(collection, {photo: "Rose"}, destination, Mode.COPY)
    (destination / "Rose").rename(destination / "Roses of 2024")
    assert _again(collection, {photo: "Rose"}, destination).files[0].action == Action.ALREADY_THERE
    never_filed = write(tmp_path / "photos" / "b.jpg", b"b")
    write(destination / "Other" / "b.jpg", b"b")
    assert _again(collection, {never_filed: "Rose"}, destination).files[0].action == Action.COPY


def test_trash_folders_and_unreadable_files_are_not_there(tmp_path: Path, collection: CollectionStore) -> None:
    destination = tmp_path / "sorted"
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    sort(collection, {photo: "Rose"}, destination, Mode.COPY)
    (destination / ".Trash-1000").mkdir()
    (destination / "Rose" / "a.jpg").rename(destination / ".Trash-1000" / "a.jpg")
    assert _again(collection, {photo: "Rose"}, destination).files[0].action == Action.COPY
    broken = write(destination / "Rose" / "deep" / "a.jpg", b"a")

    class Bad(FileSystem):
        def hash(self, path: Path, between: Callable[[], object] = lambda: None) -> bytes:
            if path == broken:
                raise OSError(5, "bad")
            return super().hash(path, between)

    plan = make_plan([filing(photo, "Rose")], destination, Mode.COPY, CancelToken(), source_root=None, files=Bad())
    assert plan.files[0].action == Action.COPY
    assert contents(destination) == [b"a", b"a"]


def test_the_destination_is_walked_once_and_only_equal_sizes_are_hashed(
    tmp_path: Path, collection: CollectionStore
) -> None:
    destination = tmp_path / "sorted"
    for number in range(20):
        write(destination / "Other" / f"{number}.jpg", b"x" * (number + 5))
    photos = {write(tmp_path / "photos" / f"{n}.jpg", b"y" * n): "Rose" for n in (1, 2, 7)}
    walks, hashed = [], []

    class Counting(FileSystem):
        def walk_sizes(self, folder: Path):  # type: ignore[no-untyped-def]
            walks.append(folder)
            return super().walk_sizes(folder)

        def hash(self, path: Path, between: Callable[[], object] = lambda: None) -> bytes:
            hashed.append(path)
            return super().hash(path, between)

    filings = [filing(path, name) for path, name in photos.items()]
    make_plan(filings, destination, Mode.COPY, CancelToken(), source_root=None, files=Counting())
    assert walks == [destination]
    assert hashed == [destination / "Other" / "2.jpg"]
