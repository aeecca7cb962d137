"""The whole folder is named, checked and counted down in the sections of the grid, with real events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.library.tables.settings import SORT_CHOICES
from flowersorter.sorting.plan import Mode
from flowersorter.ui.filing import filing_controller
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.ui.grid.photo_grid import LARGEST_PX
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.grid.photo_state import PhotoState
from flowersorter.ui.grid.sections import Grouping, Section, SectionKind
from flowersorter.ui.labels import labels_controller
from flowersorter.ui.review.progress import review_progress
from flowersorter.ui.review.sections import kept_sections
from flowersorter.ui.review.sections.review_sections import review_sections
from flowersorter.ui.review.sections.section_headers import ConfirmHeader, GroupHeader, PairHeader
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.sort import Include, SortRequest
from flowersorter.workflows.predicting.photo_details import rows_at
from flowersorter.workflows.predicting.predict_folder import FolderScanned, RowsChanged
from tests.qt.classes.test_class_changes import merge
from tests.qt.keyboard import focused, press, tab_to
from tests.qt.program import class_named, draw_folder, idle, running, stored, suggest, tile


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Six photos each of red, green and blue, without a class; the keyboard in the name of the first group."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as opened:
        idle(opened, qtbot)
        opened.window.actions_by_name["name_groups"].trigger()
        qtbot.waitUntil(lambda: isinstance(_focused(opened), GroupHeader))
        yield opened


def _focused(program: Program) -> QWidget | None:
    """The header with the keyboard."""
    headers = (program.window.grid.header(each.identity) for each in program.photos.sections)
    focus = program.window.focusWidget()
    return next((each for each in headers if each is not None and focus is not None and each.isAncestorOf(focus)), None)


def asking(program: Program) -> GroupHeader:
    header = _focused(program)
    assert isinstance(header, GroupHeader)
    return header


def places(program: Program, section: Section) -> list[int]:
    return list(program.photos.front_places_at(slice(section.first, section.first + section.count)).tolist())


def colour(program: Program, section: Section) -> str:
    """The colour of the photos of a group."""
    columns = program.photos.columns
    names = {columns.names[row] for row in columns.locate(places(program, section)).tolist()}
    (found,) = {name.rsplit("_", 1)[1].removesuffix(".jpg") for name in names}
    return str(found)


def answer(header: GroupHeader, name: str) -> None:
    header.field.setText(name)  # typed, it would open a list of names, which the offscreen system cannot show
    QTest.keyClick(header.field, Qt.Key.Key_Return)


def labels(program: Program) -> dict[str, int]:
    """Number of labels by class name."""
    names = {each.id: each.name for each in stored(program).classes.all()}
    given = [names[label.class_id] for label in stored(program).labels.all().values()]
    return {name: given.count(name) for name in given}


def kinds(program: Program) -> list[SectionKind]:
    return [section.kind for section in program.photos.sections]


def click(program: Program, place_id: int) -> None:
    view = program.window.grid.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, tile(program, place_id))


def test_groups_are_named_one_after_the_other_with_the_keyboard_alone(program: Program, qtbot: QtBot) -> None:
    steps, answers = program.window.review.steps, 0
    groups = program.window.review.progress.groups
    assert steps.name.text() == f"1 Name  {program.window.review.progress.to_name}"
    while SectionKind.LOOK_ALIKES in kinds(program):
        header = asking(program)
        gone = header.section.identity
        answer(header, colour(program, header.section))
        answers += 1
        qtbot.waitUntil(lambda: gone not in {each.identity for each in program.photos.sections})  # noqa: B023
    idle(program, qtbot)
    given = labels(program)
    assert set(given) == {"red", "green", "blue"}
    assert answers == groups
    assert answers <= sum(given.values()) / 2
    assert all(label.origin is LabelOrigin.PERSON for label in stored(program).labels.all().values())
    assert program.photos.rowCount() == len(program.photos.columns)
    columns, review = program.photos.columns, program.window.review
    divided = review_sections(columns, np.arange(len(columns)), review._groups).sections
    assert review.progress == review_progress(columns, divided, PhotoNumbers()), (
        "the sections shown are counted, which are the same"
    )
    assert program.window.grid.hasFocus(), "the keyboard is not lost with the last header"
    assert not steps.name.isEnabled()


def test_photos_that_are_clicked_are_left_out_until_they_are_clicked_again(program: Program, qtbot: QtBot) -> None:
    header = asking(program)
    first, second, *others = places(program, header.section)
    click(program, first)
    click(program, second)
    click(program, second)
    assert header.name.text() == f"Name {len(others) + 1} photos"
    program.window.grid.header(header.section.identity).setFocus()  # type: ignore[union-attr]
    answer(header, "mine")
    qtbot.waitUntil(lambda: labels(program) == {"mine": len(others) + 1})
    assert first not in set(stored(program).labels.all())


def test_a_photo_stays_left_out_of_its_section_while_another_is_answered(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    daisy, roses = (class_named(program, name) for name in ("daisy", "roses"))
    readable = np.flatnonzero(program.photos.columns.photo_ids > 0).tolist()
    suggest(program, readable[:9], Verdict.LIKELY, daisy, 0)
    suggest(program, readable[9:], Verdict.LIKELY, roses, 0)
    program.window.review.start_checking()
    first, second = (section for section in program.photos.sections if section.kind is SectionKind.LIKELY)
    left_out = places(program, first)[0]
    click(program, left_out)
    other = program.window.grid.header(second.identity)
    assert isinstance(other, ConfirmHeader)
    other.confirm.click()
    qtbot.waitUntil(lambda: sum(labels(program).values()) == second.count)
    program.window.grid.select_places([left_out])
    QTest.keyClick(program.window.grid, Qt.Key.Key_Return)
    assert "left out" in program.window.job_bar.message.text()
    header = program.window.grid.header(first.identity)
    assert isinstance(header, ConfirmHeader)
    header.confirm.click()
    qtbot.waitUntil(lambda: sum(labels(program).values()) == second.count + first.count - 1)
    columns = program.photos.columns
    assert program.photos.columns.left_out_of == {int(columns.photo_ids[columns.locate([left_out])[0]]): daisy}
    # Its suggestion is still likely, but Sort does not file it: the person did not say that it is a daisy.
    chosen = {"destination": "/sorted", "mode": Mode.COPY, "include": Include.LIKELY}
    program.session.state.set_setting(SORT_CHOICES, chosen)
    assert program.window.on_demand.sorting._counts()[Include.LIKELY] == second.count + first.count - 1
    requests, plan = list[SortRequest](), filing_controller._plan

    def noted(engine: Engine, request: SortRequest, *rest: Any) -> object:
        requests.append(request)
        return plan(engine, request, *rest)

    monkeypatch.setattr(filing_controller, "_plan", noted)
    program.window.actions_by_name["sort"].trigger()
    qtbot.waitUntil(lambda: bool(requests))
    assert requests[0].left_out == program.photos.columns.left_out_of
    (preview,) = program.window.findChildren(SortDialog)
    preview.reject()
    idle(program, qtbot)
    view, at = program.window.grid.viewport(), tile(program, left_out)
    assert not program.photos.left_out, "it is asked about anew"
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert not program.photos.left_out, "a double click shows it large"


def test_undo_leaves_the_photo_out_again_and_forgets_that_it_was_answered(program: Program, qtbot: QtBot) -> None:
    daisy, photos, review = class_named(program, "daisy"), program.photos, program.window.review
    readable = np.flatnonzero(photos.columns.photo_ids > 0).tolist()
    suggest(program, readable, Verdict.SURE, daisy, 0)
    program.window.actions_by_name["pause_learning"].trigger()
    review.start_checking()
    (section,) = (each for each in photos.sections if each.kind is SectionKind.SURE)
    left_out, *others = places(program, section)
    assert (review.progress.to_check, review.progress.to_sort) == (0, len(readable))
    review._left_out.leave_out([left_out], wanted=True)
    header = program.window.grid.header(section.identity)
    assert isinstance(header, ConfirmHeader)
    header.confirm.click()
    qtbot.waitUntil(lambda: sum(labels(program).values()) == len(others))
    assert list(photos.columns.left_out_of.values()) == [daisy]
    assert not photos.left_out
    row = photos.rows_of([left_out])[0]
    assert photos.index(row).data(PhotoRole.VERDICT) is Verdict.UNSURE
    assert photos.index(row).data(PhotoRole.STATE) is PhotoState.UNSURE
    progress = review.progress
    assert (progress.to_check, progress.to_sort, progress.done) == (1, len(others), len(others))
    program.window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: labels(program) == {})
    assert photos.columns.left_out_of == {}
    assert photos.left_out == {left_out}
    assert (review.progress.to_check, review.progress.to_sort) == (0, len(readable))
    assert photos.index(photos.rows_of([left_out])[0]).data(PhotoRole.STATE) is PhotoState.SURE
    program.window.actions_by_name["redo"].trigger()
    qtbot.waitUntil(lambda: sum(labels(program).values()) == len(others))
    assert list(photos.columns.left_out_of.values()) == [daisy]
    assert not photos.left_out


def test_one_undo_takes_back_the_answer_and_its_class(program: Program, qtbot: QtBot) -> None:
    classes = [each.name for each in stored(program).classes.all()]
    answer(asking(program), "mine")
    qtbot.waitUntil(lambda: "mine" in labels(program))
    program.window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: labels(program) == {})
    qtbot.waitUntil(lambda: [each.name for each in stored(program).classes.all()] == classes)


def test_a_second_enter_makes_the_class_once_and_a_bad_name_is_refused(program: Program, qtbot: QtBot) -> None:
    header = asking(program)
    answer(header, "..")
    qtbot.waitUntil(lambda: bool(program.window.findChildren(ErrorDialog)))
    program.window.findChildren(ErrorDialog)[0].close()
    assert labels(program) == {}
    photos = header.section.count
    qtbot.waitUntil(header.isEnabled)
    answer(header, "mine")
    answer(header, "mine")
    qtbot.waitUntil(lambda: labels(program) == {"mine": photos})
    assert not any(box.isVisible() for box in program.window.findChildren(ErrorDialog))


def test_a_group_that_is_skipped_or_not_mine_is_not_asked_again(program: Program, qtbot: QtBot) -> None:
    header = asking(program)
    skipped, passed = header.section.identity, places(program, header.section)
    header.skip.click()
    qtbot.waitUntil(lambda: asking(program).section.identity != skipped)
    header = asking(program)
    count = header.section.count
    header.none.click()
    qtbot.waitUntil(lambda: len(stored(program).answers.marked(Mark.NOT_MINE)) == count)
    idle(program, qtbot)
    identities = {each.identity for each in program.photos.sections}
    assert skipped not in identities
    assert SectionKind.NOT_MINE in kinds(program)
    assert set(passed) <= set(program.photos.columns.place_ids.tolist())
    assert labels(program) == {}


def reject(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, rows: Sequence[int], following: int, other: int
) -> None:
    """Say of photos that they do not show `other`; then they are suggested for `following`."""
    suggest(program, rows, Verdict.UNSURE, other, following)
    changes = {"verdicts": Verdict.UNSURE, "class_ids": following, "second_class_ids": 0, "confidences": 0.5}

    def next_suggestions(engine: Engine, place_ids: NDArray[np.int64]) -> PhotoRows:
        found = rows_at(engine, place_ids)
        return replace(found, **{name: np.full_like(getattr(found, name), to) for name, to in changes.items()})

    monkeypatch.setattr(labels_controller, "_rows", next_suggestions)
    program.window.labels.reject(program.photos.columns.place_ids[list(rows)].tolist())
    idle(program, qtbot)


def test_a_torn_pair_and_likely_photos_are_answered_at_once(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (class_named(program, name) for name in ("daisy", "roses"))
    columns = program.photos.columns
    readable = np.flatnonzero(columns.photo_ids > 0).tolist()
    torn, likely = readable[:9], readable[9:]
    suggest(program, torn, Verdict.UNSURE, one, other)
    suggest(program, likely, Verdict.LIKELY, other, one)
    program.window.review.start_checking()
    pair = _focused(program)
    assert isinstance(pair, PairHeader)
    assert pair.section.key == tuple(sorted((one, other)))
    rejected, unknown, *torn = torn
    program.window.labels.mark([int(columns.place_ids[unknown])], Mark.DONT_KNOW)
    idle(program, qtbot)
    reject(program, qtbot, monkeypatch, [rejected], one, other)
    pair = next(
        header
        for header in (program.window.grid.header(section.identity) for section in program.photos.sections)
        if isinstance(header, PairHeader)
    )
    pair.choices[pair.section.key.index(other)].click()
    qtbot.waitUntil(lambda: labels(program) == {"roses": len(torn)})
    header = next(
        program.window.grid.header(each.identity)
        for each in program.photos.sections
        if each.kind is SectionKind.LIKELY and each.key == (other,)
    )
    assert isinstance(header, ConfirmHeader)
    header.confirm.click()
    qtbot.waitUntil(lambda: labels(program) == {"roses": len(torn) + len(likely)})


def test_a_pair_takes_either_class_for_a_photo_that_is_torn_otherwise_by_now(program: Program, qtbot: QtBot) -> None:
    one, other, third = (class_named(program, name) for name in ("daisy", "roses", "tulips"))
    columns = program.photos.columns
    readable = np.flatnonzero(columns.photo_ids > 0).tolist()
    torn, others = readable[:9], readable[9:]
    suggest(program, torn, Verdict.UNSURE, one, other)
    suggest(program, others, Verdict.LIKELY, third, one)
    program.window.review.start_checking()
    answered = next(each for each in readable[::-1] if each in others)
    program.window.labels.assign([int(columns.place_ids[answered])], third)
    idle(program, qtbot)  # from the first answer on, sections in view keep their photos
    suggest(program, torn, Verdict.UNSURE, one, third)
    pair = _focused(program)
    assert isinstance(pair, PairHeader)
    assert (pair.section.key, pair.section.count) == (tuple(sorted((one, other))), len(torn))
    choice = pair.choices[pair.section.key.index(other)]
    QTest.mouseClick(choice, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: labels(program) == {"tulips": 1, "roses": len(torn)})
    program.window.labels.assign_possible(columns.place_ids[torn].tolist(), other)
    assert "do not show" not in program.window.job_bar.message.text(), "they have this label, and nothing was rejected"


def test_a_pair_says_why_it_gives_no_photo_a_class_that_all_were_rejected_for(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (class_named(program, name) for name in ("daisy", "roses"))
    torn = np.flatnonzero(program.photos.columns.photo_ids > 0).tolist()
    suggest(program, torn, Verdict.UNSURE, other, one)
    program.window.review.start_checking()
    program.window.labels.mark([int(program.photos.columns.place_ids[torn.pop()])], Mark.DONT_KNOW)
    idle(program, qtbot)
    reject(program, qtbot, monkeypatch, torn, one, other)
    pair = _focused(program)
    assert isinstance(pair, PairHeader)
    choice = pair.choices[pair.section.key.index(other)]
    QTest.mouseClick(choice, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    assert not labels(program)
    assert "do not show “roses”" in program.window.job_bar.message.text()
    program.window.session.undo_stack.undo()
    QTest.mouseClick(choice, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: labels(program) == {"roses": len(torn)})


def test_what_the_person_sees_stays_where_it_is_when_suggestions_change(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_sections, "UNSEEN_S", -1)  # the person has looked at the group by then
    answer(asking(program), "mine")
    qtbot.waitUntil(lambda: "mine" in labels(program))
    idle(program, qtbot)
    header = asking(program)
    seen = places(program, header.section)
    grid = program.window.grid
    before = grid.visualRect(program.photos.index(header.section.first))
    rows = program.photos.columns.locate(seen).tolist()
    suggest(program, rows, Verdict.SURE, class_named(program, "daisy"), 0)
    assert places(program, asking(program).section) == seen
    assert grid.visualRect(program.photos.index(asking(program).section.first)) == before
    choices = [each.text() for each in header.choices if each.isVisible()]
    assert choices == ["daisy"], "what the tiles say now is one click"


def test_a_group_whose_photos_are_known_by_the_answer_before_is_not_asked_about(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_sections, "UNSEEN_S", 10_000)
    answer(asking(program), "mine")
    qtbot.waitUntil(lambda: "mine" in labels(program))
    idle(program, qtbot)
    passed = asking(program).section
    rows = program.photos.columns.locate(places(program, passed)).tolist()
    suggest(program, rows, Verdict.SURE, class_named(program, "daisy"), 0)
    program.window.learning.suggestions_changed.emit()
    header = asking(program)
    assert header.section.identity != passed.identity
    assert passed.identity not in {each.identity for each in program.photos.sections}

    # A group is kept once something is typed, and the keyboard stays where the person put it.
    header.field.setText("tul")
    rows = program.photos.columns.locate(places(program, header.section)).tolist()
    suggest(program, rows, Verdict.SURE, class_named(program, "daisy"), 0)
    program.window.learning.suggestions_changed.emit()
    assert asking(program).field.text() == "tul"


def test_the_keyboard_goes_from_a_group_that_is_gone_to_no_other_header_by_itself(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another header is scrolled to, and headers far from it are removed while those that are gone are."""
    monkeypatch.setattr(kept_sections, "UNSEEN_S", 10_000)
    program.window.review._kept.ask()
    grid, passed = program.window.grid, asking(program).section
    assert kinds(program).count(SectionKind.LOOK_ALIKES) > 1
    entered: list[object] = []
    grid._headers.entered.connect(entered.append)
    rows = program.photos.columns.locate(places(program, passed)).tolist()
    suggest(program, rows, Verdict.SURE, class_named(program, "daisy"), 0)
    assert grid.header(passed.identity) is None
    assert grid.hasFocus()
    assert not entered


