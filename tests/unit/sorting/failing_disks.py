"""Disks that count what is asked of them, fail on purpose, or kill the process."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem

#: The methods of the interface, all of which a test can stand in for.
OPERATIONS = tuple(name for name, value in vars(FileSystem).items() if callable(value) and name[0] != "_")
#: Those that only look.
READING = frozenset(
    (
        "stat",
        "stat_text",
        "stat_through",
        "list",
        "walk_sizes",
        "hash",
        "read",
        "read_link",
        "free_bytes",
        "free_files",
        "writable",
        "volume",
    )
)
CHANGING = tuple(name for name in OPERATIONS if name not in READING)

Around = Callable[[str, Callable[[], Any]], Any]


def unlistable(monkeypatch: pytest.MonkeyPatch, folder: Path, times: int, code: int = errno.EIO) -> None:
    """Let so many listings of a folder fail."""
    original, left = os.scandir, [times]

    def scandir(asked: Any) -> Any:
        if str(asked) == str(folder) and left[0]:
            left[0] -= 1
            raise OSError(code, os.strerror(code), str(folder))
        return original(asked)

    monkeypatch.setattr(os, "scandir", scandir)


class WatchedDisk(FileSystem):
    """The real disk, each call of which goes through `around(name, call)`."""

    def __init__(self, around: Around) -> None:
        self._around = around


class FailingDisk(WatchedDisk):
    """A disk that fails on purpose, and knows whether it had occasion to."""

    failed = False


def _watched(name: str) -> Callable[..., Any]:
    original = getattr(FileSystem, name)

    def call(self: WatchedDisk, *arguments: Any) -> Any:
        return self._around(name, lambda: original(self, *arguments))

    return call


for _name in OPERATIONS:
    setattr(WatchedDisk, _name, _watched(_name))


class Steps:
    """Counts steps of disk and library, and does something at one of them.

    Attributes:
        taken: The names of the steps so far.
    """

    def __init__(
        self, at: int = -1, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None
    ):
        self.taken: list[str] = []
        self._at, self._before, self._after = at, before, after

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        step = len(self.taken)
        self.taken.append(name)
        if step == self._at:
            self._before()
        try:
            return call()
        finally:
            if step == self._at:
                self._after()

    def disk(self) -> FileSystem:
        """A disk whose every call is a step."""
        return WatchedDisk(self.around)

    def watch_database(self, collection: CollectionStore) -> None:
        """Make every statement of the library a step, what begins and commits a transaction included."""
        database: Any = collection.database
        database._connection = _WatchedConnection(database._connection, self)


class Crash(BaseException):
    """The process is dead; nothing in it goes on."""


class CrashingSteps(Steps):
    """Stands for a kill within this process: from one step on, nothing is done any more.

    Args:
        at: The step.
        after: Whether that one is still done.
    """

    def __init__(self, at: int, *, after: bool) -> None:
        super().__init__(at)
        self._still_done, self.dead = after, False

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        if self.dead and name != "close":  # the system closes files by itself
            raise Crash
        if len(self.taken) != self._at:
            return super().around(name, call)
        self.dead = True
        if self._still_done:
            super().around(name, call)
        raise Crash


class _WatchedConnection:
    """A connection to a database, each statement of which is a step."""

    def __init__(self, connection: Any, steps: Steps) -> None:
        self._real, self._steps = connection, steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, sql: str, *parameters: Any) -> Any:
        return self._steps.around(sql.split(maxsplit=1)[0], lambda: self._real.execute(sql, *parameters))

    def executemany(self, sql: str, *parameters: Any) -> Any:
        return self._steps.around(sql.split(maxsplit=1)[0], lambda: self._real.executemany(sql, *parameters))


def failing(name: str, nth: int, code: int, *, after: bool = False, times: int = 1) -> FailingDisk:
    """A disk whose nth call of one method fails; with `after`, it does what is asked and says that it did not."""
    count = 0

    def around(called: str, call: Callable[[], Any]) -> Any:
        nonlocal count
        if called != name:
            return call()
        count += 1
        if not nth < count <= nth + times:
            return call()
        disk.failed = True
        if after:
            call()
        raise OSError(code, os.strerror(code))

    disk = FailingDisk(around)
    return disk


def die() -> None:
    """As a power cut would: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_and_die(work: Callable[[Steps], None], at: int, *, after: bool) -> bool:
    """Do something in a process that is killed before or after one of its steps.

    Returns:
        Whether it was killed; else it came to its end before that step.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work(Steps(at, after=die) if after else Steps(at, before=die))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, f"the child failed with status {status}"
    return status == signal.SIGKILL
