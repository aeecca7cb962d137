"""SQL for reading places: their columns, and the range of paths under a folder."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from pathlib import Path

#: The columns that `Places.from_rows` reads, in this order.
PLACE_COLUMNS = "id, path, COALESCE(photo_id, 0), size_bytes, mtime_ns, error, missing"
#: The ranges of one folder: of itself and of the paths under it.
_FEW_RANGES = 2


def path_range(folder: Path) -> tuple[bytes, bytes]:
    """The bounds of the paths under a folder, the first inclusive, the second exclusive."""
    separator = os.fsencode(os.sep)
    prefix = os.fsencode(folder)
    if not prefix.endswith(separator):
        prefix += separator
    # The last byte is the separator, never 0xff: one higher is the first path after the folder's.
    return prefix, prefix[:-1] + bytes([prefix[-1] + 1])


def path_ranges(roots: Path | Iterable[Path]) -> list[tuple[bytes, bytes]]:
    """The bounds of the paths of single files and under folders, as in `path_range`, rising; none overlap."""
    ranges = list[tuple[bytes, bytes]]()
    paths = (roots,) if isinstance(roots, Path) else roots
    bounds = [each for path in paths for each in (path_range(path), (os.fsencode(path), os.fsencode(path) + b"\0"))]
    for low, high in sorted(bounds):
        if ranges and low <= ranges[-1][1]:
            ranges[-1] = ranges[-1][0], max(ranges[-1][1], high)
        else:
            ranges.append((low, high))
    return ranges


def all_within(paths: Sequence[bytes], ranges: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether each path is in one of the ranges that `path_ranges` gives."""
    if not paths or any(low <= min(paths) and max(paths) < high for low, high in ranges[:_FEW_RANGES]):
        return True
    rows = (bisect_right(ranges, path, key=itemgetter(0)) - 1 for path in paths)
    return all(row >= 0 and path < ranges[row][1] for path, row in zip(paths, rows, strict=True))
