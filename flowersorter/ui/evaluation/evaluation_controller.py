"""Check accuracy: measure how often the suggestions are right, and show the photos behind every figure."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices

from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import Progress
from flowersorter.ui.evaluation.evaluation_dialog import EvaluationDialog
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, Evaluation, evaluate
from flowersorter.workflows.evaluation.learning_curve import LearningCurve, LearningCurveRequest, learning_curve
from flowersorter.workflows.evaluation.report import ReportRequest, SavedReport, save_picture, save_report


class EvaluationController(QObject):
    """Runs the measurement and shows its dialog.

    Signals:
        places_requested(list of place ids, title): Show these photos.
    """

    places_requested = Signal(object, str)

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._job_id = self._curve_job_id = 0
        self._dialog: EvaluationDialog | None = None
        self._saved = Path()
        session.queue.progressed.connect(self._on_progressed)

    @Slot()
    def start(self) -> None:
        """Measure on the collection's own labels, each predicted by a model that never saw it."""
        if self._session.queue.alive(self._job_id):
            return
        request = EvaluateRequest(None, self._session.device)
        self._job_id = self._session.queue.submit(
            self.tr("Checking accuracy"),
            lambda report, cancel: evaluate(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_evaluated),
        )

    def _on_evaluated(self, result: object) -> None:
        assert isinstance(result, Evaluation)
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
        colours = {each.id: each.colour for each in self._session.state.classes}
        dialog = EvaluationDialog(result, self._front.window, colours)
        dialog.photos_requested.connect(self.places_requested)
        dialog.report_wanted.connect(self._save)
        dialog.picture_painted.connect(self._save_picture)
        dialog.learning.wanted.connect(self._measure_curve)
        dialog.learning.unwanted.connect(self._stop_curve)
        dialog.finished.connect(self._stop_curve)
        self._dialog = dialog
        dialog.show()

    # -- the learning curve

    @Slot()
    def _measure_curve(self) -> None:
        request = LearningCurveRequest()
        self._curve_job_id = self._session.queue.submit(
            self.tr("Estimating how much more labelling would help"),
            lambda report, cancel: learning_curve(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_curve, failed=self._on_no_curve, cancelled=self._on_curve_cancelled),
        )

    @Slot()
    def _stop_curve(self) -> None:
        self._session.queue.cancel(self._curve_job_id)

    @Slot(int, object)
    def _on_progressed(self, job_id: int, progress: Progress) -> None:
        if job_id == self._curve_job_id and self._dialog is not None:
            self._dialog.learning.show_progress(progress.done, progress.total)

    def _on_curve(self, result: object) -> None:
        assert isinstance(result, LearningCurve)
        if self._dialog is not None:
            self._dialog.learning.show_curve(result)

    def _on_no_curve(self, error: Exception) -> None:
        too_few = isinstance(error, TooFewPhotos)
        if self._dialog is not None:
            self._dialog.learning.show_stopped(str(error) if too_few else "")
        if not too_few:
            self._front.complain(error)

    def _on_curve_cancelled(self) -> None:
        if self._dialog is not None:
            self._dialog.learning.show_stopped()

    # -- the report

    @Slot(object)
    def _save(self, file: Path) -> None:
        if self._dialog is None:
            return
        request = ReportRequest(self._dialog.evaluation, file, self._dialog.learning.curve)
        self._session.queue.submit(
            self.tr("Saving the report"),
            lambda report, cancel: save_report(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_saved),
        )

    @Slot(object, object)
    def _save_picture(self, file: Path, picture: bytes) -> None:
        self._session.queue.submit(
            self.tr("Saving the picture"),
            lambda _report, _cancel: save_picture(file, picture),
            Listener(succeeded=self._on_saved),
        )

    def _on_saved(self, result: object) -> None:
        assert isinstance(result, SavedReport)
        text = self.tr("Saved as {0}.").format(" and ".join(str(each) for each in result.files))
        self._saved = result.files[0]
        self._front.bar.say(text, (self.tr("Open"), self._open_saved))

    def _open_saved(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._saved)))
