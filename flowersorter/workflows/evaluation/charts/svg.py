"""Paints a chart as SVG for a page, in the person's language; each mark has its sentence as a tool tip.

Without Qt, so that a terminal on a computer without a screen, where Qt may not even load, can write a report. The
colours in the SVG are for a light background; with `STYLE` in its page it follows light and dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from flowersorter.messages import worded
from flowersorter.workflows.evaluation.charts.layout import (
    SWATCH_GAP_PX,
    SWATCH_PX,
    TICK_PX,
    Box,
    Plot,
    legend_places,
)
from flowersorter.workflows.evaluation.charts.scene import (
    BAND_OPACITY,
    COLOURS,
    Area,
    Bar,
    Dot,
    Key,
    Line,
    Mark,
    Point,
    Role,
    Scene,
)

_WIDTH, _HEIGHT = 460, 320
_LEFT, _RIGHT, _BOTTOM = 56, 18, 46
#: Left end of the legend, and its lines.
_EDGE_PX, _LINE_PX = 4, 20
#: Width of a letter of the page's 12 px font, on average; only to keep texts apart.
_LETTER_PX = 6.6
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'
#: (light, dark) by class of the style sheet.
_COLOURS = {
    **{role.value: colours for role, colours in COLOURS.items()},
    Role.GUIDE.value: ("#666", "#aaa"),
    "text": ("#1c1c1c", "#eee"),
    "grid": ("#ddd", "#444"),
    "ground": ("#fff", "#1e1e1e"),
}


def _rules(ground: int) -> str:
    """The colours on a light (0) or dark (1) background as rules of a style sheet."""
    fills = (f"svg .{name} {{ fill: {colours[ground]}; }}" for name, colours in _COLOURS.items())
    lines = (f"svg .{name}-line {{ stroke: {colours[ground]}; }}" for name, colours in _COLOURS.items())
    return "\n".join((*fills, *lines))


#: Colours for the page, on light and dark backgrounds.
STYLE = f"svg {{ width: 100%; height: auto; }}\n{_rules(0)}\n@media (prefers-color-scheme: dark) {{\n{_rules(1)}\n}}\n"


def svg(scene: Scene) -> str:
    """Return the picture for an HTML page."""
    legend = [Key(worded(key.text), key.role, key.line) for key in scene.legend]
    places = legend_places(legend, _WIDTH - _EDGE_PX, _text_px)
    top = (2 + max((line for _, _, line in places), default=0)) * _LINE_PX + 12
    plot = Plot(Box(_LEFT, top, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM), scene.across, scene.up)
    parts = [f'<svg role="img" aria-label="{escape(worded(scene.title))}" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>']
    parts += _axes(plot)
    for key, left, line in places:
        x, middle, high = left + _EDGE_PX, 28.5 + line * _LINE_PX, 3 if key.line else SWATCH_PX
        box = Box(x, middle - high / 2, x + SWATCH_PX, middle + high / 2)
        parts.append(f"<rect {_filled(key.role.value)} {_written(box)}/>")
        parts.append(_text(x + SWATCH_PX + SWATCH_GAP_PX, middle + 4.5, "start", key.text))
    parts += (_item(item, plot) for item in scene.items)
    return "\n".join([*parts, "</svg>"])


def _axes(plot: Plot) -> Iterator[str]:
    area = plot.area
    for value, text in plot.up.ticks:
        y = plot.y(value)
        yield _line([(area.left, y), (area.right, y)], "grid")
        yield _text(area.left - 8, y + 4, "end", text)
    for value, _ in plot.across.ticks:
        x = plot.x(value)
        yield _line([(x, area.bottom), (x, area.bottom + TICK_PX)], Role.GUIDE.value)
    for value, text in plot.ticks_with_text(_text_px):
        yield _text(plot.x(value), area.bottom + 18, "middle", text)
    yield _line([(area.left, area.bottom), (area.right, area.bottom)], Role.GUIDE.value)
    yield _text(area.right, _HEIGHT - 6, "end", worded(plot.across.title), Role.GUIDE.value)
    yield _text(_EDGE_PX, 12, "start", worded(plot.up.title), Role.GUIDE.value)


def _item(item: Line | Area | Mark, plot: Plot) -> str:
    colour = item.role.value
    match item:
        case Line(points, _, width_px, dashed):
            return _line(map(plot.at, points), colour, width_px, dashed=dashed)
        case Area(corners):
            return f'<polygon {_filled(colour)} points="{_listed(map(plot.at, corners))}"/>'
        case Dot():
            (x, y), radius = plot.at(item.at), item.radius_px
            shape = f'circle class="{colour} ground-line" fill="{_COLOURS[colour][0]}" stroke="{_COLOURS["ground"][0]}"'
            title = escape(worded(item.text))
            return f'<{shape} cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{title}</title></circle>'
        case Bar():
            return (
                f"<rect {_filled(colour)} {_written(plot.box(item))}><title>{escape(worded(item.text))}</title></rect>"
            )


def _line(points: Iterable[Point], colour: str, width_px: float = 1, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    style = f'class="{colour}-line" fill="none" stroke="{_COLOURS[colour][0]}" stroke-width="{width_px}"{dashes}'
    return f'<polyline {style} points="{_listed(points)}"/>'


def _text(x: float, y: float, anchor: str, text: str, colour: str = "text") -> str:
    return f'<text {_filled(colour)} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _filled(colour: str) -> str:
    opacity = f' fill-opacity="{BAND_OPACITY}"' if colour == Role.BAND.value else ""
    return f'class="{colour}" fill="{_COLOURS[colour][0]}"{opacity}'


def _written(box: Box) -> str:
    size = f'width="{box.right - box.left:.1f}" height="{box.bottom - box.top:.1f}"'
    return f'x="{box.left:.1f}" y="{box.top:.1f}" {size}'


def _listed(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _text_px(text: str) -> float:
    return len(text) * _LETTER_PX
