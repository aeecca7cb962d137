"""The field that filters the list of classes while the person types."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from flowersorter.ui.shared.widgets import describe


class ClassSearch(QLineEdit):
    """Takes part of a class name; Esc shows all classes again.

    Signals:
        first_requested(): Show the photos of the first class that is found.
        left_for_list(): The person goes down to the classes.
    """

    first_requested = Signal()
    left_for_list = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class_search")
        describe(self, self.tr("Search classes"), self.tr("Show the classes with this in their name"))
        self.setPlaceholderText(self.tr("Search classes"))
        self.setClearButtonEnabled(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc clears, or leaves an empty field; Enter shows the first class; the down arrow goes to the list."""
        match event.key():
            case Qt.Key.Key_Escape if self.text():
                self.clear()
            case Qt.Key.Key_Escape | Qt.Key.Key_Down:
                self.left_for_list.emit()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.first_requested.emit()
            case _:
                super().keyPressEvent(event)
