"""Some places of a very large folder, read while the others still have to be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from flowersorter.domain.natural_sort import NaturalOrder, differ_in_digits_only, natural_ranking
from flowersorter.domain.place import Places
from flowersorter.library.database.connection import ROWS_AT_ONCE, Database
from flowersorter.library.tables.places import PLACE_COLUMNS, path_ranges

#: More photos than fit on a screen; their rows, suggestions included, are there in a tenth of a second.
_FIRST = 2_000
#: Places of a folder from which on its rows take so long that some of them are shown before.
_MANY = 50_000
#: Files of one folder, with other names than a camera gives, that are put in order: a tenth of a second.
_MOST_MIXED = 20_000
#: Reads of the library until the first places have to be found: half a second.
_MOST_READS = 10_000
#: Paths read at first where a sub-folder may follow, which is skipped then.
_FEW_PATHS = 16
_SEPARATOR, _BEHIND = os.fsencode(os.sep), bytes([ord(os.sep) + 1])


def first_places(database: Database, roots: Path | Sequence[Path]) -> Places:
    """Read the first places under folders, in natural order of their paths.

    None where there are not very many. Nor where finding the first ones takes long: in a folder of very many files
    with mixed names, or of very many sub-folders. Those that are shown must be the first: photos that come before them
    later would push them away under the mouse.
    """
    ranges = path_ranges(roots)
    between = "FROM places WHERE path >= ? AND path < ?"
    if not any(database.tuples(f"SELECT 1 {between} LIMIT 1 OFFSET {_MANY}", bounds) for bounds in ranges):
        return Places.of(())
    opened = {roots} if isinstance(roots, Path) else set(roots)
    outermost = [os.fsencode(root) for root in opened if opened.isdisjoint(root.parents)]
    try:
        paths = list(islice(_Walk(database).below(outermost), _FIRST))
    except _TooLong:
        return Places.of(())
    shown = f"SELECT {PLACE_COLUMNS} FROM places WHERE path IN (?) AND left_out = 0 AND missing = 0"
    places = Places.from_rows([tuple(row) for row in database.query_in(shown, paths)])
    return places.take(np.array(natural_ranking(places.paths.names), np.intp))


class _TooLong(Exception):
    """The first places cannot be found in a short time."""


class _Walk:
    """Goes through the stored paths in natural order, and reads only the folders it comes to."""

    def __init__(self, database: Database) -> None:
        self._database, self._key, self._reads = database, NaturalOrder(), 0

    def below(self, roots: Sequence[bytes]) -> Iterator[bytes]:
        """Yield the paths of these files and below these folders; no folder is in another one."""
        files = [root for root in roots if self._read(root, root + b"\0", 1)]
        return self._in_order(files, [root.rstrip(_SEPARATOR) for root in roots if root not in files])

    def _in_order(self, files: Sequence[bytes], folders: Sequence[bytes]) -> Iterator[bytes]:
        """Yield files and those below folders. Photos of folders whose keys are equal are in order together."""
        together: dict[str, list[bytes]] = {}
        for folder in folders:
            together.setdefault(f"{self._key.folder(os.fsdecode(folder))}\0", []).append(folder)
        found: list[tuple[str, list[bytes], bytes]] = [(key, equal, b"") for key, equal in together.items()]
        found += [(self._key(os.fsdecode(path)), [], path) for path in files]
        for _, equal, path in sorted(found):
            if path:
                yield path
            else:
                inside = [self._children(folder) for folder in equal]
                names = _first_of([path for paths, _ in inside for path in paths])
                yield from self._in_order(names, [below for _, subfolders in inside for below in subfolders])

    def _children(self, folder: bytes) -> tuple[list[bytes], list[bytes]]:
        """The files in a folder, and its sub-folders; the paths below these are skipped."""
        files: list[bytes] = []
        subfolders: list[bytes] = []
        low, high, wanted = folder + _SEPARATOR, folder + _BEHIND, _FEW_PATHS
        begin = len(low)
        while paths := self._read(low, high, wanted):
            inside = next((path for path in paths if _SEPARATOR in path[begin:]), None)
            if inside is None:
                files += paths
                low, wanted = paths[-1] + b"\0", ROWS_AT_ONCE
            else:
                files += paths[: paths.index(inside)]
                subfolders.append(inside[: inside.index(_SEPARATOR, begin)])
                low, wanted = subfolders[-1] + _BEHIND, _FEW_PATHS
        return files, subfolders

    def _read(self, low: bytes, high: bytes, most: int) -> list[bytes]:
        self._reads += 1
        if self._reads > _MOST_READS:
            raise _TooLong
        select = "SELECT path FROM places WHERE path >= ? AND path < ? ORDER BY path LIMIT ?"
        return [row[0] for row in self._database.tuples(select, (low, high, most))]


def _first_of(files: list[bytes]) -> list[bytes]:
    """The first of these files of one folder."""
    if len(files) <= _FIRST:
        return files
    names = [os.fsdecode(path) for path in files]
    if differ_in_digits_only(names):
        return sorted(files)[:_FIRST]
    if len(files) > _MOST_MIXED:
        raise _TooLong
    return [files[number] for number in natural_ranking(names)[:_FIRST]]
