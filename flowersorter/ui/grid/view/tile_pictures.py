"""Keeps tiles as they were painted: one that looks as before is drawn as a picture, in a hundredth of the time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QGuiApplication, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractItemDelegate, QStyleOptionViewItem

if TYPE_CHECKING:
    from flowersorter.ui.grid.arranged_model import Index

#: Bound of the pictures kept, four bytes a pixel: the tiles of two screens of 2560 x 1440 pixels.
MOST_BYTES = 32 * 1024 * 1024


class TilePictures:
    """Paints tiles by a delegate, each once as long as it looks the same. Lives in the GUI thread."""

    def __init__(self) -> None:
        self._surroundings: Hashable = None
        self._pictures: OrderedDict[Hashable, QPixmap] = OrderedDict()
        self._bytes = 0

    def begin(self, option: QStyleOptionViewItem, cell: QSize, pixel_ratio: float) -> None:
        """Forget all pictures where size, font, colours or screen are others than at the last time."""
        palette = option.palette
        now = (
            cell.toTuple(),
            option.font.key(),
            palette.cacheKey(),
            palette.currentColorGroup(),
            QGuiApplication.palette().cacheKey(),
            option.direction,
            pixel_ratio,
        )
        if now != self._surroundings:
            self._surroundings = now
            self.clear()

    def clear(self) -> None:
        """Forget all pictures."""
        self._pictures.clear()
        self._bytes = 0

    def picture(
        self, delegate: QAbstractItemDelegate, option: QStyleOptionViewItem, index: Index, look: Hashable, ratio: int
    ) -> QPixmap:
        """The tile on the ground of the view.

        Args:
            delegate: Paints it where no picture of it is kept.
            option: With the cell of the tile as its rectangle.
            index: The photo.
            look: Everything beside the option that its look depends on.
            ratio: Pixels of the screen in one of the view, a whole number.
        """
        key = option.state.value, look
        picture = self._pictures.get(key)
        if picture is not None:
            self._pictures.move_to_end(key)
            return picture
        cell = QRect(option.rect)
        picture = QPixmap(cell.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(option.palette.color(QPalette.ColorRole.Base))
        painter = QPainter(picture)
        painter.setFont(option.font)
        option.rect = QRect(QPoint(), cell.size())
        delegate.paint(painter, option, index)
        option.rect = cell
        painter.end()
        self._keep(key, picture)
        return picture

    def _keep(self, key: Hashable, picture: QPixmap) -> None:
        self._pictures[key] = picture
        self._bytes += _bytes(picture)
        while self._bytes > MOST_BYTES and len(self._pictures) > 1:
            self._bytes -= _bytes(self._pictures.popitem(last=False)[1])


def _bytes(picture: QPixmap) -> int:
    return picture.width() * picture.height() * 4
