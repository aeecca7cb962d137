"""The journal: every run, every file it filed and every folder it made; never deleted.

A filing is stored before its file is touched and again when its outcome is known:

    begin_run ──> planned ──> started ──> done ──> undoing ──> undone
                     │           │          ^          │
                     │           │          └──────────┘      could not be undone
                     │           ├──> failed                  the disk is unchanged
                     │           └──> planned                 rolled back after a crash
                     ├──> failed      not tried
                     ├──> cancelled   the run ended before it
                     └──> noted       nothing to do on disk: already there, a duplicate

Only ``started`` and ``undoing`` are open: after a crash the disk may be in the state before or after the step, and
`flowersorter.sorting.recover` finishes it or rolls it back. A run is ``open`` until it ends, then ``done`` or
``cancelled`` (stopped early, by the person or by a crash); ``open`` again while it is being undone, then
``partly undone`` or ``undone``.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, MadeFolder, NewEntry, RemovedFolder, Run, RunState, Volume
from flowersorter.library.database.connection import Database, storable_text, storable_time
from flowersorter.library.tables.journal_rows import entry_of, folder_of, run_of, volumes_text
from flowersorter.library.tables.written_keywords import insert_keywords

#: A sidecar that is moved beside a photo that stays makes room for one with keywords: the two count once.
_RUN_COLUMNS = """
    SELECT runs.*,
           COUNT(f.id) FILTER (WHERE f.state IN ('done', 'undoing', 'undone')) AS photos,
           COUNT(f.id) FILTER (WHERE f.state = 'undone') AS undone,
           COUNT(f.id) FILTER (WHERE f.state = 'failed') AS failed,
           (SELECT COUNT(*) FROM filings s JOIN filings lead ON lead.id = s.lead_id
            WHERE s.run_id = runs.id AND s.state IN ('done', 'undoing') AND lead.state = 'noted'
            AND (s.action != 'move' OR NOT EXISTS (SELECT 1 FROM filings kept WHERE kept.lead_id = s.lead_id
            AND kept.destination = s.source AND kept.state IN ('done', 'undoing')))) AS late_sidecars,
           (SELECT COUNT(*) FROM filings t
            WHERE t.run_id = runs.id AND t.state NOT IN ('planned', 'cancelled', 'noted')) AS touched
    FROM runs LEFT JOIN filings f ON f.run_id = runs.id AND f.lead_id IS NULL
"""
_MADE_FOLDERS = """
    SELECT m.id, m.run_id, m.path FROM made_folders m JOIN runs ON runs.id = m.run_id WHERE NOT m.removed
