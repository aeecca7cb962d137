"""Backbone weights on this computer: find, read and install them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from flowersorter.atomic_write import write_atomically
from flowersorter.errors import ModelFileBad, WeightsMissing
from flowersorter.messages import text
from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.packages import can_load_openvino, require_torch
from flowersorter.vision.backbone.registry import base_name

if TYPE_CHECKING:
    from torch import Tensor

    from flowersorter.vision.backbone.registry import Backbone

IMAGENET_CLASSES = 1000


def bad_file(path: Path, why: str) -> ModelFileBad:
    """Make the error for a weights file that cannot be used."""
    return ModelFileBad(
        text("The weights file {path} cannot be used", path=path),
        why,
        text("Choose another file or download the weights again"),
    )


def shipped_folder() -> Path:
    """Folder of the weights shipped with the program, in a checkout and in an installed wheel."""
    package = Path(str(resources.files("flowersorter")))
    inside = package / "resources"
    return (inside if inside.is_dir() else package.parent / "resources") / "backbones"


def hub_cache() -> Path:
    """Folder of torch's hub for downloaded weights, found without loading torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", str(Path(cache) / "torch"))
    return Path(home).expanduser() / "hub" / "checkpoints"


def installed_path(entry: Backbone) -> Path:
    """Path for weights installed from another file than the published one.

    Not under the published name: other programs expect torchvision's file there.
    """
    return hub_cache() / f"flowersorter-{base_name(entry.name)}.safetensors"


def find_weights(entry: Backbone) -> Path | None:
    """Find the weights of a backbone or of its base on this computer, or None; reads no file."""
    name = entry.weights.filename
    shipped = shipped_folder() / name
    candidates = [shipped] if entry.weights.shipped else [hub_cache() / name, installed_path(entry)]
    return next((path for path in candidates if path.is_file()), None)


def weights_file(entry: Backbone) -> Path:
    """Return the file of a backbone's weights, or of its base; checks its size, and reads nothing of it.

    Raises:
        WeightsMissing: the weights are not on this computer.
        ModelFileBad: the file is not as large as it must be.
    """
    path = find_weights(entry)
    if path is None:
        raise missing_weights(entry)
    size = path.stat().st_size
    if path != installed_path(entry) and size != entry.weights.size_bytes:
        raise ModelFileBad(
            text("The weights file {path} is damaged", path=path),
            text("it has {size} bytes instead of {size_bytes}", size=size, size_bytes=entry.weights.size_bytes),
            text("Delete it, then install or download it again"),
        )
    return path


def weights_version(entry: Backbone) -> tuple[tuple[Path, int, int] | None, ...]:
    """Tell one state of a backbone's files from another: path, size in bytes and mtime in ns of each, None if missing.

    The files are those that `load_state` reads: the weights, and the stages that deep training changed.
    """
    return tuple(_version(path) for path in (find_weights(entry), entry.changes))


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


def imagenet_classes() -> tuple[str, ...]:
    """Names of the 1000 ImageNet classes by index; two names occur twice."""
    text = (shipped_folder() / "imagenet-classes.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))


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


def recognise_weights(file: Path, entries: Sequence[Backbone]) -> Backbone:
    """Identify the backbone of a weights file by its published name, else by its tensors.

    Args:
        file: The weights file.
        entries: Candidates, the likeliest first.

    Raises:
        UserError: the file needs torch, which is not installed.
        ModelFileBad: no candidate fits; the message is about the last one.
    """
    for entry in entries:
        if entry.weights.filename == file.name:
            return entry
    problem = bad_file(file, text("no backbone takes weights from a file"))
    for entry in entries:
        try:
            if _needs_torch(entry, file):
                from flowersorter.vision.backbone.state_dict import read_state

                read_state(entry, file)
            else:
                from flowersorter.vision.backbone.cpu.arrays import read_arrays

                read_arrays(entry, file)
        except ModelFileBad as error:
            problem = error
        else:
            return entry
    raise problem


def install_weights(entry: Backbone, file: Path) -> Path:
    """Install a weights file where `find_weights` finds it.

    The published file is copied under its own name into torch's hub cache. Any other file with the same tensor names
    and shapes is rewritten beside it as safetensors, under another name.

    Returns:
        The installed file.

    Raises:
        UserError: the file needs torch, which is not installed.
        ModelFileBad: the file does not fit the backbone, gives no usable features or cannot be written, or other
            weights are installed.
    """
    usable, published = _usable_weights(entry, file), _sha256(file) == entry.weights.sha256
    data = file.read_bytes() if published else usable
    installed = find_weights(entry)
    if installed is not None:
        if installed.read_bytes() == data:
            return installed
        raise ModelFileBad(
            text("Other weights of {entry} are already installed", entry=entry.title),
            text("they are in {installed}", installed=installed),
            text("The embeddings of two different networks must not mix; remove that file first"),
        )
    target = hub_cache() / entry.weights.filename if published else installed_path(entry)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, data)
    except OSError as error:
        raise ModelFileBad(
            text("The weights cannot be written to {target}", target=target), error.strerror or str(error)
        ) from error
    return target


def _needs_torch(entry: Backbone, file: Path) -> bool:
    """Whether only torch can read a file given by the person: any but the safetensors file of a ResNet.

    Raises:
        UserError: torch is needed and not installed.
    """
    if file.suffix == ".safetensors" and isinstance(entry.architecture, ResNetArchitecture) and can_load_openvino():
        return False
    require_torch(text("The weights file {path} cannot be used", path=file))
    return True


def _usable_weights(entry: Backbone, file: Path) -> bytes:
    """Check that a file given by the person yields usable features; return its weights as a safetensors file.

    Raises:
        UserError: the file needs torch, which is not installed.
        ModelFileBad: the file does not fit the backbone, or gives no usable features.
    """
    from flowersorter.vision.backbone.usable import refuse_unusable

    if _needs_torch(entry, file):
        from safetensors.torch import save

        from flowersorter.vision.backbone.build import assemble
        from flowersorter.vision.backbone.embedder import Embedder
        from flowersorter.vision.backbone.state_dict import read_state

        state = read_state(entry, file)
        refuse_unusable(Embedder(entry, assemble(entry, state, classifier=False)), file)
        return save({name: state[name].contiguous() for name in state})
    from flowersorter.vision.backbone.cpu.arrays import read_arrays
    from flowersorter.vision.backbone.cpu.embedder import CpuEmbedder

    refuse_unusable(CpuEmbedder.of(entry, read_arrays(entry, file), file), file)
    return file.read_bytes()


def _version(path: Path | None) -> tuple[Path, int, int] | None:
    try:
        state = path.stat() if path is not None else None
    except OSError:
        return None
    return (path, state.st_size, state.st_mtime_ns) if path is not None and state is not None else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def missing_weights(entry: Backbone) -> WeightsMissing:
    """Make the error for a backbone whose weights are missing, with the way to get them."""
    hint = f"Download them in Preferences or with: flowersorter backbones --download {base_name(entry.name)}"
    if entry.weights.shipped:
        hint = "They come with FlowerSorter: install it again"
    return WeightsMissing(text("The weights of {entry} are not on this computer", entry=entry.title), "", hint)
