"""What a step on the disk raises when it could not be done, with its reason in plain words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from flowersorter.errors import FlowerSorterError

CHANGED = "it was changed since it was read"
GONE = "it is not there any more"
NOT_A_FILE = "it is not an ordinary file"
TAKEN = "another file with that name has appeared"
BAD_COPY = "the disk gave back other bytes than were written"
KEPT_BOTH = "it was changed while it was being moved, so the file there was kept too"
UNPLUGGED = "its folder is not there any more; its drive may be unplugged"
PUT_RIGHT_LATER = "it will be put right when the disk can be used again"

#: No other file will fit either, so the rest of a run is not tried.
_FULL = frozenset((errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)))

_REASONS = {
    errno.ENOSPC: "the disk is full",
    getattr(errno, "EDQUOT", errno.ENOSPC): "your share of the disk is full",
    errno.EIO: "the disk reports a read or write error",
    errno.EACCES: "access is refused",
    errno.EPERM: "the system does not allow it",
    errno.EROFS: "the disk is read-only",
    errno.ENOENT: GONE,
    errno.ENOTDIR: GONE,
    errno.EEXIST: TAKEN,
    errno.EBUSY: "another program is using it",
    errno.ENAMETOOLONG: "its name is too long for this disk",
    errno.EILSEQ: "its name has signs this disk does not allow",
    errno.EOPNOTSUPP: "this disk has no way to do it without a risk of overwriting",
    errno.ENOSYS: "this disk has no way to do it without a risk of overwriting",
    errno.ESTALE: "the network drive has lost it",
    errno.ELOOP: "it is a link",
    errno.EFBIG: "it is too large for this disk",
}


class NotDoneError(FlowerSorterError):
    """A step that was not done; the disk is as it was before.

    Attributes:
        reason: For the person, lower case, without a full stop.
        stop: Whether the steps after it need not be tried.
    """

    def __init__(self, reason: str, *, stop: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.stop = reason, stop


class LeftOpenError(FlowerSorterError):
    """A step that could neither be finished nor taken back now; recovery comes back to it.

    Attributes:
        reason: For the person, lower case, without a full stop.
        stop: Whether the steps after it need not be tried.
    """

    def __init__(self, reason: str, *, stop: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.stop = reason, stop


def explain(error: OSError) -> str:
    """Return what went wrong, for the person."""
    return _REASONS.get(error.errno or 0) or (error.strerror or "the system refuses it").lower()


def is_full(error: Exception) -> bool:
    """Return whether the disk said that nothing more fits."""
    return isinstance(error, OSError) and error.errno in _FULL


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what the disk says into a reason.

    Raises:
        NotDoneError: an `OSError` came out of the block.
    """
    try:
        yield
    except OSError as error:
        raise NotDoneError(explain(error), stop=is_full(error)) from error
