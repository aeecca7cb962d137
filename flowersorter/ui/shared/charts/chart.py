"""A chart as a widget, with a ring around the mark under the mouse and the one with the cursor."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from flowersorter.messages import worded
from flowersorter.ui.shared.charts.scene_painter import ScenePainter, rectangle
from flowersorter.ui.shared.widgets import describe
from flowersorter.workflows.evaluation.charts.layout import Plot
from flowersorter.workflows.evaluation.charts.scene import Scene

#: Distance from a small mark at which the mouse still counts as on it.
_REACH_PX = 6


class Chart(QWidget):
    """Shows a chart whose marks (bars, dots) stand for photos. Lives in the GUI thread.

    The mouse over a mark shows its sentence; the arrow keys go from mark to mark; a double click or Enter shows its
    photos.

    Args:
        name: Object name.
        scene: The chart.
        parent: Owns it.

    Signals:
        mark_chosen(number): Show the photos of this mark.
        mark_looked_at(sentence): The mouse or the cursor is on a mark; "" for none.
    """

    mark_chosen = Signal(int)
    mark_looked_at = Signal(str)

    def __init__(self, name: str, scene: Scene, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._current = self._hovered = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.show_scene(scene)

    def show_scene(self, scene: Scene) -> None:
        """Show this chart; mouse and cursor stay on their mark if it still exists."""
        self._scene, self._marks = scene, scene.marks
        describe(self, worded(scene.title))
        self._current, self._hovered = (at if at < self.marks else -1 for at in (self._current, self._hovered))
        self.update()

    @property
    def marks(self) -> int:
        """Number of marks, in the order of the arrow keys."""
        return len(self._marks)

    def sentence(self, number: int) -> str:
        """Return the sentence about the photos of a mark."""
        return worded(self._marks[number].text)

    def mark_areas(self) -> list[QRectF]:
        """The areas of the marks at the present size, in px."""
        plot = self.plot()
        return [rectangle(plot.box(mark)) for mark in self._marks]

    def plot(self) -> Plot:
        """The area inside the axes at the present size."""
        return self._painter().plot

    # -- size

    def sizeHint(self) -> QSize:
        """Return the width of a sentence."""
        return QSize(self.fontMetrics().averageCharWidth() * 58, self.fontMetrics().lineSpacing() * 17)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest readable size."""
        return QSize(self.fontMetrics().averageCharWidth() * 26, self.fontMetrics().lineSpacing() * 12)

    # -- marks

    def mark_at(self, point: QPointF) -> int:
        """Number of the mark under a point, the nearest of several; -1 for none."""
        best, nearest = -1, float("inf")
        for number, area in enumerate(self.mark_areas()):
            inside = area.contains(point)
            if not inside and not area.adjusted(-_REACH_PX, -_REACH_PX, _REACH_PX, _REACH_PX).contains(point):
                continue
            away = point - area.center()
            distance = (0.0 if inside else 1e6) + away.x() ** 2 + away.y() ** 2
            if distance < nearest:
                best, nearest = number, distance
        return best

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the chart, with rings around the marks under the mouse and the cursor."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        ringed = {self._hovered, self._current if self.hasFocus() else -1} - {-1}
        self._painter().paint(painter, [self._marks[number] for number in ringed])
        painter.end()

    def _painter(self) -> ScenePainter:
        return ScenePainter(self._scene, QSizeF(self.size()), QFontMetricsF(self.font()), self.palette())

    # -- mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Emit the sentence of the mark under the mouse."""
        number = self.mark_at(event.position())
        if number == self._hovered:
            return
        self._hovered = number
        QToolTip.showText(event.globalPosition().toPoint(), self.sentence(number) if number >= 0 else "", self)
        self._say()

    def leaveEvent(self, event: QEvent) -> None:
        """Remove the ring of the mouse."""
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
        """Place the cursor on the first mark."""
        super().focusInEvent(event)
        by_key = {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.OtherFocusReason}
        if self._current < 0 and self.marks and event.reason() in by_key:
            self._go_to(0)
        self._say()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Remove the ring of the cursor."""
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
