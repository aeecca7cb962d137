"""The finetuning curve: held-out accuracy after each epoch."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from flowersorter.domain.figures import Epoch
from flowersorter.ui.evaluation.class_scores import percent
from flowersorter.ui.shared.charts.chart import RIGHT, Chart, Key, Plot
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workflows.evaluation.axes import count_axis, share_axis

_RADIUS_PX, _BEST_PX = 4.5, 6.5
#: Share by which the lowest point is above the axis at least.
_ABOVE_AXIS = 0.02


class EpochChart(Chart):
    """A point for each epoch that is over, the best one marked; a line across is the network as it was.

    Args:
        of: How many epochs there will be.
        parent: Owns it.
    """

    def __init__(self, of: int, parent: QWidget | None = None) -> None:
        super().__init__("epoch_chart", parent)
        self._of = of
        self._epochs: tuple[Epoch, ...] = ()
        self.show_epochs((), of)

    def show_epochs(self, epochs: Sequence[Epoch], of: int) -> None:
        """Draw these, number 0 first.

        Args:
            epochs: What is over.
            of: How many there will be.
        """
        self._epochs, self._of = tuple(epochs), of
        low = min((each.accuracy for each in epochs), default=1.0) - _ABOVE_AXIS
        # From a tenth below the lowest, which does not hide on the axis: the points are near one another.
        self.set_axes(
            self.tr("Accuracy after each epoch"),
            count_axis(self.tr("Epoch"), of),
            share_axis(self.tr("Accuracy"), max(0.0, min(int(low * 10) / 10, 0.9))),
        )
        self.update()

    @property
    def marks(self) -> int:
        """One for each epoch that is over, and one for how things stood before."""
        return len(self._epochs)

    def mark_area(self, number: int, plot: Plot) -> QRectF:
        """A square around the point."""
        at = self._point(number, plot)
        return QRectF(at.x() - _BEST_PX, at.y() - _BEST_PX, 2 * _BEST_PX, 2 * _BEST_PX)

    def sentence(self, number: int) -> str:
        """State the accuracy of an epoch."""
        each = self._epochs[number]
        of = count_photos(each.held_out)
        if each.number == 0:
            text = self.tr("Before the first epoch {0} of {1} were right ({2})")
            return text.format(each.held_out_right, of, percent(each.accuracy))
        text = self.tr("After epoch {0}, {1} of {2} were right ({3})")
        text = text.format(each.number, each.held_out_right, of, percent(each.accuracy))
        return text + (self.tr(", the best so far") if number == self._best else "")

    def legend(self) -> Sequence[Key]:
        """Curve, best epoch, the network as it was."""
        return (
            Key(self.tr("while training"), self.accent_colour(), line=True),
            Key(self.tr("best epoch: this one is kept"), RIGHT),
            Key(self.tr("the network as it was"), self.faint_colour(0.6), line=True),
        )

    def paint_marks(self, painter: QPainter, plot: Plot) -> None:
        """The line of how it was, the curve, the points."""
        if not self._epochs:
            return
        start = self._point(0, plot)
        painter.setPen(QPen(self.faint_colour(0.6), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(plot.area.left(), start.y(), plot.area.right(), start.y()))
        painter.setPen(QPen(self.accent_colour(), 2))
        points = [self._point(number, plot) for number in range(self.marks)]
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(QPen(self.palette().base().color(), 1))
        best = self._best
        for number, point in enumerate(points):
            kept = number == best > 0
            painter.setBrush(RIGHT if kept else self.accent_colour())
            radius = _BEST_PX if kept else _RADIUS_PX
            painter.drawEllipse(point, radius, radius)

    @property
    def _best(self) -> int:
        """Number of the best epoch's mark, 0 while there is none."""
        return max((number for number, each in enumerate(self._epochs) if each.number and each.best), default=0)

    def _point(self, number: int, plot: Plot) -> QPointF:
        each = self._epochs[number]
        return plot.at(each.number, each.accuracy)
