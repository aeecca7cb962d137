"""Charts as SVG for a page: axes, legend, and marks that say themselves under the mouse.

The window draws the same figures with its own widgets. These are written without Qt, so that a terminal on a computer
without a screen, where Qt may not even load, can write a report. The colours here are for a light ground; the page's
style sheet knows the same classes and follows light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from flowersorter.workflows.evaluation.axes import Axis

WIDTH, HEIGHT = 460, 320
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 52, 18, 46
#: Width of a letter of the page's 12 px font, on average; only to keep texts apart.
_LETTER_PX = 6.6
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'
_STYLES = {
    "tick": 'fill="#1c1c1c"',
    "label": 'fill="#666"',
    "grid": 'fill="none" stroke="#ddd"',
    "axis": 'fill="none" stroke="#666"',
    "diagonal": 'fill="none" stroke="#666" stroke-width="1.5" stroke-dasharray="5 4"',
    "interval": 'fill="none" stroke="#0072b2"',
    "curve": 'fill="none" stroke="#0072b2" stroke-width="2"',
    "fill": 'fill="#0072b2"',
    "soft": 'fill="#666"',
    "band": 'fill="#0072b2" fill-opacity="0.25"',
    "right": 'fill="#009e73"',
    "wrong": 'fill="#d55e00"',
}


class Figure:
    """An SVG picture that is drawn bit by bit.

    Args:
        title: What it shows, read out instead of the picture.
        across: Axis from left to right.
        up: Axis from bottom to top.
        legend: What the colours mean: texts with the class of the style sheet that colours them.
    """

    def __init__(self, title: str, across: Axis, up: Axis, legend: Sequence[tuple[str, str]]) -> None:
        self._across, self._up = across, up
        self._title = title
        self._parts: list[str] = []
        self._draw_axes()
        self._draw_legend(legend)

    @property
    def bottom(self) -> float:
        """Where the axis from left to right is."""
        return HEIGHT - _BOTTOM

    def x(self, value: float) -> float:
        """Where a value of the axis across is."""
        return _LEFT + self._across.share(value) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Where a value of the axis up is."""
        return self.bottom - self._up.share(value) * (HEIGHT - _TOP - _BOTTOM)

    def line(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """A line through points in px."""
        self._parts.append(f'<polyline {_styled(style)} points="{_written(points)}"/>')

    def area(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """A filled area between points in px."""
        self._parts.append(f'<polygon {_styled(style)} points="{_written(points)}"/>')

    def dot(self, x: float, y: float, radius: float, style: str, words: str) -> None:
        """A point that says something."""
        inside = f"<title>{escape(words)}</title>"
        self._parts.append(f'<circle {_styled(style)} cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">{inside}</circle>')

    def bar(self, left: float, top: float, right: float, bottom: float, style: str, words: str) -> None:
        """A bar that says something."""
        box = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
        self._parts.append(f"<rect {_styled(style)} {box}><title>{escape(words)}</title></rect>")

    def svg(self) -> str:
        """The picture, to stand in an HTML page."""
        head = f'<svg role="img" aria-label="{escape(self._title)}" viewBox="0 0 {WIDTH} {HEIGHT}" {_FONT}>'
        return "\n".join([head, *self._parts, "</svg>"])

    def _text(self, x: float, y: float, anchor: str, text: str, style: str = "tick") -> None:
        self._parts.append(
            f'<text {_styled(style)} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def _draw_axes(self) -> None:
        for value, text in self._up.ticks:
            y = self.y(value)
            self.line([(_LEFT, y), (WIDTH - _RIGHT, y)], "grid")
            self._text(_LEFT - 8, y + 4, "end", text)
        free_to = float("inf")
        for value, text in reversed(self._across.ticks):
            x, half = self.x(value), len(text) * _LETTER_PX / 2
            self.line([(x, self.bottom), (x, self.bottom + 4)], "axis")
            if x + half <= free_to:
                self._text(x, self.bottom + 18, "middle", text)
                free_to = x - half - 6
        self.line([(_LEFT, self.bottom), (WIDTH - _RIGHT, self.bottom)], "axis")
        self._text(WIDTH - _RIGHT, HEIGHT - 6, "end", self._across.title, "label")
        self._text(4, 12, "start", self._up.title, "label")

    def _draw_legend(self, legend: Sequence[tuple[str, str]]) -> None:
        x = 4.0
        for text, style in legend:
            self._parts.append(f'<rect {_styled(style)} x="{x:.1f}" y="23" width="11" height="11"/>')
            self._text(x + 17, 33, "start", text)
            x += 17 + len(text) * _LETTER_PX + 18


def _styled(style: str) -> str:
    return f'class="{style}" {_STYLES[style]}'


def _written(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
