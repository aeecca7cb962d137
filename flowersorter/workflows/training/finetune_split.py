"""Selects the photos of a deep training: those with small pictures, and those held out to measure with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.messages import plural, text
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.classifier.training_state import near_duplicates
from flowersorter.vision.features.cv_folds import assign_folds
from flowersorter.vision.features.near_duplicates import joined
from flowersorter.vision.finetuning.config import FinetuneConfig, Pictures
from flowersorter.workflows.labelling.planned_labels import KnownClasses
from flowersorter.workflows.predicting.extra_views import pixels_of
from flowersorter.workflows.training.training_set import TrainingSet, labelled_photos

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: One photo in this many is held out: more of few photos, to compare epochs; fewer of many, since held-out photos do
#: not train.
_FEWEST_FOLDS, _MOST_FOLDS = 6, 10
#: Held-out photos that are enough.
_ENOUGH = 100
#: Least photos of a class: one to hold out, and enough others for several epochs to be useful.
FEWEST = 6


@dataclass(frozen=True, slots=True, eq=False)
class FinetuneSplit:
    """Labelled photos with small pictures.

    Attributes:
        photos: The photos with the features of the backbone before the training.
        hashes: SHA-256 of each.
        pictures: Loads the small picture of each, by row.
        held_out: (N,) bool; not used for training, and no near-copy of a training photo.
        left_out: Labelled photos without a picture.
    """

    photos: TrainingSet
    hashes: tuple[bytes, ...]
    pictures: Pictures
    held_out: NDArray[np.bool_]
    left_out: int

    @property
    def config(self) -> FinetuneConfig:
        """The training photos and the held-out photos."""
        targets, rows = self.photos.targets, np.arange(len(self.hashes))
        return FinetuneConfig(
            self.pictures, targets, len(self.photos.class_names), rows[~self.held_out], rows[self.held_out]
        )


def finetune_split(
    engine: Engine,
    backbone: Backbone,
    classes: Mapping[int, int],
    seed: int,
    report: Report,
    cancel: CancelToken,
    known: KnownClasses | None = None,
) -> FinetuneSplit:
    """Find the small pictures of labelled photos, make missing ones again, and hold some photos out.

    Args:
        engine: Of the collection with the photos; they are embedded with the backbone.
        backbone: The backbone before the training.
        classes: Class id by photo id.
        seed: Seed of the held-out photos.
        report: Gets `Progress`.
        cancel: Checked for every photo.
        known: The present classes; None: those of the collection.

    Raises:
        TooFewPhotos: fewer than two classes, or one with too few photos.
        Cancelled: asked to stop.
    """
    collection = engine.collection
    labelled = labelled_photos(engine, backbone.name, classes, known)
    records = collection.photos.photos(labelled.photo_ids.tolist())

    def picture(photo_id: int) -> NDArray[np.uint8] | None:
        return pixels_of(collection, records[photo_id], backbone.short_side_px)

    there = np.zeros(len(labelled.photo_ids), np.bool_)
    for row, photo_id in enumerate(labelled.photo_ids.tolist()):
        cancel.check()
        report(Progress(text("Looking for the pictures"), row, len(there)))
        sha256 = records[photo_id].sha256
        there[row] = collection.thumbnails.get(sha256) is not None or picture(photo_id) is not None
    rows = np.flatnonzero(there)
    photos = replace(
        labelled,
        photo_ids=labelled.photo_ids[rows],
        features=labelled.features.take(rows),
        targets=labelled.targets[rows],
        bursts=None if labelled.bursts is None else labelled.bursts[rows],
    )
    _check_counts(photos)
    groups = joined(near_duplicates(photos.features, photos.targets, seed, cancel), photos.bursts)
    ids = photos.photo_ids.tolist()
    return FinetuneSplit(
        photos=photos,
        hashes=tuple(records[photo_id].sha256 for photo_id in ids),
        pictures=lambda row: picture(ids[row]),
        held_out=hold_out(photos.targets, groups, photos.class_names, seed),
        left_out=len(classes) - len(rows),
    )


def hold_out(
    targets: NDArray[np.intp], groups: NDArray[np.intp], class_names: Sequence[str], seed: int
) -> NDArray[np.bool_]:
    """Choose a sixth to a tenth of each class, near-copies together.

    Args:
        targets: (N,) class indices.
        groups: (N,) group of each photo; near-copies are in one, which is of one class.
        class_names: C names.
        seed: Seed of the choice.

    Returns:
        (N,) bool.

    Raises:
        TooFewPhotos: all photos of a class are near-copies of one another.
    """
    count = min(max(len(targets) // _ENOUGH, _FEWEST_FOLDS), _MOST_FOLDS)
    folds = assign_folds(targets, groups, seed, folds=count)
    held_out = np.zeros(len(targets), np.bool_)
    for target, name in enumerate(class_names):
        members = np.flatnonzero(targets == target)
        sizes = np.bincount(folds[members], minlength=count)
        usable = np.flatnonzero((sizes > 0) & (sizes < len(members)))
        if not len(usable):
            raise _too_few(text("all photos of “{name}” are near-copies of one another", name=name))
        wanted = len(members) / count
        chosen = usable[np.argmin(np.abs(sizes[usable] - wanted))]
        held_out[members[folds[members] == chosen]] = True
    return held_out


def _check_counts(photos: TrainingSet) -> None:
    if len(photos.class_names) < 2:
        raise TooFewPhotos(
            text("There is nothing to tell apart yet"),
            text("deep training needs at least two classes with labelled photos"),
            text("Label some photos of a second class, then try again"),
        )
    counts = np.bincount(photos.targets, minlength=len(photos.class_names))
    fewest = int(counts.argmin())
    if counts[fewest] < FEWEST:
        number = int(counts[fewest])
        name = photos.class_names[fewest]
        if not number:
            raise _too_few(text("“{name}” has no photo with a picture", name=name))
        raise _too_few(
            plural("“{name}” has only {number} photo", "“{name}” has only {number} photos", number, name=name)
        )


def _too_few(why: str) -> TooFewPhotos:
    return TooFewPhotos(
        text("There are too few photos for deep training"),
        why,
        text("Label at least {fewest} different photos of every class; Retrain makes do with fewer", fewest=FEWEST),
    )
