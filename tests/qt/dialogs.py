"""Answers to dialogs the program waits for: what is done to one is said before it opens."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog

_D = TypeVar("_D", bound=QDialog)
#: Within this a dialog opens on any machine.
LONGEST_S = 180.0


def when_asked(kind: type[_D], action: Callable[[_D], None]) -> None:
    """Do this to the dialog that opens next, which is to be of this kind; whatever happens, it does not stay open."""

    def act() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, kind)
        try:
            action(dialog)
        finally:
            if dialog.isVisible():
                dialog.reject()

    when_open(act)


def when_open(answer: Callable[[], None]) -> None:
    """Call this once a dialog is open: it may open only when the library has answered."""
    end_s = time.monotonic() + LONGEST_S

    def wait() -> None:
        if QApplication.activeModalWidget() is None and time.monotonic() < end_s:
            QTimer.singleShot(1, wait)
            return
        try:
            answer()
        except BaseException:  # the test fails, and the dialog must not wait for ever
            dialog = QApplication.activeModalWidget()
            if isinstance(dialog, QDialog):
                dialog.reject()
            raise

    QTimer.singleShot(0, wait)
