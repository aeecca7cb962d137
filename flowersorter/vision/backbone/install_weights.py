"""Recognise and install weights files given by the person."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from flowersorter.atomic_write import write_atomically
from flowersorter.errors import ModelFileBad
from flowersorter.messages import text
from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.packages import can_load_openvino, require_torch
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import bad_file, find_weights, hub_cache, installed_path


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
