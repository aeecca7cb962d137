"""The hashes of very many photos are compared with those in the library, together and one by one alike."""

from __future__ import annotations

import numpy as np
import pytest

from flowersorter.library.collection import CollectionStore
from flowersorter.library.database import photo_hashes
from tests.unit.library.conftest import sha256_of


@pytest.fixture
def known(collection: CollectionStore, monkeypatch: pytest.MonkeyPatch) -> CollectionStore:
    """A collection with the photos 1 to 50, which are compared seven at a time."""
    monkeypatch.setattr(photo_hashes, "ROWS_AT_ONCE", 7)
    with collection.database.transaction() as connection:
        connection.executemany(
            "INSERT INTO photos (id, sha256, size_bytes, width_px, height_px) VALUES (?, ?, 1, 1, 1)",
            [(number, sha256_of(number)) for number in range(1, 51)],
        )
    return collection


def hashes_of(numbers: list[int]) -> np.ndarray:
    return np.frombuffer(b"".join(map(sha256_of, numbers)), np.uint8).reshape(-1, 32)


@pytest.mark.parametrize(
    "ids", [[], [1], [50, 51], list(range(1, 51)), list(range(2, 50, 3)), [*range(1, 20), *range(45, 60)]]
)
def test_photos_have_their_hashes(known: CollectionStore, ids: list[int]) -> None:
    same = known.photos.have_hashes(np.array(ids, np.int64), hashes_of(ids))
    assert same.tolist() == [photo_id <= 50 for photo_id in ids]


def test_another_hash_is_found_wherever_it_is(known: CollectionStore) -> None:
    ids = list(range(1, 51))
    now = hashes_of([7 if number == 6 else 51 if number == 40 else number for number in ids])
    same = known.photos.have_hashes(np.array(ids), now)
    assert [number for number, each in zip(ids, same.tolist(), strict=True) if not each] == [6, 40]
    swapped = hashes_of([2, 1, 3])
    assert known.photos.have_hashes(np.array([1, 2, 3]), swapped).tolist() == [False, False, True]


def test_a_photo_that_is_gone_has_no_hash(known: CollectionStore) -> None:
    with known.database.transaction() as connection:
        connection.execute("DELETE FROM photos WHERE id = 9")
    same = known.photos.have_hashes(np.arange(1, 15), hashes_of(list(range(1, 15))))
    assert np.flatnonzero(~same).tolist() == [8]
