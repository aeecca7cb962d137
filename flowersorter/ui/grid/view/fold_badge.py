"""The number of photos that a folded section hides, on its last tile."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPalette

from flowersorter.ui.grid.photo_delegate import GAP_PX, PADDING_PX, SHAPE

_INSET_PX = 4
_EDGE_PX = 8


def fold_badge_box(cell: QRect, hidden: int, metrics: QFontMetrics) -> QRect:
    """Rectangle of the number: lower right in the photo; the upper corner has the mark of a confirmed photo."""
    width = metrics.horizontalAdvance(_text(hidden)) + 2 * _EDGE_PX
    height = metrics.height() + _INSET_PX
    edge = GAP_PX + PADDING_PX
    bottom = cell.top() + edge + round((cell.width() - 2 * edge) * SHAPE)
    return QRect(cell.right() - edge - _INSET_PX - width, bottom - _INSET_PX - height, width, height)


def paint_fold_badge(painter: QPainter, cell: QRect, hidden: int, palette: QPalette) -> None:
    """Paint "+204"."""
    box = fold_badge_box(cell, hidden, painter.fontMetrics())
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
    painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
    painter.setPen(palette.color(QPalette.ColorRole.HighlightedText))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, _text(hidden))
    painter.restore()


def _text(hidden: int) -> str:
    return f"+{QLocale().toString(hidden)}"
