"""Jobs that move sorted photos after a change of labels or classes, and back when it is undone."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import worded
from flowersorter.sorting.undo import UndoResult
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.job_worker import Call
from flowersorter.workflows.filing.refile import RefileResult
from flowersorter.workflows.filing.refile_runs import RefileRuns


class RefileJobs(QObject):
    """Base of the controllers that move sorted photos after their changes. Lives in the GUI thread.

    Signals:
        files_changed(): Photos moved on disk.
    """

    files_changed = Signal()

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._runs = RefileRuns()

    def _submit_move(
        self,
        number: int,
        title: str,
        move: Callable[[Report, CancelToken], RefileResult],
        say: Callable[[RefileResult], None],
    ) -> None:
        """Move photos in the job thread.

        Args:
            number: The change they follow, for `_submit_back`.
            title: Title of the job.
            move: Moves them.
            say: Reports the moved photos.
        """

        def moved(result: object) -> None:
            assert isinstance(result, RefileResult)
            say(result)

        self._submit(title, lambda report, cancel: move(self._runs.remembering(number, report), cancel), moved)

    def _submit_back(self, number: int, say: Callable[[list[UndoResult]], None]) -> None:
        """Move back the photos that followed a change, once all earlier jobs are done; name those that stay.

        Args:
            number: The change.
            say: Reports the photos moved back.
        """
        engine = self._session.engine

        def back(results: object) -> None:
            assert isinstance(results, list)
            say(results)
            self._front.complain_not_moved([skipped for result in results for skipped in result.refused])

        title = self.tr("Moving sorted photos back")
        self._submit(title, lambda report, cancel: self._runs.move_back(engine, number, report, cancel), back)

    def _stayed(self, result: RefileResult) -> str:
        """A sentence about the photos that were not moved, with a space before it; "" if all were."""
        if not result.left:
            return ""
        first = result.left[0]
        reason = worded(first.reason)
        return " " + self.tr("Not moved: {0} ({1}: {2}).").format(len(result.left), first.path.name, reason)

    def _submit(self, title: str, job: Call, done: Callable[[object], None]) -> None:
        """Run a job; however it ends, some photos may have moved."""

        def succeeded(result: object) -> None:
            done(result)
            self.files_changed.emit()

        listener = Listener(succeeded=succeeded, failed=self._on_failed, cancelled=self._on_cancelled)
        self._session.queue.submit(title, job, listener, changes_files=True)

    def _on_failed(self, error: Exception) -> None:
        self._front.complain(error)
        self.files_changed.emit()

    def _on_cancelled(self) -> None:
        self._front.bar.say(self.tr("Stopped. Photos already moved can be moved back in History."))
        self.files_changed.emit()
