"""Edits the name of a class in its row, and says at once why a name cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout, QWidget

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.class_dialogs import class_of_name, limit_length, name_remark, taken_message
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.overlay_field import OverlayField
from flowersorter.ui.shared.widgets import Message, button, describe


class NameEditor(QFrame):
    """A field over the name of a class; Enter takes the new name, Esc leaves the old one.

    Signals:
        named(class id, name): Try this name, and answer with `close_editor` or `show_refusal`.
        merge_requested(class id, into): The name is that of another class; merge into it.
        closed(): The list has the keyboard again.
    """

    named = Signal(int, str)
    merge_requested = Signal(int, int)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("class_name_editor")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._classes: Sequence[PhotoClass] = ()
        self._one: PhotoClass | None = None
        self._row = QRect()
        self._refused = ""
        self.field = OverlayField(self)
        self.field.setObjectName("class_name_field")
        limit_length(self.field)
        self.message = Message(self, "class_name_message")
        self.merge_button = button(self, "class_name_merge_button", self.tr("&Merge…"))
        self.merge_button.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(theme.SMALL_GAP_PX)
        for each in (self.field, self.message, self.merge_button):
            column.addWidget(each)
        self.hide()
        self.field.textEdited.connect(self._check)
        self.field.left.connect(self._on_left)
        self.merge_button.clicked.connect(self._merge)

    @property
    def class_id(self) -> int:
        """The class whose name is edited, 0 for none."""
        return self._one.id if self._one is not None else 0

    def edit(self, one: PhotoClass, classes: Sequence[PhotoClass], row: QRect) -> None:
        """Edit the name of a class.

        Args:
            one: The class.
            classes: All of them.
            row: Where its name is, in the parent's coordinates.
        """
        self._one, self._classes, self._refused = one, classes, ""
        describe(self.field, self.tr("New name of “{0}”").format(one.name))
        self.field.setReadOnly(False)
        self.field.setText(one.name)
        self.field.selectAll()
        self._say("")
        self.show()
        self.move_to(row)
        self.raise_()
        self.field.setFocus()

    def update_classes(self, classes: Sequence[PhotoClass]) -> None:
        """Use the changed classes; close if the edited class is gone."""
        self._classes = classes
        if self._one is not None and all(each.id != self._one.id for each in classes):
            self.close_editor()

    def move_to(self, row: QRect) -> None:
        """Follow the row; the message about the name is below it, or above it where there is too little room."""
        self._row = row
        self.setFixedWidth(row.width())
        column, outside = self.layout(), self.parentWidget()
        assert column is not None
        assert outside is not None
        height = max(row.height(), column.totalHeightForWidth(row.width()))
        top = min(row.top(), outside.height() - height)
        self.setGeometry(QRect(row.left(), top, row.width(), height))

    def show_refusal(self, refused: Exception) -> None:
        """Say why the name was refused after all, and stay open."""
        self.field.setReadOnly(False)
        self._refused = self._name
        self._say(str(refused), warning=True)

    def close_editor(self) -> None:
        """Leave the row as it is."""
        if self._one is not None:
            self._one = None
            focus = QApplication.focusWidget()
            had_focus = focus is not None and self.isAncestorOf(focus)
            self.hide()
            if had_focus:
                self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter takes the name or presses the button, Esc leaves the row as it is."""
        if event.key() == Qt.Key.Key_Escape:
            if not self.field.isReadOnly():
                self.close_editor()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.merge_button.hasFocus():
                self.merge_button.click()
            else:
                self._take()
        else:
            super().keyPressEvent(event)

    @property
    def _name(self) -> str:
        return self.field.text().strip()

    def _other(self) -> PhotoClass | None:
        """The other class that has the typed name."""
        return class_of_name((each for each in self._classes if each.id != self.class_id), self._name)

    @Slot()
    def _check(self) -> None:
        other = self._other()
        if other is not None:
            self._say(taken_message(other), warning=True, merge_with=other)
            return
        names = [each.name for each in self._classes if each.id != self.class_id]
        self._say(name_remark(self._name, names) if self._name else "")

    def _take(self) -> None:
        """Try the name; if another class has it, move the focus to the Merge button."""
        if self.field.isReadOnly() or self._one is None:
            return
        if self._other() is not None:
            self.merge_button.setFocus()
        elif not self._name or self._name == self._one.name:
            self.close_editor()
        elif self._name != self._refused:
            self.field.setReadOnly(True)
            self.named.emit(self._one.id, self._name)

    @Slot()
    def _merge(self) -> None:
        other = self._other()
        if other is not None:
            self.merge_requested.emit(self.class_id, other.id)

    @Slot()
    def _on_left(self) -> None:
        """Take the name when the focus leaves, if it can be used; else keep the editor open for a correction."""
        if self._other() is None and not self.merge_button.hasFocus():
            self._take()

    def _say(self, text: str, *, warning: bool = False, merge_with: PhotoClass | None = None) -> None:
        self.message.say(text, warning=warning)
        self.merge_button.setVisible(merge_with is not None)
        if merge_with is not None:
            text = self.tr("Merge with “{0}”").format(merge_with.name)
            describe(self.merge_button, text, text)
        self.move_to(self._row)
