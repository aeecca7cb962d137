"""Runs short operations on the library off the GUI thread, so that the window does not wait for its lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QEventLoop, QObject, QThread, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.workers.job_worker import Job, JobWorker
from flowersorter.workers.turns import Turns, in_turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Operation:
    done: Callable[[Any], None] | None
    failed: Callable[[Exception], None] | None
    changes: Changes


class LibraryQueue(QObject):
    """Runs operations in the order they were submitted, in one long-lived thread; lives in the GUI thread.

    An operation takes milliseconds, cannot be cancelled and is never dropped: all those submitted before `shutdown` are
    done when it returns. A later operation sees the results of an earlier one: an undo may read data that its redo
    stored.

    Args:
        turns: Shared with other threads' news; None for its own.

    Signals:
        changed(Changes): An operation or a job changed these parts of the library; comes after its `done`.
        failed(error): An operation failed that has no `failed` of its own.
        rested(): No operation waits or runs any more.
    """

    changed = Signal(object)
    failed = Signal(object)
    rested = Signal()

    _run = Signal(object)

    def __init__(self, parent: QObject | None = None, *, turns: Turns | None = None) -> None:
        super().__init__(parent)
        self._operations: dict[int, _Operation] = {}  # those that wait or run, or whose `done` was not called yet
        self._last_id = 0
        self._closed = False
        self._turns = turns if turns is not None else Turns(self)
        self._thread = QThread()
        self._thread.setObjectName("library")
        self._worker = JobWorker()
        self._worker.moveToThread(self._thread)
        self._run.connect(self._worker.run)
        self._worker.succeeded.connect(self._on_succeeded)
        self._worker.failed.connect(self._on_failed)
        self._thread.start()

    def submit(
        self,
        operation: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        changes: Changes = Changes.NOTHING,
    ) -> None:
        """Run an operation after all those submitted before; does nothing after `shutdown`.

        Args:
            operation: Runs in the thread of the library, on frozen data.
            done: Called in the GUI thread with the result.
            failed: Called in the GUI thread with its error.
            changes: The parts of the library that it changes if it succeeds.
        """
        if self._closed:
            return
        self._last_id += 1
        self._operations[self._last_id] = _Operation(done, failed, changes)
        self._run.emit(Job(self._last_id, "", lambda _report, _cancel: operation()))

    def announce(self, changes: Changes) -> None:
        """Report that a job changed these parts of the library."""
        if changes and not self._closed:
            self.changed.emit(changes)

    def barrier(self) -> threading.Event:
        """An event that is set once everything submitted before is done."""
        passed = threading.Event()
        if self._operations:
            self.submit(passed.set)
        else:
            passed.set()
        return passed

    @property
    def busy(self) -> bool:
        """Whether an operation waits or runs, or its `done` was not called yet."""
        return bool(self._operations)

    def shutdown(self) -> None:
        """Wait until all submitted operations are done, and end the thread."""
        if self.busy:
            loop = QEventLoop()
            self.rested.connect(loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        self._closed = True
        self._thread.quit()
        self._thread.wait()

    @Slot(int, object)
    @in_turn
    def _on_succeeded(self, operation_id: int, result: object) -> None:
        operation = self._operations.pop(operation_id)
        try:
            if operation.done is not None:
                operation.done(result)
            self.announce(operation.changes)
        finally:
            self._tell_if_at_rest()

    @Slot(int, object)
    @in_turn
    def _on_failed(self, operation_id: int, error: Exception) -> None:
        operation = self._operations.pop(operation_id)
        try:
            if operation.failed is not None:
                operation.failed(error)
            else:
                self.failed.emit(error)
        finally:
            self._tell_if_at_rest()

    def _tell_if_at_rest(self) -> None:
        if not self._operations:
            self.rested.emit()
