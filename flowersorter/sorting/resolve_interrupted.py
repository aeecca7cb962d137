"""Looks at what a crash left of one file's way and brings it to one side or the other.

A file is removed only while the same bytes have just been read, whole and right, from another place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from flowersorter.sorting.failures import TAKEN, explain
from flowersorter.sorting.filesystem import FileSystem, is_one_name, is_regular, look
from flowersorter.sorting.safe_names import shown
from flowersorter.sorting.transfer import Transfer, publish, sync_quietly, unlink_surely


class Side(Enum):
    """Where an interrupted step has come to."""

    FINISHED = auto()
    ROLLED_BACK = auto()
    LOST = auto()  # neither side has the file; nothing we know of can be done


@dataclass(frozen=True, slots=True)
class Settled:
    """How an interrupted step ended, and what the person should know about it."""

    side: Side
    note: str | None = None


class _State(Enum):
    ABSENT = auto()
    SAME = auto()  # the recorded bytes
    OTHER = auto()


def settle(files: FileSystem, transfer: Transfer, mtime_ns: int, *, keeps_origin: bool) -> Settled:
    """Settle an interrupted copy, or an interrupted move in either direction.

    Args:
        files: The disk.
        transfer: The step, as it was written down before it began.
        mtime_ns: Of the file, for a copy whose original is gone.
        keeps_origin: Whether it was a copy.

    Raises:
        OSError: the disk cannot be read; nothing was decided.
    """
    target = _state(files, transfer.target, transfer.sha256)
    origin = _state(files, transfer.origin, transfer.sha256)
    if target == _State.SAME:
        return _finish(files, transfer, origin, keeps_origin=keeps_origin)
    if origin == _State.SAME:
        _drop_temporary(files, transfer)
        return Settled(Side.ROLLED_BACK)
    if _state(files, transfer.temporary, transfer.sha256) == _State.SAME:
        return _rescue(files, transfer, target, mtime_ns)
    if origin == _State.OTHER:
        return Settled(Side.ROLLED_BACK, _left_behind(files, transfer))
    if target == _State.OTHER and not keeps_origin:
        return Settled(Side.FINISHED, "it was changed since it was filed")
    return Settled(Side.LOST, _left_behind(files, transfer) or "it is not there any more")


def _finish(files: FileSystem, transfer: Transfer, origin: _State, *, keeps_origin: bool) -> Settled:
    """The target has the bytes: make sure they stay, then finish what was begun."""
    files.sync_file(transfer.target)
    files.sync_folder(transfer.target.parent)
    _drop_temporary(files, transfer)
    if keeps_origin or origin == _State.ABSENT:
        return Settled(Side.FINISHED)
    if origin == _State.OTHER:
        return Settled(Side.FINISHED, "it was changed meanwhile, so the file there was kept too")
    return Settled(Side.FINISHED, _drop_origin(files, transfer))


def _drop_origin(files: FileSystem, transfer: Transfer) -> str | None:
    """Remove the original of a move; its bytes have just been read from the target."""
    if is_one_name(files.stat(transfer.target), files.stat(transfer.origin)):
        return "it is the same file under another path, so it was kept"
    try:
        unlink_surely(files, transfer.origin)
    except OSError as error:
        return f"the file it was moved from could not be removed: {explain(error)}"
    sync_quietly(files, transfer.origin.parent)
    return None


def _rescue(files: FileSystem, transfer: Transfer, target: _State, mtime_ns: int) -> Settled:
    """The original is gone or changed, and a complete copy has only its temporary name yet."""
    if target != _State.ABSENT:
        return Settled(Side.LOST, f"{TAKEN}; its bytes are in {shown(transfer.temporary)}")
    files.set_times(transfer.temporary, mtime_ns)
    files.sync_file(transfer.temporary)
    publish(files, transfer.temporary, transfer.target)
    files.sync_folder(transfer.target.parent)
    return Settled(Side.FINISHED)


def _drop_temporary(files: FileSystem, transfer: Transfer) -> None:
    """Remove our temporary file; its bytes have just been read from another place."""
    if look(files, transfer.temporary) is not None:
        files.unlink(transfer.temporary)
        sync_quietly(files, transfer.temporary.parent)


def _left_behind(files: FileSystem, transfer: Transfer) -> str | None:
    """A part of a copy whose original cannot be checked any more is not ours to delete."""
    if look(files, transfer.temporary) is None:
        return None
    return f"it was changed; a part of a copy was left in {shown(transfer.temporary)}"


def _state(files: FileSystem, path: Path, sha256: bytes) -> _State:
    found = look(files, path)
    if found is None:
        return _State.ABSENT
    return _State.SAME if is_regular(found) and files.hash(path) == sha256 else _State.OTHER
