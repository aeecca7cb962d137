"""Opens and closes stacks by mouse and key, and stores whether look-alike shots are stacked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction

from flowersorter.library.tables.settings import STACK_SHOTS
from flowersorter.ui.grid.photo_columns import Rows
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.stacks.stack_badges import StackBadges
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until

#: More selected tiles are not kept as they are: nobody looks at each of them.
MOST_KEPT = 200


class StackController(QObject):
    """Turns clicks on the numbers of stacks, and two actions, into changes of the model. Lives in the GUI thread.

    Args:
        session: Has the photos and the setting.
        front: For messages.
        grid: Shows the photos.
        stacking: The action that puts look-alike shots on one tile, while it is checked.
        parent: Owns it.
    """

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        grid: PhotoGrid,
        stacking: QAction,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._grid = session, front, grid
        stacking.setChecked(session.state.setting(STACK_SHOTS))
        session.photos.set_stacking(stacking.isChecked())
        StackBadges(grid, grid.tiles).clicked.connect(self._on_clicked)
        grid.selection_settled.connect(self._keep_selected)

    @property
    def handlers(self) -> dict[str, Callable[..., object]]:
        """The handlers of its actions, by the action's name."""
        return {"stack_shots": self.set_stacking, "open_stack": self.toggle}

    @Slot(bool)
    def set_stacking(self, on: bool) -> None:
        """Put look-alike shots on one tile, or each on its own."""
        self._session.state.set_setting(STACK_SHOTS, on)
        self._session.photos.set_stacking(on)

    @Slot()
    def toggle(self) -> None:
        """Open the selected stacks, or close them if all are open; select the first photo of a single opened one."""
        photos, grid = self._session.photos, self._grid
        rows, before = grid.selected_rows(), photos.rowCount()
        fronts = photos.front_places_at(rows)
        if len(rows) == 1 and photos.counts_on_tiles[rows[0]] > 1:
            grid.clearSelection()  # the large view, which shows one tile, would close if all of the stack were selected
        if self._toggle(rows):
            if len(rows) == 1 or photos.rowCount() < before:
                grid.select_rows(np.unique(photos.rows_at(fronts)))
        else:
            self._front.bar.ask_to_select(self.tr("Select a stack first: a tile with a number such as ×4."))

    @Slot()
    def _keep_selected(self) -> None:
        """Let no photo that arrives or changes join a selected tile: the tile would have to be deselected.

        It joins with the next change after the selection has gone elsewhere.
        """
        rows = self._grid.selected_rows()
        places = self._session.photos.all_places_at(rows) if len(rows) <= MOST_KEPT else ()
        self._session.photos.let_none_join(map(int, places))

    @Slot(int)
    def _on_clicked(self, place_id: int) -> None:
        self._toggle(self._session.photos.rows_at(np.array([place_id], np.int64)))

    def _toggle(self, rows: Rows) -> bool:
        """Open or close the stacks of these model rows, or say why they stay open; returns whether there is any."""
        photos, before = self._session.photos, self._session.photos.rowCount()
        is_stack = photos.toggle_stacks(rows)
        if is_stack and photos.rowCount() == before:
            text = self.tr(
                "The stack stays open: some of its photos are left out. Click them or press O to take them in."
            )
            self._front.bar.say(text, until=Until.ANSWER)
        return is_stack
