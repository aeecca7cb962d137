"""Deep training in the window: what is asked, the curve while it runs, and what is said in the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QRadioButton
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.figures import Epoch
from flowersorter.errors import DeviceUnavailable
from flowersorter.jobs import CancelToken, Progress, Report, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.ui.shared.charts.chart import Chart
from flowersorter.ui.shared.charts.scene_painter import colour_of
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.ui.training import finetune_controller as controller_module
from flowersorter.ui.training.finetune_dialog import FinetuneDialog, duration_in_words
from flowersorter.vision.features.views import CENTRE
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.charts.builders import epoch_scene
from flowersorter.workflows.evaluation.charts.scene import Point, Role
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import starter
from flowersorter.workflows.training.finetune import FinetuneRequest, FinetuneResult
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.qt.program import draw_folder, idle, running, show_stored, stored
from tests.stuck import LIMIT_S
from tests.tiny_network import PATTERNS, draw_stripes, tiny_among_the_backbones

Training = Callable[[Engine, FinetuneRequest, Report, CancelToken], FinetuneResult]


def epochs(*right: int, of: int = 6) -> tuple[Epoch, ...]:
    """So many of 50 held-out photos right, before the first and after each epoch."""
    found: list[Epoch] = []
    for number, each in enumerate(right):
        best = all(each > other.held_out_right for other in found[1:])
        found.append(Epoch(number, of, 0.5, 1 - each / 50, each, 50, best=best, seconds=10.0 * number))
    return tuple(found)


def result(
    model_id: int = 1, *, current: bool = True, lost: tuple[str, ...] = (), stopped: bool = False
) -> FinetuneResult:
    return FinetuneResult(
        model_id=model_id,
        backbone="resnet50-tuned-1",
        classes=("daisy", "roses"),
        photos=300,
        held_out=50,
        held_out_accuracy=0.96,
        frozen_accuracy=0.9,
        before=0.91,
        made_current=current,
        lost_classes=lost,
        replaces_import=False,
        epochs=epochs(45, 47, 48, 46),
        best=2,
        stopped=stopped,
        seconds=240.0,
        gone=0,
    )


@pytest.fixture
def dialog(qtbot: QtBot) -> FinetuneDialog:
    made = FinetuneDialog(300, lambda unfreeze, epochs: 20.0 * (unfreeze + 1) * epochs)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def radio(dialog: FinetuneDialog, unfreeze: int) -> QRadioButton:
    found = dialog.findChild(QRadioButton, f"deep_unfreeze_{unfreeze}")
    assert found is not None
    return found


def test_what_takes_longer_says_so_before_it_starts(dialog: FinetuneDialog) -> None:
    assert dialog.unfreeze == 1
    assert dialog.duration.text() == "Takes about 8 minutes for 300 photos"
    radio(dialog, 2).click()
    assert dialog.duration.text() == "Takes about 12 minutes for 300 photos"
    dialog.epochs.setValue(60)
    assert dialog.duration.text() == "Takes about 1.0 hours for 300 photos"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "Takes less than a minute"),
        (61, "Takes about a minute"),
        (200, "Takes about 3 minutes"),
        (5400, "Takes about 1.5 hours"),
    ],
)
def test_time_in_plain_words(seconds: float, words: str, qapp: object) -> None:
    del qapp
    assert duration_in_words(seconds) == words


def test_what_was_chosen_is_asked_for(dialog: FinetuneDialog, qtbot: QtBot) -> None:
    radio(dialog, 0).click()
    dialog.epochs.setValue(9)
    with qtbot.waitSignal(dialog.start_requested) as asked:
        QTest.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    assert asked.args == [0, 9]


def test_while_it_runs_only_stopping_is_offered_and_it_says_what_is_kept(dialog: FinetuneDialog, qtbot: QtBot) -> None:
    assert not dialog.stop.isEnabled()
    dialog.begin()
    assert not dialog.start.isEnabled()
    assert not radio(dialog, 1).isEnabled()
    assert dialog.stop.text().replace("&", "") == "Stop"
    first, second, third = epochs(45, 47, 46)
    dialog.show_epoch(first)
    assert dialog.stop.text().replace("&", "") == "Stop", "there is nothing to keep yet"
    dialog.show_progress(Progress("Deep training, epoch 1 of 6", 32, 300))
    assert dialog.news.text() == "Deep training, epoch 1 of 6: 32 of 300"
    dialog.show_epoch(second)
    assert dialog.stop.text().replace("&", "") == "Stop and keep the best epoch"
    dialog.show_epoch(third)
    assert dialog.chart.marks == 3
    with qtbot.waitSignal(dialog.stop_requested):
        QTest.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    assert not dialog.stop.isEnabled()
    dialog.show_progress(Progress("Deep training, epoch 2 of 6", 64, 300))
    assert dialog.news.text() == "Stopping…"
    dialog.end("Done.")
    assert dialog.start.isEnabled()
    assert not dialog.stop.isEnabled()
    assert dialog.message.text == "Done."


def test_the_curve_says_its_points_and_marks_the_best(qtbot: QtBot) -> None:
    chart = Chart("epoch_chart", epoch_scene((), 6))
    qtbot.addWidget(chart)
    chart.resize(500, 300)
    assert chart.marks == 0
    chart.grab()  # an empty one is drawn too
    chart.show_scene(epoch_scene(epochs(40, 47, 48, 46), 6))
    assert chart.sentence(0) == "Before the first epoch 40 of 50 photos were right (80 %)"
    assert chart.sentence(2) == "After epoch 2, 48 of 50 photos were right (96 %); it is kept"
    assert "kept" not in chart.sentence(1)
    picture = chart.grab().toImage()
    plot = chart.plot()

    def colour_at(point: Point, of: QImage) -> str:
        scale = of.devicePixelRatio()
        return of.pixelColor(round(point[0] * scale), round(point[1] * scale)).name()

    right = colour_of(Role.RIGHT, chart.palette()).name()
    assert colour_at(plot.at((2, 0.96)), picture) == right
    assert colour_at(plot.at((3, 0.92)), picture) != right
    assert chart.mark_at(QPointF(*plot.at((2, 0.96)))) == 2


# -- in the window


def test_a_real_training_speaks_in_the_window_and_photos_are_embedded_anew_in_the_background(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The few held-out photos cannot show that it helps.
    monkeypatch.setattr("flowersorter.workflows.training.finetune.not_better", lambda *_: None)
    collection, photos = tmp_path / "collection", tmp_path / "photos"
    for name in PATTERNS:
        draw_stripes(tmp_path / "stripes", name, 8)
        draw_stripes(photos, name, 3, first=100)
        for path in list((photos / name).iterdir()):  # else the folders' names were labels
            path.rename(photos / path.name)
    with tiny_among_the_backbones(tmp_path, monkeypatch):
        with Engine(CollectionStore.open(collection)) as engine:
            train_folder(engine, TrainFolderRequest(tmp_path / "stripes", False, "cpu", "tiny"), silent, CancelToken())
        with running(collection, qtbot, photos, real_network=True) as program:
            idle(program, qtbot)
            known, hashes = stored(program).photos.hashes(program.photos.columns.photo_ids)
            assert len(known) == 6
            program.window.actions_by_name["deep_train"].trigger()
            dialog = program.window.on_demand.deep._dialog
            assert dialog is not None
            dialog.epochs.setValue(1)
            dialog.start.click()
            qtbot.waitUntil(lambda: dialog.message.text != "")
            assert "Learned from 16 photos. Epoch 1 was kept." in dialog.message.text
            idle(program, qtbot)
            assert stored(program).settings.get(BACKBONE) == "tiny-tuned-1"
            assert not list(program.collection.embeddings("tiny-tuned-1").missing(hashes, CENTRE))
            assert (program.photos.columns.class_ids > 0).all()


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    folder = draw_folder(tmp_path / "photos", 2)
    with running(tmp_path / "collection", qtbot, folder) as started:
        idle(started, qtbot)
        photo_ids = started.photos.columns.photo_ids
        class_id = started.window.classes.classes[0].id
        assign(started.collection, [int(photo_id) for photo_id in photo_ids if photo_id][:3], class_id)
        show_stored(started)
        yield started


def opened(program: Program, monkeypatch: pytest.MonkeyPatch, training: Training) -> FinetuneDialog:
    monkeypatch.setattr(controller_module, "finetune", training)
    action = program.window.actions_by_name["deep_train"]
    action.setEnabled(True)
    action.trigger()
    found = program.window.on_demand.deep._dialog
    assert found is not None
    assert found.isVisible()
    return found


def test_without_a_label_there_is_nothing_to_train(tmp_path: Path, qtbot: QtBot) -> None:
    with running(tmp_path / "collection", qtbot) as program:
        idle(program, qtbot)
        assert not program.window.actions_by_name["deep_train"].isEnabled()


def test_it_runs_with_what_was_chosen_and_the_folder_is_looked_at_again(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[FinetuneRequest] = []

    def training(engine: Engine, request: FinetuneRequest, report: Report, cancel: CancelToken) -> FinetuneResult:
        asked.append(request)
        for each in epochs(45, 47, 48, 46):
            report(each)
        return result()

    dialog = opened(program, monkeypatch, training)
    assert "3 photos" in dialog.duration.text()
    radio(dialog, 2).click()
    with qtbot.waitSignal(program.window.on_demand.predictions_outdated):
        dialog.start.click()
    idle(program, qtbot)
    assert (asked[0].unfreeze, asked[0].epochs, asked[0].folder) == (2, 12, None)
    assert dialog.chart.marks == 4
    said = "Learned from 300 photos. Epoch 2 was kept. Accuracy 96 % on 50 photos it had not seen"
    assert said in dialog.message.text
    assert "(was 90 %)" in dialog.message.text


def test_stopping_asks_the_job_and_says_what_is_kept(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def training(engine: Engine, request: FinetuneRequest, report: Report, cancel: CancelToken) -> FinetuneResult:
        for each in epochs(45, 47):
            report(each)
        while not cancel._event.wait(0.05):
            report(Progress("Deep training, epoch 2 of 6", 0, 300))
        return result(stopped=True)

    dialog = opened(program, monkeypatch, training)
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.chart.marks == 2)
    program.window.actions_by_name["deep_train"].trigger()
    assert program.window.on_demand.deep._dialog is dialog, "the one that runs is shown again"
    dialog.stop.click()
    idle(program, qtbot)
    assert "Stopped. Epoch 2 was kept." in dialog.message.text


def test_stopping_too_early_says_that_nothing_changed(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def training(engine: Engine, request: FinetuneRequest, report: Report, cancel: CancelToken) -> FinetuneResult:
        begun.set()
        assert cancel._event.wait(LIMIT_S)
        cancel.check()
        raise AssertionError

    dialog = opened(program, monkeypatch, training)
    dialog.start.click()
    qtbot.waitUntil(begun.is_set)
    dialog.stop.click()
    idle(program, qtbot)
    assert dialog.message.text == "Stopped. Nothing was changed."
    assert dialog.start.isEnabled()


def test_a_problem_is_said_where_the_person_looks(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def training(engine: Engine, request: FinetuneRequest, report: Report, cancel: CancelToken) -> FinetuneResult:
        raise DeviceUnavailable("There is not enough memory for deep training", "not even one photo fits")

    dialog = opened(program, monkeypatch, training)
    dialog.start.click()
    idle(program, qtbot)
    assert "There is not enough memory for deep training: not even one photo fits." in dialog.message.text
    assert not program.window.findChildren(ErrorDialog)
    dialog.close()
    dialog.start.click()
    idle(program, qtbot)
    [box] = program.window.findChildren(ErrorDialog)
    box.close()


@pytest.mark.parametrize("lost", [(), ("tulips",)])
def test_a_model_that_waits_can_be_used_anyway(
    lost: tuple[str, ...], program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id = stored(program).models.add(*starter().model.to_bundle())
    dialog = opened(program, monkeypatch, lambda *_: result(model_id, current=False, lost=lost))
    dialog.start.click()
    idle(program, qtbot)
    why = (
        "It doesn't know tulips, so the previous model"
        if lost
        else "The new version was less accurate, so the previous one"
    )
    assert f"{why} was kept." in dialog.message.text
    assert stored(program).models.current() is None
    with qtbot.waitSignal(program.window.on_demand.predictions_outdated):
        QTest.mouseClick(program.window.job_bar.links[0], Qt.MouseButton.LeftButton)
    current = stored(program).models.current()
    assert current is not None
    assert current.id == model_id
    idle(program, qtbot)
