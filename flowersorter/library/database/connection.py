"""The connection to the library's SQLite file: transactions, migrations, error messages."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.database.fair_lock import FairLock
from flowersorter.library.database.read_only import open_read_only
from flowersorter.library.database.schema import MIGRATIONS, Migrations
from flowersorter.library.database.soundness import check_sound
from flowersorter.library.database.sqlite_errors import errors_of_opening, sqlite_errors_as_user_errors
from flowersorter.messages import text

#: Fewer than SQLite takes (999 before version 3.32, at least 32,766 since); more at once is not faster.
_PARAMETERS_AT_ONCE = 10_000
_CACHE_KIB = 32 * 1024
#: How long a reader waits for a program that writes.
_WAIT_S = 30

#: A whole range of ids is read if at least one in this many of them is wanted.
_DENSE = 4
#: Rows read while other threads wait, where many are read: about 10 ms of them.
ROWS_AT_ONCE = 10_000
_SMALLEST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**63 - 1

Answer = TypeVar("Answer")
Rows = list[tuple[Any, ...]]


def storable_time(mtime_ns: int) -> int:
    """A file's time in nanoseconds, clipped to 64 bits: a damaged one can lie beyond the year 2262."""
    return max(_SMALLEST_INTEGER, min(mtime_ns, _LARGEST_INTEGER))


