"""Shows the effect of every action: look-alikes of the labelled photos, changed suggestions, and the new accuracy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from flowersorter.domain.verdict import Verdict
from flowersorter.messages import worded
from flowersorter.ui.grid.photo_columns import PhotoColumns
from flowersorter.ui.grid.photo_filter import PhotoFilter
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.review.answer_bar import AnswerBar
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.training.learning_controller import LearningController
from flowersorter.ui.window.filter_controller import FilterController
from flowersorter.workers.latest_only import LatestOnly

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.training.train import TrainResult

#: Labelled photos whose look-alikes are searched, and look-alikes that are offered, at most.
_MOST_SEARCHED, _MOST_OFFERED = 4, 24
#: Number of held-out photos from which on the accuracy is shown.
_LEAST_MEASURED = 10


@dataclass(frozen=True, slots=True, eq=False)
class _Assigned:
    """Photos that were labelled with one class."""

    class_id: int
    class_name: str
    photo_ids: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class _Suggestions:
    """The suggestions at the time of an action.

    Attributes:
        place_ids: (N,).
        class_ids: (N,) int32, 0 for unknown.
        open: (N,) bool; photos with a suggestion, or unknown, that the action did not change.
    """

    place_ids: NDArray[np.int64]
    class_ids: NDArray[np.int32]
    open: NDArray[np.bool_]

    @classmethod
    def of(cls, columns: PhotoColumns, own: Collection[int]) -> _Suggestions:
        """The present ones; `own` are the photos of the action."""
        others = ~np.isin(columns.photo_ids, list(own)) & (columns.verdicts != Verdict.NONE)
        return cls(columns.place_ids, columns.suggested, others)

    def changed(self, columns: PhotoColumns) -> dict[int, int]:
        """The previous class, by place id, of photos without a label whose suggestion has changed."""
        if not np.array_equal(self.place_ids, columns.place_ids):
            return {}  # another folder
        rows = np.flatnonzero(self.open & (columns.label_ids == 0) & (columns.suggested != self.class_ids))
        return dict(zip(self.place_ids[rows].tolist(), self.class_ids[rows].tolist(), strict=True))


class AnswerController(QObject):
    """Fills the answer bar after each action, until the next step of any kind or Esc. Lives in the GUI thread.

    The look-alikes are searched after the refit: a search beside it took the cores that the suggestions need.
    L or the button shows and selects the look-alikes, a click leaves one out; L, Enter or the button then labels the
    selected ones in one step. None is labelled that was not shown.
    """

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        bar: AnswerBar,
        grid: PhotoGrid,
        photo_filter: FilterController,
        labels: LabelsController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._bar, self._grid, self._filter = session, front, bar, grid, photo_filter
        self._labels = labels
        self._learning: LearningController | None = None
        self._search: Callable[[], None] | None = None  # for look-alikes, until the suggestions have followed
        self._latest = LatestOnly(self)
        self._next: list[_Assigned] = []  # not stored yet, oldest first
        self._acting: frozenset[int] | None = None  # photos of the step that the undo stack is about to count
        self._index = session.undo_stack.index()
        self._steps: list[tuple[frozenset[int], str]] = []  # photos and name of answers not stored yet, oldest first
        self._assigned: _Assigned | None = None
        self._before: _Suggestions | None = None
        self._changed: dict[int, int] = {}
        self._found: dict[int, int] = {}  # photo ids of all look-alikes, with their ranks
        self._alike: list[int] = []  # place ids of those that are offered
        self._is_refitted = False  # since the action
        self._back: PhotoFilter | None = None  # shown before the look-alikes
        self._shown: frozenset[int] = frozenset()
        self._selected: frozenset[int] = frozenset()  # of those shown: the selected ones, before the present click
        self._latest.loaded.connect(self._on_alike)
        self._latest.failed.connect(self._on_none_found)
        bar.take_requested.connect(self.show_or_take)
        bar.see_requested.connect(self._see)
        bar.dismissed.connect(self._dismiss)
        labels.assigned.connect(self._on_assigned)
        labels.acting.connect(self._on_acting)
        labels.acted.connect(self._on_acted)
        session.undo_stack.indexChanged.connect(self._on_step)
        session.photos.modelReset.connect(self._on_reset)
        session.state.updated.connect(self._on_library)
        grid.selection_settled.connect(self._show_offer)
        grid.clicked.connect(self._on_clicked)
        grid.doubleClicked.connect(self._on_clicked)  # takes back its first click: it only shows the photo large
        grid.installEventFilter(self)

    def follow(self, learning: LearningController) -> None:
        """Show the effects of learning, and search for look-alikes once the suggestions have followed an action."""
        self._learning = learning
        learning.followed.connect(self._begin_search)
        learning.suggestions_changed.connect(self._on_suggestions)
        learning.learned.connect(self._on_learned)

    def shutdown(self) -> None:
        """Wait for the search for look-alikes."""
        self._latest.shutdown()

    # -- the person

    @Slot()
    def show_or_take(self) -> None:
        """Show the look-alikes; if they are shown, label the selected ones."""
        if self._are_shown():
            self._take()
        elif self._alike:
            self._shown = frozenset(self._alike)
            self._back = self._filter.show_briefly(self._alike, self.tr("Look-alikes"))
            self._select(self._shown)
            self._grid.setFocus()
        else:
            text = self.tr("Give a photo its class first, then take the photos that look like it.")
            self._front.bar.say(text, until=Until.ANSWER | Until.SELECTION)

    def confirm(self, confirm: Callable[[], None]) -> None:
        """Label the shown and selected look-alikes, else confirm suggestions (Enter)."""
        if self._are_shown():
            self._take()
        else:
            confirm()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Dismiss the bar on Esc in the grid, before anything else."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        dismissed = event.key() == Qt.Key.Key_Escape and self._bar.isVisible()
        if dismissed:
            self._dismiss()
        return dismissed

    def _are_shown(self) -> bool:
        return self._back is not None and self._session.photos.filter.places == self._shown

    def _take(self) -> None:
        assigned, back, wanted = self._assigned, self._back, self._grid.selected_places()
        if assigned is None or back is None or not wanted:
            return
        self._labels.assign(wanted, assigned.class_id)
        self._grid.clearSelection()  # they may be out of view now: a key would change photos out of view
        self._filter.go_back(back)
        self._grid.setFocus()

    def _select(self, place_ids: Collection[int]) -> None:
        self._grid.select_places(place_ids)
        self._selected = frozenset(place_ids)
        self._show_offer()

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        """Leave a look-alike out, or take it in again; with Ctrl or Shift the grid itself does so."""
        if self._are_shown() and QApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier:
            self._select(self._selected ^ frozenset(self._session.photos.place_ids([index])))

    @Slot()
    def _see(self) -> None:
        unknown = self.tr("Unknown")
        names = {each.id: each.name for each in self._session.state.classes}
        ordered = sorted(self._changed.items(), key=lambda change: change[1])
        before = {place_id: names.get(class_id, unknown) for place_id, class_id in ordered}
        self._grid.clearSelection()  # of photos that may be out of view then
        self._filter.show_changes(before, self.tr("Changed suggestions"))
        self._grid.setFocus()

    @Slot()
    def _dismiss(self) -> None:
        """Clear the bar, and drop the last action."""
        had_focus = self._bar.isAncestorOf(self._grid.window().focusWidget() or self._grid)
        back = self._back if self._are_shown() else None
        self._forget()
        self._bar.hide()
        if back is not None:
            self._filter.go_back(back)
        if had_focus:
            self._grid.setFocus()

    # -- the actions

    @Slot(int, str, object)
    def _on_assigned(self, class_id: int, class_name: str, photo_ids: Sequence[int]) -> None:
        self._next.append(_Assigned(class_id, class_name, photo_ids))

    @Slot(object)
    def _on_acting(self, photo_ids: Collection[int]) -> None:
        self._acting = frozenset(photo_ids)

    @Slot(int)
    def _on_step(self, index: int) -> None:
        """Keep the name of an answer; after a step of another kind the bar would speak of one that is not the last."""
        stack, undone = self._session.undo_stack, index < self._index
        name = stack.text(index if undone else index - 1)
        acting, self._acting, self._index = self._acting, None, index
        if acting is not None:
            said = self.tr("Undone: {0}.") if undone else self.tr("{0}.")
            self._steps.append((acting, said.format(name)))
        elif not self._are_shown():
            self.end()

    @Slot()
    def end(self) -> None:
        """Say nothing more of the last answer: something else has happened since."""
        self._forget()
        self._bar.hide()

    @Slot(object)
    def _on_acted(self, photo_ids: Collection[int]) -> None:
        assigned = self._written(photo_ids)
        self._forget()
        self._bar.clear()
        self._bar.show_action(self._name_of(photo_ids))
        columns = self._session.photos.columns
        self._before = _Suggestions.of(columns, photo_ids)
        if assigned is None:  # undone, or not a label
            self._bar.settle()
            return
        self._assigned = assigned
        candidates = columns.photo_ids[(columns.label_ids == 0) & (columns.photo_ids > 0)]
        call = partial(_find_alike, self._session.engine, tuple(assigned.photo_ids), candidates)
        self._search = partial(self._latest.request, assigned, call)
        if self._learning is None or not self._learning.following:
            self._begin_search()

    @Slot()
    def _begin_search(self) -> None:
        search, self._search = self._search, None
        if search is not None:
            search()

    def _written(self, photo_ids: Collection[int]) -> _Assigned | None:
        """Take the oldest label of these photos, which is stored now; earlier ones were not written."""
        for number, each in enumerate(self._next):
            if set(photo_ids).issuperset(each.photo_ids):
                del self._next[: number + 1]
                return each
        return None

    def _name_of(self, photo_ids: Collection[int]) -> str:
        """Take the name of the oldest step of these photos, which is stored now; earlier ones were not written."""
        ids = frozenset(photo_ids)
        while self._steps:
            photos, name = self._steps.pop(0)
            if photos & ids or not (photos or ids):
                return name
        return ""

    def _forget(self) -> None:
        self._latest.forget()
        self._assigned = self._before = self._back = self._search = None
        self._alike, self._changed, self._shown, self._selected = [], {}, frozenset(), frozenset()
        self._found, self._is_refitted = {}, False

    @Slot()
    def _on_reset(self) -> None:
        """Clear the bar when another folder is opened; ask only about look-alikes that are shown."""
        before = self._before
        if before is not None and not np.array_equal(before.place_ids, self._session.photos.columns.place_ids):
            self.end()
        self._show_offer()

    @Slot()
    def _on_library(self) -> None:
        """Offer no look-alikes for a class that was deleted or merged."""
        assigned = self._assigned
        if assigned is not None and all(each.id != assigned.class_id for each in self._session.state.classes):
            self._dismiss()

    # -- their effects

    @Slot(object, object)
    def _on_alike(self, assigned: _Assigned, photo_ids: NDArray[np.int64]) -> None:
        del assigned  # the last one
        self._found = {each: rank for rank, each in enumerate(photo_ids.tolist())}
        self._offer()

    def _offer(self) -> None:
        """Offer the look-alikes that the suggestions do not contradict."""
        assigned, columns = self._assigned, self._session.photos.columns
        if assigned is None:
            return
        offered = np.isin(columns.photo_ids, list(self._found)) & (columns.label_ids == 0)
        clear = np.isin(columns.verdicts, (Verdict.SURE, Verdict.LIKELY))
        offered &= ~clear | (columns.class_ids == assigned.class_id)
        if self._is_refitted:  # before, no photo of a new class is known
            offered &= columns.verdicts != Verdict.UNKNOWN
        rows = np.flatnonzero(offered).tolist()
        rows.sort(key=lambda row: self._found[int(columns.photo_ids[row])])
        self._alike = [int(columns.place_ids[row]) for row in rows]
        self._show_offer()
        self._bar.settle()

    @Slot()
    def _show_offer(self) -> None:
        """Say how many look-alikes there are, or how many of those shown are selected."""
        if self._assigned is None:
            return
        if self._are_shown():
            self._selected = frozenset(self._grid.selected_places())
            self._bar.ask_for_lookalikes(self._assigned.class_name, len(self._selected))
        else:
            self._bar.show_lookalikes(len(self._alike))

    @Slot(object, object)
    def _on_none_found(self, _assigned: _Assigned, error: Exception) -> None:
        """Say why no look-alikes are offered; the label is stored nevertheless."""
        self._bar.settle()
        text = self.tr("No look-alikes could be searched: {0}").format(worded(str(error)))
        self._front.bar.say(text, until=Until.ANSWER)

    @Slot()
    def _on_suggestions(self) -> None:
        if self._before is not None:
            columns = self._session.photos.columns
            self._changed = self._before.changed(columns)
            now = columns.suggested[columns.locate(self._changed)]
            self._bar.show_changes(len(self._changed), int(np.count_nonzero(now == 0)))
            self._is_refitted = True
            if self._search is None:
                self._offer()
            if self._changed or self._search is None:  # else the bar keeps its space for the look-alikes
                self._bar.settle()

    @Slot(object)
    def _on_learned(self, result: TrainResult) -> None:
        if self._before is None or not result.made_current or result.compared is None:
            return
        photos, before, now = result.compared
        if before != now and photos >= _LEAST_MEASURED:
            self._bar.show_right(before, now, photos)
            self._bar.settle()


def _find_alike(engine: Engine, photo_ids: Sequence[int], candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    """(M,) the photos most similar to the labelled ones."""
    from flowersorter.workflows.labelling.lookalikes import lookalikes

    similarity: dict[int, float] = {}
    for photo_id in photo_ids[:_MOST_SEARCHED]:
        for each in lookalikes(engine, photo_id, candidates):
            similarity[each.photo_id] = max(each.similarity, similarity.get(each.photo_id, 0.0))
    nearest = sorted(similarity, key=lambda each: -similarity[each])[:_MOST_OFFERED]
    return np.array(nearest, np.int64)
