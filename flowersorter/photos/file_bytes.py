"""Reads the bytes of a regular file once, and refuses one that changes meanwhile."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from flowersorter.jobs import CancelToken
from flowersorter.messages import text
from flowersorter.photos.read_errors import file_reason, out_of_reach, unreadable

#: Larger files are refused unread; the largest photos, 16-bit TIFFs of 100 megapixels, have 600 MB.
MAX_BYTES = 700_000_000
_PART_BYTES = 4 << 20

#: Opening a pipe without O_NONBLOCK blocks until a writer appears. Windows has neither and needs O_BINARY.
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A file's bytes, with its size and modification time when they were read."""

    data: bytes
    size_bytes: int
    mtime_ns: int


def read_file(path: Path) -> FileBytes:
    """Read a whole file once, without changing it.

    Raises:
        PhotoOutOfReach: it is missing or forbidden, the drive does not give it, or it changed while it was read.
        PhotoUnreadable: it is empty, too large, or not a regular file.
    """
    try:
        with open_regular(path) as stream:
            before = os.fstat(stream.fileno())
            _require_regular(path, before)
            data = _read_all(stream, before.st_size)
            after = os.fstat(stream.fileno())
    except (OSError, ValueError) as error:
        raise out_of_reach(path, file_reason(error)) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        raise out_of_reach(path, text("the file changed while it was read"))
    return FileBytes(data, after.st_size, after.st_mtime_ns)


def open_regular(path: Path) -> FileIO:
    """Open a regular file to read parts of it, without waiting for the writer of a pipe.

    Raises:
        PhotoOutOfReach: it is missing or forbidden, or the drive does not give it.
        PhotoUnreadable: it is empty, too large, or not a regular file.
    """
    try:
        # Opening some devices has side effects, so the kind of file is checked before.
        _require_regular(path, os.stat(path))  # noqa: PTH116 - the flags below need os anyway
        return FileIO(os.open(path, _OPEN_FLAGS), "rb")
    except (OSError, ValueError) as error:
        raise out_of_reach(path, file_reason(error)) from error


@dataclass(frozen=True, slots=True)
class FileHash:
    """The SHA-256 of a file, with its size and modification time."""

    sha256: bytes
    size_bytes: int
    mtime_ns: int


def hash_file(path: Path, cancel: CancelToken) -> FileHash:
    """Hash a file of any size, in parts, without changing it.

    Raises:
        PhotoOutOfReach: it is missing or forbidden, the drive does not give it, or it changed while it was read.
        PhotoUnreadable: it is not a regular file.
        Cancelled: asked to stop.
    """
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - as in `open_regular`
            raise unreadable(path, text("it is not a file"))
        descriptor = os.open(path, _OPEN_FLAGS)
        with FileIO(descriptor, "rb") as stream:
            before = os.fstat(descriptor)
            while part := stream.read(_PART_BYTES):
                cancel.check()
                digest.update(part)
            after = os.fstat(descriptor)
    except (OSError, ValueError) as error:
        raise out_of_reach(path, file_reason(error)) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise out_of_reach(path, text("the file changed while it was read"))
    return FileHash(digest.digest(), after.st_size, after.st_mtime_ns)


def _require_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise unreadable(path, text("it is a folder"))
    if not stat.S_ISREG(status.st_mode):
        raise unreadable(path, text("it is a pipe or a device, not a file"))
    if status.st_size == 0:
        raise unreadable(path, text("the file is empty"))
    if status.st_size > MAX_BYTES:
        raise unreadable(path, text("the file is larger than {megabytes} MB", megabytes=MAX_BYTES // 1_000_000))


def _read_all(stream: FileIO, size_bytes: int) -> bytes:
    # One byte more than expected: this detects a file that grows, and never reads one without end.
    wanted = size_bytes + 1
    data = stream.read(wanted) or b""
    while len(data) < size_bytes and (more := stream.read(wanted - len(data))):
        data += more  # only network drives return less than requested
    return data
