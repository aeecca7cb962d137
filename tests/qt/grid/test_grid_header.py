"""The line above the grid: a filter that is on looks different from one that is off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.grid.grid_header import NARROW_PX, GridHeader
from flowersorter.ui.grid.photo_filter import Order
from flowersorter.ui.grid.sections import Grouping
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.choice_box import ChoiceBox
from flowersorter.ui.window.actions import Actions
from tests.qt.palettes import dark, light


def framed(header: GridHeader, highlight: QColor) -> int:
    """Number of pixels of the button in the highlight colour."""
    image = header.unchecked.grab().toImage()
    points = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return sum(image.pixelColor(*point).rgb() == highlight.rgb() for point in points)


@pytest.fixture
def own_palette(qapp: QApplication) -> Iterator[None]:
    """Restores the program's palette."""
    before = QPalette(QApplication.palette())
    yield
    QApplication.setPalette(before)


@pytest.mark.usefixtures("own_palette")
@pytest.mark.parametrize("ground", ["#f4f4f4", "#202124"])
@pytest.mark.parametrize("width_px", [NARROW_PX - 40, NARROW_PX + 200], ids=["icon only", "with text"])
def test_hiding_confirmed_photos_shows_on_its_button(qtbot: QtBot, ground: str, width_px: int) -> None:
    action = QAction("Hide confirmed")
    action.setCheckable(True)
    header = GridHeader(action, QAction("Search"))
    qtbot.addWidget(header)
    palette = QPalette(QColor(ground))
    highlight = QColor("#3366cc")
    palette.setColor(QPalette.ColorRole.Highlight, highlight)
    QApplication.setPalette(palette)  # as when the system turns dark or light
    header.resize(width_px, 48)
    header.show()
    with qtbot.waitExposed(header):
        pass
    assert framed(header, highlight) == 0
    action.trigger()
    around = 2 * (header.unchecked.width() + header.unchecked.height())
    assert framed(header, highlight) > around
    action.trigger()
    assert framed(header, highlight) == 0


@pytest.mark.usefixtures("own_palette")
@pytest.mark.parametrize("checked", [False, True])
def test_the_button_turns_dark_with_the_window(qtbot: QtBot, checked: bool) -> None:
    action = QAction("Hide confirmed")
    action.setCheckable(True)
    action.setChecked(checked)
    QApplication.setPalette(light())
    header = GridHeader(action, QAction("Search"))
    qtbot.addWidget(header)
    header.resize(NARROW_PX + 200, 48)
    with qtbot.waitExposed(header):
        header.show()
    QApplication.setPalette(dark())
    fresh = GridHeader(action, QAction("Search"))
    qtbot.addWidget(fresh)
    fresh.resize(header.size())
    with qtbot.waitExposed(fresh):
        fresh.show()
    qtbot.waitUntil(lambda: header.unchecked.grab().toImage() == fresh.unchecked.grab().toImage())


