"""Classes by keyboard and drop in the whole window: typed for photos, renamed in the row, merged after a question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.photo_answers import Mark
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.grid.sections import Grouping
from tests.qt.dialogs import when_asked
from tests.qt.drag import drag
from tests.qt.program import class_named, idle, only_classes, places, running_three_classes, stored, tile


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    with running_three_classes(tmp_path, qtbot, "narcissus", "daisy", "kale") as started:
        started.window.activateWindow()
        yield started


def labels(program: Program) -> dict[str, int]:
    names = {each.id: each.name for each in stored(program).classes.all()}
    return {names[class_id]: count for class_id, count in stored(program).labels.counts().items()}


def keys(*pressed: Qt.Key | str) -> None:
    """Type where the keyboard is: letters, or single keys."""
    for each in pressed:
        focus = QApplication.focusWidget()
        assert focus is not None
        if isinstance(each, str):
            QTest.keyClicks(focus, each)
        else:
            QTest.keyClick(focus, each)


def test_classes_are_typed_by_keyboard_alone(program: Program, qtbot: QtBot) -> None:
    window = program.window
    box, reds, blues = window.selection.typing.box, places(program, "red"), places(program, "blue")
    window.grid.setFocus()
    window.grid.clearSelection()
    keys("d")
    assert not box.isVisible()
    assert "Select photos first" in window.job_bar.message.text()
    window.grid.select_places(reds[:1])
    keys("d")
    assert box.field.text() == "daisy"
    keys(Qt.Key.Key_Return)
    assert labels(program) == {"daisy": 1}
    assert window.grid.hasFocus()
    following = window.grid.selected_places()  # goes on, as after a digit
    assert len(following) == 1
    assert following != reds[:1]
    window.grid.select_places(reds)
    keys("/", "n", "arc", Qt.Key.Key_Return)  # N alone is a command
    assert labels(program) == {"narcissus": 4}
    window.grid.select_places(blues[:2])
    keys(Qt.Key.Key_F4)
    assert [box.list.item(row).text() for row in range(3)] == ["narcissus", "daisy", "kale"]  # the last used first
    keys("tulips", Qt.Key.Key_Return)
    assert labels(program) == {"narcissus": 4, "tulips": 2}
    assert "New class “tulips” for 2 photos" in window.actions_by_name["undo"].text()
    assert not box.isVisible()
    window.grid.select_places(blues[2:])
    keys("t", Qt.Key.Key_Backspace, Qt.Key.Key_Backspace, "/bed", Qt.Key.Key_Return)
    stored(program)
    assert "looks like a path" in box.message.text
    keys(Qt.Key.Key_Escape)
    assert window.grid.hasFocus()
    assert labels(program) == {"narcissus": 4, "tulips": 2}
    for _ in range(3):
        window.actions_by_name["undo"].trigger()
    assert labels(program) == {}
    assert [each.name for each in stored(program).classes.all()] == ["narcissus", "daisy", "kale"]


def test_single_letters_that_are_commands_stay_commands(program: Program, qtbot: QtBot) -> None:
    window, reds = program.window, places(program, "red")
    window.grid.setFocus()
    window.grid.select_places(reds[:1])
    keys("n")
    idle(program, qtbot)
    assert not window.selection.typing.box.isVisible()
    assert program.photos.columns.counts()[PseudoClass.NOT_MINE] == 1
    QTest.keyClick(window.grid, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert window.selection.typing.box.field.text() == "narcissus"
    keys(Qt.Key.Key_Escape)
    window.actions_by_name["not_mine"].setEnabled(False)
    keys("n")  # a command that does nothing now is no letter either
    for modifier in (Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier):
        QTest.keyClick(window.grid, Qt.Key.Key_X, modifier)
    assert not window.selection.typing.box.isVisible()


def test_a_command_letter_that_another_letter_follows_begins_a_name(program: Program, qtbot: QtBot) -> None:
    window, reds, marks = program.window, places(program, "red"), program.photos.columns.marks
    window.grid.setFocus()
    window.grid.select_places(reds[:1])
    keys("k", "a")  # K alone is a command
    assert window.selection.typing.box.field.text() == "kale"
    keys("l", Qt.Key.Key_Return)
    assert labels(program) == {"kale": 1}
    window.grid.select_places(reds[1:2])
    keys(Qt.Key.Key_Space)
    keys("n", "a", Qt.Key.Key_Return)  # in the large view, too
    qtbot.waitUntil(lambda: labels(program) == {"kale": 1, "narcissus": 1})
    idle(program, qtbot)
    assert not marks.any(), "no command has acted"
    assert window.large.is_open


def test_a_command_letter_pressed_again_at_once_acts_again_unless_a_name_follows(
    program: Program, qtbot: QtBot
) -> None:
    window, columns = program.window, program.photos.columns
    window.filter.group_by(Grouping.NONE)
    window.grid.setFocus()
    window.grid.select_places(places(program, "red")[:1])
    keys("n", "n", "n")
    qtbot.waitUntil(lambda: np.count_nonzero(columns.marks == Mark.NOT_MINE) == 3)
    idle(program, qtbot)
    assert not window.selection.typing.box.isVisible()
    keys("l", "l", "a")
    assert window.selection.typing.box.field.text() == "lla"
    keys("ma", Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: labels(program) == {"llama": 1})
    idle(program, qtbot)


def test_a_command_letter_acts_before_the_key_or_click_that_follows(program: Program, qtbot: QtBot) -> None:
    window, (first, second, third, fourth), columns = program.window, places(program, "red"), program.photos.columns
    window.filter.group_by(Grouping.NONE)
    window.grid.setFocus()
    window.grid.select_places([first])
    keys("n", Qt.Key.Key_2)  # N goes on to the next photo
    qtbot.waitUntil(lambda: columns.marks[columns.locate([first])[0]] == Mark.NOT_MINE)
    assert labels(program) == {"daisy": 1}
    window.grid.select_places([second])
    keys("k")
    QTest.mouseClick(
        window.grid.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, tile(program, fourth)
    )
    qtbot.waitUntil(lambda: columns.marks[columns.locate([second])[0]] == Mark.DONT_KNOW)
    idle(program, qtbot)
    assert window.grid.selected_places() == [fourth]
    assert columns.marks[columns.locate([third, fourth])].tolist() == [Mark.NONE, Mark.NONE]


def test_letters_typed_right_after_a_new_class_are_for_the_next_photo(program: Program, qtbot: QtBot) -> None:
    window, reds = program.window, places(program, "red")
    window.grid.setFocus()
    window.grid.select_places(reds[:1])
    keys("t", "ulip", Qt.Key.Key_Return, "da")
    qtbot.waitUntil(lambda: labels(program) == {"tulip": 1})
    box = window.selection.typing.box
    qtbot.waitUntil(lambda: box.isVisible() and not box.field.isReadOnly())
    assert box.field.text() == "daisy"
    keys(Qt.Key.Key_Return)
    assert labels(program) == {"tulip": 1, "daisy": 1}
    columns = program.photos.columns
    assert columns.label_ids[columns.locate(reds[:1])[0]] == class_named(program, "tulip")


def test_the_box_covers_no_menu_in_the_large_view(program: Program) -> None:
    window = program.window
    only_classes(program, *(f"class {number}" for number in range(12)))
    window.grid.setFocus()
    window.grid.select_places(places(program, "red")[:1])
    keys(Qt.Key.Key_Space, Qt.Key.Key_F4)
    box, view = window.selection.typing.box, window.large.view
    assert box.isVisible()
    assert QRect(view.mapTo(window, QPoint()), view.size()).contains(box.geometry())
    assert not box.geometry().intersects(window.menuBar().geometry())


def test_f2_renames_in_the_row_and_a_taken_name_leads_to_a_merge(program: Program, qtbot: QtBot) -> None:
    window, sides = program.window, program.window.class_list
    daisy, kale = class_named(program, "daisy"), class_named(program, "kale")
    window.labels.assign(places(program, "red"), daisy)
    window.labels.assign(places(program, "blue")[:1], kale)
    window.filter.show(daisy)
    qtbot.waitUntil(window.actions_by_name["rename_class"].isEnabled)
    window.splitter.setSizes([0, 900, 300])  # closed
    window.actions_by_name["rename_class"].trigger()
    assert not sides.editor.field.visibleRegion().isEmpty()
    keys("not sure", Qt.Key.Key_Return)
    stored(program)
    assert "FlowerSorter is not sure about" in sides.editor.message.text
    assert sides.editor.field.text() == "not sure"  # nothing is lost
    sides.editor.field.selectAll()
    keys("marguerite", Qt.Key.Key_Return)
    idle(program, qtbot)
    assert class_named(program, "marguerite") == daisy
    assert "Rename “daisy” to “marguerite”" in window.actions_by_name["undo"].text()
    asked: list[str] = []

    def answer(name: str) -> None:
        def act(box: QMessageBox) -> None:
            asked.append(f"{box.text()} {box.informativeText()}")
            button = box.findChild(QAbstractButton, name)
            QTest.mouseClick(button or box.button(QMessageBox.StandardButton.Cancel), Qt.MouseButton.LeftButton)

        when_asked(QMessageBox, act)

    sides.rename(daisy)
    keys("Kale", Qt.Key.Key_Return)
    answer("")
    keys(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(asked) == 1)
    assert sides.editor.isVisible()
    answer("merge_button")
    sides.editor.merge_button.click()
    idle(program, qtbot)
    assert asked[1] == (
        "Merge “marguerite” into “kale”? “marguerite” (4 confirmed) is removed, and its photos join “kale” "
        "(1 confirmed). No file is changed."
    )
    assert labels(program) == {"kale": 5}
    assert not sides.editor.isVisible()


def test_a_class_dropped_on_another_is_merged_after_a_question_and_comes_back(program: Program, qtbot: QtBot) -> None:
    window, view = program.window, program.window.class_list.classes
    daisy, kale = class_named(program, "daisy"), class_named(program, "kale")
    window.labels.assign(places(program, "red"), daisy)
    window.labels.assign(places(program, "blue")[:1], kale)
    idle(program, qtbot)
    assert [row.counts for row in view.rows.rows if row.key in (daisy, kale)] == ["4 / 4", "1 / 1"]

    def agree(box: QMessageBox) -> None:
        assert box.text() == "Merge “daisy” into “kale”?"
        button = box.findChild(QAbstractButton, "merge_button")
        assert button is not None
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    when_asked(QMessageBox, agree)
    drag(view.viewport(), _middle(program, daisy), view.viewport(), _middle(program, kale))
    idle(program, qtbot)
    assert labels(program) == {"kale": 5}
    window.actions_by_name["undo"].trigger()
    idle(program, qtbot)
    assert labels(program) == {"daisy": 4, "kale": 1}
    when_asked(QMessageBox, lambda box: QTest.keyClick(box, Qt.Key.Key_Return))  # Cancel is the default
    drag(view.viewport(), _middle(program, daisy), view.viewport(), _middle(program, kale))
    idle(program, qtbot)
    assert labels(program) == {"daisy": 4, "kale": 1}


def _middle(program: Program, class_id: int) -> QPoint:
    view = program.window.class_list.classes
    return view.visualRect(view.rows.index(view.rows.row_of(class_id))).center()