def test_a_group_offers_the_class_that_some_of_its_photos_are_suggested_for(program: Program) -> None:
    header = asking(program)
    assert not any(each.isVisible() for each in header.choices), "all of them are unknown"
    daisy, group = class_named(program, "daisy"), places(program, header.section)
    some = program.photos.columns.locate(group[: len(group) // 2]).tolist()
    suggest(program, some, Verdict.LIKELY, daisy, 0, confidence=0.9)
    assert [each.text() for each in asking(program).choices if each.isVisible()] == ["daisy"]


def test_photos_stay_where_they_are_while_a_scan_does_not_know_the_folder_yet(program: Program, qtbot: QtBot) -> None:
    daisy, roses = (class_named(program, name) for name in ("daisy", "roses"))
    columns, folder = program.photos.columns, program.window.folder
    photos = np.flatnonzero(columns.photo_ids > 0).tolist()
    suggest(program, photos, Verdict.LIKELY, daisy, roses)
    program.window.review.start_checking()
    seen = kinds(program)
    begun = rows_at(program.engine, columns.place_ids)
    alone = np.where(begun.photo_ids > 0, Verdict.UNKNOWN, Verdict.NONE).astype(np.uint8)
    begun = replace(begun, verdicts=alone, class_ids=np.full(len(begun), roses, np.int32))
    with qtbot.waitSignal(program.photos.counts_changed):
        folder._on_news(FolderScanned(begun))
    assert kinds(program) == seen
    assert set(columns.verdicts[photos].tolist()) == {Verdict.LIKELY}
    assert set(columns.class_ids[photos].tolist()) == {daisy}
    folder._on_news(RowsChanged(begun))
    assert set(columns.verdicts[photos].tolist()) == {Verdict.UNKNOWN}, "the result of a scan is shown"


def test_a_class_that_was_rejected_is_rejected_as_part_of_another_one_too(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program.window
    one, other, third = (class_named(program, name) for name in ("daisy", "roses", "tulips"))
    torn = np.flatnonzero(program.photos.columns.photo_ids > 0).tolist()
    suggest(program, torn, Verdict.UNSURE, other, one)
    window.review.start_checking()
    reject(program, qtbot, monkeypatch, torn, one, other)
    place_ids = program.photos.columns.place_ids[torn].tolist()

    def answer_with(class_id: int) -> dict[str, int]:
        window.labels.assign_possible(place_ids, class_id)
        idle(program, qtbot)
        return labels(program)

    merge(program, "roses", "tulips")
    idle(program, qtbot)
    assert class_named(program, "tulips") == third
    assert "roses" not in [each.name for each in window.classes.classes]
    assert answer_with(third) == {}
    assert "do not show “tulips”" in window.job_bar.message.text()
    window.session.undo_stack.undo()
    idle(program, qtbot)
    assert answer_with(other) == {}
    assert answer_with(third) == {"tulips": len(torn)}, "it was never rejected itself"


def test_the_step_of_the_section_in_view_is_lit(program: Program, qtbot: QtBot) -> None:
    daisy, steps, grid = class_named(program, "daisy"), program.window.review.steps, program.window.grid
    columns = program.photos.columns
    photos = np.flatnonzero(columns.photo_ids > 0).tolist()
    suggest(program, photos[:9], Verdict.LIKELY, daisy, 0)
    suggest(program, photos[9:], Verdict.SURE, daisy, 0)
    program.window.resize(900, 520)
    grid.set_tile_size(LARGEST_PX)
    program.window.review.show_progress()
    qtbot.waitUntil(lambda: steps.check.current)
    grid.setFocus()
    sure = next(each for each in program.photos.sections if each.kind is SectionKind.SURE)
    grid.scrollTo(program.photos.index(sure.first), grid.ScrollHint.PositionAtTop)
    qtbot.waitUntil(lambda: steps.sort.current)
    QTest.mouseClick(steps.check, Qt.MouseButton.LeftButton)
    assert steps.check.current
    assert not steps.sort.current


def test_the_step_of_the_section_with_the_keyboard_is_lit(program: Program, qtbot: QtBot) -> None:
    daisy, steps, grid = class_named(program, "daisy"), program.window.review.steps, program.window.grid
    columns = program.photos.columns
    photos = np.flatnonzero(columns.photo_ids > 0).tolist()
    suggest(program, photos[:2], Verdict.LIKELY, daisy, 0)
    suggest(program, photos[2:], Verdict.SURE, daisy, 0)
    program.window.resize(1200, 900)
    program.window.review.show_progress()
    grid.scrollToTop()
    grid.setFocus()
    qtbot.waitUntil(lambda: steps.check.current)
    likely, sure = (
        next(each for each in program.photos.sections if each.kind is kind)
        for kind in (SectionKind.LIKELY, SectionKind.SURE)
    )
    qtbot.waitUntil(lambda: grid.is_header_shown(sure.identity))
    offset, header = grid.verticalOffset(), grid.header(sure.identity)
    assert header is not None
    tab_to(header.isAncestorOf)
    assert grid.verticalOffset() == offset, "both sections are in view"
    assert steps.sort.current
    assert not steps.check.current
    first = grid.header(likely.identity)
    assert first is not None
    for _ in range(6):
        if not first.isAncestorOf(focused()):
            press(Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert first.isAncestorOf(focused())
    assert steps.check.current


def test_the_bar_says_why_less_is_done_than_before(program: Program, qtbot: QtBot) -> None:
    daisy, review, columns = class_named(program, "daisy"), program.window.review, program.photos.columns
    first, *others = np.flatnonzero(columns.photo_ids > 0).tolist()
    program.window.labels.assign(columns.place_ids[[first]].tolist(), daisy)
    suggest(program, others, Verdict.SURE, daisy, 0)
    review.show_progress()
    assert review.steps.left.text() == "Nothing left to decide"
    suggest(program, others[:3], Verdict.LIKELY, daisy, 0)
    program.window.resize(1600, 700)
    review.show_progress()
    qtbot.waitUntil(lambda: review.steps.left.text() == "3 left to decide, 3 no longer sure")
    assert "3 of them are no longer sure" in review.steps.left.toolTip()
    program.window.actions_by_name["undo"].trigger()
    idle(program, qtbot)
    assert review.steps.left.text() == "4 left to decide", "an answer was taken back: nothing to explain"


def test_an_unknown_photo_is_not_confirmed_with_the_section_that_it_is_seen_in(program: Program, qtbot: QtBot) -> None:
    daisy, columns = class_named(program, "daisy"), program.photos.columns
    readable = np.flatnonzero(columns.photo_ids > 0).tolist()
    suggest(program, readable, Verdict.LIKELY, daisy, 0)
    program.window.review.start_checking()
    header = _focused(program)
    assert isinstance(header, ConfirmHeader)
    program.window.labels.assign(places(program, header.section)[:1], daisy)
    qtbot.waitUntil(lambda: labels(program) == {"daisy": 1})
    doubtful = columns.locate(places(program, header.section)[:3]).tolist()
    suggest(program, doubtful, Verdict.UNKNOWN, daisy, 0)
    assert header.section.count == len(readable) - 1 - 3, "the header would say something untrue of them"
    header.confirm.click()
    qtbot.waitUntil(lambda: labels(program) == {"daisy": len(readable) - 3})


def test_the_folder_can_be_seen_without_sections_and_the_choice_is_kept(program: Program) -> None:
    program.window.filter.group_by(Grouping.NONE)
    assert kinds(program) == [SectionKind.ALL]
    program.window.review.start_checking()
    assert program.photos.filter.grouping is Grouping.LIKENESS
