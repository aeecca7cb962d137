"""Asks for the name and the folder of a new collection, and says at once why a folder cannot be used."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLabel, QLineEdit, QWidget

from flowersorter.errors import FolderUnusable
from flowersorter.library.files.recent_collections import check_can_become_one
from flowersorter.library.tables.class_names import MAX_NAME_LENGTH
from flowersorter.sorting.safe_names import folder_name
from flowersorter.ui.shared import theme
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
        self.empty = QCheckBox(self.tr("&Start without classes"), self)
        self.empty.setObjectName("collection_empty_box")
        tip = self.tr("For other things than daisies, dandelions, roses, sunflowers and tulips")
        describe(self.empty, plain(self.empty.text()), tip)
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
        column.addWidget(self.empty)
        column.addWidget(self.message)
        column.addStretch(1)
        column.addLayout(button_row([], [self.cancel_button, self.ok_button]))
        self.field.textChanged.connect(self._check)
        self.where_button.clicked.connect(self._choose_where)
        self.ok_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)
        self._check()
        self.field.setFocus()

    @property
    def folder(self) -> Path | None:
        """The folder of the new collection; None while it has no name."""
        name = self.field.text().strip()
        return self._where / folder_name(name) if name else None

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
        folder, problem = self.folder, ""
        if folder is not None:
            try:
                check_can_become_one(folder)
            except FolderUnusable as error:
                problem = self.tr("{0}. {1}.").format(_capital(error.why), error.hint)
        self.place.setText(self.tr("Stored in {0}").format(breakable(str(folder or self._where))))
        self.message.say(problem, warning=True)
        self.ok_button.setEnabled(folder is not None and not problem)

    @Slot()
    def accept(self) -> None:
        """Take the folder if it can be used: Enter comes here too."""
        if self.ok_button.isEnabled():
            super().accept()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
