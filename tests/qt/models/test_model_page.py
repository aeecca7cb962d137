"""The model time machine in the window: go back, compare, note, delete, prune; nothing runs in the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.errors import ModelFileBad
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.models.model_table import ModelEntry
from flowersorter.ui.models import models_controller as controller
from flowersorter.ui.models.model_dialogs import NoteDialog, PruneDialog
from flowersorter.ui.models.model_page import ModelPage
from flowersorter.ui.preferences.preferences_dialog import PreferencesDialog
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model
from flowersorter.workflows.exchange.import_model import ImportRequest, import_model
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import use_model_instead
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, retrain, train_folder
from tests.drawing import write_classes
from tests.qt.dialogs import when_asked
from tests.qt.program import class_named, draw_folder, idle, running, stored


@dataclass(frozen=True)
class Kept:
    """A program with three models: a good one, one that mixes up red and blue, and a good one again, in use."""

    program: Program
    good: int
    bad: int
    last: int

    @property
    def dialog(self) -> PreferencesDialog:
        found = self.program.window.findChild(PreferencesDialog)
        assert isinstance(found, PreferencesDialog)
        return found

    @property
    def page(self) -> ModelPage:
        return self.dialog.models


@pytest.fixture
def kept(tmp_path: Path, qtbot: QtBot) -> Iterator[Kept]:
    write_classes(tmp_path / "sorted", {"red": 8, "green": 8, "blue": 8}, size=(100, 75))
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as program:
        idle(program, qtbot)
        engine = program.engine
        request = TrainFolderRequest(tmp_path / "sorted")
        good = train_folder(engine, request, silent, CancelToken()).model_id
        swap(program)
        bad = again(program)
        swap(program)
        last = again(program)
        program.window.folder.rescan()
        idle(program, qtbot)
        program.window.actions_by_name["models"].trigger()
        stored(program)
        yield Kept(program, good, bad, last)


def again(program: Program) -> int:
    return retrain(program.engine, RetrainRequest(), silent, CancelToken()).model_id


def swap(program: Program) -> None:
    """Call every red blue and every blue red."""
    red, blue = class_named(program, "red"), class_named(program, "blue")
    labels = stored(program).labels.all()
    for old, new in ((red, blue), (blue, red)):
        assign(program.collection, [photo_id for photo_id, each in labels.items() if each.class_id == old], new)


def pick(page: ModelPage, model_id: int | None) -> None:
    tree = page.list
    items = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    item = next(each for each in items if each is not None and each.data(0, Qt.ItemDataRole.UserRole) == model_id)
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualItemRect(item).center())


def rows(page: ModelPage) -> list[list[str]]:
    items = [page.list.topLevelItem(row) for row in range(page.list.topLevelItemCount())]
    return [[item.text(column) for column in range(page.list.columnCount())] for item in items if item is not None]


def click(widget: QAbstractButton) -> None:
    assert widget.isEnabled(), widget.objectName()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))


def answer(page: ModelPage, name: str) -> None:
    """Press a button of the question that is open."""
    window = page.window()
    found = window.findChild(QAbstractButton, name)
    assert found is not None
    found.click()


def in_collection(program: Program) -> dict[int, ModelEntry]:
    return {entry.id: entry for entry in stored(program).models.all()}


def test_every_model_is_listed_with_what_is_known_of_it(kept: Kept) -> None:
    listed = rows(kept.page)
    assert len(listed) == 4
    assert listed[1][0].endswith("(in use)")
    assert [each[2] for each in listed[1:]] == ["3: blue, green, red"] * 3
    assert [each[4:] for each in listed[1:]] == [["24", "100 %"]] * 3


def test_going_back_is_one_click_and_the_photos_follow(
    kept: Kept, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, page = kept.program, kept.page
    seen: list[threading.Thread] = []

    def watched(engine: Engine, model_id: int | None) -> int | None:
        seen.append(threading.current_thread())
        return use_model_instead(engine, model_id)

    monkeypatch.setattr(controller, "use_model_instead", watched)
    pick(page, kept.bad)
    click(page.use_button)
    assert not page.compare_button.isEnabled()  # one thing at a time
    idle(program, qtbot)
    assert len(seen) == 1
    assert threading.main_thread() not in seen
    current = stored(program).models.current()
    assert current is not None
    assert current.id == kept.bad
    assert rows(page)[2][0].endswith("(in use)")
    columns = program.photos.columns
    reds = ["red" in path.name for path in columns.paths]
    told = {int(c) for c, red in zip(columns.class_ids, reds, strict=True) if red}
    assert told == {class_named(program, "blue")}
    program.window.job_bar.links[0].click()  # and back again
    idle(program, qtbot)
    current = stored(program).models.current()
    assert current is not None
    assert current.id == kept.last
    assert len(seen) == 2


def test_every_number_of_a_comparison_opens_its_photos(kept: Kept, qtbot: QtBot) -> None:
    program, page = kept.program, kept.page
    pick(page, kept.bad)
    click(page.compare_button)
    idle(program, qtbot)
    view = page.comparison
    assert view.isVisible()
    assert view.changed_button.text() == "28 changed"  # 8 reds and 8 blues that taught it, 6 and 6 of the folder
    assert "28 of 42 photos" in view.summary.text()
    assert view.worse_button.text() == "16 worse"
    assert not view.better_button.isEnabled()
    click(view.changed_button)
    filter_ = program.photos.filter
    assert filter_.places is not None
    assert len(filter_.places) == 28
    assert program.photos.rowCount() == 12  # those of the open folder
    assert program.window.job_bar.message.text() == "In other folders: 16."
    assert kept.dialog.isVisible()
    moves = view.moves
    assert moves.topLevelItemCount() == 2
    first = moves.topLevelItem(0)
    assert first is not None
    assert {first.text(0), first.text(1)} == {"red", "blue"}
    QTest.mouseClick(moves.viewport(), Qt.MouseButton.LeftButton, pos=moves.visualItemRect(first).center())
    shown = {program.photos.index(row).data() for row in range(program.photos.rowCount())}
    assert shown == {f"IMG_{number:03}_{first.text(0)}.jpg" for number in range(6)}


def test_the_other_way_round_it_is_better(kept: Kept, qtbot: QtBot) -> None:
    page = kept.page
    pick(page, kept.bad)
    click(page.use_button)
    idle(kept.program, qtbot)
    pick(page, kept.good)
    click(page.compare_button)
    idle(kept.program, qtbot)
    assert page.comparison.better_button.text() == "16 better"
    assert not page.comparison.worse_button.isEnabled()
    assert (
        "Of 24 photos with a label, this model gets 24 right and the model in use gets 8."
        in page.comparison.judged.text()
    )


def test_a_comparison_goes_when_another_model_is_used(kept: Kept, qtbot: QtBot) -> None:
    page = kept.page
    pick(page, kept.bad)
    click(page.compare_button)
    idle(kept.program, qtbot)
    click(page.use_button)
    idle(kept.program, qtbot)
    assert not page.comparison.isVisible()


def test_a_note_is_kept_and_shown(kept: Kept, qtbot: QtBot) -> None:
    page = kept.page
    pick(page, kept.good)

    def write(dialog: NoteDialog) -> None:
        QTest.keyClicks(dialog.field, "before the dahlias")
        QTest.keyClick(dialog.field, Qt.Key.Key_Return)

    when_asked(NoteDialog, write)
    click(page.note_button)
    idle(kept.program, qtbot)
    assert in_collection(kept.program)[kept.good].note == "before the dahlias"
    assert rows(page)[3][1] == "before the dahlias"
    assert page.note_button.isEnabled()  # the same one is still picked


def test_deleting_asks_and_spares_the_one_in_use_and_the_starter(kept: Kept, qtbot: QtBot) -> None:
    page = kept.page
    for spared in (kept.last, None):
        pick(page, spared)
        assert not page.delete_button.isEnabled()
    pick(page, kept.bad)
    click(page.delete_button)
    question = QApplication.activeModalWidget()
    assert isinstance(question, QDialog)
    QTest.keyClick(question, Qt.Key.Key_Return)  # Cancel is the default
    assert kept.bad in in_collection(kept.program)
    click(page.delete_button)
    answer(page, "delete_model_button")
    idle(kept.program, qtbot)
    assert kept.bad not in in_collection(kept.program)
    assert len(rows(page)) == 3


def test_pruning_shows_first_what_goes(kept: Kept, qtbot: QtBot) -> None:
    page = kept.page
    shown: list[tuple[str, int]] = []

    def look(dialog: PruneDialog) -> None:
        for keep in (2, 1, 0):
            dialog.count.setValue(keep)
            shown.append((dialog.ok_button.text(), dialog.list.count()))
        assert dialog.cancel_button.isDefault()
        dialog.count.setValue(1)
        click(dialog.ok_button)

    when_asked(PruneDialog, look)
    click(page.prune_button)
    idle(kept.program, qtbot)
    assert shown == [("&Delete 0 models", 0), ("&Delete 1 model", 1), ("&Delete 2 models", 2)]
    assert set(in_collection(kept.program)) == {kept.bad, kept.last}


def test_a_model_whose_file_is_damaged_is_refused_in_a_sentence(kept: Kept, qtbot: QtBot) -> None:
    (kept.program.collection.folder / "models" / f"{kept.bad}.safetensors").write_bytes(b"not a model")
    pick(kept.page, kept.bad)
    for button in (kept.page.use_button, kept.page.compare_button):
        click(button)
        idle(kept.program, qtbot)
        box = next(each for each in kept.program.window.findChildren(ErrorDialog) if each.isVisible())
        assert box.said[0]
        assert box.said[1]
        box.close()
    assert kept.page.use_button.isEnabled()
    current = stored(kept.program).models.current()
    assert current is not None
    assert current.id == kept.last


def test_a_training_while_it_is_open_adds_its_model(kept: Kept, qtbot: QtBot) -> None:
    pick(kept.page, kept.bad)
    kept.program.window.actions_by_name["retrain"].trigger()
    idle(kept.program, qtbot)
    assert len(rows(kept.page)) == 5
    assert rows(kept.page)[1][0].endswith("(in use)")


def test_it_opens_once_and_closes_during_a_comparison(
    kept: Kept, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = kept.program
    program.window.actions_by_name["preferences"].trigger()
    stored(program)
    assert len(program.window.findChildren(PreferencesDialog)) == 1
    started = threading.Event()

    def slow(_engine: object, _request: object, _report: object, cancel: CancelToken) -> None:
        started.set()
        while True:
            cancel.check()

    monkeypatch.setattr(controller, "compare", slow)
    pick(kept.page, kept.bad)
    click(kept.page.compare_button)
    qtbot.waitUntil(started.is_set)
    kept.dialog.close()
    idle(program, qtbot)


def test_an_error_of_a_model_that_is_gone_is_one_sentence(
    kept: Kept, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_each: object) -> None:
        raise ModelFileBad("There is no model 7")

    monkeypatch.setattr(controller, "delete_model", gone)
    pick(kept.page, kept.bad)
    click(kept.page.delete_button)
    answer(kept.page, "delete_model_button")
    idle(kept.program, qtbot)
    box = next(each for each in kept.program.window.findChildren(ErrorDialog) if each.isVisible())
    assert box.said[0] == "There is no model 7"
    box.close()


def test_retrain_asks_before_it_replaces_a_model_from_elsewhere(kept: Kept, qtbot: QtBot, tmp_path: Path) -> None:
    program, engine, file = kept.program, kept.program.engine, tmp_path / "colours.safetensors"
    export_model(engine, ExportRequest(file), silent, CancelToken())
    imported = import_model(engine, ImportRequest(file, use=True), silent, CancelToken()).model_id
    program.window.actions_by_name["retrain"].trigger()
    idle(program, qtbot)
    message = program.window.job_bar.message.text()
    assert "Accuracy about 100 %" in message
    assert "Your imported model gets 100 % and stays in use until you decide." in message
    assert engine.collection.models.current() == in_collection(program)[imported]
    assert program.window.job_bar.links[0].text() == "Use the new one"
    program.window.job_bar.links[0].click()
    idle(program, qtbot)
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == max(in_collection(program))


def test_a_worse_model_waits_until_it_is_wanted(kept: Kept, qtbot: QtBot) -> None:
    program, draw = kept.program, np.random.default_rng(0)
    classes = [each.id for each in stored(program).classes.all()]
    for photo_id in stored(program).labels.all():  # somebody's cat walks over the keyboard
        assign(program.collection, [photo_id], int(draw.choice(classes)))
    program.window.actions_by_name["retrain"].trigger()
    idle(program, qtbot)
    assert "The new version was less accurate, so the previous one was kept." in program.window.job_bar.message.text()
    worse = max(in_collection(program))
    assert in_collection(program)[kept.last].current
    pick(kept.page, worse)
    click(kept.page.delete_button)
    answer(kept.page, "delete_model_button")
    idle(program, qtbot)
    program.window.training._use_refused()  # its offer still stands in the bar, and what it offers is gone
    stored(program)
    box = next(each for each in program.window.findChildren(ErrorDialog) if each.isVisible())
    assert box.said[0] == f"There is no model {worse}"
    box.close()
    assert in_collection(program)[kept.last].current
