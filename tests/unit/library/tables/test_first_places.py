"""The first places of a very large folder: a few, in natural order, of files that are there."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables import first_places as module
from flowersorter.library.tables.first_places import first_places

FOLDER, OTHER = Path("/photos"), Path("/others")


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST", 5)
    monkeypatch.setattr(module, "_MANY", 12)


def names(collection: CollectionStore, roots: Path | list[Path]) -> list[str]:
    return [path.name for path in first_places(collection.database, roots).paths]


def test_first_places_are_in_natural_order(collection: CollectionStore) -> None:
    collection.photos.sync_folder(FOLDER, [(FOLDER / f"IMG_{number}.jpg", 1, 1) for number in range(1, 14)])
    assert names(collection, FOLDER) == [f"IMG_{number}.jpg" for number in range(1, 6)]
    collection.photos.sync_folder(FOLDER, [(FOLDER / f"IMG_{number}.jpg", 1, 1) for number in range(2, 14)])
    assert names(collection, FOLDER) == [f"IMG_{number}.jpg" for number in range(2, 6)], "a file that is gone"


def test_a_folder_that_is_not_so_large_has_none(collection: CollectionStore) -> None:
    collection.photos.sync_folder(FOLDER, [(FOLDER / f"{number}.jpg", 1, 1) for number in range(12)])
    assert names(collection, FOLDER) == []
    assert names(collection, OTHER) == []
    collection.photos.sync_folder(OTHER, [(OTHER / f"{number}.jpg", 1, 1) for number in range(30)])
    assert names(collection, [FOLDER, OTHER])[0] == "0.jpg"
    assert len(names(collection, [FOLDER, OTHER])) == 5


def test_the_first_places_of_several_folders_are_the_first_of_all(collection: CollectionStore) -> None:
    collection.photos.sync_folder(FOLDER, [(FOLDER / f"{number}.jpg", 1, 1) for number in range(30)])
    collection.photos.sync_folder(OTHER, [(OTHER / f"b{number}.jpg", 1, 1) for number in range(2)])
    assert names(collection, [FOLDER, OTHER]) == ["b0.jpg", "b1.jpg", "0.jpg", "1.jpg", "2.jpg"]
    assert names(collection, [FOLDER, OTHER, FOLDER / "3.jpg", OTHER / "b1.jpg"])[:3] == ["b0.jpg", "b1.jpg", "0.jpg"]


@pytest.mark.parametrize("seed", range(20))
def test_the_first_places_are_the_first_of_the_grid(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Mixed case, numbers of several lengths, files beside folders, and folders whose names count as equal."""
    monkeypatch.setattr(module, "_MANY", 1)
    draw = random.Random(seed)
    folders = ["Zoo", "alps", "Alps", "Day 2", "Day 10", "Day 02", "b"]
    files = ["IMG_2.jpg", "IMG_10.jpg", "img_2.JPG", "zebra.jpg", "Ape.jpg", "7.jpg"]
    paths = {
        FOLDER.joinpath(*draw.choices(folders, k=draw.randint(0, 3)), draw.choice(files))
        for _ in range(draw.randint(3, 60))
    }
    collection.photos.sync_folder(FOLDER, [(path, 1, 1) for path in paths])
    everything = list(collection.photos.places_under(FOLDER).paths)
    for first in (1, 5, 1000):
        monkeypatch.setattr(module, "_FIRST", first)
        monkeypatch.setattr(module, "_FEW_PATHS", draw.randint(1, 4))
        assert list(first_places(collection.database, FOLDER).paths) == everything[:first]


def test_folders_behind_the_first_places_are_skipped(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(FOLDER / f"roll {roll}" / f"IMG_{number}.jpg", 1, 1) for roll in range(10) for number in range(200)]
    collection.photos.sync_folder(FOLDER, found)
    read: list[int] = []
    real = collection.database.tuples

    def counted(sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        rows = real(sql, parameters)
        read.append(len(rows))
        return rows

    monkeypatch.setattr(collection.database, "tuples", counted)
    assert names(collection, FOLDER) == [f"IMG_{number}.jpg" for number in range(5)]
    assert sum(read) < 500


@pytest.mark.parametrize("limit", ["_MOST_MIXED", "_MOST_READS"])
def test_none_where_the_first_ones_take_long_to_find(
    collection: CollectionStore, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    mixed = [(FOLDER / f"{name}{number}.jpg", 1, 1) for name in ("Zoo", "alps") for number in range(10)]
    collection.photos.sync_folder(FOLDER, mixed)
    assert names(collection, FOLDER) == [f"alps{number}.jpg" for number in range(5)]
    monkeypatch.setattr(module, limit, 2)
    assert names(collection, FOLDER) == []


def test_places_in_natural_order_know_their_folders(collection: CollectionStore) -> None:
    found = [FOLDER / f"roll {roll}" / f"IMG_{number}.jpg" for roll in (1, 10, 2) for number in (2, 10, 1)]
    collection.photos.sync_folder(
        FOLDER, [(path, 1, 1) for path in found] + [(FOLDER / "roll 1" / "sub" / "a.jpg", 1, 1)]
    )
    paths = collection.photos.places_under(FOLDER).paths
    folders, numbers = paths.folders
    assert [Path(folder).name for folder in folders] == ["roll 1", "sub", "roll 2", "roll 10"]
    assert [Path(folders[number]) for number in numbers.tolist()] == [path.parent for path in paths]
