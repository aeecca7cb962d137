"""The calibration curve: accuracy against confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from flowersorter.domain.figures import CalibrationBin
from flowersorter.ui.evaluation.class_scores import percent
from flowersorter.ui.shared.charts.chart import Chart, Key, Plot
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workflows.evaluation.axes import share_axis

_SMALLEST_PX, _LARGEST_PX = 3.5, 9.0


class CalibrationChart(Chart):
    """A point for each interval of confidence, larger for more photos; on the diagonal it is honest.

    The line through a point is what its accuracy could be with this many photos.

    Args:
        bins: The intervals that have photos, from unsure to sure.
        parent: Owns it.
    """

    def __init__(self, bins: Sequence[CalibrationBin], parent: QWidget | None = None) -> None:
        super().__init__("calibration_chart", parent)
        self.set_axes(
            self.tr("Accuracy against confidence"),
            share_axis(self.tr("Confidence")),
            share_axis(self.tr("Accuracy")),
        )
        self._bins = tuple(bins)

    @property
    def marks(self) -> int:
        """One for each interval."""
        return len(self._bins)

    def mark_area(self, number: int, plot: Plot) -> QRectF:
        """A square around the point."""
        radius, at = self._radius(number), self._point(number, plot)
        return QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius)

    def sentence(self, number: int) -> str:
        """State confidence and accuracy of a point."""
        each = self._bins[number]
        text = self.tr("{0}: confidence {1}, right {2} of the time (between {3} and {4})")
        low, high = each.interval
        said = (percent(share) for share in (each.confidence, each.accuracy, low, high))
        return text.format(count_photos(each.photos), *said)

    def legend(self) -> Sequence[Key]:
        """Curve and diagonal."""
        return (
            Key(self.tr("measured"), self.accent_colour()),
            Key(self.tr("perfect match"), self.faint_colour(0.6), line=True),
        )

    def paint_marks(self, painter: QPainter, plot: Plot) -> None:
        """The diagonal, the curve, the points."""
        painter.setPen(QPen(self.faint_colour(0.6), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(plot.at(0, 0), plot.at(1, 1)))
        accent = self.accent_colour()
        painter.setPen(QPen(accent, 1))
        for each in self._bins:
            low, high = each.interval
            painter.drawLine(QLineF(plot.at(each.confidence, low), plot.at(each.confidence, high)))
        painter.setPen(QPen(accent, 1.5))
        painter.drawPolyline(QPolygonF([self._point(number, plot) for number in range(self.marks)]))
        painter.setPen(QPen(self.palette().base().color(), 1))
        painter.setBrush(accent)
        for number in range(self.marks):
            painter.drawEllipse(self._point(number, plot), self._radius(number), self._radius(number))

    def _point(self, number: int, plot: Plot) -> QPointF:
        each = self._bins[number]
        return plot.at(each.confidence, each.accuracy)

    def _radius(self, number: int) -> float:
        """By area: a point with twice the photos is twice as large."""
        most = max(each.photos for each in self._bins)
        return max(_SMALLEST_PX, _LARGEST_PX * math.sqrt(self._bins[number].photos / most))
