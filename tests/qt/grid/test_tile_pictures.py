"""A tile that is drawn from a picture looks as one that is painted anew, whatever has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import ClassLook, PhotoModel
from flowersorter.ui.grid.photo_state import facts_of_row, values_of_facts
from flowersorter.workers.thumbnail_pool import Wanted
from tests.qt.fake_rows import LOOKS, rows


class Tiles(PhotoGrid):
    """A grid of six photos, all of them in view."""

    def __init__(self) -> None:
        self.thumbnail = _plain(0x557799)
        self.model_shown = PhotoModel(self._picture)
        self.model_shown.set_classes(LOOKS)
        self.model_shown.set_rows(rows(6))
        super().__init__(self.model_shown)
        self.resize(1000, 500)

    def _picture(self, _wanted: Wanted) -> QImage:
        return self.thumbnail


def _plain(colour: int) -> QImage:
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(colour)
    return image


@pytest.fixture
def tiles(qtbot: QtBot) -> Iterator[Tiles]:
    made = Tiles()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.rest()


def _label(tiles: Tiles) -> None:
    tiles.model_shown.set_labels({1002: (2, True)})


def _another_suggestion(tiles: Tiles) -> None:
    torn = np.full(6, Verdict.UNSURE, np.uint8)
    near = np.full(6, 0.4, np.float32)
    tiles.model_shown.merge(replace(rows(6), verdicts=torn, confidences=near, second_confidences=near))


def _another_name(tiles: Tiles) -> None:
    tiles.model_shown.set_classes({key: ClassLook(f"{look.name} too", "#cc0000") for key, look in LOOKS.items()})


def _another_thumbnail(tiles: Tiles) -> None:
    tiles.thumbnail = _plain(0xAA2211)
    tiles.model_shown.repaint(range(1, 7))


def _stack(tiles: Tiles) -> None:
    ids = np.arange(1001, 1007, dtype=np.int64)
    tiles.model_shown.set_stacking(True)
    tiles.model_shown.set_stacks(PhotoNumbers(ids, np.full(6, 1001, np.int64)))


CHANGES: dict[str, Callable[[Tiles], object]] = {
    "label": _label,
    "suggestion": _another_suggestion,
    "name and colour of a class": _another_name,
    "thumbnail": _another_thumbnail,
    "left out": lambda tiles: tiles.model_shown.set_left_out([2]),
    "unreadable": lambda tiles: tiles.model_shown.mark_unreadable([(3, "it is no photo")]),
    "selection": lambda tiles: tiles.select_places([1, 4]),
    "size": lambda tiles: tiles.zoom(2),
    "stack": _stack,
    "mouse": lambda tiles: QTest.mouseMove(tiles.viewport(), tiles.visualRect(tiles.model_shown.index(1)).center()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_tile_follows_each_change(tiles: Tiles, change: str) -> None:
    before = tiles.viewport().grab().toImage()
    CHANGES[change](tiles)
    after = tiles.viewport().grab().toImage()
    tiles._pictures.clear()
    assert after == tiles.viewport().grab().toImage()
    assert after != before


def test_a_tile_is_painted_once_as_long_as_it_looks_the_same(tiles: Tiles, monkeypatch: pytest.MonkeyPatch) -> None:
    tiles.viewport().grab()
    painted: list[int] = []
    real = tiles.tiles.paint

    def paint(painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        painted.append(index.row())
        real(painter, option, index)

    monkeypatch.setattr(tiles.tiles, "paint", paint)
    tiles.viewport().grab()
    assert painted == []
    tiles.model_shown.set_labels({1002: (2, True)})
    tiles.viewport().grab()
    assert painted == [1]


def test_on_a_screen_of_other_pixels_tiles_are_painted_by_the_delegate(
    tiles: Tiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tiles.viewport().grab().toImage()
    monkeypatch.setattr(tiles, "devicePixelRatioF", lambda: 1.25)
    assert tiles.viewport().grab().toImage() == whole


def test_all_that_facts_are_made_from_is_compared(tiles: Tiles) -> None:
    columns = tiles.model_shown.columns
    asked: set[str] = set()

    class Watched:
        def __getattr__(self, name: str) -> object:
            asked.add(name)
            return getattr(columns, name)

    facts_of_row(Watched(), 0, lambda _class_id: "")  # type: ignore[arg-type]
    of_facts = set(asked)
    asked.clear()
    values_of_facts(Watched(), 0)  # type: ignore[arg-type]
    assert of_facts <= asked
