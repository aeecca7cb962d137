"""The only interface through which sorting accesses the disk.

Each method is one step that either happens or does not, and none can overwrite or replace a file. The tests count the
steps, make them fail and kill the process between them. Links are never followed.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from flowersorter.domain.journal import Volume

CHUNK_BYTES = 1 << 20
_MAY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
# Non-blocking: a pipe with the name of a photo must not hang the run.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# Windows syncs only files that are open for writing, and has no O_NOFOLLOW.
_SYNC = os.O_RDWR if os.name == "nt" else _READ
_THE_LINK_ITSELF = {"follow_symlinks": False} if os.link in os.supports_follow_symlinks else {}

#: Errors of a file system without hard links, or without one for this file.
NO_LINKS = frozenset(
    (errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EXDEV)
)
#: Errors of a file system that cannot rename without replacing.
NO_RENAME = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EXDEV))
#: The same for permissions and extended attributes; ext4 reports "no space" for one that is too large.
_NOT_SUPPORTED = NO_RENAME | {errno.EPERM, errno.ENOSPC, errno.E2BIG, errno.ERANGE}


class FileSystem:
    """The real disk. A method that raises `OSError` has changed nothing (except `copy`)."""

    def stat(self, path: Path) -> os.stat_result:
        """Return the status of a file, folder or link itself."""
        return path.lstat()

    def stat_text(self, path: str) -> os.stat_result:
        """As `stat`, of a path as text: for a million files, of which no objects are made."""
        return os.lstat(path)

    def stat_through(self, path: Path) -> os.stat_result:
        """Return the status of a file or folder, following links."""
        return path.stat()

    def list(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted."""
        return sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths

    def walk_sizes(self, folder: Path) -> Iterator[tuple[Path, int]]:
        """Yield each regular file in a folder and its sub-folders with its size in bytes.

        Links are not followed. Folders that cannot be read are left out, and so are names that begin with a dot or a
        dollar sign: trash folders and unfinished copies.
        """
        waiting = [os.fspath(folder)]
        while waiting:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        if entry.name.startswith((".", "$")):
                            continue
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                        elif entry.is_file(follow_symlinks=False):
                            yield Path(entry.path), entry.stat(follow_symlinks=False).st_size
            except OSError:
                continue

    def hash(self, path: Path, between: Callable[[], object] = lambda: None) -> bytes:
        """Return the SHA-256 of a regular file, bypassing the page cache where the system allows it.

        Args:
            path: The file.
            between: Called after each megabyte; may raise to stop.
        """
        digest = hashlib.sha256()
        descriptor = os.open(path, _READ)
        try:
            _require_regular(descriptor)
            _forget_cached(descriptor)
            while chunk := os.read(descriptor, CHUNK_BYTES):
                digest.update(chunk)
                between()
        finally:
            os.close(descriptor)
        return digest.digest()

    def read(self, path: Path, most_bytes: int) -> bytes:
        """Return the bytes of a regular file, at most so many from its beginning."""
        descriptor = os.open(path, _READ)
        try:
            _require_regular(descriptor)
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                return stream.read(most_bytes)
        finally:
            os.close(descriptor)

    def open_exclusive(self, path: Path) -> int:
        """Make a new empty file that only its owner can read; return its descriptor, which the caller closes."""
        return os.open(path, _NEW_FILE, 0o600)

    def copy(self, source: Path, descriptor: int) -> bytes:
        """Append the bytes of a regular file to an open one; return their SHA-256.

        If it raises, some of the bytes may have been written.
        """
        digest = hashlib.sha256()
        reading = os.open(source, _READ)
        try:
            _require_regular(reading)
            while chunk := os.read(reading, CHUNK_BYTES):
                digest.update(chunk)
                self.write(descriptor, chunk)
        finally:
            os.close(reading)
        return digest.digest()

    def write(self, descriptor: int, data: bytes) -> None:
        """Write all of `data`."""
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]

    def copy_attributes(self, source: Path, target: Path, found: os.stat_result) -> None:
        """Give `target` the permissions, extended attributes and times of `source`.

        Permissions and attributes that the file system does not support are skipped; times are required.

        Args:
            source: The original file.
            target: A file of ours.
            found: Status of `source` before its bytes were read.
        """
        with _where_supported():
            shutil.copystat(source, target, follow_symlinks=False)
        with _where_supported():
            target.chmod(stat.S_IMODE(found.st_mode))
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))

    def set_times(self, path: Path, mtime_ns: int) -> None:
        """Set the modification and access time of a file of ours."""
        os.utime(path, ns=(mtime_ns, mtime_ns))

    def set_attributes(self, path: Path, mode: int, atime_ns: int, mtime_ns: int) -> None:
        """Set the permissions and times of a file of ours, or of a folder that was made again."""
        path.chmod(mode)
        os.utime(path, ns=(atime_ns, mtime_ns))

    def sync(self, descriptor: int) -> None:
        """Wait until the bytes of an open file are on the disk."""
        os.fsync(descriptor)

    def sync_file(self, path: Path) -> None:
        """Wait until the bytes of a file are on the disk."""
        descriptor = os.open(path, _SYNC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk; Windows does that by itself."""
        if os.name == "nt":  # pragma: no cover - Windows cannot open a folder
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        """Close an open file."""
        os.close(descriptor)

    def link_new(self, source: Path, target: Path) -> None:
        """Give a file a second name; `FileExistsError` if the name is taken."""
        os.link(source, target, **_THE_LINK_ITSELF)

    def symlink_new(self, source: Path, target: Path) -> None:
        """Make a symbolic link at `target`; `FileExistsError` if the name is taken."""
        target.symlink_to(source)

    def read_link(self, path: Path) -> Path:
        """Return where a symbolic link points."""
        return path.readlink()

    def rename_new(self, source: Path, target: Path) -> None:
        """Rename in one step; `FileExistsError` if the name is taken, an error of `NO_RENAME` if not supported."""
        _rename_without_replacing(source, target)

    def unlink(self, path: Path) -> None:
        """Delete a name of a file."""
        path.unlink()

    def mkdir(self, folder: Path) -> None:
        """Make one folder; `FileExistsError` if the name is taken."""
        folder.mkdir()

    def rmdir(self, folder: Path) -> None:
        """Remove one empty folder; `OSError` if anything is in it."""
        folder.rmdir()

    def free_bytes(self, folder: Path) -> int:
        """Return the free space on the disk of a folder."""
        return shutil.disk_usage(folder).free

    def free_files(self, folder: Path) -> int | None:
        """Return how many more files the disk of a folder can hold; None where the file system sets no limit."""
        if not hasattr(os, "statvfs"):
            return None
        found = os.statvfs(folder)
        return found.f_favail if found.f_files else None

    def volume(self, folder: Path) -> Volume:
        """Return the volume that an existing folder is on, following links."""
        folder = folder.resolve(strict=True)
        above = (folder, *folder.parents)
        mount_point = next(path for path in above if os.path.ismount(path))
        filesystem_id = os.statvfs(folder).f_fsid if hasattr(os, "statvfs") else 0
        return Volume(mount_point, folder.stat().st_dev, filesystem_id)

    def writable(self, folder: Path) -> bool:
        """Return whether files can be made in a folder.

        A folder without write permission on a file system without space belongs to the system, such as `/proc`:
        there an administrator, who may write everywhere, cannot make files either.
        """
        if not folder.stat().st_mode & _MAY_WRITE and not shutil.disk_usage(folder).total:
            return False
        return os.access(folder, os.W_OK | os.X_OK)


def stat_or_none(files: FileSystem, path: Path | str) -> os.stat_result | None:
    """Return the status of a path; None if nothing is there. Other errors of the disk are raised."""
    try:
        return files.stat_text(path) if isinstance(path, str) else files.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def follow_or_none(files: FileSystem, path: Path) -> os.stat_result | None:
    """Return the status of a path, following links; None if nothing is there."""
    try:
        return files.stat_through(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_folder(files: FileSystem, path: Path) -> bool:
    """Return whether a real folder, not a link to one, is at `path`."""
    found = stat_or_none(files, path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def has_something(files: FileSystem, folder: Path) -> bool:
    """Return whether a folder exists and is not empty; an unplugged drive often leaves an empty folder."""
    try:
        return bool(files.list(folder))
    except OSError:
        return False


def is_regular(found: os.stat_result | None) -> bool:
    """Return whether a status is that of a regular file, not a link, folder or device."""
    return found is not None and stat.S_ISREG(found.st_mode)


def is_same_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Return whether two statuses are surely of the same file, under one name or two.

    Never on a drive without inode numbers, where all are 0, as on some network drives.
    """
    return one.st_ino != 0 and _number(one) == _number(other)


def is_unchanged(before: os.stat_result, current: os.stat_result | None) -> bool:
    """Return whether a file is unchanged: same file, as far as the drive numbers them, size and modification time."""
    return (
        current is not None
        and _number(before) == _number(current)
        and (before.st_size, before.st_mtime_ns) == (current.st_size, current.st_mtime_ns)
    )


def is_one_name(one: os.stat_result, other: os.stat_result) -> bool:
    """Return whether two paths may lead to the same name of a file, not to two names of it.

    On a drive without inode numbers any two files may be one.
    """
    return _number(one) == _number(other) and one.st_nlink < 2


def _number(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def is_our_link(files: FileSystem, origin: Path, target: Path) -> bool:
    """Return whether `target` is a second name of the file at `origin`, or a symbolic link to it."""
    found = stat_or_none(files, target)
    if found is None:
        return False
    if stat.S_ISLNK(found.st_mode):
        return files.read_link(target) == origin
    original = stat_or_none(files, origin)
    # One name reached in two ways (a mount, a case-insensitive folder) is not a link but the photo itself.
    return (
        original is not None
        and is_regular(found)
        and is_same_file(found, original)
        and not is_one_name(found, original)
    )


@contextmanager
def _where_supported() -> Iterator[None]:
    """Ignore errors for attributes that the file system does not support or has no space for."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise


def _require_regular(descriptor: int) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def _forget_cached(descriptor: int) -> None:
    """Drop a file from the page cache, so that a check reads the disk and not the memory."""
    if hasattr(os, "posix_fadvise"):  # pragma: no branch - Linux has it
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


@cache
def _linux_rename() -> Callable[[bytes, bytes], int] | None:
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):  # pragma: no cover - glibc before 2.28
        return None
    working_folder, no_replace = -100, 1  # AT_FDCWD, RENAME_NOREPLACE of linux/fs.h
    return lambda source, target: int(library.renameat2(working_folder, source, working_folder, target, no_replace))


@cache
def _mac_rename() -> Callable[[bytes, bytes], int] | None:  # pragma: no cover - macOS
    library = ctypes.CDLL(None, use_errno=True)
    exclusive = 4  # RENAME_EXCL of sys/stdio.h
    return lambda source, target: int(library.renamex_np(source, target, exclusive))


def _rename_without_replacing(source: Path, target: Path) -> None:
    if os.name == "nt":  # pragma: no cover - on Windows renaming never replaces
        source.rename(target)
        return
    rename = {"linux": _linux_rename, "darwin": _mac_rename}.get(sys.platform, lambda: None)()
    if rename is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(source), None, str(target))
    if rename(os.fsencode(source), os.fsencode(target)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(source), None, str(target))
