"""The journal: every run, every file it filed and every folder it made, kept for good.

A filing is written down before a file is touched and again when it is settled:

    begin_run ──> planned ──> started ──> done ──> undoing ──> undone
                     │           │          ^          │
                     │           │          └──────────┘      could not be taken back
                     │           ├──> failed                  the disk is as it was
                     │           └──> planned                 rolled back after a crash
                     ├──> failed      nothing was tried
                     ├──> cancelled   the run ended before its turn
                     └──> noted       nothing to do on disk: already there, a duplicate

Only ``started`` and ``undoing`` are open: after a crash the disk may hold either side of the step, and
`flowersorter.sorting.recover` looks and settles it. A run is ``open`` until it ends, then ``done`` or
``cancelled`` (stopped before its end, by the person or by a crash); ``open`` again while it is undone, then
``partly undone`` or ``undone``.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, MadeFolder, NewEntry, Run, RunState
from flowersorter.library.database.connection import Database
from flowersorter.library.tables.journal_rows import entry_of, folder_of, run_of

_SMALLEST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**63 - 1
_RUN_COLUMNS = """
    SELECT runs.*,
           COUNT(f.id) FILTER (WHERE f.state IN ('done', 'undoing', 'undone')) AS photos,
           COUNT(f.id) FILTER (WHERE f.state = 'undone') AS undone,
           COUNT(f.id) FILTER (WHERE f.state = 'failed') AS failed
    FROM runs LEFT JOIN filings f ON f.run_id = runs.id AND f.lead_id IS NULL
"""
_MADE_FOLDERS = """
    SELECT m.id, m.run_id, m.path FROM made_folders m JOIN runs ON runs.id = m.run_id WHERE NOT m.removed
