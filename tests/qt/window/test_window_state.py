"""The window opens where it was, but within a screen that is there; its sides follow its width."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from unittest.mock import Mock

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.classes.class_list import SEARCH_FROM
from flowersorter.ui.window import window_state
from flowersorter.ui.window.window_state import (
    NARROW_PX,
    NARROW_SIDES,
    USUAL_SIDES,
    WIDE_SIDES,
    WindowState,
    fitted_into,
)
from tests.qt.cut_off import cut_off
from tests.qt.program import draw_folder, idle, running, show_stored

REAL_SCREEN = window_state.screen_around

SCREEN = QRect(0, 30, 1280, 770)


@pytest.mark.parametrize(
    ("wanted", "fitted"),
    [
        (QRect(100, 100, 800, 600), QRect(100, 100, 800, 600)),
        (QRect(100, 100, 2560, 1440), SCREEN),
        (QRect(3000, 200, 800, 600), QRect(480, 200, 800, 600)),
        (QRect(-900, -900, 800, 600), QRect(0, 30, 800, 600)),
        (QRect(0, 0, 1280, 820), SCREEN),
    ],
)
def test_a_window_is_moved_and_shrunk_into_its_screen(wanted: QRect, fitted: QRect) -> None:
    assert fitted_into(wanted, SCREEN) == fitted


def test_a_window_of_a_larger_screen_that_is_gone_is_fitted(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_state, "screen_around", REAL_SCREEN)
    screen = QGuiApplication.primaryScreen().availableGeometry()
    with running(tmp_path, qtbot) as program:  # its usual size, on the first start
        assert screen.contains(program.window.geometry())
        program.window.setGeometry(QRect(QPoint(4000, 3000), QSize(2560, 1440)))
    with running(tmp_path, qtbot) as program:
        assert screen.contains(program.window.geometry())


def test_the_class_list_is_wider_where_there_is_room_unless_the_person_sized_it(qtbot: QtBot) -> None:
    window, splitter = QMainWindow(), QSplitter(Qt.Orientation.Horizontal)
    qtbot.addWidget(window)
    window.setCentralWidget(splitter)
    splitter.setHandleWidth(0)
    for number in range(3):
        splitter.addWidget(QWidget())
        splitter.setStretchFactor(number, number % 2)
    window.show()
    state = WindowState(Mock(), window, splitter)

    def at(before_px: int, now_px: int) -> int:
        window.resize(now_px, 500)
        state.fit(before_px, now_px)
        return splitter.sizes()[0]

    window.resize(1280, 500)
    splitter.setSizes(USUAL_SIDES)
    assert at(1280, 1920) == WIDE_SIDES[0]
    assert at(1920, 1300) == USUAL_SIDES[0]
    assert at(1300, 900) == NARROW_SIDES[0]
    assert at(900, 1300) == USUAL_SIDES[0]
    splitter.setSizes([260, 740, 300])
    assert at(1300, 1920) == 260
    assert at(1920, 1300) == 260
    assert at(-1, 1920) == 260


def test_larger_letters_widen_the_class_list_where_there_is_room(qtbot: QtBot) -> None:
    window, splitter = QMainWindow(), QSplitter(Qt.Orientation.Horizontal)
    qtbot.addWidget(window)
    window.setCentralWidget(splitter)
    splitter.setHandleWidth(0)
    for _ in range(3):
        splitter.addWidget(QWidget())
    font = window.font()
    font.setPointSizeF(2 * font.pointSizeF())
    window.setFont(font)
    window.resize(1280, 500)
    window.show()
    state = WindowState(Mock(), window, splitter)
    state.fit(900, 1280)
    assert splitter.sizes()[0] > 1.2 * USUAL_SIDES[0]
    assert sum(splitter.sizes()) == 1280, "the photos give way"
    window.resize(800, 500)
    state.fit(1280, 800)
    assert splitter.sizes()[0] == NARROW_SIDES[0], "they need the room there"


def test_the_selected_photo_gives_way_in_a_narrow_window_unless_the_person_opens_it(
    tmp_path: Path, qtbot: QtBot
) -> None:
    with running(tmp_path, qtbot) as program:
        window, shown = program.window, program.window.actions_by_name["inspector"]
        window.resize(1280, 700)
        assert not window.inspector.isHidden()
        window.resize(NARROW_PX - 1, 700)
        assert window.inspector.isHidden()
        assert not shown.isChecked()
        window.resize(1280, 700)
        assert not window.inspector.isHidden(), "there is room again"
        window.resize(800, 700)
        shown.trigger()
        assert not window.inspector.isHidden()
        window.resize(760, 700)
        assert not window.inspector.isHidden(), "the person opened it"
        shown.trigger()
        window.resize(1280, 700)
        assert window.inspector.isHidden(), "the person closed it"
        shown.trigger()
        window.resize(800, 700)
    with running(tmp_path, qtbot) as program:  # it opens as narrow as it was
        assert program.window.width() < NARROW_PX
        assert program.window.inspector.isHidden()
        program.window.resize(1280, 700)
        assert not program.window.inspector.isHidden(), "it was hidden for the width only"


@pytest.mark.usefixtures("german")
def test_the_smallest_window_fits_a_laptop_that_shows_all_twice_as_large(tmp_path: Path, qtbot: QtBot) -> None:
    """1440 x 900 pixels are 720 x 450 then, less the frame with the title, and a task bar of 40."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as program:
        idle(program, qtbot)
        for number in range(SEARCH_FROM):
            program.collection.classes.add(f"class {number}")
        show_stored(program)
        window, sidebar = program.window, program.window.class_list
        window.resize(0, 0)
        QApplication.processEvents()
        assert window.width() <= 720 - 8
        assert window.height() <= 450 - 36 - 40 - 2
        parts = [sidebar.to_do, sidebar.search, *sidebar._views[1:], sidebar.add_button]
        shown = [each for each in parts if not each.isHidden()]
        assert not any(one.geometry().intersects(other.geometry()) for one, other in combinations(shown, 2))
        assert all(sidebar.rect().contains(each.geometry()) for each in shown)
        assert sidebar.to_do.isHidden(), "the steps are above the photos, too"
        assert not cut_off(window.header)
        window.resize(1280, 820)
        QApplication.processEvents()
        assert not sidebar.to_do.isHidden()
        assert not sidebar.search.isHidden()


def test_the_start_page_scrolls_in_the_smallest_window(tmp_path: Path, qtbot: QtBot) -> None:
    with running(tmp_path, qtbot) as program:
        window, start = program.window, program.window.empty
        window.resize(900, 500)
        QApplication.processEvents()
        assert not start.verticalScrollBar().isVisible(), "there is room for all"
        start.show_recent([Path(f"/photos/{year}") for year in range(2021, 2026)])
        window.resize(0, 0)
        QApplication.processEvents()
        assert start.height() < 372
        start.ensureWidgetVisible(start.recent)
        QApplication.processEvents()
        at = start.recent.mapTo(start.viewport(), start.recent.rect().center())
        assert start.viewport().rect().contains(at), "nothing is out of reach"
