"""The drag pixmap: up to three stacked photos with a count badge."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPalette, QPen, QPixmap

SIDE_PX = 112
PHOTO_PX = 84


def drag_pixmap(images: Sequence[QImage | None], count: int, palette: QPalette, pixel_ratio: float) -> QPixmap:
    """Draw up to three photos, the first on top, and a badge where there is more than one."""
    pixmap = QPixmap(round(SIDE_PX * pixel_ratio), round(SIDE_PX * pixel_ratio))
    pixmap.setDevicePixelRatio(pixel_ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    for depth in reversed(range(len(images))):
        painter.save()
        painter.translate(SIDE_PX / 2, SIDE_PX / 2)
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
    width = max(24.0, painter.fontMetrics().horizontalAdvance(text) + 14.0)
    box = QRectF(QPointF(SIDE_PX - width - 4, 4), QPointF(SIDE_PX - 4, 28))
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Base), 1.5))
    painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
    painter.drawRoundedRect(box, 12, 12)
    painter.setPen(palette.color(QPalette.ColorRole.HighlightedText))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
