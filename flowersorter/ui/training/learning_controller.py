"""Learns from each action: suggestions follow at once, and the exact fit comes when the person pauses.

Its workflows are imported on first use, so that the window appears sooner.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from flowersorter.domain.changes import Changes
from flowersorter.domain.shown_predictions import ShownPredictions
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.tables.settings import LEARNING_PAUSED
from flowersorter.messages import worded
from flowersorter.ui.classes.classes_controller import ClassesController
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.training.refit_request import RefitRequest, refit
from flowersorter.ui.training.training_controller import TrainingController
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.latest_only import LatestOnly

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.training.incremental_fit import Refit
    from flowersorter.workflows.training.learn import LearnRequest
    from flowersorter.workflows.training.train import TrainResult

#: Actions that follow one another faster than this share one refit.
TOGETHER_MS = 300
#: The exact fit begins after this time without an action.
PAUSE_MS = 2000
#: From so many actions on the exact fit does not wait for a pause, and is not stopped by the next action.
MOST_WAITING = 4


class LearningController(QObject):
    """Refits the head after each action and shows the suggestions that change. Lives in the GUI thread.

    The quick refit has a thread of its own beside the jobs: it never waits for a running scan. It begins while labels
    are written and shown. Until the exact fit its model is used for everything (`model_for`), so that photos are sorted
    as they are shown. If the refit cannot show an action's effect, the exact fit does not wait for the pause, nor for a
    person who goes on and on: it runs beside the next actions, whose labels the following refit adds to it.

    Signals:
        paused_changed(bool): Learning after actions was paused or resumed.
        suggestions_changed(): The suggestions shown have changed, but no label.
        view_followed(): Of many photos, those in view have their new suggestions; `suggestions_changed` follows.
        followed(): No refit runs or waits any more, whatever came of it.
        learned(TrainResult): An exact fit is in use, or was refused because the previous model is better.
    """

    paused_changed = Signal(bool)
    suggestions_changed = Signal()
    view_followed = Signal()
    followed = Signal()
    learned = Signal(object)

    _first_predicted = Signal(object, object)  # in the thread of the refit: its token, and predictions

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        folder: FolderController,
        labels: LabelsController,
        classes: ClassesController,
        training: TrainingController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder = session, front, folder
        self._latest = LatestOnly(self)
        self._burst_timer = QTimer(self, singleShot=True, interval=TOGETHER_MS)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._action = self._learned_action = 0  # numbers of the last action, and of the last one the exact fit knows
        self._changed: dict[int, int] = {}  # number of the last action by photo id, since the last exact fit
        self._refitting = self._refit_pending = False
        self._is_partly_shown = False  # whether only the photos in view have the suggestions of the running refit
        self._ahead = frozenset[int]()  # photos of the running refit that began before `acted`, until that comes
        self._fit_follows = True  # whether the last exact fit made the model in use
        self._job_id = self._job_action = 0
        self._is_background = False  # the exact fit: an action stops it
        self._is_outdated = False  # the exact fit: an action has stopped it
        self._cancel = session.queue.cancel_token()
        self._waiting: Callable[[], None] | None = None
        self._latest.loaded.connect(self._on_refitted)
        self._latest.failed.connect(self._on_not_refitted)
        self._first_predicted.connect(self._on_first_predicted)
        self._burst_timer.timeout.connect(self._refit_again)
        self._pause.timeout.connect(self._on_pause)
        labels.acting.connect(self._on_acting)
        labels.acted.connect(self._on_acted)
        folder.labels_found.connect(self._on_labels_found)
        folder.opened.connect(self._on_opened)
        folder.labelled.connect(self._on_scanned)
        labels.suggestions_outdated.connect(self._on_marks)
        classes.folder_outdated.connect(self._on_classes)
        training.trained.connect(self._on_retrained)

    # -- switched on and off

    @property
    def paused(self) -> bool:
        """Whether suggestions stay as they are until Retrain."""
        return self._session.state.setting(LEARNING_PAUSED)

    @Slot(bool)
    def set_paused(self, paused: bool) -> None:
        """Pause or resume learning after actions; say so, with a link that undoes it."""
        if paused == self.paused:
            return
        self._session.state.set_setting(LEARNING_PAUSED, paused)
        self.paused_changed.emit(paused)
        if paused:
            self.rest()
            if self._is_partly_shown:  # the other photos will not follow
                self._is_partly_shown = False
                self._folder.predict_again()
            text = self.tr("Learning is paused. Suggestions stay as they are until you choose Retrain.")
            self._front.bar.say(text, (self.tr("Go on"), self._go_on_learning))
        else:
            text = self.tr("Suggestions follow your answers again.")
            self._front.bar.say(text, until=Until.ANSWER | Until.SUGGESTIONS)
            if self._action > self._learned_action:
                self._begin()

    def _go_on_learning(self) -> None:
        self.set_paused(False)

    def rest(self) -> None:
        """Stop the timers and the running fits."""
        self._burst_timer.stop()
        self._pause.stop()
        self._forget()
        self._session.queue.cancel(self._job_id)

    def shutdown(self) -> None:
        """Wait a moment for the running refit."""
        self._session.queue.drop(self._job_id)
        self.rest()
        self._latest.shutdown()

    # -- the actions

    @Slot(object)
    def _on_acting(self, photo_ids: Collection[int]) -> None:
        """Refit once the labels are in the library, which is before the window has shown them."""
        self._ahead = frozenset()
        if photo_ids and not (self.paused or self.following or self._burst_timer.isActive()):
            self._ahead = frozenset(photo_ids)
            self._refit(self._session.library.barrier())

    @Slot(object)
    def _on_acted(self, photo_ids: Collection[int]) -> None:
        begun, self._ahead = bool(self._ahead) and self._ahead.issuperset(photo_ids), frozenset()
        self._action += 1
        self._changed |= dict.fromkeys(photo_ids, self._action)
        if not self.paused:
            self._begin(begun=begun)

    @Slot(object)
    def _on_labels_found(self, photo_ids: Collection[int]) -> None:
        self._ahead = frozenset()  # that refit may know these photos, but not their labels
        self._on_acted(photo_ids)

    @Slot()
    def _on_classes(self) -> None:
        """Learn after classes were merged, deleted or restored."""
        self._on_labels_found(())

    @Slot()
    def _on_marks(self) -> None:
        """Request an exact fit: photos similar to those marked as not mine may be unknown."""
        if self.paused:
            self._folder.predict_again()

    @Slot()
    def _on_retrained(self) -> None:
        """Note that Retrain has learned from the labels, except those given meanwhile."""
        self._forget()
        if self._action > self._learned_action and not self.paused:
            self._begin()

    @Slot()
    def _on_opened(self) -> None:
        """Drop the calls of `when_settled`: another folder is open."""
        self._waiting = None

    @Slot()
    def _on_scanned(self) -> None:
        """Refit after a scan: it may have shown suggestions that it made before the last action."""
        if self._action > self._learned_action and not self.paused:
            self._refit_pending = True
            self._refit_again()

    def when_settled(self, go_on: Callable[[], None]) -> None:
        """Call `go_on` once the exact fit includes every action; at once if it does, or while learning is paused.

        It is not called if the person cancels the fit or opens another folder.
        """
        if self.paused or self._action == self._learned_action:
            go_on()
            return
        self._waiting = go_on
        self._learn_for_waiting()

    # -- at once

    def _begin(self, *, begun: bool = False) -> None:
        """Learn from an action; `begun`: the running refit includes it."""
        if not (self._is_overdue and self._pause.isActive()):
            self._await_pause()
        if self._is_background and not self._is_overdue:
            self._is_outdated = True
            self._session.queue.cancel(self._job_id)
        if begun:
            return
        if self._refitting or self._burst_timer.isActive():
            self._refit_pending = True
        else:
            self._refit()

    @property
    def _is_overdue(self) -> bool:
        """Whether the exact fit has waited for so many actions that it waits for no pause."""
        return self._action - self._learned_action >= MOST_WAITING

    def _await_pause(self) -> None:
        self._pause.start(TOGETHER_MS if self._is_overdue else PAUSE_MS)

    def _refit(self, written: threading.Event | None = None) -> None:
        self._refitting, self._refit_pending, self._cancel = True, False, self._session.queue.cancel_token()
        self._burst_timer.start()
        columns, changed = self._session.photos.columns, (*self._changed, *self._ahead)
        in_view = columns.photo_ids[columns.locate(self._folder.in_view)]
        request = RefitRequest(changed, columns.photo_ids.copy(), in_view, written)
        show = partial(self._first_predicted.emit, self._cancel)
        self._latest.request(self._action, partial(refit, self._session.engine, request, self._cancel, show))

    @Slot(object, object)
    def _on_first_predicted(self, cancel: CancelToken, found: ShownPredictions) -> None:
        """Show the suggestions of the photos in view; their model is used once all are predicted, an instant later."""
        if self._refitting and cancel is self._cancel and not self._ahead:
            self._is_partly_shown = True
            self._session.photos.show_in_place(found)
            self.view_followed.emit()

    @Slot()
    def _refit_again(self) -> None:
        if self._refit_pending and not self._refitting and not self._burst_timer.isActive():
            self._refit()

    @property
    def following(self) -> bool:
        """Whether a refit after the last action runs or waits: other work had better wait for `followed`."""
        return self._refitting or (self._refit_pending and self._burst_timer.isActive())

    def _tell_if_followed(self) -> None:
        if not self.following:
            self.followed.emit()

    def _forget(self) -> None:
        """Drop the running refit."""
        self._cancel.cancel()
        self._latest.forget()
        self._refitting = self._refit_pending = False
        self._ahead = frozenset()
        self._tell_if_followed()

    @Slot(object, object)
    def _on_refitted(self, _action: int, found: tuple[Refit, ShownPredictions] | None) -> None:
        """Show the suggestions and use their model, in one step: photos are sorted as they are shown."""
        self._refitting = False
        if self._ahead:  # it was faster than the answer of the library, after which it is repeated
            self._ahead = frozenset()
            self._burst_timer.stop()
        elif found is not None:
            if found[0].use(self._session.engine):  # else those of an exact fit are about to be shown
                self._show(found[1])
        elif self._fit_follows and not self._session.queue.alive(self._job_id):
            self._learn()
        self._refit_again()
        self._tell_if_followed()

    @Slot(object, object)
    def _on_not_refitted(self, _action: int, _error: Exception) -> None:
        """Leave it to the exact fit, which reports its errors."""
        self._refitting = False
        self._tell_if_followed()

    def _show(self, found: ShownPredictions) -> None:
        self._is_partly_shown = False
        self._session.photos.show_predictions(found)
        self._front.bar.end_message(Until.SUGGESTIONS)
        self.suggestions_changed.emit()

    # -- exactly

    @Slot()
    def _on_pause(self) -> None:
        """Begin the exact fit if there are new actions, no job runs, and no dialog shows figures or a plan."""
        if self._action == self._learned_action:
            return
        if self._session.queue.busy or self._refitting or QApplication.activeModalWidget() is not None:
            self._await_pause()
        else:
            self._learn(background=True)

    def _learn(self, title: str = "", *, background: bool = False) -> None:
        """Submit the exact fit; without a title the status bar does not show it."""
        from flowersorter.workflows.training.learn import LearnRequest

        self._job_action, self._is_background, self._is_outdated = self._action, background, False
        request = LearnRequest(tuple(self._changed), self._folder.roots, self._session.device)
        self._job_id = self._session.queue.submit(
            title,
            partial(_learn, self._session.engine, request),
            Listener(succeeded=self._on_learned, failed=self._on_failed, cancelled=self._on_cancelled),
            background=background,
            changes=Changes.MODEL | Changes.CLASSES,
        )

    def _on_learned(self, result: object) -> None:
        assert isinstance(result, tuple)
        trained, found, self._fit_follows = result
        self._learned_action = self._job_action
        self._forget()
        if self._fit_follows:  # else the fit in use is still that of other labels
            self._changed = {at: number for at, number in self._changed.items() if number > self._learned_action}
        if found is not None and self._session.engine.refitted is None:  # else a refit of later answers is shown
            self._show(found)
        if trained is not None:
            self.learned.emit(trained)
        if self.paused or self._action == self._learned_action:
            self._go_on()
        else:
            self._begin()
            self._learn_for_waiting()

    def _on_failed(self, error: Exception) -> None:
        """Ask whether to go on with the present suggestions."""
        self._learned_action, self._fit_follows = self._job_action, False
        waiting, self._waiting = self._waiting, None
        actions = [(self.tr("Go on"), waiting)] if waiting is not None else []
        self._front.bar.say(self.tr("Not learned: {0}").format(worded(str(error))), *actions)

    def _on_cancelled(self) -> None:
        """Learn again for waiting calls, unless the person cancelled; the model in use is still the previous one."""
        if self.paused:
            self._go_on()
            return
        if not self._is_outdated:
            self._waiting = None
        self._await_pause()
        self._learn_for_waiting()

    def _learn_for_waiting(self) -> None:
        """Show that the exact fit is awaited, and begin it if needed."""
        if self._waiting is None:
            return
        title = self.tr("Learning from your photos")
        if not self._session.queue.alive(self._job_id):
            self._learn(title)
        elif not self._front.bar.busy:
            self._front.bar.start(self._job_id, title)  # the job that is waited for has no title

    def _go_on(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting()


def _learn(
    engine: Engine, request: LearnRequest, report: Report, cancel: CancelToken
) -> tuple[TrainResult | None, ShownPredictions | None, bool]:
    from flowersorter.workflows.training.learn import learn

    result = learn(engine, request, report, cancel)
    found = result.predictions
    return result.trained, None if found is None else ShownPredictions.of(found), result.follows
