"""The sidebar: the steps to do, the classes to drop photos on, and the pseudo-classes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from flowersorter.domain.name_search import best_matches
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.class_rows import (
    NEW_CLASS,
    ClassCounts,
    class_rows,
    not_mine_row,
    photo_rows,
    to_do_rows,
)
from flowersorter.ui.classes.class_search import ClassSearch
from flowersorter.ui.classes.name_editor import NameEditor
from flowersorter.ui.classes.sidebar_delegate import name_rect
from flowersorter.ui.classes.sidebar_model import SidebarRow
from flowersorter.ui.classes.sidebar_view import SidebarView
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import heading

#: The search field is shown from this many classes on.
SEARCH_FROM = 10
#: Rows that the classes keep where something else is shown below them.
_ROOMY_ROWS = 7


class _Room(IntEnum):
    """The parts that a window has room for: without the steps, which are above the photos too, then without search."""

    ALL = 0
    NO_STEPS = 1
    NO_SEARCH = 2


class ClassList(QWidget):
    """Lists the steps to do, the classes (colour, counts, number key, drop target) and the pseudo-classes.

    Signals:
        chosen(key): Show this class, `PseudoClass` or step.
        dropped(class id, list of place ids): These photos belong there.
        dropped_on_new(list of place ids): These belong to a class that does not exist yet.
        dropped_on_not_mine(list of place ids): These show none of the classes.
        new_requested(): Make a class.
        moved(class id, before): Move it before the class with this index; an index after the last moves it to the end.
        up_requested(class id), down_requested(class id): Move it one place up or down.
        split_requested(class id): Some of its photos belong in a class of their own.
        renamed(class id, name): Give it this name; answer with `end_renaming` or `refuse_name`.
        merge_requested(class id), delete_requested(class id).
        merged(class id, into): Merge it into the class `into`.
    """

    chosen = Signal(int)
    dropped = Signal(int, object)
    dropped_on_new = Signal(object)
    dropped_on_not_mine = Signal(object)
    new_requested = Signal()
    moved = Signal(int, int)
    up_requested = Signal(int)
    down_requested = Signal(int)
    split_requested = Signal(int)
    renamed = Signal(int, str)
    merge_requested = Signal(int)
    merged = Signal(int, int)
    delete_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class_list")
        self.setMinimumWidth(180)
        self._classes: tuple[PhotoClass, ...] = ()
        self._counts = ClassCounts()
        self._to_do: tuple[int | None, int | None] = (None, None)
        self._current = int(PseudoClass.ALL)
        self._below: QWidget | None = None
        self._room = _Room.ALL
        self.to_do = self._list("to_do", self.tr("To do"))
        self.classes = self._list("classes", self.tr("Classes"), shows_digits=True)
        self.not_mine = self._list("not_mine", self.tr("Not mine"))
        self.pseudo_classes = self._list("pseudo_classes", self.tr("Photos"))
        self._views = (self.to_do, self.classes, self.not_mine, self.pseudo_classes)
        self.search = ClassSearch(self)
        self.add_button = QToolButton(self)
        self.add_button.setObjectName("new_class_button")
        self.add_button.setAccessibleName(self.tr("New class"))
        self.add_button.setToolTip(self.tr("New class"))
        self.add_button.setIcon(theme.icon("add"))
        self.add_button.setAutoRaise(True)
        self._lay_out()
        self.editor = NameEditor(self)
        self._connect()
        self.show_classes((), ClassCounts())

    def _list(self, name: str, accessible_name: str, *, shows_digits: bool = False) -> SidebarView:
        view = SidebarView(shows_digits=shows_digits, parent=self)
        view.setObjectName(name)
        view.setAccessibleName(accessible_name)
        if not shows_digits:
            view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return view

    def _connect(self) -> None:
        self.add_button.clicked.connect(self.new_requested)
        for view in self._views:
            view.chosen.connect(self._on_chosen)
            view.dropped.connect(self._on_dropped)
            view.stepped_out.connect(self._on_stepped_out)
        self.classes.moved.connect(self._on_moved)
        self.classes.merged.connect(self.merged)
        self.classes.rename_requested.connect(self.rename)
        self.classes.menu_requested.connect(self._on_menu)
        self.classes.verticalScrollBar().valueChanged.connect(self._follow_row)
        self.search.textChanged.connect(self._show_rows)
        self.search.first_requested.connect(self._pick_first)
        self.search.left_for_list.connect(self.classes.setFocus)
        self.editor.named.connect(self.renamed)
        self.editor.merge_requested.connect(self.merged)
        self.editor.closed.connect(self.classes.setFocus)

    # -- display

    def show_classes(self, classes: Sequence[PhotoClass], counts: ClassCounts) -> None:
        """Show these classes, with the counts of photos and labels."""
        if self._classes == tuple(classes) and self._counts == counts and self.classes.rows.rows:
            return
        self._classes, self._counts = tuple(classes), counts
        if not self._is_searched:
            self.search.clear()
        self.editor.update_classes(self._classes)
        self._show_rows()

    def show_to_do(self, name: int | None, check: int | None) -> None:
        """Show how many photos are to be named and to be checked; None where that is no step."""
        if self._to_do != (name, check):
            self._to_do = (name, check)
            before = self._shown_keys()
            self._take_room()
            self._show_to_do_rows()
            self._fit_rows(before)

    @Slot()
    def _show_rows(self) -> None:
        before = self._shown_keys()
        self._take_room()
        self._show_to_do_rows()
        self.classes.rows.set_rows(class_rows(self._classes, self._found(), self._counts))
        self.not_mine.rows.set_rows([not_mine_row(self._counts.photos.get(int(PseudoClass.NOT_MINE), 0))])
        self._fit_rows(before)

    def _show_to_do_rows(self) -> None:
        """Show the steps to do, and below the pseudo-classes that are none of them."""
        to_do, others = self._rows_in(self._room)
        self.to_do.rows.set_rows(to_do)
        self.pseudo_classes.rows.set_rows(others)

    def _rows_in(self, room: _Room) -> tuple[list[SidebarRow], list[SidebarRow]]:
        photos = self._counts.photos
        to_do = to_do_rows(*self._to_do, photos.get(int(PseudoClass.UNREADABLE), 0)) if room is _Room.ALL else []
        unreadable = any(row.key == PseudoClass.UNREADABLE for row in to_do)
        return to_do, photo_rows(photos, unreadable=not unreadable)

    @property
    def _is_searched(self) -> bool:
        return len(self._classes) >= SEARCH_FROM

    def _take_room(self) -> bool:
        """Choose the parts that there is room for; return whether these are others than before."""
        before, fitting = self._room, (room for room in _Room if self._height_in(room) <= self.height())
        self._room = next(fitting, _Room.NO_SEARCH)
        self.search.setVisible(self._is_searched and (self._room < _Room.NO_SEARCH or bool(self.search.text())))
        return self._room is not before

    def _height_in(self, room: _Room) -> int:
        """Height in pixels of the parts with two classes."""
        column = self.layout()
        if column is None:
            return 0
        to_do, others = self._rows_in(room)
        edges, row_px = column.contentsMargins(), max(1, self.classes.sizeHintForRow(0))
        parts = [
            edges.top() + edges.bottom(),
            self.add_button.sizeHint().height(),
            self._below_header.sizeHint().height(),
        ]
        parts += [row_px * count + 2 for count in (2, 1, len(others))]
        if to_do:
            parts += [self._to_do_header.sizeHint().height(), row_px * len(to_do) + 2]
        if self._is_searched and room < _Room.NO_SEARCH:
            parts.append(self.search.sizeHint().height() + 2)
        return sum(parts) + len(parts) * column.spacing()

    def _shown_keys(self) -> list[list[int]]:
        return [[row.key for row in view.rows.rows] for view in self._views]

    def _fit_rows(self, before: list[list[int]]) -> None:
        """Make room where there are other rows than before, and mark the current one among them."""
        if self._shown_keys() != before:
            self._fit_views()
            self._to_do_header.setVisible(bool(self.to_do.rows.rows))
            self.set_current(self._current)
            self.fit_below()
            self._follow_row()

    def _fit_views(self) -> None:
        for view in (self.to_do, self.not_mine, self.pseudo_classes):
            view.fit()

    def changeEvent(self, event: QEvent) -> None:
        """Rows in larger letters are higher."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self.layout() is not None:
            self._fit_views()
            self.fit_below()

    def _found(self) -> list[PhotoClass]:
        """The classes that match the search, in their order; all without a search."""
        at = sorted(best_matches([each.name for each in self._classes], self.search.text()))
        return [self._classes[number] for number in at]

    @property
    def current(self) -> int | None:
        """The selected class, pseudo-class or step."""
        return self._current

    def set_current(self, key: int | None) -> None:
        """Select the row shown in the grid; None selects no row."""
        self._current = key if key is not None else NEW_CLASS
        for view in self._views:
            view.pick(None if key == NEW_CLASS else key)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 8, 4, 8)
        layout.setSpacing(2)
        self._to_do_header = heading(self.tr("To do"), self)
        self._to_do_header.setContentsMargins(12, 0, 4, 2)
        layout.addWidget(self._to_do_header)
        layout.addWidget(self.to_do)
        header = QHBoxLayout()
        header.setContentsMargins(12, 0, 4, 0)
        header.addWidget(heading(self.tr("Classes"), self), 1)
        header.addWidget(self.add_button)
        layout.addLayout(header)
        searching = QHBoxLayout()
        searching.setContentsMargins(8, 0, 4, 2)
        searching.addWidget(self.search)
        layout.addLayout(searching)
        layout.addWidget(self.classes, 1)
        layout.addWidget(self.not_mine)
        self._below_header = heading(self.tr("Photos"), self)
        self._below_header.setContentsMargins(12, 8, 4, 2)
        layout.addWidget(self._below_header)
        layout.addWidget(self.pseudo_classes)

    def add_below(self, panel: QWidget) -> None:
        """Add a list that is shown only where there is room for it; call `fit_below` when that may have changed."""
        self._below = panel
        column = self.layout()
        assert column is not None
        column.addWidget(panel)

    @Slot()
    def fit_below(self) -> None:
        """Show the list below where it has rows, and the classes have room beside it."""
        panel, column = self._below, self.layout()
        if panel is None or column is None:
            return
        room = panel.minimumSizeHint().height()
        least = column.minimumSize().height() - (room if panel.isVisibleTo(self) else 0)
        more_rows = max(0, min(len(self._classes) + 1, _ROOMY_ROWS) - 2)  # it has two in any case
        least += more_rows * self.classes.sizeHintForRow(0)
        panel.setVisible(room > 0 and self.height() >= least + room)

    # -- another name

    @Slot(int)
    def rename(self, class_id: int) -> None:
        """Edit the name of a class in its row."""
        one = next((each for each in self._classes if each.id == class_id), None)
        if one is None:
            return
        if self.classes.rows.row_of(class_id) < 0:
            self.search.clear()
        self.classes.scrollTo(self.classes.rows.index(self.classes.rows.row_of(class_id)))
        self.editor.edit(one, self._classes, self._name_rect(class_id))

    def end_renaming(self) -> None:
        """Close the editor: the name was accepted."""
        self.editor.close_editor()

    def refuse_name(self, refused: Exception) -> None:
        """Say why the typed name cannot be used, and let the person correct it."""
        self.editor.show_refusal(refused)

    def _name_rect(self, class_id: int) -> QRect:
        row = self.classes.visualRect(self.classes.rows.index(self.classes.rows.row_of(class_id)))
        name = name_rect(row)
        return QRect(self.classes.viewport().mapTo(self, name.topLeft()), name.size())

    @Slot()
    def _follow_row(self) -> None:
        if self.editor.class_id and self.classes.rows.row_of(self.editor.class_id) >= 0:
            self.editor.move_to(self._name_rect(self.editor.class_id))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the name that is edited over its row."""
        super().resizeEvent(event)
        if self._take_room():
            self._show_rows()
        self.fit_below()
        self._follow_row()

    # -- slots

    @Slot(int)
    def _on_chosen(self, key: int) -> None:
        if key == NEW_CLASS:
            self.set_current(self._current)
            self.new_requested.emit()
            return
        self.set_current(key)
        self.chosen.emit(key)

    @Slot()
    def _pick_first(self) -> None:
        first = self.classes.rows.rows[0].key
        if first != NEW_CLASS:
            self._on_chosen(first)
            self.classes.setFocus()

    @Slot(int)
    def _on_stepped_out(self, step: int) -> None:
        """Go on in the next part of the sidebar."""
        views = [view for view in self._views if view.rows.rows]
        at = views.index(self.sender()) + step  # type: ignore[arg-type]  # one of them
        if 0 <= at < len(views):
            rows = [row for row in views[at].rows.rows if row.key != NEW_CLASS]
            if rows:
                views[at].setFocus()
                self._on_chosen(rows[0 if step > 0 else -1].key)

    @Slot(int, int)
    def _on_moved(self, key: int, before: int) -> None:
        """Only some of the classes may be shown."""
        rows, ids = self.classes.rows.rows, [each.id for each in self._classes]
        following = rows[before].key
        self.moved.emit(key, ids.index(following) if following in ids else ids.index(rows[before - 1].key) + 1)

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
        self.classes.outline(key)
        menu.exec(at)
        self.classes.outline(None)
        menu.deleteLater()

    def menu_for(self, key: int) -> QMenu:
        """Build the context menu of a class."""
        menu = QMenu(self)
        menu.setObjectName("class_menu")
        if key != NEW_CLASS:
            entries = (
                ("show_class", self.tr("Show its photos"), self.chosen.emit),
                ("rename_class", self.tr("Rename"), self.rename),
                ("merge_class", self.tr("Merge into…"), self.merge_requested.emit),
                ("split_class", self.tr("New class from selection…"), self.split_requested.emit),
                ("class_up", self.tr("Move up"), self.up_requested.emit),
                ("class_down", self.tr("Move down"), self.down_requested.emit),
                ("delete_class", self.tr("Delete class…"), self.delete_requested.emit),
            )
            for name, text, call in entries:
                action = menu.addAction(text)
                action.setObjectName(name)
                action.triggered.connect(lambda _checked=False, call=call: call(key))
                last = {"class_up": 0, "class_down": len(self._classes) - 1}.get(name)
                action.setEnabled(last is None or self._classes[last].id != key)
            menu.addSeparator()
        action = menu.addAction(self.tr("New class…"))
        action.setObjectName("new_class")
        action.triggered.connect(self.new_requested)
        return menu
