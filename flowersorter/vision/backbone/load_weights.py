"""Read the weights of a backbone, as torch tensors or as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from flowersorter.errors import WeightsMissing
from flowersorter.messages import text
from flowersorter.vision.backbone.packages import require_torch
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import IMAGENET_CLASSES, bad_file, find_weights, weights_file

if TYPE_CHECKING:
    from torch import Tensor


def load_state(entry: Backbone) -> dict[str, Tensor]:
    """Read a backbone's weights.

    Returns:
        Every tensor of the network with its ImageNet layer by torchvision's name, on the CPU, in the file's
        precision.

    Raises:
        WeightsMissing: the weights are not on this computer.
        ModelFileBad: the file is damaged or of another network.
    """
    path = weights_file(entry)
    require_torch(text("The weights of {entry} cannot be used", entry=entry.title))
    from flowersorter.vision.backbone.state_dict import read_changes, read_state  # here, because it loads torch

    state = read_state(entry, path)
    if entry.changes is None:
        return state
    return {**state, **read_changes(entry, _changes_file(entry.changes, entry), state)}


def load_arrays(entry: Backbone) -> dict[str, NDArray[Any]]:
    """Read a ResNet's weights as arrays; loads torch only for a file in torch's own format.

    Returns:
        Every array of the network with its ImageNet layer by torchvision's name, float16, float32 or float64, without
        the counters of training steps.

    Raises:
        UserError: the backbone is not a ResNet, or its file needs torch, which is not installed.
        WeightsMissing: the weights are not on this computer.
        ModelFileBad: the file is damaged or of another network.
    """
    path = weights_file(entry)
    if path.suffix != ".safetensors":
        return {name: tensor.float().numpy() for name, tensor in load_state(entry).items() if tensor.ndim}
    from flowersorter.vision.backbone.cpu.arrays import read_arrays, read_changed_arrays

    state = read_arrays(entry, path)
    if entry.changes is None:
        return state
    return {**state, **read_changed_arrays(entry, _changes_file(entry.changes, entry), state)}


def imagenet_layer(entry: Backbone) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Read only a backbone's ImageNet layer; loads torch only for a file in torch's own format.

    Returns:
        Weight (1000, D) float32 and bias (1000,) float32, or None if there is no such layer or file.

    Raises:
        ModelFileBad: the file is damaged or of another network.
    """
    path, layer = find_weights(entry), entry.architecture.final_layer
    if path is None or not entry.has_imagenet_layer:
        return None
    if path.suffix != ".safetensors":
        state = load_state(entry)
        return state[f"{layer}.weight"].float().numpy(), state[f"{layer}.bias"].float().numpy()
    try:
        with safe_open(path, framework="numpy") as file:
            weight, bias = file.get_tensor(f"{layer}.weight"), file.get_tensor(f"{layer}.bias")
    except (SafetensorError, OSError) as error:
        raise bad_file(path, text("it is damaged or of another network")) from error
    if weight.shape != (IMAGENET_CLASSES, entry.features) or bias.shape != (IMAGENET_CLASSES,):
        raise bad_file(path, text("its ImageNet layer has the shape {shape}", shape=weight.shape))
    return weight.astype(np.float32), bias.astype(np.float32)


def _changes_file(changes: Path, entry: Backbone) -> Path:
    """The file with the stages that deep training changed.

    Raises:
        WeightsMissing: it is gone.
    """
    if not changes.is_file():
        raise WeightsMissing(
            text("The network {entry} is not here any more", entry=entry.name),
            text("the file {path} is gone", path=changes),
            text("Use another model, or train again"),
        )
    return changes
