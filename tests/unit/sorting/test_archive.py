"""A share of `python -m tests.bench archive`: killed at random steps, nothing is lost, and all goes on or back."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from flowersorter.sorting.plan import Mode
from tests.bench.archive import Archive, kill_trial

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE, Mode.LINK])
def test_an_archive_survives_kills(tmp_path: Path, mode: Mode) -> None:
    chance = random.Random(mode)
    for number in range(2):
        assert kill_trial(Archive(tmp_path / str(number), 120, sidecars=True), mode, chance) == []
