"""Runs only the latest request, off the GUI thread; used by the inspector."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.jobs.worker_threads import start_worker

#: How long `shutdown` waits for a call; one that takes longer is left behind.
END_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True)
class _Wish:
    number: int
    key: object
    call: Callable[[], object]


class LatestOnly(QObject):
    """One request runs, at most one waits; an older request and its late result are dropped.

    Lives in the GUI thread, has a thread of its own that ends when there is nothing to do.

    Signals:
        loaded(key, result): The latest request succeeded.
        failed(key, error): The latest request failed.
    """

    loaded = Signal(object, object)
    failed = Signal(object, object)

    _done = Signal(int, object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._number = 0
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._wish: _Wish | None = None
        self._active = self._closed = False
        self._done.connect(self._on_done)

    def request(self, key: object, call: Callable[[], object]) -> None:
        """Request the result of ``call``, computed in another thread."""
        self._number += 1
        with self._lock:
            if self._closed:
                return
            self._wish = _Wish(self._number, key, call)
            start, self._active = not self._active, True
        if start:
            start_worker(self._run, "latest only")

    def forget(self) -> None:
        """Cancel the pending request."""
        self._number += 1
        with self._lock:
            self._wish = None

    @property
    def busy(self) -> bool:
        """Whether a call is made or waits."""
        with self._lock:
            return self._active

    def shutdown(self) -> None:
        """Forget everything, and wait a moment for the call in hand: it may use the library, which is closed next."""
        self.forget()
        with self._lock:
            self._closed = True
            self._ended.wait_for(lambda: not self._active, END_WITHIN_S)

    @Slot(int, object, object, object)
    def _on_done(self, number: int, key: object, result: object, error: object) -> None:
        if number != self._number:
            return
        if error is None:
            self.loaded.emit(key, result)
        else:
            self.failed.emit(key, error)

    def _run(self) -> None:
        while True:
            with self._lock:
                wish, self._wish = self._wish, None
                if wish is None:
                    self._active = False
                    self._ended.notify_all()
                    return
            try:
                result, error = wish.call(), None
            except Exception as fault:  # noqa: BLE001 - a thread's boundary: the fault is shown in place
                result, error = None, fault
            with self._lock:
                if not self._closed:  # else the receivers may be gone
                    self._done.emit(wish.number, wish.key, result, error)
