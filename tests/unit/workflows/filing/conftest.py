"""A folder whose photos have suggestions and no labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flowersorter.library.tables.photos import ReadRecord
from flowersorter.vision.features.views import CENTRE
from flowersorter.workflows.engine import Engine
from tests.stub_network import open_colour_network
from tests.unit.workflows.filing.stopped_sorts import (
    PHOTOS,
    teach,
)
from tests.unit.workflows.predicting.test_folder_adaptation import NAMES, near


@pytest.fixture
def folder(engine: Engine, tmp_path: Path) -> Path:
    """Photos that are hard to tell apart, whose folder says that most of them are asters; they have no label."""
    collection, folder = engine.collection, tmp_path / "photos"
    folder.mkdir()
    for number in range(PHOTOS):
        (folder / f"{number:02}.jpg").write_bytes(b"photo %d" % number)
    found = [(path, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.iterdir())]
    places = collection.photos.sync_folder(folder, found)
    hashes = [hashlib.sha256(place.path.read_bytes()).digest() for place in places]
    records = [
        ReadRecord(place.id, sha256, place.size_bytes, place.mtime_ns, 100, 100, None, None)
        for place, sha256 in zip(places, hashes, strict=True)
    ]
    collection.photos.record(records)
    collection.embeddings("resnet50").append(hashes, CENTRE, near((PHOTOS, 0, 0), 1).astype(np.float16))
    teach(engine, tmp_path / "labelled", NAMES)
    return folder


@pytest.fixture
def reopened(engine: Engine) -> Callable[[], Engine]:
    """Gives the collection to another engine, which has predicted nothing yet, as a new process has."""
    return lambda: Engine(engine.collection, open_colour_network)
