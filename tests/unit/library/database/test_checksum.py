"""A checksum mismatch leads to the full check: it finds what the quick one does not, and refuses no sound library."""

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
from flowersorter.library.tables.settings import Setting

CHECKSUM_NAME = LIBRARY_NAME + ".seal"


def _collection(folder: Path, *names: str) -> Path:
    with CollectionStore.open(folder) as collection:
        for name in names:
            collection.classes.add(name, ClassOrigin.PERSON)
    return folder


def _names(folder: Path) -> list[str]:
    with CollectionStore.open(folder) as collection:
        return [entry.name for entry in collection.classes.all()]


def _change(folder: Path, old: bytes, new: bytes) -> None:
    library = folder / LIBRARY_NAME
    data = library.read_bytes()
    assert old in data
    library.write_bytes(data.replace(old, new))


def test_a_library_beside_the_seal_of_another_computer_opens(tmp_path: Path) -> None:
    """A program that synchronises folders took the library of one and the seal of the other."""
    here, there = _collection(tmp_path / "here", "Rose"), tmp_path / "there"
    shutil.copytree(here, there)
    _collection(here, "Daisy")
    _collection(there, "Tulip")
    shutil.copy(there / CHECKSUM_NAME, here / CHECKSUM_NAME)
    with CollectionStore.open(here) as collection:
        assert [entry.name for entry in collection.classes.all()] == ["Rose", "Daisy"]
        assert "synchronises" in collection.checksum_problem
        with closing(sqlite3.connect(backups(here)[0])) as copy:
            assert {name for (name,) in copy.execute("SELECT name FROM classes")} == {"Rose", "Daisy"}
    with CollectionStore.open(here) as collection:
        assert collection.checksum_problem == ""


def test_the_library_of_another_computer_is_backed_up_though_it_counts_as_many_changes(tmp_path: Path) -> None:
    here, there = _collection(tmp_path / "here", "Rose"), tmp_path / "there"
    shutil.copytree(here, there)
    _collection(here, "Daisy")
    _collection(there, "Tulip")
    assert _names(here) == ["Rose", "Daisy"]  # the newest backup is of this
    shutil.copy(there / LIBRARY_NAME, here / LIBRARY_NAME)
    before = backups(here)
    assert _names(here) == ["Rose", "Tulip"]
    assert len(backups(here)) == len(before) + 1
    assert set(before) < set(backups(here))


def test_a_letter_that_nothing_contradicts_is_said_and_the_backups_stay(tmp_path: Path) -> None:
    with CollectionStore.open(_collection(tmp_path / "collection", "Rose")) as collection:
        collection.settings.set(Setting("note", ""), "Tulip")
    folder = tmp_path / "collection"
    kept = backups(folder)
    _change(folder, b"Tulip", b"Tulap")
    with CollectionStore.open(folder) as collection:
        assert collection.settings.get(Setting("note", "")) == "Tulap"
        assert collection.checksum_problem
    assert set(kept) < set(backups(folder))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"tulip", b"tulap", "missing from index"),
        (b"Tulip", b"T\xfflip", "a text of classes cannot be read"),
        (b"colour TEXT", b"colouq TEXT", "no column classes.colour"),
    ],
)
def test_what_the_full_check_finds_is_damage(tmp_path: Path, old: bytes, new: bytes, why: str) -> None:
    folder = _collection(_collection(tmp_path / "collection", "Tulip"), "Rose")
    library = folder / LIBRARY_NAME
    data = library.read_bytes()
    at = data.rindex(old)
    library.write_bytes(data[:at] + new + data[at + len(old) :])
    with pytest.raises(CollectionDamaged, match=why):
        CollectionStore.open(folder)
    kept = backups(folder)
    restore_backup(folder)
    assert backups(folder) == kept
    assert _names(folder) == ["Tulip"]


def test_a_row_that_refers_to_none_is_damage(tmp_path: Path) -> None:
    folder = _collection(tmp_path / "collection", "Tulip")
    with closing(sqlite3.connect(folder / LIBRARY_NAME)) as connection:
        connection.execute("INSERT INTO labels VALUES (7, 1, 'person', '')")
        connection.commit()
    checksum.delete_checksum(folder / LIBRARY_NAME)
    checksum.write_checksum(folder / LIBRARY_NAME)
    (folder / CHECKSUM_NAME).write_text((folder / CHECKSUM_NAME).read_text().replace(" ", " 0"))
    with pytest.raises(CollectionDamaged, match="a row of labels refers to a row of photos"):
        CollectionStore.open(folder)


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
