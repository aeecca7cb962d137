"""The checksum detects damage that SQLite cannot, and never refuses a library that was changed properly."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database import checksum
from flowersorter.library.database.backups import LIBRARY_NAME, backups, restore_backup

CHECKSUM_NAME = LIBRARY_NAME + ".seal"


def _collection(folder: Path, *names: str) -> Path:
    with CollectionStore.open(folder) as collection:
        for name in names:
            collection.classes.add(name, ClassOrigin.PERSON)
    return folder


def _names(folder: Path) -> list[str]:
    with CollectionStore.open(folder) as collection:
        return [entry.name for entry in collection.classes.all()]


def _change_a_letter(folder: Path) -> None:
    library = folder / LIBRARY_NAME
    data = library.read_bytes()
    assert b"Tulip" in data
    library.write_bytes(data.replace(b"Tulip", b"Tulap"))


def test_a_changed_letter_is_noticed_and_the_backup_put_back(tmp_path: Path) -> None:
    folder = _collection(_collection(tmp_path / "collection", "Tulip"), "Rose")
    _change_a_letter(folder)
    with pytest.raises(CollectionDamaged, match="changed since it was closed"):
        CollectionStore.open(folder)
    kept = backups(folder)
    restore_backup(folder)
    assert backups(folder) == kept
    assert _names(folder) == ["Tulip"]


def test_another_program_may_change_a_library(tmp_path: Path) -> None:
    folder = _collection(tmp_path / "collection", "Tulip")
    with closing(sqlite3.connect(folder / LIBRARY_NAME)) as connection:
        connection.execute("UPDATE classes SET name = 'Daisy'")
        connection.commit()
    assert _names(folder) == ["Daisy"]


def test_after_a_crash_the_seal_says_nothing(tmp_path: Path) -> None:
    folder = _collection(tmp_path / "collection", "Tulip")
    with CollectionStore.open(folder) as collection:
        collection.classes.add("Rose", ClassOrigin.PERSON)
        shutil.copytree(folder, tmp_path / "crashed")
    assert _names(tmp_path / "crashed") == ["Tulip", "Rose"]


@pytest.mark.parametrize("content", [None, b"", b"1 2 3", b"x y", b"\xff\xfe"])
def test_a_library_opens_without_a_readable_checksum(tmp_path: Path, content: bytes | None) -> None:
    folder = _collection(tmp_path / "collection", "Tulip")
    (folder / CHECKSUM_NAME).unlink()
    if content is not None:
        (folder / CHECKSUM_NAME).write_bytes(content)
    assert _names(folder) == ["Tulip"]


def test_the_checksum_is_written_only_when_something_changed(tmp_path: Path) -> None:
    folder = _collection(tmp_path / "collection", "Tulip")
    os.utime(folder / CHECKSUM_NAME, ns=(1, 1))
    assert _names(folder) == ["Tulip"]
    assert (folder / CHECKSUM_NAME).stat().st_mtime_ns == 1
    _collection(folder, "Rose")
    assert (folder / CHECKSUM_NAME).stat().st_mtime_ns > 1


def test_a_full_disk_leaves_the_library_without_a_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "full", str(path), None, str(data))

    monkeypatch.setattr(checksum, "write_atomically", full)
    folder = _collection(tmp_path / "collection", "Tulip")
    assert not (folder / CHECKSUM_NAME).exists()
    assert _names(folder) == ["Tulip"]


def test_a_checksum_that_cannot_be_read_raises(tmp_path: Path) -> None:
    folder = _collection(tmp_path / "collection", "Tulip")
    (folder / CHECKSUM_NAME).unlink()
    (folder / CHECKSUM_NAME).mkdir()
    with pytest.raises(UserError, match="cannot be opened"):
        CollectionStore.open(folder)
