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
from flowersorter.vision.backbone.weights import bad_file

#: Tensors in the file of a finetuned backbone that are not weights of the network.
NOT_WEIGHTS = ("seen", "layer_weight", "layer_bias")
#: Allowance for a file's header, and for state dicts saved together with other data.
SIZE_SLACK = 1.5

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
    # 4 bytes for each number: the network in float32, whatever its own file uses.
    limit = int(SIZE_SLACK * sum(4 * tensor.numel() for tensor in wanted.values()))
    state: object
    try:
        _check_size(path, limit)
        if path.suffix == ".safetensors":
            state = load_file(path, device="cpu")
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise bad_file(path, text("it holds no weights that can be read ({error})", error=_reason(error))) from error
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
        raise bad_file(path, text("it holds no weights that can be read ({error})", error=_reason(error))) from error
    changes = {name: tensor for name, tensor in tensors.items() if name not in NOT_WEIGHTS}
    if not changes:
        raise bad_file(path, text("it holds no weights"))
    for name, tensor in changes.items():
        if name not in state or not state[name].is_floating_point():
            raise bad_file(path, text("{name} does not belong to a {entry}", name=name, entry=entry.title))
        _check_tensor(entry, name, tensor, state[name].shape, path)
    return changes


def _check_size(path: Path, limit: int) -> None:
    """Check the size of a file, compressed and uncompressed.

    Raises:
        ModelFileBad: it is too large.
    """
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = max(size, sum(member.file_size for member in archive.infolist()))
    if size > limit:
        raise bad_file(path, text("it holds {size} bytes, far more than this network has", size=size))


def _matched(entry: Backbone, wanted: Mapping[str, Tensor], state: object, path: Path) -> dict[str, Tensor]:
    """Check names, shapes and values against the network's own.

    Raises:
        ModelFileBad: a tensor is missing, unexpected, of another shape, or not finite.
    """
    if not isinstance(state, dict) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise bad_file(path, text("it is not a state dict: names with tensors"))
    # Counters of training steps, unused in eval mode; old files and other converters leave them out.
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    missing = sorted(wanted.keys() - counters - state.keys())
    unexpected = sorted(map(str, state.keys() - wanted.keys()))
    if missing or unexpected:
        problems = [f"{len(missing)} of its tensors are missing, such as {missing[0]}"] if missing else []
        problems += [f"{len(unexpected)} do not belong to it, such as {unexpected[0]}"] if unexpected else []
        raise bad_file(
            path, text("it is not a {entry}: {problems}", entry=entry.title, problems=" and ".join(problems))
        )
    for name in wanted.keys() - counters:
        _check_tensor(entry, name, state[name], wanted[name].shape, path)
    return {name: torch.zeros((), dtype=torch.int64) if name in counters else state[name] for name in wanted}


def _check_tensor(entry: Backbone, name: str, tensor: Tensor, shape: Sequence[int], path: Path) -> None:
    if tuple(tensor.shape) != tuple(shape):
        shapes = f"{tuple(tensor.shape)} instead of {tuple(shape)}"
        raise bad_file(
            path,
            text("it is not a {entry}: {name} has the shape {shapes}", entry=entry.title, name=name, shapes=shapes),
        )
    if tensor.is_meta:
        raise bad_file(path, text("it holds the shape of {name} without its numbers", name=name))
    plain = tensor.layout == torch.strided and tensor.dtype in _PRECISIONS
    if not plain or not torch.isfinite(tensor).all():
        raise bad_file(path, text("{name} holds something that is not a number", name=name))


def _reason(error: Exception) -> str:
    """Give a reason for people; the messages of the libraries are meant for programmers."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "it is damaged, or no file of weights"
