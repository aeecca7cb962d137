"""Finetuning: asks for its options, runs it, and shows progress and result."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.domain.figures import Epoch, percent
from flowersorter.errors import UserError
from flowersorter.jobs import Progress
from flowersorter.library.tables.settings import BACKBONE, FINETUNING_PACE
from flowersorter.messages import worded
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.ui.training.finetune_dialog import FinetuneDialog
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.training.finetune import (
    FinetuneRequest,
    FinetuneResult,
    check_finetuning,
    finetune,
    likely_seconds,
)


class FinetuneController(QObject):
    """Owns the dialog and the job. Lives in the GUI thread.

    Signals:
        predictions_outdated(): Another model and network are active.
    """

    predictions_outdated = Signal()

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._dialog: FinetuneDialog | None = None
        self._job_id = 0
        self._message = ""
        self._refused = 0
        session.queue.progressed.connect(self._on_progress)

    @property
    def running(self) -> bool:
        """Whether a training waits or runs."""
        return self._session.queue.alive(self._job_id)

    @Slot()
    def show(self) -> None:
        """Ask for the options, or show the running training; refuse if the backbone cannot be finetuned."""
        try:
            check_finetuning(self._session.state.stored_setting(BACKBONE))
        except UserError as error:
            self._front.complain(error)
            return
        if self._dialog is None or not self.running:
            self._open()
        assert self._dialog is not None
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def _open(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
        state = self._session.state
        photos, paces = sum(state.label_counts.values()), state.stored_setting(FINETUNING_PACE)
        self._dialog = FinetuneDialog(
            photos,
            lambda unfreeze, epochs: likely_seconds(paces, unfreeze, epochs, photos),
            self._front.window,
        )
        self._dialog.start_requested.connect(self._start)
        self._dialog.stop_requested.connect(self._stop)

    @Slot(int, int)
    def _start(self, unfreeze: int, epochs: int) -> None:
        if self.running or self._dialog is None:
            return
        request = FinetuneRequest(unfreeze=unfreeze, epochs=epochs, device=self._session.device)
        self._dialog.begin()
        self._job_id = self._session.queue.submit(
            self.tr("Training thoroughly"),
            lambda report, cancel: finetune(self._session.engine, request, report, cancel),
            Listener(
                reported=self._on_news,
                succeeded=self._on_trained,
                failed=self._on_failed,
                cancelled=self._on_cancelled,
            ),
            changes=Changes.MODEL | Changes.CLASSES,
        )

    @Slot()
    def _stop(self) -> None:
        self._session.queue.cancel(self._job_id)

    # -- signals of the job

    @Slot(int, object)
    def _on_progress(self, job_id: int, progress: Progress) -> None:
        if job_id == self._job_id and self._dialog is not None:
            self._dialog.show_progress(progress)

    def _on_news(self, news: object) -> None:
        if isinstance(news, Epoch) and self._dialog is not None:
            self._dialog.show_epoch(news)

    def _on_cancelled(self) -> None:
        self._end(self.tr("Stopped. Nothing was changed."))

    def _on_failed(self, error: Exception) -> None:
        if self._dialog is None or not self._dialog.isVisible():
            self._front.complain(error)
        self._end(str(error), warning=True)

    def _on_trained(self, result: object) -> None:
        assert isinstance(result, FinetuneResult)
        self._message = self._in_words(result)
        if result.made_current:
            self._front.bar.say(self._message)
            self._end(self._message)
            self.predictions_outdated.emit()
            return
        self._refused = result.model_id
        if result.why_not is not None:
            why = worded(result.why_not) + " " + self.tr("The previous model was kept.")
        elif result.lost_classes:
            why = self.tr("It doesn't know {0}, so the previous model was kept.").format(", ".join(result.lost_classes))
        elif result.replaces_import:
            why = self.tr("Your imported model stays in use until you decide.")
        else:
            why = self.tr("The new version was less accurate, so the previous one was kept.")
        self._front.bar.say(f"{self._message} {why}", (self.tr("Use the new one anyway"), self._use_refused))
        self._end(f"{self._message} {why}")

    def _use_refused(self) -> None:
        self._session.use_model(self._refused, self._on_refused_used, self._front.complain)

    def _on_refused_used(self, _result: None) -> None:
        self._front.bar.say(self._message)
        self.predictions_outdated.emit()

    def _end(self, text: str, *, warning: bool = False) -> None:
        if self._dialog is not None:
            self._dialog.end(text, warning=warning)

    def _in_words(self, result: FinetuneResult) -> str:
        if result.stopped:
            text = self.tr("Stopped. Epoch {0} was kept.").format(result.best)
        else:
            text = self.tr("Learned from {0}. Epoch {1} was kept.").format(count_photos(result.photos), result.best)
        if result.held_out_accuracy is not None:
            figures = self.tr("Accuracy {0} on {1} it had not seen (was {2}).")
            text += " " + figures.format(
                percent(result.held_out_accuracy), count_photos(result.held_out), percent(result.frozen_accuracy)
            )
        if result.gone:
            text += " " + self.tr("{0} skipped, because the files are missing.").format(count_photos(result.gone))
        return text
