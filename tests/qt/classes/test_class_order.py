"""Splitting a class and putting classes in another order: by mouse, key and menu, and back with Ctrl+Z."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.label import LabelOrigin
from flowersorter.ui.classes.class_commands import moved, share_of
from flowersorter.ui.classes.class_dialogs import NameDialog
from flowersorter.ui.classes.class_list import ClassList
from flowersorter.ui.classes.class_rows import NEW_CLASS
from flowersorter.ui.classes.sidebar_model import ROW_MIME
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.shared.error_dialog import ErrorDialog
from tests.qt.dialogs import when_asked
from tests.qt.drag import drag
from tests.qt.program import class_named, places, running_three_classes, stored


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    with running_three_classes(tmp_path, qtbot, "ash", "birch", "cedar") as started:
        yield started


def names(program: Program) -> list[str]:
    """The classes as the window lists them; the library must agree."""
    library = [each.name for each in stored(program).classes.all()]
    shown = [row.text for row in program.window.class_list.classes.rows.rows if row.key != NEW_CLASS]
    assert shown == library
    return shown


def row(program: Program, name: str, *, lower: bool = False) -> QPoint:
    """The upper or lower part of a class in the list."""
    view = program.window.class_list.classes
    box = view.visualRect(view.rows.index(view.rows.row_of(class_named(program, name))))
    return QPoint(box.center().x(), box.bottom() - 2 if lower else box.top() + 2)


def labels(program: Program) -> dict[str, int]:
    called = {each.id: each.name for each in stored(program).classes.all()}
    return {called[class_id]: count for class_id, count in stored(program).labels.counts().items()}


def write_name(text: str, notes: list[str] | None = None) -> None:
    """Answer the next question for a name."""

    def write(dialog: NameDialog) -> None:
        if notes is not None:
            notes.append(dialog.note.text())
        QTest.keyClicks(dialog.field, text)
        QTest.mouseClick(dialog.ok_button, Qt.MouseButton.LeftButton)

    when_asked(NameDialog, write)


# -- another order


def test_a_class_is_dragged_to_another_place_and_ctrl_z_puts_it_back(program: Program) -> None:
    view = program.window.class_list.classes
    ash, birch, cedar = (class_named(program, name) for name in ("ash", "birch", "cedar"))
    program.window.filter.show(birch)
    drag(view.viewport(), row(program, "cedar"), view.viewport(), row(program, "ash"))
    assert names(program) == ["cedar", "ash", "birch"]
    assert view.drop_line == -1
    assert program.window.class_list.current == birch  # what was only dragged is not picked
    assert view.currentIndex().row() == 2
    drag(view.viewport(), row(program, "cedar"), view.viewport(), row(program, "birch", lower=True))
    assert names(program) == ["ash", "birch", "cedar"]
    assert "Move “cedar”" in program.window.actions_by_name["undo"].text()
    program.window.actions_by_name["undo"].trigger()
    assert names(program) == ["cedar", "ash", "birch"]
    program.window.actions_by_name["undo"].trigger()
    assert names(program) == ["ash", "birch", "cedar"]
    program.window.actions_by_name["redo"].trigger()
    assert names(program) == ["cedar", "ash", "birch"]
    assert [each.id for each in stored(program).classes.all()] == [cedar, ash, birch]


def test_a_drag_that_ends_where_it_began_was_a_click(program: Program) -> None:
    view = program.window.class_list.classes
    for end in (row(program, "birch"), row(program, "birch", lower=True)):
        program.window.filter.show_all()
        drag(view.viewport(), row(program, "birch"), view.viewport(), end)
        assert program.window.filter.class_shown == class_named(program, "birch")
    assert names(program) == ["ash", "birch", "cedar"]
    assert not program.session.undo_stack.canUndo()


def test_digit_keys_follow_the_order(program: Program, qtbot: QtBot) -> None:
    program.window.filter.show(class_named(program, "cedar"))
    qtbot.waitUntil(program.window.actions_by_name["class_up"].isEnabled)
    for _ in range(3):  # once more than there is room
        program.window.actions_by_name["class_up"].trigger()
    assert names(program) == ["cedar", "ash", "birch"]
    assert [row.digit for row in program.window.class_list.classes.rows.rows] == ["1", "2", "3", ""]
    program.window.filter.show_all()
    program.window.grid.select_places(places(program, "red")[:1])
    QTest.keyClick(program.window.grid, Qt.Key.Key_1)
    assert labels(program) == {"cedar": 1}
    qtbot.waitUntil(lambda: not program.window.actions_by_name["class_up"].isEnabled())  # no class is shown


def test_the_menu_moves_and_knows_the_ends(program: Program) -> None:
    window, birch = program.window, class_named(program, "birch")
    entries = {action.objectName(): action for action in window.class_list.menu_for(birch).actions()}
    entries["class_down"].trigger()
    assert names(program) == ["ash", "cedar", "birch"]
    entries = {action.objectName(): action for action in window.class_list.menu_for(birch).actions()}
    assert entries["class_up"].isEnabled()
    assert not entries["class_down"].isEnabled()
    entries["class_up"].trigger()
    assert names(program) == ["ash", "birch", "cedar"]


def test_an_order_that_cannot_be_saved_is_said_and_nothing_is_left_to_undo(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_ids: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(stored(program).classes, "reorder", full)
    program.window.classes.move_down(class_named(program, "ash"))
    assert names(program) == ["ash", "birch", "cedar"]
    assert not program.session.undo_stack.canUndo()
    (box,) = program.window.findChildren(ErrorDialog)
    box.close()


def test_the_place_is_shown_while_a_class_is_dragged_and_piles_take_none(qtbot: QtBot, program: Program) -> None:
    sides: ClassList = program.window.class_list
    mime = sides.classes.rows.row_mime(0)
    for view, at, wanted in (
        (sides.classes, row(program, "cedar"), 2),
        (sides.classes, row(program, "cedar", lower=True), 3),
        (sides.classes, QPoint(20, sides.classes.viewport().height() - 1), 3),  # never behind “New class…”
        (sides.pseudo_classes, QPoint(20, 5), -1),
    ):
        assert taken(view.viewport(), at, mime) == (wanted >= 0)
        assert view.drop_line == wanted
        assert view.drop_row == -1
    for text in ("", "x", "-1", str(NEW_CLASS), str(int(PseudoClass.ALL)), "999999"):
        foreign = QMimeData()
        foreign.setData(ROW_MIME, text.encode())
        assert not taken(sides.classes.viewport(), row(program, "ash"), foreign)
        QApplication.sendEvent(sides.classes.viewport(), dropped(row(program, "ash"), foreign))
    assert names(program) == ["ash", "birch", "cedar"]


def taken(target: QWidget, at: QPoint, mime: QMimeData) -> bool:
    """Whether something that is dragged may be dropped here."""
    action, left, plain = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    events = QDragEnterEvent(at, action, mime, left, plain), QDragMoveEvent(at, action, mime, left, plain)
    for event in events:
        QApplication.sendEvent(target, event)
    return all(event.isAccepted() for event in events)


def dropped(at: QPoint, mime: QMimeData) -> QDropEvent:
    left, plain = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    return QDropEvent(QPointF(at), Qt.DropAction.MoveAction, mime, left, plain)


@pytest.mark.parametrize(
    ("class_id", "before", "wanted"),
    [(1, 0, [1, 2, 3]), (1, 1, [1, 2, 3]), (1, 2, [2, 1, 3]), (1, 3, [2, 3, 1]), (3, 0, [3, 1, 2]), (2, 3, [1, 3, 2])],
)
def test_where_a_class_goes(class_id: int, before: int, wanted: list[int]) -> None:
    assert moved([1, 2, 3], class_id, before) == wanted


# -- split


def test_picked_photos_of_a_class_become_a_class_and_go_back_with_it(program: Program) -> None:
    window, birch = program.window, class_named(program, "birch")
    window.labels.assign([*places(program, "red"), *places(program, "green")], birch)
    reds = places(program, "red")
    window.filter.show(birch)
    window.grid.select_places(reds)
    notes: list[str] = []
    write_name("dogwood", notes)
    window.actions_by_name["split_class"].trigger()
    assert notes == ["4 photos will be added (4 × birch)."]
    assert labels(program) == {"birch": 4, "dogwood": 4}
    assert names(program)[-1] == "dogwood"
    dogwood = class_named(program, "dogwood")
    window.actions_by_name["undo"].trigger()
    assert labels(program) == {"birch": 8}
    assert names(program) == ["ash", "birch", "cedar"]
    window.actions_by_name["redo"].trigger()
    assert labels(program) == {"birch": 4, "dogwood": 4}
    assert class_named(program, "dogwood") == dogwood  # later corrections speak of it
    window.labels.assign(places(program, "blue")[:1], dogwood)
    for _ in range(2):
        window.actions_by_name["undo"].trigger()
    assert labels(program) == {"birch": 8}
    for _ in range(2):
        window.actions_by_name["redo"].trigger()
    assert labels(program) == {"birch": 4, "dogwood": 5}


def test_a_class_without_photos_goes_back_too_but_one_with_labels_stays(program: Program) -> None:
    window = program.window
    window.grid.clearSelection()
    write_name("dogwood")
    window.actions_by_name["new_class"].trigger()
    assert "New class “dogwood”" in window.actions_by_name["undo"].text()
    window.actions_by_name["undo"].trigger()
    assert names(program) == ["ash", "birch", "cedar"]
    window.actions_by_name["redo"].trigger()
    photo = stored(program).photos.place(places(program, "red")[0]).photo_id
    assert photo is not None
    stored(program).labels.assign(
        [photo], class_named(program, "dogwood"), LabelOrigin.FOLDER
    )  # as a class folder would
    window.actions_by_name["undo"].trigger()
    assert names(program)[-1] == "dogwood"
    assert labels(program) == {"dogwood": 1}


def test_split_in_the_menu_of_a_class_shows_it_and_says_what_to_do(program: Program) -> None:
    window, birch = program.window, class_named(program, "birch")
    window.labels.assign(places(program, "red"), birch)
    entries = {action.objectName(): action for action in window.class_list.menu_for(birch).actions()}
    entries["split_class"].trigger()
    assert window.filter.class_shown == birch
    assert "Ctrl+Shift+N" in window.job_bar.message.text()
    window.job_bar.links[0].click()  # nothing is picked yet
    assert "first" in window.job_bar.message.text()
    window.grid.select_places(places(program, "red")[1:])
    write_name("dogwood")
    entries["split_class"].trigger()
    assert labels(program) == {"birch": 1, "dogwood": 3}


def test_a_name_that_is_taken_by_now_is_said_and_the_photos_stay(program: Program) -> None:
    window = program.window
    window.grid.select_places(places(program, "red"))
    write_name("dogwood")
    window.actions_by_name["split_class"].trigger()
    window.actions_by_name["undo"].trigger()
    stored(program).classes.add("Dogwood")
    window.actions_by_name["redo"].trigger()
    stored(program)
    (box,) = window.findChildren(ErrorDialog)
    assert "already a class" in f"{box.said[0]} {box.said[1]}"
    box.close()
    assert labels(program) == {}


def test_where_photos_come_from_is_said_in_short() -> None:
    assert share_of({"roses": 3, "": 5}) == "3 × roses"
    assert share_of({"a": 1, "b": 4, "c": 2, "d": 9}) == "9 × d, 4 × b, 2 × c, …"
    assert share_of({"": 5}) == ""
