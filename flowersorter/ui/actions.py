"""Every action of the window, with its name, text, shortcut and picture; the menus and the toolbar made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QT_TRANSLATE_NOOP, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar, QSizePolicy, QToolBar, QToolButton, QWidget

from flowersorter.ui import theme

CONTEXT = "Actions"


@dataclass(frozen=True, slots=True)
class Spec:
    """One action.

    Attributes:
        name: Object name, and how the window finds it.
        text: In the menu.
        keys: Shortcuts, the first one is shown; "@" before a key means: only while the grid has the focus.
        icon: Name of its picture, or "".
        tip: What it does, in a sentence; "" where the text says it.
        checkable: Whether it is switched on and off.
        short: Text on the toolbar where it differs.
    """

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    short: str = ""


_T = QT_TRANSLATE_NOOP

SPECS = (
    Spec("open_folder", _T("Actions", "&Open Folder…"), ("Ctrl+O",), "open-folder", _T("Actions", "Choose a folder of photos"), short=_T("Actions", "Open")),
    Spec("look_again", _T("Actions", "&Look Again"), ("F5",), "", _T("Actions", "Look for new, changed and missing photos")),
    Spec("sort", _T("Actions", "&Sort into Folders…"), ("Ctrl+Shift+S",), "sort", _T("Actions", "File the photos into one folder for each class; you see the plan first"), short=_T("Actions", "Sort")),
    Spec("history", _T("Actions", "&History…"), ("Ctrl+H",), "history", _T("Actions", "What was sorted, and undoing it")),
    Spec("export_model", _T("Actions", "&Export Model…"), ("Ctrl+Shift+E",), "", _T("Actions", "Save what was learned as a file")),
    Spec("preferences", _T("Actions", "&Preferences…"), ("Ctrl+,",), "", ""),
    Spec("quit", _T("Actions", "&Quit"), ("Ctrl+Q",), "", ""),
    Spec("undo", _T("Actions", "&Undo"), ("Ctrl+Z",), "undo", _T("Actions", "Take back the last correction")),
    Spec("redo", _T("Actions", "&Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", _T("Actions", "Do it again")),
    Spec("undo_sort", _T("Actions", "Undo Last S&ort…"), ("Ctrl+Alt+Z",), "", _T("Actions", "Put the photos back where they were")),
    Spec("select_all", _T("Actions", "Select &All"), ("Ctrl+A",), "", ""),
    Spec("confirm", _T("Actions", "&Confirm Guess"), ("@Return", "@Enter"), "reviewed", _T("Actions", "The guess is right: keep it as the label")),
    Spec("clear_label", _T("Actions", "&Take Back Label"), ("@0", "@Backspace"), "", _T("Actions", "The photo is a guess again")),
    Spec("new_class", _T("Actions", "&New Class…"), ("Ctrl+N",), "add", _T("Actions", "Make a class; photos that are picked go into it")),
    Spec("rename_class", _T("Actions", "&Rename Class…"), ("F2",), "", ""),
    Spec("merge_class", _T("Actions", "&Merge Class…"), ("Ctrl+Shift+M",), "", ""),
    Spec("delete_class", _T("Actions", "&Delete Class…"), ("Ctrl+Shift+D",), "", ""),
    Spec("retrain", _T("Actions", "Re&train"), ("Ctrl+T",), "retrain", _T("Actions", "Learn from every photo you checked"), short=_T("Actions", "Retrain")),
    Spec("evaluate", _T("Actions", "&Evaluate…"), ("Ctrl+E",), "evaluate", _T("Actions", "How often the guesses are right"), short=_T("Actions", "Evaluate")),
    Spec("preview", _T("Actions", "&Preview"), ("@Space",), "", _T("Actions", "See the photo large")),
    Spec("show_in_folder", _T("Actions", "Show in &Folder"), ("Ctrl+R",), "open-folder", ""),
    Spec("zoom_in", _T("Actions", "Larger Photos"), ("Ctrl++", "Ctrl+="), "", ""),
    Spec("zoom_out", _T("Actions", "Smaller Photos"), ("Ctrl+-",), "", ""),
    Spec("show_all", _T("Actions", "Show &All Photos"), ("Ctrl+0",), "all-photos", ""),
    Spec("show_unsure", _T("Actions", "Show &Not Sure"), ("Ctrl+1",), "verdict-unsure", ""),
    Spec("show_new", _T("Actions", "Show New to &Me"), ("Ctrl+2",), "verdict-new", ""),
    Spec("show_unreadable", _T("Actions", "Show &Unreadable"), ("Ctrl+3",), "unreadable", ""),
    Spec("hide_checked", _T("Actions", "&Hide Checked Photos"), ("Ctrl+K",), "reviewed", _T("Actions", "Show only what you have not checked yet"), checkable=True, short=_T("Actions", "Hide checked")),
    Spec("inspector", _T("Actions", "&Inspector"), ("Ctrl+I",), "", "", checkable=True),
    Spec("about", _T("Actions", "&About FlowerSorter"), ("Ctrl+F1",), "", ""),
    Spec("help", _T("Actions", "&Keys and Mouse"), ("F1",), "", ""),
)  # fmt: skip

MENUS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("file_menu", _T("Actions", "&File"),
     ("open_folder", "recent_menu", "look_again", "", "sort", "history", "", "export_model", "preferences", "", "quit")),
    ("edit_menu", _T("Actions", "&Edit"),
     ("undo", "redo", "", "undo_sort", "", "select_all", "", "confirm", "clear_label")),
    ("classes_menu", _T("Actions", "&Classes"),
     ("assign_menu", "", "new_class", "rename_class", "merge_class", "delete_class", "", "retrain", "evaluate")),
    ("view_menu", _T("Actions", "&View"),
     ("preview", "show_in_folder", "", "show_all", "show_unsure", "show_new", "show_unreadable", "hide_checked", "",
      "zoom_in", "zoom_out", "inspector")),
    ("help_menu", _T("Actions", "&Help"), ("help", "about")),
)  # fmt: skip

TOOLBAR = ("open_folder", "", "undo", "redo", "", "retrain", "evaluate", "<>", "sort")
BUTTONS_WITH_TEXT = ("open_folder", "retrain", "evaluate", "sort")


class Actions:
    """The actions by name, and the menus that are filled later.

    Args:
        window: Owns them.
        grid: Where the keys of `Spec.keys` with "@" work.
    """

    def __init__(self, window: QMainWindow, grid: QWidget) -> None:
        self._actions = {spec.name: _action(spec, window, grid) for spec in SPECS}
        self.recent_menu = _menu("recent_menu", tr("Open &Recent"), window)
        self.assign_menu = _menu("assign_menu", tr("&Assign to"), window)
        self._fill(window.menuBar())
        self.toolbar = self._toolbar(window)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def all(self) -> Sequence[QAction]:
        """Every action."""
        return tuple(self._actions.values())

    def _fill(self, bar: QMenuBar) -> None:
        bar.setObjectName("menu_bar")
        bar.setAccessibleName(tr("Menu"))
        for name, text, entries in MENUS:
            menu = bar.addMenu(tr(text))
            menu.setObjectName(name)
            for entry in entries:
                if not entry:
                    menu.addSeparator()
                elif entry in ("recent_menu", "assign_menu"):
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
        action.setIcon(theme.icon(spec.icon))
    set_tip(action, tr(spec.tip) if spec.tip else "")
    if spec.keys and spec.keys[0].startswith("@"):
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        grid.addAction(action)
    else:
        window.addAction(action)
    return action


def set_tip(action: QAction, tip: str) -> None:
    """Say what an action does, or why it cannot, with its key."""
    tip = tip or action.text().replace("&", "").rstrip("…")
    key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    action.setToolTip(f"{tip} ({key})" if key else tip)
    action.setStatusTip(tip)


def _menu(name: str, text: str, window: QMainWindow) -> QMenu:
    menu = QMenu(text, window)
    menu.setObjectName(name)
    return menu
