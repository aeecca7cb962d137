"""Layout of a chart in pixels, the same for every painter: marks, texts of the ticks, legend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flowersorter.workflows.evaluation.charts.axes import Axis
from flowersorter.workflows.evaluation.charts.scene import Bar, Key, Mark, Point

TICK_PX = 4
SWATCH_PX = 11
#: Between a swatch and its text, and between two entries of the legend.
SWATCH_GAP_PX, KEY_GAP_PX = 4, 16
#: Between the texts of two ticks.
_TEXT_GAP_PX = 8
#: Beside a bar on either side, and between two that are stacked.
_BESIDE_PX, _BETWEEN_PX = 1.5, 1.0
#: Least height of a bar: one photo among thousands must still be visible.
_LOWEST_PX = 4.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in px, y downwards."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Plot:
    """The area of the axes.

    Attributes:
        area: Inside the axes.
        across: Axis from left to right.
        up: Axis from bottom to top.
    """

    area: Box
    across: Axis
    up: Axis

    def x(self, value: float) -> float:
        """The position of a value of the axis across, in px."""
        return self.area.left + self.across.share(value) * (self.area.right - self.area.left)

    def y(self, value: float) -> float:
        """The position of a value of the axis up, in px."""
        return self.area.bottom - self.up.share(value) * (self.area.bottom - self.area.top)

    def at(self, point: Point) -> Point:
        """The position of a point, in px."""
        return self.x(point[0]), self.y(point[1])

    def box(self, mark: Mark) -> Box:
        """The rectangle of a mark: a square around a dot; a bar, never too low to be visible."""
        if isinstance(mark, Bar):
            low = self.area.bottom
            if mark.low:
                low = min(self.y(mark.low), low - _LOWEST_PX)
            high = min(self.y(mark.high), low - _LOWEST_PX)
            between = _BETWEEN_PX if mark.low else 0.0
            return Box(self.x(mark.left) + _BESIDE_PX, high, self.x(mark.right) - _BESIDE_PX, low - between)
        (x, y), radius = self.at(mark.at), mark.radius_px
        return Box(x - radius, y - radius, x + radius, y + radius)

    def ticks_with_text(self, width_px: Callable[[str], float]) -> Sequence[tuple[float, str]]:
        """The ticks across whose texts fit: all, or every second, third..., always with the last one.

        Args:
            width_px: Width of a text.
        """
        ticks = self.across.ticks[::-1]
        for step in range(1, len(ticks)):
            middles = [(self.x(value), width_px(text) / 2) for value, text in ticks[::step]]
            pairs = zip(middles[1:], middles[:-1], strict=True)
            if all(x + half + _TEXT_GAP_PX <= next_x - next_half for (x, half), (next_x, next_half) in pairs):
                return ticks[::step]
        return ticks[:1]


def legend_places(
    legend: Sequence[Key], room_px: float, width_px: Callable[[str], float]
) -> list[tuple[Key, float, int]]:
    """Wrap the legend: (entry, its left end in px, its line from 0).

    Args:
        legend: The entries.
        room_px: Width of the chart.
        width_px: Width of a text.
    """
    places, x, line = list[tuple[Key, float, int]](), 0.0, 0
    for key in legend:
        wide = SWATCH_PX + SWATCH_GAP_PX + width_px(key.text)
        if x and x + wide > room_px:
            x, line = 0.0, line + 1
        places.append((key, x, line))
        x += wide + KEY_GAP_PX
    return places
