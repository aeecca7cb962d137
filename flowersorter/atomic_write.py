"""Writes FlowerSorter's own files atomically: readers see the old content or the new, never a mixture.

`sorting` has its own way to place a file, because it must never replace one.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_atomically(target: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file or replace it; its folder must exist.

    Args:
        target: The file.
        data: Its new content.
        durable: Return only when content and name are on the disk, so that a power cut keeps them. Takes an fsync of
            the file and one of its folder; caches can do without.

    Raises:
        OSError: the disk refuses; `target` is as it was.
    """
    with atomic_replacement(target, durable=durable) as temporary, temporary.open("xb") as file:
        file.write(data)


@contextmanager
def atomic_replacement(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `target`; the file that the block makes there replaces `target` at its end.

    If the block raises, the temporary file is removed and `target` stays as it was.

    Args:
        target: The file to make or replace; its folder must exist.
        durable: As for `write_atomically`.

    Raises:
        OSError: the disk refuses; `target` is as it was.
    """
    # In the same folder, because a rename is atomic only within one file system.
    temporary = target.with_name(f"{target.name}.{os.getpid()}-{secrets.randbits(32)}.part")
    try:
        yield temporary
        move_into_place(temporary, target, durable=durable)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def move_into_place(temporary: Path, target: Path, *, durable: bool = True) -> None:
    """Rename a finished file to `target`, replacing an existing one.

    Args:
        temporary: The finished file, in the folder of `target`; closed.
        target: Its final path.
        durable: As for `write_atomically`.

    Raises:
        OSError: the disk refuses, or `target` is a device or something else that is not a file; both are as they were.
    """
    if _is_other_than_file(target):
        raise FileExistsError(errno.EEXIST, "it is not a regular file", os.fspath(target))
    if durable:
        with temporary.open("rb+") as file:  # Windows syncs only files that are open for writing
            os.fsync(file.fileno())
    temporary.replace(target)
    if durable:
        sync_folder(target.parent)


def _is_other_than_file(target: Path) -> bool:
    """Whether a rename would put a file in the place of something else, such as /dev/stdout."""
    try:
        return not stat.S_ISREG(target.stat().st_mode)
    except OSError:  # most often there is nothing
        return False


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that.

    Windows cannot open a folder, and some network drives cannot sync one. A rename is atomic there too: at worst a
    power cut brings the old file back.
    """
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
