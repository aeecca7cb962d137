"""What a damaged library can be put back from: its backups with their dates, and where the damaged file went."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.database.backups import backups, restore_backup
from flowersorter.library.database.connection import check_sound

_DAMAGED_FILES = "library-damaged-*.sqlite"
_WAY_OUT = "To put the newest good one back: flowersorter recover"


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the library.

    Attributes:
        made_at: UTC.
        labels: How many photos have a label in it, or None if it is damaged, too.
    """

    path: Path
    made_at: datetime
    labels: int | None


@dataclass(frozen=True, slots=True)
class Rescue:
    """What stands in the place of the damaged library now.

    Attributes:
        backup: The copy that was put there.
        kept_as: Where the damaged file is kept; None if there was none any more.
    """

    backup: Backup
    kept_as: Path | None


def known_backups(collection: Path) -> list[Backup]:
    """Every backup of a collection's library, newest first."""
    return [_looked_into(path) for path in backups(collection)]


def newest_sound(found: list[Backup]) -> Backup | None:
    """The backup that would be put back."""
    return next((backup for backup in found if backup.labels is not None), None)


def rescue(collection: Path) -> Rescue:
    """Put the newest sound backup in the place of a damaged library, which is kept beside it.

    Raises:
        CollectionLocked: the collection is open somewhere.
        CollectionDamaged: there is no sound backup; nothing was changed.
        UserError: the disk refuses; nothing was changed.
    """
    before = set(collection.glob(_DAMAGED_FILES))
    used = _looked_into(restore_backup(collection))
    new = sorted(set(collection.glob(_DAMAGED_FILES)) - before)
    return Rescue(used, new[-1] if new else None)


def with_way_out(error: CollectionDamaged, collection: Path) -> CollectionDamaged:
    """The same error, saying how a backup is put back where there is one."""
    if not backups(collection):
        return error
    return CollectionDamaged(error.what, error.why, f"{error.hint}. {_WAY_OUT}" if error.hint else _WAY_OUT)


def _looked_into(backup: Path) -> Backup:
    # The name is library-<UTC time>-<counter>.sqlite: the file's own time changes when a folder is copied.
    made_at = datetime.strptime(backup.name.split("-")[1], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    return Backup(backup, made_at, _labels_in(backup))


def _labels_in(backup: Path) -> int | None:
    try:
        with closing(sqlite3.connect(f"{backup.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            check_sound(connection, backup)
            return int(connection.execute("SELECT COUNT(*) FROM labels").fetchone()[0])
    except (sqlite3.Error, UserError):
        return None
