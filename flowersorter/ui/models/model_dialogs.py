"""Asks for the note of a model, for confirmation before deleting one, and how many old ones to keep."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QLocale, Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QWidget,
)

from flowersorter.library.models.model_table import ModelEntry
from flowersorter.ui.filing.history.history_dialog import when
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import FittedDialog, button, button_row, column_of, describe, plain, text_label
from flowersorter.workflows.evaluation.compare_models import MAX_NOTE_CHARS, prunable

MOST_KEPT = 999
_ROWS_SHOWN = 6


class NoteDialog(FittedDialog):
    """Asks for the note of a model; an empty note deletes it.

    Args:
        entry: The model, with the note it has.
        parent: The dialog it belongs to.
    """

    def __init__(self, entry: ModelEntry, parent: QWidget | None = None) -> None:
        super().__init__(64, 40, parent)
        self.setObjectName("note_dialog")
        self.setWindowTitle(self.tr("Note"))
        question = QLabel(self.tr("&Note for model {0} of {1}:").format(entry.id, when(entry.created_at)), self)
        self.field = QLineEdit(entry.note, self)
        self.field.setObjectName("note_field")
        describe(self.field, plain(question.text()).rstrip(":"))
        self.field.setMaxLength(MAX_NOTE_CHARS)
        self.field.setPlaceholderText(self.tr("before the dahlias"))
        self.field.selectAll()
        question.setBuddy(self.field)
        hint = self.tr("Models with a note are kept when you delete old models.")
        hint_label = text_label(self, "note_hint", hint, muted=True)
        self.ok_button = button(self, "note_ok_button", self.tr("&Save note"), self.tr("Save this note (Enter)"))
        self.ok_button.setDefault(True)
        self.cancel_button = button(self, "note_cancel_button", self.tr("Cancel"), self.tr("Change nothing (Esc)"))
        column = column_of(self)
        for each in (question, self.field, hint_label):
            column.addWidget(each)
        column.addStretch(1)
        column.addLayout(button_row([], [self.cancel_button, self.ok_button]))
        self.ok_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)
        self.field.setFocus()

    @property
    def note(self) -> str:
        """The note as typed."""
        return self.field.text()


class PruneDialog(FittedDialog):
    """Asks how many models to keep, and shows which ones would be deleted.

    Args:
        models: Of the collection, newest first.
        keep: Initial number to keep.
        parent: The dialog it belongs to.
    """

    def __init__(self, models: Sequence[ModelEntry], keep: int, parent: QWidget | None = None) -> None:
        super().__init__(64, 44, parent)
        self.setObjectName("prune_dialog")
        self.setWindowTitle(self.tr("Delete old models"))
        self._models = tuple(models)
        question = QLabel(self.tr("&Keep the newest:"), self)
        self.count = QSpinBox(self)
        self.count.setObjectName("prune_count")
        describe(self.count, self.tr("How many models to keep"))
        self.count.setRange(0, MOST_KEPT)
        self.count.setValue(keep)
        question.setBuddy(self.count)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(question)
        row.addWidget(self.count)
        row.addStretch(1)
        hint = self.tr("The model in use and models with a note are always kept and not counted.")
        self.summary = text_label(self, "prune_summary")
        self.list = QListWidget(self)
        self.list.setObjectName("prune_list")
        describe(self.list, self.tr("Models that will be deleted"))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFixedHeight(self.fontMetrics().lineSpacing() * (_ROWS_SHOWN + 2))
        self.ok_button = button(self, "prune_ok_button", "", self.tr("Delete permanently"))
        self.cancel_button = button(self, "prune_cancel_button", self.tr("Cancel"), self.tr("Cancel (Esc)"))
        self.cancel_button.setDefault(True)
        column = column_of(self)
        column.addLayout(row)
        for each in (text_label(self, "prune_hint", hint, muted=True), self.summary, self.list):
            column.addWidget(each)
        column.addStretch(1)
        column.addLayout(button_row([], [self.cancel_button, self.ok_button]))
        self.count.valueChanged.connect(self._show)
        self.ok_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)
        self._show()
        self.count.setFocus()
        self.count.selectAll()

    @property
    def going(self) -> tuple[ModelEntry, ...]:
        """The models that will be removed, newest first."""
        return prunable(self._models, self.count.value())

    @Slot()
    def _show(self) -> None:
        going = self.going
        self.list.clear()
        for entry in going:
            self.list.addItem(f"{entry.id} · {when(entry.created_at)}   {', '.join(entry.classes)}")
        self.list.setVisible(bool(going))
        self.ok_button.setText(self.tr("&Delete {0}").format(count_models(len(going))))
        self.ok_button.setEnabled(bool(going))
        self.summary.setText(
            self.tr("{0} will be deleted permanently. Photos and labels are not touched:").format(
                count_models(len(going))
            )
            if going
            else self.tr("Nothing to delete.")
        )


def ask_to_delete(parent: QWidget, entry: ModelEntry, *, with_network: bool) -> QPushButton:
    """Ask before a model is deleted; returns the button that agrees. Cancel is the default.

    Args:
        parent: The dialog it belongs to.
        entry: The model.
        with_network: Whether it is the only user of a network finetuned here, which is deleted too.
    """
    box = QMessageBox(parent)
    box.setObjectName("delete_model_question")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Delete model"))
    box.setText(_tr("Delete model {0} of {1}?").format(entry.id, when(entry.created_at)))
    lost = _tr("Photos, labels and other models are kept. This cannot be undone.")
    if with_network:
        lost = _tr("The network trained for it will be deleted too.") + " " + lost
    box.setInformativeText((f"“{entry.note}”\n\n" if entry.note else "") + lost)
    delete = box.addButton(_tr("Delete model"), QMessageBox.ButtonRole.DestructiveRole)
    delete.setObjectName("delete_model_button")
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.finished.connect(box.deleteLater)
    box.open()
    return delete


def count_models(count: int) -> str:
    """Word a number of models: "1 model", "12 models"."""
    if count == 1:
        return _tr("1 model")
    return _tr("{0} models").format(QLocale().toString(count))


def _tr(text: str) -> str:
    return QCoreApplication.translate("ModelDialogs", text)
