"""Checking a sample in the window: keys, the running statement, the end, undo, and what stays stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QRadioButton, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.library.tables.sample_checks import StoredSample
from flowersorter.library.tables.settings import SORT_CHOICES
from flowersorter.sorting.plan import Mode
from flowersorter.ui.evaluation.check_sample_dialog import CheckSampleDialog
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.workflows.evaluation.checked_sample import CheckedSample
from flowersorter.workflows.filing.sort import Include
from tests.drawing import textured, write_jpeg
from tests.qt.program import class_named, draw_folder, idle, places, running, show_stored, stored

NAMES = {1: "dahlia", 2: "R&B"}


def check_of(paths: list[Path], answers: dict[int, CheckAnswer] | None = None, withdrawn: str = "") -> CheckedSample:
    """A check of photos 1, 2 and so on at these paths, all taken for dahlias but the second."""
    ids, count = np.arange(1, len(paths) + 1), len(paths)
    classes = np.ones(count, np.int32)
    classes[1:2] = 2
    rows = PhotoRows(
        place_ids=ids,
        photo_ids=ids,
        paths=paths,
        errors=(None,) * count,
        label_ids=np.zeros(count, np.int32),
        by_person=np.zeros(count, np.bool_),
        class_ids=classes,
        confidences=np.full(count, 0.9, np.float32),
        verdicts=np.full(count, Verdict.SURE, np.uint8),
        marks=np.zeros(count, np.uint8),
        second_class_ids=np.zeros(count, np.int32),
        second_confidences=np.zeros(count, np.float32),
        caveats=np.zeros(count, np.uint8),
    )
    sample = StoredSample(1, (Path("/p"),), "all", "resnet50/1", ids, classes, np.zeros(0, np.int64), "2026-11-29")
    return CheckedSample(sample, 98, rows, answers or {}, withdrawn)


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return sorted(draw_folder(tmp_path / "photos", 1).glob("IMG*"))


@pytest.fixture
def dialog(photos: list[Path], qtbot: QtBot) -> Iterator[CheckSampleDialog]:
    made = CheckSampleDialog(check_of(photos), NAMES)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shutdown()


def shown(dialog: CheckSampleDialog) -> int:
    return dialog.current.photo_id if dialog.current is not None else 0


def test_a_photo_its_suggestion_and_what_is_left_are_shown(dialog: CheckSampleDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: dialog.picture.image is not None)
    assert dialog.question.text() == "Is this “dahlia”?"
    assert dialog.place.text().endswith("IMG_000_blue.jpg")
    assert dialog.statement.text() == "Too few are checked to say how many are right (0 of 3 checked, 0 wrong)."
    assert dialog.outlook.text() == "3 more photos, if all are right, make it 98 of 100."
    assert not dialog.withdrawn.isVisible()
    assert not dialog.undo_button.isEnabled()


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        (Qt.Key.Key_R, CheckAnswer.RIGHT),
        (Qt.Key.Key_Return, CheckAnswer.RIGHT),
        (Qt.Key.Key_Enter, CheckAnswer.RIGHT),
        (Qt.Key.Key_W, CheckAnswer.WRONG),
        (Qt.Key.Key_Right, CheckAnswer.SKIPPED),
    ],
)
def test_one_key_answers_and_only_once(
    dialog: CheckSampleDialog, qtbot: QtBot, key: Qt.Key, answer: CheckAnswer
) -> None:
    with qtbot.waitSignal(dialog.answered) as asked:
        QTest.keyClick(dialog, key)
    assert asked.args == [1, answer]
    with qtbot.assertNotEmitted(dialog.answered):
        QTest.keyClick(dialog, key)  # it is being stored


def test_buttons_answer_too(dialog: CheckSampleDialog, photos: list[Path], qtbot: QtBot) -> None:
    for each, answer in (
        (dialog.right_button, CheckAnswer.RIGHT),
        (dialog.wrong_button, CheckAnswer.WRONG),
        (dialog.skip_button, CheckAnswer.SKIPPED),
    ):
        with qtbot.waitSignal(dialog.answered) as asked:
            each.click()
        assert asked.args == [1, answer]
        dialog.show_check(check_of(photos))
    dialog.undo_button.setEnabled(True)
    with qtbot.waitSignal(dialog.undo_requested):
        QTest.keyClick(dialog, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def test_it_stops_when_it_is_certain(dialog: CheckSampleDialog, photos: list[Path]) -> None:
    dialog.show_check(check_of(photos, {1: CheckAnswer.RIGHT}))
    assert (shown(dialog), dialog.question.text()) == (2, "Is this “R&B”?")
    dialog.show_check(check_of(photos, dict.fromkeys((1, 2, 3), CheckAnswer.RIGHT)))
    assert shown(dialog) == 0
    assert dialog.end.text() == "All photos are checked: 3 of 3 are right."
    assert "This holds for the suggestions there are now." in dialog.end_hint.text()
    for each in (dialog.right_button, dialog.wrong_button, dialog.skip_button, dialog.statement, dialog.outlook):
        assert not each.isVisible()
    dialog.show_check(check_of(photos, {1: CheckAnswer.WRONG}))
    assert dialog.end.text() == "Fewer than 98 of 100 are right, 95 % sure (1 of 3 checked, 1 wrong)."
    assert "retrain" in dialog.end_hint.text()


def test_it_says_how_many_answers_it_takes_and_offers_a_goal_that_takes_fewer(photos: list[Path], qtbot: QtBot) -> None:
    many = [photos[0].with_name(f"{number}.jpg") for number in range(70)]
    dialog = CheckSampleDialog(check_of(many), NAMES)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.outlook.text() == (
        "57 more photos, if all are right, make it 98 of 100. Wrong ones take more, at most all 70 photos."
    )
    assert dialog.looser_button.text() == "90 of 100 is enough: 24 photos"
    with qtbot.waitSignal(dialog.goal_chosen) as chosen:
        QTest.mouseClick(dialog.looser_button, Qt.MouseButton.LeftButton)
    assert chosen.args == [90]
    dialog.show_check(replace(check_of(many, {1: CheckAnswer.RIGHT}), goal=90))
    assert dialog.outlook.text().startswith("23 more photos, if all are right, make it 90 of 100.")
    assert not dialog.looser_button.isVisible()
    dialog.show_check(check_of(photos))
    assert not dialog.looser_button.isVisible(), "it takes all three in any case"
    dialog.shutdown()


def test_photos_that_are_gone_are_not_asked_about(photos: list[Path], qtbot: QtBot) -> None:
    check = check_of(photos)
    dialog = CheckSampleDialog(replace(check, rows=check.rows.take(np.zeros(0, np.intp))), NAMES)
    qtbot.addWidget(dialog)
    dialog.show()
    assert (shown(dialog), dialog.end_hint.text()) == (0, "The photos are gone.")
    dialog.shutdown()


def test_a_withdrawn_check_is_said_and_a_broken_photo_too(photos: list[Path], qtbot: QtBot) -> None:
    dialog = CheckSampleDialog(check_of([photos[0].with_name("broken.jpg")], withdrawn="It does not hold."), NAMES)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.withdrawn.isVisible()
    assert dialog.withdrawn.text() == "It does not hold."
    qtbot.waitUntil(lambda: dialog.picture.text.startswith("This photo cannot be shown"))
    dialog.shutdown()


def test_it_says_that_less_certain_suggestions_are_checked(photos: list[Path], qtbot: QtBot) -> None:
    dialog = CheckSampleDialog(replace(check_of(photos), widened="None is sure."), NAMES)
    qtbot.addWidget(dialog)
    assert dialog.about.text().startswith("None is sure. Drawn from 3 photos")
    dialog.shutdown()


def test_every_part_has_a_name_of_its_own_and_one_that_is_read_out(dialog: CheckSampleDialog) -> None:
    for each in (dialog.right_button, dialog.wrong_button, dialog.skip_button, dialog.undo_button, dialog.picture):
        assert each.accessibleName()
        assert each.objectName().startswith("check_sample_")
    assert dialog.findChild(QWidget, "check_sample_pages") is dialog.pages


# -- in the window


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Seven red, green and blue photos each, of which four are labelled and learned, and five between red and blue."""
    folder = draw_folder(tmp_path / "photos", 7)
    for number in range(1, 6):
        mixed = (50 + 28 * number, 80 - 6 * number, 220 - 30 * number)
        write_jpeg(folder / f"IMG_10{number}_mixed.jpg", textured(colour=mixed, seed=100 + number))
    with running(tmp_path / "collection", qtbot, folder) as opened:
        idle(opened, qtbot)
        for name in ("red", "green", "blue"):
            stored(opened).classes.add(name)
        show_stored(opened)
        for name in ("red", "green", "blue"):
            opened.window.labels.assign(places(opened, name)[:4], class_named(opened, name))
        opened.window.training.start()
        idle(opened, qtbot)
        yield opened


