"""A collection as a script opens it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowersorter import Collection
from tests.stub_network import open_colour_network


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.open(tmp_path / "collection") as opened:
        opened._engine.open_network = open_colour_network
        yield opened
