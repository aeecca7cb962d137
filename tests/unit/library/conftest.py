"""What the tests of the library share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.connection import Database
from flowersorter.library.tables.photos import PhotoTable, ReadRecord


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "library.sqlite")
    yield database
    database.close()


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with CollectionStore.open(tmp_path / "collection") as collection:
        yield collection


@pytest.fixture
def photo_ids(database: Database) -> list[int]:
    """Six photos the library knows."""
    photos = PhotoTable(database)
    folder = Path("/photos")
    places = photos.sync_folder(folder, [(folder / f"{number}.jpg", 10, 20) for number in range(6)])
    return photos.record([read_of(place.id) for place in places])


def sha256_of(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def read_of(place_id: int, content: int | None = None) -> ReadRecord:
    sha256 = sha256_of(place_id if content is None else content)
    return ReadRecord(place_id, sha256, 10, 20, 400, 300, "2024-05-01T10:00:00", "A camera")
