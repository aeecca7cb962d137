"""A real ResNet, small enough to be trained in seconds, with random weights: for deep training."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from flowersorter.vision.backbones import backbone
from flowersorter.vision.layers import FrozenResNet, empty_network
from flowersorter.vision.network import assemble

#: One basic block a stage, on crops of 64 pixels.
TINY = dataclasses.replace(
    backbone("resnet18"), name="tiny", title="Tiny", depths=(1, 1, 1, 1), short_side_px=72, crop_px=64
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
    return assemble(TINY, tiny_state(seed), classifier=False)
