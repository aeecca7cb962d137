"""Takes copies and links away again, only where the same bytes are known to be safe elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from flowersorter.sorting.failures import CHANGED, GONE, NotDoneError, in_words
from flowersorter.sorting.filesystem import FileSystem, is_one_name, is_our_link, is_regular, is_unchanged, look
from flowersorter.sorting.transfer import Transfer, sync_quietly, unlink_surely

_CHANGED_SINCE = "it was changed since it was filed"


def remove_copy(files: FileSystem, transfer: Transfer) -> None:
    """Take the copy at the target away, if it is unchanged and the original is safe at the origin.

    Raises:
        NotDoneError: one of the two is not what it was; nothing is touched.
    """
    with in_words():
        checked = require_removable(files, transfer)
        # Hashing takes a while: the copy must still be the file that was checked.
        if not is_unchanged(checked, look(files, transfer.target)):
            raise NotDoneError(CHANGED)
        unlink_surely(files, transfer.target)
        sync_quietly(files, transfer.target.parent)


def remove_link(files: FileSystem, origin: Path, target: Path) -> None:
    """Take a link away, if it still is one.

    Raises:
        NotDoneError: it is not, or it is all there is.
    """
    with in_words():
        require_our_link(files, origin, target)
        unlink_surely(files, target)
        sync_quietly(files, target.parent)


def require_removable(files: FileSystem, transfer: Transfer) -> os.stat_result:
    """Check that the target's bytes are as recorded and also safe at the origin; return the target.

    Raises:
        NotDoneError: they are not.
    """
    with in_words():
        target = require_unchanged(files, transfer.target, transfer.sha256)
        origin = look(files, transfer.origin)
        if origin is None:
            raise NotDoneError("its original is gone, so the copy was kept")
        if not is_regular(origin) or files.hash(transfer.origin) != transfer.sha256:
            raise NotDoneError("its original was changed, so the copy was kept")
        if is_one_name(target, origin):
            raise NotDoneError("it is the original itself")
        return target


def require_unchanged(files: FileSystem, path: Path, sha256: bytes) -> os.stat_result:
    """Check that a filed file is still there with its bytes; return it.

    Raises:
        NotDoneError: it is not.
    """
    with in_words():
        found = look(files, path)
        if found is None:
            raise NotDoneError(GONE)
        if not is_regular(found) or files.hash(path) != sha256:
            raise NotDoneError(_CHANGED_SINCE)
        return found


def require_our_link(files: FileSystem, origin: Path, target: Path) -> None:
    """Check that a link is still the one that was made.

    Raises:
        NotDoneError: it is not.
    """
    with in_words():
        if is_our_link(files, origin, target):
            return
        if look(files, target) is None:
            raise NotDoneError(GONE)
        if look(files, origin) is None:
            raise NotDoneError("its original is gone, so the link was kept")
        raise NotDoneError(_CHANGED_SINCE)