"""


class Journal:
    """Runs and filings of one collection. Nothing here looks at the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_run(self, mode: str, source: Path | None, destination: Path, entries: Sequence[NewEntry]) -> int:
        """Write down a whole run before anything is touched, in one transaction.

        Returns:
            The id of the run.
        """
        with self._database.transaction() as connection:
            run_id = _inserted(
                connection.execute(
                    "INSERT INTO runs (mode, source, destination, started_at, state) VALUES (?, ?, ?, ?, ?)",
                    (mode, _bytes(source), os.fsencode(destination), _now(), RunState.OPEN),
                )
            )
            ids: list[int] = []
            for entry in entries:
                lead_id = None if entry.lead is None else ids[entry.lead]
                ids.append(_insert(connection, run_id, lead_id, entry))
        return run_id

    def start(self, entry: Entry, temporary: Path, sha256: bytes, size_bytes: int, mtime_ns: int) -> None:
        """Commit to filing one file now: from here on the disk may be on either side of it."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET state = ?, temporary = ?, sha256 = ?, size_bytes = ?, mtime_ns = ?,"
                " error = NULL WHERE id = ?",
                (
                    EntryState.STARTED,
                    os.fsencode(temporary),
                    sha256,
                    size_bytes,
                    _storable(mtime_ns),
                    entry.id,
                ),
            )

    def start_undo(self, entry: Entry, temporary: Path) -> None:
        """Commit to taking one file back now."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET state = ?, temporary = ?, error = NULL WHERE id = ?",
                (EntryState.UNDOING, os.fsencode(temporary), entry.id),
            )

    def settle(self, entry_id: int, state: EntryState, error: str | None = None) -> None:
        """Write down where a file has come to."""
        self.settle_all([entry_id], state, error)

    def settle_all(self, entry_ids: Iterable[int], state: EntryState, error: str | None = None) -> None:
        """Write down where several files have come to, in one transaction."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE filings SET state = ?, error = ? WHERE id = ?",
                [(state, _text(error), entry_id) for entry_id in entry_ids],
            )

    def change_action(self, entry_id: int, action: str) -> None:
        """A duplicate takes the turn of a photo that could not be filed."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE filings SET action = ? WHERE id = ?", (action, entry_id))

    def reopen_run(self, run_id: int) -> None:
        """Undoing begins: until `end_run`, a crash leaves the run to `recover`."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE runs SET state = ? WHERE id = ?", (RunState.OPEN, run_id))

    def end_run(self, run_id: int) -> RunState:
        """Close a run: what was not begun is cancelled, and its state follows from its filings.

        A run with an open filing stays open, so that `recover` comes back to it.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET state = ? WHERE run_id = ? AND state = ?",
                (EntryState.CANCELLED, run_id, EntryState.PLANNED),
            )
            rows = connection.execute("SELECT DISTINCT state FROM filings WHERE run_id = ?", (run_id,))
            state = _run_state({row["state"] for row in rows})
            connection.execute(
                "UPDATE runs SET state = ?, finished_at = COALESCE(finished_at, ?) WHERE id = ?",
                (state, None if state == RunState.OPEN else _now(), run_id),
            )
        return state

    def mark_undone(self, run_id: int) -> None:
        """A run that filed nothing is undone by saying so."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE runs SET state = ? WHERE id = ?", (RunState.UNDONE, run_id))

    def add_folder(self, run_id: int, path: Path) -> int:
        """Write down, before it is made, that a run makes this folder."""
        with self._database.transaction() as connection:
            return _inserted(
                connection.execute("INSERT INTO made_folders (run_id, path) VALUES (?, ?)", (run_id, os.fsencode(path)))
            )

    def forget_folders(self, folder_ids: Iterable[int]) -> None:
        """These folders are gone again, or were never ours."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE made_folders SET removed = 1 WHERE id = ?", [(folder_id,) for folder_id in folder_ids]
            )

    def remember_folder(self, path: Path) -> None:
        """A folder that a run made and that was removed is about to be made again; does nothing for any other."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE made_folders SET removed = 0 WHERE id = (SELECT MAX(id) FROM made_folders WHERE path = ?)",
                (os.fsencode(path),),
            )

    def folders(self, destination: Path) -> list[MadeFolder]:
        """The folders that runs to this destination made and that were not removed since, newest first."""
        rows = self._database.query(
            f"{_MADE_FOLDERS} AND runs.destination = ? ORDER BY m.id DESC", (os.fsencode(destination),)
        )
        return [folder_of(row) for row in rows]

    def abandoned_folders(self) -> list[MadeFolder]:
        """The folders that runs made which are undone, and that were not removed since, newest first."""
        rows = self._database.query(f"{_MADE_FOLDERS} AND runs.state = ? ORDER BY m.id DESC", (RunState.UNDONE,))
        return [folder_of(row) for row in rows]

    def class_folders(self, destination: Path) -> dict[str, str]:
        """The folder name each class had in the newest run to this destination that filed it."""
        rows = self._database.query(
            "SELECT f.class_name, f.destination, MAX(f.id) FROM filings f JOIN runs ON runs.id = f.run_id"
            " WHERE runs.destination = ? AND f.state = ? AND f.lead_id IS NULL GROUP BY f.class_name",
            (os.fsencode(destination), EntryState.DONE),
        )
        return {row["class_name"]: Path(os.fsdecode(row["destination"])).parent.name for row in rows}

    def runs(self) -> list[Run]:
        """Every run, newest first."""
        return [run_of(row) for row in self._database.query(f"{_RUN_COLUMNS} GROUP BY runs.id ORDER BY runs.id DESC")]

    def run(self, run_id: int) -> Run:
        """One run.

        Raises:
            KeyError: there is no such run.
        """
        rows = self._database.query(f"{_RUN_COLUMNS} WHERE runs.id = ? GROUP BY runs.id", (run_id,))
        if not rows:
            raise KeyError(run_id)
        return run_of(rows[0])

    def filings(self, run_id: int) -> list[Entry]:
        """The files of a run, in the order of its plan; a photo comes before its sidecars."""
        rows = self._database.query("SELECT * FROM filings WHERE run_id = ? ORDER BY id", (run_id,))
        return [entry_of(row) for row in rows]

    def entries(self, entry_ids: Sequence[int]) -> list[Entry]:
        """Filings as they are now, in the order they were planned."""
        rows = self._database.query_in("SELECT * FROM filings WHERE id IN (?)", entry_ids)
        return sorted((entry_of(row) for row in rows), key=lambda entry: entry.id)

    def moved_on(self, entry: Entry) -> Entry | None:
        """The newest later filing that moved a filed file on to another place and was not undone."""
        rows = self._database.query(
            "SELECT * FROM filings WHERE sha256 = ? AND source = ? AND id > ? AND action = 'move' AND state = ?"
            " ORDER BY id DESC LIMIT 1",
            (entry.sha256, os.fsencode(entry.destination), entry.id, EntryState.DONE),
        )
        return entry_of(rows[0]) if rows else None

    def open_filings(self) -> list[Entry]:
        """The files that a crash left on either side of a step, in the order they were planned."""
        rows = self._database.query(
            "SELECT * FROM filings WHERE state IN ('started', 'undoing') ORDER BY id",
        )
        return [entry_of(row) for row in rows]

    def open_runs(self) -> list[Run]:
        """The runs that did not end and those with an open filing, oldest first."""
        return [
            run_of(row)
            for row in self._database.query(
                f"{_RUN_COLUMNS} WHERE runs.state = 'open' OR runs.id IN"
                " (SELECT run_id FROM filings WHERE state IN ('started', 'undoing'))"
                " GROUP BY runs.id ORDER BY runs.id"
            )
        ]


def _run_state(states: set[str]) -> RunState:
    """The state of a run whose filings are in these states."""
    if states & {EntryState.STARTED, EntryState.UNDOING}:
        return RunState.OPEN
    if {EntryState.DONE, EntryState.UNDONE} <= states:
        return RunState.PARTLY_UNDONE
    if EntryState.UNDONE in states:
        return RunState.UNDONE
    return RunState.CANCELLED if EntryState.CANCELLED in states else RunState.DONE


def _insert(connection: sqlite3.Connection, run_id: int, lead_id: int | None, entry: NewEntry) -> int:
    return _inserted(
        connection.execute(
            "INSERT INTO filings (run_id, lead_id, class_name, action, source, destination, size_bytes, sha256,"
            " mtime_ns, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run_id,
                lead_id,
                entry.class_name,
                entry.action,
                os.fsencode(entry.source),
                os.fsencode(entry.destination),
                entry.size_bytes,
                entry.sha256,
                _storable(entry.mtime_ns),
                EntryState.PLANNED,
            ),
        )
    )


def _inserted(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None  # it was an INSERT
    return cursor.lastrowid


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _bytes(path: Path | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


def _text(error: str | None) -> str | None:
    """A reason may name a file whose name is not UTF-8, which SQLite would not take."""
    return None if error is None else error.encode("utf-8", "backslashreplace").decode("utf-8")


def _storable(mtime_ns: int) -> int:
    """A damaged time stamp can lie beyond the year 2262, where SQLite's integers end."""
    return max(_SMALLEST_INTEGER, min(mtime_ns, _LARGEST_INTEGER))
