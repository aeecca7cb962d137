"""Photos whose file another program rewrote, such as with a rating or a rotation: the picture keeps its identity."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowersorter.library.database.connection import Database
from flowersorter.library.tables.places import path_range, path_ranges


def standing(table: str) -> str:
    """Return the SQL condition that the photo of a row is still at a place: a file is there and shows it.

    A file that waits to be read again counts as the photo it was, and so does one that may be on an unplugged drive
    (`missing` is 1).
    """
    return (
        f"(EXISTS (SELECT 1 FROM places WHERE places.photo_id = {table}.photo_id AND places.missing < 2)"
        f" OR EXISTS (SELECT 1 FROM places WHERE places.former_id = {table}.photo_id AND places.photo_id IS NULL))"
    )


STANDING = standing("labels")
# A photo keeps its own answers and takes over only those that do not contradict them.
_COPY_LABEL = (
    "INSERT OR IGNORE INTO labels (photo_id, class_id, origin, assigned_at)"
    " SELECT ?1, class_id, origin, assigned_at FROM labels WHERE photo_id = ?2"
    " AND NOT EXISTS (SELECT 1 FROM marks WHERE photo_id = ?1)"
    " AND class_id NOT IN (SELECT class_id FROM rejected_classes WHERE photo_id = ?1)"
)
_COPY_REJECTED = (
    "INSERT OR IGNORE INTO rejected_classes (photo_id, class_id, rejected_at)"
    " SELECT ?1, class_id, rejected_at FROM rejected_classes WHERE photo_id = ?2"
    " AND class_id NOT IN (SELECT class_id FROM labels WHERE photo_id = ?1)"
)
_COPY_MARK = (
    "INSERT OR IGNORE INTO marks (photo_id, mark, marked_at)"
    " SELECT ?1, mark, marked_at FROM marks WHERE photo_id = ?2"
    " AND NOT EXISTS (SELECT 1 FROM labels WHERE photo_id = ?1)"
)
_COPY_REVIEWS = (
    "INSERT OR IGNORE INTO kept_labels (photo_id, class_id, suspected_id, kept_at)"
    " SELECT ?, class_id, suspected_id, kept_at FROM kept_labels WHERE photo_id = ?"
)


_DROP_REPEATED_LABEL = (
    "DELETE FROM labels WHERE photo_id = ?1"
    " AND class_id = (SELECT class_id FROM labels WHERE photo_id = ?2)"
    " AND NOT EXISTS (SELECT 1 FROM places WHERE photo_id = ?1 AND missing = 0)"
)
_ANSWERED_AND_MISSING = (
    "SELECT path, photo_id FROM places WHERE missing > 0 AND path >= ? AND path < ? AND photo_id IN"
    " (SELECT photo_id FROM labels UNION SELECT photo_id FROM marks UNION SELECT photo_id FROM rejected_classes)"
)


@dataclass(frozen=True, slots=True)
class ReplacedPhoto:
    """A place whose file shows another picture than the labelled one that was there.

    Attributes:
        path: As `os.fsencode` gives it.
        class_name: The class of the former photo.
    """

    place_id: int
    path: bytes
    class_name: str


def former_photos(database: Database, place_ids: Iterable[int]) -> dict[int, tuple[int, bytes]]:
    """The photo that was at each place before its file changed: id and SHA-256, by place id."""
    rows = database.query_in(
        "SELECT places.id, photos.id AS photo_id, photos.sha256 FROM places"
        " JOIN photos ON photos.id = places.former_id WHERE places.id IN (?)",
        set(place_ids),
    )
    return {row["id"]: (row["photo_id"], row["sha256"]) for row in rows}


def keep_identity(connection: sqlite3.Connection, place_id: int, sha256: bytes) -> None:
    """Make the new bytes at a place the same photo as the former ones, before the new bytes are stored as a photo.

    Where the former bytes are at other places too, the new bytes become a photo of their own with the same label.
    """
    row = connection.execute(
        "SELECT photos.id, photos.sha256 FROM places JOIN photos ON photos.id = places.former_id WHERE places.id = ?",
        (place_id,),
    ).fetchone()
    if row is None or row[1] == sha256:
        return
    former, old = int(row[0]), bytes(row[1])
    elsewhere = connection.execute("SELECT 1 FROM places WHERE photo_id = ?", (former,)).fetchone()
    now = connection.execute("SELECT id FROM photos WHERE sha256 = ?", (sha256,)).fetchone()
    if now is None and elsewhere is None:
        connection.execute("UPDATE photos SET sha256 = ? WHERE id = ?", (sha256, former))
        connection.execute("DELETE FROM former_hashes WHERE sha256 = ? AND photo_id = ?", (sha256, former))
        _remember(connection, old, former)
        return
    if now is None:
        now = connection.execute(
            "INSERT INTO photos (sha256, size_bytes, width_px, height_px) VALUES (?, 0, 0, 0) RETURNING id", (sha256,)
        ).fetchone()
    photo_id = int(now[0])
    copy_answers(connection, former, photo_id)
    _remember(connection, old, photo_id)
    if elsewhere is None:  # the label lives on with the other photo, unless that has a label of another class
        connection.execute(
            "DELETE FROM labels WHERE photo_id = ?1 AND class_id = (SELECT class_id FROM labels WHERE photo_id = ?2)",
            (former, photo_id),
        )


def take_over_former_hashes(connection: sqlite3.Connection, hashes: Iterable[bytes]) -> None:
    """Give photos without a label that of the photo whose bytes they were before it was edited, such as a backup's."""
    for sha256 in hashes:
        rows = connection.execute(
            "SELECT former_hashes.photo_id, photos.id FROM former_hashes JOIN photos USING (sha256)"
            " WHERE former_hashes.sha256 = ?",
            (sha256,),
        ).fetchall()
        for edited, photo_id in rows:
            if edited != photo_id:
                copy_answers(connection, edited, photo_id)