def begun(program: Program, qtbot: QtBot, include: Include = Include.LIKELY) -> CheckSampleDialog:
    """Check a sample, where this was chosen in the last sort."""
    let_sort_take(program, include)
    program.window.actions_by_name["check_sample"].trigger()
    return opened(program, qtbot)


def let_sort_take(program: Program, include: Include) -> None:
    chosen = {"destination": "/sorted", "mode": Mode.COPY, "include": include}
    program.session.state.set_setting(SORT_CHOICES, chosen)


def count(program: Program, *verdicts: Verdict) -> int:
    """Number of photos without a label whose suggestion has one of these verdicts."""
    columns = program.photos.columns
    return int(np.isin(columns.verdicts[columns.label_ids == 0], verdicts).sum())


def before_a_sort(program: Program, qtbot: QtBot) -> SortDialog:
    """The preview of a sort that links the photos which the check is about as well."""
    program.window.actions_by_name["sort"].trigger()
    (preview,) = program.window.findChildren(SortDialog)
    link = preview.findChild(QRadioButton, "sort_mode_link")
    assert link is not None
    link.click()
    assert preview.choices.include is Include.LIKELY
    qtbot.waitUntil(lambda: preview.plan is not None)
    return preview


def opened(program: Program, qtbot: QtBot) -> CheckSampleDialog:
    qtbot.waitUntil(lambda: program.window.on_demand.sampling.dialog is not None)
    dialog = program.window.on_demand.sampling.dialog
    assert dialog is not None
    return dialog


