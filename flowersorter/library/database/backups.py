"""Backups of the library: made at opening if it has changed, checked, rotated, and restored."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flowersorter.atomic_write import atomic_replacement, sync_folder
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.database.checksum import delete_checksum
from flowersorter.library.database.read_only import open_read_only
from flowersorter.library.database.soundness import check_sound
from flowersorter.library.database.sqlite_errors import sqlite_errors_as_user_errors
from flowersorter.library.files.lock import collection_locked
from flowersorter.messages import text

LIBRARY_NAME = "library.sqlite"
BACKUPS_KEPT = 5
#: Older backups go while all of them take more than this, but two always stay: a million photos take 0.3 GB each.
MOST_BYTES, _LEAST_KEPT = 1_000_000_000, 2
_BACKUP_FOLDER = "backups"
_PART_SUFFIX = ".part"
#: library-<UTC time>-<change counter of the library>.sqlite
_BACKUP_NAME = re.compile(r"library-(\d{8}T\d{12}Z)-(\d+)\.sqlite")
# https://www.sqlite.org/fileformat.html, "file change counter": bytes 24-27, big-endian, of a database file;
# with a rollback journal every transaction that changes the file raises it.
_COUNTER_AT = slice(24, 28)


def backups(collection: Path) -> list[Path]:
    """The backups of a collection's library, newest first."""
    folder = collection / _BACKUP_FOLDER
    if not folder.is_dir():
        return []
    return sorted((entry for entry in folder.iterdir() if _BACKUP_NAME.fullmatch(entry.name)), reverse=True)


def back_up_if_changed(connection: sqlite3.Connection, collection: Path, *, always: bool = False) -> Path | None:
    """Copy the library beside itself unless the newest backup already holds the same state.

    The copy is checked before it counts, so a damaged library is detected here and never rotates a sound backup out.

    Args:
        connection: The open library, outside a transaction.
        collection: The folder that holds the library.
        always: Make one even if the newest backup has the same count of changes: it may be of another library.

    Returns:
        The new backup; None if none was needed.

    Raises:
        CollectionDamaged: the library is damaged; no backup was removed.
        UserError: the disk refuses.
    """
    counter = _change_counter(collection / LIBRARY_NAME)
    if counter == 0:  # a file without a table yet
        return None
    kept = backups(collection)
    if not always and kept and _counter_in_name(kept[0]) == counter:
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = collection / _BACKUP_FOLDER / f"library-{stamp}-{counter}.sqlite"
    with _disk_errors_as_user_errors("The library could not be backed up"):
        target.parent.mkdir(exist_ok=True)
        _remove_leftovers(target.parent)
        with atomic_replacement(target) as copy:
            _copy(connection, copy)
        for old in _too_many(backups(collection)):
            old.unlink()
    return target


def damaged_with_backups(collection: Path, why: str) -> CollectionDamaged:
    """The error for a library that cannot be read, with the dates of its backups."""
    kept = backups(collection)
    if kept:
        dates = ", ".join(_date_in_name(backup) for backup in kept)
        hint = text(
            "Nothing was changed. There are backups of {dates} (UTC) in {folder}",
            dates=dates,
            folder=collection / _BACKUP_FOLDER,
        )
    else:
        hint = text("Nothing was changed. It has no backup")
    return CollectionDamaged(text("The library in {collection} cannot be read", collection=collection), why, hint)


def restore_backup(collection: Path) -> Path:
    """Restore the newest sound backup; the damaged library is kept beside it under another name.

    Returns:
        The backup that was used.

    Raises:
        CollectionLocked: another window or terminal has the collection open.
        CollectionDamaged: there is no sound backup; nothing was changed.
        UserError: the disk refuses; nothing was changed.
    """
    with collection_locked(collection), _disk_errors_as_user_errors("The backup could not be restored"):
        library = collection / LIBRARY_NAME
        for backup in backups(collection):
            if _is_sound(backup):
                with atomic_replacement(library) as copy, closing(open_read_only(backup)) as source:
                    _copy(source, copy)
                    _set_aside(library)
                    delete_checksum(library)
                return backup
        raise damaged_with_backups(collection, "all its backups are damaged")


def _too_many(kept: list[Path]) -> list[Path]:
    """Those of the backups, newest first, that are no longer kept."""
    sizes = itertools.accumulate(backup.stat().st_size for backup in kept)
    fitting = sum(together <= MOST_BYTES for together in sizes)
    return kept[min(BACKUPS_KEPT, max(fitting, _LEAST_KEPT)) :]


def _set_aside(library: Path) -> None:
    """Rename a damaged library and its SQLite journal, which must not be applied to the restored file."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = library.with_name(f"library-damaged-{stamp}.sqlite")
    for suffix in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{library}{suffix}", f"{aside}{suffix}")  # noqa: PTH104 -- the suffix is no path part
    sync_folder(library.parent)


def _copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy a database into a new file and check the copy."""
    try:
        with sqlite_errors_as_user_errors(target), closing(sqlite3.connect(target)) as copy:
            # The file is removed if anything fails: the one fsync of `atomic_replacement` is enough.
            copy.execute("PRAGMA synchronous = OFF")
            source.backup(copy)
            check_sound(copy, target)
    except CollectionDamaged:
        raise
    except UserError as error:
        raise UserError(text("The library could not be backed up"), error.why, error.hint) from error


def _is_sound(backup: Path) -> bool:
    try:
        with closing(open_read_only(backup)) as connection:
            check_sound(connection, backup)
            return bool(connection.execute("PRAGMA user_version").fetchone()[0])
    except (sqlite3.Error, UserError):
        return False


def _remove_leftovers(folder: Path) -> None:
    """Remove incomplete backups of a process that was killed."""
    for part in folder.glob(f"*{_PART_SUFFIX}*"):
        part.unlink()


def _change_counter(library: Path) -> int:
    with library.open("rb") as file:
        return int.from_bytes(file.read(_COUNTER_AT.stop)[_COUNTER_AT], "big")


def _counter_in_name(backup: Path) -> int:
    match = _BACKUP_NAME.fullmatch(backup.name)
    return int(match[2]) if match else -1


def _date_in_name(backup: Path) -> str:
    match = _BACKUP_NAME.fullmatch(backup.name)
    assert match is not None  # `backups` lists no other names
    return datetime.strptime(match[1], "%Y%m%dT%H%M%S%fZ").strftime("%Y-%m-%d %H:%M")


@contextmanager
def _disk_errors_as_user_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(what, error.strerror or str(error), text("Check the disk and try again")) from error
