"""The first places of a very large folder: a few, in natural order, of files that are there."""

from __future__ import annotations

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
    assert names(collection, FOLDER) == ["IMG_1.jpg", "IMG_10.jpg", "IMG_11.jpg", "IMG_12.jpg", "IMG_13.jpg"]
    collection.photos.sync_folder(FOLDER, [(FOLDER / f"IMG_{number}.jpg", 1, 1) for number in range(2, 14)])
    assert names(collection, FOLDER) == ["IMG_2.jpg", "IMG_10.jpg", "IMG_11.jpg", "IMG_12.jpg", "IMG_13.jpg"]


def test_a_folder_that_is_not_so_large_has_none(collection: CollectionStore) -> None:
    collection.photos.sync_folder(FOLDER, [(FOLDER / f"{number}.jpg", 1, 1) for number in range(12)])
    assert names(collection, FOLDER) == []
    assert names(collection, OTHER) == []
    collection.photos.sync_folder(OTHER, [(OTHER / f"{number}.jpg", 1, 1) for number in range(30)])
    assert names(collection, [FOLDER, OTHER])[0] == "0.jpg"
    assert len(names(collection, [FOLDER, OTHER])) == 5


def test_places_in_natural_order_know_their_folders(collection: CollectionStore) -> None:
    found = [FOLDER / f"roll {roll}" / f"IMG_{number}.jpg" for roll in (1, 10, 2) for number in (2, 10, 1)]
    collection.photos.sync_folder(
        FOLDER, [(path, 1, 1) for path in found] + [(FOLDER / "roll 1" / "sub" / "a.jpg", 1, 1)]
    )
    paths = collection.photos.places_under(FOLDER).paths
    folders, numbers = paths.folders
    assert [Path(folder).name for folder in folders] == ["roll 1", "sub", "roll 2", "roll 10"]
    assert [Path(folders[number]) for number in numbers.tolist()] == [path.parent for path in paths]
