"""Which filed files a verification read when, so that one of many days goes on where it stopped; disposable.

It lies in a file of its own beside the library, so that writing it down never waits for the library, and that a
terminal remembers beside an open window, too: SQLite lets one of them write after the other.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flowersorter.domain.journal import Entry
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.database.connection import Database

#: In the folder of a collection.
VERIFIED_NAME = "verified.sqlite"
#: What was read longer ago is read again: disks lose bytes without a trace in size and time. One that goes on every
#: night for so long reads a disk of many terabytes.
REMEMBERED = timedelta(days=30)
_MIGRATIONS = (
    (
        1,
        """
        CREATE TABLE passes (scope BLOB PRIMARY KEY, begun_ns INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE verified (
            filing_id INTEGER PRIMARY KEY,
            key BLOB NOT NULL,
            size_bytes INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL,
            verified_ns INTEGER NOT NULL
        );
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class Verified:
    """A filed file that was read with the bytes of its sort.

    Attributes:
        size_bytes: Then.
        mtime_ns: Then.
    """

    entry: Entry
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Known:
    """A filed file as it was when an interrupted verification found it intact.

    Attributes:
        verified_ns: When, in nanoseconds since 1970.
    """

    size_bytes: int
    mtime_ns: int
    verified_ns: int


class VerifiedFiles:
    """The memory of verifications; where it cannot be used, nothing is remembered.

    Args:
        folder: The folder of the collection.
        read_only: Remember nothing.
        is_shared: Whether another program has the collection open: it may be using the file, so a damaged one stays.
    """

    def __init__(self, folder: Path, *, read_only: bool = False, is_shared: bool = False) -> None:
        self._database: Database | None = None
        if read_only:
            return
        file = folder / VERIFIED_NAME
        with suppress(UserError, OSError, sqlite3.OperationalError):
            try:
                self._database = _opened(file)
            except CollectionDamaged:  # only a memory
                if not is_shared:
                    file.unlink()
                    self._database = _opened(file)

    def begin(self, scope: bytes, *, again: bool) -> int:
        """Begin a verification, or go on with one that did not come to its end.

        Args:
            scope: The folder it is limited to, as `os.fsencode` gives it; empty for all.
            again: Begin anew in any case.

        Returns:
            The time since which a file that was read counts as read, in nanoseconds since 1970: when it began, at most
            `REMEMBERED` ago.
        """
        now = time.time_ns()
        if self._database is None:
            return now
        with suppress(UserError):
            rows = self._database.tuples("SELECT begun_ns FROM passes WHERE scope = ?", (scope,))
            if rows and not again and rows[0][0] <= now:
                return max(int(rows[0][0]), now - int(REMEMBERED.total_seconds()) * 10**9)
            with self._database.transaction() as connection:
                connection.execute("INSERT OR REPLACE INTO passes VALUES (?, ?)", (scope, now))
        return now

    def end(self, scope: bytes) -> None:
        """Store that a verification came to its end: the next one reads every file again."""
        self._change("DELETE FROM passes WHERE scope = ?", [(scope,)])

    def since(self, entries: Sequence[Entry], since_ns: int) -> dict[int, Known]:
        """Return those of some files that were read since a time, by the id of the entry."""
        if self._database is None or not entries:
            return {}
        keys = {entry.id: _key(entry) for entry in entries}
        with suppress(UserError):
            rows = self._database.tuples(
                "SELECT filing_id, key, size_bytes, mtime_ns, verified_ns FROM verified"
                " WHERE filing_id BETWEEN ? AND ? AND verified_ns BETWEEN ? AND ?",
                (min(keys), max(keys), since_ns, time.time_ns()),
            )
            return {filing_id: Known(*read) for filing_id, key, *read in rows if keys.get(filing_id) == key}
        return {}

    def add(self, files: Iterable[Verified]) -> None:
        """Store that files were read just now."""
        now = time.time_ns()
        rows = [(each.entry.id, _key(each.entry), each.size_bytes, each.mtime_ns, now) for each in files]
        self._change("INSERT OR REPLACE INTO verified VALUES (?, ?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()

    def _change(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        if self._database is not None and rows:
            with suppress(UserError), self._database.transaction() as connection:
                connection.executemany(sql, rows)


def _opened(file: Path) -> Database:
    """Open the file, which another program may be making right now."""
    try:
        return Database(file, _MIGRATIONS)
    except sqlite3.OperationalError:  # it has just made the tables
        return Database(file, _MIGRATIONS)


def _key(entry: Entry) -> bytes:
    """Tells a file from another one that has the id of its entry after a backup of the library was restored."""
    return hashlib.blake2b((entry.sha256 or b"") + os.fsencode(entry.destination), digest_size=8).digest()
