"""What the tests of sorting share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowersorter.library.collection import Garden
from tests.unit.sorting.file_trees import OtherDevice, other_device


@pytest.fixture
def garden(tmp_path: Path) -> Iterator[Garden]:
    with Garden.open(tmp_path / "garden") as opened:
        yield opened


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another device."""
    try:
        with other_device(tmp_path) as folder:
            yield folder
    except OtherDevice as reason:
        pytest.skip(str(reason))
