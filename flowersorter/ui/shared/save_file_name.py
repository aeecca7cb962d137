"""The name of a file to save, with the ending its kind has, and no file replaced without a question."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget


def with_ending(parent: QWidget, chosen: Path, ending: str) -> Path | None:
    """Add an ending to a name that a file dialog returned.

    The dialog asked about the name as it was typed; what the longer name replaces is asked about here.

    Returns:
        The name, or None where its file is to stay.
    """
    file = chosen.with_name(chosen.name + ending)
    if file.exists():
        text = QCoreApplication.translate("save_name", "“{0}” already exists. Replace it?").format(file.name)
        title = QCoreApplication.translate("save_name", "Replace the file?")
        buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No
        answer = QMessageBox.question(parent, title, text, buttons, QMessageBox.StandardButton.No)
        if answer != QMessageBox.StandardButton.Yes:
            return None
    return file
