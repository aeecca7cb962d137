"""Labels a person keeps against a doubt: remembered, forgotten, and gone with their class."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS


def photo(collection: CollectionStore) -> int:
    with collection.database.transaction() as connection:
        cursor = connection.execute(
            "INSERT INTO photos (sha256, size_bytes, width_px, height_px) VALUES (?, 1, 1, 1)", (b"x" * 32,)
        )
        return int(cursor.lastrowid or 0)


def test_what_is_kept_is_there_after_a_restart_and_can_be_forgotten(tmp_path: Path) -> None:
    with CollectionStore.open(tmp_path / "collection") as collection:
        rose, tulip = (collection.classes.add(name, ClassOrigin.PERSON).id for name in ("rose", "tulip"))
        kept = (photo(collection), rose, tulip)
        collection.reviewed_labels.add(*kept)
        collection.reviewed_labels.add(*kept)
    with CollectionStore.open(tmp_path / "collection") as collection:
        assert collection.reviewed_labels.all() == {kept}
        collection.reviewed_labels.remove(*kept)
        assert collection.reviewed_labels.all() == set()


def test_a_class_that_is_deleted_takes_what_was_kept_along(tmp_path: Path) -> None:
    with CollectionStore.open(tmp_path / "collection") as collection:
        rose, tulip, aster = (
            collection.classes.add(name, ClassOrigin.PERSON).id for name in ("rose", "tulip", "aster")
        )
        number = photo(collection)
        collection.reviewed_labels.add(number, rose, tulip)
        collection.reviewed_labels.add(number, aster, rose)
        collection.reviewed_labels.add(number, aster, tulip)
        collection.classes.delete(rose)
        assert collection.reviewed_labels.all() == {(number, aster, tulip)}


def test_a_library_of_the_first_version_gets_the_table_and_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    old = Database(file, MIGRATIONS[:1])
    with old.transaction() as connection:
        connection.execute("INSERT INTO settings (key, value) VALUES ('folder', '7')")
    old.close()
    new = Database(file)
    assert new.tuples("SELECT value FROM settings") == [("7",)]
    assert new.tuples("SELECT * FROM kept_labels") == []
    new.close()
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == MIGRATIONS[-1][0]
    connection.close()
