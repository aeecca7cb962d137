"""Delete, N and K in the window: not this class, not mine, don't know; shown, stored, undone and redone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.drawing import RED, textured, write_jpeg
from tests.qt.drag import drag
from tests.qt.program import class_named, draw_folder, idle, places, running, stored, suggest, tile
from tests.qt.sidebar import view_of
from tests.starter_classes import delete_starter_classes
from tests.stub_network import open_colour_network


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """A program with a model of red, green and blue, and one unlabelled red photo among the labelled ones."""
    folder = draw_folder(tmp_path / "photos", 4)
    engine = Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network)
    with engine:
        collection = engine.collection
        predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
        for name in ("red", "green", "blue"):
            known = [place.photo_id for place in collection.photos.all_places() if name in place.path.name]
            collection.labels.assign(
                [each for each in known if each], collection.classes.add(name).id, LabelOrigin.PERSON
            )
        delete_starter_classes(collection)
        retrain(engine, RetrainRequest(), silent, CancelToken())
    for number in range(2):
        write_jpeg(folder / f"new_{number}.jpg", textured((96, 72), RED, 900 + number))
    with running(tmp_path / "collection", qtbot, folder) as made:
        idle(made, qtbot)
        yield made


def press(program: Program, qtbot: QtBot, key: Qt.Key) -> None:
    program.window.grid.setFocus()
    QTest.keyClick(program.window.grid, key)
    idle(program, qtbot)


def photo_of(program: Program, place_id: int) -> int:
    columns = program.photos.columns
    return int(columns.photo_ids[columns.locate([place_id])[0]])


def shown(program: Program, place_id: int) -> tuple[str, int]:
    """The words of a tile, and the class or pseudo-class it counts for."""
    columns = program.photos.columns
    words = program.photos.describe(program.photos.rows_of([place_id])[0])
    return words, int(columns.class_keys[columns.locate([place_id])[0]])


def test_delete_rejects_the_suggestion_and_undo_brings_it_back(program: Program, qtbot: QtBot) -> None:
    [place, _], red = places(program, "new"), class_named(program, "red")
    photo, before = photo_of(program, place), shown(program, place)
    assert before[0] == "red, sure"
    program.window.grid.select_places([place])
    press(program, qtbot, Qt.Key.Key_Delete)
    columns = program.photos.columns
    assert columns.class_ids[columns.locate([place])[0]] != red
    assert stored(program).answers.get([photo]) == {photo: PhotoAnswers(frozenset({red}))}
    assert program.session.undo_stack.undoText() == "Not this class for 1 photo"
    program.session.undo_stack.undo()
    idle(program, qtbot)
    assert (shown(program, place), stored(program).answers.get([photo])) == (before, {})
    program.session.undo_stack.redo()
    idle(program, qtbot)
    assert stored(program).answers.get([photo]) == {photo: PhotoAnswers(frozenset({red}))}
    program.window.labels.assign([place], red)  # what contradicts the label goes, and comes back with undo
    idle(program, qtbot)
    assert (shown(program, place)[0], stored(program).answers.get([photo])) == ("red, confirmed by you", {})
    program.session.undo_stack.undo()
    idle(program, qtbot)
    assert stored(program).answers.get([photo]) == {photo: PhotoAnswers(frozenset({red}))}
    assert program.photos.columns.class_ids[columns.locate([place])[0]] != red
    # A photo that is shown as unknown comes from no class.
    suggest(program, columns.locate([place]).tolist(), Verdict.UNKNOWN, red, 0)
    assert program.window.labels.come_from([place, *places(program, "blue")[:1]]) == "1 × blue"
    # The tick on a tile, as Enter, confirms no suggestion that has just taken the place of another one.
    count, bar = program.session.undo_stack.count(), program.window.job_bar
    suggest(program, columns.locate([place]).tolist(), Verdict.SURE, red, 0, seen=False)
    program.window.selection.confirm_place(place)
    assert (program.session.undo_stack.count(), bar.message.text()) == (
        count,
        "Not confirmed: the suggestion has just changed. Confirm it again if it is right.",
    )
    # Nor do the cross and Delete reject it.
    delete, selection = program.window.actions_by_name["reject"], program.window.selection
    for reject in (delete.trigger, partial(selection.reject_place, place)):
        program.window.grid.select_places([place])
        suggest(program, columns.locate([place]).tolist(), Verdict.SURE, 0, 0, seen=False)
        suggest(program, columns.locate([place]).tolist(), Verdict.SURE, red, 0, seen=False)
        reject()
        assert (program.session.undo_stack.count(), bar.message.text()) == (
            count,
            "Not rejected: the suggestion has just changed. Reject it again if it is wrong.",
        )
    qtbot.waitUntil(lambda: columns.seen([place]) == [place])
    program.window.selection.confirm_place(place)
    assert shown(program, place)[0] == "red, confirmed by you"


def test_delete_takes_a_wrong_label_away(program: Program, qtbot: QtBot) -> None:
    place = places(program, "blue")[0]
    photo, blue = photo_of(program, place), class_named(program, "blue")
    program.window.grid.select_places([place])
    press(program, qtbot, Qt.Key.Key_Delete)
    assert stored(program).labels.get([photo]) == {}
    assert stored(program).answers.get([photo]) == {photo: PhotoAnswers(frozenset({blue}))}
    program.session.undo_stack.undo()
    idle(program, qtbot)
    assert shown(program, place) == ("blue, confirmed by you", blue)


def test_n_makes_a_photo_not_mine_and_a_label_makes_it_mine_again(program: Program, qtbot: QtBot) -> None:
    [place, other] = places(program, "new")
    photo, before = photo_of(program, place), shown(program, place)
    program.window.grid.select_places([place])
    press(program, qtbot, Qt.Key.Key_N)
    assert shown(program, place) == ("not mine", PseudoClass.NOT_MINE)
    program.window.grid.select_places([place])
    idle(program, qtbot)
    assert program.window.inspector.verdict.text() == "Not mine. You said that it shows none of your classes"
    assert program.photos.columns.counts()[PseudoClass.NOT_MINE] == 1
    assert program.window.job_bar.message.text() == "1 photo not mine. It is not sorted."
    assert stored(program).answers.get([photo]) == {photo: PhotoAnswers(mark=Mark.NOT_MINE)}
    assert "not mine" not in {each.name for each in program.session.state.classes}
    program.window.filter.show(PseudoClass.NOT_MINE)
    assert program.photos.rowCount() == 1
    assert program.window.header.title.text() == "Not mine"
    program.window.filter.show_all()
    program.session.undo_stack.undo()
    idle(program, qtbot)
    assert shown(program, place) == before
    drag(
        program.window.grid.viewport(),
        tile(program, other),
        program.window.class_list.not_mine.viewport(),
        _row(program, PseudoClass.NOT_MINE),
    )
    idle(program, qtbot)
    assert shown(program, other)[0] == "not mine"
    program.window.labels.assign([other], class_named(program, "red"))
    idle(program, qtbot)
    assert shown(program, other)[0] == "red, confirmed by you"
    assert PseudoClass.NOT_MINE not in program.photos.columns.counts()
    assert stored(program).answers.get([photo_of(program, other)]) == {}


def _row(program: Program, key: int) -> QPoint:
    view = view_of(program.window.class_list, key)
    return view.visualRect(view.rows.index(view.rows.row_of(key))).center()


def test_k_is_remembered_and_changes_nothing_that_is_shown(program: Program, qtbot: QtBot) -> None:
    place = places(program, "new")[0]
    photo, before = photo_of(program, place), shown(program, place)
    program.window.grid.select_places([place])
    press(program, qtbot, Qt.Key.Key_K)
    assert shown(program, place) == before
    assert stored(program).answers.get([photo]) == {photo: PhotoAnswers(mark=Mark.DONT_KNOW)}


def test_the_answers_work_in_the_grid_and_are_named(program: Program) -> None:
    grid, actions = program.window.grid, program.window.actions_by_name
    for name in ("reject", "not_mine", "dont_know"):
        assert actions[name] in grid.actions()
        assert actions[name].objectName() == name
