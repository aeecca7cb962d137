"""The window in German: the program's texts, those that are the same in both languages, and Qt's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.translations import LOCALE_FOLDER, Catalogue
from flowersorter.ui.shared.qt_translator import install_translator


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    before, locale = set(qapp.findChildren(QTranslator)), QLocale()
    install_translator(qapp, Catalogue.read(LOCALE_FOLDER / "de.po"), "de")
    yield
    for translator in set(qapp.findChildren(QTranslator)) - before:
        qapp.removeTranslator(translator)
        translator.deleteLater()
    QLocale.setDefault(locale)


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
