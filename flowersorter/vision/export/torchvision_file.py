"""Export the whole network with a head as a torchvision file."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from flowersorter.vision.backbone.load_weights import load_state
from flowersorter.vision.backbone.registry import Backbone

#: Added to the variance by torchvision's batch norm.
_TORCHVISION_EPS = 1e-5


def torchvision_file(
    entry: Backbone,
    class_names: Sequence[str],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    made_by: Mapping[str, str],
) -> bytes:
    """Make a dictionary that `torch.load(path, weights_only=True)` reads.

    Its ``state_dict`` fits ``torchvision.models.resnetNN(num_classes=C)``; ``mean`` and ``std`` are for pixels
    between 0 and 1; ``resize`` and ``crop`` are in pixels; ``strides`` are those of the first and second convolution of
    the first block of layers 2 to 4, which differ from torchvision's in the original ResNet-50.

    Args:
        entry: The backbone.
        class_names: C names in the order of the outputs.
        weight: (C, D) float32, on raw pooled features: torchvision's network takes no square root.
        bias: (C,) float32.
        made_by: The program that exports it.

    Raises:
        UserError: the backbone is not a ResNet.
        WeightsMissing: the backbone's weights are not on this computer.
    """
    architecture = entry.resnet("The model cannot be saved as .pth")
    state = {name: tensor.float() for name, tensor in load_state(entry).items() if not name.startswith("fc.")}
    # The difference of the epsilons moves into the variance.
    surplus = architecture.batch_norm_eps - _TORCHVISION_EPS
    state = {name: tensor + surplus if name.endswith("running_var") else tensor for name, tensor in state.items()}
    state["fc.weight"], state["fc.bias"] = torch.from_numpy(weight.copy()), torch.from_numpy(bias.copy())
    file = io.BytesIO()
    torch.save(
        {
            "state_dict": state,
            "class_names": list(class_names),
            "architecture": entry.name.partition("-")[0],
            "strides": ((2, 2), (1, 1)) if architecture.halves_in_first_conv else ((1, 1), (2, 2)),
            "mean": [value / 255 for value in entry.mean],
            "std": [value / 255 for value in entry.std],
            # Enlarging a crop equals cropping an enlarged photo.
            "resize": round(entry.short_side_px * entry.seen_px / entry.crop_px),
            "crop": entry.seen_px,
            "made_by": dict(made_by),
        },
        file,
    )
    return file.getvalue()
