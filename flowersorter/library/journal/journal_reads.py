"""Reads the journal: runs, and their files in blocks, so that a run of a million photos never lies in memory whole."""

from __future__ import annotations

import os
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from flowersorter.domain.journal import Entry, EntryState, MadeFolder, RemovedFolder, Run, RunState
from flowersorter.library.database.connection import Database
from flowersorter.library.journal.journal_rows import entry_of, folder_of, run_of

#: A duplicate that is moved aside: the photo that it is counts.
_IS_ASIDE = "(f.original_id IS NOT NULL)"
#: A duplicate is sorted only where the photo with its bytes fails.
_IS_SORTED = "(f.action NOT IN ('duplicate', 'already there'))"
_PHOTOS = "(SELECT COUNT(*) FROM filings f WHERE f.run_id = runs.id AND f.lead_id IS NULL AND f.state"
#: A sidecar that is moved beside a photo that stays makes room for one with keywords: the two count once.
_BESIDE = """
           (SELECT COUNT(*) FROM filings s JOIN filings lead ON lead.id = s.lead_id
            WHERE s.run_id = runs.id AND s.state IN ({states}) AND lead.state = 'noted'
            AND (s.action != 'move' OR NOT EXISTS (SELECT 1 FROM filings kept WHERE kept.lead_id = s.lead_id
            AND kept.run_id = s.run_id AND kept.state IN ({states}) AND kept.destination = s.source)))
"""
#: Each count is a query of its own: beside an aggregate, SQLite would make it again for every file of a run.
_RUN_COLUMNS = f"""
    SELECT runs.*,
           {_PHOTOS} IN ('done', 'undoing', 'undone')) AS photos,
           {_PHOTOS} = 'undone') AS undone,
           {_PHOTOS} = 'failed' AND NOT {_IS_ASIDE}) AS failed,
           {_PHOTOS} = 'cancelled' AND NOT {_IS_ASIDE} AND {_IS_SORTED}) AS waiting,
           {_PHOTOS} = 'cancelled' AND NOT {_IS_ASIDE} AND NOT {_IS_SORTED}) AS waiting_duplicates,
           {_PHOTOS} = 'cancelled' AND {_IS_ASIDE}) + {_BESIDE.format(states="'cancelled'")} AS waiting_beside,
           {_BESIDE.format(states="'done', 'undoing'")} AS late_sidecars,
           (SELECT COUNT(*) FROM filings t
            WHERE t.run_id = runs.id AND t.state NOT IN ('planned', 'cancelled', 'noted')) AS touched
    FROM runs
"""
#: Beyond every id.
_LAST = 2**62
_MADE_FOLDERS = """
    SELECT m.id, m.run_id, m.path FROM made_folders m JOIN runs ON runs.id = m.run_id WHERE NOT m.removed
"""


class PlannedPhotos(NamedTuple):
    """Photos that are still planned.

    Attributes:
        action: Theirs.
        is_aside: Whether they are duplicates that are moved aside.
        size_bytes: Of all of them.
    """

    action: str
    is_aside: bool
    photos: int
    size_bytes: int

    @property
    def is_filed(self) -> bool:
        """Whether they go into a class folder."""
        return self.action not in {"already there", "duplicate"} and not self.is_aside


