"""Finishes or rolls back one interrupted file operation.

A file is removed only after the same bytes have just been read and verified at another path.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from flowersorter.messages import joined_texts, text
from flowersorter.sorting.failures import GONE, TAKEN, explain
from flowersorter.sorting.filesystem import FileSystem, is_one_name, is_regular, stat_or_none
from flowersorter.sorting.safe_names import shown
from flowersorter.sorting.transfer import Transfer, publish, sync_quietly, unlink_surely


class Side(Enum):
    """Outcome of an interrupted step."""

    FINISHED = auto()
    ROLLED_BACK = auto()
    LOST = auto()  # the file is at neither path, and cannot be restored


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome of an interrupted step, with a note for the person."""

    side: Side
    note: str | None = None


class _State(Enum):
    ABSENT = auto()
    SAME = auto()  # the recorded bytes
    OTHER = auto()


def resolve(files: FileSystem, transfer: Transfer, mtime_ns: int, *, keeps_origin: bool) -> Resolution:
    """Finish or roll back an interrupted copy, or an interrupted move in either direction.

    Args:
        files: The disk.
        transfer: The step, as stored before it began.
        mtime_ns: Modification time of the file, for a copy whose original is gone.
        keeps_origin: Whether the step was a copy.

    Raises:
        OSError: the disk cannot be read; the step stays open.
    """
    target = _state(files, transfer.target, transfer.sha256)
    origin = _state(files, transfer.origin, transfer.sha256)
    if target == _State.SAME:
        return _finish(files, transfer, origin, keeps_origin=keeps_origin)
    if origin == _State.SAME:
        drop_temporary(files, transfer.temporary)
        return Resolution(Side.ROLLED_BACK)
    if _state(files, transfer.temporary, transfer.sha256) == _State.SAME:
        return _restore_from_temporary(files, transfer, target, mtime_ns)
    if origin == _State.OTHER:
        return Resolution(Side.ROLLED_BACK, _left_behind(files, transfer))
    if target == _State.OTHER and not keeps_origin:
        return Resolution(Side.FINISHED, text("it has changed since it was sorted"))
    return Resolution(Side.LOST, _left_behind(files, transfer) or GONE)


def _finish(files: FileSystem, transfer: Transfer, origin: _State, *, keeps_origin: bool) -> Resolution:
    """The target has the bytes: sync them, then finish the step."""
    files.sync_file(transfer.target)
    files.sync_folder(transfer.target.parent)
    drop_temporary(files, transfer.temporary)
    if keeps_origin or origin == _State.ABSENT:
        return Resolution(Side.FINISHED)
    if origin == _State.OTHER:
        return Resolution(Side.FINISHED, text("it changed meanwhile, so the original was kept too"))
    return Resolution(Side.FINISHED, _drop_origin(files, transfer))


def _drop_origin(files: FileSystem, transfer: Transfer) -> str | None:
    """Remove the original of a move; its bytes have just been verified at the target."""
    if is_one_name(files.stat(transfer.target), files.stat(transfer.origin)):
        return text("it is the same file under another path, so it was kept")
    try:
        unlink_surely(files, transfer.origin)
    except OSError as error:
        return text("the file it was moved from could not be removed: {why}", why=explain(error))
    sync_quietly(files, transfer.origin.parent)
    return None


def _restore_from_temporary(files: FileSystem, transfer: Transfer, target: _State, mtime_ns: int) -> Resolution:
    """Rename the complete temporary copy of a file whose original is gone or changed."""
    if target != _State.ABSENT:
        return Resolution(
            Side.LOST, joined_texts("; ", TAKEN, text("its bytes are in {file}", file=shown(transfer.temporary)))
        )
    files.set_times(transfer.temporary, mtime_ns)
    files.sync_file(transfer.temporary)
    publish(files, transfer.temporary, transfer.target)
    files.sync_folder(transfer.target.parent)
    return Resolution(Side.FINISHED)


def drop_temporary(files: FileSystem, temporary: Path) -> None:
    """Remove our temporary file; its bytes have just been verified at another path.

    Raises:
        OSError: the disk refuses.
    """
    if stat_or_none(files, temporary) is not None:
        files.unlink(temporary)
        sync_quietly(files, temporary.parent)


def _left_behind(files: FileSystem, transfer: Transfer) -> str | None:
    """Keep an incomplete copy whose original cannot be verified; return a note about it, or None."""
    if stat_or_none(files, transfer.temporary) is None:
        return None
    return text("it has changed; an incomplete copy was kept as {file}", file=shown(transfer.temporary))


def _state(files: FileSystem, path: Path, sha256: bytes) -> _State:
    found = stat_or_none(files, path)
    if found is None:
        return _State.ABSENT
    return _State.SAME if is_regular(found) and files.hash(path) == sha256 else _State.OTHER