def storable_text(text: str | None) -> str | None:
    """A text with undecodable bytes escaped: it may quote a file name that is not UTF-8, which SQLite refuses."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _copied_into_memory(file: Path) -> sqlite3.Connection:
    """Copy a database, as it was at one moment, while another program may write to it; it waits only for the copy.

    Raises:
        UserError: another program stopped in the middle of a change, which only a program that may write can undo.
    """
    with closing(open_read_only(file, wait_s=_WAIT_S)) as source:
        try:
            # `backup` would wait without end for a program that writes.
            source.execute("BEGIN")
            source.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_READONLY:
                raise
            raise UserError(
                text("The library {file} cannot be read", file=file),
                text("a program that was changing it was stopped in the middle"),
                text("Start FlowerSorter once, which puts it right"),
            ) from error
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            source.backup(copy)
        except BaseException:
            copy.close()
            raise
        return copy


def _nothing(connection: sqlite3.Connection, migrating: bool) -> None:
    """Do nothing before the first use of a database."""


class Database:
    """A SQLite file with the newest tables, shared by all threads, which take turns in the order they ask for it.

    A read of very many rows is made in parts. Outside a transaction other threads may write between them.

    Args:
        file: The database file; made if missing, brought up to date if older.
        migrations: (version, SQL script) in rising order.
        before_use: Called before anything is changed, with the open connection and whether a migration follows;
            it stops the opening by raising.
        refusal: Where given, the file is only read: a copy in memory is opened and brought up to date. An attempt to
            change the copy raises the error that this makes.

    Raises:
        CollectionDamaged: the file is not a sound SQLite database.
        UserError: a newer program made it (the file is left untouched), or the disk refuses.
    """

    def __init__(
        self,
        file: Path,
        migrations: Migrations = MIGRATIONS,
        before_use: Callable[[sqlite3.Connection, bool], None] = _nothing,
        refusal: Callable[[], UserError] | None = None,
    ) -> None:
        self.file, self._migrations, self._refusal = file, migrations, refusal
        self._lock = FairLock()
        self._depth = 0
        self._after: list[tuple[int, Callable[[], None]]] = []  # depth of the transaction, and what follows it
        with errors_of_opening(file):
            if refusal is None:
                self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            else:
                self._connection = _copied_into_memory(file)
            limit = self._connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
            self._parameters_at_once = min(limit, _PARAMETERS_AT_ONCE)
            try:
                self._connection.row_factory = sqlite3.Row
                self._refuse_foreign_file(migrations)
                before_use(self._connection, 0 < self._version() < migrations[-1][0])
                self._migrate(migrations)
                self._configure()
                if refusal is not None:
                    self._connection.execute("PRAGMA query_only = ON")
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction: on disk when the block ends, rolled back as a whole if it raises.

        Inside another transaction of the same thread it joins that one (as a savepoint). Other threads wait.

        Raises:
            CollectionDamaged: the file is not a sound SQLite database.
            UserError: the disk refuses, or the file was opened only for reading; nothing of the transaction stays.
        """
        with self._lock, sqlite_errors_as_user_errors(self.file, self._refusal):
            begin, commit, rollback = self._statements()
            self._connection.execute(begin)
            self._depth += 1
            try:
                yield self._connection
                self._connection.execute(commit)
            except BaseException:
                # After some errors (disk full) SQLite has already rolled back.
                if self._connection.in_transaction:
                    for statement in rollback:
                        self._connection.execute(statement)
                self._after = [(depth, call) for depth, call in self._after if depth < self._depth]
                raise
            finally:
                self._depth -= 1
            self._after = [(min(depth, self._depth), call) for depth, call in self._after]
            committed = [] if self._depth else [call for _, call in self._after]
            self._after = self._after if self._depth else []
        for call in committed:  # without the lock: it may take another one
            call()

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call this once the present transaction is on disk and other threads see it; at once outside of one.

        Of transactions within one another that is the outermost. Nothing is called where the one that asked for it, or
        one around it, is rolled back.
        """
        with self._lock:
            if self._depth:
                self._after.append((self._depth, call))
                return
        call()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of one SELECT, including the changes of the thread's present transaction."""
        with self._lock, sqlite_errors_as_user_errors(self.file):
            return self._connection.execute(sql, parameters).fetchall()

    def tuples(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """As `query`, with plain tuples: for very many rows that are processed by column."""
        with self._lock, sqlite_errors_as_user_errors(self.file):
            cursor = self._connection.cursor()
            cursor.row_factory = None
            return cursor.execute(sql, parameters).fetchall()

    def query_in(self, sql: str, values: Iterable[int | bytes | str]) -> list[sqlite3.Row]:
        """All rows of a SELECT that holds ``IN (?)``, for any number of values.

        Args:
            sql: The SELECT, with exactly one ``(?)`` and no other parameter.
            values: The values to insert there; the order of the rows is undefined.
        """
        return list(itertools.chain.from_iterable(self._in_parts(self.query, sql, values)))

    def tuples_by_id(self, columns: str, table: str, key: str, ids: Iterable[int] | NDArray[np.int64]) -> Rows:
        """The rows of a table with some ids, as plain tuples; ids that are not there are left out.

        Args:
            columns: The columns to read; the first is the id.
            table: The table.
            key: The column of the ids, the table's integer primary key.
            ids: The wanted rows; each is returned once.

        Returns:
            The rows by rising id.
        """
        wanted = sorted_unique(ids)
        if not len(wanted):
            return []
        select = f"SELECT {columns} FROM {table} WHERE {key}"
        low, high = int(wanted[0]), int(wanted[-1])
        if high - low >= _DENSE * len(wanted):
            parts = self._in_parts(self.tuples, f"{select} IN (?) ORDER BY {key}", wanted.tolist())
            return list(itertools.chain.from_iterable(parts))
        rows: Rows = []
        for first in range(low, high + 1, ROWS_AT_ONCE):
            last = min(first + ROWS_AT_ONCE - 1, high)
            rows += self.tuples(f"{select} BETWEEN ? AND ? ORDER BY {key}", (first, last))
        if len(rows) == high - low + 1 == len(wanted):
            return rows
        chosen = np.isin(np.array([row[0] for row in rows], np.int64), wanted, assume_unique=True)
        return list(itertools.compress(rows, chosen.tolist()))

    def _in_parts(
        self, query: Callable[[str, Sequence[Any]], list[Answer]], sql: str, values: Iterable[int | bytes | str]
    ) -> Iterator[list[Answer]]:
        """Make a query in parts; other threads get their turn between two of them, unless this is a transaction."""
        wanted = list(values)
        for start in range(0, len(wanted), self._parameters_at_once):
            part = wanted[start : start + self._parameters_at_once]
            marks = ",".join("?" * len(part))
            yield query(sql.replace("(?)", f"({marks})"), part)

    def check_integrity(self) -> None:
        """Check the whole library for damage.

        Raises:
            CollectionDamaged: it is damaged.
        """
        with self._lock:
            check_sound(self._connection, self.file, thoroughly=True, migrations=self._migrations)

    def close(self) -> None:
        """Close the file; more calls do nothing."""
        with self._lock:
            self._connection.close()

    def _statements(self) -> tuple[str, str, tuple[str, ...]]:
        """The statements that begin, commit and roll back a transaction at the present depth."""
        if self._depth == 0:
            # A copy that must not be changed can be read in a transaction, too.
            return "BEGIN IMMEDIATE" if self._refusal is None else "BEGIN", "COMMIT", ("ROLLBACK",)
        name = f"inner_{self._depth}"
        return f"SAVEPOINT {name}", f"RELEASE {name}", (f"ROLLBACK TO {name}", f"RELEASE {name}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _refuse_foreign_file(self, migrations: Migrations) -> None:
        """Refuse a file that a newer version or another program made."""
        newest = migrations[-1][0]
        version = self._version()
        if version == 0 and self._connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise CollectionDamaged(text("The file {file} is not a library of FlowerSorter", file=self.file))
        if version > newest:
            raise UserError(
                text("The library {file} was made by a newer version of FlowerSorter", file=self.file),
                text("it has format {version}, this program knows {newest}", version=version, newest=newest),
                text("Update FlowerSorter to open it"),
            )

    def _configure(self) -> None:
        for setting in (
            "journal_mode = DELETE",
            "synchronous = FULL",
            "foreign_keys = ON",
            "temp_store = MEMORY",
            f"cache_size = -{_CACHE_KIB}",
        ):
            self._connection.execute(f"PRAGMA {setting}")

    def _migrate(self, migrations: Migrations) -> None:
        """Apply the missing migrations, each with its version number in one transaction."""
        self._connection.execute("PRAGMA synchronous = FULL")
        # A step may rebuild a table others refer to; the references are checked afterwards instead.
        self._connection.execute("PRAGMA foreign_keys = OFF")
        for version, script in migrations:
            if version <= self._version():
                continue
            try:
                self._connection.executescript(
                    f"BEGIN IMMEDIATE;\n{script};\nPRAGMA user_version = {version};\nCOMMIT;"
                )
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
