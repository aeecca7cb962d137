"""What models that never saw a photo say of the garden's labels: what doubts and advice stand on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from flowersorter.errors import TooFewPhotos
from flowersorter.job import CancelToken
from flowersorter.library.garden import Garden
from flowersorter.vision.fit import Fitted
from flowersorter.workflows.examples import TrainingSet, belongs_with_starter, labelled_photos, with_starter
from flowersorter.workflows.fitting import fit_for
from flowersorter.workflows.models import model_for

#: Photos a class needs before a model can be fitted without some of them.
LEAST_PER_CLASS = 3


@dataclass(frozen=True, slots=True, eq=False)
class SecondOpinion:
    """A fit of the garden's labels, of the classes that have enough photos.

    Attributes:
        photos: What was learned from.
        fitted: The fit.
        too_small: Names of the classes with fewer than `LEAST_PER_CLASS` photos, which were left out.
    """

    photos: TrainingSet
    fitted: Fitted
    too_small: tuple[str, ...]


def second_opinion(garden: Garden, backbone: str, cancel: CancelToken) -> SecondOpinion:
    """Fit the garden's labels, with the starter's photos where they belong.

    Raises:
        TooFewPhotos: fewer than two classes have enough photos.
        Cancelled: asked to stop.
    """
    classes = {photo_id: label.class_id for photo_id, label in garden.labels.all().items()}
    own = labelled_photos(garden, backbone, classes)
    grown = belongs_with_starter(model_for(garden, backbone), own.class_names)
    photos = with_starter(garden, own) if grown and len(own.photo_ids) else own
    photos, too_small = _without_small_classes(photos)
    if not photos.own.any() or len(photos.class_names) < 2:
        raise TooFewPhotos(
            "There are too few labels to tell yet",
            f"at least two classes need {LEAST_PER_CLASS} labelled photos each",
            "Label some more photos, then try again",
        )
    return SecondOpinion(photos, fit_for(garden, photos, backbone, cancel), too_small)


def _without_small_classes(photos: TrainingSet) -> tuple[TrainingSet, tuple[str, ...]]:
    counts = np.bincount(photos.targets, minlength=len(photos.class_names))
    large = np.flatnonzero(counts >= LEAST_PER_CLASS)
    if len(large) == len(counts):
        return photos, ()
    kept = np.isin(photos.targets, large)
    left = replace(
        photos,
        class_names=tuple(photos.class_names[i] for i in large.tolist()),
        photo_ids=photos.photo_ids[kept],
        features=photos.features.take(kept),
        targets=np.searchsorted(large, photos.targets[kept]),
        memorised=None if photos.memorised is None else photos.memorised[kept],
        groups=None if photos.groups is None else photos.groups[kept],
        bursts=None if photos.bursts is None else photos.bursts[kept],
    )
    small = set(range(len(counts))) - set(large.tolist())
    return left, tuple(photos.class_names[i] for i in sorted(small))
