"""The evaluation dialog: figures in words, and the photos behind every number by mouse and key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QTableView
from pytestqt.qtbot import QtBot

from flowersorter.ui.evaluation.class_scores import Column
from flowersorter.ui.evaluation.confusion_matrix import heat
from flowersorter.ui.evaluation.evaluation_dialog import EvaluationDialog
from flowersorter.ui.shared.charts.chart import Chart
from flowersorter.workflows.evaluation.evaluate import Evaluation
from tests.evaluations import evaluation, learning_points

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


def _asked(dialog: EvaluationDialog, qtbot: QtBot, action: Callable[[], None]) -> tuple[list[int], str]:
    with qtbot.waitSignal(dialog.photos_requested) as asked:
        action()
    places, title = asked.args
    return places, title


def test_the_figures_are_said_in_words(dialog: EvaluationDialog) -> None:
    assert dialog.headline.text() == "Accuracy about 60 % (between 31 and 83 %)"
    text = dialog.how.text()
    assert "Measured on 10 photos with a label." in text
    assert "6 of 10 were right." in text


def test_what_a_class_scores_is_said_in_words(opened: Opened) -> None:
    dialog = opened(evaluation(4))
    model = dialog.classes.scores.model()

    def said(row: int, column: Column) -> str:
        return str(model.index(row, column).data(Qt.ItemDataRole.ToolTipRole))

    assert said(1, Column.PRECISION) == "Of the photos suggested as roses, 40 % are (2 of 5)"
    assert said(0, Column.RECALL) == "Of the photos of daisy, 75 % were found (3 of 4)"
    assert said(2, Column.PHOTOS) == "3 photos of tulips measured"
    assert said(3, Column.PRECISION) == "No photo was suggested as a class with a long name 3"
    assert said(3, Column.RECALL) == "No photo of a class with a long name 3 was measured"
    dialog.classes.scores.setCurrentIndex(model.index(1, Column.PRECISION))
    assert dialog.sentence.text() == said(1, Column.PRECISION)


def test_scores_by_class(opened: Opened) -> None:
    dialog = opened(evaluation(4))
    model = dialog.classes.scores.model()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    rows = [[model.index(row, column).data() for column in range(4)] for row in range(4)]
    assert rows[0] == ["daisy", "4", "75 %", "100 %"]
    assert rows[1] == ["roses", "3", "67 %", "40 %"]
    assert rows[3][1:] == ["0", "–", "–"]


def test_a_cell_says_itself_in_words(dialog: EvaluationDialog) -> None:
    model = dialog.mistakes.matrix.model()
    assert model.index(2, 1).data(Qt.ItemDataRole.ToolTipRole) == "2 photos of tulips suggested as roses (67 %)"
    assert model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole) == "3 photos of daisy recognised (75 %)"
    assert model.index(0, 2).data() == ""


def test_a_double_click_on_a_cell_shows_its_photos(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    dialog.pages.setCurrentWidget(dialog.mistakes)
    matrix = dialog.mistakes.matrix
    cell = matrix.model().index(2, 1)
    places, title = _asked(dialog, qtbot, lambda: _double_click(matrix, cell))
    assert places == [108, 109]
    assert title == "tulips, suggested as roses"


def test_arrows_and_enter_show_the_photos_of_a_cell(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    dialog.pages.setCurrentWidget(dialog.mistakes)
    matrix = dialog.mistakes.matrix
    matrix.setFocus()
    matrix.setCurrentIndex(matrix.model().index(0, 0))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right):
        QTest.keyClick(matrix, key)
    places, title = _asked(dialog, qtbot, lambda: QTest.keyClick(matrix, Qt.Key.Key_Return))
    assert places == [105, 106]
    assert title == "roses, recognised"
    assert dialog.isVisible()


def test_empty_cells_and_lost_photos_show_nothing(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    dialog.pages.setCurrentWidget(dialog.mistakes)
    matrix = dialog.mistakes.matrix
    with qtbot.assertNotEmitted(dialog.photos_requested):
        _double_click(matrix, matrix.model().index(0, 2))
        _double_click(matrix, matrix.model().index(2, 2))  # its only photo is no longer anywhere


@pytest.mark.parametrize(
    ("column", "places", "title"),
    [
        (Column.NAME, [105, 106, 107], "roses, measured"),
        (Column.RECALL, [107], "roses, not found"),
        (Column.PRECISION, [104, 105, 106, 108, 109], "Suggested as roses"),
    ],
)
def test_every_score_shows_the_photos_behind_it(
    dialog: EvaluationDialog, qtbot: QtBot, column: Column, places: list[int], title: str
) -> None:
    scores = dialog.classes.scores
    cell = scores.model().index(1, column)
    assert _asked(dialog, qtbot, lambda: _double_click(scores, cell)) == (places, title)


def test_one_button_shows_all_that_is_wrong(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    click = lambda: QTest.mouseClick(dialog.wrong_button, Qt.MouseButton.LeftButton)  # noqa: E731
    assert _asked(dialog, qtbot, click) == ([104, 107, 108, 109], "Wrong suggestions")


def test_thirty_classes_are_turned_and_scroll(opened: Opened) -> None:
    dialog = opened(evaluation(30))
    dialog.resize(dialog.minimumSize())
    dialog.pages.setCurrentWidget(dialog.mistakes)
    matrix = dialog.mistakes.matrix
    last = matrix.model().index(29, 29)
    matrix.scrollTo(last)
    assert matrix.viewport().rect().intersects(QRect(matrix.visualRect(last)))
    assert matrix.horizontalHeader().sectionSize(0) < matrix.horizontalHeader().height()


def test_no_part_that_scrolls_is_inside_another_one(opened: Opened) -> None:
    """The wheel would stop at the edge of the inner one, and its bar would be out of view."""
    dialog = opened(evaluation(30))
    dialog.resize(dialog.minimumSize())
    for number in range(dialog.pages.count()):
        dialog.pages.setCurrentIndex(number)
        QApplication.processEvents()
        scrolling = [
            each
            for each in dialog.findChildren(QAbstractScrollArea)
            if each.isVisible() and each.verticalScrollBar().maximum()
        ]
        assert len(scrolling) <= 1
    dialog.pages.setCurrentIndex(0)
    scores = dialog.classes.scores
    scores.scrollToBottom()
    assert scores.horizontalHeader().isVisible()
    assert scores.viewport().rect().intersects(QRect(scores.visualRect(scores.model().index(29, 0))))


def test_right_and_wrong_are_told_apart_and_grow_stronger() -> None:
    assert heat(0.5, right=True) != heat(0.5, right=False)
    faint, strong = heat(0.01, right=False), heat(1.0, right=False)
    assert faint.saturation() < strong.saturation()


# -- the charts


def _click(chart: Chart, number: int, *, double: bool) -> None:
    middle = chart.mark_areas()[number].center().toPoint()
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=middle)
    if double:
        QTest.mouseDClick(chart, Qt.MouseButton.LeftButton, pos=middle)


@pytest.fixture
def sure(dialog: EvaluationDialog) -> EvaluationDialog:
    """The dialog with the charts of confidence in front."""
    dialog.pages.setCurrentIndex(2)
    return dialog


def test_every_point_of_the_calibration_curve_shows_its_photos(sure: EvaluationDialog, qtbot: QtBot) -> None:
    chart = sure.sureness.calibration
    shown = [_asked(sure, qtbot, lambda at=at: _click(chart, at, double=True)) for at in range(chart.marks)]  # type: ignore[misc]
    assert shown == [
        ([109], "Confidence 30 % to 40 %"),
        ([104, 106, 107], "Confidence 50 % to 60 %"),
        ([102, 103, 105, 108], "Confidence 80 % to 90 %"),
        ([101], "Confidence 90 % to 100 %"),  # the other one is no longer anywhere
    ]


def test_every_part_of_a_confidence_bar_shows_its_photos(sure: EvaluationDialog, qtbot: QtBot) -> None:
    chart = sure.sureness.histogram
    shown = [_asked(sure, qtbot, lambda at=at: _click(chart, at, double=True)) for at in range(chart.marks)]  # type: ignore[misc]
    assert shown == [
        ([109], "Wrong, confidence 30 % to 40 %"),
        ([104, 107], "Wrong, confidence 50 % to 60 %"),
        ([106], "Right, confidence 50 % to 60 %"),
        ([108], "Wrong, confidence 80 % to 90 %"),
        ([102, 103, 105], "Right, confidence 80 % to 90 %"),
        ([101], "Right, confidence 90 % to 100 %"),
    ]


def test_keys_walk_through_a_chart_and_the_dialog_says_each_mark(sure: EvaluationDialog, qtbot: QtBot) -> None:
    chart = sure.sureness.histogram
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    assert sure.sentence.text() == "1 photo wrong, confidence 30 % to 40 %"
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert sure.sentence.text() == chart.accessibleDescription() == "2 photos wrong, confidence 50 % to 60 %"
    assert _asked(sure, qtbot, lambda: QTest.keyClick(chart, Qt.Key.Key_Return))[0] == [104, 107]
    QTest.keyClick(chart, Qt.Key.Key_End)
    assert sure.sentence.text() == "2 photos right, confidence 90 % to 100 %"
    sure.sureness.calibration.setFocus(Qt.FocusReason.BacktabFocusReason)
    assert sure.sentence.text() == "1 photo: confidence 35 %, right 0 % of the time (between 0 % and 79 %)"


def test_one_click_goes_to_a_mark_and_shows_no_photos(sure: EvaluationDialog, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(sure.photos_requested):
        _click(sure.sureness.calibration, 1, double=False)
        QTest.mouseDClick(sure.sureness.calibration, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))


def test_the_learning_curve_is_measured_when_asked_for(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    dialog.pages.setCurrentIndex(3)
    page = dialog.learning
    assert page.curve is None
    with qtbot.waitSignal(page.wanted):
        QTest.mouseClick(page.start_button, Qt.MouseButton.LeftButton)
    page.show_progress(3, 15)
    assert (page.bar.isVisible(), page.bar.value(), page.bar.maximum()) == (True, 3, 15)
    with qtbot.waitSignal(page.unwanted):
        QTest.mouseClick(page.stop_button, Qt.MouseButton.LeftButton)
    page.show_stopped()
    assert page.start_button.isVisible()
    assert not page.bar.isVisible()

    page.show_curve(learning_points(0.6, 0.8, 0.9))
    assert not page.start_button.isVisible()
    assert page.words.text().startswith("With 100 photos per class, 90 % were right. That is 10 % more than with 10")
    chart = page.chart
    assert chart is not None
    places, title = _asked(dialog, qtbot, lambda: _click(chart, 1, double=True))
    assert (places, title) == (list(range(1, 21)), "Wrong with 10 photos per class")
    assert dialog.sentence.text() == "With 10 photos per class, 80 % are right (75 % to 85 %); 20 of 100 photos wrong"


def test_a_flat_learning_curve_does_not_promise_anything(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    dialog.learning.show_curve(learning_points(0.9, 0.9, with_starter=True))
    assert "will hardly help" in dialog.learning.words.text()
    assert "are not counted" in dialog.learning.words.text()
    assert "network itself" not in dialog.learning.words.text()
    dialog.learning.show_curve(replace(learning_points(0.9, 0.9), memorised=125))
    assert "trained on 125 of your photos" in dialog.learning.words.text()


@pytest.mark.parametrize("last", [7, 8, 9])
def test_of_a_curve_measured_on_a_dozen_photos_nothing_is_concluded(last: int, dialog: EvaluationDialog) -> None:
    curve = learning_points(0.8, 0.8)
    points = tuple(replace(each, measured=10, right=right) for each, right in zip(curve.points, (8, last), strict=True))
    dialog.learning.show_curve(replace(curve, points=points))
    assert "too few labels to tell whether more would help" in dialog.learning.words.text()


def test_a_curve_without_mistakes_opens_nothing(dialog: EvaluationDialog, qtbot: QtBot) -> None:
    dialog.learning.show_curve(learning_points(1.0))
    with qtbot.assertNotEmitted(dialog.photos_requested):
        dialog.learning.point_chosen.emit(0)
