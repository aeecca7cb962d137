"""Texts have a contrast of 4.5 to 1 and graphics of 3 to 1 on every ground they are painted on, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QStyle, QStyleOptionButton, QStyleOptionViewItem, QTreeWidget, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from flowersorter.domain.photo_class import PALETTE
from flowersorter.ui.classes.class_dialogs import swatch
from flowersorter.ui.evaluation.confusion_matrix import heat
from flowersorter.ui.grid.photo_delegate import ground_of
from flowersorter.ui.grid.photo_state import PhotoState
from flowersorter.ui.large_view.photo_canvas import GROUND, INK
from flowersorter.ui.review.steps_bar import CURRENT_TINT
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.indicators import CheckBox, CheckRows, RadioButton
from flowersorter.ui.shared.widgets import FramedField
from tests.qt.palettes import dark, light, shown_on

pytestmark = pytest.mark.usefixtures("qapp")
Role = QPalette.ColorRole
ROOT = Path(__file__).parents[3]
#: Written in the colour of their state below a tile; the others have it in an icon or a mark.
_IN_COLOUR = (PhotoState.TORN, PhotoState.UNSURE, PhotoState.UNKNOWN)


@pytest.fixture(params=["light", "dark"])
def palette(request: pytest.FixtureRequest) -> Iterator[QPalette]:
    """The palette that the program makes of the system's."""
    with shown_on(theme.readable(dark() if request.param == "dark" else light())) as shown:
        yield shown


def tile_grounds(palette: QPalette) -> dict[str, QColor]:
    """The grounds of tiles: at rest, under the mouse, selected."""
    grounds = {}
    for name, state in (
        ("tile", QStyle.StateFlag.State_None),
        ("hovered tile", QStyle.StateFlag.State_MouseOver),
        ("selected tile", QStyle.StateFlag.State_Selected),
    ):
        option = QStyleOptionViewItem()
        option.palette, option.state = palette, state
        grounds[name] = ground_of(option)
    return grounds


def texts(palette: QPalette) -> Iterator[tuple[str, QColor, QColor]]:
    """Each text that is painted: what it is, its colour, its ground."""
    text = palette.color(Role.Text)
    for name, ground in tile_grounds(palette).items():
        yield f"title of a {name}", text, ground
        yield f"word on a {name}", theme.mixed(text, ground, theme.MUTED), ground
        for state in _IN_COLOUR:
            yield f"{state.name} on a {name}", theme.state_style(state).colour, ground
    for role in (Role.Window, Role.Base):
        ground = palette.color(role)
        yield f"text on {role.name}", palette.color(Role.WindowText), ground
        yield f"muted row on {role.name}", theme.mixed(text, ground, theme.MUTED), ground
        yield f"number of a header on {role.name}", palette.color(Role.PlaceholderText), ground
        yield f"link on {role.name}", palette.color(Role.Link), ground
    lit = theme.mixed(palette.color(Role.Highlight), palette.color(Role.Window), CURRENT_TINT)
    yield "current step", palette.color(Role.WindowText), lit
    yield "row that is shown, badge", palette.color(Role.HighlightedText), palette.color(Role.Highlight)
    yield "explanation in a tab", palette.color(Role.PlaceholderText), palette.color(Role.Button).lighter(125)
    yield "button", palette.color(Role.ButtonText), palette.color(Role.Button)
    yield "words on the large photo's ground", INK, GROUND
    for colour in map(QColor, PALETTE):
        yield f"initials on {colour.name()}", theme.readable_on(colour), colour
    for share in (0.0, 0.01, 0.25, 0.5, 1.0):
        for right in (False, True):
            ground = heat(share, right=right)
            yield f"number in a cell of {share:.0%}", theme.readable_on(ground), ground


def graphics(palette: QPalette) -> Iterator[tuple[str, QColor, QColor]]:
    """Each shape that says something: what it is, its colour, its ground."""
    text, window = palette.color(Role.Text), palette.color(Role.Window)
    for colour in map(QColor, PALETTE):
        for name, ground in tile_grounds(palette).items():
            yield f"mark of {colour.name()} on a {name}", theme.edge_of(colour, ground, text), ground
        yield f"bar of {colour.name()}", theme.edge_of(colour, window, text), window
        for role in (Role.Window, Role.Base):
            yield f"swatch of {colour.name()}", theme.swatch_edge(colour, palette), palette.color(role)
        selected = theme.swatch_edge(colour, palette, selected=True)
        yield f"swatch of {colour.name()} in a selected row", selected, palette.color(Role.Highlight)
    for role in (Role.Window, Role.Base, Role.AlternateBase, Role.Button):
        yield f"swatch on {role.name}", theme.EDGE, palette.color(role)
    for state in PhotoState:
        yield f"icon of {state.name}", theme.state_style(state).colour, palette.color(Role.Base)
    for role in (Role.WindowText, Role.ButtonText, Role.Text):
        disabled = palette.color(QPalette.ColorGroup.Disabled, role)
        for below in (Role.Window, Role.Base, Role.Button):
            yield f"disabled {role.name} on {below.name}", disabled, palette.color(below)
    yield "tick of a confirmed photo", QColor("white"), theme.checked_colour()
    yield "edge of a selected tile", palette.color(Role.Highlight), palette.color(Role.Base)


