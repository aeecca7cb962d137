"""Waits until changes that are reported one by one have come to rest."""

from __future__ import annotations

import threading
import time

from flowersorter.jobs.progress import CancelToken

#: Seconds without a change after which a group of files is taken to be complete.
QUIET_S = 2.0
#: Seconds after the first change at which it is reported even though changes go on.
AT_MOST_S = 30.0
_CHECK_EVERY_S = 0.5


class ChangeHints:
    """Collects hints from other threads that something changed.

    Args:
        quiet_s: As `QUIET_S`.
        at_most_s: As `AT_MOST_S`.
    """

    def __init__(self, quiet_s: float = QUIET_S, at_most_s: float = AT_MOST_S) -> None:
        self._quiet_s, self._at_most_s = quiet_s, at_most_s
        self._condition = threading.Condition()
        self._first_s: float | None = None
        self._last_s = 0.0

    def add(self) -> None:
        """Note a change that happened now."""
        with self._condition:
            self._last_s = time.monotonic()
            if self._first_s is None:
                self._first_s = self._last_s
                self._condition.notify_all()

    def wait(self, cancel: CancelToken, timeout_s: float | None = None) -> bool:
        """Wait for a change, then until there was none for a while.

        Args:
            cancel: Ends the wait.
            timeout_s: The longest wait; None for any.

        Returns:
            Whether something changed; False after the timeout.

        Raises:
            Cancelled: asked to stop.
        """
        end = None if timeout_s is None else time.monotonic() + timeout_s
        with self._condition:
            while True:
                cancel.check()
                now = time.monotonic()
                if self._first_s is not None and now >= self._rest_s(self._first_s):
                    self._first_s = None
                    return True
                if end is not None and now >= end:
                    return False
                # A signal that cancels does not wake the thread.
                rest = None if self._first_s is None else self._rest_s(self._first_s)
                due = [each - now for each in (end, rest) if each is not None]
                self._condition.wait(min((_CHECK_EVERY_S, *due)))

    def _rest_s(self, first_s: float) -> float:
        return min(self._last_s + self._quiet_s, first_s + self._at_most_s)
