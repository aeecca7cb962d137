"""The whole way of a person: open, correct with the mouse, retrain, sort, undo, close while a job runs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.label import LabelOrigin
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import LAST_FOLDER, MOVE_SORTED_COPIES
from flowersorter.ui.classes.class_rows import NEW_CLASS
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.sort import Include
from flowersorter.workflows.predicting.predict_folder import FolderScanned, PredictFolderRequest, predict_folder
from tests.qt.dialogs import when_open
from tests.qt.drag import drag
from tests.qt.program import class_named, draw_folder, idle, places, predictions, running, show_stored, stored, tile


def pick(program: Program, place_ids: list[int]) -> None:
    view = program.window.grid.viewport()
    modifier = Qt.KeyboardModifier.NoModifier
    for place_id in place_ids:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, modifier, tile(program, place_id))
        modifier = Qt.KeyboardModifier.ControlModifier


def drop_point(program: Program, key: int) -> QPoint:
    view = program.window.class_list.classes
    index = view.rows.index(view.rows.row_of(key))
    view.scrollTo(index)
    return view.visualRect(index).center()


def drag_to(program: Program, place_ids: list[int], key: int) -> None:
    pick(program, place_ids)
    target = program.window.class_list.classes.viewport()
    drag(program.window.grid.viewport(), tile(program, place_ids[-1]), target, drop_point(program, key))


def labels(program: Program) -> dict[int, tuple[int, LabelOrigin]]:
    return {photo: (label.class_id, label.origin) for photo, label in stored(program).labels.all().items()}


def test_open_correct_retrain_sort_undo(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = draw_folder(tmp_path / "photos")
    with running(tmp_path / "collection", qtbot) as program:
        window = program.window
        for name in ("red", "green", "blue"):
            stored(program).classes.add(name)
        window.open_folder(folder)
        idle(program, qtbot)
        assert program.photos.rowCount() == 19
        assert program.photos.columns.errors[program.photos.columns.locate(places(program, "broken"))[0]]

        for name in ("red", "green", "blue"):
            drag_to(program, places(program, name)[:3], class_named(program, name))
        assert len(labels(program)) == 9
        assert {origin for _, origin in labels(program).values()} == {LabelOrigin.PERSON}
        qtbot.waitUntil(window.actions_by_name["retrain"].isEnabled)

        QTest.mouseClick(
            window.actions_by_name.toolbar.widgetForAction(window.actions_by_name["retrain"]), Qt.MouseButton.LeftButton
        )
        idle(program, qtbot)
        for name in ("red", "green", "blue"):
            assert predictions(program, f"_{name}") == {name}
        assert window.job_bar.message.text().startswith("Learned from 9 photos.")

        sorted_to = tmp_path / "sorted"
        sort_into(program, sorted_to, qtbot)
        for name in ("red", "green", "blue"):
            assert {each.name for each in (sorted_to / name).iterdir()} >= {
                f"IMG_{number:03}_{name}.jpg" for number in range(3)
            }
        assert len(list(folder.iterdir())) == 19

        (sorted_to / "red").rename(sorted_to / "ruby")
        asked = answer_to_take_back(window, monkeypatch)
        when_open(lambda: press_undo(window))
        window.actions_by_name["undo_sort"].trigger()
        qtbot.waitUntil(lambda: bool(asked))
        idle(program, qtbot)
        assert asked == ["Moved or renamed after the sort: 6 photos. Undo these too?"]
        assert not sorted_to.exists() or not list(sorted_to.rglob("*.jpg"))
        assert len(list(folder.iterdir())) == 19


def test_a_filed_photo_follows_its_correction_and_goes_back_with_it(tmp_path: Path, qtbot: QtBot) -> None:
    folder, sorted_to = draw_folder(tmp_path / "photos"), tmp_path / "sorted"
    with running(tmp_path / "collection", qtbot) as program:
        for name in ("red", "green", "blue"):
            stored(program).classes.add(name)
        program.window.open_folder(folder)
        idle(program, qtbot)
        for name in ("red", "green", "blue"):
            drag_to(program, places(program, name), class_named(program, name))
        sort_into(program, sorted_to, qtbot)
        stored(program).settings.set(MOVE_SORTED_COPIES, "yes")
        wrong = [sorted_to / "red" / f"IMG_{number:03}_red.jpg" for number in range(2)]
        assert all(path.exists() for path in wrong)

        drag_to(program, places(program, "red")[:2], class_named(program, "blue"))
        idle(program, qtbot)
        assert not any(path.exists() for path in wrong)
        assert all((sorted_to / "blue" / path.name).exists() for path in wrong)

        program.window.actions_by_name["undo"].trigger()
        idle(program, qtbot)
        assert all(path.exists() for path in wrong)
        assert not any((sorted_to / "blue" / path.name).exists() for path in wrong)


@pytest.mark.parametrize(("answer", "stays"), [("No", True), ("Yes", False)])
def test_the_first_correction_of_a_sorted_photo_asks_before_the_copy_moves(
    tmp_path: Path, qtbot: QtBot, answer: str, stays: bool
) -> None:
    folder, sorted_to = draw_folder(tmp_path / "photos"), tmp_path / "sorted"
    with running(tmp_path / "collection", qtbot) as program:
        for name in ("red", "green", "blue"):
            stored(program).classes.add(name)
        program.window.open_folder(folder)
        idle(program, qtbot)
        for name in ("red", "green", "blue"):
            drag_to(program, places(program, name), class_named(program, name))
        sort_into(program, sorted_to, qtbot)
        copies = [sorted_to / "red" / f"IMG_{number:03}_red.jpg" for number in range(2)]
        asked = list[str]()

        def reply() -> None:
            box = QApplication.activeModalWidget()
            assert isinstance(box, QMessageBox)
            assert all(path.exists() for path in copies), "nothing moves before the answer"
            asked.append(box.text())
            box.button(getattr(QMessageBox.StandardButton, answer)).click()

        when_open(reply)
        drag_to(program, places(program, "red")[:1], class_named(program, "blue"))
        qtbot.waitUntil(lambda: bool(asked))
        idle(program, qtbot)
        drag_to(program, places(program, "red")[1:2], class_named(program, "blue"))
        idle(program, qtbot)
        assert asked == ["Also move the copies you sorted?"]
        assert [path.exists() for path in copies] == [stays, stays]
        assert stored(program).settings.get(MOVE_SORTED_COPIES) == answer.lower()


def test_the_numbers_of_a_plan_open_their_photos(tmp_path: Path, qtbot: QtBot) -> None:
    folder = draw_folder(tmp_path / "photos")
    with running(tmp_path / "collection", qtbot) as program:
        for name in ("red", "green", "blue"):
            stored(program).classes.add(name)
        program.window.open_folder(folder)
        idle(program, qtbot)
        for name in ("red", "green", "blue"):
            drag_to(program, places(program, name), class_named(program, name))
        program.window.actions_by_name["sort"].trigger()
        dialog = program.window.findChild(SortDialog)
        assert dialog is not None
        qtbot.waitUntil(lambda: dialog.plan is not None)
        line = next(item for i in range(4) if (item := dialog.tree.topLevelItem(i)) and item.text(0) == "green")
        dialog.tree.setCurrentItem(line)
        dialog.tree.setFocus()
        QTest.keyClick(dialog.tree, Qt.Key.Key_Return)
        assert not dialog.isVisible()
        shown = program.window.grid.model()
        assert shown.rowCount() == len(places(program, "green"))


def test_the_plan_of_a_sort_follows_suggestions_made_meanwhile(tmp_path: Path, qtbot: QtBot) -> None:
    folder = draw_folder(tmp_path / "photos")
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        program.window.actions_by_name["sort"].trigger()
        dialog = program.window.findChild(SortDialog, "sort_dialog")
        assert dialog is not None
        with qtbot.waitSignal(dialog.plan_requested):
            pass
        idle(program, qtbot)
        with qtbot.waitSignal(dialog.plan_requested):
            program.window.actions_by_name["rescan"].trigger()
        dialog.reject()


def sort_into(program: Program, destination: Path, qtbot: QtBot) -> None:
    window = program.window
    window.actions_by_name["sort"].trigger()
    dialog = window.findChild(SortDialog)
    assert dialog is not None
    field, file_button = (
        dialog.findChild(QLineEdit, "sort_destination"),
        dialog.findChild(QPushButton, "sort_file_button"),
    )
    assert isinstance(field, QLineEdit)
    assert isinstance(file_button, QPushButton)
    field.setText(str(destination))
    dialog.include.setCurrentIndex(dialog.include.findData(Include.ALL))
    qtbot.waitUntil(file_button.isEnabled)
    assert not destination.exists()  # a plan touches nothing
    QTest.mouseClick(file_button, Qt.MouseButton.LeftButton)
    idle(program, qtbot)


def press_undo(window: QWidget) -> None:
    question = window.findChild(QMessageBox, "undo_sort_question")
    assert isinstance(question, QMessageBox)
    question.defaultButton().click()


def answer_to_take_back(window: QWidget, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Press the button that takes photos back as soon as the question is asked; the questions asked so far."""
    asked: list[str] = []
    execute = QMessageBox.exec

    def answer(box: QMessageBox) -> int:
        if box.objectName() == "take_back_question":
            asked.append(box.text())
            QTimer.singleShot(0, box.buttons()[0].click)
        return execute(box)

    monkeypatch.setattr(QMessageBox, "exec", answer)
    return asked


