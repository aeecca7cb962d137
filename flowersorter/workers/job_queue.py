"""The GUI side of the worker thread: queue, cancellation, callbacks and shutdown."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEventLoop, QObject, QThread, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.workers.gui_heartbeat import GuiHeartbeat
from flowersorter.workers.job_worker import Call, Job, JobWorker
from flowersorter.workers.turns import Turns, in_turn


@dataclass(frozen=True, slots=True)
class Listener:
    """Callbacks of one job; each runs in the GUI thread, once per signal.

    The error of a job without `failed` is sent only by `JobQueue.failed`.
    """

    reported: Callable[[object], None] | None = None
    succeeded: Callable[[object], None] | None = None
    failed: Callable[[Exception], None] | None = None
    cancelled: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class FilesJob:
    """A job that changes photo files, running or waiting.

    Attributes:
        title: Its title, for the person.
        progress: Its last report; None before the first.
    """

    title: str
    progress: Progress | None


@dataclass(slots=True)
class _Entry:
    title: str
    call: Call
    listener: Listener
    background: bool
    changes: Changes
    changes_files: bool
    progress: Progress | None = None
    preempted: bool = False  # cancelled to make way; starts again unless it had finished
    stale: bool = False  # starts again even if it finished before it noticed the request
    over: bool = False  # it has ended: it is neither preempted nor restarted

    def settle(self) -> None:
        """Note that the job has ended, however fast it was."""
        self.over, self.preempted = True, False


class JobQueue(QObject):
    """Runs one job at a time in one long-lived thread; lives in the GUI thread.

    A *background* job can be preempted: when another job is submitted it is cancelled and starts again behind it,
    under the same id. That suits the prediction of a folder, which loses nothing by it.

    Args:
        barrier: Returns an event that a job waits for before it begins: all labels given so far are stored.
        turns: Shared with other threads' news; None for its own.
        heartbeat: Of the GUI thread, to which jobs give way; None for its own.

    Signals:
        started(id, title), progressed(id, Progress), succeeded(id, result), cancelled(id), finished(id):
            As `JobWorker` has them, but never for a job that was dropped.
        reported(id, item): One signal for each thing reported.
        failed(id, error): The job ended with this error, and its listener does not handle it.
        changed(Changes): A job may have changed these parts of the library, to its end or in part.
        busy_changed(bool): Whether any job runs or waits.
    """

    started = Signal(int, str)
    progressed = Signal(int, object)
    reported = Signal(int, object)
    succeeded = Signal(int, object)
    failed = Signal(int, object)
    cancelled = Signal(int)
    finished = Signal(int)
    changed = Signal(object)
    busy_changed = Signal(bool)

    _run = Signal(object)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        barrier: Callable[[], threading.Event] | None = None,
        turns: Turns | None = None,
        heartbeat: GuiHeartbeat | None = None,
    ) -> None:
        super().__init__(parent)
        self._barrier = barrier
        self._heartbeat = heartbeat if heartbeat is not None else GuiHeartbeat(self)
        self._entries: dict[int, _Entry] = {}  # all jobs that wait or run and were not dropped
        self._waiting: deque[int] = deque()
        self._running: Job | None = None
        self._changes = Changes.NOTHING  # the changes of the running job, dropped or not
        self._last_id = 0
        self._closing = False
        self._last_loop: QEventLoop | None = None  # runs while `shutdown` waits for the job in hand
        self._turns = turns if turns is not None else Turns(self)
        self._thread = QThread()
        self._thread.setObjectName("jobs")
        self._worker = JobWorker()
        self._worker.moveToThread(self._thread)
        self._run.connect(self._worker.run)
        self._worker.started.connect(self._on_started)
        self._worker.progressed.connect(self._on_progressed)
        self._worker.reported.connect(self._on_reported)
        self._worker.succeeded.connect(self._on_succeeded)
        self._worker.failed.connect(self._on_failed)
        self._worker.cancelled.connect(self._on_cancelled)
        self._worker.finished.connect(self._on_finished)
        self._thread.start()

    # -- requests of the window

    def cancel_token(self) -> CancelToken:
        """A new token whose checks let the GUI thread go first."""
        return CancelToken(at_check=self._heartbeat.give_way)

    def submit(
        self,
        title: str,
        call: Call,
        listener: Listener | None = None,
        *,
        background: bool = False,
        changes: Changes = Changes.NOTHING,
        changes_files: bool = False,
    ) -> int:
        """Queue a job and return its id; no job is run after `shutdown`.

        Args:
            title: Its title, for the person.
            call: Runs in the worker thread, on frozen data.
            listener: Called for this job only.
            background: Whether later jobs preempt this one.
            changes: The parts of the library that it changes.
            changes_files: Whether it copies, moves or deletes photos; see `files_job`.
        """
        self._last_id += 1
        if self._closing:
            return self._last_id
        was_busy = self.busy
        self._entries[self._last_id] = _Entry(title, call, listener or Listener(), background, changes, changes_files)
        if background:
            self._waiting.append(self._last_id)
        else:
            ahead = sum(1 for job_id in self._waiting if not self._entries[job_id].background)
            self._waiting.insert(ahead, self._last_id)
            self._make_way()
        if not was_busy:
            self.busy_changed.emit(True)
        self._start_next()
        return self._last_id

    def cancel(self, job_id: int) -> None:
        """Ask this job to stop; one that waits never starts."""
        if self._running is not None and self._running.id == job_id:
            if job_id in self._entries:
                self._entries[job_id].preempted = self._entries[job_id].stale = False
            self._running.cancel.cancel()
        elif job_id in self._waiting:
            self._waiting.remove(job_id)
            self._end(job_id, self.cancelled)

    def cancel_current(self) -> None:
        """Ask the running job to stop."""
        if self._running is not None:
            self.cancel(self._running.id)

    def begin_again(self, job_id: int) -> None:
        """Restart a running background job, because its inputs have changed.

        Results not yet delivered are dropped.
        """
        entry = self._entries.get(job_id)
        if self._running is None or self._running.id != job_id or entry is None or not entry.background:
            return
        if entry.preempted or not self._running.cancel.cancelled:  # else it was cancelled by the person
            entry.stale = not entry.over
            self._running.cancel.cancel()

    def drop(self, job_id: int) -> None:
        """Cancel this job and drop all its later signals."""
        self._entries.pop(job_id, None)
        if job_id in self._waiting:
            self._waiting.remove(job_id)
            self._tell_if_idle()
        self.cancel(job_id)

    def alive(self, job_id: int) -> bool:
        """Whether this job waits or runs and has not ended yet."""
        entry = self._entries.get(job_id)
        return entry is not None and not entry.over

    @property
    def files_job(self) -> FilesJob | None:
        """The first job that changes photo files and was not asked to stop; None where there is none."""
        stopping = self._running.id if self._running is not None and self._running.cancel.cancelled else 0
        for job_id, entry in self._entries.items():
            if entry.changes_files and not entry.over and job_id != stopping:
                return FilesJob(entry.title, entry.progress)
        return None

    @property
    def busy(self) -> bool:
        """Whether any job waits or runs."""
        return bool(self._waiting) or self._running is not None

    def shutdown(self) -> None:
        """Stop everything in stages: cancel, let the running job reach its safe point, end the thread.

        Waits as long as the job needs; a photo that is just being filed is filed to its end.
        """
        self._closing = True
        for job_id in list(self._waiting):
            self.drop(job_id)
        if self._running is not None:
            self._entries.pop(self._running.id, None)
            self._running.cancel.cancel()
            self._last_loop = QEventLoop()
            self._last_loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        self._thread.quit()
        self._thread.wait()
        self._heartbeat.stop()

    # -- the queue

    def _make_way(self) -> None:
        if self._running is None:
            return
        entry = self._entries.get(self._running.id)
        if entry is not None and entry.background and not entry.over and not self._running.cancel.cancelled:
            entry.preempted = True
            self._running.cancel.cancel()

    def _start_next(self) -> None:
        if self._running is not None or not self._waiting:
            return
        job_id = self._waiting.popleft()
        entry = self._entries[job_id]
        entry.preempted = entry.stale = False
        call = entry.call if self._barrier is None else _after(self._barrier(), entry.call)
        self._running, self._changes = Job(job_id, entry.title, call, self.cancel_token()), entry.changes
        self._run.emit(self._running)

    def _end(self, job_id: int, how: object) -> None:
        """Emit the end of a job that never ran."""
        entry = self._entries.pop(job_id, None)
        if entry is not None:
            if entry.listener.cancelled is not None:
                entry.listener.cancelled()
            self.cancelled.emit(job_id)
            self.finished.emit(job_id)
        self._tell_if_idle()

    def _tell_if_idle(self) -> None:
        if not self.busy:
            self.busy_changed.emit(False)

    # -- signals of the worker

    @Slot(int, str)
    @in_turn
    def _on_started(self, job_id: int, title: str) -> None:
        if job_id in self._entries:
            self.started.emit(job_id, title)

    @Slot(int, object)
    @in_turn
    def _on_progressed(self, job_id: int, progress: Progress) -> None:
        entry = self._entries.get(job_id)
        if entry is not None and not entry.stale:
            entry.progress = progress
            self.progressed.emit(job_id, progress)

    @Slot(int, object)
    @in_turn
    def _on_reported(self, job_id: int, blocks: list[object]) -> None:
        for item in blocks:
            entry = self._entries.get(job_id)
            if entry is None or entry.stale:
                return
            if entry.listener.reported is not None:
                entry.listener.reported(item)
            self.reported.emit(job_id, item)

    @Slot(int, object)
    @in_turn
    def _on_succeeded(self, job_id: int, result: object) -> None:
        entry = self._entries.get(job_id)
        if entry is not None and not entry.stale:
            entry.settle()
            if entry.listener.succeeded is not None:
                entry.listener.succeeded(result)
            self.succeeded.emit(job_id, result)

    @Slot(int, object)
    @in_turn
    def _on_failed(self, job_id: int, error: Exception) -> None:
        entry = self._entries.get(job_id)
        if entry is not None and not entry.stale:
            entry.settle()
            if entry.listener.failed is not None:
                entry.listener.failed(error)
            else:
                self.failed.emit(job_id, error)

    @Slot(int)
    @in_turn
    def _on_cancelled(self, job_id: int) -> None:
        entry = self._entries.get(job_id)
        if entry is not None and not entry.preempted and not entry.stale:
            entry.settle()
            if entry.listener.cancelled is not None:
                entry.listener.cancelled()
            self.cancelled.emit(job_id)

    @Slot(int)
    @in_turn
    def _on_finished(self, job_id: int) -> None:
        self._running = None
        if self._changes and not self._closing:
            self.changed.emit(self._changes)
        entry = self._entries.get(job_id)
        if entry is not None and (entry.preempted or entry.stale):
            self._waiting.append(job_id)
        elif entry is not None:
            del self._entries[job_id]
            self.finished.emit(job_id)
        if self._last_loop is not None:
            self._last_loop.quit()
        self._start_next()
        self._tell_if_idle()


def _after(event: threading.Event, call: Call) -> Call:
    def run(report: Report, cancel: CancelToken) -> object:
        event.wait()
        cancel.check()
        return call(report, cancel)

    return run
