"""The heat map of the shipped network lies where the object is, in the part of the photo that the network saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.explaining.heat_map import HeatMapRequest, heat_map, seen_box
from flowersorter.workflows.models.current_model import starter
from tests.drawing import textured
from tests.stub_network import WIDTH, open_colour_network


def flower_at(left: float, top: float) -> Image.Image:
    """Draw a photo of a yellow flower with many petals before blurred grass; its middle in fractions of the photo."""
    picture = textured((640, 480), (70, 120, 60), 3)
    draw, x, y = ImageDraw.Draw(picture), left * 640, top * 480
    for turn in np.arange(0, 2 * np.pi, np.pi / 9):
        petal_x, petal_y = x + 42 * np.cos(turn), y + 42 * np.sin(turn)
        draw.ellipse((petal_x - 20, petal_y - 20, petal_x + 20, petal_y + 20), (250, 205, 20), (190, 130, 0))
    draw.ellipse((x - 30, y - 30, x + 30, y + 30), (90, 55, 20))
    return picture


def hottest(cells: NDArray[np.float32]) -> tuple[float, float]:
    """Where the hottest cell is, as fractions of width and height."""
    row, column = np.unravel_index(cells.argmax(), cells.shape)
    return (float(column) + 0.5) / cells.shape[1], (float(row) + 0.5) / cells.shape[0]


def test_the_shipped_network_is_hottest_at_the_object(tmp_path: Path) -> None:
    with Engine(CollectionStore.open(tmp_path / "collection")) as engine:
        sunflower = starter().model.class_names.index("sunflowers")
        class_id = engine.collection.classes.meant_by(starter().model.class_names)[sunflower]
        for number, (left, top) in enumerate([(0.3, 0.25), (0.7, 0.75)]):
            flower_at(left, top).save(tmp_path / f"{number}.png")
            found = heat_map(engine, HeatMapRequest(tmp_path / f"{number}.png", class_id, "cpu"), silent, CancelToken())
            assert found.cells.shape == (7, 7)
            x, y = hottest(found.cells)
            box_left, box_top, box_right, box_bottom = found.box
            assert box_left + x * (box_right - box_left) == pytest.approx(left, abs=0.12)
            assert box_top + y * (box_bottom - box_top) == pytest.approx(top, abs=0.15)


def test_the_box_is_the_central_square_that_the_network_sees() -> None:
    assert seen_box((640, 480), (341, 256), 224) == pytest.approx((0.1716, 0.0625, 0.8284, 0.9375), abs=1e-4)
    left, top, right, bottom = seen_box((16000, 1000), (2048, 256), 256)  # its ends were cut off: 8000 are left
    assert (left, right) == pytest.approx((0.46875, 0.53125))
    assert (top, bottom) == (0, 1)


def test_another_network_says_that_it_shows_no_places(tmp_path: Path) -> None:
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as engine:
        textured().save(tmp_path / "photo.png")
        with pytest.raises(UserError, match="does not show where it looks"):
            heat_map(engine, HeatMapRequest(tmp_path / "photo.png"), silent, CancelToken())


class _Maps:
    """A network of one cell for each quarter of a photo."""

    batch_size = 1

    def feature_maps(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        del crop
        maps = np.zeros((WIDTH, 2, 2), np.float32)
        maps[:, 0, 1] = 1
        return maps

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        return np.ones((len(crops), WIDTH), np.float16)


def test_a_class_the_model_has_not_learned_is_said(tmp_path: Path) -> None:
    def open_maps(_backbone: Backbone, _device: str) -> _Maps:
        return _Maps()

    with Engine(CollectionStore.open(tmp_path / "collection"), open_maps) as engine:
        textured().save(tmp_path / "photo.png")
        made = engine.collection.classes.resolve("iris", ClassOrigin.PERSON)
        request = HeatMapRequest(tmp_path / "photo.png", made.id)
        with pytest.raises(UserError, match="has not learned it"):
            heat_map(engine, request, silent, CancelToken())
        assert heat_map(engine, replace(request, class_id=0), silent, CancelToken()).cells.shape == (2, 2)
