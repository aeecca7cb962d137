"""What the tests of sorting share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowersorter.library.collection import CollectionStore
from tests.unit.sorting.file_trees import OtherDevice, other_device


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "sorted"


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CollectionStore]:
    with CollectionStore.open(tmp_path / "collection") as opened:
        yield opened


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another device."""
    try:
        with other_device(tmp_path) as folder:
            yield folder
    except OtherDevice as reason:
        pytest.skip(str(reason))