class JournalReader:
    """Reads runs and filings of one collection. Never reads the photos' folders."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def removed_folders(self, run_id: int) -> list[RemovedFolder]:
        """The folders that a run emptied and removed."""
        rows = self._database.query("SELECT * FROM removed_folders WHERE run_id = ?", (run_id,))
        return [
            RemovedFolder(Path(os.fsdecode(row["path"])), row["mode"], row["atime_ns"], row["mtime_ns"]) for row in rows
        ]

    def folders(self, destination: Path) -> list[MadeFolder]:
        """The folders made by runs to this destination and not removed since, newest first."""
        rows = self._database.query(
            f"{_MADE_FOLDERS} AND runs.destination = ? ORDER BY m.id DESC", (os.fsencode(destination),)
        )
        return [folder_of(row) for row in rows]

    def has_made(self, run_id: int, folder: Path) -> bool:
        """Whether a run made a folder, also one that was removed since."""
        rows = self._database.tuples(
            "SELECT 1 FROM made_folders WHERE run_id = ? AND path = ? LIMIT 1", (run_id, os.fsencode(folder))
        )
        return bool(rows)

    def abandoned_folders(self) -> list[MadeFolder]:
        """The folders made by undone runs and not removed since, newest first."""
        rows = self._database.query(f"{_MADE_FOLDERS} AND runs.state = ? ORDER BY m.id DESC", (RunState.UNDONE,))
        return [folder_of(row) for row in rows]

    def filed_hashes(self, destination: Path, *, but: int = 0) -> set[bytes]:
        """The hashes of all photos that runs to this destination ever filed or found there, also those undone since.

        Args:
            destination: That of the runs.
            but: A run that does not count.
        """
        rows = self._database.query(
            "SELECT DISTINCT f.sha256 FROM filings f JOIN runs ON runs.id = f.run_id"
            " WHERE runs.destination = ? AND runs.id != ? AND f.lead_id IS NULL"
            " AND f.state IN ('done', 'noted', 'undoing', 'undone')",
            (os.fsencode(destination), but),
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
        return [run_of(row) for row in self._database.query(f"{_RUN_COLUMNS} ORDER BY runs.id DESC")]

    def run(self, run_id: int) -> Run:
        """One run.

        Raises:
            KeyError: there is no such run.
        """
        rows = self._database.query(f"{_RUN_COLUMNS} WHERE runs.id = ?", (run_id,))
        if not rows:
            raise KeyError(run_id)
        return run_of(rows[0])

    def filings(self, run_id: int) -> list[Entry]:
        """The files of a run, in the order of its plan; a photo comes before its sidecars."""
        rows = self._database.query("SELECT * FROM filings WHERE run_id = ? ORDER BY id", (run_id,))
        return [entry_of(row) for row in rows]

    def photos(self, run_id: int) -> Iterator[Entry]:
        """Yield the photos of a run, without their sidecars, in the order of its plan, read in blocks."""
        select = (
            "SELECT * FROM filings WHERE +run_id = ? AND lead_id IS NULL AND id > ? AND id <= ? ORDER BY id LIMIT 1000"
        )
        after, last = self._ends(run_id)
        while rows := self._database.query(select, (run_id, after, last)):
            after = rows[-1]["id"]
            yield from map(entry_of, rows)

    def blocks(
        self, run_id: int, states: Sequence[EntryState], *, backwards: bool = False, limit: int = 1000
    ) -> Iterator[list[Entry]]:
        """Yield the files of a run in these states block by block, in the order of its plan or backwards.

        Each block is read when it is wanted: a state may change meanwhile. The sidecars of a photo are in one block
        with it.
        """
        after = _LAST if backwards else 0
        order, beyond = ("DESC", "<") if backwards else ("ASC", ">")
        select = f"SELECT * FROM filings WHERE run_id = ? AND state = ? AND id {beyond} ? ORDER BY id {order} LIMIT ?"
        wanted = limit
        while True:
            rows = [row for state in states for row in self._database.query(select, (run_id, state, after, wanted))]
            rows.sort(key=lambda row: row["id"], reverse=backwards)
            rows = rows[:wanted]
            if not rows:
                return
            whole, wanted = _whole_groups(rows, wanted)
            if whole:
                wanted = limit
                after = whole[-1]["id"]
                yield [entry_of(row) for row in whole]

    def sidecars(self, run_id: int, states: Sequence[EntryState] = tuple(EntryState)) -> Iterator[Entry]:
        """Yield the sidecars of a run in these states, in the order of its plan, read in blocks."""
        marks = ",".join("?" * len(states))
        select = (
            f"SELECT * FROM filings WHERE +run_id = ? AND state IN ({marks}) AND lead_id IS NOT NULL"
            " AND id > ? AND id <= ? ORDER BY id LIMIT 1000"
        )
        after, last = self._ends(run_id)
        while rows := self._database.query(select, (run_id, *states, after, last)):
            after = rows[-1]["id"]
            yield from map(entry_of, rows)

    def _ends(self, run_id: int) -> tuple[int, int]:
        """The id before the first file of a run, and that of its last."""
        [(first, last)] = self._database.tuples("SELECT MIN(id), MAX(id) FROM filings WHERE run_id = ?", (run_id,))
        return (0, 0) if first is None else (first - 1, last)

    def states(self, run_id: int) -> set[EntryState]:
        """The states that files of a run are in."""
        rows = self._database.tuples("SELECT DISTINCT state FROM filings WHERE run_id = ?", (run_id,))
        return {EntryState(row[0]) for row in rows}

    def planned_photos(self, run_id: int) -> list[PlannedPhotos]:
        """Count the photos of a run that are still planned, by action, without duplicates that are moved aside."""
        rows = self._database.tuples(
            f"SELECT action, {_IS_ASIDE}, COUNT(*), SUM(size_bytes) FROM filings f"
            " WHERE run_id = ? AND state = 'planned' AND lead_id IS NULL GROUP BY 1, 2",
            (run_id,),
        )
        return [PlannedPhotos(action, bool(aside), photos, size_bytes) for action, aside, photos, size_bytes in rows]

    def untried_photos(self, run_id: int) -> Iterator[tuple[int, str, bytes]]:
        """Yield the entries of a run's photos that are still planned, in blocks.

        Duplicates to be moved aside are not among them, nor photos that failed before: these have a reason.

        Yields:
            Id, action and path, as `os.fsencode` gives it, of each.
        """
        select = (
            "SELECT id, action, source FROM filings f WHERE run_id = ? AND state = 'planned' AND id > ?"
            f" AND lead_id IS NULL AND error IS NULL AND NOT {_IS_ASIDE} ORDER BY id LIMIT 1000"
        )
        after = 0
        while rows := self._database.tuples(select, (run_id, after)):
            after = rows[-1][0]
            yield from rows

    def moved_sources(self, run_id: int) -> Iterator[Path]:
        """Yield where the files of a run were or are that it has moved, or is still to move, in blocks."""
        select = (
            "SELECT id, source FROM filings WHERE run_id = ? AND state = ? AND id > ? AND action = 'move'"
            " ORDER BY id LIMIT 1000"
        )
        for state in (EntryState.DONE, EntryState.PLANNED):
            after = 0
            while rows := self._database.tuples(select, (run_id, state, after)):
                after = rows[-1][0]
                yield from (Path(os.fsdecode(row[1])) for row in rows)

    def count_late(self, run_id: int) -> int:
        """The number of photos that are there already and have sidecars that are still planned."""
        [(count,)] = self._database.tuples(
            "SELECT COUNT(DISTINCT s.lead_id) FROM filings s JOIN filings lead ON lead.id = s.lead_id"
            " WHERE s.run_id = ? AND s.state = 'planned' AND lead.state = 'noted'",
            (run_id,),
        )
        return int(count)

    def newest_filed(self, run_id: int, limit: int) -> list[Entry]:
        """The last files that a run filed and that were not undone, the newest first."""
        rows = self._database.query(
            "SELECT * FROM filings WHERE run_id = ? AND state = 'done' ORDER BY id DESC LIMIT ?", (run_id, limit)
        )
        return [entry_of(row) for row in rows]

    def planned_aside(self, entry_ids: Sequence[int]) -> set[int]:
        """Return those of some photos, by entry id, that are duplicates still to be moved aside."""
        rows = self._database.query_in(
            "SELECT original_id FROM filings WHERE original_id IN (?) AND state = 'planned'", entry_ids
        )
        return {row["original_id"] for row in rows}

    def count_filed(self, run_id: int) -> int:
        """The number of photos of a run of which something is filed."""
        [(count,)] = self._database.tuples(
            "SELECT COUNT(DISTINCT COALESCE(lead_id, id)) FROM filings WHERE run_id = ? AND state = 'done'", (run_id,)
        )
        return int(count)

    def photo_ids(self, run_id: int) -> array[int]:
        """The ids of the entries of a run's photos, in the order of its plan."""
        rows = self._database.tuples(
            "SELECT id FROM filings WHERE run_id = ? AND lead_id IS NULL ORDER BY id", (run_id,)
        )
        return array("q", (row[0] for row in rows))

    def is_filed(self, run_id: int, sha256: bytes | None, destination: Path) -> bool:
        """Whether a run filed bytes at a place."""
        return bool(
            self._database.tuples(
                "SELECT 1 FROM filings WHERE sha256 = ? AND run_id = ? AND destination = ? AND state = 'done' LIMIT 1",
                (sha256, run_id, os.fsencode(destination)),
            )
        )

    def is_open(self, run_id: int, sha256: bytes | None, destination: Path) -> bool:
        """Whether a step of a run with these bytes at a place was interrupted, and is not resolved yet."""
        return any(
            (entry.run_id, entry.sha256, entry.destination) == (run_id, sha256, destination)
            for entry in self.open_filings()
        )

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

    def has_owner(self, entry: Entry) -> bool:
        """Whether another filing of its run, or of a later one, filed its bytes at its destination, where they are."""
        rows = self._database.query(
            "SELECT * FROM filings WHERE sha256 = ? AND destination = ? AND state = 'done' AND id != ? AND run_id >= ?",
            (entry.sha256, os.fsencode(entry.destination), entry.id, entry.run_id),
        )
        return any(self.moved_on(entry_of(row)) is None for row in rows)

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
                " ORDER BY runs.id"
            )
        ]


def _whole_groups(rows: list[sqlite3.Row], limit: int) -> tuple[list[sqlite3.Row], int]:
    """Cut a full block where a photo ends, so that its sidecars stay together; else ask for a longer one.

    Returns:
        The rows of whole photos, and the limit for the next block.
    """
    if len(rows) < limit:
        return rows, limit
    last = rows[-1]["lead_id"] or rows[-1]["id"]
    kept = len(rows)
    while kept and last in {rows[kept - 1]["id"], rows[kept - 1]["lead_id"]}:
        kept -= 1
    return (rows[:kept], limit) if kept else ([], 2 * limit)
