"""Clickable marks on a photo, and its two buttons: the suggestion is right, or wrong."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyleOptionViewItem, QToolTip

from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.grid.photo_state import SUGGESTED
from flowersorter.ui.shared import theme

if TYPE_CHECKING:
    from flowersorter.ui.grid.photo_delegate import PhotoDelegate

SIDE_PX = 24
_EDGE_PX, _GAP_PX = 3, 3


class TileButton(Enum):
    """A button on a photo."""

    CONFIRM = "confirm"
    REJECT = "reject"


def button_boxes(photo: QRect) -> dict[TileButton, QRect]:
    """Rectangles of the buttons: side by side in the upper right corner of a photo."""
    reject = QRect(photo.right() - SIDE_PX - _EDGE_PX + 1, photo.top() + _EDGE_PX, SIDE_PX, SIDE_PX)
    return {TileButton.CONFIRM: reject.translated(-SIDE_PX - _GAP_PX, 0), TileButton.REJECT: reject}


def paint_buttons(painter: QPainter, photo: QRect, lit: TileButton | None) -> None:
    """Paint the buttons, the one under the mouse filled; their dark background is visible on any photo."""
    for button, box in button_boxes(photo).items():
        ground = theme.checked_colour() if button is TileButton.CONFIRM else QColor("#a1261e")
        painter.setPen(QPen(QColor("white"), 1.5))
        painter.setBrush(ground if button is lit else QColor(0, 0, 0, 165))
        painter.drawEllipse(QPointF(box.center()) + QPointF(0.5, 0.5), SIDE_PX / 2 - 1, SIDE_PX / 2 - 1)
        pen = QPen(QColor("white"), 2.2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(_tick(box) if button is TileButton.CONFIRM else _cross(box))


def _tick(box: QRect) -> QPainterPath:
    path = QPainterPath(QPointF(box.left() + 7.2, box.top() + 12.6))
    path.lineTo(box.left() + 10.8, box.top() + 16.2)
    path.lineTo(box.left() + 17, box.top() + 8.6)
    return path


def _cross(box: QRect) -> QPainterPath:
    path = QPainterPath()
    for one, other in ((8.0, 16.0), (16.0, 8.0)):
        path.moveTo(box.left() + one, box.top() + 8.0)
        path.lineTo(box.left() + other, box.top() + 16.0)
    return path


def photo_box(view: QAbstractItemView, tiles: PhotoDelegate, index: QModelIndex) -> QRect:
    """Rectangle of the photo of a tile that is painted by these, in the viewport."""
    option = QStyleOptionViewItem()
    view.initViewItemOption(option)
    option.rect = view.visualRect(index)
    return tiles.photo_box(option, index)


class TileMarks(QObject):
    """Handles the mouse on marks that are painted on a view's photos; a press on one neither selects nor drags a photo.

    The view gets no event on a mark, so it need not know about them. A subclass says where its marks are.

    Args:
        view: Shows a `PhotoModel`.
        tiles: Paints its photos.
    """

    def __init__(self, view: QAbstractItemView, tiles: PhotoDelegate) -> None:
        super().__init__(view)
        self._view, self._tiles = view, tiles
        self._pressed: object = None
        view.viewport().installEventFilter(self)

    def mark_at(self, point: QPoint) -> object:
        """Return the mark at a point of the viewport; None where there is none."""
        raise NotImplementedError

    def _take_click(self, mark: Any) -> None:
        """Handle a click on the mark."""
        raise NotImplementedError

    def _light(self, mark: Any) -> None:
        """Highlight the mark under the mouse; None for no mark."""
        raise NotImplementedError

    def _tip(self, mark: Any) -> str:
        """Return the tool tip of the mark."""
        raise NotImplementedError

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the presses, releases and tool tips of the marks."""
        match event.type():
            case QEvent.Type.MouseMove:
                assert isinstance(event, QMouseEvent)
                self._light(self.mark_at(event.position().toPoint()))
                return self._pressed is not None
            case QEvent.Type.Leave:
                self._light(None)
            case QEvent.Type.MouseButtonPress | QEvent.Type.MouseButtonDblClick:
                assert isinstance(event, QMouseEvent)
                left = event.button() == Qt.MouseButton.LeftButton
                self._pressed = self.mark_at(event.position().toPoint()) if left else None
                return self._pressed is not None
            case QEvent.Type.MouseButtonRelease:
                assert isinstance(event, QMouseEvent)
                return self._release(event.position().toPoint())
            case QEvent.Type.ToolTip:
                assert isinstance(event, QHelpEvent)
                return self._explain(event)
        return False

    def _release(self, point: QPoint) -> bool:
        pressed, self._pressed = self._pressed, None
        if pressed is not None and pressed == self.mark_at(point):
            self._take_click(pressed)
            self._light(self.mark_at(point))
        return pressed is not None

    def _explain(self, event: QHelpEvent) -> bool:
        mark = self.mark_at(event.pos())
        if mark is not None:
            QToolTip.showText(event.globalPos(), self._tip(mark), self._view)
        return mark is not None


class TileButtons(TileMarks):
    """Handles the mouse on the buttons of a view's photos. By keyboard, Enter and Delete do the same.

    Signals:
        confirm_clicked(place id): The suggestion of this photo is right.
        reject_clicked(place id): This photo does not show the suggested class.
    """

    confirm_clicked = Signal(int)
    reject_clicked = Signal(int)

    def mark_at(self, point: QPoint) -> tuple[int, TileButton] | None:
        """Place id and button at a point of the viewport; None where there is none."""
        index = self._view.indexAt(point)
        if not index.isValid() or index.data(PhotoRole.STATE) not in SUGGESTED:
            return None
        boxes = button_boxes(photo_box(self._view, self._tiles, index))
        found = next((button for button, box in boxes.items() if box.contains(point)), None)
        return None if found is None else (index.data(PhotoRole.PLACE_ID), found)

    def _take_click(self, mark: tuple[int, TileButton]) -> None:
        place_id, button = mark
        (self.confirm_clicked if button is TileButton.CONFIRM else self.reject_clicked).emit(place_id)

    def _light(self, mark: tuple[int, TileButton] | None) -> None:
        if mark != self._tiles.lit_button:
            self._tiles.lit_button = mark
            self._view.viewport().update()

    def _tip(self, mark: tuple[int, TileButton]) -> str:
        confirms = mark[1] is TileButton.CONFIRM
        return self.tr("The suggestion is right (Enter)") if confirms else self.tr("Not this class (Delete)")
