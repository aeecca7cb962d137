"""The Qt application, which takes the folders that macOS asks it to open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QTimer, Signal, Slot
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication


class Application(QApplication):
    """Collects the events of "Open with" on macOS, one for each file; other systems name files on the command line.

    Args:
        arguments: The command line, for Qt.

    Signals:
        open_requested(tuple of Paths): Open these folders and photos.
    """

    open_requested = Signal(object)

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__(list(arguments))
        self._waiting: tuple[Path, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._request)

    def event(self, event: QEvent) -> bool:
        """Take a file to open; the others of the same choice follow at once."""
        if not isinstance(event, QFileOpenEvent):
            return super().event(event)
        self._waiting += (Path(event.file()),)
        self._timer.start(0)
        return True

    @Slot()
    def _request(self) -> None:
        paths, self._waiting = self._waiting, ()
        self.open_requested.emit(paths)
