"""Answers to dialogs the program waits for: what is done to one is said before it opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog

_D = TypeVar("_D", bound=QDialog)


def when_asked(kind: type[_D], deed: Callable[[_D], None]) -> None:
    """Do this to the dialog that opens next, which is to be of this kind; whatever happens, it does not stay open."""

    def act() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, kind)
        try:
            deed(dialog)
        finally:
            if dialog.isVisible():
                dialog.reject()

    QTimer.singleShot(0, act)
