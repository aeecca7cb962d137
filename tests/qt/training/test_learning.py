"""Suggestions follow each action of the person without Retrain, and nothing moves under the person's eyes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.tables.settings import LEARNING_PAUSED
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.photo_filter import Order
from flowersorter.ui.grid.sections import Grouping
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.ui.training import refit_request
from flowersorter.workflows.predicting.photo_details import rows_at
from tests.qt.keyboard import press, type_text
from tests.qt.program import (
    class_named,
    idle,
    label_two_of_each,
    places,
    predictions,
    running_red_and_green,
    show_stored,
    stored,
)

CTRL = Qt.KeyboardModifier.ControlModifier
_NEVER_MS = 10_000_000


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """Six photos each of red, green and blue; two of red and of green have their label and are learned from."""
    with running_red_and_green(tmp_path, qtbot, monkeypatch) as opened:
        label_two_of_each(opened, qtbot)
        yield opened


def never_pause(program: Program) -> None:
    """The person does not pause from now on."""
    program.window.learning._pause.setInterval(_NEVER_MS)


def shown(program: Program) -> list[int]:
    photos = program.photos
    return [photos.wanted(row).place_id for row in range(photos.rowCount())]


def test_suggestions_follow_the_labels_without_retrain(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    window, engine = program.window, program.engine
    assert predictions(program, "red") == {"red"}
    models = stored(program).models.all()
    assert len(models) == 1, "one version, however often it learned"
    assert "unknown" not in window.job_bar.message.text(), "no figure of suggestions that are shown no longer"
    message = window.job_bar.message.text()
    never_pause(program)
    window.grid.select_places(places(program, "blue")[5:])
    window.labels.assign(places(program, "blue")[:3], class_named(program, "green"))
    with qtbot.waitSignal(window.learning.suggestions_changed):
        pass
    assert engine.refitted is not None
    assert stored(program).models.all() == models
    assert predictions(program, "blue") == {"green"}
    window.grid.select_places(places(program, "blue")[5:])  # unknown before, it is in a folded section now
    qtbot.waitUntil(lambda: window.inspector.headline.text().rstrip("?") == "green")  # as on its tile
    columns = program.photos.columns

    # Sort waits for the exact fit, and files what is shown then.
    window.actions_by_name["sort"].trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(SortDialog)))
    assert engine.refitted is None
    assert stored(program).models.current() != models[0]
    (dialog,) = window.findChildren(SortDialog)
    dialog.destination.setText(str(tmp_path / "sorted"))
    qtbot.waitUntil(lambda: dialog.plan is not None)
    assert dialog.plan is not None
    names = {each.id: each.name for each in stored(program).classes.all()}
    assert dialog.plan.files
    for file in dialog.plan.files:
        row = columns.names.index(str(file.filing.source))
        assert file.filing.class_name == names[int(columns.label_ids[row] or columns.class_ids[row])]
    with qtbot.waitSignal(dialog.plan_requested):
        window.learning.suggestions_changed.emit()
    dialog.reject()
    assert window.job_bar.message.text() == message, "learning says nothing by itself"


def test_a_new_class_is_suggested_without_a_pause(program: Program, qtbot: QtBot) -> None:
    never_pause(program)
    models = stored(program).models.all()
    blue = stored(program).classes.add("blue")
    show_stored(program)
    with qtbot.waitSignal(program.window.learning.suggestions_changed):
        program.window.labels.assign(places(program, "blue")[:3], blue.id)
    assert predictions(program, "blue") == {"blue"}
    assert stored(program).models.all() == models


@pytest.fixture
def in_view(program: Program, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Places of two blue photos, the only ones in view of a folder that counts as large."""
    seen = places(program, "blue")[3:5]
    monkeypatch.setattr(refit_request, "MANY", 1)
    monkeypatch.setattr(FolderController, "in_view", property(lambda _: tuple(seen)))
    return seen


def test_photos_in_view_follow_on_their_tiles_before_all_others(
    program: Program, in_view: list[int], qtbot: QtBot
) -> None:
    never_pause(program)
    window, green = program.window, class_named(program, "green")
    columns, order = program.photos.columns, shown(program)
    at, last = columns.locate(in_view), columns.locate(places(program, "blue")[5:])
    assert green not in columns.suggested[[*at, *last]]
    found: list[tuple[list[int], list[int], bool, bool]] = []

    def look() -> None:
        used = program.engine.refitted is not None
        found.append(
            (columns.suggested[at].tolist(), columns.suggested[last].tolist(), shown(program) == moved[0], used)
        )

    moved = [order]
    window.labels.acted.connect(lambda: moved.__setitem__(0, shown(program)))
    window.learning.view_followed.connect(look)
    window.learning.suggestions_changed.connect(look)
    with qtbot.waitSignal(window.learning.suggestions_changed):
        window.labels.assign(places(program, "blue")[:3], green)
    first, *_, everything = found
    assert first[0] == [green, green]
    assert green not in first[1]
    assert first[2], "no photo moves before all are known"
    assert not first[3], "the model is used once all are predicted"
    assert everything[0] == [green, green]
    assert everything[1] == [green]
    assert everything[3]


