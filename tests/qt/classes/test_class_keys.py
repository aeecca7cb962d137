"""Classes by keyboard and drop in the whole window: typed for photos, renamed in the row, merged after a question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.ui.grid.photo_columns import PseudoClass
from tests.qt.dialogs import when_asked
from tests.qt.drag import drag
from tests.qt.program import class_named, idle, places, running_three_classes, stored


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
