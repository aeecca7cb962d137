"""Description of a chart: axes, legend and items in the units of the axes, without pixels, colours or Qt.

`svg.py` paints it for the report, `ui/shared/charts/scene_painter.py` for the window. All texts are messages,
which the painters word in the person's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flowersorter.workflows.evaluation.charts.axes import Axis

Point = tuple[float, float]


class Role(Enum):
    """The meaning of a colour."""

    ACCENT = "accent"  # neither right nor wrong
    BAND = "band"  # the range around an accent line
    GUIDE = "guide"  # a line to compare with
    RIGHT = "right"
    WRONG = "wrong"


#: Colours on light and on dark ground, by Okabe and Ito: told apart with every common kind of colour blindness, and at
#: least 3 to 1 against their ground, as graphics need (WCAG 2.1). A guide has the colour of muted text.
COLOURS = {
    Role.ACCENT: ("#0072b2", "#56b4e9"),
    Role.BAND: ("#0072b2", "#56b4e9"),
    Role.RIGHT: ("#009e73", "#009e73"),
    Role.WRONG: ("#d55e00", "#d55e00"),
}
BAND_OPACITY = 0.25


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend.

    Attributes:
        text: The meaning of the colour.
        role: The colour.
        line: Drawn as a line, not as a field.
    """

    text: str
    role: Role
    line: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: tuple[Point, ...]
    role: Role
    width_px: float = 2
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon."""

    corners: tuple[Point, ...]
    role: Role


@dataclass(frozen=True, slots=True)
class Dot:
    """A round mark for some photos.

    Attributes:
        at: Its centre.
        radius_px: Without its outline.
        role: The colour.
        text: A sentence about its photos.
    """

    at: Point
    radius_px: float
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """An upright bar for some photos, or the upper one of two that are stacked.

    Attributes:
        left: Value across at its left edge.
        right: Value across at its right edge.
        low: Value up at its lower edge, 0 unless it stands on another bar.
        high: Value up at its upper edge.
        role: The colour.
        text: A sentence about its photos.
    """

    left: float
    right: float
    low: float
    high: float
    role: Role
    text: str


Mark = Dot | Bar


@dataclass(frozen=True, slots=True)
class Scene:
    """A chart.

    Attributes:
        title: Read out instead of the picture.
        across: Axis from left to right.
        up: Axis from bottom to top.
        legend: The meaning of the colours; empty with only one.
        items: In the order they are drawn.
    """

    title: str
    across: Axis
    up: Axis
    legend: tuple[Key, ...]
    items: tuple[Line | Area | Mark, ...]

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The items that stand for photos, in the order drawn."""
        return tuple(item for item in self.items if isinstance(item, Mark))
