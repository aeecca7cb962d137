"""Completes the name of a file to save with its suffix, and asks before a file is replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtWidgets import QMessageBox, QWidget

from flowersorter.workers.ask_disk import AskDisk


class SaveFileName(QObject):
    """Adds a suffix to the name that a file dialog returned. Lives in the GUI thread.

    The file dialog asked about the name as typed; this asks about a file that the longer name replaces. Whether there
    is one, the disk is asked in another thread.

    Args:
        owner: Owns it.
        window: The question belongs to it.
    """

    def __init__(self, owner: QObject, window: QWidget) -> None:
        super().__init__(owner)
        self._window = window
        self._disk = AskDisk(self)

    def complete(self, chosen: Path, ending: str, named: Callable[[Path], None]) -> None:
        """Add the suffix, and call `named` with the name, unless the person keeps the existing file."""
        file = chosen.with_name(chosen.name + ending)

        def answered(is_there: bool) -> None:
            if not is_there or self._may_replace(file):
                named(file)

        self._disk.ask(file.exists, answered, lambda _error: named(file))  # writing the file says what is wrong

    def shutdown(self) -> None:
        """Ask no more."""
        self._disk.shutdown()

    def _may_replace(self, file: Path) -> bool:
        text = QCoreApplication.translate("save_name", "“{0}” already exists. Replace it?").format(file.name)
        title = QCoreApplication.translate("save_name", "Replace the file?")
        buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No
        answer = QMessageBox.question(self._window, title, text, buttons, QMessageBox.StandardButton.No)
        return answer == QMessageBox.StandardButton.Yes
