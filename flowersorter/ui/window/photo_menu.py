"""The context menu of the selected photos."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QEvent, QItemSelectionModel, QObject, QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QMenu, QWidget

from flowersorter.domain.name_search import folded
from flowersorter.ui.classes.class_dialogs import swatch
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.labels.possible_answers import possible_actions
from flowersorter.ui.shared.library_state import LibraryState
from flowersorter.ui.shared.widgets import without_mnemonics
from flowersorter.ui.window.actions import Actions

#: The actions in the menu, by name; "" is a separator, and an action that the window lacks is left out.
ENTRIES = (
    "confirm",
    "reject",
    "assign_menu",
    "new_class",
    "",
    "not_mine",
    "dont_know",
    "clear_label",
    "",
    "show_similar",
    "compare",
    "large_view",
    "open_stack",
    "",
    "show_in_folder",
    "copy_path",
)


class PhotoMenu(QObject):
    """Opens the context menu of a grid by right click and by the menu key. Lives in the GUI thread.

    Args:
        grid: Its photos get the menu; a right click on one that is not selected selects it.
        actions: Of the window. The menu has actions of its own that trigger them: it disables those without an effect,
            while their shortcuts stay active and explain why.
        state: Provides the classes.
        assign: Labels the selected photos with a class id.
    """

    def __init__(self, grid: PhotoGrid, actions: Actions, state: LibraryState, assign: Callable[[int], None]) -> None:
        super().__init__(grid)
        self._grid, self._actions, self._state, self._assign = grid, actions, state, assign
        for watched in (grid, grid.viewport()):
            watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Open the menu on a context menu event."""
        if event.type() != QEvent.Type.ContextMenu or not isinstance(event, QContextMenuEvent):
            return False
        at = self._by_key() if event.reason() == QContextMenuEvent.Reason.Keyboard else self._by_mouse(event.pos())
        if at is not None:
            menu = self.menu()
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(self._grid.viewport().mapToGlobal(at))
        return True

    def menu(self) -> QMenu:
        """Build the menu for the photos that are selected now."""
        selected = self._grid.selected_places()
        possible = possible_actions(self._grid.photos.columns, selected, len(self._grid.selected_rows()))
        menu = QMenu(self._grid)
        menu.setObjectName("photo_menu")
        menu.setAccessibleName(self.tr("Selected photos"))
        known = {action.objectName() for action in self._actions.all()}
        for name in ENTRIES:
            if not name:
                menu.addSeparator()
            elif name == "assign_menu":
                menu.addMenu(self._class_menu(menu)).setEnabled(bool(selected and self._state.classes))
            elif name in known:
                self._add(menu, self._actions[name], allowed=name in possible)
        return menu

    def _add(self, menu: QMenu, source: QAction, *, allowed: bool) -> None:
        action = menu.addAction(source.icon(), source.text())
        action.setObjectName(f"photo_{source.objectName()}")
        action.setToolTip(source.toolTip())
        action.setShortcut(source.shortcut())
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # the key is shown here, and works in the grid
        action.setEnabled(allowed and source.isEnabled())
        action.triggered.connect(source.trigger)

    def _class_menu(self, parent: QWidget) -> QMenu:
        menu = ClassMenu(self.tr("&Assign to"), parent)
        for number, each in enumerate(self._state.classes, 1):
            action = menu.addAction(swatch(each.colour), without_mnemonics(each.name))
            action.setObjectName(f"photo_assign_{number}")
            action.triggered.connect(lambda _checked=False, class_id=each.id: self._assign(class_id))
        return menu

    def _by_mouse(self, point: QPoint) -> QPoint | None:
        """Select the photo under the mouse if it is not selected; return the menu's position, None beside photos."""
        index = self._grid.indexAt(point)
        if not index.isValid():
            return None
        selection = self._grid.selectionModel()
        if not selection.isSelected(index):
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        return point

    def _by_key(self) -> QPoint | None:
        """Return the position of the menu: the middle of the current photo if selected, else of the first selected."""
        current = self._grid.currentIndex()
        if not self._grid.selectionModel().isSelected(current):
            rows = self._grid.photos.rows_of(self._grid.selected_places()[:1])
            if not rows:
                return None
            current = self._grid.photos.index(rows[0])
        self._grid.scrollTo(current)
        return self._grid.visualRect(current).center()


class ClassMenu(QMenu):
    """A menu of classes: typing selects the first class whose name begins with, or else contains, the text."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.setObjectName("photo_assign_menu")
        self._typed, self._since = "", QElapsedTimer()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Collect typed letters, as lists do; a pause begins a new word."""
        text = event.text()
        if not text.isprintable() or not text or (text == " " and not self._typed):
            super().keyPressEvent(event)
            return
        pause_ms = QGuiApplication.styleHints().keyboardInputInterval()
        begins = not self._since.isValid() or self._since.elapsed() > 2 * pause_ms
        self._typed = folded(text) if begins else self._typed + folded(text)
        self._since.start()
        names = [(folded(action.text()), action) for action in self.actions()]
        found = [action for name, action in names if name.startswith(self._typed)]
        found += [action for name, action in names if self._typed in name]
        if found:
            self.setActiveAction(found[0])
