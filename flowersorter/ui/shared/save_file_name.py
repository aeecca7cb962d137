"""Completes the name of a file to save with its suffix, and asks before a file is replaced."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget


def with_ending(parent: QWidget, chosen: Path, ending: str) -> Path | None:
    """Add a suffix to a name that a file dialog returned.

    The dialog asked about the name as typed; this asks about a file that the longer name replaces.

    Returns:
        The name; None if the person keeps the existing file.
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
