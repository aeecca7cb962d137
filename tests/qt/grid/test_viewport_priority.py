"""The photos in view are labelled before the others, wherever the person scrolls to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.photos.read import LoadedPhoto, read_photo
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.grid.photo_filter import PhotoFilter
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.workflows.predicting.predict_folder import RowsChanged
from tests.drawing import BLUE, textured, write_jpeg
from tests.qt.fake_rows import picture, rows
from tests.qt.program import idle, running
from tests.stub_network import ColourNetwork, open_colour_network

PHOTOS = 150


def in_view(program: Program) -> list[int]:
    return [program.photos.wanted(row).place_id for row in program.window.grid.visible_rows()]


def test_what_is_in_view_is_labelled_first(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(PHOTOS):
        write_jpeg(folder / f"IMG_{number:03}.jpg", textured((32, 24), BLUE, number))
    gate = threading.Event()

    def open_late(backbone: Backbone, device: str) -> ColourNetwork:
        gate.wait()
        return open_colour_network(backbone, device)

    labelled: list[int] = []

    def note(_job_id: int, news: object) -> None:
        if isinstance(news, RowsChanged):
            labelled.extend(news.rows.place_ids.tolist())

    with running(tmp_path / "collection", qtbot) as program:
        program.engine.open_network = open_late
        monkeypatch.setattr(
            "flowersorter.workflows.predicting.ingest.core_count", lambda: 1
        )  # batches come in their order
        begun = threading.Event()

        def read(path: Path, **how: Any) -> LoadedPhoto:
            begun.set()
            return read_photo(path, **how)

        monkeypatch.setattr("flowersorter.workflows.predicting.ingest.read_photo", read)
        program.queue.reported.connect(note)
        try:
            program.window.open_folder(folder)
            qtbot.waitUntil(lambda: program.photos.rowCount() == PHOTOS and begun.is_set())
            with qtbot.waitSignal(program.window.grid.visible_changed):
                program.window.grid.scrollToBottom()
            wanted = in_view(program)
        finally:
            gate.set()
        idle(program, qtbot)
        everything = program.photos.columns.place_ids.tolist()
        first_told = list(dict.fromkeys(labelled))  # doubtful ones are looked at again at the end
        assert sorted(first_told) == everything
        # Some batches had been dealt out before anybody scrolled; after them what is in view, then the rest.
        before = first_told.index(wanted[0])
        assert first_told[:before] == everything[:before]
        assert first_told[before : before + len(wanted)] == wanted
        assert 0 < before < PHOTOS - len(wanted)
        assert 0 < len(wanted) < PHOTOS // 2


def test_what_is_in_view_is_told_after_a_filter_a_zoom_and_a_correction(qtbot: QtBot) -> None:
    model = PhotoModel(picture)
    grid = PhotoGrid(model)
    qtbot.addWidget(grid)
    grid.resize(600, 400)
    grid.show()

    def told(action: Callable[[], None]) -> list[int]:
        with qtbot.waitSignal(grid.visible_changed) as caught:
            action()
        assert caught.args is not None
        return list(caught.args[0])

    shown = told(lambda: model.set_rows(rows(500)))
    assert shown == list(range(1, len(shown) + 1))
    assert len(shown) < 50
    new = told(lambda: model.set_filter(PhotoFilter(class_key=int(PseudoClass.UNKNOWN))))
    assert new[:3] == [3, 7, 11]
    assert len(told(lambda: grid.set_tile_size(96))) > len(new)
    assert told(lambda: model.set_labels({1003: (1, True)}))[:3] == [7, 11, 15]
    assert told(lambda: model.set_labels({1003: (0, False)}))[:3] == [3, 7, 11]
    grid.rest()
