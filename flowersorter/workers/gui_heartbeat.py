"""Worker threads pause while the GUI thread is behind."""

from __future__ import annotations

import math
import threading
import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

BEAT_MS = 5
#: A beat is late after this time: the event loop has been in one handler for nearly as long.
LATE_AFTER_S = 0.008
#: A pause ends after this time without a beat, and none follows before the next beat: the window may be suspended, as
#: macOS does with a hidden one, or be waiting for the worker.
MOST_S = 0.1
#: The timer stops after this many beats without a worker that asks.
REST_BEATS = 40


class GuiHeartbeat(QObject):
    """A timer on the GUI thread that worker threads watch.

    Python threads share one interpreter in equal parts, and the GUI thread has to win it back after each call of Qt
    that lets go of it: beside a worker that computes in Python, a paint of 30 ms takes 100. A worker calls `give_way`
    at its safe points. The timer runs only while one does.

    Args:
        parent: Owns this object.
        late_after_s: Time after a beat from which workers wait for the next one.
        most_s: How long a worker waits at most.
    """

    _wanted = Signal()

    def __init__(
        self, parent: QObject | None = None, *, late_after_s: float = LATE_AFTER_S, most_s: float = MOST_S
    ) -> None:
        super().__init__(parent)
        self._late_after_s, self._most_s = late_after_s, most_s
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._wanted.connect(self._begin, Qt.ConnectionType.QueuedConnection)
        self._beaten = threading.Event()
        self._is_beating = self._is_asked = self._stopped = False
        self._beats_without = 0
        self._late_at_s = math.inf

    @property
    def beating(self) -> bool:
        """Whether the timer runs."""
        return self._timer.isActive()

    def give_way(self) -> None:
        """Wait while the GUI thread is behind; called from worker threads."""
        self._is_asked = True
        if not self._is_beating:
            self._is_beating = True
            self._wanted.emit()
        elif time.perf_counter() > self._late_at_s:
            self._beaten.clear()
            if not self._beaten.wait(self._most_s):
                self._late_at_s = math.inf

    def stop(self) -> None:
        """Let no worker wait any more."""
        self._stopped = self._is_beating = True  # no worker asks for it again
        self._rest()

    @Slot()
    def _begin(self) -> None:
        if not self._stopped:
            self._timer.start()
            self._beat()

    @Slot()
    def _beat(self) -> None:
        self._late_at_s = time.perf_counter() + self._late_after_s
        self._beaten.set()
        self._beats_without = 0 if self._is_asked else self._beats_without + 1
        self._is_asked = False
        if self._beats_without > REST_BEATS:
            self._rest()
            self._is_beating = False

    def _rest(self) -> None:
        self._timer.stop()
        self._late_at_s = math.inf
        self._beaten.set()
