"""The names of folders that are hardly meant as classes."""

from __future__ import annotations

import pytest

from flowersorter.workflows.training.doubtful_folders import looks_like_no_class


@pytest.mark.parametrize(
    "name",
    ["2026", "1999", "2026-05", "2026_05_01", "20260501", "2026-05 Holiday", "2026.05.01 Lake", "100CANON", "101_PANA",
     "102MSDCF", "DCIM", "Camera Roll", "screenshots"],
)  # fmt: skip
def test_dates_and_folders_of_cameras_look_like_no_class(name: str) -> None:
    assert looks_like_no_class(name)


@pytest.mark.parametrize(
    "name",
    ["roses", "1", "102", "20", "3026", "2026 roses", "20269999", "n02085620", "misc", "Rosa 2000", "100 meters",
     "12345", "camera lens", "747", "5 o'clock", "737max"],
)  # fmt: skip
def test_names_of_classes_do_not(name: str) -> None:
    assert not looks_like_no_class(name)
