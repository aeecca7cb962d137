"""Grid and class list with real mouse and key events."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, QMimeData, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QPalette, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.domain.photo_class import ClassOrigin, PhotoClass
from flowersorter.ui.classes.class_list import ClassList
from flowersorter.ui.classes.class_rows import NEW_CLASS, ClassCounts
from flowersorter.ui.classes.drop_label import DropLabel
from flowersorter.ui.classes.sidebar_model import SidebarRole
from flowersorter.ui.classes.sidebar_view import SidebarView
from flowersorter.ui.grid.drag_pixmap import SIDE_PX
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.grid.photo_grid import LARGEST_PX, SMALLEST_PX, PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.shared import theme
from tests.qt.drag import drag
from tests.qt.fake_rows import LOOKS, picture, rows
from tests.qt.sidebar import view_of

CLASSES = [PhotoClass(at, look.name, ClassOrigin.PERSON, at - 1, look.colour) for at, look in LOOKS.items()]


class Both(QWidget):
    """Class list and grid side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.model = PhotoModel(picture, self)
        self.model.set_classes(LOOKS)
        self.model.set_rows(rows(60))
        self.classes, self.grid = ClassList(self), PhotoGrid(self.model, self)
        self.classes.show_classes(CLASSES, ClassCounts(self.model.columns.counts()))
        row = QHBoxLayout(self)
        row.addWidget(self.classes)
        row.addWidget(self.grid, 1)
        self.resize(1000, 700)

    def tile(self, number: int) -> QPoint:
        return self.grid.visualRect(self.model.index(number)).center()

    def row(self, key: int) -> QPoint:
        view = self.view(key)
        return view.visualRect(view.rows.index(view.rows.row_of(key))).center()

    def view(self, key: int) -> SidebarView:
        return view_of(self.classes, key)


@pytest.fixture
def both(qtbot: QtBot) -> Both:
    made = Both()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: made.tile(20).y() > 100)
    return made


def test_three_picked_photos_are_dragged_onto_a_class_with_the_mouse(both: Both, qtbot: QtBot) -> None:
    dropped: list[tuple[int, list[int]]] = []
    both.classes.dropped.connect(lambda key, places: dropped.append((key, places)))
    view = both.grid.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=both.tile(1))
    for number in (2, 5):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, both.tile(number))
    drag(view, both.tile(2), both.classes.classes.viewport(), both.row(2))
    qtbot.waitUntil(lambda: bool(dropped))
    assert dropped == [(2, [2, 3, 6])]
    assert both.grid.selected_places() == [2, 3, 6]
    assert both.classes.classes.drop_row == -1


def test_photos_dropped_on_new_class_ask_for_one(both: Both, qtbot: QtBot) -> None:
    asked: list[list[int]] = []
    both.classes.dropped_on_new.connect(asked.append)
    QTest.mouseClick(both.grid.viewport(), Qt.MouseButton.LeftButton, pos=both.tile(4))
    drag(both.grid.viewport(), both.tile(4), both.classes.classes.viewport(), both.row(NEW_CLASS))
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == [[5]]


def events(view: SidebarView, at: QPoint, mime: QMimeData) -> tuple[QDragEnterEvent, QDragMoveEvent, QDropEvent]:
    copy, left, plain = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, copy, mime, left, plain)
    move = QDragMoveEvent(at, copy, mime, left, plain)
    drop = QDropEvent(QPointF(at), copy, mime, left, plain)
    for event in (enter, move):
        QApplication.sendEvent(view.viewport(), event)
    return enter, move, drop


def test_the_row_under_a_drag_lights_up_and_shows_how_many_photos_come(both: Both) -> None:
    view = both.classes.classes
    mime = both.model.mimeData([both.model.index(0), both.model.index(1)])
    _, move, drop = events(view, both.row(3), mime)
    assert move.isAccepted()
    assert (view.drop_row, view.drop_count) == (view.rows.row_of(3), 2)
    QApplication.sendEvent(view.viewport(), drop)
    assert (view.drop_row, view.drop_count) == (-1, 0)


