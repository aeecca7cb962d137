"""The evaluation dialog: figures in words, and the photos behind every number by mouse and key."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QTableView
from pytestqt.qtbot import QtBot

from flowersorter.errors import UserError
from flowersorter.ui import evaluation_dialog
from flowersorter.ui.class_scores import Column
from flowersorter.ui.confusion_matrix import heat
from flowersorter.ui.evaluation_dialog import EvaluationDialog
from flowersorter.workflows.evaluate import CalibrationBin, Evaluation

TRUE = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
PREDICTED = [0, 0, 0, 1, 1, 1, 2, 1, 1, 2]
NAMES = ("daisy", "roses", "tulips")


def evaluation(classes: int = 3) -> Evaluation:
    """Ten photos, seven right; place ids from 101 on, the last photo nowhere; further classes have no photos."""
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (TRUE, PREDICTED), 1)
    found, guessed = confusion.sum(axis=1), confusion.sum(axis=0)
    nothing = np.full(classes, np.nan)
    places = np.arange(101, 111, dtype=np.int64)
    places[-1] = 0
    return Evaluation(
        accuracy=0.7,
        interval=(0.4, 0.89),
        class_ids=tuple(range(1, classes + 1)),
        class_names=(*NAMES, *(f"a class with a long name {number}" for number in range(3, classes))),
        confusion=confusion,
        recall=np.divide(confusion.diagonal(), found, out=nothing.copy(), where=found > 0),
        precision=np.divide(confusion.diagonal(), guessed, out=nothing.copy(), where=guessed > 0),
        calibration_error=0.05,
        bins=(CalibrationBin(0.5, 0.6, 2, 0.55, 0.5), CalibrationBin(0.8, 0.9, 8, 0.85, 0.75)),
        photo_ids=np.arange(1, 11, dtype=np.int64),
        place_ids=places,
        true=np.array(TRUE, np.intp),
        predicted=np.array(PREDICTED, np.intp),
        confidences=np.full(10, 0.8, np.float32),
        seen=0,
        how="10 photos with a label",
    )


Opened = Callable[[Evaluation], EvaluationDialog]


@pytest.fixture
def opened(qtbot: QtBot) -> Opened:
    def make(of: Evaluation) -> EvaluationDialog:
        dialog = EvaluationDialog(of)
        qtbot.addWidget(dialog)
        with qtbot.waitExposed(dialog):
            dialog.show()
        return dialog

    return make


@pytest.fixture
def dialog(opened: Opened) -> EvaluationDialog:
    return opened(evaluation())


def _double_click(view: QTableView, index: QModelIndex) -> None:
    view.scrollTo(index)
    middle = view.visualRect(index).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=middle)


def _asked(dialog: EvaluationDialog, qtbot: QtBot, deed: Callable[[], None]) -> tuple[list[int], str]:
    with qtbot.waitSignal(dialog.photos_requested) as asked:
        deed()
    places, title = asked.args
    return places, title


def test_the_figures_are_said_in_words(dialog: EvaluationDialog) -> None:
    assert dialog.report.headline.text() == "70 of 100 photos are labelled right (between 40 and 89)"
    text = dialog.report.how.text()
    assert "Measured: 10 photos with a label." in text
    assert "When it says 85 %, it is right 75 % of the time." in text


def test_scores_by_class(opened: Opened) -> None:
    dialog = opened(evaluation(4))
    model = dialog.report.scores.model()
    rows = [[model.index(row, column).data() for column in range(4)] for row in range(4)]
    assert rows[0] == ["daisy", "4", "75 %", "100 %"]
    assert rows[1] == ["roses", "3", "67 %", "40 %"]
    assert rows[3][1:] == ["0", "–", "–"]


def test_a_cell_says_itself_in_words(dialog: EvaluationDialog) -> None:
    model = dialog.report.matrix.model()
    assert model.index(2, 1).data(Qt.ItemDataRole.ToolTipRole) == "2 photos of tulips guessed as roses (67 %)"
    assert model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole) == "3 photos of daisy guessed right (75 %)"
    assert model.index(0, 2).data() == ""


def test_a_double_click_on_a_cell_shows_its_photos(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    matrix = dialog.report.matrix
    cell = matrix.model().index(2, 1)
    places, title = _asked(dialog, qtbot, lambda: _double_click(matrix, cell))
    assert places == [108, 109]
    assert title == "tulips, guessed as roses"


def test_arrows_and_enter_show_the_photos_of_a_cell(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    matrix = dialog.report.matrix
    matrix.setFocus()
    matrix.setCurrentIndex(matrix.model().index(0, 0))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right):
        QTest.keyClick(matrix, key)
    places, title = _asked(dialog, qtbot, lambda: QTest.keyClick(matrix, Qt.Key.Key_Return))
    assert places == [105, 106]
    assert title == "roses, guessed right"
    assert dialog.isVisible()


def test_empty_cells_and_lost_photos_show_nothing(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    matrix = dialog.report.matrix
    with qtbot.assertNotEmitted(dialog.photos_requested):
        _double_click(matrix, matrix.model().index(0, 2))
        _double_click(matrix, matrix.model().index(2, 2))  # its only photo is no longer anywhere


@pytest.mark.parametrize(
    ("column", "places", "title"),
    [
        (Column.NAME, [105, 106, 107], "roses, measured"),
        (Column.RECALL, [107], "roses, not found"),
        (Column.PRECISION, [104, 105, 106, 108, 109], "Guessed as roses"),
    ],
)
def test_every_score_shows_the_photos_behind_it(
    dialog: EvaluationDialog, qtbot: QtBot, column: Column, places: list[int], title: str
) -> None:
    scores = dialog.report.scores
    cell = scores.model().index(1, column)
    assert _asked(dialog, qtbot, lambda: _double_click(scores, cell)) == (places, title)


def test_one_button_shows_all_that_is_wrong(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    click = lambda: QTest.mouseClick(dialog.wrong_button, Qt.MouseButton.LeftButton)  # noqa: E731
    assert _asked(dialog, qtbot, click) == ([104, 107, 108, 109], "Guessed wrong")


def test_thirty_classes_are_turned_and_scroll(opened: Opened) -> None:
    dialog = opened(evaluation(30))
    dialog.resize(dialog.minimumSize())
    matrix = dialog.report.matrix
    last = matrix.model().index(29, 29)
    matrix.scrollTo(last)
    assert matrix.viewport().rect().intersects(QRect(matrix.visualRect(last)))
    assert matrix.horizontalHeader().sectionSize(0) < matrix.horizontalHeader().height()


def test_right_and_wrong_are_told_apart_and_grow_stronger() -> None:
    assert heat(0.5, right=True) != heat(0.5, right=False)
    faint, strong = heat(0.01, right=False), heat(1.0, right=False)
    assert faint.saturation() < strong.saturation()


def test_it_is_saved_as_a_table(dialog: EvaluationDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "figures"), ""))
    dialog.save_table.trigger()
    with (tmp_path / "figures.csv").open(encoding="utf-8-sig", newline="") as stream:
        head, *rows = csv.reader(stream)
    assert head[:5] == ["class", "photos", "recall", "precision", "guessed as daisy"]
    assert rows[1] == ["roses", "3", "0.6667", "0.4000", "0", "2", "1"]


def test_it_is_saved_as_a_picture(opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = opened(evaluation(30))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "figures.png"), ""))
    dialog.save_picture.trigger()
    picture = QImage(str(tmp_path / "figures.png"))
    assert picture.height() > dialog.report.matrix.viewport().height()  # all thirty rows


@pytest.mark.parametrize("deed", ["save_table", "save_picture"])
def test_what_cannot_be_saved_is_said(
    dialog: EvaluationDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    said: list[UserError] = []
    monkeypatch.setattr(evaluation_dialog, "show_error", lambda _parent, error: said.append(error))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no folder" / "it.x"), ""))
    getattr(dialog, deed).trigger()
    assert [error.what for error in said] == ["it.x was not saved"]
    assert said[0].why


def test_a_cancelled_save_writes_nothing(
    dialog: EvaluationDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    dialog.save_table.trigger()
    dialog.save_picture.trigger()
    assert not list(tmp_path.iterdir())
