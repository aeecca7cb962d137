"""Refile: sorted photos follow a label change into the folder of their class, and go back on undo."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import worded
from flowersorter.sorting.undo import UndoResult
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.job_worker import Call
from flowersorter.workflows.filing.refile import RefileRequest, RefileResult, refile
from flowersorter.workflows.filing.refile_runs import RefileRuns


class RefileController(QObject):
    """Runs the moves of sorted photos that follow a label change, in the job thread.

    Signals:
        files_changed(): Photos moved on disk.
    """

    files_changed = Signal()

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._runs = RefileRuns()

    def follow(self, correction: int, photo_ids: Iterable[int]) -> None:
        """Move the filed ones among these photos to the class they have now.

        Args:
            correction: A number to take it back by.
            photo_ids: The photos that were corrected.
        """
        request = RefileRequest(tuple(photo_ids))

        def job(report: Report, cancel: CancelToken) -> RefileResult:
            return refile(self._session.engine, request, self._runs.remembering(correction, report), cancel)

        self._submit(self.tr("Moving sorted photos to their class folders"), job)

    def take_back(self, correction: int) -> None:
        """Move the photos of a correction back to where they were filed before; does nothing where none followed."""
        engine = self._session.engine

        def job(report: Report, cancel: CancelToken) -> list[UndoResult]:
            return self._runs.move_back(engine, correction, report, cancel)

        if correction in self._runs or self._session.queue.busy:
            self._submit(self.tr("Moving sorted photos back"), job)

    def _submit(self, title: str, job: Call) -> None:
        listener = Listener(succeeded=self._on_done, failed=self._on_failed, cancelled=self.files_changed.emit)
        self._session.queue.submit(title, job, listener)

    def _on_failed(self, error: Exception) -> None:
        self._front.complain(error)
        self.files_changed.emit()  # some may have moved before

    def _on_done(self, result: object) -> None:
        if isinstance(result, RefileResult):
            self._say(result)
        self.files_changed.emit()

    def _say(self, result: RefileResult) -> None:
        moved = self.tr("1 sorted photo moved to its class folder.")
        if result.moved != 1:
            moved = self.tr("{0} sorted photos moved to their class folders.").format(result.moved)
        if result.left:
            first = result.left[0]
            moved += " " + self.tr("Not moved: {0} ({1}: {2}).").format(
                len(result.left), first.path.name, worded(first.reason)
            )
        self._front.bar.say(moved)
