"""Asks whether sorted copies follow a changed label on disk."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox


def ask_to_move_copies(count: int) -> bool | None:
    """Ask before sorted copies are moved for the first time; Escape leaves it open.

    Args:
        count: Copies in another class folder than their label says.
    """
    box = QMessageBox(QApplication.activeWindow())
    box.setObjectName("move_copies_question")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Sorted copies"))
    box.setText(_tr("Also move the copies you sorted?"))
    found = _tr("1 sorted copy is in the folder of another class.")
    if count != 1:
        found = _tr("{0} sorted copies are in folders of other classes.").format(count)
    box.setInformativeText(found + " " + _tr("The answer counts for this collection from now on."))
    yes: QAbstractButton = box.addButton(QMessageBox.StandardButton.Yes)
    no: QAbstractButton = box.addButton(QMessageBox.StandardButton.No)
    box.setDefaultButton(QMessageBox.StandardButton.No)
    later = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setEscapeButton(later)
    box.exec()
    answer = box.clickedButton()
    return True if answer is yes else False if answer is no else None


def _tr(text: str) -> str:
    return QCoreApplication.translate("move_copies_question", text)
