"""No sentence of the window contradicts the state or another one, whatever the person does in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.ui.classes.class_rows import TO_CHECK, TO_NAME
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.grid.sections import SectionKind
from flowersorter.ui.review.progress import TO_CHECK as CHECKED
from flowersorter.ui.review.sections.section_headers import ConfirmHeader, GroupHeader
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.window.action_specs import OF_A_FOLDER, OF_PHOTOS
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.qt.program import class_named, draw_folder, idle, places, running, show_stored, tile
from tests.starter_classes import delete_starter_classes


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Six photos each of red, green and blue that look like none of the starter's classes, and a broken file."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as opened:
        idle(opened, qtbot)
        yield opened


def said(program: Program) -> str:
    return program.window.job_bar.message.text()


def select(program: Program, place_id: int) -> None:
    view = program.window.grid.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, tile(program, place_id))


# -- sentences about the photos


def test_photos_are_not_said_to_look_like_none_of_the_classes_where_there_are_none(
    tmp_path: Path, qtbot: QtBot
) -> None:
    with CollectionStore.open(tmp_path / "collection") as store:
        delete_starter_classes(store)
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as program:
        idle(program, qtbot)
        assert said(program) == "You have no classes yet. Name the groups of photos that look alike."
        assert program.window.job_bar.links[0].text() == "Name groups"


def test_a_sentence_about_the_photos_ends_with_the_answer_that_makes_it_untrue(program: Program, qtbot: QtBot) -> None:
    window = program.window
    red, green = places(program, "red"), places(program, "green")
    outcome, own_classes = said(program), window.review.first_folder._bar
    assert outcome == "All 18 photos look like none of your classes. Create a class for what they show."
    assert own_classes.isVisible()

    def not_mine() -> None:
        select(program, red[0])
        window.actions_by_name["not_mine"].trigger()

    def by_key() -> None:
        select(program, red[0])
        QTest.keyClick(window.grid, Qt.Key.Key_1)

    not_mine()
    assert said(program) == "1 photo not mine. It is not sorted."
    idle(program, qtbot)
    assert said(program) == "1 photo not mine. It is not sorted.", "writing it down does not end it"
    window.actions_by_name["undo"].trigger()
    assert said(program) == "Undone: Not mine for 1 photo."
    idle(program, qtbot)
    assert own_classes.isVisible()
    answers: list[Callable[[], object]] = [
        by_key,
        lambda: window.selection.drop(class_named(program, "daisy"), green[:1]),
        lambda: window.labels.clear(red[:1]),
        window.actions_by_name["undo"].trigger,
        window.actions_by_name["redo"].trigger,
    ]
    for answer in answers:
        window.job_bar.say(outcome, until=Until.ANSWER | Until.SUGGESTIONS)
        answer()
        assert said(program).partition(":")[0] in ("", "Undone", "Redone"), answer
        idle(program, qtbot)
        assert not own_classes.isVisible(), "a photo has a label"


# -- a folder without photos, and one that is not read to its end


def hold(monkeypatch: pytest.MonkeyPatch, gate: threading.Event) -> threading.Event:
    """Let the scan wait at its beginning until the gate opens; the event returned says that it has begun."""
    begun = threading.Event()

    def held(engine: Engine, request: PredictFolderRequest, report: Report, cancel: CancelToken) -> object:
        begun.set()
        while not gate.wait(0.005):
            cancel.check()
        return predict_folder(engine, request, report, cancel)

    monkeypatch.setattr("flowersorter.workflows.predicting.predict_folder.predict_folder", held)
    return begun


def test_an_empty_folder_is_called_so_only_once_it_was_searched(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, gate = tmp_path / "empty", threading.Event()
    empty.mkdir()
    with running(tmp_path / "collection", qtbot) as program:
        window = program.window
        begun = hold(monkeypatch, gate)
        window.open_folder(empty)
        assert window.grid._notice == "Looking for photos…"
        qtbot.waitUntil(lambda: window.job_bar.busy and begun.is_set())  # Cancel is for the job that runs
        window._show_counts()
        assert window.grid._notice == "Looking for photos…"
        QTest.mouseClick(window.job_bar.cancel, Qt.MouseButton.LeftButton)
        idle(program, qtbot)
        assert (said(program), window.grid._notice) == ("Stopped.", "The search for photos was stopped.")
        gate.set()
        QTest.mouseClick(window.job_bar.links[0], Qt.MouseButton.LeftButton)
        idle(program, qtbot)
        assert window.grid._notice == "There are no photos in this folder."
        actions = window.actions_by_name
        assert all(actions[name].isEnabled() for name in OF_A_FOLDER)
        assert not [name for name in (*OF_PHOTOS, *window.selection.handlers) if actions[name].isEnabled()]
        assert not window.review.steps.sort.isEnabled()
        assert window.inspector.verdict.text() == ""
        draw_folder(empty / "later", 1)
        actions["rescan"].trigger()
        idle(program, qtbot)
        assert all(actions[name].isEnabled() for name in OF_PHOTOS)


def test_how_much_is_left_after_cancel_is_counted_anew_and_goes_with_the_rest(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowersorter.workflows.predicting.predict_folder import FolderScanned

    gate = threading.Event()

    def held(engine: Engine, request: PredictFolderRequest, report: Report, cancel: CancelToken) -> object:
        def tell(news: object) -> None:
            report(news)
            while isinstance(news, FolderScanned) and not gate.wait(0.005):
                cancel.check()

        return predict_folder(engine, request, tell, cancel)

    monkeypatch.setattr("flowersorter.workflows.predicting.predict_folder.predict_folder", held)
    window = program.window
    window.open_folder(draw_folder(tmp_path / "more", 2))
    qtbot.waitUntil(lambda: program.photos.rowCount() == 7 and window.job_bar.busy)
    QTest.mouseClick(window.job_bar.cancel, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    left = program.photos.columns.counts()[int(PseudoClass.WAITING)]
    assert said(program) == f"Stopped: {left} photos have no suggestion yet."
    window.labels.assign(places(program, "red")[:1], class_named(program, "daisy"))
    qtbot.waitUntil(lambda: said(program) == f"Stopped: {left - 1} photos have no suggestion yet.")
    assert window.job_bar.links[0].text() == "Go on"
    gate.set()
    window.folder.rescan()  # quietly, as after a sort
    idle(program, qtbot)
    assert not said(program).startswith("Stopped")


# -- the same numbers everywhere


def shown(widget: QWidget) -> int:
    """The number at the end of a step's text, 0 without one."""
    last = widget.text().rpartition(" ")[2]  # type: ignore[attr-defined]
    return int(last) if last.isdecimal() and "  " in widget.text() else 0  # type: ignore[attr-defined]


