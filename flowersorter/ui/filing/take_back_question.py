"""Asks whether undo includes photos moved, renamed or edited since."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from flowersorter.sorting.undo import UndoResult
from flowersorter.ui.shared.widgets import count_photos


def ask_to_take_back(result: UndoResult, parent: QWidget | None) -> bool:
    """Ask about the photos that an undo left as the person changed them; Escape leaves them."""
    box = QMessageBox(parent)
    box.setObjectName("take_back_question")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Undo the sort"))
    sentences = []
    if result.moved:
        sentences.append(_tr("Moved or renamed after the sort: {0}.").format(count_photos(len(result.moved))))
    if result.edited:
        sentences.append(_tr("Edited after the sort: {0}.").format(count_photos(len(result.edited))))
    box.setText(" ".join([*sentences, _tr("Undo these too?")]))
    names = ", ".join(path.name for path in [*result.moved.values(), *result.edited.values()][:3])
    explanation = _tr("Edited photos go back as they are now.") if result.edited else ""
    box.setInformativeText(_tr("Sorted as: {0}. {1}").format(names, explanation).strip())
    yes = box.addButton(_tr("Undo these too"), QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    return box.clickedButton() is yes


def _tr(text: str) -> str:
    return QCoreApplication.translate("take_back_question", text)
