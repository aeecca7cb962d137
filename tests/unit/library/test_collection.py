"""Opening a collection: the lock, the backups, and what happens to a damaged library."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import CollectionDamaged, CollectionLocked, FolderUnusable, UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database import backups as backups_module
from flowersorter.library.database.backups import BACKUPS_KEPT, backups, restore_backup
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import MIGRATIONS
from flowersorter.library.tables.settings import Setting
from tests.other_process import ROOT, held_by_another_process

VALUE = Setting("value", -1)


def change(folder: Path, value: int) -> None:
    with CollectionStore.open(folder) as collection:
        collection.settings.set(VALUE, value)


def value(folder: Path) -> int:
    with CollectionStore.open(folder) as collection:
        return collection.settings.get(VALUE)


def value_in(backup: Path) -> int:
    with closing(sqlite3.connect(backup)) as connection:
        row = connection.execute("SELECT value FROM settings WHERE key = 'value'").fetchone()
    return -1 if row is None else int(row[0])


def spoil(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    file.write_bytes(content)


def test_a_new_collection_is_made_with_its_folders(tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    with CollectionStore.open(folder) as collection:
        assert collection.folder == folder
        assert collection.classes.all() == []
        assert collection.labels.all() == {}
        assert collection.models.all() == []
        assert collection.journal.runs() == []
        assert collection.backup_problem == ""
        assert collection.embeddings("resnet50") is collection.embeddings("resnet50")
        assert collection.embeddings("resnet50") is not collection.embeddings("resnet50-v2")
    assert backups(folder) == []


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a b"])
def test_a_backbone_name_cannot_leave_its_folder(collection: CollectionStore, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a backbone"):
        collection.embeddings(name)


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    collection = CollectionStore.open(tmp_path)
    collection.embeddings("resnet18")
    collection.close()
    collection.close()
    with CollectionStore.open(tmp_path):
        collection.close()
        with pytest.raises(CollectionLocked):
            CollectionStore.open(tmp_path)


def test_a_collection_that_is_open_is_refused(tmp_path: Path) -> None:
    with CollectionStore.open(tmp_path), pytest.raises(CollectionLocked, match="another FlowerSorter window"):
        CollectionStore.open(tmp_path)
    CollectionStore.open(tmp_path).close()


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
def test_the_lock_of_another_process_holds_until_it_is_killed(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path) as process:
        with pytest.raises(CollectionLocked):
            CollectionStore.open(tmp_path)
        with pytest.raises(CollectionLocked):
            restore_backup(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert value(tmp_path) == 1


def test_a_collection_can_be_read_while_another_process_has_it_open(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path):
        before = (tmp_path / "library.sqlite").read_bytes()
        for opened in (CollectionStore.open(tmp_path, read_only=True), CollectionStore.open_or_read(tmp_path)):
            with opened as collection:
                assert collection.read_only
                assert collection.settings.get(VALUE) == 1
                assert collection.embeddings("resnet50").missing([bytes(32)], "centre") == [bytes(32)]
                with pytest.raises(CollectionLocked, match="opened only for reading"):
                    collection.settings.set(VALUE, 3)
                with pytest.raises(CollectionLocked, match="opened only for reading"):
                    collection.embeddings("resnet50").append([], "centre", np.zeros((0, 4), np.float16))
                assert collection.settings.get(VALUE) == 1
        assert (tmp_path / "library.sqlite").read_bytes() == before
        assert not (tmp_path / "embeddings").exists()
        assert backups(tmp_path) == []


def test_a_collection_that_is_not_open_is_opened_to_be_changed(tmp_path: Path) -> None:
    with CollectionStore.open_or_read(tmp_path) as collection:
        assert not collection.read_only
        collection.settings.set(VALUE, 1)
    assert value(tmp_path) == 1


def test_the_library_of_an_earlier_version_can_be_read_and_stays_as_it_is(tmp_path: Path) -> None:
    library = tmp_path / "library.sqlite"
    Database(library, MIGRATIONS[:-1]).close()
    before = library.read_bytes()
    with CollectionStore.open(tmp_path, read_only=True) as collection:
        assert collection.labels.all() == {}
        assert collection.database.query("PRAGMA user_version")[0][0] == MIGRATIONS[-1][0]
    assert library.read_bytes() == before


def test_a_library_that_was_left_in_the_middle_of_a_change_is_not_read_before_it_is_put_right(tmp_path: Path) -> None:
    change(tmp_path, 1)
    library, killed = tmp_path / "library.sqlite", tmp_path / "killed"
    killed.mkdir()
    with closing(sqlite3.connect(library, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")  # so that changes are in the file before they are committed
        writer.execute("BEGIN")
        for number in range(100):
            writer.execute("INSERT INTO settings (key, value) VALUES (?, ?)", (f"{number}", "9" * 2000))
        for file in (library, library.with_name("library.sqlite-journal")):
            shutil.copy(file, killed)
    with pytest.raises(UserError, match="stopped in the middle"):
        CollectionStore.open(killed, read_only=True)
    assert value(killed) == 1
    with CollectionStore.open(killed, read_only=True) as collection:
        assert collection.settings.get(VALUE) == 1


def test_a_folder_that_cannot_be_a_collection_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FolderUnusable, match="cannot be opened"):
            CollectionStore.open(folder)


def test_a_lock_that_cannot_be_made_gives_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "garden.lock").mkdir()
    with pytest.raises(FolderUnusable, match="cannot be opened"):
        CollectionStore.open(tmp_path)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FolderUnusable):
        CollectionStore.open(tmp_path)
    tmp_path.chmod(0o700)


def test_every_opening_after_a_change_makes_a_backup_and_the_last_few_are_kept(tmp_path: Path) -> None:
    for number in range(BACKUPS_KEPT + 3):
        change(tmp_path, number)
        kept = backups(tmp_path)
        assert len(kept) == min(number, BACKUPS_KEPT)
        assert [value_in(backup) for backup in kept] == list(range(number))[::-1][:BACKUPS_KEPT]


@pytest.mark.parametrize(("fitting", "expected"), [(1, 2), (3, 3), (9, BACKUPS_KEPT)])
def test_of_a_large_library_fewer_backups_are_kept_but_never_less_than_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fitting: int, expected: int
) -> None:
    change(tmp_path, 0)
    change(tmp_path, 1)
    size = backups(tmp_path)[0].stat().st_size
    monkeypatch.setattr(backups_module, "MOST_BYTES", fitting * size)
    for number in range(2, BACKUPS_KEPT + 3):
        change(tmp_path, number)
    assert [value_in(backup) for backup in backups(tmp_path)] == list(range(BACKUPS_KEPT + 2))[::-1][:expected]


def test_opening_without_a_change_makes_no_backup(tmp_path: Path) -> None:
    change(tmp_path, 1)
    assert value(tmp_path) == 1
    there = backups(tmp_path)
    assert len(there) == 1
    assert value(tmp_path) == 1
    assert backups(tmp_path) == there


def test_a_backup_is_never_half_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(tmp_path, 1)
    change(tmp_path, 2)

    def full(*paths: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with CollectionStore.open(tmp_path) as collection:
            assert "could not be backed up: No space left" in collection.backup_problem
            assert collection.settings.get(VALUE) == 2
    assert len(list((tmp_path / "backups").iterdir())) == 1
    leftover = tmp_path / "backups" / "library-20200101T000000000000Z-5.sqlite.part"
    leftover.write_bytes(b"half")
    assert value(tmp_path) == 2
    assert [value_in(backup) for backup in backups(tmp_path)] == [2, 1]
    assert not leftover.exists()


def test_a_migration_is_preceded_by_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(tmp_path, 1)
    newer = (*MIGRATIONS, (MIGRATIONS[-1][0] + 1, "UPDATE settings SET value = '7'"))
    monkeypatch.setattr("flowersorter.library.collection.Database", partial(Database, migrations=newer))
    assert value(tmp_path) == 7
    assert [value_in(backup) for backup in backups(tmp_path)] == [1]


def test_no_migration_without_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(tmp_path, 1)
    newer = (*MIGRATIONS, (MIGRATIONS[-1][0] + 1, "UPDATE settings SET value = '7'"))
    (tmp_path / "backups").write_bytes(b"a file in the way")
    with monkeypatch.context() as patched:
        patched.setattr("flowersorter.library.collection.Database", partial(Database, migrations=newer))
        with pytest.raises(UserError, match="could not be backed up"):
            CollectionStore.open(tmp_path)
    with CollectionStore.open(tmp_path) as collection:
        assert collection.backup_problem
        assert collection.settings.get(VALUE) == 1


def test_a_collection_of_a_newer_program_is_refused_untouched(tmp_path: Path) -> None:
    change(tmp_path, 1)
    library = tmp_path / "library.sqlite"
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = library.read_bytes()
    with pytest.raises(UserError, match="newer version"):
        CollectionStore.open(tmp_path)
    assert library.read_bytes() == before
    assert backups(tmp_path) == []


def test_a_damaged_library_names_its_backups_and_can_be_restored(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        change(tmp_path, number)
    library = tmp_path / "library.sqlite"
    spoil(library)
    damaged = library.read_bytes()
    with pytest.raises(CollectionDamaged, match=r"There are backups of \d{4}-\d\d-\d\d \d\d:\d\d.*, .* in .*backups"):
        CollectionStore.open(tmp_path)
    assert library.read_bytes() == damaged

    assert restore_backup(tmp_path) == backups(tmp_path)[0]
    [aside] = tmp_path.glob("library-damaged-*.sqlite")
    assert aside.read_bytes() == damaged
    assert value(tmp_path) == 2


def test_the_newest_sound_backup_is_restored(tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        change(tmp_path, number)
    newest, second, third = backups(tmp_path)
    spoil(newest)
    second.write_bytes(b"")
    spoil(tmp_path / "library.sqlite")
    assert restore_backup(tmp_path) == third
    assert value(tmp_path) == 1


def test_without_a_sound_backup_nothing_is_changed(tmp_path: Path) -> None:
    change(tmp_path, 1)
    library = tmp_path / "library.sqlite"
    spoil(library)
    before = library.read_bytes()
    with pytest.raises(CollectionDamaged, match="It has no backup"):
        CollectionStore.open(tmp_path)
    with pytest.raises(CollectionDamaged, match="all its backups are damaged"):
        restore_backup(tmp_path)
    assert library.read_bytes() == before


def test_a_rollback_journal_of_the_damaged_file_is_not_applied_to_the_restored_one(tmp_path: Path) -> None:
    change(tmp_path, 1)
    change(tmp_path, 2)
    journal = tmp_path / "library.sqlite-journal"
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\xff" * 600)
    (tmp_path / "library.sqlite").write_bytes(b"rubbish" * 1000)
    restore_backup(tmp_path)
    assert not journal.exists()
    assert len(list(tmp_path.glob("library-damaged-*"))) == 2
    assert value(tmp_path) == 1


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_a_lost_library_is_no_new_collection(tmp_path: Path, how: str) -> None:
    change(tmp_path, 1)
    change(tmp_path, 2)
    library = tmp_path / "library.sqlite"
    library.unlink()
    if how == "empty":
        library.write_bytes(b"")
    with pytest.raises(CollectionDamaged, match="missing or empty"):
        CollectionStore.open(tmp_path)
    restore_backup(tmp_path)
    assert value(tmp_path) == 1


def test_damage_is_found_before_it_reaches_a_backup(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        change(tmp_path, number)
    there = {backup: backup.read_bytes() for backup in backups(tmp_path)}
    spoil(tmp_path / "library.sqlite")
    for _ in range(BACKUPS_KEPT + 1):
        with pytest.raises(CollectionDamaged):
            CollectionStore.open(tmp_path)
    assert {backup: backup.read_bytes() for backup in backups(tmp_path)} == there


def test_a_collection_can_be_copied_as_a_folder(tmp_path: Path) -> None:
    change(tmp_path / "one", 5)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    with CollectionStore.open(tmp_path / "one"):
        assert value(tmp_path / "two") == 5


def test_neither_torch_nor_qt_is_needed(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['PySide6'] = sys.modules['torch'] = None\n"
        "from pathlib import Path; from flowersorter.library.collection import CollectionStore\n"
        "CollectionStore.open(Path(sys.argv[1])).close()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, env=environment)


def test_parts_of_scores_that_were_not_finished_are_removed(tmp_path: Path) -> None:
    """A program was ended while it wrote them."""
    embeddings = tmp_path / "embeddings"
    embeddings.mkdir()
    left, others = embeddings / "resnet50.scores.4711-1.part", ["resnet50.rows", "resnet50.scores", "my.part"]
    for name in (left.name, *others):
        (embeddings / name).write_bytes(b"1")
    CollectionStore.open(tmp_path).close()
    assert not left.exists()
    assert sorted(file.name for file in embeddings.iterdir()) == sorted(others)
    left.write_bytes(b"1")
    CollectionStore.open(tmp_path, read_only=True).close()
    assert left.exists(), "another program may be writing it"
