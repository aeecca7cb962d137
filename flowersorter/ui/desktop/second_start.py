"""Opens the folders of a second start in the existing window, and brings it forward."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from flowersorter.ui.desktop.start_listener import StartListener
from flowersorter.ui.desktop.start_request import StartRequest, socket_address


class SecondStart(QObject):
    """Listens while the window is open. Lives in the GUI thread.

    Args:
        collection: The folder of the window's collection, whose lock this process has.
        window: The window.
        open_roots: Shows folders and photos in it.
        parent: Owns it.
    """

    def __init__(
        self,
        collection: Path,
        window: QWidget,
        open_roots: Callable[[tuple[Path, ...]], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window, self._open_roots = window, open_roots
        self._waiting: tuple[Path, ...] = ()
        self._listener = StartListener(self)
        self._listener.requested.connect(self._on_requested)
        address = socket_address(collection)
        if address is not None:
            self._listener.listen(address)

    def shutdown(self) -> None:
        """Stop listening."""
        self._waiting = ()
        self._listener.stop()

    @Slot(object)
    def _on_requested(self, request: StartRequest) -> None:
        self.open_roots(request.roots, request.activation_token)

    def open_roots(self, roots: tuple[Path, ...], activation_token: str = "") -> None:
        """Bring the window forward, and open these folders and photos in it."""
        bring_forward(self._window, activation_token)
        if roots:
            self._waiting = roots
            self._open()

    @Slot()
    def _open(self) -> None:
        """Open the folders, once dialogs about the present folder are closed."""
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QDialog):
            dialog.finished.connect(self._open, Qt.ConnectionType.QueuedConnection)
        elif self._waiting:
            roots, self._waiting = self._waiting, ()
            self._open_roots(roots)


def bring_forward(window: QWidget, activation_token: str = "") -> None:
    """Show a window above all others, as it was before it was minimised."""
    if activation_token:
        os.environ["XDG_ACTIVATION_TOKEN"] = activation_token  # Qt takes it from there on Wayland
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized | Qt.WindowState.WindowActive)
    window.show()
    window.raise_()
    window.activateWindow()
