"""The learning curve: accuracy against the number of labelled photos per class."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from flowersorter.ui.evaluation.class_scores import percent
from flowersorter.ui.shared.charts.chart import Chart, Key, Plot
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workflows.evaluation.axes import log_axis, share_axis
from flowersorter.workflows.evaluation.learning_curve import LearningCurve

_RADIUS_PX = 5.0


class LearningChart(Chart):
    """A point for each number of photos a class, with the band between the worst and the best model.

    Args:
        curve: What was measured.
        parent: Owns it.
    """

    def __init__(self, curve: LearningCurve, parent: QWidget | None = None) -> None:
        points = curve.points
        # From the tenth below the lowest: the last points of a curve are near one another.
        low = int(min(each.low for each in points) * 10) / 10
        super().__init__("learning_chart", parent)
        self.set_axes(
            self.tr("Accuracy against labelled photos per class"),
            log_axis(self.tr("Labelled photos per class"), points[0].per_class, points[-1].per_class),
            share_axis(self.tr("Accuracy"), min(low, 0.9)),
        )
        self._curve = curve

    @property
    def marks(self) -> int:
        """One for each number of photos."""
        return len(self._curve.points)

    def mark_area(self, number: int, plot: Plot) -> QRectF:
        """A square around the point."""
        at = self._point(number, plot)
        return QRectF(at.x() - _RADIUS_PX, at.y() - _RADIUS_PX, 2 * _RADIUS_PX, 2 * _RADIUS_PX)

    def sentence(self, number: int) -> str:
        """How good with how many."""
        each = self._curve.points[number]
        text = self.tr("With {0} per class, {1} are right ({2} to {3}); {4} of {5} wrong")
        wrong = each.measured - each.right
        return text.format(
            count_photos(round(each.per_class)), percent(each.accuracy), percent(each.low), percent(each.high),
            wrong, count_photos(each.measured),
        )  # fmt: skip

    def legend(self) -> Sequence[Key]:
        """Curve and band."""
        accent = self.accent_colour()
        tries = self._curve.tries
        return (
            Key(self.tr("average of {0} tries").format(tries), accent, line=True),
            Key(self.tr("worst to best"), self._band_colour()),
        )

    def paint_marks(self, painter: QPainter, plot: Plot) -> None:
        """The band, the curve, the points."""
        points = self._curve.points
        upper = [plot.at(each.per_class, each.high) for each in points]
        lower = [plot.at(each.per_class, each.low) for each in reversed(points)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._band_colour())
        painter.drawPolygon(QPolygonF(upper + lower))
        accent = self.accent_colour()
        painter.setPen(QPen(accent, 2))
        middles = [self._point(number, plot) for number in range(self.marks)]
        painter.drawPolyline(QPolygonF(middles))
        painter.setPen(QPen(self.palette().base().color(), 1))
        painter.setBrush(accent)
        for middle in middles:
            painter.drawEllipse(middle, _RADIUS_PX, _RADIUS_PX)

    def _point(self, number: int, plot: Plot) -> QPointF:
        each = self._curve.points[number]
        return plot.at(each.per_class, each.accuracy)

    def _band_colour(self) -> QColor:
        colour = QColor(self.accent_colour())
        colour.setAlphaF(0.25)
        return colour
