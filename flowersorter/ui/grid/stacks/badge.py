"""The number of photos of a stack, on its tile, and the edges of the photos behind the front one."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette, QPen

_INSET_PX, _EDGE_PX, _HIGH_PX = 4, 8, 4
#: How far each photo behind shows above the one before it, and how much narrower it is at each side.
_STEP_PX = 3


def badge_text(size: int, number: int) -> str:
    """The words on a tile: "×4" for a closed stack, "2/4" for a photo of an open one."""
    locale = QLocale()
    return f"{locale.toString(number)}/{locale.toString(size)}" if number else f"×{locale.toString(size)}"


def badge_box(photo: QRect, text: str, metrics: QFontMetrics) -> QRect:
    """Rectangle of the number: in the lower left corner of a photo, which no other mark uses."""
    width, height = metrics.horizontalAdvance(text) + 2 * _EDGE_PX, metrics.height() + _HIGH_PX
    return QRect(photo.left() + _INSET_PX, photo.bottom() - _INSET_PX - height + 1, width, height)


def paint_badge(painter: QPainter, photo: QRect, size: int, number: int, palette: QPalette, *, lit: bool) -> None:
    """Paint the number on a dark background, visible on any photo; in the highlight colour for an open stack."""
    text = badge_text(size, number)
    box = badge_box(photo, text, painter.fontMetrics())
    painter.save()
    highlighted = lit or number > 0
    painter.setPen(QPen(QColor("white"), 1.2))
    painter.setBrush(palette.color(QPalette.ColorRole.Highlight) if highlighted else QColor(0, 0, 0, 175))
    painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
    painter.setPen(palette.color(QPalette.ColorRole.HighlightedText) if highlighted else QColor("white"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def paint_edges(painter: QPainter, photo: QRect, palette: QPalette) -> None:
    """Paint the upper edges of two photos behind the front one."""
    painter.save()
    for step, opacity in ((2, 0.28), (1, 0.5)):
        edge = palette.color(QPalette.ColorRole.Text)
        edge.setAlphaF(opacity)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(edge)
        inset = step * _STEP_PX
        painter.drawRoundedRect(QRect(photo.left() + inset, photo.top() - inset, photo.width() - 2 * inset, 8), 3, 3)
    painter.restore()
