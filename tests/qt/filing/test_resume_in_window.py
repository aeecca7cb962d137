"""A sort that is continued in the window goes by the suggestions and the answers that the window shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.journal import Entry, EntryState
from flowersorter.sorting.plan import Mode
from flowersorter.ui.filing.history import resume_controller
from flowersorter.ui.filing.history.history_dialog import HistoryDialog
from flowersorter.ui.filing.sort_dialog import SortChoices
from flowersorter.workflows.filing.resume import resume_run
from flowersorter.workflows.filing.sort import Include
from tests.qt.filing.test_stopped_sort import holding, stop
from tests.qt.program import class_named, idle, label_two_of_each, places, running_red_and_green, stored


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """Six photos each of red, green and blue, two of red and of green labelled; a sort of them was stopped."""
    with running_red_and_green(tmp_path, qtbot, monkeypatch) as opened:
        label_two_of_each(opened, qtbot)
        sorting = opened.window.on_demand.sorting
        with holding(before=2) as held:
            sorting._remember(SortChoices(tmp_path / "sorted", Mode.COPY, Include.ALL))
            sorting.start()
            dialog = sorting._dialog
            assert dialog is not None
            qtbot.waitUntil(lambda: dialog.plan is not None)
            dialog.accept()
            qtbot.waitUntil(held.begun.is_set)
            stop(opened, held, qtbot)
        yield opened


def continue_it(program: Program, qtbot: QtBot) -> None:
    """Press *Continue this sort* in the history."""
    program.window.on_demand.show_history()
    qtbot.waitUntil(lambda: bool(program.window.findChildren(HistoryDialog)))
    (dialog,) = program.window.findChildren(HistoryDialog)
    qtbot.waitUntil(dialog.resume_button.isVisible)
    QTest.mouseClick(dialog.resume_button, Qt.MouseButton.LeftButton)


def left(program: Program) -> list[Entry]:
    """The photos that the sort did not come to."""
    [run] = stored(program).journal.runs()
    return [photo for photo in stored(program).journal.photos(run.id) if photo.state == EntryState.CANCELLED]


def test_it_waits_for_the_exact_fit(program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    window, refitted = program.window, list[bool]()
    window.learning._pause.setInterval(10_000_000)  # the person does not pause
    with qtbot.waitSignal(window.learning.suggestions_changed):
        window.labels.assign(places(program, "blue")[:3], class_named(program, "green"))
    assert program.engine.refitted is not None
    models = stored(program).models.all()

    def watched(*arguments: Any) -> Any:
        refitted.append(program.engine.refitted is not None)
        return resume_run(*arguments)

    monkeypatch.setattr(resume_controller, "resume_run", watched)
    continue_it(program, qtbot)
    qtbot.waitUntil(lambda: bool(refitted))
    assert refitted == [False]
    assert stored(program).models.current() not in models
    qtbot.waitUntil(lambda: not left(program))


def test_photos_that_were_left_out_of_their_suggestion_stay(program: Program, qtbot: QtBot) -> None:
    photo = next(each for each in left(program) if not each.by_label)
    assert photo.sha256 is not None
    [photo_id] = stored(program).photos.known([photo.sha256]).values()
    program.photos.columns.leave_out({photo_id: class_named(program, photo.class_name)})
    count = len(left(program))
    continue_it(program, qtbot)
    qtbot.waitUntil(lambda: not left(program))
    idle(program, qtbot)
    [run] = stored(program).journal.runs()
    [failed] = [each for each in stored(program).journal.photos(run.id) if each.state == EntryState.FAILED]
    assert (failed.source, failed.error) == (photo.source, "you left it out when you confirmed the others")
    assert run.photos == 2 + count - 1
