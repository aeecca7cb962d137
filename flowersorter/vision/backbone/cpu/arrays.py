"""Read a ResNet's weights from a safetensors file without torch; every name, shape and number is checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from flowersorter.messages import text
from flowersorter.vision.backbone.cpu.layers import tensor_shapes
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.state_check import (
    NOT_WEIGHTS,
    check_names,
    check_shape,
    check_size,
    is_counter,
    not_numbers,
    unreadable,
)
from flowersorter.vision.backbone.weights_files import bad_file

_PRECISIONS = {"F16": np.float16, "F32": np.float32, "F64": np.float64}

_INFINITE_BITS = 0x7C00  # of float16

Arrays = dict[str, NDArray[Any]]


def read_arrays(entry: Backbone, path: Path) -> Arrays:
    """Read all weights but the counters of training steps.

    Returns:
        Every array by torchvision's name, in the file's precision; bfloat16 becomes float32.

    Raises:
        UserError: the backbone is not a ResNet.
        ModelFileBad: the file is too large, unreadable, or its names and shapes are not the backbone's.
    """
    wanted = tensor_shapes(entry.resnet(text("The network cannot be computed without PyTorch")))
    tensors = _tensors(path, wanted)
    check_names(entry, wanted, tensors, path)
    return {
        name: _array(entry, name, tensors[name], shape, path) for name, shape in wanted.items() if not is_counter(name)
    }


def read_changed_arrays(entry: Backbone, path: Path, state: Mapping[str, NDArray[Any]]) -> Arrays:
    """Read the arrays that deep training changed.

    Args:
        entry: The backbone, for its title.
        path: A safetensors file.
        state: All weights of the base backbone.

    Raises:
        ModelFileBad: the file is unreadable, or a name or shape in it is not the backbone's.
    """
    tensors = {name: tensor for name, tensor in _tensors(path).items() if name not in NOT_WEIGHTS}
    if not tensors:
        raise bad_file(path, text("it holds no weights"))
    for name in tensors:
        if name not in state:
            raise bad_file(path, text("{name} does not belong to a {entry}", name=name, entry=entry.title))
    return {name: _array(entry, name, tensor, state[name].shape, path) for name, tensor in tensors.items()}


def _tensors(path: Path, wanted: Mapping[str, tuple[int, ...]] | None = None) -> dict[str, dict[str, Any]]:
    try:
        if wanted is not None:
            check_size(path, wanted)
        return dict(deserialize(path.read_bytes()))  # type: ignore[no-untyped-call]  # safetensors' own lacks types
    except (SafetensorError, OSError) as error:
        raise unreadable(error, path) from error


def _array(entry: Backbone, name: str, tensor: Mapping[str, Any], wanted: tuple[int, ...], path: Path) -> NDArray[Any]:
    check_shape(entry, name, tensor["shape"], wanted, path)
    if tensor["dtype"] == "BF16":  # numpy has no such type; its bits are the upper half of a float32
        array = (np.frombuffer(tensor["data"], np.uint16).astype(np.uint32) << 16).view(np.float32)
    elif tensor["dtype"] in _PRECISIONS:
        array = np.frombuffer(tensor["data"], _PRECISIONS[tensor["dtype"]])
    else:
        raise not_numbers(name, path)
    if not _finite(array):
        raise not_numbers(name, path)
    return array.reshape(wanted)


def _finite(array: NDArray[Any]) -> bool:
    """Whether all numbers are finite."""
    if array.dtype != np.float16:
        return bool(np.isfinite(array).all())
    # Four times as fast as numpy's own: infinity has the smallest bits, but for the sign, of all that are not finite.
    return bool(((array.view(np.uint16) & 0x7FFF) < _INFINITE_BITS).all())
