"""Some places of a very large folder, read while the others still have to be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flowersorter.domain.natural_sort import natural_ranking
from flowersorter.domain.place import Places
from flowersorter.library.database.connection import Database
from flowersorter.library.tables.places import PLACE_COLUMNS, path_ranges

#: More photos than fit on a screen; their rows, suggestions included, are there in a tenth of a second.
_FIRST = 2_000
#: Places of a folder from which on its rows take so long that some of them are shown before.
_MANY = 50_000


def first_places(database: Database, roots: Path | Sequence[Path]) -> Places:
    """Read the first places under folders, in natural order of their paths; none where there are not very many.

    They are the first ones by the bytes of their paths: the natural order is only known once all paths are read.
    """
    for low, high in path_ranges(roots):
        between = "FROM places WHERE path >= ? AND path < ?"
        if database.tuples(f"SELECT 1 {between} LIMIT 1 OFFSET {_MANY}", (low, high)):
            shown = f"{between} AND left_out = 0 AND missing = 0 ORDER BY path LIMIT {_FIRST}"
            places = Places.from_rows(database.tuples(f"SELECT {PLACE_COLUMNS} {shown}", (low, high)))
            return places.take(np.array(natural_ranking(places.paths.names), np.intp))
    return Places.of(())
