"""The journal: every run, every file it filed and every folder it made; never deleted.

A filing is stored before its file is touched and again when its outcome is known:

    begin_run ──> planned ──> started ──> done ──> undoing ──> undone
                     │           │          ^          │
                     │           │          └──────────┘      could not be undone
                     │           ├──> failed                  the disk is unchanged
                     │           └──> planned                 rolled back after a crash
                     ├──> failed      not tried; planned again when the run goes on
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
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from flowersorter.domain.journal import NO_CLASS, Entry, EntryState, NewEntry, RunState, SuggestionChoice, Volume
from flowersorter.errors import UserError
from flowersorter.library.database.connection import storable_text, storable_time
from flowersorter.library.journal.journal_reads import JournalReader
from flowersorter.library.journal.journal_rows import volumes_text
from flowersorter.library.tables.written_keywords import insert_keywords

#: Files that are stored in one transaction, about 50 ms, when a run begins.
_AT_ONCE = 5000


class Journal(JournalReader):
    """Runs and filings of one collection. Never reads the photos' folders."""

    def begin_run(
        self,
        mode: str,
        source: Path | None,
        destination: Path,
        entries: Iterable[NewEntry],
        volumes: Mapping[Path, Volume] | None = None,
        *,
        removes_emptied: bool = False,
        suggestions: SuggestionChoice | None = None,
    ) -> int:
        """Store a whole run before any file is touched, in blocks: other threads get their turn between two of them.

        A crash in between leaves a run that never touched a file; recovery closes it.

        Args:
            mode: How photos are filed.
            source: The folder they come from; None if they come from several.
            destination: Gets the class folders.
            entries: The files; the sidecars of a photo follow it. May raise: the run is closed then.
            volumes: The volume of the destination and of folders that files come from.
            removes_emptied: Whether the folders that become empty are removed.
            suggestions: Those it goes by; None where it goes by labels only.

        Returns:
            The id of the run.
        """
        run_id, ids = 0, array("q")
        chosen = (None, None) if suggestions is None else (suggestions.backbone, suggestions.included)
        try:
            for block in _in_blocks(entries):
                with self._database.transaction() as connection:
                    run_id = run_id or _inserted(
                        connection.execute(
                            "INSERT INTO runs (mode, source, destination, started_at, state, removes_emptied, backbone,"
                            " included) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                            (
                                mode,
                                _bytes(source),
                                os.fsencode(destination),
                                _now(),
                                RunState.OPEN,
                                removes_emptied,
                                *chosen,
                            ),
                        )
                    )
                    first = len(ids)
                    for entry in block:
                        ids.append(_insert(connection, run_id, ids, entry))
                    insert_keywords(connection, zip(ids[first:], block, strict=True))
            # Last: a run without its drives was not stored whole, and is not continued.
            with self._database.transaction() as connection:
                connection.execute("UPDATE runs SET volumes = ? WHERE id = ?", (volumes_text(volumes or {}), run_id))
        except BaseException:
            with suppress(UserError):  # else recovery closes it
                self.end_run(run_id)
            raise
        return run_id

    def start(self, entry: Entry, temporary: Path, sha256: bytes, size_bytes: int, mtime_ns: int) -> None:
        """Store that one file is about to be filed: from here on the disk may be in the state before or after it."""
        self.start_all([(entry, temporary, sha256, size_bytes, mtime_ns)])

    def start_all(self, started: Iterable[tuple[Entry, Path, bytes, int, int]]) -> None:
        """Store the same for several files, in one transaction: entry, temporary, SHA-256, size, mtime_ns of each."""
        rows = [
            (EntryState.STARTED, os.fsencode(temporary), sha256, size_bytes, storable_time(mtime_ns), entry.id)
            for entry, temporary, sha256, size_bytes, mtime_ns in started
        ]
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE filings SET state = ?, temporary = ?, sha256 = ?, size_bytes = ?, mtime_ns = ?,"
                " error = NULL WHERE id = ?",
                rows,
            )

    def start_undo(self, entry: Entry, temporary: Path) -> None:
        """Store that one file is about to be restored to its source."""
        self.start_undo_all([(entry, temporary)])

    def start_undo_all(self, started: Iterable[tuple[Entry, Path]]) -> None:
        """Store the same for several files, in one transaction: entry and temporary of each."""
        rows = [(EntryState.UNDOING, os.fsencode(temporary), entry.id) for entry, temporary in started]
        with self._database.transaction() as connection:
            connection.executemany("UPDATE filings SET state = ?, temporary = ?, error = NULL WHERE id = ?", rows)

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

    def cancel_planned(self, run_id: int, reason: str) -> None:
        """Store why the files of a run that are still planned are not tried; those that failed before have a reason."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET state = ?, error = ? WHERE run_id = ? AND state = ? AND error IS NULL",
                (EntryState.CANCELLED, storable_text(reason), run_id, EntryState.PLANNED),
            )

    def plan_again(self, run_id: int) -> None:
        """Open a run that ended early: the files that were not tried, or failed, are planned again.

        Those that failed keep the reason until they are tried: with it, `end_run` knows them.
        """
        with self._database.transaction() as connection:
            connection.execute("UPDATE runs SET state = ?, finished_at = NULL WHERE id = ?", (RunState.OPEN, run_id))
            connection.execute(
                "UPDATE filings SET error = CASE state WHEN 'failed' THEN error END, state = ?"
                " WHERE run_id = ? AND state IN ('cancelled', 'failed')",
                (EntryState.PLANNED, run_id),
            )
            # A plan has one photo for each destination: another one there is its duplicate, and waits for it again.
            connection.execute(
                "UPDATE filings SET action = 'duplicate' WHERE run_id = ? AND state = 'planned' AND lead_id IS NULL"
                " AND action != 'already there' AND EXISTS (SELECT 1 FROM filings own WHERE own.sha256 = filings.sha256"
                " AND own.run_id = filings.run_id AND own.destination = filings.destination AND own.lead_id IS NULL"
                " AND own.id < filings.id)",
                (run_id,),
            )

    def replace_planned(self, replaced: Iterable[tuple[Sequence[int], Sequence[NewEntry]]]) -> None:
        """Store other files in place of files that are planned, in one transaction.

        Args:
            replaced: Ids of files, and at most as many others, in their order. The ids left over, of files that were
                never filed, are deleted.
        """
        with self._database.transaction() as connection:
            for ids, entries in replaced:
                assert len(entries) <= len(ids)  # else one would be lost
                connection.executemany("DELETE FROM written_keywords WHERE filing_id = ?", [(each,) for each in ids])
                connection.executemany(
                    "UPDATE filings SET action = ?, source = ?, destination = ?, size_bytes = ?, sha256 = ?,"
                    " mtime_ns = ? WHERE id = ?",
                    [(*_file_columns(entry), each) for each, entry in zip(ids, entries, strict=False)],
                )
                insert_keywords(connection, zip(ids, entries, strict=False))
                connection.executemany("DELETE FROM filings WHERE id = ?", [(each,) for each in ids[len(entries) :]])

    def note_already_there(self, run_id: int) -> None:
        """Store that the photos that are there already need no change; their sidecars stay planned."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET state = ?, error = NULL WHERE run_id = ? AND state = ? AND action = 'already there'"
                " AND lead_id IS NULL",
                (EntryState.NOTED, run_id, EntryState.PLANNED),
            )

    def change_action(self, entry_id: int, action: str) -> None:
        """Change the action of a filing: a duplicate is filed in place of a photo that could not be."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE filings SET action = ? WHERE id = ?", (action, entry_id))

    def note_found(self, entry_id: int, action: str, destination: Path) -> None:
        """Store that a photo that was planned needs no change: a file with its bytes is there by now."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET state = ?, error = NULL, action = ?, destination = ? WHERE id = ?",
                (EntryState.NOTED, action, os.fsencode(destination), entry_id),
            )

    def change_filed(self, entry_id: int, destination: Path, sha256: bytes, size_bytes: int, mtime_ns: int) -> None:
        """Store that the person moved, renamed or edited a filed file."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET destination = ?, sha256 = ?, size_bytes = ?, mtime_ns = ? WHERE id = ?",
                (os.fsencode(destination), sha256, size_bytes, storable_time(mtime_ns), entry_id),
            )

    def move_back_to(self, entry_id: int, source: Path) -> None:
        """Store where undo moves a filed file: an edited sidecar with keywords goes back with its photo."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET action = 'move', source = ? WHERE id = ?", (os.fsencode(source), entry_id)
            )

    def reopen_run(self, run_id: int) -> None:
        """Open a run for undoing: until `end_run`, a crash leaves it to `recover`."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE runs SET state = ? WHERE id = ?", (RunState.OPEN, run_id))

    def end_run(self, run_id: int) -> RunState:
        """Close a run: planned filings are cancelled, and its state is derived from its filings.

        Those with the reason why they failed before have failed, as they had. A run with an open filing stays open, for
        `recover`.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE filings SET state = CASE WHEN error IS NULL THEN 'cancelled' ELSE 'failed' END"
                " WHERE run_id = ? AND state = ?",
                (run_id, EntryState.PLANNED),
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

    def remember_folder(self, path: Path) -> None:
        """Mark a removed folder of a run as present, before it is made again; ignores other folders."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE made_folders SET removed = 0 WHERE id = (SELECT MAX(id) FROM made_folders WHERE path = ?)",
                (os.fsencode(path),),
            )


def _run_state(states: set[str]) -> RunState:
    """The state of a run whose filings are in these states."""
    if states & {EntryState.STARTED, EntryState.UNDOING}:
        return RunState.OPEN
    if {EntryState.DONE, EntryState.UNDONE} <= states:
        return RunState.PARTLY_UNDONE
    if EntryState.UNDONE in states:
        return RunState.UNDONE
    return RunState.CANCELLED if EntryState.CANCELLED in states else RunState.DONE


def _in_blocks(entries: Iterable[NewEntry]) -> Iterator[list[NewEntry]]:
    """Yield entries in blocks; at least one."""
    walk = iter(entries)
    block = list(islice(walk, _AT_ONCE))
    yield block
    while block := list(islice(walk, _AT_ONCE)):
        yield block


def _insert(connection: sqlite3.Connection, run_id: int, ids: Sequence[int], entry: NewEntry) -> int:
    """Store a file, given the ids of those before it."""
    return _inserted(
        connection.execute(
            "INSERT INTO filings (run_id, lead_id, original_id, class_name, action, source, destination, size_bytes,"
            " sha256, mtime_ns, state, by_label) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " (SELECT 1 FROM labels WHERE photo_id = (SELECT id FROM photos WHERE sha256 = ?)))",
            (
                run_id,
                None if entry.lead is None else ids[entry.lead],
                None if entry.original is None else ids[entry.original],
                entry.class_name,
                *_file_columns(entry),
                EntryState.PLANNED,
                entry.sha256 if entry.class_name != NO_CLASS else None,
            ),
        )
    )


def _file_columns(entry: NewEntry) -> tuple[object, ...]:
    """Action, source, destination, size, SHA-256 and mtime_ns as they are stored."""
    source, destination = os.fsencode(entry.source), os.fsencode(entry.destination)
    return entry.action, source, destination, entry.size_bytes, entry.sha256, storable_time(entry.mtime_ns)


def _inserted(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None  # it was an INSERT
    return cursor.lastrowid


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _bytes(path: Path | None) -> bytes | None:
    return None if path is None else os.fsencode(path)
