"""Undoes and redoes the last step, says which one that was, and shows its photos; a sort is a step like any other."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.window.actions import Actions


class UndoController(QObject):
    """Chooses between the undo stack, where labels and classes are, and the last sort. Lives in the GUI thread.

    Args:
        session: Of the collection.
        front: Shows the messages.
        grid: Shows the photos.
        labels: Tells which photos a step was about.
        actions: Undo and Redo are enabled and named.
        parent: Owns it.

    Signals:
        sort_undo_requested(run id, callable): Undo this sort after asking; call the callable if the person declines.
        shown(list of place ids): The photos of an undone or redone step, or some of them, are in view.
    """

    sort_undo_requested = Signal(int, object)
    shown = Signal(object)

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        grid: PhotoGrid,
        labels: LabelsController,
        actions: Actions,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._grid, self._actions = session, front, grid, actions
        self._stack = session.undo_stack
        self._run_id = 0  # of the last sort that can be undone
        self._is_last = False  # whether nothing on the stack was done, undone or redone since
        self._steps = False  # a step is being undone or redone
        self._asked: Collection[int] | None = None  # photos of the step, until the library has written it
        self._stack.indexChanged.connect(self._on_stack)
        for changed in (self._stack.canUndoChanged, self._stack.canRedoChanged, self._stack.undoTextChanged):
            changed.connect(self.show_steps)
        labels.acting.connect(self._on_acting)
        labels.acted.connect(self._on_acted)

    @Slot(int)
    def note_sort(self, run_id: int) -> None:
        """Take this sort for the last step; 0 for none, as after its undo or in another folder."""
        self._run_id, self._is_last = run_id, run_id > 0
        self.show_steps()

    @Slot()
    def show_steps(self) -> None:
        """Enable Undo and Redo, and name the step in the menu."""
        self._actions["undo"].setEnabled(self._is_last or self._stack.canUndo())
        self._actions["redo"].setEnabled(self._stack.canRedo())
        self._actions.show_undo_text(self.tr("Sort…") if self._is_last else self._stack.undoText())

    @Slot()
    def undo(self) -> None:
        """Undo the last step; a sort after asking."""
        if self._is_last:
            self.sort_undo_requested.emit(self._run_id, self._on_sort_kept)
        elif self._stack.canUndo():
            offered = [(self.tr("Redo"), self.redo)]
            if self._run_id:
                offered.append((self.tr("Undo the sort…"), self._undo_sort))
            self._step(self._stack.undo, self.tr("Undone: {0}.").format(self._stack.undoText()), offered)

    @Slot()
    def redo(self) -> None:
        """Redo the step undone last."""
        if self._stack.canRedo():
            text = self.tr("Redone: {0}.").format(self._stack.redoText())
            self._step(self._stack.redo, text, [(self.tr("Undo"), self.undo)])

    def _step(self, step: Callable[[], None], text: str, offered: list[tuple[str, Callable[[], None]]]) -> None:
        self._steps = True
        step()
        self._steps = False
        if self._asked is not None:
            self._show(self._asked)  # a key that follows at once is for these photos
        self._front.bar.say(text, *offered, until=Until.ANSWER)

    def _undo_sort(self) -> None:
        self.sort_undo_requested.emit(self._run_id, _do_nothing)

    def _on_sort_kept(self) -> None:
        """Go on to the step before a sort that the person does not undo after all."""
        self._is_last = False
        self.show_steps()
        text = self.tr("The sort stays.")
        if self._stack.canUndo():
            text = self.tr("The sort stays. Undo is now for the step before: {0}.").format(self._stack.undoText())
        self._front.bar.say(text, (self.tr("Undo the sort…"), self._undo_sort), until=Until.ANSWER)

    @Slot(int)
    def _on_stack(self, _index: int) -> None:
        self._is_last = False
        self.show_steps()

    @Slot(object)
    def _on_acting(self, photo_ids: Collection[int]) -> None:
        self._asked = photo_ids if self._steps else None

    @Slot(object)
    def _on_acted(self, photo_ids: Collection[int]) -> None:
        """Show the photos again: where they belong can change once the step is written."""
        asked, self._asked = self._asked, None
        if asked is not None:
            self._show(photo_ids)

    def _show(self, photo_ids: Collection[int]) -> None:
        """Show the photos of an undone or redone step; a single one is selected."""
        grid, columns = self._grid, self._session.photos.columns
        places: list[int] = columns.place_ids[np.isin(columns.photo_ids, list(photo_ids))].tolist()
        rows = grid.photos.rows_of(places)
        if grid.photos.is_one_tile(places):
            grid.select_places(places, scroll=True)
        elif rows and not set(rows) & set(grid.visible_rows()):
            grid.clearSelection()  # of photos that go out of view
            grid.scrollTo(grid.photos.index(rows[0]))
        identity = grid.section_with_keyboard
        if identity is not None and not grid.is_header_shown(identity):
            grid.setFocus()
        self.shown.emit(places)


def _do_nothing() -> None:
    """The person does not undo the sort; the other step is undone already."""
