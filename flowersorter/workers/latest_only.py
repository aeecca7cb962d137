"""Runs only the latest request, off the GUI thread; used by the inspector."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QThreadPool, Signal, Slot


@dataclass(frozen=True, slots=True)
class _Wish:
    number: int
    key: object
    call: Callable[[], object]


class LatestOnly(QObject):
    """One request runs, at most one waits; an older request and its late result are dropped.

    Lives in the GUI thread, has a small thread of its own that ends when there is nothing to do.

    Signals:
        loaded(key, result): The latest request succeeded.
        failed(key, error): The latest request failed.
    """

    loaded = Signal(object, object)
    failed = Signal(object, object)

    _done = Signal(int, object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads = QThreadPool()
        self._threads.setMaxThreadCount(1)
        self._number = 0
        self._lock = threading.Lock()
        self._wish: _Wish | None = None
        self._active = False
        self._done.connect(self._on_done)

    def request(self, key: object, call: Callable[[], object]) -> None:
        """Request the result of ``call``, computed in another thread."""
        self._number += 1
        with self._lock:
            self._wish = _Wish(self._number, key, call)
            start, self._active = not self._active, True
        if start:
            self._threads.start(self._run)

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
        """Forget everything and wait for the call in hand."""
        self.forget()
        self._threads.waitForDone()

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
                    return
            try:
                result, error = wish.call(), None
            except Exception as fault:  # noqa: BLE001 - a thread's boundary: the fault is shown in place
                result, error = None, fault
            self._done.emit(wish.number, wish.key, result, error)
