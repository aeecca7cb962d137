"""Places of sorted photos, read from the journal without those that were undone or moved on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.database.connection import Database
from flowersorter.library.tables.places import path_ranges

_FILES = """
    SELECT f.id, f.run_id, f.sha256, f.class_name, f.action, f.source, f.destination, runs.destination AS root
    FROM filings f JOIN runs ON runs.id = f.run_id
    WHERE f.state = 'done' AND f.class_name != '' AND f.{column} IN (?) {which} ORDER BY f.id
"""
_FILED = _FILES.replace("{which}", "AND f.lead_id IS NULL")


_FILED_ROWS = """
    SELECT id, sha256, class_name, destination FROM filings
    WHERE state = 'done' AND lead_id IS NULL AND class_name != ''
"""
_MOVED = "SELECT id, sha256, source FROM filings WHERE state = 'done' AND action = 'move' AND sha256 IN (?)"
_MOVED_PHOTOS = (
    "SELECT photos.id FROM filings f JOIN photos ON photos.sha256 = f.sha256"
    " WHERE f.state = 'done' AND f.action = 'move' AND f.lead_id IS NULL"
)
_OF_RUN = (
    "SELECT photos.id FROM filings f JOIN photos ON photos.sha256 = f.sha256 WHERE f.run_id = ? AND f.lead_id IS NULL"
)
#: Ranges of paths in one query: SQLite allows an expression a depth of 1,000.
_MOST_RANGES = 100


@dataclass(frozen=True, slots=True)
class FiledPhoto:
    """A photo in a class folder, according to the journal.

    Attributes:
        run_id: The run that filed it.
        sha256: Of its bytes.
        class_name: The class whose folder it is in.
        path: Its path.
        root: The destination of that run, which holds the class folders.
    """

    run_id: int
    sha256: bytes
    class_name: str
    path: Path
    root: Path


class FiledFile(NamedTuple):
    """The place that a sort gave a photo in a class folder.

    Attributes:
        id: Of its row in the journal.
        sha256: Of the bytes it had then.
        class_name: The class whose folder that was.
        path: Where it was put, as `os.fsencode` gives it.
    """

    id: int
    sha256: bytes
    class_name: str
    path: bytes


def filed_rows(database: Database) -> list[tuple[int, bytes, str, bytes]]:
    """Read the places of sorted photos that were not undone, also those that a later sort moved on.

    Returns:
        The fields of each `FiledFile` as a tuple: there are very many files, and few of them are of interest.
    """
    return database.tuples(_FILED_ROWS)


def moved_from(database: Database, roots: Path | Sequence[Path]) -> set[int]:
    """Return the ids of the photos that sorts moved out of folders, and that were not put back.

    Args:
        database: Of the collection.
        roots: The folders, or single photos.
    """
    ranges, found = path_ranges(roots), set[int]()
    for at in range(0, len(ranges), _MOST_RANGES):
        some = ranges[at : at + _MOST_RANGES]
        within = " OR ".join(["f.source >= ? AND f.source < ?"] * len(some))
        rows = database.tuples(f"{_MOVED_PHOTOS} AND ({within})", [bound for each in some for bound in each])
        found.update(photo_id for (photo_id,) in rows)
    return found


def photos_of_run(database: Database, run_id: int) -> NDArray[np.int64]:
    """Return the ids of the photos of a run, whether it filed them or not, ascending; unknown photos are left out."""
    return np.unique(np.array([photo_id for (photo_id,) in database.tuples(_OF_RUN, (run_id,))], np.int64))


def without_moved_on(database: Database, files: Sequence[FiledFile]) -> list[FiledFile]:
    """Select the filed files that no later run moved on to another place."""
    moved: dict[tuple[bytes, bytes], int] = {}
    for row_id, sha256, source in database.query_in(_MOVED, {file.sha256 for file in files}):
        moved[sha256, source] = max(row_id, moved.get((sha256, source), 0))
    return [file for file in files if moved.get((file.sha256, file.path), 0) <= file.id]


def filed_photos(database: Database, hashes: Iterable[bytes]) -> list[FiledPhoto]:
    """The filed photos with these hashes, oldest first; one that a later run moved on is listed once."""
    return _latest(database.query_in(_FILED.format(column="sha256"), list(hashes)))


def filed_files(database: Database, hashes: Iterable[bytes]) -> list[FiledPhoto]:
    """As `filed_photos`, with the sidecars: a RAW file that went with its JPEG is a photo where that is gone."""
    return _latest(database.query_in(_FILES.format(column="sha256", which=""), list(hashes)))


def filed_under(database: Database, class_name: str) -> list[FiledPhoto]:
    """Every photo that is filed under a class."""
    rows = database.query_in(_FILED.format(column="class_name"), [class_name])
    # A later run may have moved such a photo on to another class: its own row has the class.
    hashes = {row["sha256"] for row in rows}
    return [photo for photo in filed_photos(database, hashes) if photo.class_name == class_name]


def classes_filed_as(database: Database) -> dict[bytes, set[str]]:
    """The classes that photos and sidecars were filed as and not undone, by the SHA-256 of their bytes."""
    filed: dict[bytes, set[str]] = {}
    for sha256, class_name in database.tuples(
        "SELECT DISTINCT sha256, class_name FROM filings"
        " WHERE state = 'done' AND sha256 IS NOT NULL AND class_name != ''"
    ):
        filed.setdefault(sha256, set()).add(class_name)
    return filed


def classes_sorted_under(database: Database) -> dict[int, str]:
    """The class name that each known photo was sorted under last and not undone, by photo id."""
    return dict(
        database.tuples(
            "SELECT photos.id, filings.class_name FROM filings JOIN photos ON photos.sha256 = filings.sha256"
            " WHERE filings.state = 'done' AND class_name != '' ORDER BY filings.id"
        )
    )


def _latest(rows: Iterable[sqlite3.Row]) -> list[FiledPhoto]:
    by_path: dict[bytes, FiledPhoto] = {}
    for row in rows:
        if row["action"] == "move":
            by_path.pop(row["source"], None)
        by_path[row["destination"]] = FiledPhoto(
            run_id=row["run_id"],
            sha256=row["sha256"],
            class_name=row["class_name"],
            path=Path(os.fsdecode(row["destination"])),
            root=Path(os.fsdecode(row["root"])),
        )
    return list(by_path.values())


def moved_on(database: Database, run_id: int) -> dict[int, int]:
    """The filed photos of a run that later runs, not undone since, moved on: the newest such run by journal entry."""
    rows = database.query(
        "SELECT f.id, MAX(later.run_id) AS later FROM filings later JOIN filings f ON f.destination = later.source"
        " WHERE f.run_id = ? AND f.state = 'done' AND later.run_id > f.run_id"
        " AND later.state = 'done' AND later.action = 'move' GROUP BY f.id",
        (run_id,),
    )
    return {row["id"]: row["later"] for row in rows}
