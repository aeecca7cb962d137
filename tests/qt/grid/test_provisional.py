"""Suggestions from previews in the window: marked as such, counted nowhere, and gone once the photo is read."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass
from flowersorter.ui.grid.photo_model import PhotoModel, PhotoRole
from flowersorter.ui.labels.possible_answers import possible_actions
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.workflows.predicting import first_suggestions
from tests.drawing import BLUE, RED, textured, write_camera_photo
from tests.qt.fake_rows import LOOKS, nothing_yet, rows, some, unread
from tests.qt.program import idle, running
from tests.stub_network import ColourNetwork

COUNT = 6
DAISY, ROSES, TULIPS = LOOKS


def provisional(*suggestions: tuple[int, int, bool]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]]:
    """Columns of place id, class id and whether it is likely."""
    places, classes, likely = zip(*suggestions, strict=True)
    return np.array(places, np.int64), np.array(classes, np.int32), np.array(likely, np.bool_)


def titles(model: PhotoModel) -> list[str]:
    return [model.index(row).data(PhotoRole.TITLE) for row in range(model.rowCount())]


def test_a_tile_shows_the_suggestion_until_the_photo_is_read(qtbot: QtBot) -> None:
    model = PhotoModel(nothing_yet)
    model.set_classes(LOOKS)
    model.set_rows(unread(4))
    model.show_provisional(*provisional((1, ROSES, True), (2, TULIPS, False), (3, ROSES, True), (99, DAISY, True)))
    assert titles(model) == ["roses …", "tulips? …", "roses …", ""]
    assert model.describe(0) == "roses, from its preview"
    tip = model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith("roses …\nFrom its small preview; the photo itself is not read yet")
    model.set_rows(unread(4))  # the folder is scanned again
    assert titles(model)[0] == "roses …"
    model.set_rows(unread(3))  # a photo is gone
    assert titles(model) == ["roses …", "tulips? …", "roses …"]
    model.merge(some(rows(2), [0, 1]))
    model.merge(some(unread(3), [2], errors=("the file is incomplete",)))
    model.show_provisional(*provisional((1, DAISY, True)))  # an event that comes late
    assert titles(model) == ["roses", "tulips?", "Unreadable"]
    assert not model.columns.provisional_ids.any()


def test_it_counts_nowhere_and_cannot_be_confirmed() -> None:
    columns = PhotoColumns(unread(3))
    columns.set_provisional(*provisional((1, ROSES, True), (2, TULIPS, True)))
    assert columns.counts() == {PseudoClass.WAITING: 3, PseudoClass.ALL: 3}
    assert not columns.suggested.any()
    assert "confirm" not in possible_actions(columns, [1, 2])
    columns.replace_classes([ROSES], DAISY)
    assert columns.provisional_ids.tolist() == [DAISY, TULIPS, 0]


def test_a_suggestion_that_differs_from_the_provisional_one_was_not_seen() -> None:
    columns = PhotoColumns(unread(3))
    read = rows(3)
    columns.set_provisional(*provisional((1, int(read.class_ids[0]), True), (2, int(read.class_ids[1]) % 3 + 1, True)))
    columns.merge(read)
    assert columns.seen([1, 2, 3]) == [1, 3]


def test_previews_come_before_photos_and_both_are_named(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, gate, stages = tmp_path / "photos", threading.Event(), list[str]()
    folder.mkdir()
    for number in range(COUNT):
        photo, preview = textured((320, 240), BLUE, number), textured((320, 240), RED, number)
        write_camera_photo(folder / f"IMG_{number}.jpg", photo, preview=preview)

    def open_network(backbone: Backbone, device: str) -> ColourNetwork:
        if backbone.crop_px == 224:
            gate.wait()  # photos wait for it, previews do not
        return ColourNetwork()

    def previews_shown(program: Program) -> bool:
        return all(title.endswith("…") for title in titles(program.photos)) and program.photos.rowCount() == COUNT

    monkeypatch.setattr(first_suggestions, "FEWEST", COUNT)
    try:
        with running(tmp_path / "collection", qtbot) as program:
            program.engine.open_network = open_network
            window, bar = program.window, program.window.job_bar
            program.queue.progressed.connect(lambda _, progress: stages.append(progress.stage))
            window.open_folder((folder,))
            qtbot.waitUntil(lambda: previews_shown(program))
            qtbot.waitUntil(lambda: bar.title.text() == f"Suggesting classes: 0 of {COUNT}")
            assert stages.index("First suggestions from previews") < stages.index("Suggesting classes")
            window.grid.setCurrentIndex(program.photos.index(0))
            headline, verdict = window.inspector.headline, window.inspector.verdict
            qtbot.waitUntil(lambda: headline.text() == titles(program.photos)[0])
            assert verdict.text() == "From its small preview; the photo itself is not read yet"
            bar.cancel.click()
            stopped = f"Stopped. Photos not read yet: {COUNT}. Suggestions with … are from their small previews."
            qtbot.waitUntil(lambda: bar.message.text() == stopped)
            gate.set()
            bar.links[0].click()
            idle(program, qtbot)
            assert program.photos.columns.photo_ids.all()
            assert not any("…" in title for title in titles(program.photos))
            assert "preview" not in verdict.text()
    finally:
        gate.set()
