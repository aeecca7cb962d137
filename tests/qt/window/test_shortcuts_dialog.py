"""What keys and mouse do is told in full, whatever the font."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from flowersorter.ui.window.shortcuts_dialog import ShortcutsDialog


@pytest.mark.parametrize("point_size", [9, 20])
def test_nothing_is_cut_off(point_size: int, qtbot: QtBot) -> None:
    action = QAction("&Undo…")
    action.setShortcut("Ctrl+Z")
    dialog = ShortcutsDialog([action, QAction("Without a key")])
    qtbot.addWidget(dialog)
    font = dialog.font()
    font.setPointSize(point_size)
    dialog.setFont(font)
    dialog.show()
    qtbot.waitExposed(dialog)
    scroll = dialog.findChild(QScrollArea, "keys")
    assert scroll is not None
    page = scroll.widget()
    assert page is not None
    labels = page.findChildren(QLabel)
    assert {"Ctrl+Z", "Undo"} < {label.text() for label in labels}
    assert "Without a key" not in {label.text() for label in labels}
    qtbot.waitUntil(lambda: page.width() == scroll.viewport().width())
    for label in labels:
        needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
        assert label.height() >= needed, label.text()
        assert label.wordWrap() or label.width() >= label.sizeHint().width(), label.text()