def planned(program: Program, qtbot: QtBot, destination: Path, *, accepted: bool = False) -> int:
    """How many photos the sort dialog would file, or has found there already; they are filed if it is accepted."""
    window = program.window
    window.actions_by_name["sort"].trigger()
    qtbot.waitUntil(lambda: any(each.isVisible() for each in window.findChildren(SortDialog)))
    (dialog,) = (each for each in window.findChildren(SortDialog) if each.isVisible())
    dialog.destination.setText(str(destination))
    qtbot.waitUntil(lambda: dialog.plan is not None)
    assert dialog.plan is not None
    photos = len(dialog.plan.files)
    assert dialog.include.currentText() == f"Confirmed and sure: {photos} photos"
    if accepted:
        QTest.mouseClick(dialog.file_button, Qt.MouseButton.LeftButton)
    else:
        dialog.reject()
    return photos


def agree(program: Program, qtbot: QtBot, sorted_to: Path | None = None) -> None:
    """Compare all numbers that say the same."""
    idle(program, qtbot)
    window, photos = program.window, program.photos
    window.filter.show_everything()
    photos.rearrange()
    window._show_counts()
    steps, progress, sidebar = window.review.steps, window.review.progress, window.class_list
    rows = {row.key: row for view in sidebar._views for row in view.rows.rows}
    sections = photos.sections
    groups = [each.count for each in sections if each.kind is SectionKind.LOOK_ALIKES]
    to_do = {key: rows[key].count if key in rows else 0 for key in (TO_NAME, TO_CHECK)}
    to_check = sum(each.count for each in sections if each.kind in CHECKED)
    assert shown(steps.name) == to_do[TO_NAME] == progress.to_name == sum(groups), "all numbers are of photos"
    assert progress.groups == len(groups)
    assert shown(steps.check) == to_do[TO_CHECK] == progress.to_check == to_check
    assert progress.to_name + progress.to_check == progress.total - progress.done, "the steps add up to what is left"
    every = rows[int(PseudoClass.ALL)].count
    assert every == photos.rowCount() == sum(each.count for each in sections)
    assert window.header.count.accessibleName() == f"{every} photos"
    classes = [row for row in rows.values() if row.key > 0]
    of_classes = sum(row.count or 0 for row in classes)
    columns = photos.columns
    likely = np.count_nonzero((columns.class_keys > 0) & (columns.label_ids == 0) & (columns.verdicts != Verdict.SURE))
    assert shown(steps.sort) == of_classes - likely, "a sort takes no photo that is only likely unless it is asked to"
    others = (PseudoClass.UNSURE, PseudoClass.UNKNOWN, PseudoClass.NOT_MINE, PseudoClass.UNREADABLE)
    assert every == of_classes + sum(rows[int(key)].count or 0 for key in others)
    for row in [*classes, *(rows[int(key)] for key in others)]:
        window.filter.show(row.key)
        assert photos.rowCount() == row.count, row.text
        assert window.header.title.text() == row.text
    window.filter.show_all()
    confirmed = sum(row.confirmed or 0 for row in classes)
    assert confirmed == sum(each.count for each in sections if each.kind is SectionKind.CONFIRMED)
    if sorted_to is not None:
        assert planned(program, qtbot, sorted_to) == shown(steps.sort)
    window.grid.selectAll()
    window.grid.selection_settled.emit()
    selected = len(window.grid.selected_places())  # not those of folded sections
    assert window.inspector.headline.text() == f"{selected} photos selected"
    assert steps.sort.isEnabled() == bool(shown(steps.sort))


