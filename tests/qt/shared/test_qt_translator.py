"""The window in German: the program's texts, those that are the same in both languages, and Qt's own."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot


@pytest.mark.usefixtures("german")
def test_the_program_and_qt_speak_german(qtbot: QtBot) -> None:
    box = QMessageBox()
    qtbot.addWidget(box)
    box.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel)
    assert {each.text() for each in box.buttons()} == {"&Ja", "Abbrechen"}
    assert QKeySequence("Ctrl+O").toString(QKeySequence.SequenceFormat.NativeText) == "Strg+O"
    translate = QCoreApplication.translate
    assert translate("Actions", "&File") == "&Datei"
    assert translate("MainWindow", "FlowerSorter") == "FlowerSorter"  # as in English
    assert translate("MainWindow", "unheard of") == "unheard of"
    assert QLocale().toString(1292) == "1.292"
