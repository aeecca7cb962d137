"""Ctrl+Z undoes what was done last, also a sort, and says what it undid; with real keys and clicks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.ui.review.sections.section_headers import GroupHeader
from tests.qt.keyboard import press
from tests.qt.program import class_named, idle, places, running_three_classes, stored

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Four photos each of red, green and blue, and their classes; two red ones are labelled."""
    with running_three_classes(tmp_path, qtbot, "red", "green", "blue") as opened:
        opened.window.labels.assign(places(opened, "red")[:2], class_named(opened, "red"))
        idle(opened, qtbot)
        opened.window.grid.setFocus()
        yield opened


def sort(program: Program, destination: Path, qtbot: QtBot) -> None:
    program.window.actions_by_name["sort"].trigger()
    qtbot.waitUntil(lambda: program.window.findChild(SortDialog) is not None)
    dialog = program.window.findChild(SortDialog)
    assert isinstance(dialog, SortDialog)
    dialog.destination.setText(str(destination))
    qtbot.waitUntil(dialog.file_button.isEnabled)
    QTest.mouseClick(dialog.file_button, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    assert copies(destination) == 2
    program.window.grid.setFocus()


def copies(destination: Path) -> int:
    return len(list(destination.rglob("*.jpg")))


def labelled(program: Program) -> int:
    return len(stored(program).labels.all())


def said(program: Program) -> str:
    return str(program.window.job_bar.message.text())


def press_undo_and_answer(program: Program, qtbot: QtBot, *, agrees: bool) -> None:
    """Press Ctrl+Z, and answer the question that it asks."""
    asked: list[str] = []

    def answer() -> None:
        question = program.window.findChild(QMessageBox, "undo_sort_question")
        if not isinstance(question, QMessageBox):
            QTimer.singleShot(10, answer)
            return
        asked.append(question.text())
        chosen = question.defaultButton() if agrees else question.button(QMessageBox.StandardButton.Cancel)
        chosen.click()

    QTimer.singleShot(0, answer)
    press(Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: bool(asked))
    idle(program, qtbot)
    assert asked == ["Delete the 2 copies? Your originals are not touched."]


def test_undo_after_a_sort_undoes_the_sort_and_then_the_label(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    sorted_to, actions = tmp_path / "sorted", program.window.actions_by_name
    sort(program, sorted_to, qtbot)
    assert actions["undo"].text() == "&Undo: Sort…"
    press_undo_and_answer(program, qtbot, agrees=True)
    assert (copies(sorted_to), labelled(program)) == (0, 2)
    assert actions["undo"].text() == "&Undo: “red” for 2 photos"
    press(Qt.Key.Key_Z, CTRL)
    assert said(program) == "Undone: “red” for 2 photos."
    idle(program, qtbot)
    assert labelled(program) == 0
    press(Qt.Key.Key_Y, CTRL)
    assert said(program) == "Redone: “red” for 2 photos."
    assert labelled(program) == 2


def test_a_sort_that_stays_is_passed_over_and_can_still_be_undone_from_the_bar(
    program: Program, qtbot: QtBot, tmp_path: Path
) -> None:
    sorted_to, bar = tmp_path / "sorted", program.window.job_bar
    sort(program, sorted_to, qtbot)
    press_undo_and_answer(program, qtbot, agrees=False)
    assert said(program) == "The sort stays. Undo is now for the step before: “red” for 2 photos."
    assert (copies(sorted_to), labelled(program)) == (2, 2)
    program.window.activateWindow()
    program.window.grid.setFocus()
    press(Qt.Key.Key_Z, CTRL)
    assert said(program) == "Undone: “red” for 2 photos."
    assert [link.text() for link in bar.links if link.isVisible()] == ["Redo", "Undo the sort…"]
    idle(program, qtbot)
    assert (copies(sorted_to), labelled(program)) == (2, 0)


def test_undo_after_an_answer_to_a_sorted_folder_undoes_the_answer(
    program: Program, qtbot: QtBot, tmp_path: Path
) -> None:
    sorted_to, (green, *_) = tmp_path / "sorted", places(program, "green")
    sort(program, sorted_to, qtbot)
    program.window.grid.select_places([green], scroll=True)
    press(Qt.Key.Key_2)
    idle(program, qtbot)
    program.window.grid.clearSelection()
    press(Qt.Key.Key_Z, CTRL)
    assert said(program) == "Undone: “green” for 1 photo."
    idle(program, qtbot)
    assert (copies(sorted_to), labelled(program)) == (2, 2)
    assert program.window.grid.selected_places() == [green], "the photo of the step is shown"


def test_undo_in_an_empty_name_field_takes_back_the_name_given_before(program: Program, qtbot: QtBot) -> None:
    program.window.actions_by_name["name_groups"].trigger()
    idle(program, qtbot)
    headers = (program.window.grid.header(each.identity) for each in program.photos.sections)
    header = next(each for each in headers if isinstance(each, GroupHeader))
    header.field.setFocus()
    press(Qt.Key.Key_Z, CTRL)
    assert said(program) == "Undone: “red” for 2 photos."
    press(Qt.Key.Key_Y, CTRL)
    assert said(program) == "Redone: “red” for 2 photos."
    idle(program, qtbot)
    header.field.setFocus()
    QTest.keyClicks(header.field, "1")
    press(Qt.Key.Key_Z, CTRL)
    assert (header.field.text(), labelled(program)) == ("", 2)
