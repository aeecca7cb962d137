"""The page of the large photo, in place of the grid."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QKeyCombination, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.large_view.class_chips import ClassChips
from flowersorter.ui.large_view.filmstrip import Filmstrip
from flowersorter.ui.large_view.header import ElidedLabel, LargeViewHeader
from flowersorter.ui.large_view.photo_canvas import PhotoCanvas
from flowersorter.ui.large_view.zoom import FITTED, STEP

_MOVED_BY_KEY_PX = 80
#: Actions that have a button above the photo.
_TOOLS = ("compare", "heat_map")


class LargeView(QWidget):
    """Shows one photo, or two side by side, with filmstrip and classes; has the keys of the grid's actions.

    Lives in the GUI thread.

    Signals:
        closed(): Show the grid again.
        moved(rows): Go this many photos on, or back.
        row_chosen(row): Go to this photo.
        class_chosen(class id): The photo is of this class.
    """

    closed = Signal()
    moved = Signal(int)
    row_chosen = Signal(int)
    class_chosen = Signal(int)

    def __init__(self, photos: PhotoModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._photos = photos
        self.setObjectName("large_view")
        self.setAccessibleName(self.tr("Large view"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.header, self.strip, self.chips = LargeViewHeader(self), Filmstrip(photos, self), ClassChips(self)
        self.canvas, self.second = PhotoCanvas("large_photo", self), PhotoCanvas("second_photo", self)
        self.canvas_name, self.second_name = ElidedLabel("first_name", self), ElidedLabel("second_name", self)
        self._second_side = QWidget(self)
        self._tools: set[str] = set()
        self._actual_size = QAction(self.tr("Actual size"), self)
        self._actual_size.setObjectName("actual_size")
        self._actual_size.setShortcut("Z")
        self._actual_size.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._actual_size.triggered.connect(self._on_actual_size)
        self._lay_out()
        self.show_second(False)
        self.header.back_requested.connect(self.closed)
        self.header.next_requested.connect(lambda: self.moved.emit(1))
        self.header.previous_requested.connect(lambda: self.moved.emit(-1))
        self.strip.chosen.connect(self.row_chosen)
        self.chips.chosen.connect(self.class_chosen)
        self.canvas.zoom_changed.connect(self.second.set_zoom)
        self.second.zoom_changed.connect(self.canvas.set_zoom)

    def _lay_out(self) -> None:
        pair = QHBoxLayout()
        pair.setSpacing(2)
        for canvas, name in ((self.canvas, self.canvas_name), (self.second, self.second_name)):
            name.setAlignment(Qt.AlignmentFlag.AlignCenter)
            side = self._second_side if canvas is self.second else QWidget(self)
            stack = QVBoxLayout(side)
            stack.setContentsMargins(0, 0, 0, 0)
            stack.setSpacing(2)
            stack.addWidget(canvas, 1)
            stack.addWidget(name)
            pair.addWidget(side, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addLayout(pair, 1)
        column.addWidget(self.chips)
        column.addWidget(self.strip)

    @Slot()
    def _on_actual_size(self) -> None:
        self.canvas.toggle()

    def use_actions(self, actions: Sequence[QAction]) -> None:
        """Use these actions and their shortcuts here, too."""
        for old in self.actions():
            self.removeAction(old)
        self.addActions([*actions, self._actual_size])
        for action in actions:
            if action.objectName() in _TOOLS and action.objectName() not in self._tools:
                self._tools.add(action.objectName())
                self.header.add_tool(action)

    @property
    def shows_second(self) -> bool:
        """Whether two photos are side by side."""
        return not self._second_side.isHidden()

    def show_second(self, shown: bool) -> None:
        """Show one photo, or two side by side with one zoom."""
        self._second_side.setVisible(shown)
        self.canvas_name.setVisible(shown)
        self.second.set_zoom(self.canvas.zoom if shown else FITTED)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on, go back, zoom; and the keys of the actions while a button here has the focus."""
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier):
            super().keyPressEvent(event)
        elif shift and key in _MOVES:
            self.canvas.move_photo(_MOVES[key] * _MOVED_BY_KEY_PX)
        elif key in _STEPS:
            self.moved.emit(_STEPS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.row_chosen.emit(0 if key == Qt.Key.Key_Home else self._photos.rowCount() - 1)
        elif key == Qt.Key.Key_Escape:
            self.closed.emit()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.canvas.magnify(1 / STEP if key == Qt.Key.Key_Minus else STEP)
        elif not self._triggered(event.keyCombination()):
            super().keyPressEvent(event)

    def _triggered(self, pressed: QKeyCombination) -> bool:
        """Trigger the action with this key, if there is one that is enabled."""
        modifiers = pressed.keyboardModifiers() & ~Qt.KeyboardModifier.KeypadModifier
        key = QKeySequence(QKeyCombination(modifiers, pressed.key()))
        for action in self.actions():
            if action.isEnabled() and key in action.shortcuts():
                action.trigger()
                return True
        return False


_STEPS: dict[int, int] = {
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageDown: 1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageUp: -1,
}
#: An arrow key moves the view to the side it points to.
_MOVES: dict[int, QPointF] = {
    Qt.Key.Key_Right: QPointF(-1, 0),
    Qt.Key.Key_Left: QPointF(1, 0),
    Qt.Key.Key_Down: QPointF(0, -1),
    Qt.Key.Key_Up: QPointF(0, 1),
}
