"""The files that sorts filed and that were neither undone nor moved on: of a million, only some arrays are held."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.journal import Entry
from flowersorter.library.database.connection import ROWS_AT_ONCE, Database
from flowersorter.library.journal.journal_rows import entry_of


class Filed(NamedTuple):
    """A filed file.

    Attributes:
        position: Among those of the collection, from 0.
        root: The destination of its run.
    """

    position: int
    root: Path
    entry: Entry


class _Columns(NamedTuple):
    """The filed files, as arrays of N.

    Attributes:
        ids: (N,) int64.
        places: (N,) int64: hash of the destination.
        sources: (N,) int64: hash of the source of one that was moved, else 0.
        inside: (N,) bool: whether it is asked for.
    """

    ids: NDArray[np.int64]
    places: NDArray[np.int64]
    sources: NDArray[np.int64]
    inside: NDArray[np.bool_]


class StillFiled:
    """The filed photos and sidecars of a collection, in the order they were filed.

    Args:
        database: Of the collection; what is undone or moved on later is left out where a file is read.
        folder: Only files at or below this folder, and of sorts into it; None for all.
    """

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self._database = database
        self._roots = {row[0]: row[1] for row in database.tuples("SELECT id, destination FROM runs")}
        columns = self._columns(None if folder is None else os.fsencode(folder))
        staying = self._staying(columns) & columns.inside
        self._ids: NDArray[np.int64] = columns.ids[staying]
        places = columns.places[staying]
        self._order = np.argsort(places, kind="stable")
        self._sorted_places = places[self._order]

    def __len__(self) -> int:
        return len(self._ids)

    def blocks(self, size: int = 500) -> Iterator[list[Filed]]:
        """Yield the files in blocks, without those that were undone meanwhile."""
        for first in range(0, len(self._ids), size):
            yield self._read(range(first, min(first + size, len(self._ids))))

    def at(self, path: Path) -> Filed | None:
        """Return the file that was filed at a path."""
        place = hash(os.fsencode(path))
        low = np.searchsorted(self._sorted_places, place, side="left")
        high = np.searchsorted(self._sorted_places, place, side="right")
        found = self._read(self._order[low:high].tolist())
        return next((filed for filed in found if filed.entry.destination == path), None)

    def is_still(self, entry: Entry) -> bool:
        """Whether a file is filed as it was read: a sort or an undo may have begun to change that meanwhile."""
        return bool(
            self._database.tuples(
                "SELECT 1 FROM filings f WHERE f.id = ? AND f.state = 'done' AND f.destination = ? AND f.sha256 = ?"
                " AND NOT EXISTS (SELECT 1 FROM filings later WHERE later.sha256 = f.sha256 AND later.id > f.id"
                " AND later.source = f.destination AND later.action = 'move' AND later.state IN ('started', 'done'))",
                (entry.id, os.fsencode(entry.destination), entry.sha256),
            )
        )

    def has_bytes(self, sha256: bytes) -> bool:
        """Whether one of the files was filed with these bytes."""
        rows = self._database.tuples("SELECT id FROM filings WHERE sha256 = ? AND state = 'done'", (sha256,))
        return bool(np.isin(np.array([row[0] for row in rows], np.int64), self._ids, assume_unique=True).any())

    def _columns(self, root: bytes | None) -> _Columns:
        ids, places, sources, inside = array("q"), array("q"), array("q"), array("B")
        below = None if root is None else root.rstrip(os.fsencode(os.sep)) + os.fsencode(os.sep)
        after = 0
        while rows := self._database.tuples(
            "SELECT id, run_id, action, source, destination FROM filings"
            " WHERE state = 'done' AND id > ? ORDER BY id LIMIT ?",
            (after, ROWS_AT_ONCE),
        ):
            after = rows[-1][0]
            for row_id, run_id, action, source, destination in rows:
                ids.append(row_id)
                places.append(hash(destination))
                sources.append(hash(source) if action == "move" else 0)
                inside.append(below is None or self._roots[run_id] == root or destination.startswith(below))
        return _Columns(
            np.array(ids, np.int64), np.array(places, np.int64), np.array(sources, np.int64), np.array(inside, np.bool_)
        )

    def _read(self, positions: Sequence[int]) -> list[Filed]:
        """Read files that are still filed."""
        ids = dict(zip(self._ids[list(positions)].tolist(), positions, strict=True))
        rows = self._database.query_in("SELECT * FROM filings WHERE id IN (?) AND state = 'done'", list(ids))
        by_id = {row["id"]: row for row in rows}
        return [
            Filed(position, Path(os.fsdecode(self._roots[row["run_id"]])), entry_of(row))
            for each, position in ids.items()
            if (row := by_id.get(each)) is not None
        ]

    def _staying(self, columns: _Columns) -> NDArray[np.bool_]:
        """(N,) bool: the files that no later one replaced at its path, and none moved on.

        Most paths are in the journal once: their hashes tell. The others are compared themselves.
        """
        ids, places, sources, _ = columns
        staying = np.ones(len(ids), np.bool_)
        unique, counts = np.unique(places, return_counts=True)
        twice = np.isin(places, unique[counts > 1]) | np.isin(places, sources[sources != 0])
        doubtful = np.flatnonzero(twice | (np.isin(sources, places[twice]) & (sources != 0)))
        last: dict[bytes, int] = {}
        numbers = ids[doubtful].tolist()
        for first in range(0, len(numbers), ROWS_AT_ONCE):
            part = numbers[first : first + ROWS_AT_ONCE]
            rows = self._database.query_in("SELECT id, action, source, destination FROM filings WHERE id IN (?)", part)
            positions = dict(zip(part, doubtful[first : first + ROWS_AT_ONCE].tolist(), strict=True))
            for row in sorted(rows, key=lambda row: row["id"]):
                gone = [last.pop(row["source"], None)] if row["action"] == "move" else []
                gone.append(last.get(row["destination"]))
                staying[[position for position in gone if position is not None]] = False
                last[row["destination"]] = positions[row["id"]]
        return staying
