"""What all charts have in common: axes, legend, what is under the mouse, what the keys have reached.

Drawn with QPainter, so a chart follows the palette and is saved as vectors, and no charting library is shipped.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import describe
from flowersorter.workflows.evaluation.axes import Axis, share_axis

#: Okabe and Ito's bluish green and vermilion: told apart with every common kind of colour blindness, and at least
#: 3 to 1 against light and dark ground, as graphics need (WCAG 2.1).
RIGHT, WRONG = QColor("#009e73"), QColor("#d55e00")
_TICK_PX = 4
_SWATCH_PX = 11
#: How far beside a small mark the mouse may be.
_REACH_PX = 6


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend.

    Attributes:
        text: What it is.
        colour: Its colour on the present ground.
        line: Drawn as a line, not as a field.
    """

    text: str
    colour: QColor
    line: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """Where the axes are in a widget.

    Attributes:
        area: Inside the axes, in px.
        across: Axis from left to right.
        up: Axis from bottom to top.
    """

    area: QRectF
    across: Axis
    up: Axis

    def x(self, value: float) -> float:
        """Where a value of the axis across is."""
        return self.area.left() + self.across.share(value) * self.area.width()

    def y(self, value: float) -> float:
        """Where a value of the axis up is."""
        return self.area.bottom() - self.up.share(value) * self.area.height()

    def at(self, x: float, y: float) -> QPointF:
        """A point."""
        return QPointF(self.x(x), self.y(y))