def test_the_dragged_photos_say_which_class_they_would_get(both: Both) -> None:
    view, mime = both.classes.classes, both.model.mimeData([both.model.index(row) for row in range(18)])
    label = view.drop_label
    for key, text in ((1, "→ daisy (18)"), (2, "→ roses (18)"), (NEW_CLASS, "→ New class… (18)")):
        _, move, drop = events(view, both.row(key), mime)
        assert (label.isVisible(), label.text()) == (True, text)
        assert both.rect().contains(label.geometry())
        picture = QRect(view.viewport().mapTo(both, both.row(key)), QSize(SIDE_PX, SIDE_PX))
        assert not label.geometry().intersects(picture)  # the window system paints the photos over the window
    below = QDragMoveEvent(QPoint(5, view.height() - 2), move.proposedAction(), mime, move.buttons(), move.modifiers())
    for end in (drop, QDragLeaveEvent(), below):
        events(view, both.row(1), mime)
        assert label.isVisible()
        QApplication.sendEvent(view.viewport(), end)
        assert not label.isVisible()


def test_the_class_is_beside_the_dragged_photos_also_at_the_edges_of_the_window(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(400, 300)
    label = DropLabel(QWidget(window))
    for pointer in (QPoint(0, 0), QPoint(390, 10), QPoint(390, 295), QPoint(5, 298), QPoint(200, 150)):
        label.show_class("a long name of a class that has no end in sight", 3, pointer)
        assert window.rect().contains(label.geometry())
        assert not label.geometry().intersects(QRect(pointer, QSize(SIDE_PX, SIDE_PX)))


def test_one_row_of_both_lists_is_highlighted_the_one_that_is_shown(both: Both) -> None:
    both.classes.set_current(int(PseudoClass.UNKNOWN))
    view = both.classes.classes
    QTest.mouseClick(view.viewport(), Qt.MouseButton.RightButton, pos=both.row(2))
    assert view.selectedIndexes() == []
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=both.row(2))
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(-20, -20))
    assert view.selectedIndexes() == []
    assert [index.row() for index in both.classes.pseudo_classes.selectedIndexes()] == [
        both.classes.pseudo_classes.rows.row_of(int(PseudoClass.UNKNOWN))
    ]


def test_piles_and_foreign_drags_take_nothing(both: Both) -> None:
    dropped: list[object] = []
    both.classes.pseudo_classes.dropped.connect(lambda *each: dropped.append(each))
    both.classes.classes.dropped.connect(lambda *each: dropped.append(each))
    mime = both.model.mimeData([both.model.index(0)])
    _, move, drop = events(both.classes.pseudo_classes, both.row(PseudoClass.UNSURE), mime)
    assert not move.isAccepted()
    QApplication.sendEvent(both.classes.pseudo_classes.viewport(), drop)
    foreign = QMimeData()
    foreign.setText("/etc/passwd")
    enter, move, drop = events(both.classes.classes, both.row(1), foreign)
    assert not enter.isAccepted()
    assert not move.isAccepted()
    QApplication.sendEvent(both.classes.classes.viewport(), drop)
    assert not dropped


def test_one_row_of_both_lists_is_picked_at_a_time(both: Both) -> None:
    selected: list[int] = []
    both.classes.chosen.connect(selected.append)
    for key in (2, int(PseudoClass.UNKNOWN), int(PseudoClass.UNKNOWN)):
        QTest.mouseClick(both.view(key).viewport(), Qt.MouseButton.LeftButton, pos=both.row(key))
    assert selected == [2, PseudoClass.UNKNOWN, PseudoClass.UNKNOWN]
    assert not both.classes.classes.selectionModel().hasSelection()
    QTest.keyClick(both.classes.pseudo_classes, Qt.Key.Key_Down)
    assert selected[-1] == PseudoClass.UNREADABLE


def test_the_new_class_row_asks_and_leaves_the_picked_one(both: Both) -> None:
    asked: list[bool] = []
    both.classes.new_requested.connect(lambda: asked.append(True))
    QTest.mouseClick(both.view(2).viewport(), Qt.MouseButton.LeftButton, pos=both.row(2))
    QTest.mouseClick(both.view(2).viewport(), Qt.MouseButton.LeftButton, pos=both.row(NEW_CLASS))
    assert asked == [True]
    assert both.classes.current == 2


