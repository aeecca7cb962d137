"""Architectures: the layers of a backbone, as data that builds an empty network. Only building one loads torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from torch import nn

    from flowersorter.vision.backbone.registry import Backbone


class Architecture(Protocol):
    """Hashable data that builds a network."""

    @property
    def final_layer(self) -> str:
        """Name of the linear layer with the 1000 ImageNet logits; its inputs are the features."""

    def build(self) -> nn.Module:
        """Build the layers, the final one included, on the meta device: shapes without weights."""


@dataclass(frozen=True, slots=True)
class ResNetArchitecture:
    """A ResNet, under torchvision's tensor names. Only such a network can be finetuned and exported whole.

    Attributes:
        block: The residual block.
        depths: Blocks in each of the four stages.
        stride_in_first_conv: Stages 2 to 4 halve the resolution in the first convolution of their first bottleneck
            block (1x1), as in the original paper; torchvision's own ResNets do it in the second (3x3).
        batch_norm_eps: Added to the variance in every batch norm.
    """

    block: Literal["basic", "bottleneck"]
    depths: tuple[int, int, int, int]
    stride_in_first_conv: bool = False
    batch_norm_eps: float = 1e-5

    @property
    def final_layer(self) -> str:
        """Name of the 1000-class layer."""
        return "fc"

    @property
    def features(self) -> int:
        """D, the channels of the last stage."""
        return 2048 if self.block == "bottleneck" else 512

    @property
    def halves_in_first_conv(self) -> bool:
        """Whether the first convolution of a stage halves the resolution, as in all basic blocks."""
        return self.block == "basic" or self.stride_in_first_conv

    def build(self) -> nn.Module:
        """Build the layers on the meta device."""
        from flowersorter.vision.backbone.resnet import FrozenResNet

        network: nn.Module = FrozenResNet.empty(self)
        return network


@dataclass(frozen=True, slots=True)
class TorchvisionArchitecture:
    """Any classification network of torchvision that ends in a linear layer.

    Attributes:
        builder: Name that `torchvision.models.get_model` takes.
        final_layer: Name of the 1000-class layer, such as "classifier.3".
    """

    builder: str
    final_layer: str

    def build(self) -> nn.Module:
        """Build the layers on the meta device."""
        from torchvision.models import get_model

        from flowersorter.vision.backbone.meta_device import on_meta_device

        with on_meta_device():
            network: nn.Module = get_model(self.builder, weights=None)
        return network


def empty_network(entry: Backbone) -> nn.Module:
    """Build a backbone's layers with the 1000-class layer, on the meta device: shapes without weights.

    Raises:
        ValueError: the entry states another number of features than its layers have.
    """
    network = entry.architecture.build()
    features = network.get_submodule(entry.architecture.final_layer).in_features
    if features != entry.features:
        raise ValueError(f"{entry.name} is registered with {entry.features} features, its layers give {features}")
    return network