def answer(dialog: CheckSampleDialog, key: Qt.Key, qtbot: QtBot) -> int:
    """Press a key and wait for the next photo; returns the photo answered about."""
    photo_id = shown(dialog)
    QTest.keyClick(dialog, key)
    qtbot.waitUntil(lambda: shown(dialog) != photo_id)
    return photo_id


def test_answers_are_stored_shown_undone_and_gone_on_with(program: Program, qtbot: QtBot) -> None:
    dialog = begun(program, qtbot)
    total = count(program, Verdict.SURE, Verdict.LIKELY)
    assert 0 < count(program, Verdict.SURE) < total, "it is about what the person lets Sort take"
    assert f"(0 of {total} checked, 0 wrong)" in dialog.statement.text()
    assert dialog.about.text() == (
        f"Drawn from {total} photos whose suggestion Sort takes with “Confirmed, sure and likely”."
    )
    check_class = dialog.current.class_id if dialog.current is not None else 0
    marked = {shown(dialog): PhotoAnswers(mark=Mark.DONT_KNOW)}
    stored(program).answers.put(marked)
    first = answer(dialog, Qt.Key.Key_R, qtbot)
    assert stored(program).labels.get([first]) == {first: Label(check_class, LabelOrigin.PERSON)}
    at = program.photos.columns.photo_ids.tolist().index(first)
    qtbot.waitUntil(lambda: int(program.photos.columns.label_ids[at]) == check_class)  # the grid shows it, too
    second = answer(dialog, Qt.Key.Key_Right, qtbot)
    assert stored(program).sample_checks.answers(1) == {first: CheckAnswer.RIGHT, second: CheckAnswer.SKIPPED}
    assert dialog.undo_button.isEnabled()
    dialog.undo_button.click()
    qtbot.waitUntil(lambda: shown(dialog) == second)
    dialog.undo_button.click()
    qtbot.waitUntil(lambda: shown(dialog) == first)
    assert (stored(program).labels.get([first]), stored(program).answers.get([first])) == ({}, marked)
    qtbot.waitUntil(lambda: int(program.photos.columns.marks[at]) == Mark.DONT_KNOW)
    assert not dialog.undo_button.isEnabled(), "what was done before the check is not undone from here"
    qtbot.waitUntil(lambda: int(program.photos.columns.label_ids[at]) == 0)
    answer(dialog, Qt.Key.Key_R, qtbot)
    dialog.close()
    preview = before_a_sort(program, qtbot)
    assert f"(1 of {total} checked, 0 wrong)" in preview.sample_check.message.text
    preview.sample_check.check_button.click()
    assert not preview.isVisible(), "no dialog over a dialog"
    dialog = opened(program, qtbot)
    assert shown(dialog) == second
    assert f"(1 of {total} checked, 0 wrong)" in dialog.statement.text()
    while shown(dialog):
        answer(dialog, Qt.Key.Key_R, qtbot)
    proved = f"All photos are checked: {total} of {total} are right."
    assert dialog.end.text() == proved
    dialog.close()
    assert program.window.job_bar.message.text().endswith(proved)
    qtbot.waitUntil(lambda: preview.isVisible() and preview.plan is not None)
    assert preview.choices.mode is Mode.LINK
    assert preview.sample_check.message.text == proved
    assert not preview.sample_check.check_button.isVisible()
    preview.reject()
    idle(program, qtbot)


