"""Checks the installation, the device, the weights and the collection."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import flowersorter
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.restore import with_restore_hint
from flowersorter.photos.formats import PHOTO_SUFFIXES
from flowersorter.vision.backbone.registry import DEFAULT, backbone
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.maintenance.cache import MB, cache_state
from flowersorter.workflows.models.backbones import list_backbones
from flowersorter.workflows.models.current_model import list_models, starter

_PACKAGES = ("torch", "torchvision", "numpy", "pillow", "pillow-heif", "safetensors", "pyside6-essentials")
_LOW_DISK_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    Attributes:
        name: The part of the program or the collection.
        ok: Whether it is usable.
        detail: Its state, or the reason why it is not usable.
    """

    name: str
    ok: bool
    detail: str


def doctor(collection_folder: Path) -> list[Check]:
    """Run every check; changes nothing."""
    checks = [
        Check(
            "FlowerSorter",
            True,
            f"{flowersorter.__version__} on Python {platform.python_version()}, {sys.platform}",
        ),
        *(_package(name) for name in _PACKAGES),
        _checked("Device", _device),
        _checked("Weights", _weights),
        _checked("Starter model", _starter),
        *_collection(collection_folder),
        _disk(collection_folder),
        Check("Photo formats", True, " ".join(sorted(suffix.removeprefix(".") for suffix in PHOTO_SUFFIXES))),
    ]
    checks += [
        Check(f"Backbone {info.name}", True, "on this computer" if info.installed else "can be downloaded")
        for info in list_backbones()
    ]
    return checks


def _checked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except UserError as error:
        return Check(name, False, str(error))


def _package(name: str) -> Check:
    try:
        return Check(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, False, "not installed")


def _device() -> str:
    from flowersorter.vision.backbone.device import choose_device, computes_bfloat16

    device = choose_device("auto")
    return f"{device}, computing in {'bfloat16' if computes_bfloat16(device) else 'float32'}"


def _weights() -> str:
    from flowersorter.vision.backbone.weights import load_state

    return f"{len(load_state(backbone(DEFAULT)))} tensors of {backbone(DEFAULT).title}"


def _starter() -> str:
    model = starter().model
    return f"{', '.join(model.class_names)}; {model.training.photos} photos"


def _collection(folder: Path) -> list[Check]:
    """Check the library and, if it can be opened, its backup, its models and its caches."""
    more: list[Check] = []

    def look() -> str:
        try:
            opened = CollectionStore.open_or_read(folder)
        except CollectionDamaged as error:
            raise with_restore_hint(error, folder) from error
        with opened as collection:
            collection.database.check_integrity()
            places = collection.photos.all_places()
            labels = collection.labels.all()
            if collection.backup_problem:
                more.append(Check("Backup", False, collection.backup_problem))
            if collection.checksum_problem:
                more.append(Check("Checksum", True, collection.checksum_problem))
            more.append(_checked("Models", lambda: _models(collection)))
            more.append(_checked("Cache", lambda: _cache(collection)))
            in_use = ", open in another window or terminal" if collection.read_only else ""
            return f"{folder}: known photo files: {len(places)}, labels: {len(labels)}{in_use}"

    return [_checked("Collection", look), *more]


def _models(collection: CollectionStore) -> str:
    """Read every model file."""
    models = list_models(collection)
    for entry in models:
        Model.from_bundle(*collection.models.load(entry.id))
    current = next((str(entry.id) for entry in models if entry.current), "the starter")
    return f"{len(models)}; {current} is in use"


def _cache(collection: CollectionStore) -> str:
    state = cache_state(collection)
    limit = f"of at most {state.limit_mb} MB" if state.limit_mb else "no limit"
    return (
        f"{state.pictures} small pictures for {state.photos} photos, {state.picture_bytes / MB:.0f} MB {limit}; "
        f"embeddings {state.embedding_bytes / MB:.0f} MB"
    )


def _disk(folder: Path) -> Check:
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    return Check("Free space", free > _LOW_DISK_BYTES, f"{free / 1024**3:.1f} GiB where the collection is")
