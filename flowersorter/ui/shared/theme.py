"""Icons, verdict colours and spacing, on top of Qt's own style in light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPen, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QStyle

from flowersorter.library.files.locations import resource
from flowersorter.ui.grid.photo_state import PhotoState

SMALL_GAP_PX, GAP_PX, LARGE_GAP_PX = 4, 8, 16

#: Duration of an animation.
MOTION_MS = 160

#: Contrast that text and graphics need (WCAG 2.1, level AA).
READABLE, VISIBLE = 4.5, 3.0
#: The edge of a swatch: visible on light and dark backgrounds, unlike some class colours.
EDGE = QColor("#888888")
#: Size of the swatch of a class in lists and menus, and width of its edge.
_SWATCH_PX, _SWATCH_EDGE_PX = 14, 1.5
#: Lightness in per cent of a button in the panes of tabs, which Qt's dark style makes lighter.
_PANE_LIGHTER = 125
#: Share of the text colour in text that is less important.
MUTED = 0.66

#: The colour an icon's lines are drawn with in its file; replaced by the colour of the text around it.
_DRAWN_IN = b"#000"


@dataclass(frozen=True, slots=True)
class VerdictStyle:
    """The display of a verdict or another state of a photo: never by colour alone.

    Attributes:
        word: The word beside the icon.
        icon_name: Its icon under `resources/icons`.
        light: Its colour on a light background, "#rrggbb".
        dark: Its colour on a dark background.
    """

    word: str
    icon_name: str
    light: str
    dark: str

    @property
    def colour(self) -> QColor:
        """The colour for the present background, with a contrast of at least 4.5 : 1."""
        return QColor(self.dark if is_dark() else self.light)

    @property
    def icon(self) -> QIcon:
        """The icon in that colour."""
        return icon(self.icon_name, self.colour)


def _tile_text(text: str) -> str:
    """Mark a text that `PhotoDelegate` translates."""
    return text


UNREADABLE = VerdictStyle(_tile_text("Unreadable"), "unreadable", "#b3261e", "#ff8a80")
CONFIRMED = VerdictStyle(_tile_text("Confirmed"), "reviewed", "#1e7a34", "#6fd08c")
_NOT_SURE = VerdictStyle(_tile_text("Not sure"), "verdict-unsure", "#8a4b00", "#ffb454")
_STATES = {
    PhotoState.WAITING: VerdictStyle(_tile_text("Waiting"), "photo", "#5f6368", "#a8adb3"),
    PhotoState.SURE: VerdictStyle(_tile_text("Sure"), "verdict-sure", "#1e7a34", "#6fd08c"),
    PhotoState.LIKELY: VerdictStyle(_tile_text("Likely"), "verdict-probable", "#4a6318", "#b9cf7a"),
    PhotoState.TORN: _NOT_SURE,
    PhotoState.UNSURE: _NOT_SURE,
    PhotoState.UNKNOWN: VerdictStyle(_tile_text("Unknown"), "verdict-new", "#6b3fc0", "#bda2ff"),
    PhotoState.CONFIRMED: CONFIRMED,
    PhotoState.FROM_FOLDER: VerdictStyle(_tile_text("From folder name"), "open-folder", "#5f6368", "#a8adb3"),
    PhotoState.NOT_MINE: VerdictStyle(_tile_text("Not mine"), "verdict-none", "#5f6368", "#a8adb3"),
    PhotoState.UNREADABLE: UNREADABLE,
}


def motion_ms() -> int:
    """Duration of an animation in milliseconds; 0 if the system disables animations."""
    wanted = QApplication.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
    return MOTION_MS if wanted else 0


def state_style(state: PhotoState) -> VerdictStyle:
    """Return the display of a state of a photo."""
    return _STATES[state]


def checked_colour() -> QColor:
    """The background of the mark on confirmed photos; white is visible on it in light and dark."""
    return QColor(CONFIRMED.light)


def is_dark(palette: QPalette | None = None) -> bool:
    """Whether text is lighter than its background, in a palette or else the program's."""
    palette = palette if palette is not None else QGuiApplication.palette()
    text, ground = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    return text.lightness() > ground.lightness()


