"""Split a ResNet into frozen, inference-optimised stages and trainable last stages with a final layer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from flowersorter.vision.backbone.build import for_inference

if TYPE_CHECKING:
    from torchvision.models.resnet import ResNet

#: Trainable stages, the last one first.
STAGES = ("layer4", "layer3")
#: Added to pooled features, whose mean is about 0.5, while stages are trained: the square root has no slope at 0.
_ABOVE_ZERO = 1e-3


class PartialResNet(nn.Module):
    """The last stages of a ResNet and a final layer on normalised square roots, the features of the head.

    It always stays in eval mode: batch norms keep their ImageNet statistics, as those of small batches are noisy.

    Args:
        stages: Stages of a ResNet by name, the first one first; may be empty.
        weight: (C, D) float32, initial weights of the final layer.
        bias: (C,) float32.
    """

    def __init__(
        self, stages: OrderedDict[str, nn.Module], weight: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> None:
        super().__init__()
        self.stages = nn.Sequential(stages)
        self._above_zero = _ABOVE_ZERO if stages else 0.0
        self.head = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(weight))
            self.head.bias.copy_(torch.from_numpy(bias))
        self.requires_grad_(True)
        self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode."""
        del mode
        return super().train(False)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, K, h, w) from the frozen part -> logits (B, C) float32."""
        pooled = self.stages(maps).float().mean(dim=(2, 3))
        with torch.autocast(maps.device.type, enabled=False):
            roots = torch.sqrt(pooled + self._above_zero)
            logits: Tensor = self.head(functional.normalize(roots, dim=1))
        return logits

    def by_depth(self) -> Iterator[tuple[int, str, nn.Parameter]]:
        """Yield every parameter with its distance from the end in stages (0 for the head) and its name."""
        for name, parameter in self.head.named_parameters():
            yield 0, f"head.{name}", parameter
        for depth, stage in enumerate(reversed(list(self.stages)), start=1):
            for name, parameter in stage.named_parameters():
                yield depth, f"{STAGES[depth - 1]}.{name}", parameter

    def changed(self) -> dict[str, Tensor]:
        """Copy the trainable tensors of the stages to the CPU, by torchvision's names, float32."""
        return {name: tensor.detach().cpu().clone() for depth, name, tensor in self.by_depth() if depth > 0}


def cut_in_two(
    network: ResNet, unfreeze: int, head: tuple[NDArray[np.float32], NDArray[np.float32]], dtype: torch.dtype
) -> tuple[nn.Module, PartialResNet]:
    """Split a backbone.

    Args:
        network: In eval mode; the trainable stages are taken out of it, not copied.
        unfreeze: Number of `STAGES` to train.
        head: Initial weight (C, D) and bias (C,).
        dtype: Precision of the frozen part.

    Returns:
        The frozen part, normalised pixels (B, 3, S, S) of that type -> maps (B, K, h, w), channels last; and the rest.
    """
    trained = STAGES[:unfreeze][::-1]
    fast = for_inference(network, dtype)
    layers = ["conv1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"]
    frozen = (
        nn.Sequential(*(getattr(fast, name) for name in layers if name not in trained)).eval().requires_grad_(False)
    )
    stages = OrderedDict((name, getattr(network, name)) for name in trained)
    part = PartialResNet(stages, *head).to(memory_format=torch.channels_last)
    return frozen.eval().requires_grad_(False), part
