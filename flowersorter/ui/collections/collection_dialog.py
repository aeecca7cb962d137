"""Asks for the name and the folder of a new collection, and says at once why a folder cannot be used."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from flowersorter.errors import FolderUnusable
from flowersorter.library.files.recent_collections import check_can_become_one
from flowersorter.library.tables.class_names import MAX_NAME_LENGTH
from flowersorter.messages import worded
from flowersorter.sorting.safe_names import folder_name
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.indicators import RadioButton
from flowersorter.ui.shared.widgets import (
    FittedDialog,
    Message,
    breakable,
    button,
    button_row,
    column_of,
    describe,
    plain,
    text_label,
)
from flowersorter.workers.ask_disk import AskDisk


class NewCollectionDialog(FittedDialog):
    """Asks for the folder of a new collection: an empty one, or one that does not exist yet.

    Args:
        where: The parent folder, unless the person chooses another one.
        parent: The window.
    """

    def __init__(self, where: Path, parent: QWidget | None = None) -> None:
        super().__init__(66, 42, parent)
        self.setObjectName("new_collection_dialog")
        self.setWindowTitle(self.tr("New collection"))
        self._where = where
        self._problem: str | None = ""  # with the folder; None while the disk is asked
        self._is_wanted = False  # the person accepted meanwhile
        self._disk = AskDisk(self)
        self.finished.connect(self._disk.shutdown)
        intro = self.tr(
            "A collection keeps its own classes, labels and model. Use one for flowers and another for mushrooms, "
            "for example. Your photos stay where they are."
        )
        question = QLabel(self.tr("Collection &name:"), self)
        self.field = QLineEdit(self)
        self.field.setObjectName("collection_name_field")
        describe(self.field, plain(question.text()).rstrip(":"))
        self.field.setMaxLength(MAX_NAME_LENGTH)
        self.field.setPlaceholderText(self.tr("Mushrooms"))
        question.setBuddy(self.field)
        self.place = text_label(self, "collection_place", muted=True)
        tip = self.tr("Store the collection in another folder")
        self.where_button = button(self, "collection_where_button", self.tr("&Change folder…"), tip)
        self.message = Message(self, "collection_message")
        self.ok_button = button(
            self, "collection_ok_button", self.tr("&Create collection"), self.tr("Create the collection (Enter)")
        )
        self.ok_button.setDefault(True)
        self.cancel_button = button(self, "collection_cancel_button", self.tr("Cancel"), self.tr("Cancel (Esc)"))
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(self.place, 1)
        row.addWidget(self.where_button)
        column = column_of(self)
        for each in (text_label(self, "collection_intro", intro), question, self.field):
            column.addWidget(each)
        column.addLayout(row)
        column.addLayout(self._classes())
        column.addWidget(self.message)
        column.addStretch(1)
        column.addLayout(button_row([], [self.cancel_button, self.ok_button]))
        self.field.textChanged.connect(self._check)
        self.where_button.clicked.connect(self._choose_where)
        self.ok_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)
        self._check()
        self.field.setFocus()

    def _classes(self) -> QVBoxLayout:
        """Build the choice between the classes of the starter model and none."""
        self.starter = RadioButton(self.tr("Start with five &flowers"), self)
        self.starter.setChecked(True)
        self.empty = RadioButton(self.tr("&Start without classes"), self)
        flowers = self.tr("Daisy, dandelion, roses, sunflowers and tulips are suggested at once.")
        others = self.tr("For other things: you name what your photos show.")
        column = QVBoxLayout()
        column.setSpacing(theme.SMALL_GAP_PX)
        for choice, name, explanation in ((self.starter, "starter", flowers), (self.empty, "empty", others)):
            choice.setObjectName(f"collection_{name}_choice")
            describe(choice, f"{plain(choice.text())}. {explanation}", explanation)
            text = text_label(self, f"collection_{name}_text", explanation, muted=True)
            text.setIndent(theme.LARGE_GAP_PX + theme.SMALL_GAP_PX)
            column.addWidget(choice)
            column.addWidget(text)
        return column

    @property
    def folder(self) -> Path | None:
        """The folder of the new collection; None while it has no name."""
        name = self.field.text().strip()
        return self._where / folder_name(name) if name else None

    @property
    def is_checking(self) -> bool:
        """Whether the disk is asked about the folder."""
        return self._problem is None

    @property
    def without_classes(self) -> bool:
        """Whether the collection starts without the classes of the starter model."""
        return self.empty.isChecked()

    @Slot()
    def _choose_where(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Store the collection in"), str(self._where))
        if chosen:
            self._where = Path(chosen)
            self._check()

    @Slot()
    def _check(self) -> None:
        folder = self.folder
        self.place.setText(self.tr("Stored in {0}").format(breakable(str(folder or self._where))))
        self._is_wanted = False
        self._problem = None
        if folder is None:
            self._disk.forget()
            self._show_problem("")
        else:
            self._disk.ask(partial(_problem_of, folder), self._show_problem)
            self.ok_button.setEnabled(True)

    def _show_problem(self, problem: str) -> None:
        """Show the answer of the disk: the reason why the folder cannot be used, or none."""
        self._problem = problem
        self.message.say(problem, warning=True)
        self.ok_button.setEnabled(self.folder is not None and not problem)
        if self._is_wanted:
            self.accept()

    @Slot()
    def accept(self) -> None:
        """Take the folder if it can be used, once the disk has said so: Enter comes here too."""
        self._is_wanted = self._problem is None
        if self.ok_button.isEnabled() and not self._is_wanted:
            super().accept()


def _problem_of(folder: Path) -> str:
    """Say why a folder cannot become a collection, "" if it can; asks the disk."""
    try:
        check_can_become_one(folder)
    except FolderUnusable as error:
        template = QCoreApplication.translate("NewCollectionDialog", "{0}. {1}.")
        return template.format(_capital(worded(error.why)), worded(error.hint))
    return ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