def icon(name: str, colour: QColor | None = None, *, name_on: str = "") -> QIcon:
    """An icon of `resources/icons`, in the colour of the text around it unless another one is given.

    It follows the palette when the system turns dark or light.

    Args:
        name: Name of the drawing.
        colour: Its colour.
        name_on: Name of the drawing while the button or action is on; "" for the same.
    """
    return QIcon(_LineIcon(name, colour, name_on or name))


def warning_icon() -> QIcon:
    """The icon beside an error."""
    return icon("warning", UNREADABLE.colour)


def readable_on(ground: QColor) -> QColor:
    """Black or white, whichever has more contrast."""
    return max((QColor(Qt.GlobalColor.black), QColor(Qt.GlobalColor.white)), key=lambda text: contrast(text, ground))


def readable(palette: QPalette) -> QPalette:
    """A palette in which muted and disabled text, links and text on the highlight have enough contrast.

    Qt's own have about 3.4 to 1, 1.6 to 1, 2.5 to 1 on dark ground and 3.7 to 1.
    """
    made, role = QPalette(palette), QPalette.ColorRole
    text, ground = palette.color(role.WindowText), palette.color(role.Window)
    on_highlight, highlight = palette.color(role.HighlightedText), palette.color(role.Highlight)
    darker = QColor(Qt.GlobalColor.black if on_highlight.lightness() > highlight.lightness() else Qt.GlobalColor.white)
    pane = palette.color(role.Button).lighter(_PANE_LIGHTER)
    made.setColor(role.PlaceholderText, _first_readable(text, ground, (ground, palette.color(role.Base), pane), 50))
    for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
        made.setColor(group, role.Link, _first_readable(text, palette.color(role.Link), (ground, pane), 0))
        made.setColor(group, role.Highlight, _first_readable(darker, highlight, (on_highlight,), 0))
    disabled, grounds = QPalette.ColorGroup.Disabled, (ground, palette.color(role.Base), palette.color(role.Button))
    for each in (role.WindowText, role.ButtonText, role.Text):  # as of a step that is done
        made.setColor(disabled, each, _first_readable(text, palette.color(disabled, each), grounds, 0, VISIBLE))
    return made


def _first_readable(
    over: QColor, under: QColor, others: Sequence[QColor], percent: int, least: float = READABLE
) -> QColor:
    """Mix two colours, from this share of the first on, until the contrast to all other colours is enough."""
    mixtures = (mixed(over, under, 0.01 * share) for share in range(percent, 101))
    return next((each for each in mixtures if all(contrast(each, other) >= least for other in others)), over)


def muted(text: QColor) -> QColor:
    """The colour of less important text, on any background."""
    paler = QColor(text)
    paler.setAlphaF(MUTED)
    return paler


def edge_of(colour: QColor, ground: QColor, text: QColor) -> QColor:
    """The edge colour of a filled shape: its own if visible on the background, else one near the text colour."""
    return colour if contrast(colour, ground) >= VISIBLE else mixed(text, ground, MUTED)


def swatch_edge(colour: QColor, palette: QPalette, *, selected: bool = False) -> QColor:
    """The edge colour of a swatch on any ground of windows, lists and buttons; its own if visible on all of them."""
    role = QPalette.ColorRole
    if selected:
        return palette.color(role.HighlightedText)
    window, button = palette.color(role.Window), palette.color(role.Button)
    lists = (palette.color(each) for each in (role.Base, role.AlternateBase))
    grounds = (window, button, button.lighter(_PANE_LIGHTER), *lists)
    if all(contrast(colour, ground) >= VISIBLE for ground in grounds):
        return colour
    return mixed(palette.color(role.WindowText), window, MUTED)


def mixed(over: QColor, under: QColor, share: float) -> QColor:
    """One colour painted on another with this opacity."""
    parts = zip(over.getRgbF()[:3], under.getRgbF()[:3], strict=True)  # type: ignore[index]  # a tuple of four
    return QColor.fromRgbF(*(share * one + (1 - share) * other for one, other in parts))


