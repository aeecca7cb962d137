"""Restores a damaged library: lists its backups with their dates, and puts the newest sound one in place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.database.backups import backups, restore_backup
from flowersorter.library.database.read_only import open_read_only
from flowersorter.library.database.soundness import check_sound
from flowersorter.messages import text

_DAMAGED_FILES = "library-damaged-*.sqlite"
_RESTORE_HINT = text("To restore the newest sound one: flowersorter recover")


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the library.

    Attributes:
        made_at: UTC.
        labels: Number of labelled photos in it; None if the backup is damaged too.
    """

    path: Path
    made_at: datetime
    labels: int | None


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """A restored library.

    Attributes:
        backup: The backup it was restored from.
        kept_as: Where the damaged file is kept; None if there was no file.
    """

    backup: Backup
    kept_as: Path | None


def known_backups(collection: Path) -> list[Backup]:
    """Every backup of a collection's library, newest first."""
    return [_describe(path) for path in backups(collection)]


def newest_sound(found: list[Backup]) -> Backup | None:
    """The newest backup that is not damaged."""
    return next((backup for backup in found if backup.labels is not None), None)


def restore_newest(collection: Path) -> RestoreResult:
    """Restore the newest sound backup; the damaged library is kept beside it.

    Raises:
        CollectionLocked: another window or terminal has the collection open.
        CollectionDamaged: there is no sound backup; nothing was changed.
        UserError: the disk refuses; nothing was changed.
    """
    before = set(collection.glob(_DAMAGED_FILES))
    used = _describe(restore_backup(collection))
    new = sorted(set(collection.glob(_DAMAGED_FILES)) - before)
    return RestoreResult(used, new[-1] if new else None)


def with_restore_hint(error: CollectionDamaged, collection: Path) -> CollectionDamaged:
    """Return the same error with a hint on how to restore a backup, if there is one."""
    if not backups(collection):
        return error
    return CollectionDamaged(
        error.what,
        error.why,
        text("{hint}. {restore_hint}", hint=error.hint, restore_hint=_RESTORE_HINT) if error.hint else _RESTORE_HINT,
    )


def _describe(backup: Path) -> Backup:
    # The name is library-<UTC time>-<counter>.sqlite: the file's own time changes when a folder is copied.
    made_at = datetime.strptime(backup.name.split("-")[1], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    return Backup(backup, made_at, _labels_in(backup))


def _labels_in(backup: Path) -> int | None:
    try:
        with closing(open_read_only(backup)) as connection:
            check_sound(connection, backup)
            return int(connection.execute("SELECT COUNT(*) FROM labels").fetchone()[0])
    except (sqlite3.Error, UserError):
        return None
