"""The tables of photos and of the places where they were found."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.domain.natural_sort import natural_ranking
from flowersorter.domain.place import Place, Places
from flowersorter.library.database.connection import Database, storable_text, storable_time
from flowersorter.library.database.hash_changes import HashChanges
from flowersorter.library.database.photo_hashes import same_hashes
from flowersorter.library.tables.edited_photos import keep_identity, take_over_former_hashes
from flowersorter.library.tables.place_ranges import places_between, ranked, shown_places_between
from flowersorter.library.tables.places import PLACE_COLUMNS, all_within, path_ranges
from flowersorter.library.tables.scanned_files import ScannedFiles, differences, rows_of

_PHOTO_COLUMNS = "id, sha256, size_bytes, width_px, height_px, taken_at, camera, remark"
#: Places written in one transaction while a folder is synced: a key press waits for one at most, about 20 ms.
_PLACES_AT_ONCE = 2_000
#: A modification time that no file has.
_NEVER_NS = -(2**63)
#: Position of this column in `PLACE_COLUMNS`.
_PATH = 1


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """One photo, independent of its places.

    Attributes:
        width_px: Of the upright picture.
        height_px: Of the upright picture.
        taken_at: ISO 8601, in the camera's own time, or None.
        remark: The fault of a file that decodes all the same; None for a sound file.
    """

    id: int
    sha256: bytes
    size_bytes: int
    width_px: int
    height_px: int
    taken_at: str | None
    camera: str | None
    remark: str | None


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """The result of reading the file at one place."""

    place_id: int
    sha256: bytes
    size_bytes: int
    mtime_ns: int
    width_px: int
    height_px: int
    taken_at: str | None
    camera: str | None
    remark: str | None = None


class PhotoTable:
    """Photos and places of one collection, and `hash_changes` of the photos. Never reads the photos' folders."""

    def __init__(self, database: Database) -> None:
        self._database, self.hash_changes = database, HashChanges(database)

    def sync_folder(
        self,
        roots: Path | Sequence[Path],
        found: Iterable[tuple[Path | str, int, int]],
        left_out: Collection[Path] = (),
        outdated: Collection[str] = (),
    ) -> Places:
        """Update the places under folders from a scan, in chunks that let other threads in between.

        A changed file has no photo until it is read again. A file that is gone is marked missing, never deleted, so all
        that is known about it is there when it comes back. A file that the scan left out stays as it is, but is not
        among the places under its folder until it is found again.

        A call that fails in between leaves some of the files unknown, which the next one finds; only when every file
        found is in the library are others marked missing.

        Args:
            roots: The scanned folder, or folders and single files; do not call this when the only folder is gone.
            found: Path, size in bytes and mtime in nanoseconds of every photo under the folders.
            left_out: Folders, links and photos that the scan did not enter.
            outdated: Reasons why files could not be read that hold no more: these files are read again.

        Returns:
            The places of `found`, in its order.

        Raises:
            ValueError: a path in `found` is not under the folders.
        """
        ranges = path_ranges(roots)
        seen = ScannedFiles.of(found)
        if not all_within(seen.paths, ranges):
            raise ValueError(f"a path is not under {roots}")
        known = places_between(self._database, ranges)
        at = rows_of(known, seen)
        new, changed, back, gone, outside = differences(known, seen, at, left_out, outdated)
        self._write_in_chunks(
            "INSERT OR IGNORE INTO places (path, size_bytes, mtime_ns) VALUES (?, ?, ?)",
            new,
            lambda i: (seen.paths[i], int(seen.sizes_bytes[i]), int(seen.mtimes_ns[i])),
        )
        self._write_in_chunks(
            "UPDATE places SET size_bytes = ?, mtime_ns = ?, former_id = COALESCE(photo_id, former_id),"
            " photo_id = NULL, error = NULL WHERE id = ?",
            changed,
            lambda i: (int(seen.sizes_bytes[i]), int(seen.mtimes_ns[i]), int(known.ids[at[i]])),
        )
        marked = "UPDATE places SET missing = {} WHERE id = ?"
        self._write_in_chunks(marked.format(0), back, lambda i: (int(known.ids[i]),))
        self._write_in_chunks(marked.format(1), gone, lambda i: (int(known.ids[i]),))
        self._mark_left_out(ranges, known.ids[outside].tolist())
        if new or changed or back:
            now = places_between(self._database, ranges)
            return now.take(rows_of(now, seen))
        return known.take(at)

    def _mark_left_out(self, ranges: Sequence[tuple[bytes, bytes]], outside: Collection[int]) -> None:
        """Mark exactly these places of some ranges of paths as left out of the scan."""
        select = "SELECT id FROM places WHERE left_out = 1 AND path >= ? AND path < ?"
        before = {row[0] for bounds in ranges for row in self._database.tuples(select, bounds)}
        marked = "UPDATE places SET left_out = {} WHERE id = ?"
        self._write_in_chunks(marked.format(1), sorted(set(outside) - before), lambda place_id: (place_id,))
        self._write_in_chunks(marked.format(0), sorted(before.difference(outside)), lambda place_id: (place_id,))

    def places_under(self, roots: Path | Sequence[Path], *, missing: bool = False) -> Places:
        """The places under folders at any depth, in natural order (IMG_2 before IMG_10).

        Places that the last scan of the folder left out are not among them.

        Args:
            roots: The folder, or folders and single files.
            missing: Whether to include places whose file was gone.
        """
        where = "left_out = 0" if missing else "left_out = 0 AND missing = 0"
        return ranked(places_between(self._database, path_ranges(roots), where))

    def shown_under(self, roots: Path | Sequence[Path]) -> Places:
        """As `places_under`, with 0 for the size and time of each file: of very many, they take a third of the time."""
        return ranked(shown_places_between(self._database, path_ranges(roots)))

    def ids_under(self, roots: Path | Sequence[Path]) -> NDArray[np.int64]:
        """The ids of the photos that `places_under` finds, ascending; it takes no time to order the names."""
        return sorted_unique(shown_places_between(self._database, path_ranges(roots)).known_photo_ids)

    def all_places(self, *, left_out: bool = True) -> Places:
        """Every place, including missing ones, in the order they were first found.

        Args:
            left_out: Whether to include those that the last scan of their folder left out.
        """
        condition = "" if left_out else " WHERE left_out = 0"
        return Places.from_rows(self._database.tuples(f"SELECT {PLACE_COLUMNS} FROM places{condition} ORDER BY id"))

    def place(self, place_id: int) -> Place:
        """One place.

        Raises:
            KeyError: there is no such place.
        """
        found = self.places([place_id])
        if not found:
            raise KeyError(place_id)
        return found[0]

    def places(self, ids: Sequence[int] | NDArray[np.int64]) -> Places:
        """The places with these ids, in their order; unknown ids are left out."""
        wanted = np.asarray(ids, np.int64)
        rows = self._database.tuples_by_id(PLACE_COLUMNS, "places", "id", wanted)
        number_of = {row[0]: number for number, row in enumerate(rows)}
        numbers = [number_of.get(place_id, -1) for place_id in wanted.tolist()]
        return Places.from_rows([rows[number] for number in numbers if number >= 0])

    def places_of(self, photo_id: int) -> Places:
        """The places of a photo, including missing ones, in natural order."""
        return _in_natural_order(
            self._database.tuples(f"SELECT {PLACE_COLUMNS} FROM places WHERE photo_id = ?", (photo_id,))
        )

    def record(self, reads: Sequence[ReadRecord], same: Collection[int] = ()) -> list[int]:
        """Store the results of reading a block of files, in one transaction.

        Args:
            reads: The results.
            same: Ids of the places whose file shows the picture that was there before the file changed.

        Returns:
            The photo id for each read, in order; files with the same bytes share one.
        """
        photos = [
            (
                *(read.sha256, read.size_bytes, read.width_px, read.height_px, read.taken_at),
                *map(storable_text, (read.camera, read.remark)),
            )
            for read in reads
        ]
        edited = [read for read in reads if read.place_id in same]
        with self._database.transaction() as connection:
            for read in edited:
                keep_identity(connection, read.place_id, read.sha256)
                # The next one may be a copy of the same photo: it is at this place now.
                connection.execute(
                    "UPDATE places SET photo_id = (SELECT id FROM photos WHERE sha256 = ?), former_id = NULL"
                    " WHERE id = ?",
                    (read.sha256, read.place_id),
                )
            connection.executemany(
                "INSERT INTO photos (sha256, size_bytes, width_px, height_px, taken_at, camera, remark)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (sha256) DO UPDATE SET width_px = excluded.width_px,"
                " height_px = excluded.height_px, taken_at = excluded.taken_at, camera = excluded.camera,"
                " remark = excluded.remark, size_bytes = excluded.size_bytes",
                photos,
            )
            take_over_former_hashes(connection, {read.sha256 for read in reads})
            id_of = self.known(read.sha256 for read in reads)
            ids = [id_of[read.sha256] for read in reads]
            connection.executemany(
                "UPDATE places SET photo_id = ?, size_bytes = ?, mtime_ns = ?, error = NULL, missing = 0 WHERE id = ?",
                [
                    (photo_id, read.size_bytes, storable_time(read.mtime_ns), read.place_id)
                    for photo_id, read in zip(ids, reads, strict=True)
                ],
            )
        return ids

    def record_unreadable(self, problems: Sequence[tuple[int, str]], *, try_again: bool = False) -> None:
        """Store why files cannot be read as photos.

        Args:
            problems: Place id and reason of each.
            try_again: Whether the next `sync_folder` treats these files as changed, so that they are read again: their
                drive was away or busy, and the files may be sound.
        """
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE places SET photo_id = NULL, error = ?, mtime_ns = COALESCE(?, mtime_ns) WHERE id = ?",
                [(storable_text(reason), _NEVER_NS if try_again else None, place_id) for place_id, reason in problems],
            )

    def photo(self, photo_id: int) -> PhotoRecord:
        """One photo.

        Raises:
            KeyError: there is no such photo.
        """
        return self.photos([photo_id])[photo_id]

    def photos(self, ids: Iterable[int] | NDArray[np.int64]) -> dict[int, PhotoRecord]:
        """The photos with these ids, by id; unknown ids are left out."""
        rows = self._database.tuples_by_id(_PHOTO_COLUMNS, "photos", "id", ids)
        return {row[0]: PhotoRecord(*row) for row in rows}

    def remarks(self) -> dict[int, str]:
        """The remarks on all photos that have one, by photo id."""
        return dict(self._database.tuples("SELECT id, remark FROM photos WHERE remark IS NOT NULL"))

    def ids(self) -> NDArray[np.int64]:
        """The ids of all photos, rising."""
        return np.array([row[0] for row in self._database.tuples("SELECT id FROM photos ORDER BY id")], np.int64)

    def hashes(self, ids: Iterable[int] | NDArray[np.int64]) -> tuple[NDArray[np.int64], list[bytes]]:
        """The SHA-256 of photos; unknown ids are left out.

        Returns:
            (M,) photo ids, ascending, and the hash of each.
        """
        rows = self._database.tuples_by_id("id, sha256", "photos", "id", ids)
        return np.array([row[0] for row in rows], np.int64), [row[1] for row in rows]

    def by_hash(self, ids: Iterable[int] | NDArray[np.int64]) -> tuple[NDArray[np.int64], list[bytes]]:
        """As `hashes`, in hash order: ids depend on thread timing, hashes do not.

        Training, folds and random samples use this order.
        """
        known, hashes = self.hashes(ids)
        order = sorted(range(len(hashes)), key=hashes.__getitem__)
        return known[np.array(order, np.intp)], [hashes[at] for at in order]

    def moments(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.datetime64], NDArray[np.intp]]:
        """The times and cameras of photos.

        Args:
            ids: (N,) photo ids, all of them known.

        Returns:
            (N,) datetime64[s] by the cameras' clocks, NaT where unknown, and (N,) a number for each camera.
        """
        rows = self._database.tuples_by_id("id, taken_at, camera", "photos", "id", ids)
        known, taken, cameras = zip(*rows, strict=True) if rows else ((), (), ())
        number = {camera: number for number, camera in enumerate(dict.fromkeys(cameras))}
        rows_of_ids = np.searchsorted(np.array(known, np.int64), ids)  # rows come by rising id
        numbers = np.array([number[camera] for camera in cameras], np.intp)
        return np.array(taken, "datetime64[s]")[rows_of_ids], numbers[rows_of_ids]

    def have_hashes(self, ids: NDArray[np.int64], hashes: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """(N,) whether the photos with (N,) ascending ids have these SHA-256, (N, 32) uint8."""
        return same_hashes(self._database, ids, hashes)

    def known(self, hashes: Iterable[bytes]) -> dict[bytes, int]:
        """The ids of the photos with these hashes, by hash; unknown hashes are left out."""
        rows = self._database.query_in("SELECT sha256, id FROM photos WHERE sha256 IN (?)", set(hashes))
        return {row["sha256"]: row["id"] for row in rows}

    def by_sha256(self, sha256: bytes) -> PhotoRecord | None:
        """The photo with this hash, or None."""
        rows = self._database.query(f"SELECT {_PHOTO_COLUMNS} FROM photos WHERE sha256 = ?", (sha256,))
        return _photo(rows[0]) if rows else None

    def relocate(self, old: Path, new: Path) -> None:
        """Store that the file at `old` is now at `new`; its place keeps its id. Unknown paths are ignored."""
        source, target = os.fsencode(old), os.fsencode(new)
        if source == target:
            return
        with self._database.transaction() as connection:
            if connection.execute("SELECT 1 FROM places WHERE path = ?", (source,)).fetchone() is None:
                return
            # A place stored for the target path is outdated: our file is there now.
            connection.execute("DELETE FROM places WHERE path = ?", (target,))
            connection.execute("UPDATE places SET path = ?, missing = 0 WHERE path = ?", (target, source))

    def add_place(self, path: Path, photo_id: int | None, size_bytes: int, mtime_ns: int) -> int:
        """Store a place for a file that the program itself put there.

        A file without a readable picture has none in its new place either.

        Returns:
            The id of the place, unchanged if the path was known.
        """
        name = os.fsencode(path)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO places (path, photo_id, size_bytes, mtime_ns, error)"
                " VALUES (?1, ?2, ?3, ?4, (SELECT error FROM places WHERE photo_id = ?2 AND error IS NOT NULL))"
                " ON CONFLICT (path) DO UPDATE SET photo_id = excluded.photo_id,"
                " former_id = CASE WHEN excluded.photo_id IS NULL THEN COALESCE(photo_id, former_id) END,"
                " size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, missing = 0,"
                " error = excluded.error",
                (name, photo_id, size_bytes, storable_time(mtime_ns)),
            )
            return int(connection.execute("SELECT id FROM places WHERE path = ?", (name,)).fetchone()[0])

    def drop_place(self, path: Path) -> None:
        """Delete the place of a file that the program itself removed; the photo and its label stay."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM places WHERE path = ?", (os.fsencode(path),))

    def _write_in_chunks(self, sql: str, numbers: Sequence[int], values: Callable[[int], tuple[Any, ...]]) -> None:
        """Run a statement for each number, with its values, in one transaction for each chunk."""
        for start in range(0, len(numbers), _PLACES_AT_ONCE):
            with self._database.transaction() as connection:
                connection.executemany(sql, map(values, numbers[start : start + _PLACES_AT_ONCE]))


def _in_natural_order(rows: list[tuple[Any, ...]]) -> Places:
    names = [os.fsdecode(row[_PATH]) for row in rows]
    order = natural_ranking(names)
    return Places.from_rows([rows[i] for i in order], [names[i] for i in order])


def _photo(row: sqlite3.Row) -> PhotoRecord:
    return PhotoRecord(*row)
