"""Slows down a job that reads much, so that other programs keep their disk and processor."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from flowersorter.jobs.progress import CancelToken

#: On Linux a thread has a priority of its own; 19 is the lowest.
_NICE = 10


class Pace:
    """Keeps a job to a number of bytes a second on average, without catching up on time that it lost.

    Args:
        bytes_per_s: At most; None for no limit.
        cancel: Ends a wait.
        clock: Seconds; for tests.
    """

    def __init__(
        self, bytes_per_s: float | None, cancel: CancelToken, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bytes_per_s, self._cancel, self._clock = bytes_per_s, cancel, clock
        self._free_at = clock()

    def spend(self, size_bytes: int) -> None:
        """Take account of bytes that were read, and wait as long as they take at this pace.

        Raises:
            Cancelled: asked to stop.
        """
        self._cancel.check()
        if self._bytes_per_s is None:
            return
        now = self._clock()
        self._free_at = max(self._free_at, now) + size_bytes / self._bytes_per_s
        if self._free_at > now:
            self._cancel.wait(self._free_at - now)


def step_back() -> None:
    """Lower the priority of this thread, where the system has one for each thread; for a thread that ends soon."""
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
