"""The window opens where it was, but within a screen that is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from flowersorter.ui.window.window_state import fitted_into
from tests.qt.program import running

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


def test_a_window_of_a_larger_screen_that_is_gone_is_fitted(tmp_path: Path, qtbot: QtBot) -> None:
    screen = QGuiApplication.primaryScreen().availableGeometry()
    with running(tmp_path, qtbot) as program:  # its usual size, on the first start
        assert screen.contains(program.window.geometry())
        program.window.setGeometry(QRect(QPoint(4000, 3000), QSize(2560, 1440)))
    with running(tmp_path, qtbot) as program:
        assert screen.contains(program.window.geometry())
