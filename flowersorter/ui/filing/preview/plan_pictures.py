"""Paints some photos of each class folder into the preview of a sort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

MOST_PICTURES = 5
PICTURE_PX = 26
_GAP_PX, _MARGIN_PX, _CORNER_PX = 4, 2, 3
#: A function that returns the photos of a line, as paths: it is called when these are painted.
PICTURES_ROLE = Qt.ItemDataRole.UserRole + 1

Photo = TypeVar("Photo")
#: Returns the thumbnail of a photo, or None while it is being made.
Picture = Callable[[Path], QImage | None]


class PlanPictures(QStyledItemDelegate):
    """Requests the thumbnails of a line when it is painted, so that lines out of view cost nothing.

    Args:
        picture: Gives the thumbnails.
        parent: The view.
    """

    def __init__(self, picture: Picture, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture = picture

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the size for all pictures, also in lines without any: all lines are equally high."""
        del option, index
        return QSize(MOST_PICTURES * (PICTURE_PX + _GAP_PX) + _GAP_PX, PICTURE_PX + 2 * _MARGIN_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint the background, then the pictures side by side."""
        super().paint(painter, option, index)
        pictures: Callable[[], Sequence[Path]] | None = index.data(PICTURES_ROLE)
        paths = () if pictures is None else pictures()
        rect = QRectF(option.rect)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        for number, path in enumerate(paths):
            left = rect.left() + _GAP_PX + number * (PICTURE_PX + _GAP_PX)
            box = QRectF(left, rect.center().y() - PICTURE_PX / 2, PICTURE_PX, PICTURE_PX)
            self._paint_picture(painter, box, self._picture(path), option)
        painter.restore()

    def _paint_picture(
        self, painter: QPainter, box: QRectF, image: QImage | None, option: QStyleOptionViewItem
    ) -> None:
        path = QPainterPath()
        path.addRoundedRect(box, _CORNER_PX, _CORNER_PX)
        if image is None:
            ground = option.palette.color(QPalette.ColorRole.Text)
            ground.setAlphaF(0.08)
            painter.fillPath(path, ground)
            return
        side = min(image.width(), image.height())
        middle = QRectF((image.width() - side) / 2, (image.height() - side) / 2, side, side)
        painter.save()
        painter.setClipPath(path)
        painter.drawImage(box, image, middle)
        painter.restore()


def spread(photos: Sequence[Photo]) -> list[Photo]:
    """Select some of these photos, evenly spread over all of them."""
    count = min(MOST_PICTURES, len(photos))
    return [photos[number * len(photos) // count] for number in range(count)]
