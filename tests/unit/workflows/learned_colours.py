"""A collection that learned colours, made once for many tests: each works on a copy."""

from __future__ import annotations

from pathlib import Path

from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos


def learned_colours(folder: Path) -> Path:
    """Make a closed collection in `collection` that learned red, green and blue, and read thirty others in `photos`."""
    for colour in ("red", "green", "blue"):
        draw_photos(folder / "sorted" / colour, colour, 6, first=100)
        draw_photos(folder / "photos" / "2026", colour, 10)
    with Engine(CollectionStore.open(folder / "collection"), open_colour_network) as engine:
        train_folder(engine, TrainFolderRequest(folder / "sorted"), silent, CancelToken())
        predict_folder(engine, PredictFolderRequest(folder / "photos"), silent, CancelToken())
    return folder
