"""Samples of photos for the comparison of a folder with the labelled photos, and their predictions, from the cache."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique, values_of
from flowersorter.domain.photo_answers import Mark
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.batch_novelty import MOST_LABELLED, PhotoSample
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.dataset_shift.partly_labelled import NO_LABEL
from flowersorter.vision.features.packed import join
from flowersorter.vision.features.pca import Coordinates, spread_sample
from flowersorter.workflows.models.current_model import NamedModel, starter
from flowersorter.workflows.models.training_overlap import came_from_elsewhere

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Class of a photo without an embedding.
NO_CLASS = -1
#: Seed of every sample that is drawn.
SEED = 42
#: Ids of embedded photos, starter photos negative; and the photos.
Sample: TypeAlias = "tuple[NDArray[np.int64], PhotoSample]"


class FolderPhotos:
    """The unlabelled photos of a folder, for a comparison with the labelled ones; each is read once for all estimates.

    Args:
        engine: Of the collection with the photos and the labels.
        named: The model that predicts the photos.
        photo_ids: The photos of the folder, labelled or not.

    Attributes:
        engine: As above.
        named: As above.
        wanted: (N,) int64, all photos, ascending.
        not_mine: The photos of the collection marked *not mine*, ascending.
        unlabelled: (M,) int64, those without a label that are not among these, ascending.
        class_ids: (C,) class ids of the model's outputs; 0 for deleted classes.
    """

    def __init__(self, engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64]) -> None:
        self.engine, self.named, self.wanted = engine, named, sorted_unique(photo_ids)
        self._labels = engine.collection.labels.class_ids()
        self.not_mine = engine.collection.answers.marked(Mark.NOT_MINE)
        self.unlabelled = np.setdiff1d(self.wanted, np.array([*self._labels, *self.not_mine], np.int64))
        self.class_ids = output_class_ids(engine, named.model)

    @cached_property
    def by_hash(self) -> NDArray[np.int64]:
        """(M,) int64, those without a label in the order of their hashes, in whatever order they were read."""
        return self.engine.collection.photos.by_hash(self.unlabelled)[0]

    def label_classes(self, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """(N,) class id of each photo's label; `NO_LABEL` for those without one."""
        ids = np.fromiter(self._labels, np.int64, len(self._labels))
        classes = np.fromiter(self._labels.values(), np.intp, len(self._labels))
        order = np.argsort(ids)
        return values_of(photo_ids, ids[order], classes[order], NO_LABEL)

    @cached_property
    def labelled(self) -> Sample | None:
        """Labelled photos of the model's classes, also those labelled since it was trained, the starter's, or both.

        None where one of the classes has no photo.
        """
        return _labelled_sample(self.engine, self.named, self._labels, self.class_ids)


def output_class_ids(engine: Engine, model: Model) -> NDArray[np.intp]:
    """Return the (C,) class ids of a model's outputs; 0 for deleted classes."""
    return np.array(engine.collection.classes.meant_by(model.class_names), np.intp)


def predicted_classes(
    engine: Engine, model: Model, photo_ids: NDArray[np.int64], class_ids: NDArray[np.intp], cancel: CancelToken
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return (N,) predicted class ids, `NO_CLASS` for photos without an embedding, and (N,) float32 OOD scores."""
    classes, ood_score = np.full(len(photo_ids), NO_CLASS), np.zeros(len(photo_ids), np.float32)
    for positions, _, _, scores in engine.features(model.backbone).scored(photo_ids, model):
        cancel.check()
        classes[positions], ood_score[positions] = class_ids[scores.logits.argmax(axis=1)], scores.ood_score
    return classes, ood_score


def photo_sample(
    engine: Engine, model: Model, photo_ids: NDArray[np.int64], classes: NDArray[np.intp]
) -> Sample | None:
    """Read the features of photos; None if none is embedded."""
    parts = list(engine.features(model.backbone).parts_along(photo_ids, model.novelty))
    if not parts:
        return None
    positions = np.concatenate([part[0] for part in parts])
    order = np.argsort(positions)
    there = positions[order]
    photos = _joined([PhotoSample(features, along, classes[at]) for at, features, along in parts])
    ordered = PhotoSample(photos.features.take(order), photos.coordinates.take(order), classes[there])
    return photo_ids[there], ordered


def _labelled_sample(
    engine: Engine, named: NamedModel, labels: dict[int, int], class_ids: NDArray[np.intp]
) -> Sample | None:
    """Sample the labelled photos of a model's classes, and the starter's if it was trained on them.

    None where a class has none: whatever is compared with the others would be unlike them. An imported model learned
    from photos that are not here.
    """
    model, collection = named.model, engine.collection
    if came_from_elsewhere(named):
        return None
    known = set(class_ids.tolist())
    learned, _ = collection.photos.by_hash(photo_id for photo_id, class_id in labels.items() if class_id in known)
    classes = np.array([labels[photo_id] for photo_id in learned.tolist()], np.intp)
    sample = spread_sample(classes, MOST_LABELLED, SEED)
    own = photo_sample(engine, model, learned[sample], classes[sample])
    parts: list[Sample] = [] if own is None else [own]
    if named.is_starter or model.training.built_on_starter:
        base = starter()
        if base.model.backbone == model.backbone:
            of_starter = np.array(collection.classes.meant_by(base.model.class_names), np.intp)[base.targets]
            kept = spread_sample(of_starter, MOST_LABELLED, SEED)
            features = base.features.take(kept)
            photos = PhotoSample(features, model.novelty.axes.project(features), of_starter[kept])
            parts.append((-1 - kept.astype(np.int64), photos))
    there = {class_id for _, photos in parts for class_id in photos.classes.tolist()}
    if not parts or not known - {0} <= there:
        return None
    ids = np.concatenate([each for each, _ in parts])
    return ids, _joined([photos for _, photos in parts])


def _joined(parts: list[PhotoSample]) -> PhotoSample:
    along = [part.coordinates for part in parts]
    coordinates = Coordinates(
        np.concatenate([each.projection for each in along]), np.concatenate([each.residual for each in along])
    )
    return PhotoSample(join([part.features for part in parts]), coordinates, np.concatenate([p.classes for p in parts]))
