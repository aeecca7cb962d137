"""The drag pixmap: up to three stacked photos with a count badge."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPalette, QPen, QPixmap

#: The pointer is at the upper left corner of the pixmap, and the photos begin a little lower and to the right of it, so
#: that they hide neither the pointer nor the class below it. A hot spot outside the pixmap would not work everywhere.
OFFSET_PX = 14
PHOTO_PX = 56
SIDE_PX = OFFSET_PX + PHOTO_PX + 16
_MIDDLE_PX = OFFSET_PX + 8 + PHOTO_PX / 2


def drag_pixmap(images: Sequence[QImage | None], count: int, palette: QPalette, pixel_ratio: float) -> QPixmap:
    """Draw up to three photos, the first on top, and a badge where there is more than one.

    The hot spot of the pixmap is its upper left corner.
    """
    pixmap = QPixmap(round(SIDE_PX * pixel_ratio), round(SIDE_PX * pixel_ratio))
    pixmap.setDevicePixelRatio(pixel_ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    for depth in reversed(range(len(images))):
        painter.save()
        painter.translate(_MIDDLE_PX, _MIDDLE_PX)
        painter.rotate((0, -7, 6)[depth])
        _card(painter, images[depth], palette)
        painter.restore()
    if count > 1:
        _badge(painter, count, palette)
    painter.end()
    return pixmap


def _card(painter: QPainter, image: QImage | None, palette: QPalette) -> None:
    width = height = float(PHOTO_PX)
    if image is not None and not image.isNull():
        scale = PHOTO_PX / max(image.width(), image.height())
        width, height = image.width() * scale, image.height() * scale
    box = QRectF(-width / 2, -height / 2, width, height)
    painter.setPen(QPen(QColor(0, 0, 0, 60), 1))
    painter.setBrush(palette.color(QPalette.ColorRole.Base))
    painter.drawRoundedRect(box.adjusted(-2, -2, 2, 2), 5, 5)
    if image is not None and not image.isNull():
        path = QPainterPath()
        path.addRoundedRect(box, 4, 4)
        painter.setClipPath(path)
        painter.drawImage(box, image)


def _badge(painter: QPainter, count: int, palette: QPalette) -> None:
    font = QFont(painter.font())
    font.setBold(True)
    painter.setFont(font)
    text = f"{count}"
    width = max(22.0, painter.fontMetrics().horizontalAdvance(text) + 12.0)
    box = QRectF(QPointF(SIDE_PX - width - 1, SIDE_PX - 23), QPointF(SIDE_PX - 1, SIDE_PX - 1))
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Base), 1.5))
    painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
    painter.drawRoundedRect(box, 11, 11)
    painter.setPen(palette.color(QPalette.ColorRole.HighlightedText))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
