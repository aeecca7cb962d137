"""Retrain: fit the head on the confirmed photos, then show the changed suggestions.

Its workflows are imported on first use, so that the window appears sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.domain.figures import INEXACT_PERCENT, wilson_interval
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import worded
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.workers.job_queue import Listener

if TYPE_CHECKING:
    from flowersorter.workflows.training.train import TrainResult


class TrainingController(QObject):
    """Runs the training and then has the folder predicted again.

    Signals:
        trained(): The collection has a new model, and the folder is about to be predicted with it.
        places_requested(list of place ids, title): Show these photos.
        told(): The result is shown, and nothing else follows.
    """

    trained = Signal()
    told = Signal()
    places_requested = Signal(object, str)

    def __init__(
        self, session: Session, front: MessageSink, folder: FolderController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder = session, front, folder
        self._job_id = self._ready_id = 0
        self._before: dict[int, int] | None = None  # suggestion by place id, 0 for unknown photos
        self._message = ""
        self._refused = 0
        folder.labelled.connect(self._on_labelled)
        folder.opened.connect(self._forget)
        folder.stopped.connect(self._forget)
        folder.labelled.connect(self._get_ready)
        folder.begun.connect(self._stop_getting_ready)

    def reason_not_to(self) -> str:
        """The reason why Retrain is not possible now; "" if it is."""
        if self.running:
            return self.tr("Already training")
        return self.nothing_checked()

    def nothing_checked(self) -> str:
        """Return the reason why there is nothing to train on or measure yet; "" once there is a label."""
        if self._session.state.label_counts:
            return ""
        return self.tr("Confirm some photos first: drag them onto a class, or press Enter if the suggestion is right")

    @property
    def running(self) -> bool:
        """Whether a training waits or runs."""
        return self._session.queue.alive(self._job_id)

    def start(self) -> None:
        """Retrain; a running scan is preempted and restarts with the new model."""
        from flowersorter.workflows.training.train import RetrainRequest, retrain

        reason = self.reason_not_to()
        if reason:
            self._front.bar.say(reason, until=Until.ANSWER)
            return
        self._stop_getting_ready()
        request = RetrainRequest(self._session.device)
        listener = Listener(succeeded=self._on_trained)
        self._job_id = self._session.queue.submit(
            self.tr("Training on your photos"),
            lambda report, cancel: retrain(self._session.engine, request, report, cancel),
            listener,
            changes=Changes.MODEL | Changes.CLASSES,
        )

    def _on_trained(self, result: object) -> None:
        from flowersorter.workflows.training.train import TrainResult

        assert isinstance(result, TrainResult)
        self._message = self._learned(result)
        if not result.made_current:
            self._refused = result.model_id
            anyway = self.tr("Use the new one anyway") if result.imported_right is None else self.tr("Use the new one")
            self._front.bar.say(f"{self._message} {self._why_not(result)}", (anyway, self._use_refused))
            self.told.emit()
            return
        self._front.bar.say(self._message)
        self._predict_again()

    def _use_refused(self) -> None:
        self._session.use_model(self._refused, self._on_refused_used, self._front.complain)

    def _on_refused_used(self, _result: None) -> None:
        self._front.bar.say(self._message)
        self._predict_again()

    def _why_not(self, result: TrainResult) -> str:
        if result.imported_right is None:
            return self.tr("The new version was less accurate, so the previous one was kept.")
        if not result.held_out:
            return self.tr("Your imported model stays in use until you decide.")
        text = self.tr("Your imported model gets {0} % and stays in use until you decide.")
        return text.format(round(100 * result.imported_right / result.held_out))

    def _predict_again(self) -> None:
        self.trained.emit()
        if not self._folder.roots:
            self.told.emit()
            return
        columns = self._session.photos.columns
        known = columns.verdicts != Verdict.NONE
        self._before = dict(zip(columns.place_ids[known].tolist(), columns.suggested[known].tolist(), strict=True))
        self._folder.rescan()

    def _learned(self, result: TrainResult) -> str:
        from flowersorter.workflows.training.train import starter_stays
        from flowersorter.workflows.training.unmeasured_classes import in_words

        photos = self.tr("1 photo") if result.photos == 1 else self.tr("{0} photos").format(result.photos)
        text = self.tr("Learned from {0}.").format(photos)
        if result.held_out_accuracy is not None and result.held_out:
            text += " " + self._accuracy(result)
        if result.unmeasured:
            text += " " + self.tr("Not measured: {0}.").format(worded(in_words(result.unmeasured)))
        if result.starter_classes:
            text += " " + worded(starter_stays(result))
        return text

    def _accuracy(self, result: TrainResult) -> str:
        """State the held-out accuracy, and that of both models on the same photos if they differ."""
        assert result.held_out_accuracy is not None
        low, high = wilson_interval(round(result.held_out_accuracy * result.held_out), result.held_out)
        text = self.tr("Accuracy about {0} %.")
        if round(100 * high) - round(100 * low) > INEXACT_PERCENT:
            text = self.tr("Accuracy about {0} % (too few labels to be exact).")
        text = text.format(round(100 * result.held_out_accuracy))
        if result.compared is None:
            return text
        photos, before, now = result.compared
        if before == now:
            return text
        return text + " " + self.tr("Of the same {0} photos {1} are right (was {2}).").format(photos, now, before)

    @Slot()
    def _forget(self) -> None:
        """Drop the suggestions kept for the comparison: another folder is open, or the scan did not finish."""
        self._before = None

    @Slot()
    def _on_labelled(self) -> None:
        """Compare the new model's suggestions with the previous ones."""
        if self._before is None:
            return
        before, self._before = self._before, None
        columns = self._session.photos.columns
        old = np.array([before.get(at, -1) for at in columns.place_ids.tolist()], np.int32)
        known = (old >= 0) & (columns.verdicts != Verdict.NONE)
        changed = known & (old != columns.suggested) & (columns.label_ids == 0)
        self._changed = columns.place_ids[changed].tolist()
        count = len(self._changed)
        if not count:
            self._front.bar.say(self._message + " " + self.tr("No suggestions changed."))
        else:
            text = self.tr("1 suggestion changed.") if count == 1 else self.tr("{0} suggestions changed.").format(count)
            self._front.bar.say(f"{self._message} {text}", (self.tr("Show"), self._show_changed))
        self.told.emit()

    def _show_changed(self) -> None:
        self.places_requested.emit(self._changed, self.tr("Changed suggestions"))

    def _get_ready(self) -> None:
        """Embed extra views of the labelled photos in the background, for the next Retrain."""
        engine, device = self._session.engine, self._session.device
        if not self._session.state.label_counts:
            return

        def run(report: Report, cancel: CancelToken) -> None:
            from flowersorter.workflows.training.prepare_features import get_ready

            get_ready(engine, device, report, cancel)

        listener = Listener(failed=self._on_not_ready)
        title = self.tr("Preparing to retrain")
        self._ready_id = self._session.queue.submit(title, run, listener, background=True)

    def _stop_getting_ready(self) -> None:
        """Stop the background preparation; it restarts after the next scan."""
        self._session.queue.drop(self._ready_id)

    @Slot(object)
    def _on_not_ready(self, error: Exception) -> None:
        """Ignore the error: Retrain works without extra views and reports its own errors."""
