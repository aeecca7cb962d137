"""Each answer of the person is answered: look-alikes, suggestions that changed, and the accuracy after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import UserError
from flowersorter.messages import text
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.review import answer_controller
from flowersorter.ui.review.answer_bar import AnswerBar
from flowersorter.ui.training import learning_controller, refit_request
from tests.qt.accessible import announced
from tests.qt.keyboard import press_letter
from tests.qt.program import class_named, idle, places, running_red_and_green, show_stored, stored, suggest, tile


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """Six photos each of red, green and blue, and the classes red and green."""
    with running_red_and_green(tmp_path, qtbot, monkeypatch) as opened:
        yield opened


def labelled(program: Program, name: str) -> set[int]:
    """Places that are shown with a class of the person."""
    columns = program.photos.columns
    return set(columns.place_ids[columns.label_ids == class_named(program, name)].tolist())


def selected(program: Program) -> set[int]:
    return set(program.window.grid.selected_places())


def test_an_answer_brings_lookalikes_that_one_key_shows_and_another_takes(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, bar, grid = program.window, program.window.answer_bar, program.window.grid
    red, green = places(program, "red"), places(program, "green")
    window.labels.assign(green[:2], class_named(program, "green"))
    window.filter.hide_confirmed(True)
    window.labels.assign(red[:1], class_named(program, "red"))
    qtbot.waitUntil(lambda: bar.lookalikes.text() == "5 more look like this.")
    assert bar.isVisible()
    assert not bar.isAncestorOf(window.focusWidget() or window), "it takes no focus"
    idle(program, qtbot)

    grid.setFocus()
    press_letter(Qt.Key.Key_L, qtbot, grid)
    assert program.photos.filter.title == "Look-alikes"
    assert selected(program) == set(red[1:])
    left_out, view = red[3], grid.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, tile(program, left_out))
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_Return)
    assert labelled(program, "red") == set(red) - {left_out}
    assert program.photos.filter.places is None
    assert program.photos.filter.unchecked, "what was hidden is hidden again"
    program.session.undo_stack.undo()
    assert labelled(program, "red") == set(red[:1]), "one step"
    idle(program, qtbot)
    assert not bar.lookalikes.text(), "an undo brings none"

    # With the button, from the keyboard: it shows them first, and a click leaves one out, a second one takes it in.
    window.labels.assign(red[1:2], class_named(program, "red"))
    qtbot.waitUntil(bar.take.isVisible)
    idle(program, qtbot)
    assert bar.take.text() == "Sh&ow them"
    bar.take.setFocus()
    QTest.keyClick(bar.take, Qt.Key.Key_Return)
    assert labelled(program, "red") == set(red[:2]), "nobody has seen the others yet"
    assert selected(program) == set(red[2:])
    assert bar.lookalikes.text() == "Are these “red”? Click a photo to leave it out."
    for wanted, said in ((set(red[2:]) - {left_out}, "&Take these 3"), (set(red[2:]), "&Take these 4")):
        at = tile(program, left_out)
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
        assert selected(program) == wanted
        assert bar.take.text() == said
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, tile(program, left_out))
    QTest.mouseClick(bar.take, Qt.MouseButton.LeftButton)
    assert labelled(program, "red") == set(red) - {left_out}
    assert program.photos.filter.places is None
    assert not selected(program), "the next key is not for photos that are out of view"
    idle(program, qtbot)
    assert labelled(program, "green") == set(green[:2]), "no other photo got a label"

    # Without any, L says what to do first.
    program.session.undo_stack.undo()
    idle(program, qtbot)
    press_letter(Qt.Key.Key_L, qtbot, grid)
    assert "Give a photo its class first" in window.job_bar.message.text()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, tile(program, red[4]))
    qtbot.waitUntil(lambda: "Give a photo its class first" not in window.job_bar.message.text())
    assert selected(program) == {red[4]}

    # Two classes are given before the first one is written; then the second one is deleted.
    window.labels.assign(red[1:2], class_named(program, "red"))
    window.labels.assign(green[2:3], class_named(program, "green"))
    qtbot.waitUntil(lambda: bar.lookalikes.text() == "3 more look like this.")
    assert bar.action.text() == "“green” for 1 photo.", "the last answer is named"
    stored(program).classes.delete(class_named(program, "green"))
    show_stored(program)
    qtbot.waitUntil(lambda: not bar.isVisible())
    bar.take_requested.emit()
    assert not labelled(program, "red") & set(green)
    idle(program, qtbot)

    # Where the look-alikes cannot be searched, the bar keeps no empty place, and it is said why.
    def refuse(*_: object) -> None:
        raise UserError(text("The collection cannot be read"), text("the drive is gone"))

    idle(program, qtbot)
    monkeypatch.setattr(answer_controller, "_find_alike", refuse)
    window.labels.assign(red[3:4], class_named(program, "red"))
    idle(program, qtbot)
    assert "the drive is gone" in window.job_bar.message.text()
    assert bar.isVisible() == bool(bar.changes.text() or bar.right.text())


def test_no_lookalike_is_offered_that_the_suggestions_contradict(program: Program, qtbot: QtBot) -> None:
    window, bar, columns = program.window, program.window.answer_bar, program.photos.columns
    red, green = places(program, "red"), places(program, "green")
    window.labels.assign(green[:2], class_named(program, "green"))
    window.labels.assign(red[:1], class_named(program, "red"))
    qtbot.waitUntil(lambda: bar.lookalikes.text() == "5 more look like this.")
    idle(program, qtbot)
    suggest(program, columns.locate(red[1:2]).tolist(), Verdict.LIKELY, class_named(program, "green"), 0)
    suggest(program, columns.locate(red[2:3]).tolist(), Verdict.UNKNOWN, class_named(program, "red"), 0)
    suggest(program, columns.locate(red[3:4]).tolist(), Verdict.UNSURE, class_named(program, "green"), 0)
    window.learning.suggestions_changed.emit()
    assert bar.lookalikes.text() == "3 more look like this."
    window.grid.setFocus()
    press_letter(Qt.Key.Key_L, qtbot, window.grid)
    assert selected(program) == set(red[3:])


def test_suggestions_that_changed_are_shown_before_and_now(program: Program, qtbot: QtBot) -> None:
    window, bar = program.window, program.window.answer_bar
    red, green = places(program, "red"), places(program, "green")
    window.labels.assign(red[:3], class_named(program, "red"))
    idle(program, qtbot)
    window.labels.assign(green[:3], class_named(program, "green"))
    idle(program, qtbot)
    QTest.mouseClick(bar.see, Qt.MouseButton.LeftButton)
    assert program.photos.filter.title == "Changed suggestions"
    shown = {program.photos.wanted(row).place_id: row for row in range(program.photos.rowCount())}
    assert bar.changes.text() == f"{len(shown)} other suggestions changed."
    told = {at: program.photos.index(row).data(PhotoRole.TITLE) for at, row in shown.items()}
    assert told.keys().isdisjoint(red[3:]), "they were suggested from the first class on"
    assert {at: told[at] for at in green[3:]} == dict.fromkeys(green[3:], "Unknown → green")
    assert not shown.keys() & {*red[:3], *green[:3]}, "labelled photos have no suggestion to change"
    columns = program.photos.columns
    assert np.count_nonzero(columns.label_ids) == 6, "no suggestion is counted as a label"

    # Esc dismisses it, first of all.
    grid = window.grid
    grid.setFocus()
    grid.select_places(green[3:])
    QTest.keyClick(grid, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert selected(program) == set(green[3:])
    QTest.keyClick(grid, Qt.Key.Key_Escape)
    assert not selected(program)


def test_the_bar_names_the_last_answer_and_goes_with_the_next_step(program: Program, qtbot: QtBot) -> None:
    window, bar, stack = program.window, program.window.answer_bar, program.session.undo_stack
    red, green = places(program, "red"), places(program, "green")
    window.labels.assign(red[:3], class_named(program, "red"))
    idle(program, qtbot)
    assert bar.action.text() == "“red” for 3 photos."
    window.labels.assign(green[:3], class_named(program, "green"))
    idle(program, qtbot)
    assert bar.action.text() == "“green” for 3 photos."
    assert bar.changes.isVisible()
    stack.undo()
    idle(program, qtbot)
    assert bar.action.text() == "Undone: “green” for 3 photos."
    stack.redo()
    idle(program, qtbot)
    assert bar.action.text() == "“green” for 3 photos."

    # A step that is no answer: the class has another name, so the line would name one that is gone.
    window.classes.rename(class_named(program, "green"), "leaf", lambda: None, lambda _error: None)
    idle(program, qtbot)
    assert not bar.isVisible()
    window.labels.assign(red[3:4], class_named(program, "red"))
    idle(program, qtbot)
    assert bar.isVisible()
    with qtbot.waitSignal(window.training.told):
        window.actions_by_name["retrain"].trigger()
    assert not bar.isVisible(), "Retrain says itself how many suggestions changed"


def test_the_bar_does_not_ask_about_photos_that_are_out_of_view(program: Program, qtbot: QtBot) -> None:
    window, bar = program.window, program.window.answer_bar
    window.labels.assign(places(program, "green")[:2], class_named(program, "green"))
    window.labels.assign(places(program, "red")[:1], class_named(program, "red"))
    qtbot.waitUntil(lambda: bar.lookalikes.text() == "5 more look like this.")
    idle(program, qtbot)
    window.grid.setFocus()
    QTest.keyClick(window.grid, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: bar.lookalikes.text() == "Are these “red”? Click a photo to leave it out.")
    window.filter.show_all()
    assert bar.lookalikes.text() == "5 more look like this."


def test_lookalikes_are_searched_after_the_suggestions_have_followed(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, go_on, searched = program.window, threading.Event(), list[bool]()
    follow, search = refit_request.refit, answer_controller._find_alike

    def follow_when_told(*arguments: Any) -> object:
        go_on.wait()
        return follow(*arguments)

    def counted(*arguments: Any) -> object:
        searched.append(go_on.is_set())
        return search(*arguments)

    monkeypatch.setattr(learning_controller, "refit", follow_when_told)
    monkeypatch.setattr(answer_controller, "_find_alike", counted)
    with qtbot.waitSignal(window.labels.acted):
        window.labels.assign(places(program, "red")[:1], class_named(program, "red"))
    assert window.learning.following
    assert not window.answers._latest.busy, "the refit has the cores"
    go_on.set()
    qtbot.waitUntil(lambda: window.answer_bar.lookalikes.text() == "5 more look like this.")
    idle(program, qtbot)
    assert searched == [True]

    # Where nothing follows, they are searched at once.
    window.learning.set_paused(True)
    with qtbot.waitSignal(window.labels.acted):
        window.labels.assign(places(program, "red")[1:2], class_named(program, "red"))
    assert window.answers._latest.busy
    idle(program, qtbot)
    assert len(searched) == 2


def test_the_bar_keeps_its_height_until_it_has_new_texts(qtbot: QtBot) -> None:
    bar = AnswerBar()
    qtbot.addWidget(bar)
    bar.show_lookalikes(3)
    bar.settle()
    height = bar.sizeHint().height()
    bar.resize(400, height)
    bar.clear()
    assert bar.minimumHeight() == height, "nothing beside it moves"
    bar.show_changes(1)
    bar.settle()
    assert bar.minimumHeight() == 0


@pytest.mark.usefixtures("german")
def test_the_name_of_the_answer_is_shortened_before_its_effects(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    bar = AnswerBar(window)
    bar.show_action("Neue Klasse „Gewöhnlicher Löwenzahn“ für 104 Fotos.")
    bar.show_lookalikes(6)
    bar.show_changes(188)
    with qtbot.waitExposed(window):
        window.show()
    for width in (1000, 720):
        bar.setGeometry(0, 0, width, 40)
        bar.settle()
        QApplication.processEvents()
        for label in (bar.lookalikes, bar.changes):
            assert label.width() >= label.sizeHint().width(), width
    assert bar.action.width() < bar.action.sizeHint().width()
    assert bar.action.toolTip() == bar.action.text()


@pytest.mark.parametrize(
    ("count", "unknown", "said"),
    [
        (96, 0, "96 other suggestions changed."),
        (96, 70, "96 other suggestions changed: 70 photos are unknown now."),
        (96, 1, "96 other suggestions changed: 1 photo is unknown now."),
        (70, 70, "70 other photos are unknown now."),
        (1, 1, "1 other photo is unknown now."),
        (0, 0, ""),
    ],
)
def test_the_bar_says_how_many_photos_became_unknown(count: int, unknown: int, said: str, qtbot: QtBot) -> None:
    bar = AnswerBar()
    qtbot.addWidget(bar)
    bar.show_changes(count, unknown)
    assert bar.changes.text() == said


def test_the_bar_says_only_what_there_is(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = announced(monkeypatch)
    bar = AnswerBar()
    qtbot.addWidget(bar)
    bar.settle()
    assert not bar.isVisible()
    bar.show_action("“A & B” for 2 photos.")
    bar.settle()
    assert not bar.isVisible(), "an answer without an effect"
    bar.show_lookalikes(1)
    bar.settle()
    bar.show_changes(1)
    bar.show_right(63, 71, 100)
    bar.settle()
    bar.settle()
    said = ["“A & B” for 2 photos. 1 more looks like this.", "1 other suggestion changed. 63 → 71 of 100 right"]
    assert heard == said
    assert bar.accessibleName() == " ".join(said)
    assert bar.take.text() == "Sh&ow it"
    assert bar.take.accessibleName() == "Show it"
    bar.ask_for_lookalikes("A & B", 1)
    assert bar.take.accessibleName() == "Take this photo"
    bar.ask_for_lookalikes("A & B", 0)
    assert not bar.take.isEnabled()
    with qtbot.waitSignal(bar.see_requested):
        bar.see.setFocus()
        QTest.keyClick(bar.see, Qt.Key.Key_Return)
    with qtbot.waitSignal(bar.dismissed):
        QTest.keyClick(bar.see, Qt.Key.Key_Escape)
    bar.show_lookalikes(0)
    bar.show_changes(0)
    assert (bar.take.isVisible(), bar.see.isVisible()) == (False, False)
    bar.clear()
    QApplication.processEvents()
    assert bar.isVisible(), "its place stays until there is something to say, or nothing"
    bar.settle()
    assert not bar.isVisible()
