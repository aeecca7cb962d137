"""A photo that gets another hash is noted, whoever changes it; nothing else is."""

from __future__ import annotations

from pathlib import Path

from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord

FOLDER = Path("/photos")


def record(collection: CollectionStore, number: int, sha256: bytes, *, same: bool) -> int:
    """Read the file of a photo, which is the same picture as before or another one; the id of its photo."""
    path = FOLDER / f"{number}.jpg"
    collection.photos.sync_folder(path, [(path, 1, len(sha256.rstrip(b"\0")))])
    [place] = collection.photos.places_under(path)
    read = ReadRecord(place.id, sha256, 1, 1, 9, 9, None, None)
    return collection.photos.record([read], [place.id] if same else [])[0]


def test_an_edited_photo_is_noted_once(collection: CollectionStore) -> None:
    changes = collection.photos.hash_changes
    ids = [record(collection, number, bytes([number + 1]) * 32, same=False) for number in range(3)]
    assert changes.since(0)[0] == 0
    path = FOLDER / "1.jpg"
    collection.photos.sync_folder(path, [(path, 2, 2)])
    edited = record(collection, 1, b"e" * 32, same=True)
    assert edited == ids[1]
    number, photo_ids = changes.since(0)
    assert (number, photo_ids.tolist()) == (1, [edited])
    assert changes.since(number)[1].tolist() == []


def test_the_same_hash_again_is_no_change(collection: CollectionStore) -> None:
    photo_id = record(collection, 0, b"a" * 32, same=False)
    with collection.database.transaction() as connection:
        connection.execute("UPDATE photos SET sha256 = sha256, width_px = 7 WHERE id = ?", (photo_id,))
    assert collection.photos.hash_changes.since(0)[0] == 0


def test_a_library_that_is_only_read_has_none(collection: CollectionStore) -> None:
    record(collection, 0, b"a" * 32, same=False)
    with CollectionStore.open(collection.folder, read_only=True) as reader:
        assert reader.photos.hash_changes.since(0)[1].tolist() == []
