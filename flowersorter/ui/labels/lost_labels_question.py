"""Asks whether to remove labels whose photos are gone, and to label files again that show another picture."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

_NAMES_SHOWN = 3


class LostLabelsAnswer(Enum):
    """The answer of the person."""

    LATER = auto()
    FORGET = auto()
    SHOW = auto()


def ask_about_lost_labels(gone: int, replaced: Sequence[str], parent: QWidget | None) -> LostLabelsAnswer:
    """Ask about them; Escape leaves everything as it is.

    Args:
        gone: Number of labels whose photos are gone.
        replaced: Names of files in the open folder that show another picture than the labelled one before.
        parent: Of the question.
    """
    box = QMessageBox(parent)
    box.setObjectName("lost_labels_question")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Labels without a photo"))
    forget = show = None
    texts, hints = [], []
    if gone:
        one = _tr("1 label belongs to a photo that is gone. It is not used for training.")
        many = _tr("{0} labels belong to photos that are gone. They are not used for training.")
        texts.append(one if gone == 1 else many.format(gone))
        hints.append(_tr("If the photos were only moved, open the folder where they are now."))
        forget = box.addButton(_tr("Forget the labels"), QMessageBox.ButtonRole.ActionRole)
    if replaced:
        one = _tr("1 file shows another picture than before. Label it again.")
        many = _tr("{0} files show another picture than before. Label them again.")
        texts.append(one if len(replaced) == 1 else many.format(len(replaced)))
        names = ", ".join(replaced[:_NAMES_SHOWN]) + (", …" if len(replaced) > _NAMES_SHOWN else "")
        hints.append(_tr("Other pictures: {0}").format(names))
        show = box.addButton(_tr("Show the files"), QMessageBox.ButtonRole.ActionRole)
    box.setText("\n\n".join(texts))
    box.setInformativeText("\n\n".join(hints))
    later = box.addButton(QMessageBox.StandardButton.Close)
    box.setDefaultButton(later)
    box.setEscapeButton(later)
    box.exec()
    clicked = box.clickedButton()
    if clicked is forget:
        return LostLabelsAnswer.FORGET
    return LostLabelsAnswer.SHOW if clicked is show else LostLabelsAnswer.LATER


def _tr(text: str) -> str:
    return QCoreApplication.translate("lost_labels_question", text)
