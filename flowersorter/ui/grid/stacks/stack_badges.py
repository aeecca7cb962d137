"""Handles the mouse on the number of a stack, which opens and closes it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QToolTip

from flowersorter.ui.grid.photo_delegate import PhotoDelegate
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.grid.stacks.badge import badge_box, badge_text
from flowersorter.ui.grid.tile_buttons import photo_box


class StackBadges(QObject):
    """Takes the clicks on the numbers of stacks; a press on one neither selects nor drags a photo.

    Args:
        view: Shows a `PhotoModel`.
        tiles: Paints its photos.

    Signals:
        clicked(place id): The number on the tile of this photo.
    """

    clicked = Signal(int)

    def __init__(self, view: QAbstractItemView, tiles: PhotoDelegate) -> None:
        super().__init__(view)
        self._view, self._tiles = view, tiles
        self._pressed = 0
        view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the presses, releases and tool tips of the numbers."""
        match event.type():
            case QEvent.Type.MouseMove:
                assert isinstance(event, QMouseEvent)
                self._light(self.place_at(event.position().toPoint()))
                return self._pressed > 0
            case QEvent.Type.Leave:
                self._light(0)
            case QEvent.Type.MouseButtonPress | QEvent.Type.MouseButtonDblClick:
                assert isinstance(event, QMouseEvent)
                left = event.button() == Qt.MouseButton.LeftButton
                self._pressed = self.place_at(event.position().toPoint()) if left else 0
                return self._pressed > 0
            case QEvent.Type.MouseButtonRelease:
                assert isinstance(event, QMouseEvent)
                return self._release(event)
            case QEvent.Type.ToolTip:
                assert isinstance(event, QHelpEvent)
                return self._explain(event)
        return False

    def place_at(self, point: QPoint) -> int:
        """Place id of the photo whose number is at a point of the viewport; 0 where there is none."""
        index = self._view.indexAt(point)
        size, number = index.data(PhotoRole.STACK) if index.isValid() else (1, 0)
        if size < 2:
            return 0
        text = badge_text(size, number)
        box = badge_box(photo_box(self._view, self._tiles, index), text, self._view.fontMetrics())
        return int(index.data(PhotoRole.PLACE_ID)) if box.contains(point) else 0

    def _release(self, event: QMouseEvent) -> bool:
        pressed, self._pressed = self._pressed, 0
        if pressed and pressed == self.place_at(event.position().toPoint()):
            self.clicked.emit(pressed)
            self._light(self.place_at(event.position().toPoint()))
        return pressed > 0

    def _light(self, place_id: int) -> None:
        if place_id != self._tiles.lit_stack:
            self._tiles.lit_stack = place_id
            self._view.viewport().update()

    def _explain(self, event: QHelpEvent) -> bool:
        if not self.place_at(event.pos()):
            return False
        _, number = self._view.indexAt(event.pos()).data(PhotoRole.STACK)
        text = self.tr("Put these photos on one tile again (X)") if number else self.tr("Show each of these photos (X)")
        QToolTip.showText(event.globalPos(), text, self._view)
        return True
