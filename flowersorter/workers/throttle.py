"""Lets only so many events through: by the clock in a worker, by one shot of a timer in the window."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot


class RateLimit:
    """Says whether the next event may pass; has no timer, so it can live in any thread.

    Args:
        per_second: How many events may pass in a second.
        clock: Seconds that only grow; tests bring their own.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = 1 / per_second
        self._clock = clock
        self._next_s = clock()

    def due(self) -> bool:
        """Whether an event may pass now; when it may, the next one has to wait."""
        now = self._clock()
        if now < self._next_s:
            return False
        self._next_s = now + self._interval_s
        return True


class Coalescer(QObject):
    """Turns many calls of `poke` into one `fired` a little later; its timer runs only in between.

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
        """Ask for one `fired`; asking again before it comes changes nothing."""
        if not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """Cancel the pending signal."""
        self._timer.stop()
