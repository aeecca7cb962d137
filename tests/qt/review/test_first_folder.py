"""The offer of classes for a folder that does not fit them: made and deleted as one step, which Undo takes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.shared.status_bar import StatusBar
from tests.qt.dialogs import when_asked
from tests.qt.program import COLOURS, draw_folder, idle, running, show_stored, stored, suggest

LONG = "x" * 101  # no name of a class
EACH = 3


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Photos in a folder for each of two colours, and in one with a name that no class can have."""
    drawn = draw_folder(tmp_path / "drawn", EACH)
    for name, folder in zip(COLOURS, ("iris", LONG, "fern"), strict=True):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        for photo in drawn.glob(f"*_{name}.jpg"):
            photo.rename(tmp_path / "photos" / folder / photo.name)
    with running(tmp_path / "collection", qtbot, tmp_path / "photos") as started:
        idle(started, qtbot)
        yield started


def names(program: Program) -> list[str]:
    return [each.name for each in stored(program).classes.all()]


def test_classes_of_sub_folders_are_one_step_without_the_name_that_cannot_be_used(
    program: Program, qtbot: QtBot
) -> None:
    bar, stack = program.window.review.first_folder._bar, program.window.session.undo_stack
    before = names(program)
    assert bar.isVisible()
    bar.accept.click()
    idle(program, qtbot)
    made = {*names(program)} - {*before}
    assert made == {"iris", "fern"}
    assert len(program.collection.labels.all()) == 2 * EACH
    stack.undo()
    idle(program, qtbot)
    assert names(program) == before
    assert not program.collection.labels.all()
    stack.redo()
    idle(program, qtbot)
    assert {*names(program)} - {*before} == made
    assert len(program.collection.labels.all()) == 2 * EACH
    assert sorted(program.photos.columns.label_counts().values()) == [EACH, EACH]


def test_where_a_part_of_the_photos_is_unknown_the_offer_says_how_many_and_keeps_the_classes(
    tmp_path: Path, qtbot: QtBot
) -> None:
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos", 4)) as program:
        idle(program, qtbot)
        offer = program.window.review.first_folder
        before, daisy = names(program), stored(program).classes.all()[0].id
        suggest(program, range(1, 13), Verdict.UNKNOWN, daisy, daisy)
        offer._offer()
        assert offer._bar.text.text().startswith("These photos don't look like daisy")
        suggest(program, range(1, 5), Verdict.SURE, daisy, daisy)
        offer._offer()
        assert offer._bar.text.text().startswith("About 8 of these 12 photos don't look like daisy")
        with qtbot.waitSignal(offer.naming_requested):
            offer._bar.accept.click()
        idle(program, qtbot)
        assert names(program) == before
        assert offer._bar.isHidden()
        suggest(program, range(1, 9), Verdict.LIKELY, daisy, daisy)
        offer._offer()
        assert offer._bar.isHidden(), "too few are unknown"


def test_unlabelled_classes_are_deleted_only_if_there_are_any_and_after_a_question_if_photos_are_filed(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes, stack, done = program.window.classes, program.window.session.undo_stack, list[bool]()
    filed = [2]
    monkeypatch.setattr(
        "flowersorter.ui.classes.classes_controller.count_filed", lambda _collection, *given: filed[0] * bool(given)
    )
    before = names(program)
    texts: list[str] = []
    when_asked(QMessageBox, lambda box: texts.append(box.informativeText()))
    classes.delete_unlabelled(lambda: done.append(True))
    stored(program)
    assert "sorted into folders (2 photos)" in texts[0]
    assert (names(program), done) == (before, [])  # cancelled
    filed[0] = 0
    classes.delete_unlabelled(lambda: done.append(True))
    idle(program, qtbot)
    assert (names(program), stack.count(), done) == ([], 1, [True])
    assert stack.undoText() == "Delete classes without labels"
    stack.undo()
    idle(program, qtbot)
    assert names(program) == before
    stack.redo()
    idle(program, qtbot)
    assert (names(program), done) == ([], [True])
    show_stored(program)
    classes.delete_unlabelled(lambda: done.append(True))
    idle(program, qtbot)
    assert (stack.count(), done) == (1, [True, True])


def test_classes_come_back_with_undo_but_for_one_whose_name_is_taken_by_now(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes, stack = program.window.classes, program.window.session.undo_stack
    said, shown, rescans = list[str](), list[str](), list[bool]()
    monkeypatch.setattr(StatusBar, "say", lambda _bar, text, *_actions, **_until: said.append(text))
    monkeypatch.setattr(
        "flowersorter.ui.shared.error_dialog.show_error", lambda _parent, error: shown.append(str(error))
    )
    before = names(program)
    assert len(before) > 2
    classes.delete_unlabelled(lambda: None)
    idle(program, qtbot)
    assert f"{len(before)} classes deleted. You can undo this." in said
    stored(program).classes.add(before[1])
    classes.folder_outdated.connect(lambda: rescans.append(True))
    stack.undo()
    idle(program, qtbot)
    assert sorted(names(program)) == sorted(before), "the others are back, beside the new one"
    assert shown == [f"1 class could not be brought back: there is already a class “{before[1]}”."]
    assert rescans == [True]
    stack.redo()
    idle(program, qtbot)
    assert names(program) == [before[1]]
    stack.undo()
    idle(program, qtbot)
    assert sorted(names(program)) == sorted(before)
    assert len(shown) == 1
