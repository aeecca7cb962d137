"""Samples of photos for the comparison of a folder with the labelled photos, and their predictions, from the cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique, values_of, without
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
#: Share of the training photos of a class in a folder from which the folder tells which photos are of this class.
MOST_HERE = 0.5
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
        moved: Photos that sorts moved out of it; those that a person has labelled tell of its classes as before.

    Attributes:
        engine: As above.
        named: As above.
        wanted: (N,) int64, all photos, ascending.
        moved: (K,) int64, the labelled ones that were moved out, ascending.
        not_mine: The photos of the collection marked *not mine*, ascending.
        unlabelled: (M,) int64, those without a label that are not among these, ascending.
        class_ids: (C,) class ids of the model's outputs; 0 for deleted classes.
    """

    def __init__(
        self, engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64], moved: Iterable[int] = ()
    ) -> None:
        self.engine, self.named, self.wanted = engine, named, sorted_unique(photo_ids)
        labels = engine.collection.labels.for_training()  # in the order of their photo ids
        self._labels = {photo_id: class_id for photo_id, class_id, _ in labels}
        self._by_person = {photo_id for photo_id, _, by_person in labels if by_person}
        self.moved = without(sorted_unique(self._by_person.intersection(moved)), self.wanted)
        self.not_mine = engine.collection.answers.marked(Mark.NOT_MINE)
        self.unlabelled = without(self.wanted, [*self._labels, *self.not_mine])
        self.class_ids = output_class_ids(engine, named.model)

    @cached_property
    def by_hash(self) -> NDArray[np.int64]:
        """(M,) int64, those without a label in the order of their hashes, in whatever order they were read."""
        return self.engine.collection.photos.by_hash(self.unlabelled)[0]

    @cached_property
    def labelled_here(self) -> NDArray[np.intp]:
        """Class ids, ascending, of which most training photos are in this folder and labelled by a person.

        None of them for an imported model: it learned from photos that are not here.
        """
        if came_from_elsewhere(self.named):
            return np.empty(0, np.intp)
        counts = Counter(self._labels.values()) + Counter(self._starter_classes.tolist())
        inside = self._by_person.intersection(self.wanted.tolist())
        here = Counter(self._labels[photo_id] for photo_id in [*inside, *self.moved.tolist()])
        return np.sort(np.array([each for each, count in here.items() if count >= MOST_HERE * counts[each]], np.intp))

    def label_classes(self, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """(N,) class id of each photo's label; `NO_LABEL` for those without one."""
        ids = np.fromiter(self._labels, np.int64, len(self._labels))
        classes = np.fromiter(self._labels.values(), np.intp, len(self._labels))
        return values_of(photo_ids, ids, classes, NO_LABEL)

    @cached_property
    def _starter_classes(self) -> NDArray[np.intp]:
        """Class id of each of the starter's photos, if the model was trained on them; 0 for deleted classes."""
        base, named = starter(), self.named
        if base.model.backbone != named.model.backbone or not (
            named.is_starter or named.model.training.built_on_starter
        ):
            return np.empty(0, np.intp)
        of_outputs = self.class_ids if named.is_starter else output_class_ids(self.engine, base.model)
        return of_outputs[base.targets]

    @cached_property
    def labelled(self) -> Sample | None:
        """Labelled photos of the model's classes, also those labelled since it was trained, the starter's, or both.

        None where one of the classes has no photo: whatever is compared with the others would be unlike them. None for
        an imported model: it learned from photos that are not here.
        """
        return None if came_from_elsewhere(self.named) else self._sample_labelled()

    def _sample_labelled(self) -> Sample | None:
        engine, model, known = self.engine, self.named.model, set(self.class_ids.tolist()) - {0}
        learned, _ = engine.collection.photos.by_hash(
            photo_id for photo_id, class_id in self._labels.items() if class_id in known
        )
        classes = self.label_classes(learned)
        sample = spread_sample(classes, MOST_LABELLED, SEED)
        own = photo_sample(engine, model, learned[sample], classes[sample])
        parts: list[Sample] = [] if own is None else [own]
        shown = np.flatnonzero(np.isin(self._starter_classes, list(known)))  # not those of deleted classes
        if len(shown):
            kept = shown[spread_sample(self._starter_classes[shown], MOST_LABELLED, SEED)]
            features = starter().features.take(kept)
            photos = PhotoSample(features, model.ood_detector.axes.project(features), self._starter_classes[kept])
            parts.append((-1 - kept.astype(np.int64), photos))
        there = {class_id for _, photos in parts for class_id in photos.classes.tolist()}
        if not there or not known <= there:
            return None
        ids = np.concatenate([each for each, _ in parts])
        return ids, _joined([photos for _, photos in parts])


def output_class_ids(engine: Engine, model: Model) -> NDArray[np.intp]:
    """Return the (C,) class ids of a model's outputs; 0 for deleted classes."""
    return np.array(engine.collection.classes.meant_by(model.class_names, make=engine.makes_classes), np.intp)


def predicted_classes(
    engine: Engine, model: Model, photo_ids: NDArray[np.int64], class_ids: NDArray[np.intp], cancel: CancelToken
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return (N,) predicted class ids, `NO_CLASS` for photos without an embedding, and (N,) float32 OOD scores."""
    classes, ood_score = np.full(len(photo_ids), NO_CLASS), np.zeros(len(photo_ids), np.float32)
    for positions, scores in engine.features(model.backbone).scored(photo_ids, model):
        cancel.check()
        classes[positions], ood_score[positions] = class_ids[scores.logits.argmax(axis=1)], scores.ood_score
    return classes, ood_score


def photo_sample(
    engine: Engine, model: Model, photo_ids: NDArray[np.int64], classes: NDArray[np.intp]
) -> Sample | None:
    """Read the features of photos; None if none is embedded."""
    parts = list(engine.features(model.backbone).parts_along(photo_ids, model.ood_detector))
    if not parts:
        return None
    positions = np.concatenate([part[0] for part in parts])
    order = np.argsort(positions)
    there = positions[order]
    photos = _joined([PhotoSample(features, along, classes[at]) for at, features, along in parts])
    ordered = PhotoSample(photos.features.take(order), photos.coordinates.take(order), classes[there])
    return photo_ids[there], ordered


def _joined(parts: list[PhotoSample]) -> PhotoSample:
    along = [part.coordinates for part in parts]
    coordinates = Coordinates(
        np.concatenate([each.projection for each in along]), np.concatenate([each.residual for each in along])
    )
    return PhotoSample(join([part.features for part in parts]), coordinates, np.concatenate([p.classes for p in parts]))
