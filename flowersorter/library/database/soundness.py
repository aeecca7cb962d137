"""Checks a library file for damage."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from flowersorter.errors import CollectionDamaged
from flowersorter.library.database.schema import MIGRATIONS, Migrations
from flowersorter.library.database.sqlite_errors import errors_of_opening
from flowersorter.messages import text


def check_sound(
    connection: sqlite3.Connection, file: Path, *, thoroughly: bool = False, migrations: Migrations = MIGRATIONS
) -> None:
    """Read the whole file, and check it for damage and missing columns.

    Args:
        connection: An open connection to it.
        file: Its path, for the message.
        thoroughly: Whether to compare the indexes with the tables too, follow every reference and read every text,
            which takes several times as long.
        migrations: Define the expected columns.

    Raises:
        CollectionDamaged: it is not sound.
    """
    pragma = "integrity_check(1)" if thoroughly else "quick_check(1)"
    with errors_of_opening(file):
        try:
            verdict = str(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
            if verdict == "ok":
                verdict = _missing_column(connection, migrations) or verdict
            if verdict == "ok" and thoroughly:
                verdict = _contradiction(connection) or verdict
        except sqlite3.OperationalError as error:
            if _comes_from_the_disk(error):
                raise
            verdict = text("the definition of a table cannot be read")
    if verdict != "ok":
        raise CollectionDamaged(text("The library {file} is damaged", file=file), verdict)


def _comes_from_the_disk(error: sqlite3.OperationalError) -> bool:
    """Whether SQLite could not read the file, rather than make sense of it: all its queries here are right."""
    # Python's own error, about a text that is not UTF-8, has no code.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR


def _missing_column(connection: sqlite3.Connection, migrations: Migrations) -> str:
    """Say which column of its version the library does not have; "" where it has all."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    applied = tuple(script for number, script in migrations if number <= version)
    lacking = sorted(_columns_made_by(applied) - _columns(connection))
    return "there is no column {}.{}".format(*lacking[0]) if lacking else ""


def _contradiction(connection: sqlite3.Connection) -> str:
    """Say which row refers to none, or which text is not UTF-8; "" where all is well."""
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        return f"a row of {broken[0]} refers to a row of {broken[2]} that is not there"
    for table in sorted({table for table, _ in _columns(connection)}):
        try:
            for _ in connection.execute(f'SELECT * FROM "{table}"'):
                pass
        except sqlite3.OperationalError as error:
            if _comes_from_the_disk(error):
                raise
            return f"a text of {table} cannot be read"
    return ""


@cache
def _columns_made_by(scripts: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Every table that these scripts make, with each of its columns; run once, though an opening checks three files."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        for script in scripts:
            fresh.executescript(script)
        return frozenset(_columns(fresh))


def _columns(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Every table with each of its columns."""
    select = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
    return {(str(table), str(column)) for table, column in connection.execute(select)}
