"""What the tests of sorting share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowersorter.library.garden import Garden
from tests.unit.sorting.orchard import OtherDevice, other_device


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "safety: kills, power cuts, errors of the disk; a share, or all (minutes) with FLOWERSORTER_SAFETY=1",
    )


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
