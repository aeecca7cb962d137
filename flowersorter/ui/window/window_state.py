"""Stores and restores the layout of the window: size, sides, size of the photos, order, sections."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMargins, QRect
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMainWindow, QSplitter

from flowersorter.library.tables.settings import (
    GROUPING,
    INSPECTOR_SHOWN,
    PANEL_WIDTHS,
    PHOTO_ORDER,
    TILE_SIZE_PX,
    WINDOW_GEOMETRY,
)
from flowersorter.ui.grid.photo_filter import Order, PhotoFilter
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.sections import Grouping
from flowersorter.ui.shared.library_state import LibraryState

USUAL_SIZE = (1280, 820)
USUAL_SIDES = [230, 760, 290]
NARROW_PX = 960
NARROW_SIDES = [180, 390, 230]
#: Room for the frame and the title of the window, which the system adds only when it is shown.
_FRAME_PX = QMargins(4, 36, 4, 4)
WIDE_PX = 1600
WIDE_SIDES = [300, 960, 340]
#: Letters of average width that the class list has room for, and how much wider than usual it becomes for them.
_LIST_LETTERS, _MOST_WIDER = 26, 1.3


class WindowState:
    """Reads and writes the collection's settings."""

    def __init__(self, state: LibraryState, window: QMainWindow, splitter: QSplitter) -> None:
        self._state, self._window, self._splitter = state, window, splitter
        self._inspector: QAction | None = None
        self._is_narrow = False
        self._gave_way = False  # the inspector is hidden only because the window is narrow

    @property
    def order(self) -> Order:
        """The stored order of the photos."""
        stored = self._state.setting(PHOTO_ORDER)
        # Likeness needs the photo that was selected then.
        return Order(stored) if stored in list(Order) and stored != Order.LIKENESS else Order.NAME

    @property
    def grouping(self) -> Grouping:
        """The stored sections of the photos."""
        stored = self._state.setting(GROUPING)
        return Grouping(stored) if stored in list(Grouping) else Grouping.LIKENESS

    def restore(self, grid: PhotoGrid, inspector: QAction) -> None:
        """Restore the window's layout, or use the default layout on the first start."""
        stored = self._state.setting(WINDOW_GEOMETRY)
        restored = stored and self._window.restoreGeometry(QByteArray.fromBase64(stored.encode("ascii", "ignore")))
        if not restored:
            self._window.resize(*USUAL_SIZE)
        self._fit_screen()
        sides = self._state.setting(PANEL_WIDTHS)
        valid = len(sides) == len(USUAL_SIDES) and all(isinstance(each, int) and each >= 0 for each in sides)
        self._splitter.setSizes(sides if valid else self._sides_at(self._window.width()))
        grid.set_tile_size(self._state.setting(TILE_SIZE_PX))
        inspector.setChecked(self._state.setting(INSPECTOR_SHOWN))
        inspector.triggered.connect(self._on_triggered)
        self._inspector = inspector
        self._give_way(self._window.width())

    def _give_way(self, width_px: int) -> None:
        """Hide the inspector in a narrow window, where photos and answers need the room; show it again in a wide one.

        The person can open it in a narrow window, too: then it stays.
        """
        inspector, narrow = self._inspector, width_px < NARROW_PX
        if inspector is None or narrow == self._is_narrow:
            return
        self._is_narrow = narrow
        if narrow and inspector.isChecked():
            self._gave_way = True
            inspector.setChecked(False)
        elif not narrow and self._gave_way:
            self._gave_way = False
            inspector.setChecked(True)

    def _on_triggered(self) -> None:
        """Follow the choice of the person, whatever the width."""
        self._gave_way = False

    def _fit_screen(self) -> None:
        """Move and shrink the window into an existing screen: its former one may be gone or smaller."""
        geometry = self._window.geometry()
        fitted = fitted_into(geometry, screen_around(geometry).marginsRemoved(_FRAME_PX))
        if fitted != geometry:
            self._window.setGeometry(fitted)

    def fit(self, before_px: int, now_px: int) -> None:
        """Shrink the sides of a narrow window, and widen those of a wide one.

        Sides that the person sized stay, unless the window is too narrow for them.
        """
        self._give_way(now_px)
        before, now = self._sides_at(before_px), self._sides_at(now_px)
        if before_px <= 0 or before == now:
            return
        if NARROW_SIDES in (before, now) or self._splitter.sizes()[0] == before[0]:
            self._splitter.setSizes(now)

    def _sides_at(self, width_px: int) -> list[int]:
        """Widths of class list, photos and inspector in a window of this width; larger letters widen the class list."""
        if width_px < NARROW_PX:
            return NARROW_SIDES
        sides = USUAL_SIDES if width_px < WIDE_PX else WIDE_SIDES
        letters_px = _LIST_LETTERS * self._window.fontMetrics().averageCharWidth()
        classes_px = max(sides[0], min(letters_px, round(sides[0] * _MOST_WIDER)))
        return [classes_px, sides[1] - (classes_px - sides[0]), sides[2]]

    def save(self, grid: PhotoGrid, shown: PhotoFilter) -> None:
        """Store the layout."""
        geometry = bytes(self._window.saveGeometry().toBase64().data()).decode("ascii")
        self._state.set_setting(WINDOW_GEOMETRY, geometry)
        is_shown = self._inspector is not None and self._inspector.isChecked()
        if is_shown and self._splitter.isVisible():
            self._state.set_setting(PANEL_WIDTHS, self._splitter.sizes())
        self._state.set_setting(INSPECTOR_SHOWN, is_shown or self._gave_way)
        self._state.set_setting(TILE_SIZE_PX, grid.tile_size)
        self._state.set_setting(PHOTO_ORDER, shown.order.value)
        self._state.set_setting(GROUPING, shown.grouping.value)


def screen_around(geometry: QRect) -> QRect:
    """The usable part of the screen with the middle of a window, else of the first screen."""
    screen = QGuiApplication.screenAt(geometry.center()) or QGuiApplication.primaryScreen()
    return screen.availableGeometry()


def fitted_into(wanted: QRect, available: QRect) -> QRect:
    """Return the rectangle, shrunk to the available one and moved into it."""
    fitted = QRect(wanted.topLeft(), wanted.size().boundedTo(available.size()))
    left = min(max(fitted.left(), available.left()), available.right() - fitted.width() + 1)
    top = min(max(fitted.top(), available.top()), available.bottom() - fitted.height() + 1)
    fitted.moveTo(left, top)
    return fitted
