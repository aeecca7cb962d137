"""Runs one job after another in the worker thread, and reports on each by signals."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.workers.free_memory import give_back_memory
from flowersorter.workers.throttle import RateLimit

SIGNALS_PER_SECOND = 15
#: After a job that took so long, memory is given back: it may have been about very many photos.
LONG_S = 5.0

Call = Callable[[Report, CancelToken], object]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A call on frozen data, to be made by the worker.

    Attributes:
        id: Identifies the job in every signal.
        title: The title for the status bar ("Scanning photos").
        call: Runs in the worker thread.
        cancel: Set in the GUI thread, checked in the worker thread.
    """

    id: int
    title: str
    call: Call
    cancel: CancelToken = field(default_factory=CancelToken)


class JobWorker(QObject):
    """Lives in the worker thread; `run` is the only way in.

    Signals:
        started(id, title): The job begins.
        progressed(id, Progress): At most 15 a second.
        reported(id, list): Everything else the job reported since the last time, in order.
        succeeded(id, result), failed(id, error), cancelled(id): The outcome; exactly one of them.
        finished(id): Always comes, and comes last.
    """

    started = Signal(int, str)
    progressed = Signal(int, object)
    reported = Signal(int, object)
    succeeded = Signal(int, object)
    failed = Signal(int, object)
    cancelled = Signal(int)
    finished = Signal(int)

    @Slot(object)
    def run(self, job: Job) -> None:
        """Run the job to its end; no exception leaves this method."""
        news, began_s = _News(self, job.id), time.monotonic()
        self.started.emit(job.id, job.title)
        try:
            job.cancel.check()
            result = job.call(news.take, job.cancel)
        except Cancelled:
            news.flush()
            self.cancelled.emit(job.id)
        except Exception as error:  # noqa: BLE001 - the worker boundary: every fault reaches the person
            news.flush()
            self.failed.emit(job.id, error)
        else:
            news.flush()
            self.succeeded.emit(job.id, result)
        finally:
            self.finished.emit(job.id)
            if time.monotonic() - began_s >= LONG_S:
                give_back_memory()


@runtime_checkable
class Joinable(Protocol):
    """Reports that can be joined with the next of their kind, so that the window shows them in one step."""

    @classmethod
    def joined(cls, parts: Sequence[Any]) -> object:
        """All parts, oldest first, as one."""


def _joined(news: Sequence[object]) -> list[object]:
    """Join consecutive reports of one kind where possible, in their order."""
    joined: list[object] = []
    for _, group in groupby(news, type):
        parts = list(group)
        joined += [parts[0].joined(parts)] if len(parts) > 1 and isinstance(parts[0], Joinable) else parts
    return joined


class _News:
    """Collects the reports of a job and emits them in blocks, no faster than the window can use them."""

    def __init__(self, worker: JobWorker, job_id: int) -> None:
        self._worker, self._job_id = worker, job_id
        self._progress_limit, self._block_limit = RateLimit(SIGNALS_PER_SECOND), RateLimit(SIGNALS_PER_SECOND)
        self._stage: str | None = None
        self._progress: Progress | None = None
        self._blocks: list[object] = []

    def take(self, news: object) -> None:
        """Take a report; passed to the job as its `Report`."""
        begins = isinstance(news, Progress) and news.stage != self._stage
        if isinstance(news, Progress):
            self._progress = news
            if self._progress_limit.due() or begins:
                self._send_progress()
        else:
            self._blocks.append(news)
        # The first report of a new stage may take long: it must not delay the last one of the old stage.
        if self._blocks and (self._block_limit.due() or begins):
            self._send_blocks()

    def flush(self) -> None:
        """Emit the remaining reports."""
        self._send_blocks()
        self._send_progress()

    def _send_progress(self) -> None:
        if self._progress is not None:
            self._stage = self._progress.stage
            self._worker.progressed.emit(self._job_id, self._progress)
            self._progress = None

    def _send_blocks(self) -> None:
        if self._blocks:
            self._worker.reported.emit(self._job_id, _joined(self._blocks))
            self._blocks = []
