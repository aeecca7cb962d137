"""The top suggestions for a photo as bars; a click confirms one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from flowersorter.domain.figures import whole_percent
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.shared import theme

MOST = 4
LEAST_SHOWN = 0.005  # below half a percent a probability is noise
BAR_PX = 5


class PredictionBars(QWidget):
    """Name, percentage and a bar for each suggestion.

    Signals:
        chosen(class id): The person clicked the bar of this class.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("guess_bars")
        self.setAccessibleName(self.tr("Suggestions"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setToolTip(self.tr("Click the right class"))
        self._predictions: list[tuple[int, str, str, float]] = []
        self._right = 0
        self._percentages = True
        self._hovered = -1

    def show_predictions(
        self,
        predictions: Sequence[tuple[int, float]],
        classes: Mapping[int, ClassLook],
        right: int,
        *,
        percentages: bool = True,
    ) -> None:
        """Show these (class id, probability), likeliest first.

        Args:
            predictions: Class ids with their probabilities.
            classes: Names and colours of the classes.
            right: The class the photo was given, or 0.
            percentages: Whether to write the probabilities beside the bars.
        """
        self._right, self._percentages = right, percentages
        self._predictions = [
            (class_id, classes[class_id].name, classes[class_id].colour, p)
            for number, (class_id, p) in enumerate(predictions[:MOST])
            if p >= LEAST_SHOWN or number == 0
        ]
        spoken = [
            self.tr("{0} {1} %").format(name, whole_percent(p)) if percentages else name
            for _, name, _, p in self._predictions
        ]
        self.setAccessibleDescription(", ".join(spoken))
        self.setFixedHeight(self.sizeHint().height())
        self.setVisible(bool(self._predictions))
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of a line and a bar for each suggestion."""
        return QSize(200, len(self._predictions) * self._row_height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bars."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().color(QPalette.ColorRole.Text)
        for number, (class_id, name, colour, p) in enumerate(self._predictions):
            self._row(painter, QRectF(self._row_box(number)), (name, colour, p), text, number, class_id)
        painter.end()

    def _row(
        self,
        painter: QPainter,
        box: QRectF,
        suggestion: tuple[str, str, float],
        text: QColor,
        number: int,
        class_id: int,
    ) -> None:
        name, colour, p = suggestion
        faint = QColor(text)
        faint.setAlphaF(0.09)
        painter.setPen(Qt.PenStyle.NoPen)
        if number == self._hovered:
            hover = QColor(text)
            hover.setAlphaF(0.05)
            painter.setBrush(hover)
            painter.drawRoundedRect(box.adjusted(-4, -2, 4, 0), 5, 5)
        line = self.fontMetrics().height()
        share = self.tr("{0} %").format(whole_percent(p)) if self._percentages else ""
        width = self.fontMetrics().horizontalAdvance(share)
        painter.setPen(theme.muted(text))
        painter.drawText(QPointF(box.right() - width, box.top() + self.fontMetrics().ascent() + 2), share)
        painter.setPen(text)
        font = self.font()
        font.setBold(class_id == self._right)
        painter.setFont(font)
        room = int(box.width() - width - 10)
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(box.left(), box.top() + self.fontMetrics().ascent() + 2), shown)
        painter.setFont(self.font())
        bar = QRectF(box.left(), box.top() + line + 5, box.width(), BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faint)
        painter.drawRoundedRect(bar, BAR_PX / 2, BAR_PX / 2)
        bar.setWidth(max(BAR_PX, bar.width() * p))
        ground, colour_of_class = self.palette().color(QPalette.ColorRole.Window), QColor(colour)
        if (edge := theme.edge_of(colour_of_class, ground, text)) != colour_of_class:
            painter.setPen(QPen(edge, 1))
        painter.setBrush(colour_of_class)
        painter.drawRoundedRect(bar, BAR_PX / 2, BAR_PX / 2)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Highlight the bar under the mouse."""
        self._hover(self._at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Remove the highlight."""
        self._hover(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Emit `chosen` for the clicked bar."""
        row = self._at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and row >= 0:
            self.chosen.emit(self._predictions[row][0])

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            self._hovered = row
            shape = Qt.CursorShape.PointingHandCursor if row >= 0 else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            self.update()

    def _at(self, point: QPointF) -> int:
        row = int(point.y() // self._row_height())
        return row if 0 <= row < len(self._predictions) else -1

    def _row_height(self) -> int:
        return self.fontMetrics().height() + BAR_PX + 13

    def _row_box(self, number: int) -> QRectF:
        height = self._row_height()
        return QRectF(4, number * height + 2, self.width() - 8, height - 4)
