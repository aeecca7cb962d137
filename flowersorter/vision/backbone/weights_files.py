"""Files of backbone weights on this computer: where they are, and errors about them; nothing of them is read."""

from __future__ import annotations

import json
import os
from importlib import resources
from pathlib import Path

from flowersorter.errors import ModelFileBad, WeightsMissing
from flowersorter.messages import text
from flowersorter.vision.backbone.registry import Backbone, base_name

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


def missing_weights(entry: Backbone) -> WeightsMissing:
    """Make the error for a backbone whose weights are missing, with the way to get them."""
    hint = (
        text("They come with FlowerSorter: install it again")
        if entry.weights.shipped
        else text(
            "Download them in Preferences or with: flowersorter backbones --download {name}",
            name=base_name(entry.name),
        )
    )
    return WeightsMissing(text("The weights of {entry} are not on this computer", entry=entry.title), "", hint)


def imagenet_classes() -> tuple[str, ...]:
    """Names of the 1000 ImageNet classes by index; two names occur twice."""
    text = (shipped_folder() / "imagenet-classes.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))


def _version(path: Path | None) -> tuple[Path, int, int] | None:
    try:
        state = path.stat() if path is not None else None
    except OSError:
        return None
    return (path, state.st_size, state.st_mtime_ns) if path is not None and state is not None else None
