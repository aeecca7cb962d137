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
from flowersorter.ui.shared.charts.chart import Chart
from flowersorter.ui.shared.charts.scene_painter import colour_of, rectangle
from flowersorter.workflows.evaluation.charts.builders import (
    calibration_scene,
    confidence_scene,
    epoch_scene,
    learning_scene,
)
from flowersorter.workflows.evaluation.charts.scene import Role
from tests.evaluations import evaluation, learning_points
from tests.language import spoken
from tests.qt.palettes import dark, light, shown_on

GRAPHICS = 3.0  # WCAG 2.1, contrast of what is not text
both = pytest.mark.parametrize("palette", [light, dark])
MAKERS: dict[str, Callable[[], Chart]] = {
    "calibration": lambda: Chart("calibration", calibration_scene(evaluation().bins)),
    "confidence": lambda: Chart("confidence", confidence_scene(evaluation().histogram)),
    "learning": lambda: Chart("learning", learning_scene(learning_points(0.6, 0.8, 0.9))),
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
        for role in (Role.RIGHT, Role.WRONG, Role.ACCENT):
            assert theme.contrast(colour_of(role, ground), base) >= GRAPHICS
        drawn = chart.grab().toImage()
        middle = chart.mark_areas()[chart.marks - 1].center().toPoint()
        assert drawn.pixelColor(middle) in [colour_of(role, ground) for role in (Role.RIGHT, Role.ACCENT)]
        assert drawn.pixelColor(rectangle(chart.plot().area).topLeft().toPoint() + QPoint(3, 8)) == base


@every
@pytest.mark.parametrize("size", [(220, 200), (480, 320), (1600, 900)])
def test_every_mark_is_inside_and_found_at_any_size(
    qtbot: QtBot, make: Callable[[], Chart], size: tuple[int, int]
) -> None:
    chart = shown(qtbot, make(), *size)
    inside = rectangle(chart.plot().area)
    assert inside.width() > 100
    assert inside.height() > 60
    for number in range(chart.marks):
        area = chart.mark_areas()[number]
        assert QRectF(chart.rect()).contains(area)
        assert chart.mark_at(area.center()) == number
    assert chart.mark_at(QPointF(1, chart.height() - 1)) == -1


@every
def test_the_mouse_over_a_mark_says_it(qtbot: QtBot, make: Callable[[], Chart]) -> None:
    chart = shown(qtbot, make())
    said: list[str] = []
    chart.mark_looked_at.connect(said.append)
    for number in range(chart.marks):
        QTest.mouseMove(chart, chart.mark_areas()[number].center().toPoint())
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
    chart = shown(qtbot, Chart("confidence", confidence_scene(bars)))
    for number in range(chart.marks):
        area = chart.mark_areas()[number]
        assert area.height() >= 3
        assert chart.mark_at(area.center()) == number
    drawn = chart.grab().toImage()
    assert drawn.pixelColor(chart.mark_areas()[0].center().toPoint()) == colour_of(Role.WRONG, chart.palette())


def test_few_photos_say_how_little_they_say(qtbot: QtBot) -> None:
    chart = shown(qtbot, Chart("calibration", calibration_scene([CalibrationBin(0.9, 1.0, 2, 0.95, 1.0)])))
    assert chart.sentence(0) == "2 photos: confidence 95 %, right 100 % of the time (between 34 % and 100 %)"


def test_a_chart_without_marks_is_drawn_and_takes_keys(qtbot: QtBot) -> None:
    for scene in (calibration_scene([]), confidence_scene([]), epoch_scene([], 6)):
        chart = shown(qtbot, Chart("empty", scene))
        with qtbot.assertNotEmitted(chart.mark_chosen):
            chart.setFocus(Qt.FocusReason.TabFocusReason)
            for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Return):
                QTest.keyClick(chart, key)
        assert chart.accessibleName()


def test_a_mark_that_is_gone_has_no_ring_and_shows_no_photos(qtbot: QtBot) -> None:
    """Deep training that starts anew empties its chart while the keys are on it."""
    chart = shown(qtbot, Chart("confidence", confidence_scene(evaluation().histogram)))
    chart.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(chart, Qt.Key.Key_End)
    chart.show_scene(epoch_scene((), 6))
    with qtbot.assertNotEmitted(chart.mark_chosen):
        QTest.keyClick(chart, Qt.Key.Key_Return)
    assert not chart.grab().isNull()


def test_the_window_words_the_texts_of_a_chart(qtbot: QtBot) -> None:
    german = {"Confidence of right and wrong suggestions": "Sicherheit", "{count} photos": "{count} Fotos"}
    with spoken(german):
        chart = shown(qtbot, Chart("confidence", confidence_scene([ConfidenceBar(0.5, 1.0, 2000, 0)])))
        assert (chart.accessibleName(), chart.sentence(0)) == (
            "Sicherheit",
            "2,000 Fotos right, confidence 50 % to 100 %",
        )
