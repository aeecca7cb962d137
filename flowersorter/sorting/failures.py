"""The exceptions of a failed step on the disk, with reasons for the person."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from flowersorter.errors import FlowerSorterError
from flowersorter.messages import text
from flowersorter.photos.sidecars import UnlistedFolderError

CHANGED = text("it has changed since it was read")
FIXED_FOLDER = text("its folder may not be changed, so nothing can be moved out of it; copy the photos instead")
GONE = text("it is not there any more")
NO_LINK_HERE = text("this drive has no links of this kind; copy the photo instead")
NOT_LISTED = text("its folder cannot be listed")
NOT_A_FILE = text("it is not an ordinary file")
TAKEN = text("another file with that name has appeared")
BAD_COPY = text("the copy on the disk differs from the original")
KEPT_BOTH = text("it changed while it was being moved, so the original was kept too")
UNPLUGGED = text("its folder is not there any more; its drive may be unplugged")
REPAIRED_LATER = text("it will be repaired when the disk can be used again")

#: Errors after which the rest of a run is not tried: no other file fits either.
_FULL = frozenset((errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)))

_REASONS = {
    errno.ENOSPC: text("the disk is full"),
    getattr(errno, "EDQUOT", errno.ENOSPC): text("your share of the disk is full"),
    errno.EIO: text("the disk reports a read or write error"),
    errno.EACCES: text("access is refused"),
    errno.EPERM: text("the system does not allow it"),
    errno.EROFS: text("the disk is read-only"),
    errno.ENOENT: GONE,
    errno.ENOTDIR: GONE,
    errno.EEXIST: TAKEN,
    errno.EBUSY: text("another program is using it"),
    errno.ENAMETOOLONG: text("its name is too long for this disk"),
    errno.EILSEQ: text("its name has characters that this disk does not allow"),
    errno.EOPNOTSUPP: text("this disk cannot do it without the risk of overwriting a file"),
    errno.ENOSYS: text("this disk cannot do it without the risk of overwriting a file"),
    errno.ESTALE: text("the network drive has lost it"),
    errno.ELOOP: text("it is a link"),
    errno.EFBIG: text("it is too large for this disk"),
}


class NotDoneError(FlowerSorterError):
    """A step that was not done; the disk is unchanged.

    Attributes:
        reason: For the person, lower case, without a full stop.
        stop: Whether the rest of the run should not be tried.
    """

    def __init__(self, reason: str, *, stop: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.stop = reason, stop


class FixedFolderError(PermissionError):
    """A file that cannot be moved out of its folder, as names in that may not be changed."""


class LeftOpenError(FlowerSorterError):
    """A step that could neither be finished nor rolled back; left to recovery.

    Attributes:
        reason: For the person, lower case, without a full stop.
        stop: Whether the rest of the run should not be tried.
    """

    def __init__(self, reason: str, *, stop: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.stop = reason, stop


def explain(error: OSError) -> str:
    """Return the reason of a disk error, for the person."""
    if isinstance(error, FixedFolderError):
        return FIXED_FOLDER
    if isinstance(error, UnlistedFolderError):
        return NOT_LISTED
    return _REASONS.get(error.errno or 0) or ((error.strerror or "").lower() or text("the system refuses it"))


def is_full(error: Exception) -> bool:
    """Return whether an error means that the disk is full."""
    return isinstance(error, OSError) and error.errno in _FULL


@contextmanager
def disk_errors_as_failures() -> Iterator[None]:
    """Convert errors of the disk into `NotDoneError` with a reason.

    Raises:
        NotDoneError: an `OSError` came out of the block.
    """
    try:
        yield
    except OSError as error:
        raise NotDoneError(explain(error), stop=is_full(error)) from error
