"""Labelled files without a readable picture: photos of no size in pixels, known by their hash like any other.

Empty files are not among them: all have one hash, so they would share one label.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowersorter.library.database.connection import Database


def store_file(database: Database, place_id: int, sha256: bytes, size_bytes: int) -> int:
    """Store which file is at a place; the place keeps the reason why the file cannot be read.

    Returns:
        The photo id of the file, which can be labelled.
    """
    with database.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO photos (sha256, size_bytes, width_px, height_px) VALUES (?, ?, 0, 0)",
            (sha256, size_bytes),
        )
        photo_id = int(connection.execute("SELECT id FROM photos WHERE sha256 = ?", (sha256,)).fetchone()[0])
        connection.execute("UPDATE places SET photo_id = ? WHERE id = ?", (photo_id, place_id))
    return photo_id


def stored_sizes(database: Database) -> frozenset[int]:
    """The sizes in bytes of the files without a readable picture that were stored."""
    rows = database.tuples("SELECT DISTINCT size_bytes FROM photos WHERE width_px = 0 AND size_bytes > 0")
    return frozenset(row[0] for row in rows)


def find_stored(database: Database, hashes: Mapping[int, bytes]) -> None:
    """Assign the files stored with these hashes to places, by place id; unknown hashes are ignored."""
    with database.transaction() as connection:
        connection.executemany(
            "UPDATE places SET photo_id = (SELECT id FROM photos WHERE sha256 = ?) WHERE id = ?",
            [(sha256, place_id) for place_id, sha256 in hashes.items()],
        )
