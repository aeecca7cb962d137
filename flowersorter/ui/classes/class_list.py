"""The sidebar: classes to drop photos on, and below them the pseudo-classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.sidebar_model import SidebarRow
from flowersorter.ui.classes.sidebar_view import SidebarView
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.shared import theme

NEW_CLASS = -100
DIGIT_KEYS = 9


class ClassList(QWidget):
    """Lists classes (colour, count, number key, drop target) and pseudo-classes with counts.

    Signals:
        picked(key): Show this class or `PseudoClass`.
        dropped(class id, list of place ids): These photos belong there.
        dropped_on_new(list of place ids): These belong to a class that has no name yet.
        dropped_on_not_mine(list of place ids): These show none of the classes.
        new_requested(): Make a class.
        moved(class id, before): Move it before the class with this index; an index after the last moves it to the end.
        up_requested(class id), down_requested(class id): It belongs one place higher or lower.
        split_requested(class id): Some of its photos belong into a class of their own.
        rename_requested(class id), merge_requested(class id), delete_requested(class id).
    """

    picked = Signal(int)
    dropped = Signal(int, object)
    dropped_on_new = Signal(object)
    dropped_on_not_mine = Signal(object)
    new_requested = Signal()
    moved = Signal(int, int)
    up_requested = Signal(int)
    down_requested = Signal(int)
    split_requested = Signal(int)
    rename_requested = Signal(int)
    merge_requested = Signal(int)
    delete_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class_list")
        self.setMinimumWidth(180)
        self._classes: tuple[PhotoClass, ...] = ()
        self._counts: Mapping[int, int] = {}
        self._current = int(PseudoClass.ALL)
        self.classes = SidebarView(shows_digits=True, parent=self)
        self.classes.setObjectName("classes")
        self.classes.setAccessibleName(self.tr("Classes"))
        self.pseudo_classes = SidebarView(shows_digits=False, parent=self)
        self.pseudo_classes.setObjectName("pseudo_classes")
        self.pseudo_classes.setAccessibleName(self.tr("Photos"))
        self.pseudo_classes.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.add_button = QToolButton(self)
        self.add_button.setObjectName("new_class_button")
        self.add_button.setAccessibleName(self.tr("New class"))
        self.add_button.setToolTip(self.tr("New class"))
        self.add_button.setIcon(theme.icon("add"))
        self.add_button.setAutoRaise(True)
        self._lay_out()
        self.add_button.clicked.connect(self.new_requested)
        for view in (self.classes, self.pseudo_classes):
            view.picked.connect(self._on_picked)
        self.classes.dropped.connect(self._on_dropped)
        self.pseudo_classes.dropped.connect(self._on_dropped)
        self.classes.moved.connect(self.moved)
        self.classes.menu_requested.connect(self._on_menu)
        self.show_classes((), {})

    def show_classes(self, classes: Sequence[PhotoClass], counts: Mapping[int, int]) -> None:
        """Show these classes and the number of photos in each class and pseudo-class."""
        self._classes, self._counts = tuple(classes), counts
        rows = [
            SidebarRow(
                key=each.id,
                text=each.name,
                count=counts.get(each.id, 0),
                colour=each.colour,
                digit=str(number) if number <= DIGIT_KEYS else "",
                droppable=True,
                movable=True,
            )
            for number, each in enumerate(self._classes, 1)
        ]
        rows.append(
            SidebarRow(
                NEW_CLASS,
                self.tr("New class…"),
                icon="add",
                droppable=True,
                hint=self.tr("Click to create a class, or drop photos here"),
            )
        )
        self.classes.rows.set_rows(rows)
        self.pseudo_classes.rows.set_rows(self._pseudo_class_rows(counts))
        self.pseudo_classes.setFixedHeight(
            self.pseudo_classes.sizeHintForRow(0) * len(self.pseudo_classes.rows.rows) + 2
        )
        self.set_current(self._current)

    @property
    def current(self) -> int | None:
        """The selected class or pseudo-class."""
        return self._current

    def set_current(self, key: int | None) -> None:
        """Select the row shown in the grid; None selects no row."""
        self._current = key if key is not None else NEW_CLASS
        for view in (self.classes, self.pseudo_classes):
            view.pick(None if key == NEW_CLASS else key)

    def _pseudo_class_rows(self, counts: Mapping[int, int]) -> list[SidebarRow]:
        rows = [
            (PseudoClass.ALL, self.tr("All photos"), "all-photos", self.tr("Every photo in the folder")),
            (
                PseudoClass.UNSURE,
                self.tr("Not sure"),
                "verdict-unsure",
                self.tr("FlowerSorter can't decide about these"),
            ),
            (
                PseudoClass.UNKNOWN,
                self.tr("Unknown"),
                "verdict-new",
                self.tr("Doesn't look like any of your classes"),
            ),
            (
                PseudoClass.NOT_MINE,
                self.tr("Not mine"),
                "verdict-none",
                self.tr("Drop photos here that show none of your classes"),
            ),
            (PseudoClass.UNREADABLE, self.tr("Unreadable"), "unreadable", self.tr("Files that can't be read")),
        ]
        return [
            SidebarRow(
                int(key),
                text,
                counts.get(int(key), 0),
                icon=icon,
                droppable=key is PseudoClass.NOT_MINE,
                hint=hint,
            )
            for key, text, icon, hint in rows
        ]

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 8, 4, 8)
        layout.setSpacing(2)
        header = QHBoxLayout()
        header.setContentsMargins(12, 0, 4, 0)
        header.addWidget(self._header(self.tr("Classes")), 1)
        header.addWidget(self.add_button)
        layout.addLayout(header)
        layout.addWidget(self.classes, 1)
        below = QHBoxLayout()
        below.setContentsMargins(12, 8, 4, 4)
        below.addWidget(self._header(self.tr("Photos")))
        layout.addLayout(below)
        layout.addWidget(self.pseudo_classes)

    def _header(self, text: str) -> QLabel:
        label = QLabel(text, self)
        font = label.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 0.9)
        label.setFont(font)
        return label

    @Slot(int)
    def _on_picked(self, key: int) -> None:
        if key == NEW_CLASS:
            self.set_current(self._current)
            self.new_requested.emit()
            return
        self.set_current(key)
        self.picked.emit(key)

    @Slot(int, object)
    def _on_dropped(self, key: int, place_ids: list[int]) -> None:
        if key == NEW_CLASS:
            self.dropped_on_new.emit(place_ids)
        elif key == PseudoClass.NOT_MINE:
            self.dropped_on_not_mine.emit(place_ids)
        else:
            self.dropped.emit(key, place_ids)

    @Slot(int, QPoint)
    def _on_menu(self, key: int, at: QPoint) -> None:
        menu = self.menu_for(key)
        menu.exec(at)
        menu.deleteLater()

    def menu_for(self, key: int) -> QMenu:
        """Build the context menu of a class."""
        menu = QMenu(self)
        menu.setObjectName("class_menu")
        if key != NEW_CLASS:
            entries = (
                ("show_class", self.tr("Show its photos"), self.picked),
                ("rename_class", self.tr("Rename…"), self.rename_requested),
                ("merge_class", self.tr("Merge into another class…"), self.merge_requested),
                ("split_class", self.tr("Split…"), self.split_requested),
                ("delete_class", self.tr("Delete class…"), self.delete_requested),
                ("", "", None),
                ("class_up", self.tr("Move up"), self.up_requested),
                ("class_down", self.tr("Move down"), self.down_requested),
            )
            for name, text, signal in entries:
                if signal is None:
                    menu.addSeparator()
                    continue
                action = menu.addAction(text)
                action.setObjectName(name)
                action.triggered.connect(lambda _checked=False, signal=signal: signal.emit(key))
                last = {"class_up": 0, "class_down": len(self._classes) - 1}.get(name)
                action.setEnabled(last is None or self._classes[last].id != key)
            menu.addSeparator()
        action = menu.addAction(self.tr("New class…"))
        action.setObjectName("new_class")
        action.triggered.connect(self.new_requested)
        return menu
