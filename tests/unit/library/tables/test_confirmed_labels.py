"""Labels a person keeps against a doubt: remembered, forgotten, and gone with their class."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.library.collection import Garden
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS


def photo(garden: Garden) -> int:
    with garden.database.transaction() as connection:
        cursor = connection.execute(
            "INSERT INTO photos (sha256, size_bytes, width_px, height_px) VALUES (?, 1, 1, 1)", (b"x" * 32,)
        )
        return int(cursor.lastrowid or 0)


def test_what_is_kept_is_there_after_a_restart_and_can_be_forgotten(tmp_path: Path) -> None:
    with Garden.open(tmp_path / "garden") as garden:
        rose, tulip = (garden.classes.add(name, ClassOrigin.PERSON).id for name in ("rose", "tulip"))
        kept = (photo(garden), rose, tulip)
        garden.kept_labels.add(*kept)
        garden.kept_labels.add(*kept)
    with Garden.open(tmp_path / "garden") as garden:
        assert garden.kept_labels.all() == {kept}
        garden.kept_labels.remove(*kept)
        assert garden.kept_labels.all() == set()


def test_a_class_that_is_deleted_takes_what_was_kept_along(tmp_path: Path) -> None:
    with Garden.open(tmp_path / "garden") as garden:
        rose, tulip, aster = (garden.classes.add(name, ClassOrigin.PERSON).id for name in ("rose", "tulip", "aster"))
        number = photo(garden)
        garden.kept_labels.add(number, rose, tulip)
        garden.kept_labels.add(number, aster, rose)
        garden.kept_labels.add(number, aster, tulip)
        garden.classes.delete(rose)
        assert garden.kept_labels.all() == {(number, aster, tulip)}


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