class Chart(QWidget):
    """A chart whose marks (bars, points) stand for photos. Lives in the GUI thread.

    The mouse over a mark says it; the arrow keys go from mark to mark; a double click or Enter shows its photos.

    Args:
        name: Object name.
        parent: Owns it.

    Signals:
        mark_chosen(number): Show the photos of this mark.
        mark_looked_at(sentence): The mouse or the keys are on a mark; "" on none.
    """

    mark_chosen = Signal(int)
    mark_looked_at = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._across = self._up = share_axis("")
        self._current = self._hovered = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_axes(self, title: str, across: Axis, up: Axis) -> None:
        """Say what the chart is of; called once, as the words need the widget to be there.

        Args:
            title: Accessible name.
            across: Axis from left to right.
            up: Axis from bottom to top.
        """
        describe(self, title)
        self._across, self._up = across, up

    # -- what a chart says of itself

    @property
    @abstractmethod
    def marks(self) -> int:
        """How many marks there are, in the order of the keys."""

    @abstractmethod
    def mark_area(self, number: int, plot: Plot) -> QRectF:
        """Where a mark is, in px."""

    @abstractmethod
    def sentence(self, number: int) -> str:
        """What a mark says, in words."""

    @abstractmethod
    def paint_marks(self, painter: QPainter, plot: Plot) -> None:
        """Draw everything inside the axes."""

    def legend(self) -> Sequence[Key]:
        """What the colours mean; nothing where there is one."""
        return ()

    # -- size

    def sizeHint(self) -> QSize:
        """As wide as a sentence."""
        return QSize(self.fontMetrics().averageCharWidth() * 58, self.fontMetrics().lineSpacing() * 17)

    def minimumSizeHint(self) -> QSize:
        """Smaller, nothing can be told apart."""
        return QSize(self.fontMetrics().averageCharWidth() * 26, self.fontMetrics().lineSpacing() * 12)

    # -- where things are

    def plot(self) -> Plot:
        """Where the axes are at the present size."""
        metrics = QFontMetricsF(self.font())
        line = metrics.lineSpacing()
        left = max((metrics.horizontalAdvance(text) for _, text in self._up.ticks), default=0) + _TICK_PX + theme.GAP_PX
        top = line * (1 + self._legend_lines(metrics)) + theme.GAP_PX
        bottom = 2 * line + _TICK_PX + theme.SMALL_GAP_PX
        right = metrics.horizontalAdvance(self._across.ticks[-1][1]) / 2 + theme.SMALL_GAP_PX
        area = QRectF(self.rect()).adjusted(left, top, -right, -bottom)
        return Plot(area, self._across, self._up)

    def mark_at(self, point: QPointF) -> int:
        """Number of the mark under a point, the nearest of several; -1 for none."""
        plot = self.plot()
        best, nearest = -1, float("inf")
        for number in range(self.marks):
            area = self.mark_area(number, plot)
            if area.isEmpty() and not area.width() and not area.height():
                continue
            reach = area.adjusted(-_REACH_PX, -_REACH_PX, _REACH_PX, _REACH_PX)
            inside = area.contains(point)
            if not inside and not reach.contains(point):
                continue
            away = point - area.center()
            distance = (0.0 if inside else 1e6) + away.x() ** 2 + away.y() ** 2
            if distance < nearest:
                best, nearest = number, distance
        return best

    # -- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, marks, and where the keys are."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        plot = self.plot()
        self._paint_axes(painter, plot)
        self._paint_legend(painter)
        painter.save()
        self.paint_marks(painter, plot)
        painter.restore()
        for number in {self._hovered, self._current if self.hasFocus() else -1} - {-1}:
            self._paint_ring(painter, self.mark_area(number, plot))
        painter.end()

    def text_colour(self) -> QColor:
        """Colour of what must be read."""
        return self.palette().color(QPalette.ColorRole.WindowText)

    def faint_colour(self, share: float = 0.16) -> QColor:
        """Colour of lines behind the marks."""
        colour = QColor(self.text_colour())
        colour.setAlphaF(share)
        return colour

    def accent_colour(self) -> QColor:
        """Colour of a line that is neither right nor wrong: Okabe and Ito's blues, for light and dark ground."""
        return QColor("#56b4e9" if theme.is_dark(self.palette()) else "#0072b2")

    def _paint_axes(self, painter: QPainter, plot: Plot) -> None:
        area, metrics = plot.area, QFontMetricsF(painter.font())
        muted = self.palette().color(QPalette.ColorRole.PlaceholderText)
        painter.fillRect(area, self.palette().color(QPalette.ColorRole.Base))
        for value, text in plot.up.ticks:
            y = plot.y(value)
            painter.setPen(QPen(self.faint_colour(), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(self.text_colour())
            room = QRectF(0, y - metrics.height(), area.left() - _TICK_PX - 2, 2 * metrics.height())
            painter.drawText(room, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
        for value, _ in plot.across.ticks:
            painter.setPen(QPen(self.faint_colour(0.45), 1))
            painter.drawLine(QPointF(plot.x(value), area.bottom()), QPointF(plot.x(value), area.bottom() + _TICK_PX))
        painter.setPen(self.text_colour())
        for x, text in _texts_with_room(plot, metrics):
            painter.drawText(QPointF(x, area.bottom() + _TICK_PX + metrics.ascent() + 1), text)
        painter.setPen(QPen(self.faint_colour(0.6), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setPen(muted)
        across, up = (int(Qt.AlignmentFlag.AlignRight), int(Qt.AlignmentFlag.AlignLeft))
        below = QRectF(0, self.height() - metrics.lineSpacing(), self.width(), metrics.lineSpacing())
        above = QRectF(0, 0, self.width(), metrics.lineSpacing())
        for room, side, title in ((below, across, plot.across.title), (above, up, plot.up.title)):
            painter.drawText(room, side, metrics.elidedText(title, Qt.TextElideMode.ElideRight, room.width()))

    def _paint_ring(self, painter: QPainter, area: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self.text_colour(), 2))
        painter.drawRoundedRect(area.adjusted(-2, -2, 2, 2), 3, 3)

    def _legend_places(self, metrics: QFontMetricsF) -> list[tuple[Key, QPointF]]:
        """Entries with the left end of their line's middle, wrapped at the widget's width."""
        places, x, line = [], 0.0, 1
        for key in self.legend():
            wide = _SWATCH_PX + theme.SMALL_GAP_PX + metrics.horizontalAdvance(key.text)
            if x and x + wide > self.width():
                x, line = 0.0, line + 1
            places.append((key, QPointF(x, (line + 0.5) * metrics.lineSpacing() + theme.SMALL_GAP_PX / 2)))
            x += wide + theme.LARGE_GAP_PX
        return places

    def _legend_lines(self, metrics: QFontMetricsF) -> int:
        places = self._legend_places(metrics)
        return round(places[-1][1].y() / metrics.lineSpacing()) if places else 0

    def _paint_legend(self, painter: QPainter) -> None:
        metrics = QFontMetricsF(painter.font())
        for key, at in self._legend_places(metrics):
            high = 3.0 if key.line else float(_SWATCH_PX)
            painter.fillRect(QRectF(at.x(), at.y() - high / 2, _SWATCH_PX, high), key.colour)
            painter.setPen(self.text_colour())
            middle = (metrics.ascent() - metrics.descent()) / 2
            painter.drawText(QPointF(at.x() + _SWATCH_PX + theme.SMALL_GAP_PX, at.y() + middle), key.text)

    # -- mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the mouse."""
        number = self.mark_at(event.position())
        if number == self._hovered:
            return
        self._hovered = number
        QToolTip.showText(event.globalPosition().toPoint(), self.sentence(number) if number >= 0 else "", self)
        self._say()

    def leaveEvent(self, event: QEvent) -> None:
        """The mouse went away."""
        self._hovered = -1
        self._say()
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to a mark."""
        self._go_to(self.mark_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the photos of a mark."""
        self._choose(self.mark_at(event.position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from mark to mark, and show the photos of one."""
        last = self.marks - 1
        steps: dict[int, Callable[[], int]] = {
            Qt.Key.Key_Left: lambda: max(0, self._current - 1),
            Qt.Key.Key_Down: lambda: max(0, self._current - 1),
            Qt.Key.Key_Right: lambda: min(last, self._current + 1),
            Qt.Key.Key_Up: lambda: min(last, self._current + 1),
            Qt.Key.Key_Home: lambda: min(0, last),
            Qt.Key.Key_End: lambda: last,
        }
        if event.key() in steps:
            self._go_to(steps[event.key()]())
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self._current >= 0:
            self._choose(self._current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keys start at the first mark."""
        super().focusInEvent(event)
        by_key = {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.OtherFocusReason}
        if self._current < 0 and self.marks and event.reason() in by_key:
            self._go_to(0)
        self._say()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The ring goes with the keys."""
        super().focusOutEvent(event)
        self._say()

    def _go_to(self, number: int) -> None:
        self._current = number
        self._say()

    def _choose(self, number: int) -> None:
        self._go_to(number)
        if number >= 0:
            self.mark_chosen.emit(number)

    def _say(self) -> None:
        number = self._hovered if self._hovered >= 0 else self._current if self.hasFocus() else -1
        words = self.sentence(number) if number >= 0 else ""
        self.setAccessibleDescription(words)  # a screen reader is told of every change
        self.mark_looked_at.emit(words)
        self.update()


def _texts_with_room(plot: Plot, metrics: QFontMetricsF) -> list[tuple[float, str]]:
    """Left end and text of every tick across, or of every second, third..., the last one always."""
    placed = [(plot.x(value) - metrics.horizontalAdvance(text) / 2, text) for value, text in plot.across.ticks[::-1]]
    for step in range(1, len(placed)):
        chosen = placed[::step]
        ends = (left + metrics.horizontalAdvance(text) + theme.GAP_PX for left, text in chosen[1:])
        if all(end <= left for end, (left, _) in zip(ends, chosen[:-1], strict=True)):
            return chosen
    return placed[:1]
