"""The convolutions of a ResNet as data, under torchvision's tensor names: shapes and batch norms without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.weights_files import IMAGENET_CLASSES

#: Channels of the first convolution, and of the narrow convolutions of each stage.
_STEM, _WIDTHS = 64, (64, 128, 256, 512)
_NORM_VECTORS = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with its batch norm; its padding keeps the size of the maps except for the stride.

    Attributes:
        name: Its tensor is ``name.weight``, (outputs, inputs, side, side).
        norm: Name of the batch norm.
        inputs: Channels of its input.
        outputs: Channels of its output.
        side: Side of the kernel.
        stride: 2 where it halves the resolution.
    """

    name: str
    norm: str
    inputs: int
    outputs: int
    side: int
    stride: int

    @property
    def size(self) -> int:
        """Number of weights in the kernel."""
        return self.outputs * self.inputs * self.side * self.side

    def folded(
        self, state: Mapping[str, NDArray[Any]], architecture: ResNetArchitecture, buffer: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Fold the batch norm into the convolution.

        Args:
            state: All weights, by torchvision's name.
            architecture: Of the network.
            buffer: (`size` or more,) gets the kernel: new memory for each would take longer than computing it.

        Returns:
            The kernel (outputs, inputs, side, side) and the bias (outputs,); of unusable weights NaN or infinity.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            gain, bias, mean, variance = (state[f"{self.norm}.{part}"].astype(np.float32) for part in _NORM_VECTORS)
            gain = gain / np.sqrt(variance + np.float32(architecture.batch_norm_eps))
            kernel = buffer[: self.size].reshape(self.outputs, self.inputs, self.side, self.side)
            np.copyto(kernel, state[f"{self.name}.weight"], casting="same_kind")
            kernel *= gain[:, None, None, None]
            return kernel, bias - mean * gain


@dataclass(frozen=True, slots=True)
class ResidualBlock:
    """A residual block: convolutions one behind the other, added to a shortcut.

    Attributes:
        name: Such as "layer1.0".
        convolutions: Two (basic) or three (bottleneck).
        shortcut: The convolution of the shortcut; None where the input is added as it is.
    """

    name: str
    convolutions: tuple[Convolution, ...]
    shortcut: Convolution | None


#: The first convolution; a 3x3 max pooling with stride 2 follows.
STEM = Convolution("conv1", "bn1", 3, _STEM, 7, 2)


def blocks(architecture: ResNetArchitecture) -> Iterator[ResidualBlock]:
    """The residual blocks of a ResNet, in order."""
    inputs = _STEM
    for stage, (depth, width) in enumerate(zip(architecture.depths, _WIDTHS, strict=True), start=1):
        bottleneck = architecture.block == "bottleneck"
        outputs = 4 * width if bottleneck else width
        sides = (1, 3, 1) if bottleneck else (3, 3)
        for number in range(depth):
            name, stride = f"layer{stage}.{number}", 2 if stage > 1 and number == 0 else 1
            halving = 0 if architecture.halves_in_first_conv else 1
            channels = (inputs, *[width] * (len(sides) - 1), outputs)
            convolutions = tuple(
                Convolution(
                    f"{name}.conv{place + 1}",
                    f"{name}.bn{place + 1}",
                    channels[place],
                    channels[place + 1],
                    side,
                    stride if place == halving else 1,
                )
                for place, side in enumerate(sides)
            )
            shortcut = Convolution(f"{name}.downsample.0", f"{name}.downsample.1", inputs, outputs, 1, stride)
            yield ResidualBlock(name, convolutions, shortcut if stride > 1 or inputs != outputs else None)
            inputs = outputs


def convolutions(architecture: ResNetArchitecture) -> list[Convolution]:
    """Every convolution of a ResNet."""
    inside = [each for block in blocks(architecture) for each in (*block.convolutions, block.shortcut) if each]
    return [STEM, *inside]


def tensor_shapes(architecture: ResNetArchitecture) -> dict[str, tuple[int, ...]]:
    """The shapes of all tensors of a ResNet by name, its 1000-class layer included."""
    shapes: dict[str, tuple[int, ...]] = {}
    for each in convolutions(architecture):
        shapes[f"{each.name}.weight"] = (each.outputs, each.inputs, each.side, each.side)
        shapes |= {f"{each.norm}.{part}": (each.outputs,) for part in _NORM_VECTORS}
        shapes[f"{each.norm}.num_batches_tracked"] = ()
    shapes["fc.weight"], shapes["fc.bias"] = (IMAGENET_CLASSES, architecture.features), (IMAGENET_CLASSES,)
    return shapes
