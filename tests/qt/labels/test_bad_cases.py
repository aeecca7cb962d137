"""What the window says where labels are too few, too much alike, of one class only, or contradict each other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.ui.labels import label_errors_controller
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.evaluation.label_errors import find_duplicate_labels, keep
from tests.qt.program import class_named, draw_folder, idle, places, running, show_stored, stored
from tests.starter_classes import delete_starter_classes


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Six photos each of red, green and blue, which the person has classes for and no label yet."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as opened:
        idle(opened, qtbot)
        for name in ("red", "green", "blue"):
            stored(opened).classes.add(name)
        show_stored(opened)
        yield opened


def labelled(program: Program, part: str, count: int, class_name: str | None = None) -> None:
    program.window.labels.assign(places(program, part)[:count], class_named(program, class_name or part))


def complaint(program: Program, qtbot: QtBot) -> tuple[str, str, str]:
    """What the error box that comes up says; it is closed."""
    qtbot.waitUntil(lambda: bool(program.window.findChildren(ErrorDialog)))
    (box,) = program.window.findChildren(ErrorDialog)
    said: tuple[str, str, str] = box.said
    box.close()
    qtbot.waitUntil(lambda: not program.window.findChildren(ErrorDialog))
    return said


def test_a_class_with_one_photo_is_named_beside_the_figure(program: Program, qtbot: QtBot) -> None:
    labelled(program, "red", 6)
    labelled(program, "green", 6)
    labelled(program, "blue", 1)
    program.window.training.start()
    idle(program, qtbot)
    said = program.window.job_bar.message.text()
    assert "Accuracy about 100 %" in said
    assert "Not measured: blue (1 photo)." in said


def test_of_one_class_only_nothing_is_learned_and_the_model_before_stays(program: Program, qtbot: QtBot) -> None:
    delete_starter_classes(program.collection)
    labelled(program, "red", 6)
    labelled(program, "green", 6)
    program.window.training.start()
    idle(program, qtbot)
    models = stored(program).models.all()
    labelled(program, "green", 6, "red")
    program.window.training.start()
    what, why, hint = complaint(program, qtbot)
    assert what == "There is nothing to tell apart yet"
    assert "two classes with a labelled photo each are needed" in why
    assert "second class" in hint
    assert stored(program).models.all() == models


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


# -- the same photo in the folders of two classes


@pytest.fixture
def contradicting(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Class folders of which red and green hold the same photo; their labels are learned from as they are."""
    folder = draw_folder(tmp_path / "photos", 4)
    for name in ("red", "green", "blue"):
        (folder / name).mkdir()
        for file in folder.glob(f"*_{name}.jpg"):
            file.rename(folder / name / file.name)
    shutil.copy(folder / "red" / "IMG_000_red.jpg", folder / "green" / "same.jpg")
    with running(tmp_path / "collection", qtbot) as opened:
        for name in ("red", "green", "blue"):
            stored(opened).classes.add(name)
        show_stored(opened)
        opened.window.open_folder(folder)
        idle(opened, qtbot)
        assert sum(stored(opened).labels.counts().values()) == 12
        yield opened


def link_about(program: Program, text: str, qtbot: QtBot) -> QPushButton:
    """The link of the bar that says this, once it does."""
    links = program.window.job_bar.links
    qtbot.waitUntil(lambda: any(text in each.text() and each.isVisible() for each in links))
    idle(program, qtbot)
    found: QPushButton = next(each for each in links if text in each.text())
    return found


@pytest.mark.parametrize("labels", [0, 5000], ids=["very many labels", "few"])
def test_a_photo_in_two_class_folders_is_told_after_retrain_and_opened_from_there(
    contradicting: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, labels: int
) -> None:
    program, window = contradicting, contradicting.window
    monkeypatch.setattr(label_errors_controller, "OFFERED_UP_TO", labels)
    window.actions_by_name["retrain"].trigger()
    link = link_about(program, "1 photo is in two class folders", qtbot)
    assert window.job_bar.message.text().startswith("Learned from 12 photos.")
    QTest.mouseClick(link, Qt.MouseButton.LeftButton)
    dialog = window.on_demand.doubts.dialog
    assert dialog is not None
    assert "The same photo is in both" in dialog.sentence.text()
    QTest.keyClick(dialog, Qt.Key.Key_M)
    dialog.close()
    window.actions_by_name["retrain"].trigger()
    idle(program, qtbot)
    assert not any("two class folders" in each.text() and each.isVisible() for each in window.job_bar.links)


def test_it_is_told_where_the_new_model_is_not_used_too(
    contradicting: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = contradicting
    monkeypatch.setattr("flowersorter.workflows.training.train.clearly_worse", lambda *_figures: True)
    program.window.actions_by_name["retrain"].trigger()
    idle(program, qtbot)
    program.window.actions_by_name["retrain"].trigger()
    link_about(program, "1 photo is in two class folders", qtbot)
    assert "the previous one was kept" in program.window.job_bar.message.text()
    assert program.window.job_bar.links[0].text() == "Use the new one anyway"


def test_a_whole_check_that_is_asked_for_does_not_make_do_with_the_folders(
    contradicting: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = find_duplicate_labels(contradicting.collection).doubts
    keep(contradicting.collection, found.photo_id, found.class_id, found.better_id)
    controller = contradicting.window.on_demand.doubts
    monkeypatch.setattr(label_errors_controller, "OFFERED_UP_TO", 0)
    controller.offer()
    controller.start()
    qtbot.waitUntil(lambda: controller.dialog is not None)
    idle(contradicting, qtbot)
    dialog = controller.dialog
    assert dialog is not None
    assert "Labels reviewed: 12." in dialog.nothing_more.text()
    dialog.close()


def test_without_a_folder_that_is_open_it_is_told_too(contradicting: Program, qtbot: QtBot) -> None:
    contradicting.window.folder.roots = ()
    contradicting.window.actions_by_name["retrain"].trigger()
    link_about(contradicting, "1 photo is in two class folders", qtbot)
