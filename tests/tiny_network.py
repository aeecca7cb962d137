"""A real ResNet, small enough to be trained in seconds, with random weights: for deep training."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from flowersorter.vision.backbone import registry
from flowersorter.vision.backbone.architecture import ResNetArchitecture, empty_network
from flowersorter.vision.backbone.build import assemble
from flowersorter.vision.backbone.registry import Backbone, WeightsSource, backbone
from flowersorter.vision.backbone.resnet import FrozenResNet
from flowersorter.vision.backbone.weights_files import hub_cache

#: One basic block a stage, on crops of 64 pixels.
TINY = dataclasses.replace(
    backbone("resnet18"),
    name="tiny",
    title="Tiny",
    architecture=ResNetArchitecture("basic", (1, 1, 1, 1)),
    short_side_px=72,
    crop_px=64,
)


def tiny_state(seed: int = 0) -> dict[str, Tensor]:
    """Weights of the right names and shapes that neither explode nor fade."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    for name, tensor in empty_network(TINY).state_dict().items():
        if tensor.ndim > 1:
            state[name] = torch.randn(tensor.shape, generator=generator) * (2 / tensor[0].numel()) ** 0.5
        elif name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
        elif name == "layer4.0.bn2.bias":
            state[name] = torch.full(tensor.shape, -4.0)  # features are sparse then, and no two photos near-copies
        elif name.endswith(("running_mean", "bias")):
            state[name] = torch.zeros(tensor.shape)
        else:
            state[name] = torch.ones(tensor.shape)
    return state


def tiny_network(seed: int = 0) -> FrozenResNet:
    """The network without its ImageNet layer."""
    network = assemble(TINY, tiny_state(seed), classifier=False)
    assert isinstance(network, FrozenResNet)
    return network


@contextmanager
def tiny_among_the_backbones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backbone]:
    """Offer it under the name "tiny", its weights in `folder` as if torch had put them there."""
    monkeypatch.setenv("TORCH_HOME", str(folder / "torch"))
    hub_cache().mkdir(parents=True)
    file = hub_cache() / "tiny.safetensors"
    save_file(tiny_state(), file)
    weights = WeightsSource(file.name, file.stat().st_size, "", "https://example.org/tiny.safetensors")
    entry = dataclasses.replace(TINY, weights=weights)
    monkeypatch.setitem(registry._registry, "tiny", entry)
    yield entry


#: Pixels from one stripe to the next.
PATTERNS = {"narrow": 6, "wide": 30}


def draw_stripes(folder: Path, name: str, count: int, *, first: int = 0) -> None:
    """Photos of stripes in any colour, `name` saying how far apart; no two alike."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        draw = np.random.default_rng((number, PATTERNS[name]))
        across = np.arange(300 + 10 * int(draw.integers(0, 5))) + draw.integers(0, 40)
        stripes = np.sin(across * 2 * np.pi / PATTERNS[name] * draw.uniform(0.8, 1.25))[None, :, None]
        noise = draw.normal(0, 45, (8, 10, 3))
        rough = np.asarray(Image.fromarray(np.clip(128 + noise, 0, 255).astype(np.uint8)).resize((len(across), 280)))
        pixels = np.clip(rough + stripes * draw.uniform(30, 90, 3), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name / f"{name}_{number}.jpg", quality=90)
