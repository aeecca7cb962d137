"""Paints a chart with QPainter: it follows the palette, can be saved as vectors, and needs no charting library."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPalette, QPen, QPolygonF

from flowersorter.messages import worded
from flowersorter.ui.shared import theme
from flowersorter.workflows.evaluation.charts.layout import (
    SWATCH_GAP_PX,
    SWATCH_PX,
    TICK_PX,
    Box,
    Plot,
    legend_places,
)
from flowersorter.workflows.evaluation.charts.scene import (
    BAND_OPACITY,
    COLOURS,
    Area,
    Bar,
    Dot,
    Key,
    Line,
    Mark,
    Point,
    Role,
    Scene,
)


def colour_of(role: Role, palette: QPalette) -> QColor:
    """Return the colour of a role on the background of a palette."""
    if role is Role.GUIDE:
        return _faint(palette, 0.6)
    light, dark = COLOURS[role]
    colour = QColor(dark if theme.is_dark(palette) else light)
    colour.setAlphaF(BAND_OPACITY if role is Role.BAND else 1)
    return colour


def rectangle(box: Box) -> QRectF:
    """Convert a rectangle to Qt's."""
    return QRectF(QPointF(box.left, box.top), QPointF(box.right, box.bottom))


class ScenePainter:
    """Lays out a chart in a widget, and paints it.

    Args:
        scene: The chart.
        size: Size of the widget, in px.
        metrics: Its font.
        palette: Its colours.
    """

    def __init__(self, scene: Scene, size: QSizeF, metrics: QFontMetricsF, palette: QPalette) -> None:
        self._scene, self._size, self._metrics, self._palette = scene, size, metrics, palette
        self._line_px = metrics.lineSpacing()
        self._keys = legend_places(_worded_keys(scene), size.width(), metrics.horizontalAdvance)
        self.plot = self._plot()

    def paint(self, painter: QPainter, ringed: Sequence[Mark]) -> None:
        """Paint the chart.

        Args:
            painter: Has the font of the metrics.
            ringed: The marks that get a ring.
        """
        self._paint_axes(painter)
        self._paint_titles(painter)
        self._paint_legend(painter)
        for item in self._scene.items:
            self._paint_item(painter, item)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._text_colour(), 2))
        for mark in ringed:
            painter.drawRoundedRect(rectangle(self.plot.box(mark)).adjusted(-2, -2, 2, 2), 3, 3)

    def _plot(self) -> Plot:
        width_px, ticks = self._metrics.horizontalAdvance, self._scene.across.ticks
        left = max((width_px(text) for _, text in self._scene.up.ticks), default=0) + TICK_PX + theme.GAP_PX
        legend_lines = max((line + 2 for _, _, line in self._keys), default=0)  # the last one stays free
        top = self._line_px * (1 + legend_lines) + theme.GAP_PX
        right = self._size.width() - width_px(ticks[-1][1]) / 2 - theme.SMALL_GAP_PX
        bottom = self._size.height() - 2 * self._line_px - TICK_PX - theme.SMALL_GAP_PX
        return Plot(Box(left, top, right, bottom), self._scene.across, self._scene.up)

    def _text_colour(self) -> QColor:
        return self._palette.color(QPalette.ColorRole.WindowText)

    def _paint_axes(self, painter: QPainter) -> None:
        plot, area, metrics = self.plot, rectangle(self.plot.area), self._metrics
        painter.fillRect(area, self._palette.color(QPalette.ColorRole.Base))
        for value, text in plot.up.ticks:
            y = plot.y(value)
            painter.setPen(QPen(_faint(self._palette, 0.16), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(self._text_colour())
            room = QRectF(0, y - metrics.height(), area.left() - TICK_PX - 2, 2 * metrics.height())
            painter.drawText(room, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
        painter.setPen(QPen(_faint(self._palette, 0.45), 1))
        for value, _ in plot.across.ticks:
            painter.drawLine(QPointF(plot.x(value), area.bottom()), QPointF(plot.x(value), area.bottom() + TICK_PX))
        painter.setPen(self._text_colour())
        for value, text in plot.ticks_with_text(metrics.horizontalAdvance):
            left = plot.x(value) - metrics.horizontalAdvance(text) / 2
            painter.drawText(QPointF(left, area.bottom() + TICK_PX + metrics.ascent() + 1), text)
        painter.setPen(QPen(colour_of(Role.GUIDE, self._palette), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())

    def _paint_titles(self, painter: QPainter) -> None:
        painter.setPen(self._palette.color(QPalette.ColorRole.PlaceholderText))
        below = QRectF(0, self._size.height() - self._line_px, self._size.width(), self._line_px)
        above = QRectF(0, 0, self._size.width(), self._line_px)
        for room, side, title in (
            (below, Qt.AlignmentFlag.AlignRight, self._scene.across.title),
            (above, Qt.AlignmentFlag.AlignLeft, self._scene.up.title),
        ):
            text = self._metrics.elidedText(worded(title), Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, int(side), text)

    def _paint_legend(self, painter: QPainter) -> None:
        painter.setPen(self._text_colour())
        for key, left, line in self._keys:
            middle = (line + 1.5) * self._line_px + theme.SMALL_GAP_PX / 2
            high = 3.0 if key.line else float(SWATCH_PX)
            painter.fillRect(QRectF(left, middle - high / 2, SWATCH_PX, high), colour_of(key.role, self._palette))
            base = middle + (self._metrics.ascent() - self._metrics.descent()) / 2
            painter.drawText(QPointF(left + SWATCH_PX + SWATCH_GAP_PX, base), key.text)

    def _paint_item(self, painter: QPainter, item: Line | Area | Mark) -> None:
        colour = colour_of(item.role, self._palette)
        match item:
            case Line():
                style = Qt.PenStyle.DashLine if item.dashed else Qt.PenStyle.SolidLine
                painter.setPen(QPen(colour, item.width_px, style))
                painter.drawPolyline(self._polygon(item.points))
            case Area():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawPolygon(self._polygon(item.corners))
            case Dot():
                painter.setPen(QPen(self._palette.base().color(), 1))
                painter.setBrush(colour)
                painter.drawEllipse(rectangle(self.plot.box(item)))
            case Bar():
                painter.fillRect(rectangle(self.plot.box(item)), colour)

    def _polygon(self, points: Sequence[Point]) -> QPolygonF:
        return QPolygonF([QPointF(*self.plot.at(point)) for point in points])


def _faint(palette: QPalette, opacity: float) -> QColor:
    colour = QColor(palette.color(QPalette.ColorRole.WindowText))
    colour.setAlphaF(opacity)
    return colour


def _worded_keys(scene: Scene) -> list[Key]:
    return [Key(worded(key.text), key.role, key.line) for key in scene.legend]