"""


class Journal:
    """Runs and filings of one collection. Never reads the photos' folders."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_run(
        self,
        mode: str,
        source: Path | None,
        destination: Path,
        entries: Sequence[NewEntry],
        volumes: Mapping[Path, Volume] | None = None,
    ) -> int:
        """Store a whole run before any file is touched, in one transaction.

        Returns:
            The id of the run.
        """
        with self._database.transaction() as connection:
            run_id = _inserted(
                connection.execute(
                    "INSERT INTO runs (mode, source, destination, started_at, state, volumes)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        mode,
                        _bytes(source),
                        os.fsencode(destination),
                        _now(),
                        RunState.OPEN,
                        volumes_text(volumes or {}),
                    ),
                )
            )
            ids: list[int] = []
            for entry in entries:
                lead_id = None if entry.lead is None else ids[entry.lead]
                ids.append(_insert(connection, run_id, lead_id, entry))
            insert_keywords(connection, zip(ids, entries, strict=True))
        return run_id

    def start(self, entry: Entry, temporary: Path, sha256: bytes, size_bytes: int, mtime_ns: int) -> None:
        """Store that one file is about to be filed: from here on the disk may be in the state before or after it."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET state = ?, temporary = ?, sha256 = ?, size_bytes = ?, mtime_ns = ?,"
                " error = NULL WHERE id = ?",
                (
                    EntryState.STARTED,
                    os.fsencode(temporary),
                    sha256,
                    size_bytes,
                    storable_time(mtime_ns),
                    entry.id,
                ),
            )

    def start_undo(self, entry: Entry, temporary: Path) -> None:
        """Store that one file is about to be restored to its source."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET state = ?, temporary = ?, error = NULL WHERE id = ?",
                (EntryState.UNDOING, os.fsencode(temporary), entry.id),
            )

    def set_state(self, entry_id: int, state: EntryState, error: str | None = None) -> None:
        """Store the state of a file."""
        self.set_states([entry_id], state, error)

    def set_states(self, entry_ids: Iterable[int], state: EntryState, error: str | None = None) -> None:
        """Store the state of several files, in one transaction."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE filings SET state = ?, error = ? WHERE id = ?",
                [(state, storable_text(error), entry_id) for entry_id in entry_ids],
            )

    def change_action(self, entry_id: int, action: str) -> None:
        """Change the action of a filing: a duplicate is filed in place of a photo that could not be."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE filings SET action = ? WHERE id = ?", (action, entry_id))

    def change_filed(self, entry_id: int, destination: Path, sha256: bytes, size_bytes: int, mtime_ns: int) -> None:
        """Store that the person moved, renamed or edited a filed file."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET destination = ?, sha256 = ?, size_bytes = ?, mtime_ns = ? WHERE id = ?",
                (os.fsencode(destination), sha256, size_bytes, storable_time(mtime_ns), entry_id),
            )

    def reopen_run(self, run_id: int) -> None:
        """Open a run for undoing: until `end_run`, a crash leaves it to `recover`."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE runs SET state = ? WHERE id = ?", (RunState.OPEN, run_id))

    def end_run(self, run_id: int) -> RunState:
        """Close a run: planned filings are cancelled, and its state is derived from its filings.

        A run with an open filing stays open, for `recover`.
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
        """Mark a run as undone that filed nothing."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE runs SET state = ? WHERE id = ?", (RunState.UNDONE, run_id))

    def add_folder(self, run_id: int, path: Path) -> int:
        """Store that a run is about to make this folder."""
        with self._database.transaction() as connection:
            return _inserted(
                connection.execute("INSERT INTO made_folders (run_id, path) VALUES (?, ?)", (run_id, os.fsencode(path)))
            )

    def forget_folders(self, folder_ids: Iterable[int]) -> None:
        """Mark folders as removed, or as not made by us."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE made_folders SET removed = 1 WHERE id = ?", [(folder_id,) for folder_id in folder_ids]
            )

    def add_removed_folder(self, run_id: int, path: Path, mode: int, atime_ns: int, mtime_ns: int) -> int:
        """Store that a run is about to remove this folder, with its permissions and times before the run."""
        with self._database.transaction() as connection:
            return _inserted(
                connection.execute(
                    "INSERT INTO removed_folders (run_id, path, mode, atime_ns, mtime_ns) VALUES (?, ?, ?, ?, ?)",
                    (run_id, os.fsencode(path), mode, storable_time(atime_ns), storable_time(mtime_ns)),
                )
            )

    def forget_removed_folder(self, folder_id: int) -> None:
        """Store that a folder could not be removed."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM removed_folders WHERE id = ?", (folder_id,))

    def removed_folders(self, run_id: int) -> list[RemovedFolder]:
        """The folders that a run emptied and removed."""
        rows = self._database.query("SELECT * FROM removed_folders WHERE run_id = ?", (run_id,))
        return [
            RemovedFolder(Path(os.fsdecode(row["path"])), row["mode"], row["atime_ns"], row["mtime_ns"]) for row in rows
        ]

    def remember_folder(self, path: Path) -> None:
        """Mark a removed folder of a run as present, before it is made again; ignores other folders."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE made_folders SET removed = 0 WHERE id = (SELECT MAX(id) FROM made_folders WHERE path = ?)",
                (os.fsencode(path),),
            )

    def folders(self, destination: Path) -> list[MadeFolder]:
        """The folders made by runs to this destination and not removed since, newest first."""
        rows = self._database.query(
            f"{_MADE_FOLDERS} AND runs.destination = ? ORDER BY m.id DESC", (os.fsencode(destination),)
        )
        return [folder_of(row) for row in rows]

    def abandoned_folders(self) -> list[MadeFolder]:
        """The folders made by undone runs and not removed since, newest first."""
        rows = self._database.query(f"{_MADE_FOLDERS} AND runs.state = ? ORDER BY m.id DESC", (RunState.UNDONE,))
        return [folder_of(row) for row in rows]

    def filed_hashes(self, destination: Path) -> set[bytes]:
        """The hashes of all photos that runs to this destination ever filed or found there, also those undone since."""
        rows = self._database.query(
            "SELECT DISTINCT f.sha256 FROM filings f JOIN runs ON runs.id = f.run_id"
            " WHERE runs.destination = ? AND f.lead_id IS NULL AND f.state IN ('done', 'noted', 'undoing', 'undone')",
            (os.fsencode(destination),),
        )
        return {row["sha256"] for row in rows}

    def filed_paths(self) -> set[Path]:
        """The path of every filed file, also of those that later runs moved on."""
        rows = self._database.tuples("SELECT destination FROM filings WHERE state = 'done'")
        return {Path(os.fsdecode(row[0])) for row in rows}

    def class_folders(self, destination: Path) -> dict[str, str]:
        """The folder name of each class in the newest run to this destination that filed it.

        The class is the first folder below the destination, however deep the photo is.
        """
        rows = self._database.query(
            "SELECT f.class_name, f.destination, MAX(f.id) FROM filings f JOIN runs ON runs.id = f.run_id"
            " WHERE runs.destination = ? AND f.state = ? AND f.lead_id IS NULL GROUP BY f.class_name",
            (os.fsencode(destination), EntryState.DONE),
        )
        inside = {
            row["class_name"]: Path(os.fsdecode(row["destination"])).relative_to(destination).parts for row in rows
        }
        return {class_name: parts[0] for class_name, parts in inside.items() if len(parts) > 1}

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
        """The present state of these filings, in the order they were planned."""
        rows = self._database.query_in("SELECT * FROM filings WHERE id IN (?)", entry_ids)
        return sorted((entry_of(row) for row in rows), key=lambda entry: entry.id)

    def moved_on(self, entry: Entry) -> Entry | None:
        """The newest later filing that moved a filed file on and was not undone."""
        rows = self._database.query(
            "SELECT * FROM filings WHERE sha256 = ? AND source = ? AND id > ? AND action = 'move' AND state = ?"
            " ORDER BY id DESC LIMIT 1",
            (entry.sha256, os.fsencode(entry.destination), entry.id, EntryState.DONE),
        )
        return entry_of(rows[0]) if rows else None

    def open_filings(self) -> list[Entry]:
        """The filings that were interrupted in a step, in the order they were planned."""
        rows = self._database.query(
            "SELECT * FROM filings WHERE state IN ('started', 'undoing') ORDER BY id",
        )
        return [entry_of(row) for row in rows]

    def open_runs(self) -> list[Run]:
        """The runs that are open or have an open filing, oldest first."""
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
                storable_time(entry.mtime_ns),
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
