"""A ResNet whose batch norms keep their statistics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self

from torch import nn

from flowersorter.vision.backbone.meta_device import on_meta_device
from flowersorter.vision.backbone.torchvision_packages import defer_torchvision

defer_torchvision()
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet  # noqa: E402  (alone, only after that call)

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
        with on_meta_device():
            network = cls(_BLOCKS[architecture.block], list(architecture.depths), norm_layer=norm)
        if architecture.stride_in_first_conv:
            for stage in (network.layer2, network.layer3, network.layer4):
                stage[0].conv1.stride, stage[0].conv2.stride = stage[0].conv2.stride, stage[0].conv1.stride
        return network


def is_resnet(network: nn.Module) -> bool:
    """Whether a network has a ResNet's layers, under torchvision's names."""
    return isinstance(network, ResNet)


def is_residual_block(layer: nn.Module) -> bool:
    """Whether a layer is a ResNet's block: two or three convolutions, each with a batch norm, beside a shortcut."""
    return isinstance(layer, (BasicBlock, Bottleneck))
