"""Icons and colours on light and dark ground."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPalette
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.library.files.locations import resource
from flowersorter.ui.desktop.colour_scheme import ColourScheme
from flowersorter.ui.grid.photo_state import PhotoState
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.icon_label import IconLabel
from flowersorter.ui.window.action_specs import SPECS
from tests.qt.palettes import dark, light, shown_on
from tests.sources import SOURCES, tree_of

pytestmark = pytest.mark.usefixtures("qapp")

FILES = sorted(resource("icons").glob("*.svg"))
STYLES = [theme.state_style(state) for state in PhotoState if state is not PhotoState.TORN]  # that is not sure, too
READABLE = 4.5  # WCAG 2.1, contrast of text, level AA


@pytest.fixture(params=["light", "dark"])
def palette(request: pytest.FixtureRequest) -> Iterator[QPalette]:
    with shown_on(dark() if request.param == "dark" else light()) as shown:
        yield shown


def _ink(icon: QIcon, side_px: int = 64, mode: QIcon.Mode = QIcon.Mode.Normal) -> QColor:
    """The colour of the most opaque pixel."""
    image = icon.pixmap(QSize(side_px, side_px), 1.0, mode).toImage()
    colours = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(colours, key=QColor.alpha)


def test_every_state_has_a_word_and_an_icon_of_its_own() -> None:
    assert len({style.word for style in STYLES}) == len(STYLES)
    assert len({style.icon_name for style in STYLES}) == len(STYLES)
    for style in STYLES:
        assert resource(f"icons/{style.icon_name}.svg").is_file()


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.word)
def test_verdict_colours_are_readable(style: theme.VerdictStyle, palette: QPalette) -> None:
    for role in (QPalette.ColorRole.Window, QPalette.ColorRole.Base, QPalette.ColorRole.AlternateBase):
        assert theme.contrast(style.colour, palette.color(role)) >= READABLE


def test_the_mark_of_checked_photos_shows_white(palette: QPalette) -> None:
    assert theme.contrast(QColor("white"), theme.checked_colour()) >= READABLE


def test_muted_text_is_readable_and_still_muted(palette: QPalette, qapp: QApplication) -> None:
    ColourScheme.of(qapp)._mix()
    now = QApplication.palette()
    muted, text = now.color(QPalette.ColorRole.PlaceholderText), now.color(QPalette.ColorRole.WindowText)
    ground = palette.color(QPalette.ColorRole.Window)
    assert READABLE <= theme.contrast(muted, ground) < theme.contrast(text, ground)


def test_contrast_is_that_of_wcag() -> None:
    black, white, grey = QColor("black"), QColor("white"), QColor("#767676")
    assert theme.contrast(black, white) == pytest.approx(21.0)
    assert theme.contrast(white, white) == pytest.approx(1.0)
    assert theme.contrast(grey, white) == pytest.approx(4.54, abs=0.01)  # WebAIM's well-known lightest grey
    assert theme.readable_on(QColor("#ffc93c")) == black
    assert theme.readable_on(QColor("#332288")) == white


def test_dark_is_told_from_light() -> None:
    assert theme.is_dark(dark())
    assert not theme.is_dark(light())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_icon_is_drawn_in_one_style(file: Path) -> None:
    drawing = file.read_text("utf-8")
    assert QSvgRenderer(str(file)).isValid()
    if file.stem != "app":
        assert 'viewBox="0 0 24 24"' in drawing
        assert 'stroke-width="1.7"' in drawing
        assert {part[:4] for part in drawing.split('"') if part.startswith("#")} == {"#000"}


def test_every_action_has_the_icon_it_names() -> None:
    missing = [spec.icon for spec in SPECS if spec.icon and not resource(f"icons/{spec.icon}.svg").is_file()]
    assert not missing


def test_icons_follow_the_palette_by_themselves() -> None:
    icon = theme.icon("cancel")
    for palette in (light(), dark(), light()):
        with shown_on(palette):
            assert _ink(icon).name() == palette.color(QPalette.ColorRole.WindowText).name()


def test_an_icon_beside_a_text_follows_the_palette_too(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    label = IconLabel(64, parent, lambda: theme.UNREADABLE.icon)
    parent.show()
    inks = []
    for palette in (light(), dark(), light()):
        with shown_on(palette):
            QApplication.processEvents()
            inks.append((_ink(QIcon(label.pixmap())).name(), theme.UNREADABLE.colour.name()))
    assert all(painted == wanted for painted, wanted in inks)
    assert inks[0] != inks[1]


def test_an_icon_may_have_a_colour_of_its_own() -> None:
    assert _ink(theme.icon("reviewed", QColor("#336699"))).name() == "#336699"


def test_a_disabled_icon_is_paler() -> None:
    icon = theme.icon("reviewed")
    assert _ink(icon, mode=QIcon.Mode.Disabled).alpha() < 128 < _ink(icon).alpha()


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 1.75, 2.0, 3.0])
def test_icons_are_crisp_on_every_screen(ratio: float) -> None:
    pixmap = theme.icon("history").pixmap(QSize(16, 16), ratio)
    assert pixmap.size() == QSize(round(16 * ratio), round(16 * ratio))
    assert pixmap.devicePixelRatio() == ratio
    drawn = QImage(pixmap.size(), QImage.Format.Format_ARGB32_Premultiplied)
    drawn.fill(QColor(0, 0, 0, 0))
    assert pixmap.toImage().convertToFormat(drawn.format()) != drawn


def test_copies_of_an_icon_outlive_it() -> None:
    copies = [QIcon(theme.icon("undo")) for _ in range(500)]
    copies += [QIcon(copy) for copy in copies]
    assert all(not copy.pixmap(16, 16).isNull() for copy in copies[::100])


def test_an_icon_that_is_changed_outlives_the_one_it_was_copied_from() -> None:
    changed = []
    for _ in range(200):
        copy = QIcon(theme.icon("undo"))
        copy.setIsMask(True)
        changed.append(copy)
    assert all(not each.pixmap(16).isNull() for each in changed)


def test_the_program_has_an_icon() -> None:
    assert not theme.app_icon().pixmap(256, 256).isNull()


def _icons_named_in_the_code() -> set[str]:
    """Every literal handed to something called "icon"."""
    nodes = (node for path in SOURCES for node in ast.walk(tree_of(path)))
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.args]
    named = [call.args[0] for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) == "icon"]
    literals = [part for each in named for part in ast.walk(each) if isinstance(part, ast.Constant)]
    return {part.value for part in literals if isinstance(part.value, str)}


def test_every_icon_named_in_the_code_exists() -> None:
    named = _icons_named_in_the_code()
    assert {"open-folder", "reviewed", "warning"} <= named  # also those chosen by a condition
    assert named <= {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_icon_shows_something(file: Path, palette: QPalette) -> None:
    assert _ink(theme.icon(file.stem), side_px=16).alpha() > 128
