"""The bars of the suggestions: the probabilities are numbers, unless these would contradict the verdict."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.inspector.prediction_bars import PredictionBars


@pytest.mark.parametrize(("percentages", "spoken"), [(True, "roses 65 %, tulips 30 %"), (False, "roses, tulips")])
def test_the_percentages_can_be_left_out(qtbot: QtBot, percentages: bool, spoken: str) -> None:
    bars = PredictionBars()
    qtbot.addWidget(bars)
    classes = {1: ClassLook("roses", "#cc3355"), 2: ClassLook("tulips", "#3355cc")}
    bars.show_predictions([(1, 0.65), (2, 0.3)], classes, 0, percentages=percentages)
    bars.resize(200, bars.sizeHint().height())
    assert not bars.grab().isNull()
    assert bars.accessibleDescription() == spoken
