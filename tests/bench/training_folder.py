"""Photos of class folders as the program knows them once it has learned from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken, silent
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.features.packed import Features
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from flowersorter.workflows.training.training_set import labelled_photos


@dataclass(frozen=True, slots=True, eq=False)
class LearnedPhotos:
    """Photos in the order of their files: they are numbered as the cores happen to finish them, and seeds are to draw
    the same ones every time.

    Attributes:
        files: Where they lie.
        photo_ids: (N,).
        hashes: SHA-256 of each.
        features: Of both looks at each, as `train` learns from them.
        targets: (N,) class indices.
        class_names: C names.
    """

    files: tuple[Path, ...]
    photo_ids: NDArray[np.int64]
    hashes: tuple[bytes, ...]
    features: Features
    targets: NDArray[np.intp]
    class_names: tuple[str, ...]


def learned_photos(engine: Engine, folder: Path) -> LearnedPhotos:
    """Train on a folder with one sub-folder per class; the photos it learned from."""
    train_folder(engine, TrainFolderRequest(folder, backbone=DEFAULT), silent, CancelToken())
    classes = engine.collection.labels.class_ids()
    known = labelled_photos(engine, DEFAULT, classes)
    ids, hashes = engine.collection.photos.hashes(known.photo_ids)
    hash_of = dict(zip(ids.tolist(), hashes, strict=True))
    ids = known.photo_ids
    files: dict[int, Path] = {}
    for place in engine.collection.photos.places(engine.collection.photos.all_places().ids.tolist()):
        if place.photo_id is not None:
            files[place.photo_id] = min(place.path, files.get(place.photo_id, place.path))
    order = np.array(sorted(range(len(ids)), key=lambda row: files[int(ids[row])]), np.intp)
    return LearnedPhotos(
        files=tuple(files[photo_id] for photo_id in ids[order].tolist()),
        photo_ids=ids[order],
        hashes=tuple(hash_of[photo_id] for photo_id in ids[order].tolist()),
        features=known.features.take(order),
        targets=known.targets[order],
        class_names=known.class_names,
    )
