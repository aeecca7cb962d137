"""What a photo that is new looks like stands beside it, and only beside such a photo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.imagenet import prior_cache
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.drawing import YELLOW, textured, write_jpeg
from tests.qt.program import COLOURS, draw_folder, idle, places, running, stored, tile
from tests.stub_network import colour_layer, open_colour_network


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """It knows red, green and blue, and a folder with a yellow photo as well is open."""
    monkeypatch.setattr(prior_cache, "layer_of", lambda name: colour_layer())
    for name, colour in COLOURS.items():
        (tmp_path / "sorted" / name).mkdir(parents=True)
        for number in range(8):
            write_jpeg(tmp_path / "sorted" / name / f"{number}.jpg", textured((96, 72), colour, 200 + number))
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as engine:
        request = TrainFolderRequest(tmp_path / "sorted")
        train_folder(engine, request, silent, CancelToken())
    folder = draw_folder(tmp_path / "photos", each=2)
    write_jpeg(folder / "IMG_900_yellow.jpg", textured((96, 72), YELLOW, 7))
    with running(tmp_path / "collection", qtbot, folder) as made:
        idle(made, qtbot)
        yield made


def pick(program: Program, part: str) -> None:
    view = program.window.grid.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=tile(program, places(program, part)[0]))


def test_a_new_photo_says_what_it_looks_like(program: Program, qtbot: QtBot) -> None:
    inspector = program.window.inspector
    assert not inspector.likeness.isVisible()
    pick(program, "yellow")
    qtbot.waitUntil(inspector.likeness.isVisible)
    assert inspector.verdict.text() == "Doesn't match any of your classes"
    assert inspector.likeness.text() == "Looks like: strawberry"
    assert (inspector.headline.text(), inspector.if_known.isVisible()) == ("Unknown", True)
    assert "%" not in inspector.predictions.accessibleDescription(), "85 % red, and none of the classes"


def test_the_inspector_says_what_the_tool_tip_of_the_tile_says(program: Program, qtbot: QtBot) -> None:
    inspector, photos = program.window.inspector, program.photos
    for part in ("yellow", "red", "green", "blue"):
        pick(program, part)
        idle(program, qtbot)
        [place_id, *_] = places(program, part)
        index = photos.index(photos.rows_of([place_id])[0])
        lines = index.data(Qt.ItemDataRole.ToolTipRole).splitlines()
        assert inspector.verdict.text() in lines[:2]
        assert inspector.headline.text() == index.data(PhotoRole.TITLE)
        shown = inspector.predictions.accessibleDescription()
        assert lines[0].split(", ")[0] in (shown.split(", ")[0], "Unknown")
    assert not inspector.if_known.isVisible()


def test_other_photos_do_not(program: Program, qtbot: QtBot) -> None:
    inspector = program.window.inspector
    for part, headline in (("red", "red"), ("broken", "Unreadable")):
        pick(program, "yellow")
        qtbot.waitUntil(inspector.likeness.isVisible)
        pick(program, part)
        qtbot.waitUntil(lambda wanted=headline: inspector.headline.text().rstrip("?") == wanted)  # type: ignore[misc]
        assert not inspector.likeness.isVisible()
    pick(program, "yellow")
    qtbot.waitUntil(inspector.likeness.isVisible)
    program.window.grid.selectAll()
    qtbot.waitUntil(lambda: inspector.headline.text() == "8 photos selected")
    assert not inspector.likeness.isVisible()


def test_once_it_has_a_class_nobody_needs_to_know(program: Program, qtbot: QtBot) -> None:
    inspector = program.window.inspector
    pick(program, "yellow")
    qtbot.waitUntil(inspector.likeness.isVisible)
    QTest.keyClick(program.window.grid, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: bool(stored(program).labels.all()))
    pick(program, "yellow")
    qtbot.waitUntil(lambda: inspector.verdict.text() == "Confirmed by you")
    assert not inspector.likeness.isVisible()


def test_many_that_are_unlike_all_labelled_ones_are_told_of_one_another(
    program: Program, qtbot: QtBot, tmp_path: Path
) -> None:
    inspector = program.window.inspector
    for number in range(24):
        yellow = (YELLOW[0] - 3 * number, YELLOW[1] - 2 * number, YELLOW[2] + 2 * number)  # no near-copies
        write_jpeg(tmp_path / "photos" / f"IMG_{910 + number}_yellow.jpg", textured((96, 72), yellow, 300 + number))
    QTest.keyClick(program.window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: len(places(program, "yellow")) == 25)
    idle(program, qtbot)
    pick(program, "yellow")
    qtbot.waitUntil(inspector.likeness.isVisible)
    told = "This and 24 other photos may belong to a class you haven't created yet."
    assert inspector.likeness.text() == f"Looks like: strawberry\n{told}"
    pick(program, "red")
    qtbot.waitUntil(lambda: not inspector.likeness.isVisible())
