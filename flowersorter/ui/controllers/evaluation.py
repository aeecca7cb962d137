"""Evaluate: measure how often the guesses are right, and show the photos behind every figure."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.ui.evaluation_dialog import EvaluationDialog
from flowersorter.ui.session import Front, Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.evaluate import EvaluateRequest, Evaluation, evaluate


class EvaluateController(QObject):
    """Runs the measurement and shows its dialog.

    Signals:
        places_requested(list of place ids, title): Show these photos.
    """

    places_requested = Signal(object, str)

    def __init__(self, session: Session, front: Front, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._job_id = 0
        self._dialog: EvaluationDialog | None = None

    @Slot()
    def start(self) -> None:
        """Measure on the garden's own labels, each predicted by a model that never saw it."""
        if self._session.queue.alive(self._job_id):
            return
        request = EvaluateRequest(self._session.garden, None, self._session.device)
        self._job_id = self._session.queue.submit(
            self.tr("Measuring how often the guesses are right"),
            lambda report, cancel: evaluate(request, report, cancel),
            Listener(succeeded=self._on_evaluated),
        )

    def _on_evaluated(self, result: object) -> None:
        assert isinstance(result, Evaluation)
        if self._dialog is not None:
            self._dialog.close()
        colours = {each.id: each.colour for each in self._session.garden.classes.all()}
        dialog = EvaluationDialog(result, self._front.window, colours)
        dialog.photos_requested.connect(self.places_requested)
        self._dialog = dialog
        dialog.show()
