from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from flowersorter.vision.backbone.weights_files import hub_cache
from tests.unit.vision.backbone.small_network import SMALL
from tests.unit.vision.backbone.test_build import random_state


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = hub_cache()
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return random_state(SMALL)


@pytest.fixture
def file(tmp_path: Path, state: dict[str, Tensor]) -> Path:
    path = tmp_path / "picked.pth"
    torch.save(state, path)
    return path
