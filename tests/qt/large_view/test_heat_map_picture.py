"""The picture of a heat map; no window is needed."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QApplication

from flowersorter.ui.large_view.heat_map_controller import overlay


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
