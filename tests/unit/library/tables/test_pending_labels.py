"""Labels of photos that are not read yet: kept by place, gone with their class, taken over from older libraries."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS
from tests.unit.library.conftest import read_of


def unread(collection: CollectionStore, count: int) -> list[int]:
    folder = Path("/unread")
    found = [(folder / f"{number}.jpg", 10, 20) for number in range(count)]
    return [place.id for place in collection.photos.sync_folder(folder, found)]


def test_a_change_is_kept_and_can_be_taken_back(tmp_path: Path) -> None:
    with CollectionStore.open(tmp_path / "collection") as collection:
        rose, tulip = (collection.classes.add(name).id for name in ("rose", "tulip"))
        one, other, third = unread(collection, 3)
        assert collection.pending_labels.put({one: rose, other: rose}) == {one: 0, other: 0}
        before = collection.pending_labels.put({other: tulip, one: 0, third: tulip})
        assert before == {one: rose, other: rose, third: 0}
    with CollectionStore.open(tmp_path / "collection") as collection:
        assert collection.pending_labels.all() == {other: tulip, third: tulip}
        collection.pending_labels.put(before)
        assert collection.pending_labels.all() == {one: rose, other: rose}


def test_a_place_that_is_gone_is_passed_over_and_a_class_that_is_gone_is_refused(collection: CollectionStore) -> None:
    rose = collection.classes.add("rose").id
    (one,) = unread(collection, 1)
    collection.pending_labels.put({one: rose, 999: rose})
    assert collection.pending_labels.all() == {one: rose}
    with pytest.raises(UserError, match="not in the library any more"):
        collection.pending_labels.put({one: 999})
    assert collection.pending_labels.all() == {one: rose}


@pytest.mark.parametrize("merged", [True, False])
def test_pending_labels_go_with_their_class_and_come_back_with_it(collection: CollectionStore, merged: bool) -> None:
    rose, tulip = (collection.classes.add(name).id for name in ("rose", "tulip"))
    one, other = unread(collection, 2)
    collection.pending_labels.put({one: rose, other: tulip})
    removed = collection.classes.merge(rose, tulip) if merged else collection.classes.delete(rose)
    assert removed is not None
    assert collection.pending_labels.all() == ({one: tulip, other: tulip} if merged else {other: tulip})
    collection.classes.restore(removed)
    assert collection.pending_labels.all() == {one: rose, other: tulip}


def test_a_class_with_pending_labels_is_not_taken_for_unused(collection: CollectionStore) -> None:
    rose = collection.classes.add("rose", ClassOrigin.MODEL)
    (one,) = unread(collection, 1)
    collection.pending_labels.put({one: rose.id})
    assert not collection.classes.take_out(rose.id)
    collection.classes.keep_model_classes([])
    assert collection.pending_labels.all() == {one: rose.id}


@pytest.mark.parametrize("stored", ['{"1": 1, "2": 2, "7": 1, "3": 9}', "{}", "not JSON", None])
def test_pending_labels_of_an_older_library_are_taken_over(tmp_path: Path, stored: str | None) -> None:
    """They were in the settings, also those whose place or class is gone."""
    file = tmp_path / "library.sqlite"
    old = Database(file, MIGRATIONS[:2])
    with old.transaction() as connection:
        for number in (1, 2, 3):
            connection.execute("INSERT INTO places (path, size_bytes, mtime_ns) VALUES (?, 1, 1)", (b"/%d" % number,))
        for name in ("rose", "tulip"):
            connection.execute(
                "INSERT INTO classes (name, key, origin, position, colour) VALUES (?, ?, 'person', 0, '')", (name, name)
            )
        connection.execute("INSERT INTO settings (key, value) VALUES ('folder', '7')")
        if stored is not None:
            connection.execute("INSERT INTO settings (key, value) VALUES ('labels of unread photos', ?)", (stored,))
    old.close()
    new = Database(file)
    rows = new.tuples("SELECT place_id, class_id FROM pending_labels")
    assert rows == ([(1, 1), (2, 2)] if stored and '"1"' in stored else [])
    assert new.tuples("SELECT key, value FROM settings") == [("folder", "7")]
    new.close()


def test_a_place_that_is_forgotten_takes_its_pending_label_along(collection: CollectionStore) -> None:
    rose = collection.classes.add("rose").id
    one, other = unread(collection, 2)
    collection.photos.record([read_of(other)])
    collection.pending_labels.put({one: rose, other: rose})
    collection.photos.drop_place(Path("/unread/0.jpg"))
    assert collection.pending_labels.all() == {other: rose}
