"""torchvision's ResNet as a registry entry describes it: frozen for good, and still without weights."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

if TYPE_CHECKING:
    from flowersorter.vision.backbone.registry import Backbone

_BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}


class FrozenResNet(ResNet):  # type: ignore[misc]  # torchvision ships no types
    """A ResNet that stays in eval mode whatever it is part of, so batch norm never updates its statistics."""

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode, also when a parent module is switched to training."""
        del mode
        super().train(False)
        return self


def empty_network(entry: Backbone) -> FrozenResNet:
    """A backbone's layers with the 1000-class layer, on the meta device: shapes without weights."""
    norm = partial(nn.BatchNorm2d, eps=entry.batch_norm_eps)
    with torch.device("meta"):
        network = FrozenResNet(_BLOCKS[entry.block], list(entry.depths), norm_layer=norm)
    if entry.stride_in_first_conv:
        for stage in (network.layer2, network.layer3, network.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = stage[0].conv2.stride, stage[0].conv1.stride
    return network
