"""Opens SQLite files for reading only, on drives and on network shares."""

from __future__ import annotations

import sqlite3
from pathlib import Path, PurePath

_WAIT_S = 5.0


def open_read_only(file: Path, *, wait_s: float = _WAIT_S) -> sqlite3.Connection:
    """Open a database that is there; nothing is created or changed.

    Args:
        file: The database.
        wait_s: How long to wait for a program that writes.

    Raises:
        sqlite3.Error: the file is missing or may not be opened.
    """
    return sqlite3.connect(read_only_uri(file.resolve()), timeout=wait_s, uri=True)


def read_only_uri(file: PurePath) -> str:
    r"""Return the address that SQLite opens a file by, for reading only.

    SQLite refuses the name of a computer (https://www.sqlite.org/uri.html, "the URI authority"): ``\\server\share`` is
    the path ``//server/share`` on no computer.

    Args:
        file: An absolute path.
    """
    uri = file.as_uri()
    if not uri.startswith("file:///"):
        uri = uri.replace("file://", "file:////", 1)
    return f"{uri}?mode=ro"
