"""Checks the installation, the device, the weights and the collection."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from flowersorter import __version__
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.restore import with_restore_hint
from flowersorter.library.files.build_info import build_date
from flowersorter.messages import text
from flowersorter.photos.sidecars import PICTURE_SUFFIXES
from flowersorter.vision.backbone.packages import can_load_openvino, has_openvino, require_torch
from flowersorter.vision.backbone.registry import DEFAULT, backbone
from flowersorter.vision.backbone.weights_files import weights_file
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.maintenance.cache import MB, cache_state
from flowersorter.workflows.models.backbones import list_backbones
from flowersorter.workflows.models.current_model import list_models, starter

_PACKAGES = (
    *("openvino", "torch", "torchvision", "numpy", "pillow", "pillow-heif", "rawpy", "safetensors"),
    "pyside6-essentials",
)
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


def doctor(collection_folder: Path, *, full: bool = False) -> list[Check]:
    """Check everything; changes nothing.

    Args:
        collection_folder: The collection.
        full: Whether to include checks that take seconds of CPU: the processing device, and every number of the
            weights.
    """
    checks = [
        Check(
            "FlowerSorter",
            True,
            text(
                "{version} on Python {python}, {platform}",
                version=_version(),
                python=platform.python_version(),
                platform=sys.platform,
            ),
        ),
        *(_package(name) for name in _PACKAGES if name != "openvino" or has_openvino()),
        *([_checked(text("Device"), _device)] if full else []),
        _checked(text("Weights"), _weights if full else _weights_file),
        _checked(text("Starter model"), _starter),
        *_collection(collection_folder),
        _disk(collection_folder),
        Check(text("Photo formats"), True, " ".join(sorted(suffix.removeprefix(".") for suffix in PICTURE_SUFFIXES))),
    ]
    checks += [
        Check(
            text("Backbone {name}", name=info.name),
            True,
            text("on this computer") if info.installed else text("can be downloaded"),
        )
        for info in list_backbones()
    ]
    return checks


def _checked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except UserError as error:
        return Check(name, False, error.sentence)


def _package(name: str) -> Check:
    try:
        return Check(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, False, text("not installed"))


def _device() -> str:
    from flowersorter.vision.backbone.cpu.network import cpu_precision
    from flowersorter.vision.backbone.device import CPU, choose_device, computes_bfloat16

    device = choose_device("auto")
    if device == CPU and can_load_openvino():
        engine, numbers = "OpenVINO", cpu_precision(backbone(DEFAULT))
    else:
        require_torch(text("The device {device} cannot be used", device=device))
        engine, numbers = "PyTorch", "bfloat16" if computes_bfloat16(device) else "float32"
    return text("{device}, {engine} computing in {numbers}", device=device, engine=engine, numbers=numbers)


def _version() -> str:
    """The version, with the day it was built where that is known."""
    built = build_date()
    return text("{version}, built {date},", version=__version__, date=built) if built else __version__


def _weights_file() -> str:
    entry = backbone(DEFAULT)
    size = weights_file(entry).stat().st_size
    return text("{size:.0f} MB for {network}", size=size / MB, network=entry.title)


def _weights() -> str:
    from flowersorter.vision.backbone.load_weights import load_arrays

    count = len(load_arrays(backbone(DEFAULT)))
    return text("{count} tensors of {network}", count=count, network=backbone(DEFAULT).title)


def _starter() -> str:
    model = starter().model
    return text("{classes}; {count} photos", classes=", ".join(model.class_names), count=model.training.photos)


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
                more.append(Check(text("Backup"), False, collection.backup_problem))
            if collection.checksum_problem:
                more.append(Check(text("Checksum"), True, collection.checksum_problem))
            more.append(_checked(text("Models"), lambda: _models(collection)))
            more.append(_checked(text("Cache"), lambda: _cache(collection)))
            known = text(
                "{folder}: known photo files: {places}, labels: {labels}",
                folder=folder,
                places=len(places),
                labels=len(labels),
            )
            return text("{known}, open in another window or terminal", known=known) if collection.read_only else known

    return [_checked(text("Collection"), look), *more]


def _models(collection: CollectionStore) -> str:
    """Read every model file."""
    models = list_models(collection)
    for entry in models:
        Model.from_bundle(*collection.models.load(entry.id))
    current = next((str(entry.id) for entry in models if entry.current), text("the starter"))
    return text("{count}; {model} is in use", count=len(models), model=current)


def _cache(collection: CollectionStore) -> str:
    state = cache_state(collection)
    return text(
        "{pictures} thumbnails for {photos} photos, {size:.0f} MB {limit}; embeddings {embeddings:.0f} MB",
        pictures=state.pictures,
        photos=state.photos,
        size=state.picture_bytes / MB,
        limit=text("of at most {limit} MB", limit=state.limit_mb) if state.limit_mb else text("no limit"),
        embeddings=state.embedding_bytes / MB,
    )


def _disk(folder: Path) -> Check:
    existing = next((parent for parent in (folder, *folder.absolute().parents) if parent.exists()), None)
    if existing is None:
        return Check(text("Free space"), False, text("{folder} is on a drive that is not connected", folder=folder))
    free = shutil.disk_usage(existing).free
    where = text("{free:.1f} GiB where the collection is", free=free / 1024**3)
    return Check(text("Free space"), free > _LOW_DISK_BYTES, where)