def header(program: Program, kind: type[QWidget]) -> QWidget | None:
    headers = (program.window.grid.header(each.identity) for each in program.photos.sections)
    return next((each for each in headers if isinstance(each, kind)), None)


def test_all_numbers_agree_in_every_state(tmp_path: Path, qtbot: QtBot) -> None:
    sorted_to = tmp_path / "sorted"
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as program:
        window = program.window
        idle(program, qtbot)
        delete_starter_classes(program.collection)
        show_stored(program)
        window.folder.rescan()
        agree(program, qtbot)
        window.review.start_naming()
        idle(program, qtbot)
        while (group := header(program, GroupHeader)) is not None:
            assert isinstance(group, GroupHeader)
            row = program.photos.columns.locate(program.photos.front_places_at(slice(group.section.first, None)))[0]
            group.field.setText(program.photos.columns.names[int(row)].rsplit("_", 1)[1].removesuffix(".jpg"))
            gone = group.section.identity
            QTest.keyClick(group.field, Qt.Key.Key_Return)
            qtbot.waitUntil(lambda: gone not in {each.identity for each in program.photos.sections})  # noqa: B023
            idle(program, qtbot)
        agree(program, qtbot)
        window.training.start()
        agree(program, qtbot)
        unlabelled = [at for at in places(program, "IMG") if at not in labelled(program)]
        if unlabelled:
            select(program, unlabelled[0])
            window.actions_by_name["dont_know"].trigger()
        select(program, places(program, "green")[0])
        window.actions_by_name["not_mine"].trigger()
        agree(program, qtbot, sorted_to)
        window.actions_by_name["undo"].trigger()
        agree(program, qtbot)
        confirm = header(program, ConfirmHeader)
        if isinstance(confirm, ConfirmHeader):
            confirm.confirm.click()
            agree(program, qtbot, sorted_to)
        steps, ready = window.review.steps, shown(window.review.steps.sort)
        assert planned(program, qtbot, sorted_to, accepted=True) == ready
        idle(program, qtbot)
        assert (shown(steps.sort), steps.sort.accessibleName()) == (0, "Step 3: Sort, done")


def labelled(program: Program) -> set[int]:
    columns = program.photos.columns
    return set(columns.place_ids[columns.label_ids > 0].tolist())
