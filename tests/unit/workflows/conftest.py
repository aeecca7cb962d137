"""A collection with drawn photos and a network that sees colours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from tests.drawing import BLUE, GREEN, RED, YELLOW, textured
from tests.stub_network import open_colour_network

COLOURS = {"red": RED, "green": GREEN, "blue": BLUE, "yellow": YELLOW}


def draw_photos(folder: Path, colour: str, count: int, *, first: int = 0) -> list[Path]:
    """Draw photos of one colour, each different: `folder/red_0.jpg` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{colour}_{i}.jpg" for i in range(first, first + count)]
    for i, path in enumerate(paths, start=first):
        textured(colour=COLOURS[colour], seed=i).save(path, quality=92)
    return paths


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with CollectionStore.open(tmp_path / "collection") as opened:
        yield opened


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with ten photos each of red, green and blue, without class folders."""
    folder = tmp_path / "photos"
    for colour in ("red", "green", "blue"):
        draw_photos(folder / "2026", colour, 10)
    return folder


@pytest.fixture
def sorted_photos(tmp_path: Path) -> Path:
    """A folder with a sub-folder of eight photos for each of three colours."""
    folder = tmp_path / "sorted"
    for colour in ("red", "green", "blue"):
        draw_photos(folder / colour, colour, 8, first=100)
    return folder


@pytest.fixture
def engine(collection: CollectionStore) -> Engine:
    """The engine of the collection, with a network that sees colours."""
    return Engine(collection, open_colour_network)
