"""Asks for the name of a class, for the class to merge into, and for confirmation before deleting one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from PySide6.QtCore import QCoreApplication, QLocale, Signal, Slot
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit, QMessageBox, QWidget

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.library.tables.class_names import MAX_NAME_LENGTH, class_key
from flowersorter.messages import worded
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import (
    FittedDialog,
    Message,
    button,
    button_row,
    column_of,
    count_photos,
    describe,
    plain,
    text_label,
    without_mnemonics,
)

#: Returns the reason why a name cannot be used, "" where it can.
Validator = Callable[[str], str]
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class Commit(Protocol[_T_co]):
    """Uses a name that the person typed, off the GUI thread."""

    def __call__(self, name: str, done: Callable[[_T_co], None], failed: Callable[[Exception], None]) -> None:
        """Try this name, and report the outcome."""


class NameDialog(FittedDialog):
    """Asks for a name and says at once, below the field, why one cannot be used.

    Signals:
        name_chosen(name): Answer with `close_accepted` or `show_refusal`.

    Args:
        title: Of the window.
        question: Above the field, with a mnemonic.
        verb: On the button, with a mnemonic ("&Create class").
        validator: Called with every change; an empty name is never accepted and needs no message.
        remark: Called likewise, for a name that can be used; returns its consequences for the class, or "".
        name: The initial text.
        note: A further effect, shown below the field.
    """

    name_chosen = Signal(str)

    def __init__(
        self,
        title: str,
        question: str,
        verb: str,
        validator: Validator,
        *,
        remark: Validator = lambda _name: "",
        name: str = "",
        note: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(54, 36, parent)
        self.setObjectName("name_dialog")
        self.setWindowTitle(title)
        self._validator, self._remark = validator, remark
        label = QLabel(question, self)
        label.setObjectName("name_question")
        self.field = QLineEdit(name, self)
        self.field.setObjectName("name_field")
        describe(self.field, plain(question).rstrip(":"))
        limit_length(self.field)
        self.field.selectAll()
        label.setBuddy(self.field)
        self.message = Message(self, "name_message")
        self.note = text_label(self, "name_note", note, muted=True)
        self.note.setVisible(bool(note))
        self.ok_button = button(self, "name_ok_button", verb, self.tr("{0} (Enter)").format(plain(verb)))
        self.ok_button.setDefault(True)
        self.cancel_button = button(self, "name_cancel_button", self.tr("Cancel"), self.tr("Change nothing (Esc)"))
        column = column_of(self)
        for each in (label, self.field, self.message, self.note):
            column.addWidget(each)
        column.addStretch(1)
        column.addLayout(button_row([], [self.cancel_button, self.ok_button]))
        self.field.textChanged.connect(self._check)
        self.ok_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)
        self._check()
        self.field.setFocus()

    @property
    def name(self) -> str:
        """The text that the person typed, without blanks around it."""
        return self.field.text().strip()

    def show_refusal(self, refused: Exception) -> None:
        """Say why the name was refused after all, and stay open."""
        self._wait(False)
        self.message.say(str(refused), warning=True)
        self.ok_button.setEnabled(False)

    @Slot()
    def _check(self) -> None:
        problem = self._validator(self.name) if self.name else ""
        remark = self._remark(self.name) if self.name and not problem else ""
        self.message.say(problem or remark, warning=bool(problem))
        self.ok_button.setEnabled(bool(self.name) and not problem)

    @Slot()
    def accept(self) -> None:
        """Take the name if it is valid: Enter comes here too."""
        if self.ok_button.isEnabled():
            self._wait(True)
            self.name_chosen.emit(self.name)

    def close_accepted(self) -> None:
        """The name was taken."""
        super().accept()

    def reject(self) -> None:
        """Give up; not while the name is on its way."""
        if not self.field.isReadOnly():
            super().reject()

    def _wait(self, waiting: bool) -> None:
        """Change nothing until `close_accepted` or `show_refusal` is called."""
        self.field.setReadOnly(waiting)
        self.ok_button.setEnabled(not waiting)
        self.cancel_button.setEnabled(not waiting)


def ask_for_name(
    parent: QWidget, classes: Sequence[PhotoClass], make: Commit[PhotoClass], photos: int, come_from: str = ""
) -> PhotoClass | None:
    """Ask for a name and make the class.

    Args:
        parent: The window.
        classes: The existing classes.
        make: Makes the new class.
        photos: How many photos will go into it.
        come_from: Their present classes in words, "" where these do not matter.

    Returns:
        The new class; None if the person cancelled.
    """
    note = _tr("{0} will be added.").format(count_photos(photos)) if photos else ""
    if note and come_from:
        note = _tr("{0} will be added ({1}).").format(count_photos(photos), come_from)
    dialog = NameDialog(
        _tr("New class"),
        _tr("Class &name:"),
        _tr("&Create class"),
        lambda name: _taken(classes, name),
        remark=lambda name: name_remark(name, [each.name for each in classes]),
        note=note,
        parent=parent,
    )
    return _until_accepted(dialog, make)


def ask_merge_target(
    parent: QWidget, photo_class: PhotoClass, others: Sequence[PhotoClass], labels: int, filed: int = 0
) -> int | None:
    """Ask which class this one is merged into.

    Args:
        parent: The window.
        photo_class: The class that will be gone.
        others: The classes that it can be merged into.
        labels: How many photos are labelled with it.
        filed: Number of photos sorted into it.

    Returns:
        Id of the chosen class, or None.
    """
    dialog = FittedDialog(54, 36, parent)
    dialog.setObjectName("merge_dialog")
    dialog.setWindowTitle(_tr("Merge class"))
    question = QLabel(_tr("&Merge “{0}” into:").format(without_mnemonics(photo_class.name)), dialog)
    choice = QComboBox(dialog)
    choice.setObjectName("merge_choice")
    describe(choice, _tr("Class to keep"))
    for other in others:
        choice.addItem(swatch(other.colour), other.name, other.id)
    question.setBuddy(choice)
    note = _tr("Confirmed photos of “{1}” ({0}) join the other class, and “{1}” is removed.")
    note = f"{note.format(count_photos(labels), photo_class.name)} {_of_files(filed)}"
    explained = text_label(dialog, "merge_note", note, muted=True)
    ok = button(dialog, "merge_ok_button", _tr("M&erge"), _tr("Merge both classes"))
    ok.setEnabled(bool(others))
    cancel = button(dialog, "merge_cancel_button", _tr("Cancel"), _tr("Change nothing (Esc)"))
    cancel.setDefault(True)
    column = column_of(dialog)
    for each in (question, choice, explained):
        column.addWidget(each)
    column.addStretch(1)
    column.addLayout(button_row([], [cancel, ok]))
    ok.clicked.connect(dialog.accept)
    cancel.clicked.connect(dialog.reject)
    accepted = dialog.exec() == QDialog.DialogCode.Accepted
    chosen = choice.currentData()
    dialog.deleteLater()
    return int(chosen) if accepted and chosen is not None else None


def ask_to_merge(parent: QWidget, one: PhotoClass, into: PhotoClass, labels: tuple[int, int], filed: int = 0) -> bool:
    """Ask before a class is merged into another one; returns whether it should be. Cancel is the default.

    Args:
        parent: The window.
        one: The class that will be gone.
        into: The class that stays.
        labels: How many photos are labelled with each.
        filed: Number of photos sorted into the first.
    """
    box = QMessageBox(parent)
    box.setObjectName("merge_question")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Merge class"))
    box.setText(_tr("Merge “{0}” into “{1}”?").format(one.name, into.name))
    text = _tr("“{0}” ({1} confirmed) is removed, and its photos join “{2}” ({3} confirmed).")
    joined = text.format(one.name, QLocale().toString(labels[0]), into.name, QLocale().toString(labels[1]))
    box.setInformativeText(f"{joined} {_of_files(filed)}")
    return _agreed(box, _tr("Merge"), "merge_button")


def _of_files(filed: int) -> str:
    if filed:
        return _tr("{0} sorted into it: next you choose whether to move them too.").format(count_photos(filed))
    return _tr("No file is changed.")


def _agreed(box: QMessageBox, verb: str, name: str) -> bool:
    """Show a question; returns whether the person agreed with its own button."""
    agree = box.addButton(verb, QMessageBox.ButtonRole.DestructiveRole)
    agree.setObjectName(name)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(cancel)
    box.exec()
    agreed = box.clickedButton() is agree
    box.deleteLater()
    return agreed


def ask_to_delete(parent: QWidget, photo_class: PhotoClass, labels: int, filed: int = 0) -> bool:
    """Ask before a class is deleted; returns whether it should be. Cancel is the default."""
    lost = _tr("{0} go back to their suggestions.").format(count_photos(labels)) + " " if labels else ""
    if labels == 1:
        lost = _tr("1 photo goes back to its suggestion.") + " "
    return _ask_to_delete(parent, _tr("Delete the class “{0}”?").format(photo_class.name), lost, filed)


def ask_to_delete_several(parent: QWidget, classes: Sequence[PhotoClass], filed: int) -> bool:
    """Ask before classes without labels are deleted; returns whether they should be. Cancel is the default."""
    names = ", ".join(f"“{each.name}”" for each in classes)
    return _ask_to_delete(parent, _tr("Delete the classes {0}?").format(names), "", filed)


def _ask_to_delete(parent: QWidget, question: str, lost: str, filed: int) -> bool:
    box = QMessageBox(parent)
    box.setObjectName("delete_class_question")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Delete class"))
    box.setText(question)
    stays = _tr("The photos themselves stay where they are.")
    if filed:
        stays += " " + _tr("This includes photos you have sorted into folders ({0}).").format(count_photos(filed))
    box.setInformativeText(lost + stays)
    return _agreed(box, _tr("Delete class"), "delete_class_button")


def _tr(text: str) -> str:
    return QCoreApplication.translate("ClassDialogs", text)


def swatch(colour: str) -> QIcon:
    """The colour of a class as a small round picture; its edge shows on any ground."""
    return theme.swatch(QColor(colour))


def class_of_name(classes: Iterable[PhotoClass], name: str) -> PhotoClass | None:
    """Return the class of this name, whatever its case; None if there is none."""
    key = class_key(name)
    return next((each for each in classes if class_key(each.name) == key), None)


def limit_length(field: QLineEdit) -> None:
    """Let a field take no longer name than a class can have."""
    field.setMaxLength(MAX_NAME_LENGTH)


def taken_message(there: PhotoClass) -> str:
    """Word the refusal of a name that another class has."""
    return _tr("There is already a class named “{0}”.").format(there.name)


def name_remark(name: str, others: Sequence[str]) -> str:
    """State the folder of a class where its name differs, and other surprises; "" where there is none."""
    from flowersorter.workflows.labelling.class_name_remarks import class_name_remark  # not needed at the start

    return worded(class_name_remark(name, others) or "")


def _taken(classes: Sequence[PhotoClass], name: str) -> str:
    """Why this name is not free; "" where it is."""
    there = class_of_name(classes, name)
    return "" if there is None else taken_message(there)


def _until_accepted(dialog: NameDialog, commit: Commit[_T]) -> _T | None:
    """Ask until the name is taken or the person gives up."""
    taken: list[_T] = []

    def done(result: _T) -> None:
        taken.append(result)
        dialog.close_accepted()

    dialog.name_chosen.connect(lambda name: commit(name, done, dialog.show_refusal))
    dialog.exec()
    dialog.deleteLater()
    return taken[0] if taken else None
