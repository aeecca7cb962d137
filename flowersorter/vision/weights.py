"""Backbone weights on disk: where they are, reading them without trusting them, and putting new ones in place."""

from __future__ import annotations

import hashlib
import os
import pickle
import struct
import zipfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from flowersorter.errors import ModelFileBad, WeightsMissing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from flowersorter.job import CancelToken, Report
    from flowersorter.vision.backbones import Backbone

#: How much larger than its backbone's own file a weights file may be before it is not read at all.
SIZE_SLACK = 1.5

#: What reading a file that is not a state dict can raise, beside torch's own RuntimeError.
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


def shipped_folder() -> Path:
    """The folder of the weights that come with the program, in a checkout and in an installed wheel alike."""
    package = Path(str(resources.files("flowersorter")))
    inside = package / "resources"
    return (inside if inside.is_dir() else package.parent / "resources") / "backbones"


def hub_cache() -> Path:
    """The folder where torch's hub keeps downloaded weights, found as torch does, without loading torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", str(Path(cache) / "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def installed_path(entry: Backbone) -> Path:
    """Where a file goes that the person picked and that is not the published one.

    Not under the published name: other programs take what they find there for torchvision's.
    """
    return hub_cache() / f"flowersorter-{entry.name}.safetensors"


def find_weights(entry: Backbone) -> Path | None:
    """The weights of a backbone on this computer, or None; nothing is read."""
    name = entry.weights.filename
    shipped = shipped_folder() / name
    candidates = [shipped] if entry.weights.shipped else [hub_cache() / name, installed_path(entry)]
    return next((path for path in candidates if path.is_file()), None)


def _missing(entry: Backbone) -> WeightsMissing:
    hint = f"Download them in Preferences or with: flowersorter backbones --download {entry.name}"
    if entry.weights.shipped:
        hint = "They come with FlowerSorter: install it again"
    return WeightsMissing(f"The weights of {entry.title} are not on this computer", "", hint)


def load_state(entry: Backbone) -> dict[str, Tensor]:
    """Read a backbone's weights.

    Returns:
        Every tensor of the network with its ImageNet layer by torchvision's name, on the CPU, in the file's precision.

    Raises:
        WeightsMissing: the weights are not on this computer.
        ModelFileBad: the file is damaged or of another network.
    """
    path = find_weights(entry)
    if path is None:
        raise _missing(entry)
    published = path != installed_path(entry)
    if published and path.stat().st_size != entry.weights.size_bytes:
        raise ModelFileBad(
            f"The weights file {path} is damaged",
            f"it has {path.stat().st_size} bytes instead of {entry.weights.size_bytes}",
            "Delete it, then install or download it again",
        )
    return read_state(entry, path)


def imagenet_layer(entry: Backbone) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Read a backbone's ImageNet layer only; from safetensors without loading torch.

    Returns:
        Weight (1000, D) float32 and bias (1000,) float32, or None where there is no such layer or no file.

    Raises:
        ModelFileBad: the file is damaged or of another network.
    """
    path = find_weights(entry)
    if path is None or not entry.has_imagenet_layer:
        return None
    if path.suffix != ".safetensors":
        state = load_state(entry)
        return state["fc.weight"].float().numpy(), state["fc.bias"].float().numpy()
    try:
        with safe_open(path, framework="numpy") as file:
            weight, bias = file.get_tensor("fc.weight"), file.get_tensor("fc.bias")
    except _UNREADABLE as error:
        raise _bad(path, _first_line(error)) from error
    if weight.shape != (1000, entry.features) or bias.shape != (1000,):
        raise _bad(path, f"its ImageNet layer has the shape {weight.shape}")
    return weight.astype(np.float32), bias.astype(np.float32)


def read_state(entry: Backbone, path: Path) -> dict[str, Tensor]:
    """Read any file that should hold a backbone's weights; nothing in it is run.

    Args:
        entry: The backbone.
        path: A safetensors file, or a state dict saved by torch.

    Raises:
        ModelFileBad: the file is too large, unreadable, or its names and shapes are not the backbone's.
    """
    limit = int(entry.weights.size_bytes * SIZE_SLACK * (2 if entry.weights.shipped else 1))
    try:
        _check_size(path, limit)
        state = _load_safetensors(path) if path.suffix == ".safetensors" else _load_pickle(path)
    except _UNREADABLE as error:
        raise _bad(path, _first_line(error)) from error
    return _matched(entry, state, path)


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
        raise _bad(path, f"it holds {size} bytes, far more than this network has")


