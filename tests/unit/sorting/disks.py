"""Disks that count what is asked of them, fail on purpose, or kill the process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flowersorter.library.garden import Garden
from flowersorter.sorting.files import FileSystem

#: The methods of the interface, all of which a test can stand in for.
OPERATIONS = tuple(name for name, value in vars(FileSystem).items() if callable(value) and name[0] != "_")
#: Those that only look.
READING = frozenset(("stat", "stat_through", "list", "hash", "read_link", "free_bytes", "writable"))
CHANGING = tuple(name for name in OPERATIONS if name not in READING)

Around = Callable[[str, Callable[[], Any]], Any]


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

    def watch_library(self, garden: Garden) -> None:
        """Make every outermost transaction a step, too; so is the moment before its end."""
        transaction = garden.database.transaction
        depth = 0

        @contextmanager
        def watched() -> Iterator[Any]:
            nonlocal depth
            if depth:
                with transaction() as connection:
                    yield connection
                return
            depth += 1
            try:
                with self._step("transaction"), transaction() as connection:
                    yield connection
                    self.around("commit", lambda: None)
            finally:
                depth -= 1

        garden.database.transaction = watched  # type: ignore[method-assign]

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        step = len(self.taken)
        self.taken.append(name)
        if step == self._at:
            self._before()
        try:
            yield
        finally:
            if step == self._at:
                self._after()


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
