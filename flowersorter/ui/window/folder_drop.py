"""Opens the folders and photos that are dropped from another program."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget

from flowersorter.workers.ask_disk import AskDisk
from flowersorter.workers.paths_there import paths_there


def _paths(mime: QMimeData) -> list[Path]:
    """The files and folders that are dragged."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()] if mime.hasUrls() else []


def _roots(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The folders and photos among those that are there; for other files alone, the folders they are in."""
    from flowersorter.photos.scan import roots_to_open  # imported here: not needed at the start

    return roots_to_open(paths_there(paths))


class FolderDrop(QObject):
    """Takes folders and photos that are dropped anywhere on a window.

    Signals:
        dropped(tuple of Path): Open these folders and photos.
    """

    dropped = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        self._disk = AskDisk(self)

    def shutdown(self) -> None:
        """Wait a moment for the disk, and ask it nothing more."""
        self._disk.shutdown()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Accept a drag of folders or photos, and open them when they are dropped."""
        if event.type() not in {QEvent.Type.DragEnter, QEvent.Type.Drop} or not isinstance(event, QDropEvent):
            return super().eventFilter(watched, event)
        paths = _paths(event.mimeData())
        if not paths:
            return False
        event.acceptProposedAction()
        if event.type() == QEvent.Type.Drop:
            self._disk.ask(partial(_roots, paths), self._on_roots)
        return True

    def _on_roots(self, roots: tuple[Path, ...]) -> None:
        if roots:
            self.dropped.emit(roots)