def test_every_text_can_be_read(palette: QPalette) -> None:
    low = {name: round(theme.contrast(text, on), 2) for name, text, on in texts(palette)}
    assert {name: ratio for name, ratio in low.items() if ratio < theme.READABLE} == {}


def test_every_graphic_can_be_seen(palette: QPalette) -> None:
    low = {name: round(theme.contrast(shape, on), 2) for name, shape, on in graphics(palette)}
    assert {name: ratio for name, ratio in low.items() if ratio < theme.VISIBLE} == {}


@pytest.mark.parametrize("colour", PALETTE)
def test_the_edge_of_a_swatch_is_seen_on_every_ground(palette: QPalette, colour: str) -> None:
    """Its own colour is not, on dark ground for ten of the colours, and for most of them on a selected row."""
    button = palette.color(Role.Button)
    grounds = [palette.color(role) for role in (Role.Window, Role.Base, Role.AlternateBase, Role.Button)]
    for mode, below in (
        (QIcon.Mode.Normal, [*grounds, button.lighter(125)]),
        (QIcon.Mode.Selected, [palette.color(Role.Highlight)]),
    ):
        image = swatch(colour).pixmap(QSize(16, 16), 4.0, mode).toImage()
        row = [image.pixelColor(x, image.height() // 2) for x in range(image.width())]
        edge = next(each for each in row if each.alpha() == 255)
        assert {ground.name(): theme.contrast(edge, ground) >= theme.VISIBLE for ground in below} == {
            ground.name(): True for ground in below
        }
        assert row[len(row) // 2] == QColor(colour)


def test_a_swatch_follows_the_palette() -> None:
    """The system turns dark in the evening, and the lists that are open with it."""
    made, edges = swatch("#443311"), []
    for scheme in (light, dark):
        with shown_on(theme.readable(scheme())):
            image = made.pixmap(QSize(16, 16), 4.0).toImage()
            edges.append(image.pixelColor(3, image.height() // 2).lightness())
    assert edges[0] < 100 < edges[1]


def test_the_edge_of_a_field_is_seen_on_its_ground(palette: QPalette, qtbot: QtBot) -> None:
    field = FramedField()
    qtbot.addWidget(field)
    field.setPalette(palette)
    image = field.grab().toImage()
    edge = image.pixelColor(image.width() // 2, 0)
    for role in (Role.Base, Role.Window):
        assert theme.contrast(edge, palette.color(role)) >= theme.VISIBLE


@pytest.mark.parametrize("kind", [CheckBox, RadioButton])
@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("enabled", [False, True])
def test_the_edge_of_an_indicator_is_seen_on_its_ground(
    palette: QPalette, qtbot: QtBot, kind: type[CheckBox | RadioButton], checked: bool, enabled: bool
) -> None:
    button = kind("Copy")
    qtbot.addWidget(button)
    button.setPalette(palette)
    button.setChecked(checked)
    button.setEnabled(enabled)
    button.resize(button.sizeHint())
    image = button.grab().toImage()
    option = QStyleOptionButton()
    button.initStyleOption(option)
    is_round = isinstance(button, RadioButton)
    element = QStyle.SubElement.SE_RadioButtonIndicator if is_round else QStyle.SubElement.SE_CheckBoxIndicator
    box = button.style().subElementRect(element, option, button)
    middle = box.center()
    for edge in (
        (middle.x(), box.top()),
        (middle.x(), box.bottom()),
        (box.left(), middle.y()),
        (box.right(), middle.y()),
    ):
        for role in (Role.Base, Role.Window):
            assert theme.contrast(image.pixelColor(*edge), palette.color(role)) >= theme.VISIBLE
    if checked:
        inside = [
            image.pixelColor(x, y)
            for x in range(box.left() + 3, box.right() - 2)
            for y in range(box.top() + 3, box.bottom() - 2)
        ]
        assert max(theme.contrast(each, palette.color(Role.Base)) for each in inside) >= theme.VISIBLE


def test_every_check_box_and_radio_button_has_that_edge() -> None:
    plain = {
        f"{file.name}: {line.strip()}"
        for file in (ROOT / "flowersorter" / "ui").rglob("*.py")
        if file.name != "indicators.py"
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"\bQ(CheckBox|RadioButton)\b", line)
    }
    assert plain == set()


@pytest.mark.parametrize("checked", [False, True])
def test_the_edge_of_a_check_box_in_a_list_is_seen_on_its_ground(
    palette: QPalette, qtbot: QtBot, checked: bool
) -> None:
    rows = QTreeWidget()
    qtbot.addWidget(rows)
    rows.setPalette(palette)
    rows.setRootIsDecorated(False)
    rows.setItemDelegate(CheckRows(rows))
    item = QTreeWidgetItem(rows, ["spring"])
    item.setCheckState(0, Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
    with qtbot.waitExposed(rows):
        rows.show()
    image, line = rows.viewport().grab().toImage(), rows.visualItemRect(item)
    ground = palette.color(Role.Base)
    seen = [
        x
        for x in range(line.left(), line.left() + 24)
        if theme.contrast(image.pixelColor(x, line.center().y()), ground) >= theme.VISIBLE
    ]
    assert len(seen) >= 2, "its left and its right edge"
    assert seen[-1] - seen[0] > 8
