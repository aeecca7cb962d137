"""Opens the folders and photos that are dropped from another program."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget


def dropped_roots(mime: QMimeData) -> tuple[Path, ...]:
    """The folders and photos that are dropped; for other files alone, the folders they are in."""
    from flowersorter.photos.scan import roots_to_open  # imported here: not needed at the start

    paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()] if mime.hasUrls() else []
    return roots_to_open(path for path in paths if path.exists())


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

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Accept a drag of folders or photos, and open them when they are dropped."""
        if event.type() not in {QEvent.Type.DragEnter, QEvent.Type.Drop} or not isinstance(event, QDropEvent):
            return super().eventFilter(watched, event)
        roots = dropped_roots(event.mimeData())
        if not roots:
            return False
        event.acceptProposedAction()
        if event.type() == QEvent.Type.Drop:
            self.dropped.emit(roots)
        return True
