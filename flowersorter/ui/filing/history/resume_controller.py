"""Continues a sort that was stopped, paused or interrupted."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.journal import Run
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.ui.filing.sort_outcome import failure, outcome_text
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.filing.history import find_run
from flowersorter.workflows.filing.resume import ResumeRequest, resume_run


class ResumeController(QObject):
    """Runs the jobs that continue sorts.

    Signals:
        files_changed(): Files came or went; the folder should be rescanned.
        undoable(run id): This sort is the last step and can be undone.
    """

    files_changed = Signal()
    undoable = Signal(int)

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front

    @Slot(int)
    def resume(self, run_id: int) -> None:
        """File the photos that a sort did not come to."""
        request = ResumeRequest(run_id, left_out=dict(self._session.photos.columns.left_out_of))
        self._session.queue.submit(
            self.tr("Continuing the sort"),
            lambda report, cancel: resume_run(self._session.engine, request, report, cancel),
            Listener(
                succeeded=self._on_resumed,
                failed=self._on_failed,
                cancelled=partial(self._look_up, run_id, self._on_stopped),
            ),
            changes_files=True,
        )

    def _on_resumed(self, result: object) -> None:
        assert isinstance(result, RunResult)
        assert result.run_id is not None  # it was continued
        self._look_up(result.run_id, partial(self._say, result))
        if result.failed or result.paused:
            self._front.complain(failure(result))

    def _say(self, result: RunResult, run: Run) -> None:
        self._front.bar.say(outcome_text(result, Mode(run.mode)))
        self.undoable.emit(run.id)

    def _on_failed(self, error: Exception) -> None:
        self._front.complain(error)
        self.files_changed.emit()

    def _on_stopped(self, run: Run) -> None:
        stopped = (
            self.tr("Stopped. It can be continued again: see History.") if run.can_be_resumed else self.tr("Stopped.")
        )
        if run.failed:
            failed = self.tr("{0} could not be sorted: see History.").format(count_photos(run.failed))
            stopped = f"{stopped} {failed}"
        self._front.bar.say(stopped)
        self.undoable.emit(run.id)

    def _look_up(self, run_id: int, receive: object) -> None:
        assert callable(receive)
        self._session.library.submit(partial(find_run, self._session.collection, run_id), receive)
        self.files_changed.emit()
