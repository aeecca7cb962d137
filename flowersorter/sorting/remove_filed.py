"""Removes copies and links, only where the same bytes are verified elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from flowersorter.messages import text
from flowersorter.sorting.failures import CHANGED, GONE, NotDoneError, disk_errors_as_failures
from flowersorter.sorting.filesystem import FileSystem, is_one_name, is_our_link, is_regular, is_unchanged, stat_or_none
from flowersorter.sorting.transfer import Transfer, sync_quietly, unlink_surely

_CHANGED_SINCE = text("it has changed since it was sorted")


def remove_copy(files: FileSystem, transfer: Transfer) -> None:
    """Remove the copy at the target if both it and the original are unchanged.

    Raises:
        NotDoneError: one of the two has changed; nothing is removed.
    """
    with disk_errors_as_failures():
        checked = require_removable(files, transfer)
        # Hashing takes time: the copy must still be the file that was checked.
        if not is_unchanged(checked, stat_or_none(files, transfer.target)):
            raise NotDoneError(CHANGED)
        unlink_surely(files, transfer.target)
        sync_quietly(files, transfer.target.parent)


def remove_link(files: FileSystem, origin: Path, target: Path) -> None:
    """Remove a link that a run made.

    Raises:
        NotDoneError: it is not that link any more, or the only name of the file.
    """
    with disk_errors_as_failures():
        require_our_link(files, origin, target)
        unlink_surely(files, target)
        sync_quietly(files, target.parent)


def require_removable(files: FileSystem, transfer: Transfer) -> os.stat_result:
    """Check that target and origin both have the recorded bytes; return the status of the target.

    Raises:
        NotDoneError: one of them does not.
    """
    with disk_errors_as_failures():
        changed = text("it has changed since it was sorted, so the copy was kept")
        target = require_unchanged(files, transfer.target, transfer.sha256, changed)
        origin = stat_or_none(files, transfer.origin)
        if origin is None:
            raise NotDoneError(text("its original is gone, so the copy was kept"))
        if not is_regular(origin) or files.hash(transfer.origin) != transfer.sha256:
            raise NotDoneError(text("its original has changed, so the copy was kept"))
        if is_one_name(target, origin):
            raise NotDoneError(text("it is the original itself"))
        return target


def require_unchanged(files: FileSystem, path: Path, sha256: bytes, otherwise: str = _CHANGED_SINCE) -> os.stat_result:
    """Check that a filed file has the recorded bytes; return its status.

    Raises:
        NotDoneError: it does not, with `otherwise` as the reason, or is gone.
    """
    with disk_errors_as_failures():
        found = stat_or_none(files, path)
        if found is None:
            raise NotDoneError(GONE)
        if not is_regular(found) or files.hash(path) != sha256:
            raise NotDoneError(otherwise)
        return found


def require_our_link(files: FileSystem, origin: Path, target: Path) -> None:
    """Check that a link is still the one that a run made.

    Raises:
        NotDoneError: it is not.
    """
    with disk_errors_as_failures():
        if is_our_link(files, origin, target):
            return
        if stat_or_none(files, target) is None:
            raise NotDoneError(GONE)
        if stat_or_none(files, origin) is None:
            raise NotDoneError(text("its original is gone, so the link was kept"))
        raise NotDoneError(_CHANGED_SINCE)