def test_a_narrow_choice_shows_its_short_text_whole(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    header = GridHeader(QAction("Hide confirmed"), QAction(theme.icon("search"), "Search"), window)
    header.show_title("All photos", 144, can_go_back=False)
    header.show_grouping(Grouping.LIKENESS)
    header.resize(NARROW_PX + 200, 48)
    with qtbot.waitExposed(window):
        window.show()
    window.setFocus()
    assert (header.grouping.shown_text, header.order.shown_text) == ("By likeness", "By name")
    header.resize(398, 48)  # in a window of 800 pixels
    QApplication.processEvents()
    assert header.width() == 398
    assert header.count.isVisible()
    assert header.title.geometry().right() < header.count.x()
    assert header.title.width() >= header.title.sizeHint().width()
    assert (header.grouping.shown_text, header.order.shown_text) == ("By likeness", "Names")


@pytest.mark.parametrize("width_px", range(300, 900, 20))
def test_a_choice_never_shows_half_a_word(qtbot: QtBot, width_px: int) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    header = GridHeader(QAction("Hide confirmed"), QAction(theme.icon("search"), "Search"), window)
    header.show_title("All photos", 144, can_go_back=False)
    header.show_grouping(Grouping.LIKENESS)
    header.show_order(Order.MOST_HELPFUL)
    with qtbot.waitExposed(window):
        window.show()
    window.setFocus()
    header.resize(width_px, 48)
    QApplication.processEvents()
    for choice, text, short in (
        (header.grouping, "By likeness", "Likeness"),
        (header.order, "Most helpful first", "Helpful"),
    ):
        assert choice.shown_text in {text, short, ""}
        if choice.shown_text != text:
            assert choice.toolTip() == f"{choice.accessibleName()}: {text}"
        if not choice.shown_text:
            assert choice.width() >= choice.iconSize().width()
            icon = choice.grab().toImage()
            colours = {icon.pixelColor(x, icon.height() // 2).name() for x in range(4, icon.width() // 2)}
            assert len(colours) > 1, "its icon"


def test_the_tool_tip_of_a_narrow_choice_follows_each_new_choice(qtbot: QtBot) -> None:
    box = ChoiceBox("order", "Sort order", theme.icon("order"))
    qtbot.addWidget(box)
    for text, short in (("By name", "Names"), ("By date", "Date")):
        box.add_choice(text, short, text)
    box.setFixedWidth(box.forms_px[0])
    box.show()
    assert (box.shown_text, box.toolTip()) == ("", "Sort order: By name")
    box.setCurrentIndex(1)
    assert (box.shown_text, box.toolTip()) == ("", "Sort order: By date")


def test_its_picture_is_filled_only_while_it_is_on(qapp: QApplication) -> None:
    del qapp
    grid = QWidget()
    window = QMainWindow()
    icon = Actions(window, grid)["hide_confirmed"].icon()

    def inked(state: QIcon.State) -> int:
        image = icon.pixmap(QSize(24, 24), QIcon.Mode.Normal, state).toImage()
        return sum(image.pixelColor(x, y).alpha() > 128 for x in range(24) for y in range(24))

    assert 2 * inked(QIcon.State.Off) < inked(QIcon.State.On)
    for each in (window, grid):
        each.deleteLater()


def test_a_narrow_line_keeps_the_number_and_a_button_for_the_search(qtbot: QtBot) -> None:
    find = QAction("Search")
    window = QWidget()
    qtbot.addWidget(window)
    header = GridHeader(QAction("Hide confirmed"), find, window)
    find.triggered.connect(header.start_search)
    header.show_title("All photos", 74, can_go_back=False)
    header.resize(NARROW_PX + 200, 48)
    with qtbot.waitExposed(window):
        window.show()
    header.zoom.setFocus()
    assert header.count.text() == "74 photos"
    assert header.search.isVisible()
    assert not header.search_button.isVisible()
    header.resize(NARROW_PX - 40, 48)
    assert header.count.isVisible()
    assert (header.count.text(), header.count.accessibleName()) == ("74", "74 photos")
    assert not header.search.isVisible()
    window.activateWindow()
    header.search_button.click()
    assert header.search.isVisible()
    assert not header.search_button.isVisible()


def test_the_way_back_is_short_where_the_title_needs_the_room(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    header = GridHeader(QAction("Hide confirmed"), QAction("Search"), window)
    header.show_title("Photos to label", 15, can_go_back=True)
    header.resize(NARROW_PX + 200, 48)
    window.show()
    assert header.back.text() == "Show all"
    header.resize(360, 48)
    assert header.back.text() == "All"
    assert header.back.accessibleName() == "Show all photos again"
    header.resize(NARROW_PX + 200, 48)
    assert header.back.text() == "Show all"


@pytest.mark.usefixtures("german")
def test_a_narrow_line_cuts_no_short_title_beside_the_way_back(qtbot: QtBot) -> None:
    header = GridHeader(QAction("Hide confirmed"), QAction("Search"))
    qtbot.addWidget(header)
    header.resize(394, 48)  # beside both sides in a window of 800 pixels
    with qtbot.waitExposed(header):
        header.show()
    header.show_title("Unlesbar", 3, can_go_back=True)
    QApplication.processEvents()
    assert header.back.isVisible()
    assert header.title.width() >= header.title.fontMetrics().horizontalAdvance("Unlesbar")
    text_px = header.back.fontMetrics().horizontalAdvance(header.back.text())
    assert header.back.width() > text_px
    header.resize(900, 48)
    QApplication.processEvents()
    assert header.back.width() >= header.back.fontMetrics().horizontalAdvance(header.back.text())


def test_the_title_is_whole_on_a_narrow_line_before_the_number(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    hide = QAction(theme.icon("reviewed"), "Hide confirmed")
    header = GridHeader(hide, QAction(theme.icon("search"), "Search"), window)
    header.show_title("New photos", 6, can_go_back=True)
    header.show_grouping(Grouping.LIKENESS)
    with qtbot.waitExposed(window):
        window.show()
    window.setFocus()
    header.resize(header.minimumSizeHint().width(), 48)
    QApplication.processEvents()
    assert header.title.width() >= header.title.fontMetrics().horizontalAdvance("New photos")
    assert not header.count.isVisible(), "the number gives way"
    header.show_title("Roses", 12, can_go_back=False)
    QApplication.processEvents()
    assert header.count.isVisible()
