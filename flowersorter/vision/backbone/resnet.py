"""A ResNet whose batch norms keep their statistics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

if TYPE_CHECKING:
    from flowersorter.vision.backbone.architecture import ResNetArchitecture

_BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}


class FrozenResNet(ResNet):  # type: ignore[misc]  # torchvision ships no types
    """A ResNet that stays in eval mode inside any parent module, so batch norm never updates its statistics."""

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode, also when a parent module is switched to training."""
        del mode
        super().train(False)
        return self

    @classmethod
    def empty(cls, architecture: ResNetArchitecture) -> Self:
        """Build the layers with the 1000-class layer on the meta device."""
        norm = partial(nn.BatchNorm2d, eps=architecture.batch_norm_eps)
        with torch.device("meta"):
            network = cls(_BLOCKS[architecture.block], list(architecture.depths), norm_layer=norm)
        if architecture.stride_in_first_conv:
            for stage in (network.layer2, network.layer3, network.layer4):
                stage[0].conv1.stride, stage[0].conv2.stride = stage[0].conv2.stride, stage[0].conv1.stride
        return network
