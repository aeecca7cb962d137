"""Small disks of our own: real ones, mounted where nobody else sees them, gone with the process that made them."""

from __future__ import annotations

import ctypes
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

from tests.unit.sorting.file_trees import OtherDevice, other_device

_T = TypeVar("_T")

# linux/sched.h, sys/mount.h
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_DETACH = 2


class NoMounts(Exception):
    """No disk can be mounted here."""


def apart(work: Callable[[], _T]) -> _T:
    """Do something in a process of its own, which may mount disks where the system allows it.

    Raises:
        RuntimeError: it failed; with its traceback.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            answer: tuple[bool, object]
            try:
                _own_mounts()
                answer = True, work()
            except BaseException:  # noqa: BLE001 - told to the parent, which raises it
                answer = False, traceback.format_exc()
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(answer, pipe)
            sys.stdout.flush()
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    good, result = pickle.loads(data) if data else (False, "the process died")
    if not good:
        raise RuntimeError(result)
    return cast(_T, result)


@contextmanager
def small_disk(folder: Path, options: str = "size=2m") -> Iterator[Path]:
    """A disk in memory at `folder`, which is made.

    Raises:
        NoMounts: the system does not allow it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _mount("tmpfs", folder, "tmpfs", 0, options)
    try:
        yield folder
    finally:
        unplug(folder)


def plug_in(disk: Path, folder: Path) -> None:
    """Show a disk at a second place, an empty folder.

    Raises:
        NoMounts: the system does not allow it.
    """
    _mount(str(disk), folder, "", _BIND, "")


def unplug(folder: Path) -> None:
    """Take the disk at a folder away, whatever is being done on it."""
    _call("umount2", os.fsencode(folder), _DETACH)


@contextmanager
def second_disk(folder: Path, spare: Path) -> Iterator[Path]:
    """A folder on another device than the one around `folder`: in memory where disks can be mounted, else `spare`.

    Raises:
        OtherDevice: there is none.
    """
    try:
        with small_disk(folder, "size=512m") as disk:
            yield disk
    except NoMounts:
        if spare.stat().st_dev == folder.parent.stat().st_dev:
            raise OtherDevice("there is no second device to write to") from None
        yield spare


@contextmanager
def memory(folder: Path) -> Iterator[Path]:
    """A folder in memory if there is any, as thousands of waits for a disk take minutes and show nothing more."""
    try:
        with other_device(folder) as place:
            yield place
    except OtherDevice:
        yield folder


def _own_mounts() -> None:
    """What this process mounts from here on, nobody else sees; where that cannot be had, it may not mount."""
    global _allowed  # noqa: PLW0603 - of this process, which is our own
    if sys.platform != "linux":
        return
    _allowed = True
    user, group = os.getuid(), os.getgid()
    try:
        if user == 0:
            _call("unshare", _NEW_MOUNTS)
        else:
            _call("unshare", _NEW_MOUNTS | _NEW_USER)
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")
        _mount("none", Path("/"), "", _RECURSIVE | _PRIVATE, "")
    except (NoMounts, OSError):
        _allowed = False


#: Only in a process of its own: what it mounts is gone with it.
_allowed = False


def _mount(what: str, where: Path, kind: str, flags: int, options: str) -> None:
    if not _allowed:
        raise NoMounts("no disk can be mounted here: that takes root, or a system that lets people have mounts")
    _call("mount", os.fsencode(what), os.fsencode(where), kind.encode() or None, flags, options.encode() or None)


def _call(name: str, *arguments: bytes | int | None) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        raise NoMounts(f"{name}: {os.strerror(ctypes.get_errno())}")
