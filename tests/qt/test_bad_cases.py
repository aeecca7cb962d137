"""What the window says where labels are too few, too much alike, or of one class only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.ui.error_box import ErrorBox
from tests.qt.program import JOB_MS, class_named, draw_folder, idle, places, running


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """Six photos each of red, green and blue, which the person has classes for and no label yet."""
    with running(tmp_path / "garden", qtbot, monkeypatch, draw_folder(tmp_path / "photos")) as opened:
        idle(opened, qtbot)
        for name in ("red", "green", "blue"):
            opened.garden.classes.add(name)
        opened.window.classes.refresh()
        yield opened


def labelled(program: Program, part: str, count: int, class_name: str | None = None) -> None:
    program.window.corrections.assign(places(program, part)[:count], class_named(program, class_name or part))


def complaint(program: Program, qtbot: QtBot) -> tuple[str, str, str]:
    """What the error box that comes up says; it is closed."""
    qtbot.waitUntil(lambda: bool(program.window.findChildren(ErrorBox)), timeout=JOB_MS)
    (box,) = program.window.findChildren(ErrorBox)
    said: tuple[str, str, str] = box.said
    box.close()
    qtbot.waitUntil(lambda: not program.window.findChildren(ErrorBox))
    return said


def test_a_class_with_one_photo_is_named_beside_the_figure(program: Program, qtbot: QtBot) -> None:
    labelled(program, "red", 6)
    labelled(program, "green", 6)
    labelled(program, "blue", 1)
    program.window.training.start()
    idle(program, qtbot)
    said = program.window.job_bar.message.text()
    assert "12 of 12 held-out photos right." in said
    assert "Not measured: blue (1 photo)." in said


def test_of_one_class_only_nothing_is_learned_and_the_model_before_stays(program: Program, qtbot: QtBot) -> None:
    labelled(program, "red", 6)
    labelled(program, "green", 6)
    program.window.training.start()
    idle(program, qtbot)
    models = program.garden.models.all()
    labelled(program, "green", 6, "red")
    program.window.training.start()
    what, why, hint = complaint(program, qtbot)
    assert what == "There is nothing to tell apart yet"
    assert "two classes with a labelled photo each are needed" in why
    assert "second class" in hint
    assert program.garden.models.all() == models


@pytest.mark.parametrize("action", ["evaluate", "check_labels"])
def test_one_photo_in_each_class_is_too_little_to_measure_with(action: str, program: Program, qtbot: QtBot) -> None:
    labelled(program, "red", 1)
    labelled(program, "green", 1)
    program.window.training.start()
    idle(program, qtbot)
    program.window.actions_by_name[action].trigger()
    what, why, _ = complaint(program, qtbot)
    assert what == "There is too little to measure with"
    assert "too few are red (1 photo) and green (1 photo)" in why
