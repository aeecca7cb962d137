"""Limits the rate of events: by the clock in a worker, by a single-shot timer in the window."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot


class RateLimit:
    """Decides whether the next event may pass; has no timer, so it can live in any thread.

    Args:
        per_second: Most events in a second.
        clock: A monotonic clock, in seconds; tests pass their own.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 1 / per_second
        self._clock = clock
        self._next_s = clock()

    def due(self) -> bool:
        """Return whether an event may pass now; if so, the next one has to wait."""
        now = self._clock()
        if now < self._next_s:
            return False
        self._next_s = now + self._interval_s
        return True


class Coalescer(QObject):
    """Turns several calls of `poke` into one `fired` a little later; its timer runs only in between.

    Lives in the GUI thread.

    Signals:
        fired: Enough time has passed since the first poke.
    """

    fired = Signal()

    def __init__(self, delay_ms: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(delay_ms)
        self._timer.timeout.connect(self.fired)

    @Slot()
    def poke(self) -> None:
        """Request one `fired`; further requests before it have no effect."""
        if not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """Cancel the pending signal."""
        self._timer.stop()
