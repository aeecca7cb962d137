"""Parts of the large view that need no window: the line about a suggestion, the picture of a heat map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.place import Place
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.large_view.heat_map_controller import overlay
from flowersorter.ui.large_view.suggestion_line import suggestion_line
from flowersorter.workflows.predicting.photo_details import PhotoDetails

CLASSES = {1: ClassLook("roses", "#ff0000"), 2: ClassLook("tulips", "#0000ff")}
KNOWN = PhotoDetails(
    place=Place(1, Path("/photos/1.jpg"), 10, 20, 1, None, False),
    photo=None,
    label=None,
    top=((1, 0.626), (2, 0.21)),
    verdict=Verdict.LIKELY,
    neighbours=(),
)


@pytest.mark.usefixtures("qapp")
def test_a_suggestion_has_per_cent_and_runner_up_where_they_are_true() -> None:
    said = "roses, likely"
    assert suggestion_line(said, None, CLASSES) == said
    assert suggestion_line(said, KNOWN, CLASSES) == "roses, likely · 63 % · then tulips, 21 %"
    assert suggestion_line(said, replace(KNOWN, has_percentages=False), CLASSES) == said
    assert suggestion_line(said, replace(KNOWN, top=((1, 0.999),)), CLASSES) == "roses, likely · 99 %"
    assert suggestion_line(said, replace(KNOWN, reason="unlike the others"), CLASSES).endswith("· unlike the others")
    unknown = suggestion_line("tulips, unknown", replace(KNOWN, verdict=Verdict.UNKNOWN), CLASSES)
    assert "%" not in unknown
    assert "tulips" not in unknown
    labelled = replace(KNOWN, label=Label(2, LabelOrigin.PERSON))
    assert suggestion_line("tulips, confirmed by you", labelled, CLASSES) == "tulips, confirmed by you"


def test_a_heat_map_is_dark_where_it_is_cold_and_red_where_it_is_hot(qapp: QApplication) -> None:
    del qapp
    cells = np.zeros((7, 7), np.float32)
    cells[1, 5] = 1
    image = overlay(cells)
    step = image.width() / 7
    hot, cold = image.pixelColor(round(5.5 * step), round(1.5 * step)), image.pixelColor(round(step), round(5 * step))
    assert hot.red() > 200 > hot.blue()
    assert cold.lightness() < 60
    assert cold.alpha() > hot.alpha()
