"""Transactions, migrations and errors of the library's SQLite file."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowersorter.domain.arrays import sorted_unique
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS
from flowersorter.library.database.soundness import check_sound

FIRST = (1, "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
SECOND = (2, "ALTER TABLE notes ADD COLUMN colour TEXT; UPDATE notes SET colour = 'red'")
BROKEN = (3, "CREATE TABLE extra (id INTEGER); INSERT INTO nowhere VALUES (1)")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "library.sqlite", [FIRST])
    yield database
    database.close()


def texts(database: Database) -> list[str]:
    return [row["text"] for row in database.query("SELECT text FROM notes ORDER BY id")]


def add(connection: sqlite3.Connection, text: str) -> None:
    connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))


def add_in_one(database: Database, texts: list[str]) -> None:
    with database.transaction() as connection:
        for text in texts:
            add(connection, text)


def add_and_fail(database: Database, text: str) -> None:
    with database.transaction() as connection:
        add(connection, text)
        raise KeyError


def version(file: Path) -> int:
    connection = sqlite3.connect(file)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_an_empty_file_gets_the_newest_tables(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    database = Database(file)
    names = {row["name"] for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table'")}
    settings = {
        name: database.query(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    database.close()
    assert {"photos", "places", "classes", "class_aliases", "labels", "models", "settings"} <= names
    assert {"runs", "filings"} <= names
    assert settings == {"journal_mode": "delete", "synchronous": 2, "foreign_keys": 1}
    assert version(file) == MIGRATIONS[-1][0]


def test_an_older_library_is_brought_up_to_date_with_its_content(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    old = Database(file, [FIRST])
    with old.transaction() as connection:
        add(connection, "kept")
    old.close()

    seen: list[bool] = []
    new = Database(file, [FIRST, SECOND], before_use=lambda connection, migrating: seen.append(migrating))
    rows = [tuple(row) for row in new.query("SELECT text, colour FROM notes")]
    new.close()
    assert rows == [("kept", "red")]
    assert seen == [True]
    assert version(file) == 2


def test_a_migration_that_fails_leaves_no_part_of_itself(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    Database(file, [FIRST, SECOND]).close()
    with pytest.raises(sqlite3.OperationalError):
        Database(file, [FIRST, SECOND, BROKEN])
    assert version(file) == 2
    database = Database(file, [FIRST, SECOND])
    names = [row["name"] for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    database.close()
    assert names == ["notes"]


def test_a_library_of_a_newer_program_is_refused_untouched(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    Database(file, [FIRST, SECOND]).close()
    before = file.read_bytes()
    with pytest.raises(UserError, match=r"newer version of FlowerSorter.*Update") as caught:
        Database(file, [FIRST])
    assert not isinstance(caught.value, CollectionDamaged)
    assert file.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["library.sqlite"]


def test_a_database_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = file.read_bytes()
    with pytest.raises(CollectionDamaged, match="not a library"):
        Database(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_damaged(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "library.sqlite"
    file.write_bytes(content)
    with pytest.raises(CollectionDamaged):
        Database(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("words", [b"CREATE TABLE", b"TABLE notes", b"notes (id"])
def test_a_definition_of_a_table_that_is_not_text_is_damage(tmp_path: Path, words: bytes) -> None:
    file = tmp_path / "library.sqlite"
    with closing(Database(file, [FIRST])):
        pass
    content = file.read_bytes()
    assert content.count(words) == 1
    damaged = content.replace(words, words[:-3] + b"\xd5" + words[-2:])
    file.write_bytes(damaged)
    with pytest.raises(CollectionDamaged, match=r"library\.sqlite is damaged"):
        Database(file, [FIRST], before_use=lambda connection, _: check_sound(connection, file, migrations=[FIRST]))
    assert file.read_bytes() == damaged


@pytest.mark.parametrize("thoroughly", [False, True])
def test_every_damaged_byte_of_the_definitions_is_damage_or_does_not_matter(
    tmp_path: Path, *, thoroughly: bool
) -> None:
    """Else a person with backups gets a traceback: only damage leads to them."""
    file = tmp_path / "library.sqlite"
    with closing(Database(file, [FIRST])):
        pass
    content = file.read_bytes()
    first, end = content.index(b"CREATE TABLE"), content.rindex(b")") + 1
    damaged = []
    for at in range(first, end):
        for byte in (b"\xff", b"x", b"'"):
            file.write_bytes(content[:at] + byte + content[at + 1 :])
            with closing(sqlite3.connect(file)) as connection:
                try:
                    check_sound(connection, file, thoroughly=thoroughly, migrations=[FIRST])
                except CollectionDamaged:
                    damaged.append(at)
    assert len(damaged) > end - first, "more than a third of the damages are found"


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(KeyError):
        add_and_fail(database, "lost")
    assert texts(database) == []
    with database.transaction() as connection:
        add(connection, "kept")
    assert texts(database) == ["kept"]


def test_an_inner_transaction_joins_the_outer_one(database: Database) -> None:
    def add_twice_and_fail() -> None:
        with database.transaction() as outer:
            add(outer, "first")
            with database.transaction() as inner:
                add(inner, "second")
            assert texts(database) == ["first", "second"]
            raise KeyError

    with pytest.raises(KeyError):
        add_twice_and_fail()
    assert texts(database) == []


def test_an_inner_failure_that_is_caught_takes_only_its_own_changes(database: Database) -> None:
    with database.transaction() as outer:
        add(outer, "kept")
        with pytest.raises(KeyError):
            add_and_fail(database, "lost")
        add(outer, "kept too")
    assert texts(database) == ["kept", "kept too"]


def test_what_follows_a_transaction_comes_once_when_the_outermost_one_is_on_disk(database: Database) -> None:
    called: list[str] = []
    with database.transaction():
        database.after_commit(lambda: called.append("outer"))
        with database.transaction():
            database.after_commit(lambda: called.append("inner"))
        assert called == []
    assert called == ["outer", "inner"]
    with database.transaction():
        pass
    assert called == ["outer", "inner"]
    database.after_commit(lambda: called.append("outside"))
    assert called[2:] == ["outside"]


def test_nothing_follows_a_transaction_that_is_rolled_back(database: Database) -> None:
    called: list[str] = []

    def follow_and_fail(name: str) -> None:
        with database.transaction():
            database.after_commit(lambda: called.append(name))
            with database.transaction():
                database.after_commit(lambda: called.append(f"inside {name}"))
            raise KeyError

    with pytest.raises(KeyError):
        follow_and_fail("failed")
    with database.transaction():
        with pytest.raises(KeyError):
            follow_and_fail("failed inner")
        database.after_commit(lambda: called.append("outer around a failed one"))
    assert called == ["outer around a failed one"]


def test_what_follows_a_transaction_sees_it_from_any_thread(database: Database) -> None:
    found: list[int] = []

    def count() -> None:
        with ThreadPoolExecutor(1) as pool:  # it would wait for ever for a lock that is still held
            found.append(len(pool.submit(texts, database).result(timeout=60)))

    with database.transaction() as connection:
        add(connection, "kept")
        database.after_commit(count)
    assert found == [1]


def test_threads_take_turns(database: Database) -> None:
    def write(letter: str) -> None:
        for _ in range(20):
            with database.transaction() as connection:
                add(connection, letter)
                add(connection, letter)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = texts(database)
    assert len(found) == 160
    assert found[::2] == found[1::2]


def test_query_in_takes_any_number_of_values(database: Database) -> None:
    with database.transaction() as connection:
        connection.executemany("INSERT INTO notes (id) VALUES (?)", [(number,) for number in range(5000)])
    rows = database.query_in("SELECT id FROM notes WHERE id IN (?)", range(1000, 9000))
    assert sorted(row["id"] for row in rows) == list(range(1000, 5000))
    assert database.query_in("SELECT id FROM notes WHERE id IN (?)", []) == []


def test_queries_are_cut_up_where_sqlite_takes_fewer_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowersorter.library.database.connection._PARAMETERS_AT_ONCE", 7)
    database = Database(tmp_path / "small.sqlite", [FIRST])
    with database.transaction() as connection:
        connection.executemany("INSERT INTO notes (id) VALUES (?)", [(number,) for number in range(0, 1000, 3)])
    wanted = list(range(0, 1000, 12))
    assert sorted(row["id"] for row in database.query_in("SELECT id FROM notes WHERE id IN (?)", wanted)) == wanted
    assert database.tuples_by_id("id", "notes", "id", wanted) == [(number,) for number in wanted]
    database.close()


@given(st.sets(st.integers(0, 60)), st.lists(st.integers(-5, 90)))
def test_rows_by_id_are_those_asked_for(there: set[int], wanted: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "notes.sqlite", [FIRST])
        with database.transaction() as connection:
            connection.executemany("INSERT INTO notes (id) VALUES (?)", [(number,) for number in there])
        for ids in (wanted, np.array(wanted, np.int64)):
            found = database.tuples_by_id("id, text", "notes", "id", ids)
            assert found == [(number, None) for number in sorted(there & set(wanted))]
        database.close()


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_rising_ids_are_sorted_and_each_there_once(ids: list[int]) -> None:
    assert sorted_unique(ids).tolist() == sorted_unique(np.array(ids, np.int64)).tolist() == sorted(set(ids))


def test_a_full_disk_gives_a_clear_error_and_changes_nothing(database: Database) -> None:
    pages = database.query("PRAGMA page_count")[0][0]
    database.query(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(UserError, match=r"the disk of the collection's folder .* is full"):
        add_in_one(database, ["x" * 1000] * 50)
    assert texts(database) == []
    database.query("PRAGMA max_page_count = 100000")
    with database.transaction() as connection:
        add(connection, "goes on")
    assert texts(database) == ["goes on"]


def test_a_full_disk_inside_an_inner_transaction_undoes_the_outer_one_too(database: Database) -> None:
    pages = database.query("PRAGMA page_count")[0][0]
    database.query(f"PRAGMA max_page_count = {pages}")

    def add_too_much() -> None:
        with database.transaction() as outer:
            add(outer, "lost")
            add_in_one(database, ["x" * 50_000])

    with pytest.raises(UserError, match=r"the disk of the collection's folder .* is full"):
        add_too_much()
    assert texts(database) == []


def test_another_program_holding_the_file_gives_a_clear_error(database: Database) -> None:
    other = sqlite3.connect(database.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database.query("PRAGMA busy_timeout = 1")
    with pytest.raises(UserError, match="another program"), database.transaction():
        pass
    other.execute("ROLLBACK")
    other.close()
    with database.transaction() as connection:
        add(connection, "now")
    assert texts(database) == ["now"]


def test_a_missing_folder_gives_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be opened"):
        Database(tmp_path / "nowhere" / "library.sqlite")


def test_damage_found_while_reading_gives_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    database = Database(file, [FIRST])
    add_in_one(database, ["x" * 1000] * 500)
    database.close()
    content = bytearray(file.read_bytes())
    content[8192:-4096] = b"\xa5" * (len(content) - 8192 - 4096)
    file.write_bytes(content)

    database = Database(file, [FIRST])
    with pytest.raises(CollectionDamaged):
        texts(database)
    with pytest.raises(CollectionDamaged):
        database.check_integrity()
    database.close()


def test_a_sound_library_passes_the_check(database: Database) -> None:
    database.check_integrity()


def test_a_mistake_of_the_program_is_not_dressed_up(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.query("SELECT * FROM unknown")


def test_a_library_that_was_deleted_meanwhile_is_not_called_read_only(tmp_path: Path) -> None:
    folder = tmp_path / "collection"
    folder.mkdir()
    database = Database(folder / "library.sqlite", [FIRST])
    shutil.rmtree(folder)
    why = r"is not there any more: its folder was deleted .* Start FlowerSorter again"
    with pytest.raises(UserError, match=why), database.transaction() as connection:
        add(connection, "lost")
    database.close()
