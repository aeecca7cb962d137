"""The charts themselves: colours on light and dark, what is under the mouse, marks that stay within reach."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.domain.figures import CalibrationBin, ConfidenceBar
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.charts.calibration import CalibrationChart
from flowersorter.ui.shared.charts.chart import RIGHT, WRONG, Chart
from flowersorter.ui.shared.charts.confidence import ConfidenceChart
from flowersorter.ui.shared.charts.learning import LearningChart
from tests.evaluations import evaluation, learning_points
from tests.qt.palettes import dark, light, shown_on

GRAPHICS = 3.0  # WCAG 2.1, contrast of what is not text
both = pytest.mark.parametrize("palette", [light, dark])
MAKERS: dict[str, Callable[[], Chart]] = {
    "calibration": lambda: CalibrationChart(evaluation().bins),
    "confidence": lambda: ConfidenceChart(evaluation().histogram),
    "learning": lambda: LearningChart(learning_points(0.6, 0.8, 0.9)),
}
every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def shown(qtbot: QtBot, chart: Chart, width: int = 480, height: int = 320) -> Chart:
    qtbot.addWidget(chart)
    chart.resize(width, height)
    with qtbot.waitExposed(chart):
        chart.show()
    return chart


@both
@every
def test_colours_are_told_from_the_ground(
    qtbot: QtBot, make: Callable[[], Chart], palette: Callable[[], QPalette]
) -> None:
    with shown_on(palette()) as ground:
        chart = shown(qtbot, make())
        base = ground.color(QPalette.ColorRole.Base)
        for colour in (RIGHT, WRONG, chart.accent_colour()):
            assert theme.contrast(colour, base) >= GRAPHICS
        drawn = chart.grab().toImage()
        plot = chart.plot()
        middle = chart.mark_area(chart.marks - 1, plot).center().toPoint()
        assert drawn.pixelColor(middle) in (RIGHT, chart.accent_colour())
        assert drawn.pixelColor(plot.area.topLeft().toPoint() + QPoint(3, 8)) == base


@every
@pytest.mark.parametrize("size", [(220, 200), (480, 320), (1600, 900)])
def test_every_mark_is_inside_and_found_at_any_size(
    qtbot: QtBot, make: Callable[[], Chart], size: tuple[int, int]
) -> None:
    chart = shown(qtbot, make(), *size)
    plot = chart.plot()
    assert plot.area.width() > 100
    assert plot.area.height() > 60
    for number in range(chart.marks):
        area = chart.mark_area(number, plot)
        assert QRectF(chart.rect()).contains(area)
        assert chart.mark_at(area.center()) == number
    assert chart.mark_at(QPointF(1, chart.height() - 1)) == -1


@every
def test_the_mouse_over_a_mark_says_it(qtbot: QtBot, make: Callable[[], Chart]) -> None:
    chart = shown(qtbot, make())
    said: list[str] = []
    chart.mark_looked_at.connect(said.append)
    for number in range(chart.marks):
        QTest.mouseMove(chart, chart.mark_area(number, chart.plot()).center().toPoint())
        qtbot.waitUntil(lambda number=number: said[-1:] == [chart.sentence(number)])  # type: ignore[misc]
        assert chart.accessibleDescription() == chart.sentence(number)
    chart.event(QEvent(QEvent.Type.Leave))
    assert said[-1] == ""


@every
def test_keys_stay_between_the_first_and_the_last_mark(qtbot: QtBot, make: Callable[[], Chart]) -> None:
    chart = shown(qtbot, make())
    chosen: list[int] = []
    chart.mark_chosen.connect(chosen.append)
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    for keys in ([Qt.Key.Key_Left], [Qt.Key.Key_Right], [Qt.Key.Key_End, Qt.Key.Key_Up], [Qt.Key.Key_Home]):
        for key in keys:
            QTest.keyClick(chart, key)
        QTest.keyClick(chart, Qt.Key.Key_Space)
    assert chosen == [0, 1, chart.marks - 1, 0]


def test_one_photo_among_thousands_is_seen_and_reached(qtbot: QtBot) -> None:
    bars = (ConfidenceBar(0.0, 0.5, 5000, 1), ConfidenceBar(0.5, 1.0, 1, 0))
    chart = ConfidenceChart(bars)
    shown(qtbot, chart)
    plot = chart.plot()
    for number in range(chart.marks):
        area = chart.mark_area(number, plot)
        assert area.height() >= 3
        assert chart.mark_at(area.center()) == number
    drawn = chart.grab().toImage()
    assert drawn.pixelColor(chart.mark_area(0, plot).center().toPoint()) == WRONG


def test_few_photos_say_how_little_they_say(qtbot: QtBot) -> None:
    chart = shown(qtbot, CalibrationChart([CalibrationBin(0.9, 1.0, 2, 0.95, 1.0)]))
    assert chart.sentence(0) == "2 photos: confidence 95 %, right 100 % of the time (between 34 % and 100 %)"


def test_a_chart_without_marks_is_drawn_and_takes_keys(qtbot: QtBot) -> None:
    for chart in (CalibrationChart([]), ConfidenceChart([])):
        shown(qtbot, chart)
        with qtbot.assertNotEmitted(chart.mark_chosen):
            chart.setFocus(Qt.FocusReason.TabFocusReason)
            for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Return):
                QTest.keyClick(chart, key)
        assert chart.accessibleName()
