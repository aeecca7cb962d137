"""Writing the whole network, head included, in the form plain torchvision reads. Imports torch."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from flowersorter.errors import UserError
from flowersorter.vision.backbones import backbone as backbone_named
from flowersorter.vision.weights import load_state


def write_torchvision(
    path: Path,
    backbone: str,
    class_names: Sequence[str],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> None:
    """Write a dictionary that `torch.load(path, weights_only=True)` reads.

    Its ``state_dict`` fits ``torchvision.models.resnetNN(num_classes=C)``; ``mean`` and ``std`` are for pixels
    between 0 and 1; ``strides`` are those of the first and second convolution of the first block of layers 2 to 4,
    which differ from torchvision's in the original ResNet-50.

    Args:
        path: Replaced when the new file is whole.
        backbone: Name of the backbone.
        class_names: C names in the order of the outputs.
        weight: (C, D) float32, on raw pooled features.
        bias: (C,) float32.

    Raises:
        WeightsMissing: the backbone's weights are not on this computer.
        UserError: the file cannot be written.
    """
    entry = backbone_named(backbone)
    state = {name: tensor.float() for name, tensor in load_state(entry).items() if not name.startswith("fc.")}
    # torchvision's batch norm adds 1e-5 to the variance: what this backbone adds beyond that moves into it.
    surplus = entry.batch_norm_eps - 1e-5
    state = {name: tensor + surplus if name.endswith("running_var") else tensor for name, tensor in state.items()}
    state["fc.weight"], state["fc.bias"] = torch.from_numpy(weight.copy()), torch.from_numpy(bias.copy())
    saved = {
        "state_dict": state,
        "class_names": list(class_names),
        "architecture": entry.name.partition("-")[0],
        "strides": (2, 1) if entry.stride_in_first_conv else (1, 2),
        "mean": [value / 255 for value in entry.mean],
        "std": [value / 255 for value in entry.std],
        "resize": entry.short_side_px,
        "crop": entry.crop_px,
    }
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
            torch.save(saved, file)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise UserError(f"The model cannot be saved as {path}", error.strerror or str(error)) from error