def test_photos_dropped_on_new_class_make_one(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = draw_folder(tmp_path / "photos", 2)
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        monkeypatch.setattr(program.window.classes, "make", lambda *_asked: stored(program).classes.add("ruby"))
        drag_to(program, places(program, "red"), NEW_CLASS)
        ruby = class_named(program, "ruby")
        assert [each[0] for each in labels(program).values()] == [ruby, ruby]


def test_a_correction_while_the_folder_is_being_read_is_on_disk_at_once(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draw_folder(tmp_path / "photos", 3)
    gate = threading.Event()
    with running(tmp_path / "collection", qtbot) as program:
        red = stored(program).classes.add("red")
        hold_after_scan(monkeypatch, gate)
        program.window.open_folder(folder)
        qtbot.waitUntil(lambda: program.photos.rowCount() == 10)
        show_stored(program)
        wanted = places(program, "red")
        drag_to(program, wanted, red.id)
        stored(program)
        assert set(program.window.folder._pending.items()) == set(wanted)
        assert stored(program).pending_labels.all() == dict.fromkeys(wanted, red.id)
        gate.set()
        idle(program, qtbot)
        assert [each for each, _ in labels(program).values()] == [red.id] * 3
        assert stored(program).pending_labels.all() == {}
        program.session.undo_stack.undo()
        assert labels(program) == {}
        program.session.undo_stack.redo()
        assert [each for each, _ in labels(program).values()] == [red.id] * 3


def hold_after_scan(monkeypatch: pytest.MonkeyPatch, gate: threading.Event) -> None:
    """Let the labelling job stop after the scan until the gate opens."""

    def held(engine: Engine, request: PredictFolderRequest, report: Report, cancel: CancelToken) -> object:
        def tell(news: object) -> None:
            report(news)
            if isinstance(news, FolderScanned):
                while not gate.wait(0.005):
                    cancel.check()

        return predict_folder(engine, request, tell, cancel)

    monkeypatch.setattr("flowersorter.workflows.predicting.predict_folder.predict_folder", held)


def test_a_stopped_scan_says_how_much_is_left_and_goes_on(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, gate = draw_folder(tmp_path / "photos", 2), threading.Event()
    (folder / "broken.jpg").unlink()
    with running(tmp_path / "collection", qtbot) as program:
        hold_after_scan(monkeypatch, gate)
        program.window.open_folder(folder)
        bar = program.window.job_bar
        qtbot.waitUntil(lambda: program.photos.rowCount() == 6 and bar.busy)
        QTest.mouseClick(bar.cancel, Qt.MouseButton.LeftButton)
        idle(program, qtbot)
        assert bar.message.text() == "Stopped: 6 photos have no suggestion yet."
        assert (bar.links[0].text(), bar.links[0].accessibleName()) == ("Go on", "Go on")
        gate.set()
        QTest.mouseClick(bar.links[0], Qt.MouseButton.LeftButton)
        idle(program, qtbot)
        assert int(PseudoClass.WAITING) not in program.photos.columns.counts()
        assert not bar.message.text().startswith("Stopped")


def test_closing_during_a_job_loses_nothing(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = draw_folder(tmp_path / "photos", 2)
    with running(tmp_path / "collection", qtbot) as program:
        red = stored(program).classes.add("red")
        hold_after_scan(monkeypatch, threading.Event())
        program.window.open_folder(folder)
        qtbot.waitUntil(lambda: program.photos.rowCount() == 7)
        program.window.labels.assign(places(program, "red"), red.id)
        assert program.queue.busy
        program.window.close()
        assert not program.window.isVisible()
    with running(tmp_path / "collection", qtbot) as program:  # the collection is not locked any more
        monkeypatch.undo()
    with CollectionStore.open(tmp_path / "collection") as collection:
        assert collection.settings.get(LAST_FOLDER) == str(folder)


def test_what_was_said_before_the_window_closed_becomes_a_label_the_next_time(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draw_folder(tmp_path / "photos", 2)
    with monkeypatch.context() as patched, running(tmp_path / "collection", qtbot) as program:
        red = stored(program).classes.add("red")
        hold_after_scan(patched, threading.Event())
        program.window.open_folder(folder)
        qtbot.waitUntil(lambda: program.photos.rowCount() == 7)
        program.window.labels.assign(places(program, "red"), red.id)
    with running(tmp_path / "collection", qtbot) as program:  # opens the last folder by itself
        idle(program, qtbot)
        assert [each for each, _ in labels(program).values()] == [red.id] * 2


def test_retrain_while_the_folder_is_read_comes_first_and_the_reading_goes_on(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = draw_folder(tmp_path / "photos", 4)
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        for name in ("red", "green"):
            made = stored(program).classes.add(name)
            program.window.labels.assign(places(program, name)[:2], made.id)
        gate = threading.Event()
        hold_after_scan(monkeypatch, gate)
        program.window.folder.rescan()
        finished: list[str] = []
        program.window.training.trained.connect(lambda: finished.append("trained"))
        program.window.training.trained.connect(gate.set)
        program.window.folder.labelled.connect(lambda: finished.append("labelled"))
        qtbot.waitUntil(lambda: program.window.job_bar.busy)
        program.window.training.start()
        idle(program, qtbot)
        assert finished == ["trained", "labelled"]
        assert predictions(program, "red") == {"red"}
