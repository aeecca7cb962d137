"""Evaluating in the window: from the button to the photos behind a figure, the learning curve and the saved report."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.atomic_write import write_atomically
from flowersorter.jobs import CancelToken, Report
from flowersorter.ui.evaluation import evaluation_controller as controller
from flowersorter.ui.evaluation.evaluation_dialog import EvaluationDialog
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.charts.builders import confidence_parts
from flowersorter.workflows.evaluation.learning_curve import LearningCurveRequest
from flowersorter.workflows.labelling.set_labels import assign
from tests.qt.program import draw_folder, idle, places, running, show_stored, stored
from tests.starter_classes import delete_starter_classes


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """A collection of 24 photos in three classes, labelled right but for one red one that is called blue."""
    folder = draw_folder(tmp_path / "photos", each=8)
    with running(tmp_path / "collection", qtbot) as made:
        made.window.open_folder(folder)
        idle(made, qtbot)
        delete_starter_classes(stored(made))
        for name in ("red", "green", "blue"):
            photo_ids = [stored(made).photos.place(each).photo_id for each in places(made, f"_{name}")]
            assign(made.collection, [each for each in photo_ids if each], stored(made).classes.add(name).id)
        wrong = stored(made).photos.place(places(made, "_red")[0]).photo_id
        blue = stored(made).classes.find("blue")
        assert wrong is not None
        assert blue is not None
        assign(made.collection, [wrong], blue.id)
        show_stored(made)
        idle(made, qtbot)
        yield made


def evaluated(program: Program, qtbot: QtBot) -> EvaluationDialog:
    program.window.actions_by_name["evaluate"].trigger()
    idle(program, qtbot)
    [dialog] = [each for each in program.window.findChildren(EvaluationDialog) if each.isVisible()]
    return dialog


def press(button: QPushButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_figure_opens_its_photos_in_the_grid(program: Program, qtbot: QtBot) -> None:
    dialog = evaluated(program, qtbot)
    assert dialog.headline.text().startswith("Accuracy about 96 % (between ")
    press(dialog.wrong_button)
    assert program.photos.filter.places == frozenset(places(program, "_red")[:1])
    assert program.photos.rowCount() == 1

    dialog.pages.setCurrentIndex(2)
    chart = dialog.sureness.histogram
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(chart, Qt.Key.Key_End)
    QTest.keyClick(chart, Qt.Key.Key_Return)
    bar, right = confidence_parts(dialog.evaluation.histogram)[chart.marks - 1]
    assert right
    assert program.photos.rowCount() == bar.right


def test_the_learning_curve_comes_from_a_job(program: Program, qtbot: QtBot) -> None:
    dialog = evaluated(program, qtbot)
    dialog.pages.setCurrentIndex(3)
    press(dialog.learning.start_button)
    qtbot.waitUntil(lambda: dialog.learning.curve is not None)
    chart, curve = dialog.learning.chart, dialog.learning.curve
    assert chart is not None
    assert curve is not None
    assert chart.hasFocus()
    QTest.keyClick(chart, Qt.Key.Key_End)
    QTest.keyClick(chart, Qt.Key.Key_Return)
    assert program.photos.filter.places == frozenset(curve.points[-1].wrong.tolist())
    assert set(places(program, "_red")[:1]) <= (program.photos.filter.places or set())


def waits_for_ever(engine: Engine, request: LearningCurveRequest, report: Report, cancel: CancelToken) -> None:
    del request, report
    while True:
        cancel.check()


@pytest.mark.parametrize("how", ["stop", "close"])
def test_measuring_the_curve_can_be_stopped(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(controller, "learning_curve", waits_for_ever)
    dialog = evaluated(program, qtbot)
    dialog.pages.setCurrentIndex(3)
    press(dialog.learning.start_button)
    qtbot.waitUntil(program.window.job_bar.isVisible)
    press(dialog.learning.stop_button if how == "stop" else dialog.close_button)
    idle(program, qtbot)
    assert dialog.learning.curve is None
    assert dialog.isVisible() == (how == "stop")
    assert dialog.learning.start_button.isVisible() == (how == "stop")


@pytest.mark.parametrize(("action", "name"), [("save_page", "how good.html"), ("save_tables", "how good.csv")])
def test_the_report_is_saved_by_a_job_and_can_be_opened(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, name: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / name), ""))
    dialog = evaluated(program, qtbot)
    getattr(dialog.save_menu, action).trigger()
    idle(program, qtbot)
    assert str(tmp_path / name) in program.window.job_bar.message.text()
    assert "IMG_000_red.jpg" in (tmp_path / name).read_text(encoding="utf-8")
    press_link = program.window.job_bar.links[0]
    press_link.click()
    assert opened == [str(tmp_path / name)]


def test_a_picture_is_saved_by_a_job(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_in = list[threading.Thread]()

    def noted(file: Path, data: bytes) -> None:
        written_in.append(threading.current_thread())
        write_atomically(file, data)

    monkeypatch.setattr("flowersorter.workflows.evaluation.report.write_atomically", noted)
    dialog = evaluated(program, qtbot)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "figures.png"), ""))
    dialog.save_menu.save_png.trigger()
    idle(program, qtbot)
    assert not QImage(str(tmp_path / "figures.png")).isNull()
    assert program.window.job_bar.message.text() == f"Saved as {tmp_path / 'figures.png'}."
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no folder" / "it.svg"), ""))
    dialog.save_menu.save_svg.trigger()
    idle(program, qtbot)
    (box,) = program.window.findChildren(ErrorDialog)
    assert "it.svg was not written" in box.said[0]
    assert box.said[1]
    box.close()
    assert threading.main_thread() not in written_in


def test_a_second_evaluation_takes_the_place_of_the_first(program: Program, qtbot: QtBot) -> None:
    first = evaluated(program, qtbot)
    second = evaluated(program, qtbot)
    assert second is not first
    assert len([each for each in program.window.findChildren(EvaluationDialog) if each.isVisible()]) == 1
