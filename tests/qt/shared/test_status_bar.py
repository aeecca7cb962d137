"""The status bar: a job, and messages beside it, which a screen reader hears."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.jobs import Progress
from flowersorter.ui.shared import status_bar
from flowersorter.ui.shared.status_bar import StatusBar, Until
from tests.qt.accessible import announced


@pytest.fixture
def bar(qtbot: QtBot) -> StatusBar:
    made = StatusBar()
    qtbot.addWidget(made)
    made.resize(600, made.sizeHint().height())
    made.move(100, 200)  # away from the mouse, below which a message stays
    made.show()
    return made


def test_a_message_is_seen_while_a_job_runs(bar: StatusBar, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    undone: list[str] = []
    height = bar.sizeHint().height()
    bar.start(1, "Scanning Photos")
    bar.progress(1, Progress("Suggesting classes", 1, 4000))
    assert (bar.title.isVisible(), bar.message.isVisible()) == (True, False)
    bar.say("Select a photo first", ("Undo", lambda: undone.append("undo")), until=Until.ANSWER)
    assert bar.message.isVisible()
    assert bar.links[0].isVisible()
    assert bar.bar.isVisible()
    assert bar.cancel.isVisible()
    assert bar.sizeHint().height() == height, "the photos above stay where they are"
    bar.links[0].click()
    assert undone == ["undo"]
    bar.end_message(Until.ANSWER)
    assert (bar.title.isVisible(), bar.message.isVisible()) == (True, False)
    # After a while the job has the bar to itself; the message is there again when it ends.
    monkeypatch.setattr(status_bar, "READ_MS", 1)
    bar.say("Not confirmed")
    qtbot.waitUntil(bar.title.isVisible)
    assert not bar.message.isVisible()
    bar.end(1)
    assert (bar.message.isVisible(), bar.message.text(), bar.bar.isVisible()) == (True, "Not confirmed", False)


def test_a_job_that_begins_hides_no_message_that_was_just_said(bar: StatusBar, monkeypatch: pytest.MonkeyPatch) -> None:
    bar.say("Learned from 40 photos.")
    bar.start(1, "Scanning Photos")
    assert bar.message.isVisible()
    bar.end(1)
    monkeypatch.setattr(status_bar, "READ_MS", 0)  # it was said long ago
    bar.start(2, "Scanning Photos")
    assert (bar.title.isVisible(), bar.message.isVisible()) == (True, False)
    bar.end(2)


def test_a_link_with_the_focus_stays(bar: StatusBar, qtbot: QtBot) -> None:
    bar.start(1, "Scanning Photos")
    bar.say("Sorted 40 photos.", ("Undo", lambda: None))
    qtbot.waitExposed(bar)
    bar.links[0].setFocus()
    qtbot.waitUntil(bar.links[0].hasFocus)
    bar._read_timer.timeout.emit()
    assert bar.links[0].isVisible()
    bar.end(1)


def test_a_screen_reader_hears_each_message_once(bar: StatusBar, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = announced(monkeypatch)
    bar.say("Select a photo first")
    bar.offer("2 labels may be wrong", lambda: None)
    bar.say("")
    assert heard == ["Select a photo first", "2 labels may be wrong"]
