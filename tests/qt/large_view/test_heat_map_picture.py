"""The picture of a heat map, and how long it is kept; no window is needed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from flowersorter.ui.large_view.heat_map_controller import HeatMapController, overlay
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.thumbnail_pool import Wanted
from flowersorter.workflows.explaining.heat_map import HeatMap


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


def test_a_heat_map_is_computed_once_for_each_model(qapp: QApplication) -> None:
    del qapp
    computed = list[str]()

    def submit(title: str, call: object, listener: Listener) -> int:
        del call
        computed.append(title)
        assert listener.succeeded is not None
        listener.succeeded(HeatMap(np.zeros((7, 7), np.float32), (0, 0, 1, 1)))
        return len(computed)

    engine = SimpleNamespace(refitted=None)
    queue, state = SimpleNamespace(submit=submit, drop=lambda _job_id: None), SimpleNamespace(model_id=1)
    session = SimpleNamespace(engine=engine, queue=queue, state=state, device="cpu")
    canvas = SimpleNamespace(clear_overlay=lambda: None, show_overlay=lambda *_: None)
    owner = QObject()
    heat = HeatMapController(cast(Any, session), cast(Any, SimpleNamespace()), cast(Any, canvas), owner)
    for refitted, count in ((None, 1), (None, 1), ("refit", 2), ("refit", 2), ("another", 3), (None, 4)):
        engine.refitted = refitted
        heat.show(Wanted(1, 2, Path("a.jpg")), 3, "")
        assert len(computed) == count
