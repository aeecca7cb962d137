"""The help sheet lists every key by task, in full, whatever the font; a small screen shows it whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QMainWindow, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.window.action_specs import SPECS
from flowersorter.ui.window.actions import Actions
from flowersorter.ui.window.key_tasks import TASKS
from flowersorter.ui.window.shortcuts_dialog import ShortcutsDialog


@pytest.fixture
def sheet(qtbot: QtBot) -> Callable[[int], ShortcutsDialog]:
    def made(point_size: int) -> ShortcutsDialog:
        window = QMainWindow()
        qtbot.addWidget(window)
        unlisted = QAction("&Water the flowers…", window)
        unlisted.setObjectName("water")
        unlisted.setShortcut("Ctrl+Alt+W")
        dialog = ShortcutsDialog([*Actions(window, QWidget(window)).all(), unlisted, QAction("Without a key", window)])
        qtbot.addWidget(dialog)
        font = dialog.font()
        font.setPointSize(point_size)
        dialog.setFont(font)
        dialog.show()
        qtbot.waitExposed(dialog)
        return dialog

    return made


def parts(dialog: ShortcutsDialog) -> tuple[QScrollArea, QWidget, list[QLabel]]:
    scroll = dialog.findChild(QScrollArea, "keys")
    assert scroll is not None
    page = scroll.widget()
    assert page is not None
    return scroll, page, page.findChildren(QLabel)


@pytest.mark.parametrize("point_size", [9, 20])
def test_nothing_is_cut_off(point_size: int, sheet: Callable[[int], ShortcutsDialog], qtbot: QtBot) -> None:
    dialog = sheet(point_size)
    scroll, page, labels = parts(dialog)
    qtbot.waitUntil(lambda: page.width() == scroll.viewport().width())
    for label in labels:
        needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
        assert label.height() >= needed, label.text()
        assert label.wordWrap() or label.width() >= label.sizeHint().width(), label.text()


def test_every_key_is_listed_by_task_and_a_small_screen_shows_all(
    sheet: Callable[[int], ShortcutsDialog], qtbot: QtBot
) -> None:
    dialog = sheet(9)
    dialog.resize(780, 540)  # of 800 x 600, less a frame and a bar of the desktop
    scroll, page, labels = parts(dialog)
    qtbot.waitUntil(lambda: page.width() == scroll.viewport().width())
    assert dialog.width() <= 780
    assert page.height() <= scroll.viewport().height()
    assert dialog.findChild(QDialogButtonBox) is not None
    texts = [label.text() for label in labels]
    keys = {key for text in texts for key in text.split(", ")}
    for spec in SPECS:
        assert QKeySequence(spec.keys[0].lstrip("@")).toString() in keys, spec.name
    assert "Ctrl+Alt+W" in keys  # also one that no task lists
    assert "Water the flowers" in texts
    assert "Without a key" not in texts
    assert [text for text in texts if text in {task.title for task in TASKS}] == [task.title for task in TASKS]


def test_every_task_names_actions_that_exist() -> None:
    named = [name for task in TASKS for line in task.lines for name in line.actions]
    assert len(named) == len(set(named))
    assert set(named) <= {spec.name for spec in SPECS}


@pytest.mark.usefixtures("german")
def test_longer_keys_leave_room_for_the_text_beside_them(sheet: Callable[[int], ShortcutsDialog], qtbot: QtBot) -> None:
    dialog = sheet(9)
    dialog.resize(736, 540)  # as it opens on a screen of 800 x 600
    scroll, page, labels = parts(dialog)
    qtbot.waitUntil(lambda: page.width() == scroll.viewport().width())
    assert "Strg+Umschalt+F, Strg+Alt+F" in [label.text() for label in labels]
    line = dialog.fontMetrics().lineSpacing()
    assert [label.text() for label in labels if label.sizeHint().height() and label.height() > 2.5 * line] == []
    assert page.height() <= 1.3 * scroll.viewport().height()
