"""Which folder is a collection, which can become one, and the note of those that were opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowersorter.errors import CollectionLocked, FolderUnusable
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.backups import LIBRARY_NAME
from flowersorter.library.files.recent_collections import (
    MAX_REMEMBERED,
    RecentCollections,
    check_can_be_opened,
    check_can_become_one,
    is_collection,
)
from flowersorter.photos.scanning.folder_walk import COLLECTION_FILE, THUMBNAIL_FOLDER


def made(folder: Path) -> Path:
    CollectionStore.open(folder).close()
    return folder


def test_a_collection_is_distinguished_from_a_folder_of_photos(tmp_path: Path) -> None:
    collection, photos = made(tmp_path / "mushrooms"), tmp_path / "photos"
    photos.mkdir()
    (photos / "IMG_1.jpg").write_bytes(b"\xff\xd8")
    assert is_collection(collection)
    check_can_be_opened(collection)
    assert not is_collection(photos)
    with pytest.raises(FolderUnusable, match="is not a collection"):
        check_can_be_opened(photos)
    with pytest.raises(FolderUnusable, match="was not found"):
        check_can_be_opened(tmp_path / "nowhere")
    assert [each.name for each in photos.iterdir()] == ["IMG_1.jpg"]  # asking leaves nothing behind


def test_a_collection_without_its_library_is_still_one_while_there_are_backups(tmp_path: Path) -> None:
    collection = made(tmp_path / "mushrooms")
    with CollectionStore.open(collection) as opened:
        opened.classes.add("chanterelle")
    made(collection)  # opening it backs up what changed
    (collection / LIBRARY_NAME).unlink()
    check_can_be_opened(collection)
    with pytest.raises(FolderUnusable, match="already"):
        check_can_become_one(collection)


def test_one_that_is_open_is_refused(tmp_path: Path) -> None:
    with CollectionStore.open(tmp_path / "mushrooms"), pytest.raises(CollectionLocked):
        check_can_be_opened(tmp_path / "mushrooms")


def test_an_empty_folder_or_none_can_become_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    check_can_become_one(tmp_path / "empty")
    check_can_become_one(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()


def test_what_cannot_become_a_collection_says_why(tmp_path: Path) -> None:
    collection = made(tmp_path / "mushrooms")
    full, file = tmp_path / "full", tmp_path / "file"
    full.mkdir()
    (full / ".hidden").touch()
    file.touch()
    for folder, why in (
        (collection, "it is a collection already"),
        (collection / "models" / "new", "it is inside the collection"),
        (full, "the folder is not empty"),
        (file, "a file has that name"),
    ):
        with pytest.raises(FolderUnusable, match=why) as caught:
            check_can_become_one(folder)
        assert str(folder) in caught.value.what


def test_the_newest_comes_first_and_what_is_gone_is_left_out(tmp_path: Path) -> None:
    file, collections = tmp_path / "data" / "gardens.json", [made(tmp_path / name) for name in "abc"]
    known = RecentCollections(file)
    assert known.all() == []
    for each in (*collections, collections[0]):
        known.remember(each)
    assert RecentCollections(file).all() == [collections[0], collections[2], collections[1]]
    collections[2].rename(tmp_path / "moved")
    assert known.all() == [collections[0], collections[1]]
    (tmp_path / "moved").rename(collections[2])  # its drive was only gone for a while
    assert known.all() == [collections[0], collections[2], collections[1]]
    for number in range(2 * MAX_REMEMBERED):
        known.remember(tmp_path / str(number))
    assert len(json.loads(file.read_text())) == MAX_REMEMBERED
    assert [each.name for each in file.parent.iterdir()] == ["gardens.json"]


@pytest.mark.parametrize("text", ["", "{}", "[1, null]", '["relative"]', "\x00"])
def test_a_damaged_note_is_no_note(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gardens.json"
    file.write_text(text)
    assert RecentCollections(file).all() == []
    RecentCollections(file).remember(made(tmp_path / "mushrooms"))
    assert RecentCollections(file).all() == [tmp_path / "mushrooms"]


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    known = RecentCollections(tmp_path / "file" / "gardens.json")
    known.remember(made(tmp_path / "mushrooms"))
    assert known.all() == []


def test_scanning_knows_a_collection_by_the_same_names(tmp_path: Path) -> None:
    with CollectionStore.open(tmp_path / "mushrooms") as collection:
        small = collection.thumbnails.path(b"x" * 32)
    assert LIBRARY_NAME == COLLECTION_FILE
    assert small.relative_to(collection.folder).parts[0] == THUMBNAIL_FOLDER
