"""An icon beside a text that follows the system's colours."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QLabel, QWidget


class IconLabel(QLabel):
    """Shows an icon; a plain pixmap would keep its colours when the system turns dark or light.

    Args:
        side_px: Width and height of the icon.
        parent: Owns it.
        make: Makes the icon in the present colours.
    """

    def __init__(self, side_px: int, parent: QWidget, make: Callable[[], QIcon] = QIcon) -> None:
        super().__init__(parent)
        self._side_px, self._make = side_px, make
        self._render()

    def show_icon(self, make: Callable[[], QIcon]) -> None:
        """Show the icon that `make` returns, now and whenever the colours change."""
        self._make = make
        self._render()

    def changeEvent(self, event: QEvent) -> None:
        """Make the icon anew when the colours change."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._render()

    def _render(self) -> None:
        self.setPixmap(self._make().pixmap(QSize(self._side_px, self._side_px), self.devicePixelRatioF()))