def test_another_goal_stays_when_answers_are_given_and_undone(program: Program, qtbot: QtBot) -> None:
    dialog = begun(program, qtbot)
    answer(dialog, Qt.Key.Key_R, qtbot)
    before = dialog.outlook.text()
    dialog.goal_chosen.emit(50)
    assert "make it 50 of 100" in dialog.outlook.text() != before
    second = answer(dialog, Qt.Key.Key_R, qtbot)
    dialog.undo_button.click()
    qtbot.waitUntil(lambda: shown(dialog) == second)
    dialog.undo_button.click()
    qtbot.waitUntil(lambda: shown(dialog) != second)
    assert "make it 50 of 100" in dialog.outlook.text(), "also after the answer that was given before"
    while shown(dialog):
        answer(dialog, Qt.Key.Key_R, qtbot)
    checked = program.window.on_demand.sampling._check
    assert checked is not None
    assert checked.reached
    assert checked.checked < checked.photos, "it stopped there"
    dialog.close()
    idle(program, qtbot)


def test_a_wrong_suggestion_is_not_made_again_until_that_is_undone(program: Program, qtbot: QtBot) -> None:
    dialog = begun(program, qtbot)
    assert dialog.current is not None
    class_id, labels = dialog.current.class_id, program.window.labels
    first = answer(dialog, Qt.Key.Key_W, qtbot)
    rejected = {first: PhotoAnswers(frozenset({class_id}))}
    assert stored(program).answers.get([first]) == rejected
    columns = program.photos.columns
    at = columns.photo_ids.tolist().index(first)
    qtbot.waitUntil(lambda: int(program.photos.columns.class_ids[at]) != class_id)
    place = [int(columns.place_ids[at])]
    assert not labels.rejected.without(columns, place, class_id) or columns.second_class_ids[at] == class_id
    dialog.undo_button.click()
    qtbot.waitUntil(lambda: shown(dialog) == first)
    assert stored(program).answers.get([first]) == {}
    qtbot.waitUntil(lambda: int(program.photos.columns.class_ids[at]) == class_id)
    assert labels.rejected.without(program.photos.columns, place, class_id) == place
    dialog.close()
    idle(program, qtbot)


def test_it_is_about_what_sort_takes_and_says_so_where_that_is_no_suggestion(program: Program, qtbot: QtBot) -> None:
    window = program.window
    let_sort_take(program, Include.LABELLED)
    window.actions_by_name["check_sample"].trigger()
    assert window.job_bar.message.text().startswith("Sort is set to take only confirmed photos")
    QTest.mouseClick(window.job_bar.links[0], Qt.MouseButton.LeftButton)
    dialog = opened(program, qtbot)
    assert dialog.about.text().endswith("whose suggestion Sort takes with “Confirmed and sure”.")
    assert f"(0 of {count(program, Verdict.SURE)} checked" in dialog.statement.text()
    dialog.close()
    idle(program, qtbot)


def test_an_answer_that_cannot_be_stored_is_asked_for_again(program: Program, qtbot: QtBot) -> None:
    dialog = begun(program, qtbot)
    complaints: list[Exception] = []
    controller = program.window.on_demand.sampling
    controller._front = type("Front", (), {"complain": lambda self, error: complaints.append(error)})()
    current = dialog.current
    assert current is not None
    stored(program).classes.delete(current.class_id)
    QTest.keyClick(dialog, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: bool(complaints))
    assert str(complaints[0]) == "The answer was not stored: the suggested class was deleted."
    assert shown(dialog) == current.photo_id
    assert stored(program).sample_checks.answers(1) == {}
    assert not dialog.undo_button.isEnabled()
    dialog.close()
    idle(program, qtbot)