def test_the_menu_of_a_class(both: Both) -> None:
    asked: list[tuple[str, int]] = []
    both.classes.merge_requested.connect(lambda key: asked.append(("merge", key)))
    both.classes.delete_requested.connect(lambda key: asked.append(("delete", key)))
    menu = both.classes.menu_for(3)
    for action in menu.actions():
        if action.objectName() in ("merge_class", "delete_class"):
            action.trigger()
    assert asked == [("merge", 3), ("delete", 3)]
    assert [each.text() for each in menu.actions() if not each.isSeparator()] == [
        "Show its photos", "Rename", "Merge into…", "New class from selection…", "Move up", "Move down",
        "Delete class…", "New class…",
    ]  # fmt: skip
    assert [each.objectName() for each in both.classes.menu_for(NEW_CLASS).actions()] == ["new_class"]


def test_counts_change_without_losing_the_picked_row(both: Both) -> None:
    both.classes.set_current(2)
    both.classes.show_classes(CLASSES, ClassCounts({1: 5, 2: 1234567}))
    assert both.classes.classes.currentIndex().row() == 1
    assert both.classes.classes.rows.rows[1].count == 1234567


def test_ctrl_and_wheel_zoom_within_limits(both: Both) -> None:
    sizes: list[int] = []
    both.grid.tile_size_changed.connect(sizes.append)
    for delta, count in ((120, 30), (-120, 60)):
        for _ in range(count):
            event = QWheelEvent(
                QPointF(50, 50), QPointF(50, 50), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(both.grid.viewport(), event)
    assert max(sizes) == LARGEST_PX
    assert sizes[-1] == both.grid.tile_size == SMALLEST_PX


def test_delete_and_letters_do_nothing_to_photos(both: Both) -> None:
    QTest.mouseClick(both.grid.viewport(), Qt.MouseButton.LeftButton, pos=both.tile(4))
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_I, Qt.Key.Key_M):
        QTest.keyClick(both.grid, key)
    assert both.grid.selected_places() == [5]
    assert both.model.rowCount() == 60
    QTest.keyClick(both.grid, Qt.Key.Key_Escape)
    assert both.grid.selected_places() == []


def test_the_picked_photos_stay_picked_when_the_order_changes(both: Both) -> None:
    both.grid.select_places([7, 9])
    both.model.beginResetModel()
    both.model.endResetModel()
    assert both.grid.selected_places() == [7, 9]


def test_going_on_picks_the_next_photo_and_stops_at_the_last(both: Both) -> None:
    both.grid.select_places([59])
    both.grid.go_on()
    both.grid.go_on()
    assert both.grid.selected_places() == [60]


def test_what_is_in_view_is_told_when_scrolling_settles(both: Both, qtbot: QtBot) -> None:
    with qtbot.waitSignal(both.grid.visible_changed) as caught:
        both.grid.verticalScrollBar().setValue(both.grid.verticalScrollBar().maximum())
    places = caught.args[0]
    assert 60 in places
    assert 1 not in places


def test_selection_is_told_once_for_a_rubber_band_of_many(both: Both, qtbot: QtBot) -> None:
    told: list[int] = []
    both.grid.selection_settled.connect(lambda: told.append(len(both.grid.selected_places())))
    for number in range(10):
        both.grid.selectionModel().select(both.model.index(number), QItemSelectionModel.SelectionFlag.Select)
    qtbot.waitUntil(lambda: bool(told))
    assert told == [10]


def test_the_count_in_a_picked_row_is_as_readable_as_its_name(both: Both) -> None:
    view = both.classes.pseudo_classes
    view.pick(view.rows.index(0).data(SidebarRole.ROW).key)
    box = view.visualRect(view.rows.index(0))
    image = view.viewport().grab(box).toImage()
    palette = view.palette()
    text, highlight = palette.color(QPalette.ColorRole.HighlightedText), palette.color(QPalette.ColorRole.Highlight)
    middle = range(image.height() // 4, 3 * image.height() // 4)
    right = range(3 * image.width() // 4, image.width() - 12)
    found = max(theme.contrast(image.pixelColor(x, y), highlight) for x in right for y in middle)
    assert found >= 0.95 * theme.contrast(text, highlight)
