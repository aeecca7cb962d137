"""Every action of the window, with its name, text, shortcut and picture; the menus and the toolbar made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QSize, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar, QSizePolicy, QToolBar, QToolButton, QWidget

from flowersorter.ui.classes.class_rows import DIGIT_KEYS
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import plain
from flowersorter.ui.window.action_specs import BUTTONS_WITH_TEXT, MENUS, SPECS, SUBMENUS, TOOLBAR
from flowersorter.ui.window.view_specs import Spec

CONTEXT = "Actions"


class Actions(QObject):
    """The actions by name, and the menus that are filled later.

    Args:
        window: Owns them.
        grid: The widget whose focus enables the keys of `Spec.keys` with "@".
    """

    def __init__(self, window: QMainWindow, grid: QWidget) -> None:
        super().__init__(window)
        self._grid = grid
        self._actions = {spec.name: _action(spec, window, grid) for spec in SPECS}
        self._why_not: dict[str, str] = {}  # as the tips say
        self._tips = {spec.name: tr(spec.tip) if spec.tip else "" for spec in SPECS}
        self.recent_menu = _menu("recent_menu", tr("Open &recent"), window)
        self.collections_menu = _menu("collections_menu", tr("Recent collec&tions"), window)
        self.assign_menu = _menu("assign_menu", tr("&Assign to"), window)
        self._fill(window.menuBar())
        self.toolbar = self._toolbar(window)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def connect_to(self, handlers: Mapping[str, Callable[..., object]]) -> None:
        """Connect every action with its handler; a checkable action calls it with its new state.

        Args:
            handlers: The handler of each action by the action's name.

        Raises:
            LookupError: an action has no handler, so that its menu entry would do nothing, or a handler has no action.
        """
        if handlers.keys() != self._actions.keys():
            dead = sorted(self._actions.keys() - handlers.keys())
            unknown = sorted(handlers.keys() - self._actions.keys())
            raise LookupError(f"actions without a handler: {dead}; handlers without an action: {unknown}")
        for name, handler in handlers.items():
            action = self[name]
            (action.toggled if action.isCheckable() else action.triggered).connect(handler)

    def all(self) -> Sequence[QAction]:
        """Every action."""
        return tuple(self._actions.values())

    def allow(self, name: str, why_not: str = "") -> None:
        """Enable an action, or disable it with the reason as its tool tip."""
        self[name].setEnabled(not why_not)
        if why_not != self._why_not.get(name):
            self._why_not[name] = why_not
            set_tip(self[name], why_not or self._tips[name])

    @Slot(str)
    def show_undo_text(self, text: str) -> None:
        """Name the next undo step in the menu."""
        self["undo"].setText(tr("&Undo: {0}").format(text) if text else tr("&Undo"))
        set_tip(self["undo"], "")

    def fill_recent(self, folders: Sequence[Path], open_folder: Callable[[Path], None]) -> None:
        """List the folders that were open before."""
        self.recent_menu.clear()
        for folder in folders:
            action = self.recent_menu.addAction(str(folder).replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, folder=folder: open_folder(folder))
        self.recent_menu.setEnabled(bool(folders))

    def fill_assign(self, classes: Sequence[tuple[int, str]], assign: Callable[[int], None]) -> None:
        """List the classes as (id, name) with their digit keys, which work while the grid has the focus."""
        for old in self.assign_menu.actions():
            self._grid.removeAction(old)
        self.assign_menu.clear()
        for number, (class_id, name) in enumerate(classes, 1):
            action = self.assign_menu.addAction(name.replace("&", "&&"))
            action.setObjectName(f"assign_{number}")
            if number <= DIGIT_KEYS:
                action.setShortcut(QKeySequence(str(number)))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                self._grid.addAction(action)
            action.triggered.connect(lambda _checked=False, class_id=class_id: assign(class_id))
        self.assign_menu.setEnabled(bool(classes))

    def _fill(self, bar: QMenuBar) -> None:
        bar.setObjectName("menu_bar")
        bar.setAccessibleName(tr("Menu"))
        menus: dict[str, QMenu] = {}
        for name, text, entries in MENUS:
            parent = menus[SUBMENUS[name]] if name in SUBMENUS else bar
            menu = menus[name] = parent.addMenu(tr(text))
            menu.setObjectName(name)
            menu.setAccessibleName(plain(tr(text)))
            for entry in entries:
                if not entry:
                    menu.addSeparator()
                elif entry in ("recent_menu", "collections_menu", "assign_menu"):
                    menu.addMenu(getattr(self, entry))
                else:
                    menu.addAction(self[entry])
        self["quit"].setMenuRole(QAction.MenuRole.QuitRole)
        self["about"].setMenuRole(QAction.MenuRole.AboutRole)
        self["preferences"].setMenuRole(QAction.MenuRole.PreferencesRole)

    def _toolbar(self, window: QMainWindow) -> QToolBar:
        bar = window.addToolBar(tr("Toolbar"))
        bar.setObjectName("toolbar")
        bar.setAccessibleName(tr("Toolbar"))
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        side_px = max(bar.iconSize().width(), bar.fontMetrics().height())  # as high as large letters
        bar.setIconSize(QSize(side_px, side_px))
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for name in TOOLBAR:
            if name == "<>":
                space = QWidget(bar)
                space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
                bar.addWidget(space)
            elif not name:
                bar.addSeparator()
            else:
                bar.addAction(self[name])
                button = bar.widgetForAction(self[name])
                assert isinstance(button, QToolButton)
                button.setObjectName(f"{name}_button")
                button.setAccessibleName(self[name].text().replace("&", ""))
                if name in BUTTONS_WITH_TEXT:
                    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return bar


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate(CONTEXT, text)


def _action(spec: Spec, window: QMainWindow, grid: QWidget) -> QAction:
    action = QAction(tr(spec.text), window)
    action.setObjectName(spec.name)
    action.setCheckable(spec.checkable)
    action.setShortcuts([QKeySequence(key.lstrip("@")) for key in spec.keys])
    if spec.short:
        action.setIconText(tr(spec.short))
    if spec.icon:
        action.setIcon(theme.icon(spec.icon, name_on=spec.icon_on))
    set_tip(action, tr(spec.tip) if spec.tip else "")
    if spec.keys and spec.keys[0].startswith("@"):
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        grid.addAction(action)
    else:
        window.addAction(action)
    return action


def set_tip(action: QAction, tip: str) -> None:
    """Set the tool tip of an action, or the reason why it is disabled, with its key."""
    tip = tip or action.text().replace("&", "").rstrip("…")
    key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setToolTip(f"{tip} ({key})" if key else tip)
    action.setStatusTip(tip)


def _menu(name: str, text: str, window: QMainWindow) -> QMenu:
    menu = QMenu(text, window)
    menu.setObjectName(name)
    menu.setAccessibleName(plain(text))
    return menu
