"""The photos a garden knows, and the places on disk where it saw them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowersorter.library.database import Database
from flowersorter.order import NaturalOrder

_PLACE_COLUMNS = "id, path, photo_id, size_bytes, mtime_ns, error, missing"
_PHOTO_COLUMNS = "id, sha256, size_bytes, width_px, height_px, taken_at, camera"
_LARGEST_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """A path where a photo was seen.

    Attributes:
        photo_id: The photo that is there, or None while it has not been read.
        size_bytes: Of the file when it was last looked at.
        mtime_ns: When the file was last changed, as it was last looked at.
        error: Why the file cannot be read as a photo, or None.
        missing: Whether the file was gone when its folder was last looked at.
    """

    id: int
    path: Path
    photo_id: int | None
    size_bytes: int
    mtime_ns: int
    error: str | None
    missing: bool


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """One picture, wherever it lies.

    Attributes:
        width_px: Of the upright picture.
        height_px: Of the upright picture.
        taken_at: ISO 8601, in the camera's own time, or None.
    """

    id: int
    sha256: bytes
    size_bytes: int
    width_px: int
    height_px: int
    taken_at: str | None
    camera: str | None


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """What reading the file at one place found."""

    place_id: int
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    width_px: int
    height_px: int
    taken_at: str | None
    camera: str | None


class PhotoTable:
    """Photos and places of one garden. Nothing here looks at the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sync_folder(self, folder: Path, found: Sequence[tuple[Path, int, int]]) -> list[Place]:
        """Bring the places under `folder` in line with what was found there, in one transaction.

        A changed file is forgotten as a photo until it is read again. A file that is gone is marked
        missing and never deleted, so everything known about it is there when it comes back.

        Args:
            folder: The folder that was looked through; do not call this when the folder itself is gone.
            found: Path, size in bytes and mtime in nanoseconds of every photo under `folder`.

        Returns:
            The places of `found`, in its order.

        Raises:
            ValueError: a path in `found` does not lie under `folder`.
        """
        low, high = _path_range(folder)
        seen = {os.fsencode(path): (size, _storable(mtime)) for path, size, mtime in found}
        if not all(low <= path < high for path in seen):
            raise ValueError(f"a path that was found does not lie under {folder}")
        with self._database.transaction() as connection:
            known = {row["path"]: row for row in self._rows_between(low, high)}
            new = [(path, *state) for path, state in seen.items() if path not in known]
            changed = [
                (*state, known[path]["id"])
                for path, state in seen.items()
                if path in known and state != (known[path]["size_bytes"], known[path]["mtime_ns"])
            ]
            back = [(row["id"],) for path, row in known.items() if row["missing"] and path in seen]
            gone = [(row["id"],) for path, row in known.items() if not row["missing"] and path not in seen]
            connection.executemany("INSERT INTO places (path, size_bytes, mtime_ns) VALUES (?, ?, ?)", new)
            connection.executemany(
                "UPDATE places SET size_bytes = ?, mtime_ns = ?, photo_id = NULL, error = NULL WHERE id = ?",
                changed,
            )
            connection.executemany("UPDATE places SET missing = 0 WHERE id = ?", back)
            connection.executemany("UPDATE places SET missing = 1 WHERE id = ?", gone)
            if new or changed or back:
                known = {row["path"]: row for row in self._rows_between(low, high)}
        # The caller's own path objects: making 100,000 of them again would take as long as all the rest.
        return [_place(known[os.fsencode(path)], path) for path, _, _ in found]

    def places_under(self, folder: Path, *, missing: bool = False) -> list[Place]:
        """The places under a folder at any depth, in natural order (IMG_2 before IMG_10).

        Args:
            folder: The folder.
            missing: Whether to include places whose file was gone.
        """
        rows = self._rows_between(*_path_range(folder))
        return _in_natural_order([row for row in rows if missing or not row["missing"]])

    def all_places(self) -> list[Place]:
        """Every place the garden knows, missing ones too, in the order they were first seen."""
        return [_place(row) for row in self._database.query(f"SELECT {_PLACE_COLUMNS} FROM places ORDER BY id")]

    def place(self, place_id: int) -> Place:
        """One place.

        Raises:
            KeyError: there is no such place (any more).
        """
        found = self.places([place_id])
        if not found:
            raise KeyError(place_id)
        return found[0]

    def places(self, ids: Sequence[int]) -> list[Place]:
        """The places with these ids, in their order; unknown ids are left out."""
        rows = self._database.query_in(f"SELECT {_PLACE_COLUMNS} FROM places WHERE id IN (?)", set(ids))
        by_id = {row["id"]: _place(row) for row in rows}
        return [by_id[place_id] for place_id in ids if place_id in by_id]

    def places_of(self, photo_id: int) -> list[Place]:
        """Where a photo lies, missing places too, in natural order."""
        rows = self._database.query(f"SELECT {_PLACE_COLUMNS} FROM places WHERE photo_id = ?", (photo_id,))
        return _in_natural_order(rows)

    def record(self, reads: Sequence[ReadRecord]) -> list[int]:
        """Remember what reading a block of files found, in one transaction.

        Returns:
            The photo id for each read, in order; files with the same bytes share one.
        """
        photos = [
            (read.sha256, read.size_bytes, read.width_px, read.height_px, read.taken_at, _text(read.camera))
            for read in reads
        ]
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO photos (sha256, size_bytes, width_px, height_px, taken_at, camera)"
                " VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (sha256) DO UPDATE SET width_px = excluded.width_px,"
                " height_px = excluded.height_px, taken_at = excluded.taken_at, camera = excluded.camera",
                photos,
            )
            rows = self._database.query_in(
                "SELECT id, sha256 FROM photos WHERE sha256 IN (?)", {read.sha256 for read in reads}
            )
            id_of = {row["sha256"]: int(row["id"]) for row in rows}
            ids = [id_of[read.sha256] for read in reads]
            connection.executemany(
                "UPDATE places SET photo_id = ?, size_bytes = ?, mtime_ns = ?, error = NULL, missing = 0 WHERE id = ?",
                [
                    (photo_id, read.size_bytes, _storable(read.mtime_ns), read.place_id)
                    for photo_id, read in zip(ids, reads, strict=True)
                ],
            )
        return ids

    def record_unreadable(self, problems: Sequence[tuple[int, str]]) -> None:
        """Remember why files cannot be read as photos.

        Args:
            problems: Place id and reason of each.
        """
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE places SET photo_id = NULL, error = ? WHERE id = ?",
                [(_text(reason), place_id) for place_id, reason in problems],
            )

    def photo(self, photo_id: int) -> PhotoRecord:
        """One photo.

        Raises:
            KeyError: there is no such photo.
        """
        return self.photos([photo_id])[photo_id]

    def photos(self, ids: Iterable[int]) -> dict[int, PhotoRecord]:
        """The photos with these ids, by id; unknown ids are left out."""
        rows = self._database.query_in(f"SELECT {_PHOTO_COLUMNS} FROM photos WHERE id IN (?)", set(ids))
        return {row["id"]: _photo(row) for row in rows}

    def by_sha256(self, sha256: bytes) -> PhotoRecord | None:
        """The photo with these bytes, if the garden knows it."""
        rows = self._database.query(f"SELECT {_PHOTO_COLUMNS} FROM photos WHERE sha256 = ?", (sha256,))
        return _photo(rows[0]) if rows else None

    def relocate(self, old: Path, new: Path) -> None:
        """Remember that the file at `old` is now at `new`; its place keeps its id. Others are ignored."""
        source, target = os.fsencode(old), os.fsencode(new)
        if source == target:
            return
        with self._database.transaction() as connection:
            if connection.execute("SELECT 1 FROM places WHERE path = ?", (source,)).fetchone() is None:
                return
            # Whatever was remembered of the target path is not there any more: our file is.
            connection.execute("DELETE FROM places WHERE path = ?", (target,))
            connection.execute("UPDATE places SET path = ?, missing = 0 WHERE path = ?", (target, source))

    def add_place(self, path: Path, photo_id: int | None, size_bytes: int, mtime_ns: int) -> int:
        """Remember a file that the program itself put at `path`.

        Returns:
            The id of the place, which stays the same if the path was known.
        """
        name = os.fsencode(path)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO places (path, photo_id, size_bytes, mtime_ns) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (path) DO UPDATE SET photo_id = excluded.photo_id,"
                " size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, error = NULL, missing = 0",
                (name, photo_id, size_bytes, _storable(mtime_ns)),
            )
            return int(connection.execute("SELECT id FROM places WHERE path = ?", (name,)).fetchone()[0])

    def drop_place(self, path: Path) -> None:
        """Forget a path whose file the program itself took away; the photo and its label stay."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM places WHERE path = ?", (os.fsencode(path),))

    def _rows_between(self, low: bytes, high: bytes) -> list[sqlite3.Row]:
        return self._database.query(f"SELECT {_PLACE_COLUMNS} FROM places WHERE path >= ? AND path < ?", (low, high))


def _path_range(folder: Path) -> tuple[bytes, bytes]:
    """The bounds, first included and last not, of the paths that start with a folder and a separator."""
    separator = os.fsencode(os.sep)
    prefix = os.fsencode(folder)
    if not prefix.endswith(separator):
        prefix += separator
    # The last byte is the separator, never 0xff: one higher is the first path that no longer starts so.
    return prefix, prefix[:-1] + bytes([prefix[-1] + 1])


def _in_natural_order(rows: list[sqlite3.Row]) -> list[Place]:
    order = NaturalOrder()
    return [_place(row) for row in sorted(rows, key=lambda row: order(os.fsdecode(row["path"])))]


def _storable(mtime_ns: int) -> int:
    """A damaged time stamp can lie beyond the year 2262, where SQLite's integers end."""
    return max(-_LARGEST_INTEGER, min(mtime_ns, _LARGEST_INTEGER))


def _text(text: str | None) -> str | None:
    """A reason may quote a file name that is not UTF-8, which SQLite would not take."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def _place(row: sqlite3.Row, path: Path | None = None) -> Place:
    place_id, name, photo_id, size_bytes, mtime_ns, error, missing = row
    path = path or Path(os.fsdecode(name))
    return Place(place_id, path, photo_id, size_bytes, mtime_ns, error, bool(missing))


def _photo(row: sqlite3.Row) -> PhotoRecord:
    return PhotoRecord(*row)