def copy_answers(connection: sqlite3.Connection, source: int, target: int) -> None:
    """Give a photo the label, the reviews and the other answers of another one, as far as it has none."""
    for copy in (_COPY_LABEL, _COPY_REVIEWS, _COPY_REJECTED, _COPY_MARK):
        connection.execute(copy, (target, source))


def hand_over_answers(database: Database, pairs: Iterable[tuple[int, int]]) -> int:
    """Give photos the answers of others that are not shown any more, of the same shot: (other, photo) ids.

    A label does not stay with a photo that stands nowhere, beside the same label of the photo in its place.

    Returns:
        How many photos got a label.
    """
    labelled = 0
    with database.transaction() as connection:
        for source, target in pairs:
            before = connection.total_changes
            connection.execute(_COPY_LABEL, (target, source))
            labelled += connection.total_changes - before
            copy_answers(connection, source, target)
            connection.execute(_DROP_REPEATED_LABEL, (source, target))
    return labelled


def former_hashes(database: Database, photo_ids: Iterable[int]) -> list[tuple[int, bytes]]:
    """The hashes that photos had before they were edited, each with its photo's id."""
    return [
        (row["photo_id"], row["sha256"])
        for row in database.query_in("SELECT photo_id, sha256 FROM former_hashes WHERE photo_id IN (?)", set(photo_ids))
    ]


def edits_of(database: Database, hashes: Iterable[bytes]) -> dict[bytes, dict[bytes, int]]:
    """The present hashes of photos that had these hashes before they were edited, each with its size in bytes."""
    edits: dict[bytes, dict[bytes, int]] = {}
    for row in database.query_in(
        "SELECT former_hashes.sha256 AS former, photos.sha256, photos.size_bytes FROM former_hashes"
        " JOIN photos ON photos.id = former_hashes.photo_id WHERE former_hashes.sha256 IN (?)",
        set(hashes),
    ):
        edits.setdefault(row["former"], {})[row["sha256"]] = row["size_bytes"]
    return edits


def last_reads(database: Database, paths: Iterable[Path]) -> dict[Path, tuple[int, int, bytes]]:
    """The size, mtime_ns and SHA-256 of the files at these paths when they were last read; unknown paths left out."""
    rows = database.query_in(
        "SELECT places.path, places.size_bytes, places.mtime_ns, photos.sha256 FROM places"
        " JOIN photos ON photos.id = places.photo_id WHERE places.path IN (?)",
        {os.fsencode(path) for path in paths},
    )
    return {Path(os.fsdecode(row["path"])): (row["size_bytes"], row["mtime_ns"], row["sha256"]) for row in rows}


def replaced_photos(database: Database) -> list[ReplacedPhoto]:
    """The places whose file shows another picture than the labelled one that was there, and has no label, by path."""
    rows = database.tuples(
        "SELECT places.id, places.path, classes.name FROM places"
        " JOIN labels ON labels.photo_id = places.former_id JOIN classes ON classes.id = labels.class_id"
        " WHERE places.photo_id IS NOT NULL AND places.photo_id != places.former_id AND NOT places.missing"
        " AND places.photo_id NOT IN (SELECT photo_id FROM labels) ORDER BY places.path"
    )
    return [ReplacedPhoto(*row) for row in rows]


def gone_labels(database: Database) -> list[int]:
    """The labelled photos that are at no place any more, ascending."""
    return [row[0] for row in database.tuples(f"SELECT photo_id FROM labels WHERE NOT {STANDING} ORDER BY photo_id")]


def answered_and_missing(database: Database, roots: Path | Sequence[Path]) -> list[tuple[Path, int]]:
    """The places under folders whose file was gone at the last scan, of photos with an answer: path and photo id."""
    rows = (row for bounds in path_ranges(roots) for row in database.tuples(_ANSWERED_AND_MISSING, bounds))
    return [(Path(os.fsdecode(path)), photo_id) for path, photo_id in rows]


def missing_places(database: Database, folder: Path) -> list[tuple[int, Path]]:
    """The places under a folder whose file was gone at the last scan, and perhaps its drive: id and path."""
    rows = database.tuples(
        "SELECT id, path FROM places WHERE path >= ? AND path < ? AND missing = 1", path_range(folder)
    )
    return [(row[0], Path(os.fsdecode(row[1]))) for row in rows]


def mark_gone(database: Database, place_ids: Iterable[int]) -> None:
    """Store that the files of missing places are deleted, not on an unplugged drive."""
    with database.transaction() as connection:
        connection.executemany(
            "UPDATE places SET missing = 2 WHERE id = ? AND missing = 1", [(at,) for at in place_ids]
        )


def _remember(connection: sqlite3.Connection, sha256: bytes, photo_id: int) -> None:
    connection.execute("INSERT OR IGNORE INTO former_hashes (sha256, photo_id) VALUES (?, ?)", (sha256, photo_id))
