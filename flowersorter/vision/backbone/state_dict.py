"""Read untrusted weights files: no code in them runs, and every name and shape is checked."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from flowersorter.messages import text
from flowersorter.vision.backbone.architecture import empty_network
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

#: Precisions a network can be saved in; for others, torch lacks some of its functions.
_PRECISIONS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)

#: Errors of reading a file without a state dict; torch and pickle pass on almost any.
_UNREADABLE = (
    RuntimeError,
    pickle.UnpicklingError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    struct.error,
    zipfile.BadZipFile,
    SafetensorError,
)


def read_state(entry: Backbone, path: Path) -> dict[str, Tensor]:
    """Read a backbone's weights from any file; no code in it runs.

    Args:
        entry: The backbone.
        path: A safetensors file, or a state dict saved by torch.

    Raises:
        ModelFileBad: the file is too large, unreadable, or its names and shapes are not the backbone's.
    """
    wanted = empty_network(entry).state_dict()
    state: object
    try:
        check_size(path, _shapes(wanted))
        if path.suffix == ".safetensors":
            state = load_file(path, device="cpu")
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise unreadable(error, path) from error
    return _matched(entry, wanted, state, path)


def read_changes(entry: Backbone, path: Path, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Read the tensors that deep training changed, without `NOT_WEIGHTS`.

    Args:
        entry: The backbone, for its title.
        path: A safetensors file.
        state: All weights of the base backbone.

    Raises:
        ModelFileBad: the file is unreadable, or a name or shape in it is not the backbone's.
    """
    try:
        tensors = load_file(path, device="cpu")
    except _UNREADABLE as error:
        raise unreadable(error, path) from error
    changes = {name: tensor for name, tensor in tensors.items() if name not in NOT_WEIGHTS}
    if not changes:
        raise bad_file(path, text("it holds no weights"))
    for name, tensor in changes.items():
        if name not in state or not state[name].is_floating_point():
            raise bad_file(path, text("{name} does not belong to a {entry}", name=name, entry=entry.title))
        _check_tensor(entry, name, tensor, state[name].shape, path)
    return changes


def _matched(entry: Backbone, wanted: Mapping[str, Tensor], state: object, path: Path) -> dict[str, Tensor]:
    """Check names, shapes and values against the network's own.

    Raises:
        ModelFileBad: a tensor is missing, unexpected, of another shape, or not finite.
    """
    if not isinstance(state, dict) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise bad_file(path, text("it is not a state dict: names with tensors"))
    check_names(entry, _shapes(wanted), state, path)
    for name in wanted:
        if not is_counter(name):
            _check_tensor(entry, name, state[name], wanted[name].shape, path)
    return {name: torch.zeros((), dtype=torch.int64) if is_counter(name) else state[name] for name in wanted}


def _shapes(state: Mapping[str, Tensor]) -> dict[str, Sequence[int]]:
    return {name: tensor.shape for name, tensor in state.items()}


def _check_tensor(entry: Backbone, name: str, tensor: Tensor, shape: Sequence[int], path: Path) -> None:
    check_shape(entry, name, tensor.shape, shape, path)
    if tensor.is_meta:
        raise bad_file(path, text("it holds the shape of {name} without its numbers", name=name))
    plain = tensor.layout == torch.strided and tensor.dtype in _PRECISIONS
    if not plain or not torch.isfinite(tensor).all():
        raise not_numbers(name, path)
