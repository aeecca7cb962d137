"""Runs only the latest request, off the GUI thread; used by the inspector."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from flowersorter.jobs.worker_threads import WorkerPool

#: How long `shutdown` waits for a running call, which is then left behind.
END_WITHIN_S = 0.5
#: A call that runs for this time no longer delays the next one, unless there are too many such calls.
SLOW_AFTER_S = 2.0
MOST_THREADS = 4


@dataclass(frozen=True, slots=True)
class _Request:
    number: int
    key: object
    call: Callable[[], object]


class LatestOnly(QObject):
    """One request runs, at most one waits; an older request and its late result are dropped.

    Lives in the GUI thread, has a thread of its own that ends when there is nothing to do. A call that does not end,
    such as that of a decoder busy for hours, is left behind in its thread.

    Args:
        slow_after_s: How long a call may delay the next one.

    Signals:
        loaded(key, result): The latest request succeeded.
        failed(key, error): The latest request failed.
    """

    loaded = Signal(object, object)
    failed = Signal(object, object)

    _done = Signal(int, object, object, object)

    def __init__(self, parent: QObject | None = None, *, slow_after_s: float = SLOW_AFTER_S) -> None:
        super().__init__(parent)
        self._number = 0
        self._slow_timer = QTimer(self, interval=round(1000 * slow_after_s))
        self._slow_timer.timeout.connect(self._on_slow)
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._request: _Request | None = None
        self._calls = set[_Request]()
        self._before = set[_Request]()  # those running when the timer was started
        self._slow = set[_Request]()  # of these, the ones that delay no other
        self._threads = 0
        self._pool = WorkerPool(MOST_THREADS, name="latest only")
        self._closed = False
        self._done.connect(self._on_done)

    def request(self, key: object, call: Callable[[], object]) -> None:
        """Request the result of ``call``, computed in another thread."""
        self._number += 1
        with self._lock:
            if self._closed:
                return
            self._request = _Request(self._number, key, call)
        if not self._start() and not self._slow_timer.isActive():
            self._before = set(self._calls)
            self._slow_timer.start()

    def forget(self) -> None:
        """Cancel the pending request."""
        self._number += 1
        self._slow_timer.stop()
        with self._lock:
            self._request = None

    @property
    def busy(self) -> bool:
        """Whether a call runs or waits."""
        with self._lock:
            return self._threads > 0

    def shutdown(self) -> None:
        """Cancel all requests, and wait a moment for the running call: it may use the library, which is closed next."""
        self.forget()
        with self._lock:
            self._closed = True
            self._ended.wait_for(lambda: not self._threads, END_WITHIN_S)
        self._pool.close()

    def _start(self) -> bool:
        """Start a thread unless the limit is reached; return whether it was started."""
        with self._lock:
            start = self._threads < min(MOST_THREADS, 1 + len(self._slow))
            self._threads += start
        if start:
            self._pool.submit(self._run)
        return start

    @Slot()
    def _on_slow(self) -> None:
        """Leave the calls behind that have been running since the timer was started."""
        with self._lock:
            self._slow |= self._before & self._calls
            self._before = set(self._calls)
            waiting = self._request is not None
        if not waiting or self._start():
            self._slow_timer.stop()

    @Slot(int, object, object, object)
    def _on_done(self, number: int, key: object, result: object, error: object) -> None:
        if self._request is None:
            self._slow_timer.stop()
        if number != self._number:
            return
        if error is None:
            self.loaded.emit(key, result)
        else:
            self.failed.emit(key, error)

    def _run(self) -> None:
        while True:
            with self._lock:
                request, self._request = self._request, None
                if request is None:
                    self._threads -= 1
                    self._ended.notify_all()
                    return
                self._calls.add(request)
            try:
                result, error = request.call(), None
            except Exception as fault:  # noqa: BLE001 - a thread's boundary: the fault is shown in place
                result, error = None, fault
            with self._lock:
                self._calls.discard(request)
                self._slow.discard(request)
                if not self._closed:  # else the receivers may be gone
                    self._done.emit(request.number, request.key, result, error)
