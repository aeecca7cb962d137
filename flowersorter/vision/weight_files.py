"""Where backbone weights lie on this computer, and the little of them that can be read without torch."""

from __future__ import annotations

import json
import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from flowersorter.errors import ModelFileBad

if TYPE_CHECKING:
    from flowersorter.vision.backbones import Backbone

IMAGENET_CLASSES = 1000


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
    """Where weights go that the person picked and that are not the published file.

    Not under the published name: other programs take what they find there for torchvision's.
    """
    return hub_cache() / f"flowersorter-{entry.name}.safetensors"


def find_weights(entry: Backbone) -> Path | None:
    """The weights of a backbone on this computer, or None; nothing is read."""
    name = entry.weights.filename
    shipped = shipped_folder() / name
    candidates = [shipped] if entry.weights.shipped else [hub_cache() / name, installed_path(entry)]
    return next((path for path in candidates if path.is_file()), None)


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
        from flowersorter.vision.weights import load_state  # noqa: PLC0415  # loads torch, for torch's own files only

        state = load_state(entry)
        return state["fc.weight"].float().numpy(), state["fc.bias"].float().numpy()
    try:
        with safe_open(path, framework="numpy") as file:
            weight, bias = file.get_tensor("fc.weight"), file.get_tensor("fc.bias")
    except (SafetensorError, OSError) as error:
        raise bad_file(path, "it is damaged or of another network") from error
    if weight.shape != (IMAGENET_CLASSES, entry.features) or bias.shape != (IMAGENET_CLASSES,):
        raise bad_file(path, f"its ImageNet layer has the shape {weight.shape}")
    return weight.astype(np.float32), bias.astype(np.float32)


def imagenet_classes() -> tuple[str, ...]:
    """The names of the 1000 ImageNet classes in index order; two names stand for two classes each."""
    text = (shipped_folder() / "imagenet-classes.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))


def bad_file(path: Path, why: str) -> ModelFileBad:
    """The error for a weights file that cannot be used, and why."""
    return ModelFileBad(
        f"The weights file {path} cannot be used", why, "Pick another file or download the weights again"
    )
