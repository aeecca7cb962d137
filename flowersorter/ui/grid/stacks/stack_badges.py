"""Handles the mouse on the number of a stack, which opens and closes it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Signal

from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.grid.stacks.badge import badge_box, badge_text
from flowersorter.ui.grid.tile_buttons import TileMarks, photo_box


class StackBadges(TileMarks):
    """Takes the clicks on the numbers of stacks.

    Signals:
        clicked(place id): The number on the tile of this photo.
    """

    clicked = Signal(int)

    def mark_at(self, point: QPoint) -> tuple[int, int] | None:
        """Place id of the photo whose number is at a point of the viewport, and its number in an open stack, else 0."""
        index = self._view.indexAt(point)
        size, number = index.data(PhotoRole.STACK) if index.isValid() else (1, 0)
        if size < 2:
            return None
        text = badge_text(size, number)
        box = badge_box(photo_box(self._view, self._tiles, index), text, self._view.fontMetrics())
        return (int(index.data(PhotoRole.PLACE_ID)), number) if box.contains(point) else None

    def _take_click(self, mark: tuple[int, int]) -> None:
        self.clicked.emit(mark[0])

    def _light(self, mark: tuple[int, int] | None) -> None:
        place_id = 0 if mark is None else mark[0]
        if place_id != self._tiles.lit_stack:
            self._tiles.lit_stack = place_id
            self._view.viewport().update()

    def _tip(self, mark: tuple[int, int]) -> str:
        is_open = mark[1] > 0
        return (
            self.tr("Put these photos on one tile again (X)") if is_open else self.tr("Show each of these photos (X)")
        )
