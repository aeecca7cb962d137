"""Shows the lines of Python that use an exported model, to be copied."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from flowersorter.ui.shared.widgets import button, button_row, column_of, describe, open_at, text_label


class UsageSnippetDialog(QDialog):
    """A remark, a script that can be selected, and a button that copies it.

    Args:
        name: Of the exported file.
        remark: Limits of the file, without a full stop; may be empty.
        script: Python.
        parent: The window it belongs to.
    """

    def __init__(self, name: str, remark: str, script: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("script_dialog")
        self.setWindowTitle(self.tr("Using {0}").format(name))
        self.remark = text_label(self, "script_remark", f"{remark}." if remark else "")
        self.remark.setVisible(bool(remark))
        self.script = QPlainTextEdit(self)
        self.script.setObjectName("script")
        describe(self.script, self.tr("Python code that uses the model"))
        self.script.setReadOnly(True)
        self.script.setTabChangesFocus(True)
        self.script.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.script.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.script.setPlainText(script)
        self.copy_button = button(self, "script_copy_button", self.tr("C&opy"), self.tr("Copy the code"))
        self.copy_button.clicked.connect(self._copy)
        self.close_button = button(self, "script_close_button", self.tr("&Close"), self.tr("Close (Esc)"))
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.accept)
        column = column_of(self)
        column.addWidget(self.remark)
        column.addWidget(self.script, 1)
        column.addLayout(button_row([self.copy_button], [self.close_button]))
        open_at(self, 130, 24, least=(50, 12))
        self.close_button.setFocus()

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.script.toPlainText())
        self.copy_button.setText(self.tr("C&opied"))