def test_a_pause_right_after_those_in_view_have_followed_shows_what_is_sorted(
    program: Program, in_view: list[int], qtbot: QtBot
) -> None:
    window, columns = program.window, program.photos.columns
    blue = columns.locate(places(program, "blue")[3:])
    before = columns.suggested[blue].tolist()
    window.learning.view_followed.connect(lambda: window.learning.set_paused(True))
    with qtbot.waitSignal(window.learning.view_followed):
        window.labels.assign(places(program, "blue")[:3], class_named(program, "green"))
    assert columns.suggested[columns.locate(in_view)].tolist() != before[:2], "shown for a moment"
    idle(program, qtbot)
    assert program.engine.refitted is None
    used = rows_at(program.engine, columns.place_ids[blue])
    now = program.photos.columns
    assert now.verdicts[blue].tolist() == used.verdicts.tolist()
    assert now.class_ids[blue].tolist() == used.class_ids.tolist()
    np.testing.assert_array_equal(now.confidences[blue], used.confidences)


@pytest.mark.parametrize("key", [None, Qt.Key.Key_T], ids=["automatic", "retrained"])
@pytest.mark.parametrize("left", [1, 2, 4])
def test_an_undone_new_class_is_gone_although_other_labels_are_left(
    program: Program, qtbot: QtBot, left: int, key: Qt.Key | None
) -> None:
    window, labelled = program.window, places(program, "red")[:2] + places(program, "green")[:2]
    window.labels.clear(labelled[left:])
    idle(program, qtbot)
    before = [each.name for each in stored(program).classes.all()]
    window.grid.select_places(places(program, "blue")[:1], scroll=True)
    window.grid.setFocus()
    press(Qt.Key.Key_Slash)
    type_text("azure")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "azure" in [each.name for each in stored(program).classes.all()])
    idle(program, qtbot)
    if key is not None:
        window.grid.setFocus()
        press(key, CTRL)
        idle(program, qtbot)
    assert "azure" in stored(program).models.all()[0].classes
    window.grid.setFocus()
    press(Qt.Key.Key_Z, CTRL)
    idle(program, qtbot)
    assert [each.name for each in stored(program).classes.all()] == before
    assert [each.name for each in window.classes.classes] == before
    assert "azure" not in predictions(program, "")
    press(Qt.Key.Key_Y, CTRL)
    idle(program, qtbot)
    assert [each.name for each in window.classes.classes] == [*before, "azure"]
    assert program.photos.columns.label_ids[program.photos.columns.locate(places(program, "blue")[:1])[0]]


def test_a_pause_leaves_the_suggestions_until_learning_goes_on(program: Program, qtbot: QtBot) -> None:
    window, pause = program.window, program.window.actions_by_name["pause_learning"]
    models, before = stored(program).models.all(), predictions(program, "blue")
    pause.trigger()
    assert window.job_bar.message.text().startswith("Learning is paused.")
    window.labels.assign(places(program, "blue")[:3], class_named(program, "green"))
    idle(program, qtbot)
    assert predictions(program, "blue") == before
    assert stored(program).models.all() == models
    assert stored(program).settings.get(LEARNING_PAUSED), "remembered for the collection"
    assert window.job_bar.links[0].text() == "Go on"
    window.job_bar.links[0].click()
    assert not pause.isChecked()
    idle(program, qtbot)
    assert predictions(program, "blue") == {"green"}

    # Undo is an action, too.
    window.session.undo_stack.undo()
    idle(program, qtbot)
    assert program.engine.refitted is None
    assert predictions(program, "blue") == before

    # Where the labels are too few, nothing happens and nothing is said.
    message, models = window.job_bar.message.text(), stored(program).models.all()
    window.labels.clear([*places(program, "red"), *places(program, "green")])
    idle(program, qtbot)
    assert not window.findChildren(ErrorDialog)
    assert window.job_bar.message.text() == message
    assert stored(program).models.all() == models
    window.labels.assign(places(program, "red")[:2], class_named(program, "green"))
    window.labels.assign(places(program, "green")[:2], class_named(program, "red"))
    idle(program, qtbot)
    assert (predictions(program, "red"), predictions(program, "green")) == ({"green"}, {"red"})


def test_the_refit_waits_for_no_job_and_moves_no_photo(program: Program, qtbot: QtBot) -> None:
    window, over = program.window, threading.Event()
    blue = places(program, "blue")
    window.filter.arrange(Order.LEAST_SURE, Grouping.NONE)
    in_view, models = shown(program), stored(program).models.all()
    job_id = program.queue.submit("Reading", lambda _report, _cancel: over.wait(), background=True)
    qtbot.waitUntil(lambda: window.job_bar.busy)
    with qtbot.waitSignal(window.learning.suggestions_changed):
        window.labels.assign(blue[:2], class_named(program, "green"))
    with qtbot.waitSignal(window.learning._pause.timeout):
        pass
    assert program.queue.alive(job_id)
    assert stored(program).models.all() == models, "the exact fit waits until nothing runs"
    dialog = QDialog(window)
    dialog.open()
    over.set()
    with qtbot.waitSignals([window.learning._pause.timeout] * 2):
        pass
    assert stored(program).models.all() == models, "nor does anything change under a dialog"
    dialog.close()
    idle(program, qtbot)
    assert stored(program).models.all() != models

    assert predictions(program, "blue") == {"green"}
    assert shown(program) == in_view, "each photo is where it was"
    window.filter.show_all()  # picked again in the list
    assert shown(program) != in_view
    assert sorted(shown(program)) == sorted(in_view)
