"""The sides of the window follow its width."""

from __future__ import annotations

from unittest.mock import Mock

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QSplitter, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.window.window_state import NARROW_SIDES, USUAL_SIDES, WIDE_SIDES, WindowState


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
