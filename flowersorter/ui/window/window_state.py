"""Remembers how the window looked: size, sides, size of the photos, order."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMargins, QRect
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMainWindow, QSplitter

from flowersorter.library.tables.settings import (
    INSPECTOR_SHOWN,
    PANEL_WIDTHS,
    PHOTO_ORDER,
    TILE_SIZE_PX,
    WINDOW_GEOMETRY,
)
from flowersorter.ui.grid.photo_filter import Order
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.shared.library_state import LibraryState

USUAL_SIZE = (1280, 820)
USUAL_SIDES = [230, 760, 290]
NARROW_PX = 960
NARROW_SIDES = [180, 390, 230]
#: Room for the frame and the title of the window, which the system adds only when it is shown.
_FRAME_PX = QMargins(4, 36, 4, 4)


class WindowState:
    """Reads and writes the collection's settings."""

    def __init__(self, state: LibraryState, window: QMainWindow, splitter: QSplitter) -> None:
        self._state, self._window, self._splitter = state, window, splitter

    @property
    def order(self) -> Order:
        """How the photos were ordered."""
        stored = self._state.setting(PHOTO_ORDER)
        return Order(stored) if stored in list(Order) else Order.NAME

    def restore(self, grid: PhotoGrid, inspector: QAction) -> None:
        """Restore the window's layout, or use the default layout on the first start."""
        stored = self._state.setting(WINDOW_GEOMETRY)
        restored = stored and self._window.restoreGeometry(QByteArray.fromBase64(stored.encode("ascii", "ignore")))
        if not restored:
            self._window.resize(*USUAL_SIZE)
        self._fit_screen()
        sides = self._state.setting(PANEL_WIDTHS)
        valid = len(sides) == len(USUAL_SIDES) and all(isinstance(each, int) and each >= 0 for each in sides)
        self._splitter.setSizes(sides if valid else USUAL_SIDES)
        grid.set_tile_size(self._state.setting(TILE_SIZE_PX))
        inspector.setChecked(self._state.setting(INSPECTOR_SHOWN))
        self._inspector = inspector

    def _fit_screen(self) -> None:
        """Move and shrink the window into a screen that is there: the one it was left on may be gone or smaller."""
        geometry = self._window.geometry()
        screen = QGuiApplication.screenAt(geometry.center()) or QGuiApplication.primaryScreen()
        fitted = fitted_into(geometry, screen.availableGeometry().marginsRemoved(_FRAME_PX))
        if fitted != geometry:
            self._window.setGeometry(fitted)

    def fit(self, before_px: int, now_px: int) -> None:
        """A window that gets narrow takes the room from its sides, one that gets wide gives it back."""
        if before_px >= NARROW_PX > now_px:
            self._splitter.setSizes(NARROW_SIDES)
        elif now_px >= NARROW_PX > before_px > 0:
            self._splitter.setSizes(USUAL_SIDES)

    def save(self, grid: PhotoGrid, order: Order) -> None:
        """Remember all of it."""
        geometry = bytes(self._window.saveGeometry().toBase64().data()).decode("ascii")
        self._state.set_setting(WINDOW_GEOMETRY, geometry)
        if self._inspector.isChecked() and self._splitter.isVisible():
            self._state.set_setting(PANEL_WIDTHS, self._splitter.sizes())
        self._state.set_setting(INSPECTOR_SHOWN, self._inspector.isChecked())
        self._state.set_setting(TILE_SIZE_PX, grid.tile_size)
        self._state.set_setting(PHOTO_ORDER, order.value)


def fitted_into(wanted: QRect, available: QRect) -> QRect:
    """The rectangle, no larger than what is available and moved into it."""
    fitted = QRect(wanted.topLeft(), wanted.size().boundedTo(available.size()))
    left = min(max(fitted.left(), available.left()), available.right() - fitted.width() + 1)
    top = min(max(fitted.top(), available.top()), available.bottom() - fitted.height() + 1)
    fitted.moveTo(left, top)
    return fitted
