"""Backbone weights: reading them without trusting them, and putting new ones in place."""

from __future__ import annotations

import hashlib
import pickle
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from flowersorter.errors import ModelFileBad, WeightsMissing
from flowersorter.job import CancelToken, Report
from flowersorter.vision.backbones import Backbone
from flowersorter.vision.download import Download, download, write_atomically
from flowersorter.vision.layers import empty_network
from flowersorter.vision.weight_files import bad_file, find_weights, hub_cache, imagenet_layer, installed_path

__all__ = [
    "download_weights",
    "find_weights",
    "imagenet_layer",
    "install_weights",
    "load_state",
    "read_state",
    "recognise_weights",
]

#: Room for a file's header, and for the state dict of a network that was saved with something beside it.
SIZE_SLACK = 1.5

#: What reading a file that holds no state dict can raise; torch and pickle let almost anything through.
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


def load_state(entry: Backbone) -> dict[str, Tensor]:
    """Read a backbone's weights.

    Returns:
        Every tensor of the network with its ImageNet layer by torchvision's name, on the CPU, in the file's
        precision.

    Raises:
        WeightsMissing: the weights are not on this computer.
        ModelFileBad: the file is damaged or of another network.
    """
    path = find_weights(entry)
    if path is None:
        raise _missing(entry)
    size = path.stat().st_size
    if path != installed_path(entry) and size != entry.weights.size_bytes:
        raise ModelFileBad(
            f"The weights file {path} is damaged",
            f"it has {size} bytes instead of {entry.weights.size_bytes}",
            "Delete it, then install or download it again",
        )
    return read_state(entry, path)


def read_state(entry: Backbone, path: Path) -> dict[str, Tensor]:
    """Read any file that should hold a backbone's weights; nothing in it is run.

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
        raise bad_file(path, f"it holds no weights that can be read ({_first_line(error)})") from error
    return _matched(entry, wanted, state, path)


def _check_size(path: Path, limit: int) -> None:
    """Refuse a file that is too large, packed or unpacked.

    Raises:
        ModelFileBad: it is.
    """
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = max(size, sum(member.file_size for member in archive.infolist()))
    if size > limit:
        raise bad_file(path, f"it holds {size} bytes, far more than this network has")


def _matched(entry: Backbone, wanted: Mapping[str, Tensor], state: object, path: Path) -> dict[str, Tensor]:
    """Check names, shapes and numbers against the network's own.

    Raises:
        ModelFileBad: a tensor is missing, unexpected, of another shape, or holds no numbers.
    """
    if not isinstance(state, dict) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise bad_file(path, "it is not a state dict: names with tensors")
    # Counters of training steps, unused in eval mode; old files and other converters leave them out.
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    missing = sorted(wanted.keys() - counters - state.keys())
    unexpected = sorted(map(str, state.keys() - wanted.keys()))
    if missing or unexpected:
        told = [f"{len(missing)} of its tensors are missing, such as {missing[0]}"] if missing else []
        told += [f"{len(unexpected)} do not belong to it, such as {unexpected[0]}"] if unexpected else []
        raise bad_file(path, f"it is not a {entry.title}: {' and '.join(told)}")
    for name in wanted.keys() - counters:
        _check_tensor(entry, name, state[name], wanted[name].shape, path)
    return {name: torch.zeros((), dtype=torch.int64) if name in counters else state[name] for name in wanted}


def _check_tensor(entry: Backbone, name: str, tensor: Tensor, shape: Sequence[int], path: Path) -> None:
    if tuple(tensor.shape) != tuple(shape):
        shapes = f"{tuple(tensor.shape)} instead of {tuple(shape)}"
        raise bad_file(path, f"it is not a {entry.title}: {name} has the shape {shapes}")
    plain = tensor.layout == torch.strided and tensor.is_floating_point()
    if not plain or not torch.isfinite(tensor).all():
        raise bad_file(path, f"{name} holds something that is not a number")


def recognise_weights(file: Path, entries: Sequence[Backbone]) -> Backbone:
    """Find out which backbone a file belongs to: by its published name, else by what is in it.

    Args:
        file: The file the person picked.
        entries: The backbones it may be, the likeliest first.

    Raises:
        ModelFileBad: it is none of them; the message is about the last one tried.
    """
    for entry in entries:
        if entry.weights.filename == file.name:
            return entry
    problem = bad_file(file, "no backbone takes weights from a file")
    for entry in entries:
        try:
            read_state(entry, file)
        except ModelFileBad as error:
            problem = error
        else:
            return entry
    raise problem


def install_weights(entry: Backbone, file: Path) -> Path:
    """Put a file the person picked where `find_weights` finds it.

    The published file is copied under its own name into torch's hub cache. Any other file with the same names
    and shapes is rewritten beside it as safetensors, under a name of our own.

    Returns:
        The installed file.

    Raises:
        ModelFileBad: the file is not this backbone's or cannot be written, or other weights are installed.
    """
    state = read_state(entry, file)
    published = _sha256(file) == entry.weights.sha256
    data = file.read_bytes() if published else save({name: state[name].contiguous() for name in state})
    there = find_weights(entry)
    if there is not None:
        if there.read_bytes() == data:
            return there
        raise ModelFileBad(
            f"Other weights of {entry.title} are already installed",
            f"they are in {there}",
            "The embeddings of two different networks must not mix; remove that file first",
        )
    target = hub_cache() / entry.weights.filename if published else installed_path(entry)
    try:
        write_atomically(target, data)
    except OSError as error:
        raise ModelFileBad(
            f"The weights cannot be written to {target}", error.strerror or str(error)
        ) from error
    return target


def download_weights(
    entry: Backbone, report: Report, cancel: CancelToken, *, url: str | None = None, trust_env: bool = True
) -> Path:
    """Fetch a backbone's published weights into torch's hub cache; weights already here are used.

    Args:
        entry: The backbone.
        report: Gets `Progress` in bytes.
        cancel: Looked at with every chunk; what has arrived stays, and the next call goes on from there.
        url: Another address of the same file.
        trust_env: Use the proxies named in the environment.

    Returns:
        The file.

    Raises:
        WeightsMissing: the weights should have come with the program and cannot be downloaded.
        DownloadFailed: the file could not be fetched whole and unchanged.
        Cancelled: somebody asked to stop.
    """
    there = find_weights(entry)
    if there is not None:
        return there
    address = url or entry.weights.url
    if address is None:
        raise _missing(entry)
    target = hub_cache() / entry.weights.filename
    wanted = Download(address, target, entry.weights.size_bytes, entry.weights.sha256)
    return download(wanted, report, cancel, stage=f"Downloading {entry.title}", trust_env=trust_env)


def _missing(entry: Backbone) -> WeightsMissing:
    hint = f"Download them in Preferences or with: flowersorter backbones --download {entry.name}"
    if entry.weights.shipped:
        hint = "They come with FlowerSorter: install it again"
    return WeightsMissing(f"The weights of {entry.title} are not on this computer", "", hint)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _first_line(error: BaseException) -> str:
    """The first line of an error that others wrote, short enough to read."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:160].rstrip(". ")
