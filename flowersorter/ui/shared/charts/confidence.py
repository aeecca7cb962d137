"""The confidence histogram: photos by confidence, right and wrong stacked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from flowersorter.domain.figures import ConfidenceBar
from flowersorter.ui.evaluation.class_scores import percent
from flowersorter.ui.shared.charts.chart import RIGHT, WRONG, Chart, Key, Plot
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workflows.evaluation.axes import count_axis, share_axis

_GAP_PX = 1.5
#: A bar of one photo among thousands must still be seen.
_LOWEST_PX = 4.0


class ConfidenceChart(Chart):
    """A bar for each interval of confidence: the wrong ones below, where small ones are seen, the right ones above.

    Args:
        bars: All intervals, from unsure to sure.
        parent: Owns it.
    """

    def __init__(self, bars: Sequence[ConfidenceBar], parent: QWidget | None = None) -> None:
        super().__init__("confidence_chart", parent)
        self.set_axes(
            self.tr("Confidence of right and wrong suggestions"),
            share_axis(self.tr("Confidence")),
            count_axis(self.tr("Photos"), max((each.right + each.wrong for each in bars), default=0)),
        )
        self._bars = tuple(bars)
        self._parts = [
            (number, right)
            for number, each in enumerate(bars)
            for right in (False, True)
            if (each.right if right else each.wrong)
        ]

    @property
    def marks(self) -> int:
        """One for each part of a bar that has photos."""
        return len(self._parts)

    def part(self, number: int) -> tuple[ConfidenceBar, bool]:
        """The bar a mark belongs to, and whether it is its right part."""
        at, right = self._parts[number]
        return self._bars[at], right

    def mark_area(self, number: int, plot: Plot) -> QRectF:
        """The part of the bar."""
        each, right = self.part(number)
        left, end = plot.x(each.low) + _GAP_PX, plot.x(each.high) - _GAP_PX
        low = min(plot.y(each.wrong), plot.area.bottom() - _LOWEST_PX) if each.wrong else plot.area.bottom()
        if not right:
            return QRectF(left, low, end - left, plot.area.bottom() - low)
        top = min(plot.y(each.wrong + each.right), low - _LOWEST_PX)
        return QRectF(left, top, end - left, low - top)

    def sentence(self, number: int) -> str:
        """How many, how sure."""
        each, right = self.part(number)
        text = self.tr("{0} right, confidence {1} to {2}") if right else self.tr("{0} wrong, confidence {1} to {2}")
        return text.format(count_photos(each.right if right else each.wrong), percent(each.low), percent(each.high))

    def legend(self) -> Sequence[Key]:
        """Right and wrong."""
        return Key(self.tr("wrong"), WRONG), Key(self.tr("right"), RIGHT)

    def paint_marks(self, painter: QPainter, plot: Plot) -> None:
        """The bars."""
        for number, (at, right) in enumerate(self._parts):
            area = self.mark_area(number, plot)
            between = 1 if right and self._bars[at].wrong else 0
            painter.fillRect(area.adjusted(0, 0, 0, -between), RIGHT if right else WRONG)
