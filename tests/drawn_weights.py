"""Weights that nobody trained, for tests that compare two ways of computing the same network."""

from __future__ import annotations

import torch

from flowersorter.vision.backbone.architecture import empty_network
from flowersorter.vision.backbone.registry import Backbone


def drawn_state(entry: Backbone) -> dict[str, torch.Tensor]:
    """Weights of a network whose features are neither all zero nor endless."""
    torch.manual_seed(3)
    network = empty_network(entry).to_empty(device="cpu")
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var") or (name.endswith("weight") and tensor.ndim == 1):
            tensor.uniform_(0.5, 1.5)
        elif name.endswith(("running_mean", "bias")):
            tensor.normal_(0, 0.1)
        elif tensor.is_floating_point():
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5)
    return {name: tensor.half() if tensor.ndim == 4 else tensor for name, tensor in network.state_dict().items()}
