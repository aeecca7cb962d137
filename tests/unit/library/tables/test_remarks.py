"""Remarks on photos, and a library from before there were any."""

from __future__ import annotations

from pathlib import Path

from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS
from flowersorter.library.tables.photos import PhotoTable, ReadRecord

FOLDER = Path("/photos")


def test_photos_of_an_older_library_have_no_remark(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    [version] = [number for number, script in MIGRATIONS if "ADD COLUMN remark" in script]
    old = Database(file, [migration for migration in MIGRATIONS if migration[0] < version])
    with old.transaction() as connection:
        connection.execute("INSERT INTO photos (sha256, size_bytes, width_px, height_px) VALUES (x'01', 1, 4, 3)")
    old.close()
    new = Database(file)
    table = PhotoTable(new)
    assert table.photo(1).remark is None
    assert table.remarks() == {}

    [place] = table.sync_folder(FOLDER, [(FOLDER / "a.jpg", 1, 1)])
    [photo_id] = table.record([ReadRecord(place.id, b"\1", 1, 1, 4, 3, None, None, "cut")])
    assert (photo_id, table.photo(1).remark, table.remarks()) == (1, "cut", {1: "cut"})
    new.close()