def contrast(one: QColor, other: QColor) -> float:
    """Contrast ratio by WCAG 2.1, 1 to 21 (https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: QColor) -> float:
    """Relative luminance, 0 to 1, as WCAG 2.1 defines it."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def app_icon() -> QIcon:
    """The program's own icon, in its own colours."""
    return QIcon(str(resource("icons/app.svg")))


@lru_cache
def _drawing(name: str) -> bytes:
    return resource(f"icons/{name}.svg").read_bytes()


def _rendered(name: str, colour: str, size: QSize, scale: float, *, faded: bool) -> QPixmap:
    """Return an icon as a pixmap. Qt keeps it: rendering takes longer than the rest of a photo's tile."""
    key = f"flowersorter {name} {colour} {size.width()}x{size.height()} {scale} {faded}"
    picture = QPixmap()
    if QPixmapCache.find(key, picture):
        return picture
    picture = QPixmap(size * scale)
    picture.setDevicePixelRatio(scale)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(0.4 if faded else 1.0)
    drawing = QSvgRenderer(QByteArray(_drawing(name).replace(_DRAWN_IN, colour.encode())))
    drawing.render(painter, QRectF(QPoint(), size))
    painter.end()
    QPixmapCache.insert(key, picture)
    return picture


def swatch(colour: QColor) -> QIcon:
    """The colour of a class as a small round picture; its edge follows the palette, and a selection."""
    return QIcon(_Swatch(colour))


class _Swatch(QIconEngine):
    """Draws a dot with an edge that is visible on the ground."""

    _clones: ClassVar[list[QIconEngine]] = []

    def __init__(self, colour: QColor) -> None:
        super().__init__()
        self._colour = colour

    def clone(self) -> QIconEngine:
        clone = _Swatch(self._colour)
        self._clones.append(clone)  # as for `_LineIcon`
        return clone

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        del state
        palette = QGuiApplication.palette()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._colour)
        edge = swatch_edge(self._colour, palette, selected=mode is QIcon.Mode.Selected)
        painter.setPen(QPen(edge, _SWATCH_EDGE_PX))
        half = _SWATCH_EDGE_PX / 2
        painter.drawEllipse(QRectF(rect).adjusted(half, half, -half, -half))
        painter.restore()

    def actualSize(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QSize:  # noqa: N802
        del mode, state
        return size.boundedTo(QSize(_SWATCH_PX, _SWATCH_PX))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:  # noqa: N802
        picture = QPixmap(size * scale)
        picture.setDevicePixelRatio(scale)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(QPoint(), size), mode, state)
        painter.end()
        return picture


class _LineIcon(QIconEngine):
    """Draws an icon at any size and colour, crisp on every screen."""

    _clones: ClassVar[list[QIconEngine]] = []

    def __init__(self, name: str, colour: QColor | None, name_on: str) -> None:
        super().__init__()
        self._name, self._colour, self._name_on = name, colour, name_on

    def clone(self) -> QIconEngine:
        # PySide frees a clone as soon as this returns, although Qt draws with it.
        clone = _LineIcon(self._name, self._colour, self._name_on)
        self._clones.append(clone)
        return clone

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        picture = self.scaledPixmap(rect.size(), mode, state, painter.device().devicePixelRatioF())
        painter.drawPixmap(rect.topLeft(), picture)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:  # noqa: N802
        name = self._name_on if state is QIcon.State.On else self._name
        return _rendered(name, self._colour_for(mode).name(), size, scale, faded=mode is QIcon.Mode.Disabled)

    def _colour_for(self, mode: QIcon.Mode) -> QColor:
        if self._colour is not None:
            return self._colour
        palette = QGuiApplication.palette()
        role = QPalette.ColorRole.HighlightedText if mode is QIcon.Mode.Selected else QPalette.ColorRole.WindowText
        return palette.color(role)
