from __future__ import annotations

from pathlib import Path

import pytest
import torch

from flowersorter.vision.backbone.registry import backbones
from flowersorter.vision.backbone.weights_files import find_weights, hub_cache


@pytest.mark.parametrize(
    "environment",
    [{"TORCH_HOME": "/somewhere/torch"}, {"TORCH_HOME": "~/mine"}, {"XDG_CACHE_HOME": "/var/my cache"}, {}],
    ids=["TORCH_HOME", "home", "XDG_CACHE_HOME", "neither"],
)
def test_the_hub_cache_is_where_torch_has_it(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert hub_cache() == Path(torch.hub.get_dir()) / "checkpoints"


@pytest.mark.usefixtures("cache")
def test_the_shipped_weights_are_here_and_the_others_are_not() -> None:
    assert [entry.name for entry in backbones() if find_weights(entry)] == ["resnet50"]
