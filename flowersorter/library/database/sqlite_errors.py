"""Converts SQLite errors into errors for the person."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flowersorter.errors import CollectionDamaged, LibraryFull, UserError
from flowersorter.messages import text

_NOT_SAVED = text("The library could not be saved")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_CAUSES = {
    sqlite3.SQLITE_READONLY: (_NOT_SAVED, text("its file or folder is read-only"), ""),
    sqlite3.SQLITE_PERM: (_NOT_SAVED, text("its folder may not be written to"), ""),
    sqlite3.SQLITE_IOERR: (text("The library cannot be used"), text("its disk reports a read or write error"), ""),
    sqlite3.SQLITE_CANTOPEN: (text("The library cannot be opened"), text("its file or folder may not be opened"), ""),
    sqlite3.SQLITE_BUSY: (_NOT_SAVED, text("another program holds its file"), text("Close that program and try again")),
}


@contextmanager
def sqlite_errors_as_user_errors(file: Path, refusal: Callable[[], UserError] | None = None) -> Iterator[None]:
    """Convert SQLite errors that come from the disk or a damaged file into errors for the person.

    Errors of the program itself (a broken constraint, wrong SQL) pass through unchanged.

    Args:
        file: The database file, for the message.
        refusal: Makes the error for an attempt to write, where the file was opened only for reading.

    Raises:
        CollectionDamaged: the file is not a sound SQLite database.
        UserError: disk full, read-only, input/output error.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGED:
            raise CollectionDamaged(text("The library {file} is damaged", file=file), str(error)) from error
        if code == sqlite3.SQLITE_READONLY and refusal is not None:
            raise refusal() from error
        if code == sqlite3.SQLITE_FULL:
            full = text("the disk of the collection's folder {folder} is full", folder=file.parent)
            raise LibraryFull(_NOT_SAVED, full, text("Free some space there and try again")) from error
        if code in _CAUSES:
            was_open = code != sqlite3.SQLITE_CANTOPEN
            raise _gone(file) if was_open and not file.exists() else UserError(*_CAUSES[code]) from error
        raise


@contextmanager
def errors_of_opening(file: Path) -> Iterator[None]:
    """Convert the errors of a file whose tables are read for the first time, as `sqlite_errors_as_user_errors` does.

    An error about a damaged definition of a table repeats it, and Python cannot decode the message.
    """
    with sqlite_errors_as_user_errors(file):
        try:
            yield
        except UnicodeDecodeError as error:
            reason = text("the definition of a table cannot be read")
            raise CollectionDamaged(text("The library {file} is damaged", file=file), reason) from error


def _gone(file: Path) -> UserError:
    return UserError(
        text("The library {file} is not there any more", file=file),
        text("its folder was deleted or renamed, or its drive was removed, while FlowerSorter was running"),
        text("Start FlowerSorter again"),
    )
