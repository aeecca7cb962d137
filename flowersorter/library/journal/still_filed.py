"""The files that sorts filed and that were neither undone nor moved on: of a million, only some arrays are held."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.journal import Entry
from flowersorter.library.database.connection import ROWS_AT_ONCE, Database
from flowersorter.library.journal.journal_rows import entry_of


class StillFiled:
    """The filed photos and sidecars of a collection, in the order they were filed.

    Args:
        database: Of the collection.
        folder: Only files at or below this folder, and of sorts into it; None for all.
    """

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self._database = database
        self._roots = {row[0]: row[1] for row in database.tuples("SELECT id, destination FROM runs")}
        ids, places, sources, inside = array("q"), array("q"), array("q"), bytearray()
        root = None if folder is None else os.fsencode(folder)
        below = None if root is None else root.rstrip(os.fsencode(os.sep)) + os.fsencode(os.sep)
        after = 0
        while rows := database.tuples(
            "SELECT id, run_id, action, source, destination FROM filings"
            " WHERE state = 'done' AND id > ? ORDER BY id LIMIT ?",
            (after, ROWS_AT_ONCE),
        ):
            after = rows[-1][0]
            for row_id, run_id, action, source, destination in rows:
                ids.append(row_id)
                places.append(hash(destination))
                sources.append(hash(source) if action == "move" else 0)
                inside.append(
                    root is None or below is None or self._roots[run_id] == root or destination.startswith(below)
                )
        number = np.frombuffer(ids, np.int64) if ids else np.empty(0, np.int64)
        place = np.frombuffer(places, np.int64) if places else np.empty(0, np.int64)
        source = np.frombuffer(sources, np.int64) if sources else np.empty(0, np.int64)
        staying = self._staying(number, place, source) & np.frombuffer(bytes(inside), np.bool_)
        self._ids: NDArray[np.int64] = number[staying]
        kept = place[staying]
        self._order = np.argsort(kept, kind="stable")
        self._sorted_places = kept[self._order]

    def __len__(self) -> int:
        return len(self._ids)

    def blocks(self, size: int = 500) -> Iterator[list[tuple[Path, Entry]]]:
        """Yield the files in blocks, each with the destination of its run."""
        for first in range(0, len(self._ids), size):
            yield self._read(self._ids[first : first + size].tolist())

    def at(self, path: Path) -> tuple[int, Entry] | None:
        """Return the position and the entry of the file that was filed at a path."""
        place = hash(os.fsencode(path))
        low, high = np.searchsorted(self._sorted_places, [place, place + 1] if place < 2**63 - 1 else [place, place])
        positions = self._order[low:high].tolist()
        for position, (_, entry) in zip(positions, self._read(self._ids[positions].tolist()), strict=True):
            if entry.destination == path:
                return position, entry
        return None

    def has_bytes(self, sha256: bytes) -> bool:
        """Whether one of the files was filed with these bytes."""
        rows = self._database.tuples("SELECT id FROM filings WHERE sha256 = ? AND state = 'done'", (sha256,))
        return bool(np.isin(np.array([row[0] for row in rows], np.int64), self._ids, assume_unique=True).any())

    def _read(self, ids: Sequence[int]) -> list[tuple[Path, Entry]]:
        rows = self._database.query_in("SELECT * FROM filings WHERE id IN (?)", ids)
        by_id = {row["id"]: row for row in rows}
        found = [by_id[each] for each in ids if each in by_id]
        return [(Path(os.fsdecode(self._roots[row["run_id"]])), entry_of(row)) for row in found]

    def _staying(
        self, ids: NDArray[np.int64], places: NDArray[np.int64], sources: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """(N,) bool: the files that no later one replaced at its path, and none moved on.

        Most paths are in the journal once: their hashes tell. The others are compared themselves.
        """
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