def _load_safetensors(path: Path) -> object:
    from safetensors.torch import load_file

    return load_file(path, device="cpu")


def _load_pickle(path: Path) -> object:
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def _matched(entry: Backbone, state: object, path: Path) -> dict[str, Tensor]:
    """Check names, shapes and types against the network's own.

    Raises:
        ModelFileBad: a tensor is missing, unexpected, of another shape, or not a number.
    """
    import torch

    from flowersorter.vision.layers import empty_network

    if not isinstance(state, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in state.values()):
        raise _bad(path, "it is not a state dict: names with tensors")
    wanted: Mapping[str, Tensor] = empty_network(entry).state_dict()
    # Counters of training steps, unused in eval mode; old files and other converters leave them out.
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    missing = sorted(wanted.keys() - counters - state.keys())
    unexpected = sorted(map(str, state.keys() - wanted.keys()))
    if missing or unexpected:
        told = [f"{len(missing)} tensors are missing, such as {missing[0]}"] if missing else []
        told += [f"{len(unexpected)} do not belong to it, such as {unexpected[0]}"] if unexpected else []
        raise _bad(path, f"it is not a {entry.title}: {' and '.join(told)}")
    for name in wanted.keys() - counters:
        tensor = state[name]
        if tensor.shape != wanted[name].shape:
            shapes = f"{tuple(tensor.shape)} instead of {tuple(wanted[name].shape)}"
            raise _bad(path, f"it is not a {entry.title}: {name} has the shape {shapes}")
        if not tensor.is_floating_point() or not torch.isfinite(tensor).all():
            raise _bad(path, f"{name} holds something that is not a number")
    zero = torch.zeros((), dtype=torch.int64)
    return {name: zero.clone() if name in counters else state[name] for name in wanted}


def recognise_weights(file: Path, entries: tuple[Backbone, ...]) -> Backbone:
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
    problem = _bad(file, "no backbone takes weights from a file")
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

    The published file is copied under its own name into torch's hub cache. Any other file with the same names and shapes
    is rewritten as safetensors beside it.

    Returns:
        The installed file.

    Raises:
        ModelFileBad: the file is not this backbone's, or other weights of it are already installed.
    """
    state = read_state(entry, file)
    same = sha256(file) == entry.weights.sha256
    there = find_weights(entry)
    if there is not None:
        if sha256(there) == sha256(file) or (same and sha256(there) == entry.weights.sha256):
            return there
        raise ModelFileBad(
            f"Other weights of {entry.title} are already installed",
            f"they are in {there}",
            "Embeddings of two different networks must not be mixed; remove that file first",
        )
    target = hub_cache() / entry.weights.filename if same else installed_path(entry)
    if same:
        _write_atomically(target, file.read_bytes())
    else:
        from safetensors.torch import save

        _write_atomically(target, save({name: tensor.contiguous() for name, tensor in state.items()}))
    return target


def download_weights(
    entry: Backbone, report: Report, cancel: CancelToken, *, url: str | None = None, trust_env: bool = True
) -> Path:
    """Fetch a backbone's published weights into torch's hub cache; a file already there is used.

    Args:
        entry: The backbone.
        report: Gets `Progress` in bytes.
        cancel: Looked at with every chunk; what has arrived stays and is gone on with next time.
        url: Another address of the same file.
        trust_env: Use the proxies named in the environment.

    Returns:
        The file.

    Raises:
        WeightsMissing: the backbone's weights ship with the program and are gone.
        DownloadFailed: it could not be fetched whole and unchanged.
        Cancelled: somebody asked to stop.
    """
    there = find_weights(entry)
    if there is not None:
        return there
    address = url or entry.weights.url
    if address is None:
        raise _missing(entry)
    from flowersorter.vision.download import Download, download

    wanted = Download(
        address, hub_cache() / entry.weights.filename, entry.weights.size_bytes, entry.weights.sha256
    )
    return download(wanted, report, cancel, stage=f"Downloading {entry.title}", trust_env=trust_env)


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bad(path: Path, why: str) -> ModelFileBad:
    return ModelFileBad(
        f"The weights file {path} cannot be used", why, "Pick another file or download the weights again"
    )


def _first_line(error: BaseException) -> str:
    """The first sentence of an error that others wrote, short enough to read."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
