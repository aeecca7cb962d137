"""Compares the files that a scan found with the places in the library."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.place import Places
from flowersorter.library.database.connection import storable_time


@dataclass(frozen=True, slots=True, eq=False)
class ScannedFiles:
    """The result of a scan, as columns.

    Attributes:
        names: Paths as strings.
        paths: Paths as stored in the library.
        sizes_bytes: (N,) int64.
        mtimes_ns: (N,) int64.
    """

    names: list[str]
    paths: list[bytes]
    sizes_bytes: NDArray[np.int64]
    mtimes_ns: NDArray[np.int64]

    @classmethod
    def of(cls, found: Iterable[tuple[Path | str, int, int]]) -> ScannedFiles:
        """Make columns of path, size in bytes and mtime in nanoseconds of each file."""
        names, sizes, mtimes = list[str](), list[int](), list[int]()
        for path, size, mtime in found:
            names.append(os.fspath(path))
            sizes.append(size)
            mtimes.append(mtime)
        try:
            storable = np.array(mtimes, np.int64)
        except OverflowError:
            storable = np.array(list(map(storable_time, mtimes)), np.int64)
        return cls(names, list(map(os.fsencode, names)), np.array(sizes, np.int64), storable)


def rows_of(places: Places, seen: ScannedFiles) -> NDArray[np.intp]:
    """(N,) the row of each file among the places, -1 for one that is not there."""
    row_of = {name: row for row, name in enumerate(places.paths.names)}
    return np.fromiter((row_of.get(name, -1) for name in seen.names), np.intp, len(seen.names))


def differences(
    known: Places,
    seen: ScannedFiles,
    place_of: NDArray[np.intp],
    left_out: Collection[Path],
    outdated: Collection[str] = (),
) -> tuple[list[int], list[int], list[int], list[int], list[int]]:
    """Compare the places of a folder with a scan of it.

    Args:
        known: Places in the library.
        seen: Files on the disk.
        place_of: (N,) row of each file among the places, -1 for a new one.
        left_out: Folders and files that the scan did not enter.
        outdated: Reasons why a file could not be read that hold no more; such a file counts as changed.

    Returns:
        Rows of the new and of the changed files; rows of the places that are back, of those that are gone, and of those
        that were left out.
    """
    stored = np.flatnonzero(place_of >= 0)
    rows = place_of[stored]
    same = (known.sizes_bytes[rows] == seen.sizes_bytes[stored]) & (known.mtimes_ns[rows] == seen.mtimes_ns[stored])
    if outdated:
        same &= np.fromiter((known.errors[row] not in outdated for row in rows.tolist()), np.bool_, len(rows))
    found = np.zeros(len(known), np.bool_)
    found[rows] = True
    outside = _below(known.paths.names, np.flatnonzero(~found), left_out)
    gone = ~known.missing & ~found
    gone[outside] = False
    return (
        np.flatnonzero(place_of < 0).tolist(),
        stored[~same].tolist(),
        np.flatnonzero(known.missing & found).tolist(),
        np.flatnonzero(gone).tolist(),
        outside,
    )


def _below(names: Sequence[str], rows: NDArray[np.intp], left_out: Collection[Path]) -> list[int]:
    """Select the rows whose path is among the left out ones, or below one of them."""
    roots = set(map(str, left_out))
    inside: dict[str, bool] = {}  # by folder: files share few of them

    def is_inside(path: str) -> bool:
        if path not in inside:
            folder = path.rpartition(os.sep)[0]
            inside[path] = path in roots or (folder not in {"", path} and is_inside(folder))
        return inside[path]

    return [row for row in rows.tolist() if is_inside(names[row])] if roots else []
