"""Reads the places of whole folders, by ranges of their paths, as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from flowersorter.domain.natural_sort import by_folder, natural_ranking
from flowersorter.domain.place import Paths, Places, decoded, numbered_folders
from flowersorter.library.database.connection import ROWS_AT_ONCE, Database
from flowersorter.library.tables.places import PLACE_COLUMNS

#: The columns that the grid needs: a million rows take two thirds of the time of all columns.
_SHOWN_COLUMNS = "id, path, COALESCE(photo_id, 0), error"
#: Position of the path in both.
_PATH = 1


def places_between(database: Database, ranges: Iterable[tuple[bytes, bytes]], where: str = "1") -> Places:
    """The places of ranges of paths, by path."""
    return _read(database, PLACE_COLUMNS, ranges, where, Places.from_rows)


def shown_places_between(database: Database, ranges: Iterable[tuple[bytes, bytes]]) -> Places:
    """As `places_between`, those that are there and were not left out, with 0 for the size and time of each file."""
    return _read(database, _SHOWN_COLUMNS, ranges, "left_out = 0 AND missing = 0", _shown)


def _read(
    database: Database,
    columns: str,
    ranges: Iterable[tuple[bytes, bytes]],
    where: str,
    places_of: Callable[[list[tuple[Any, ...]]], Places],
) -> Places:
    """Read in parts that let others in between.

    Each part becomes columns at once: the garbage collector, which runs in the window, goes through every row left.
    """
    condition = f"path >= ? AND path < ? AND {where}"
    select = f"SELECT {columns} FROM places WHERE {condition} ORDER BY path LIMIT {ROWS_AT_ONCE}"
    parts: list[Places] = []
    for low, high in ranges:
        rows = database.tuples(select, (low, high))
        parts.append(places_of(rows))
        while len(rows) == ROWS_AT_ONCE:
            rows = database.tuples(select, (rows[-1][_PATH] + b"\0", high))  # from the next possible path
            parts.append(places_of(rows))
    return Places.joined(parts)


def _shown(rows: list[tuple[Any, ...]]) -> Places:
    ids, paths, photo_ids, errors = zip(*rows, strict=True) if rows else ((),) * 4
    nothing = np.zeros(len(rows), np.int64)
    return Places(
        ids=np.array(ids, np.int64),
        photo_ids=np.array(photo_ids, np.int64),
        paths=Paths(decoded(paths)),
        sizes_bytes=nothing,
        mtimes_ns=nothing,
        errors=errors,
        missing=np.zeros(len(rows), np.bool_),
    )


def ranked(places: Places) -> Places:
    """The places in natural order of their paths, which know their folders."""
    names = places.paths.names
    members = by_folder(names)
    order = np.array(natural_ranking(names, members), np.intp)
    folders, numbers = numbered_folders(members, len(names))
    in_order = places.take(order)
    in_order.paths = Paths(in_order.paths.names, (folders, numbers[order]))
    return in_order
