"""A tile shows its state, and has buttons for its suggestion under the mouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid import photo_delegate
from flowersorter.ui.grid.photo_delegate import DOT_PX, HOVER_TINT, NAME_GAP_PX, SELECTED_TINT
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel, PhotoRole
from flowersorter.ui.grid.photo_state import PhotoState
from flowersorter.ui.grid.tile_buttons import SIDE_PX, TileButton, TileButtons, button_boxes, photo_box
from flowersorter.ui.shared import theme
from tests.qt.fake_rows import LOOKS, picture, rows
from tests.qt.palettes import dark, light, shown_on

SURE, CONFIRMED, UNKNOWN = 0, 1, 2  # rows of the model


class Tiles(PhotoGrid):
    """A grid with a sure photo, a confirmed one and an unknown one."""

    def __init__(self) -> None:
        self.model_shown = PhotoModel(picture)
        self.model_shown.set_classes(LOOKS)
        verdicts = np.array([Verdict.SURE, Verdict.SURE, Verdict.UNKNOWN], np.uint8)
        self.model_shown.set_rows(replace(rows(3), verdicts=verdicts))
        self.model_shown.set_labels({1002: (1, True)})
        super().__init__(self.model_shown)
        self.buttons = TileButtons(self, self.tiles)
        self.clicked_buttons: list[tuple[str, int]] = []
        self.buttons.confirm_clicked.connect(lambda place_id: self.clicked_buttons.append(("confirm", place_id)))
        self.buttons.reject_clicked.connect(lambda place_id: self.clicked_buttons.append(("reject", place_id)))
        self.resize(700, 300)

    def place_of(self, row: int, button: TileButton) -> QPoint:
        """Middle of a button, whether it is there or not."""
        return button_boxes(photo_box(self, self.tiles, self.model_shown.index(row)))[button].center()


@pytest.fixture
def tiles(qtbot: QtBot) -> Iterator[Tiles]:
    made = Tiles()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: made.visualRect(made.model_shown.index(2)).isValid())
    yield made
    made.rest()


def click(view: Tiles, at: QPoint, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, at)


def test_a_click_on_a_button_answers_and_leaves_the_selection(tiles: Tiles) -> None:
    opened: list[object] = []
    tiles.doubleClicked.connect(opened.append)
    tiles.select_places([1, 2])
    confirm, reject = tiles.place_of(SURE, TileButton.CONFIRM), tiles.place_of(SURE, TileButton.REJECT)
    click(tiles, confirm)
    click(tiles, reject, Qt.KeyboardModifier.ControlModifier)
    QTest.mouseDClick(tiles.viewport(), Qt.MouseButton.LeftButton, pos=reject)
    QTest.mouseRelease(tiles.viewport(), Qt.MouseButton.LeftButton, pos=reject)
    assert tiles.clicked_buttons == [("confirm", 1), ("reject", 1), ("reject", 1)]
    assert opened == []
    QTest.mousePress(tiles.viewport(), Qt.MouseButton.LeftButton, pos=confirm)
    QTest.mouseRelease(tiles.viewport(), Qt.MouseButton.LeftButton, pos=reject)  # thought better of it
    QTest.mouseClick(tiles.viewport(), Qt.MouseButton.RightButton, pos=confirm)
    assert len(tiles.clicked_buttons) == 3
    assert tiles.selected_places() == [1, 2]
    click(tiles, tiles.visualRect(tiles.model_shown.index(UNKNOWN)).center())
    assert tiles.selected_places() == [3]


def test_only_a_suggestion_has_buttons_and_they_are_large_enough(tiles: Tiles) -> None:
    boxes = button_boxes(tiles.visualRect(tiles.model_shown.index(SURE)))
    assert SIDE_PX >= 20
    assert not boxes[TileButton.CONFIRM].intersects(boxes[TileButton.REJECT])
    assert tiles.buttons.mark_at(tiles.place_of(SURE, TileButton.REJECT)) == (1, TileButton.REJECT)
    for row in (CONFIRMED, UNKNOWN):
        assert not any(tiles.buttons.mark_at(tiles.place_of(row, button)) for button in TileButton)


def test_a_button_lights_up_and_explains_itself(tiles: Tiles, qtbot: QtBot) -> None:
    reject = tiles.place_of(SURE, TileButton.REJECT)
    QTest.mouseMove(tiles.viewport(), reject - QPoint(0, 60))
    QTest.mouseMove(tiles.viewport(), reject)
    assert tiles.tiles.lit_button == (1, TileButton.REJECT)
    ask = QHelpEvent(QHelpEvent.Type.ToolTip, reject, tiles.viewport().mapToGlobal(reject))
    QApplication.sendEvent(tiles.viewport(), ask)
    assert QToolTip.text() == "Not this class (Delete)"
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not QToolTip.isVisible())
    QTest.mouseMove(tiles.viewport(), reject + QPoint(0, 60))
    assert tiles.tiles.lit_button is None


def mixed(over: QColor, under: QColor, share: float) -> QColor:
    parts = zip(over.getRgbF()[:3], under.getRgbF()[:3], strict=True)  # type: ignore[index]
    return QColor.fromRgbF(*(share * one + (1 - share) * other for one, other in parts))


@pytest.mark.parametrize("dark_ground", [False, True])
def test_the_text_of_a_tile_is_readable_on_every_card(qapp: QApplication, dark_ground: bool) -> None:
    with shown_on(dark() if dark_ground else light()) as palette:
        base, text = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text)
        highlight = palette.color(QPalette.ColorRole.Highlight)
        for ground in (base, mixed(text, base, HOVER_TINT), mixed(highlight, base, SELECTED_TINT)):
            for state in (PhotoState.TORN, PhotoState.UNSURE, PhotoState.UNKNOWN):
                assert theme.contrast(theme.state_style(state).colour, ground) >= 4.5
            assert theme.contrast(mixed(theme.muted(text), ground, theme.muted(text).alphaF()), ground) >= 4.5


def marks(view: Tiles, row: int) -> set[str]:
    """The colours of the mark before the title of a tile."""
    cell = view.visualRect(view.model_shown.index(row))
    image = view.viewport().grab(cell).toImage()
    line = range(image.height() - 26, image.height() - 10)
    return {image.pixelColor(x, y).name() for x in range(12, 26) for y in line}


def test_a_torn_tile_has_the_colours_of_both_classes(tiles: Tiles) -> None:
    one, other = LOOKS[2].colour, LOOKS[3].colour
    assert one in marks(tiles, SURE)
    torn = replace(
        rows(3),
        verdicts=np.full(3, Verdict.UNSURE, np.uint8),
        confidences=np.full(3, 0.43, np.float32),
        second_confidences=np.full(3, 0.39, np.float32),
    )
    tiles.model_shown.merge(torn)
    assert {one, other} <= marks(tiles, SURE)


def test_a_torn_tile_shows_letters_of_both_names_or_one_name(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    metrics, names = widget.fontMetrics(), {PhotoRole.CLASS_NAME: "dandelion", PhotoRole.SECOND_NAME: "sunflowers"}

    def shown(width_px: int) -> str:
        return photo_delegate._both_names(metrics, cast("QModelIndex", SimpleNamespace(data=names.get)), width_px)

    for width_px in range(60, 200, 5):
        words = shown(width_px).removesuffix("?").split(" or ")
        assert all(len(word.removesuffix("…")) >= 2 for word in words), shown(width_px)
        assert metrics.horizontalAdvance(shown(width_px)) <= width_px
    assert " or " not in shown(60)
    assert " or " in shown(120)


def test_a_usual_name_has_room_on_a_tile_in_letters_of_twice_the_size(tiles: Tiles) -> None:
    usual = tiles.cell_size.width()
    font = tiles.font()
    font.setPointSizeF(2 * font.pointSizeF())
    tiles.setFont(font)
    tiles.resize(690, 300)  # four columns of the usual width
    line = tiles.tiles.tile_size - DOT_PX - NAME_GAP_PX
    assert QFontMetrics(font).horizontalAdvance("dandelion?") <= line
    assert tiles.cell_size.width() > usual
