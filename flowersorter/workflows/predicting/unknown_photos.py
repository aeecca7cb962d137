"""Estimates which photos of a folder are of none of the classes.

`Engine.unknown_photos` keeps the probabilities while the collection is open, for the model they were found with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import positions_of, without
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_values import replaced, value_of
from flowersorter.domain.place import Places
from flowersorter.jobs import CancelToken
from flowersorter.vision.backbone.registry import is_finetuned
from flowersorter.vision.classifier.background import BackgroundDetector
from flowersorter.vision.classifier.batch_novelty import (
    LEAST,
    MOST_OTHERS,
    compare,
)
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN, UNKNOWN
from flowersorter.vision.classifier.unknown_share import Reached, unknown_beside, unknown_probabilities
from flowersorter.vision.dataset_shift.partly_labelled import (
    NO_LABEL,
    FolderGraph,
    folder_graph,
    reach_unlabelled,
    unknown_beside_labels,
)
from flowersorter.vision.features.bursts import find_bursts
from flowersorter.vision.features.packed import join
from flowersorter.vision.parallel import ThreadPool
from flowersorter.workflows.models.current_model import NamedModel
from flowersorter.workflows.predicting.photo_samples import (
    NO_CLASS,
    FolderPhotos,
    output_class_ids,
    photo_sample,
    predicted_classes,
)

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Growth of the number of photos after which all of them are estimated again.
_GROWN = 1 + 1 / 32
#: Most photos of a folder for a graph of neighbours.
_MOST_PHOTOS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class ConnectedPhotos:
    """Photos of a folder and their nearest neighbours; labels do not change them.

    Attributes:
        backbone: Name of the backbone of their features.
        asked: (N,) int64, the photos of the folder, ascending.
        moved: (K,) int64, labelled photos that were moved out of it, ascending.
        photo_ids: (M,) int64, those of both that are embedded, in the order of their hashes.
        graph: Of these.
    """

    backbone: str
    asked: NDArray[np.int64]
    moved: NDArray[np.int64]
    photo_ids: NDArray[np.int64]
    graph: FolderGraph

    def is_of(self, folder: FolderPhotos) -> bool:
        """Whether these are the photos of a folder, by the backbone of its model."""
        same = np.array_equal(self.asked, folder.wanted) and np.array_equal(self.moved, folder.moved)
        return same and self.backbone == folder.named.model.backbone


@dataclass(frozen=True, slots=True, eq=False)
class _Estimate:
    """Which of some photos are unknown.

    Attributes:
        ids: (M,) int64, the photos.
        unknown: (M,) float32, their probabilities to be of none of the classes.
        by_folder: (M,) whether the labels of their folder alone say so.
    """

    ids: NDArray[np.int64]
    unknown: NDArray[np.float32]
    by_folder: NDArray[np.bool_]

    @classmethod
    def by_scores(cls, ids: NDArray[np.int64], unknown: NDArray[np.float32]) -> _Estimate:
        """Make an estimate that is combined with the OOD score of each photo."""
        return cls(ids, unknown, np.zeros(len(ids), np.bool_))

    def beside(self, others: _Estimate) -> _Estimate:
        """Return this estimate and that of other photos."""
        return _Estimate(
            np.append(self.ids, others.ids),
            np.append(self.unknown, others.unknown),
            np.append(self.by_folder, others.by_folder),
        )

    def at_least(self, unknown: NDArray[np.float32]) -> _Estimate:
        """Return this estimate with (M,) probabilities that it must not be below."""
        return replace(self, unknown=np.maximum(self.unknown, unknown))


_NOTHING = _Estimate(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.bool_))


def unknown_probability(engine: Engine, model: Model, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the (N,) float32 probabilities of photos to be of none of the classes; 0 if not estimated."""
    return value_of(engine.unknown_photos, model.ood_detector.key, photo_ids, 0)


def judged_by_folder(engine: Engine, model: Model, photo_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (N,) whether the folder of a photo alone decides if it is unknown, as it has labels of its own."""
    return value_of(engine.unknown_by_folder, model.ood_detector.key, photo_ids, 0) > 0


def unknown_with(engine: Engine, named: NamedModel, photo_id: int, folder: Path) -> int:
    """Count the other unknown photos of a folder without an answer; 0 if this photo is not unknown."""
    photo_ids = FolderPhotos(engine, named, engine.collection.photos.ids_under(folder)).unlabelled
    unknown = photo_ids[unknown_probability(engine, named.model, photo_ids) > UNKNOWN]
    return len(unknown) - 1 if photo_id in unknown else 0


def find_unknown_photos(folder: FolderPhotos, cancel: CancelToken) -> bool:
    """Estimate which photos without a label are of none of the classes, and store the result in the engine.

    Their OOD scores show how many there are. If labelled photos are embedded, a comparison with them counts too. Of the
    photos predicted as a class that is labelled in this folder, which are the clearest ones of it, the unknown ones are
    those that label propagation does not reach.

    Args:
        folder: The photos, and the model that predicted them. Nothing is estimated with a finetuned backbone: it has
            memorised the labelled photos.
        cancel: Checked often.

    Returns:
        Whether a probability changed.

    Raises:
        Cancelled: a stop was requested.
    """
    engine, model, wanted = folder.engine, folder.named.model, folder.wanted
    before = unknown_probability(engine, model, wanted)
    judged = judged_by_folder(engine, model, wanted)
    found = _NOTHING
    if can_estimate(model):
        found = _unknown_beside_labels(folder, cancel)
        found = found.beside(_compared_with_labels(folder, cancel))
        found = found.at_least(_like_background(folder, found.ids, cancel))
    _remember(engine, model, wanted, found)
    same = np.array_equal(before, unknown_probability(engine, model, wanted))
    return not (same and np.array_equal(judged, judged_by_folder(engine, model, wanted)))


def find_unreached_photos(engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64], cancel: CancelToken) -> None:
    """Estimate again which photos of a folder no label reaches: fast enough after each action.

    Only if labels alone decide which photos are unknown, and `find_unknown_photos` has connected these photos; not if
    some are marked *not mine*, as photos similar to those have to be found anew, too.

    Args:
        engine: Keeps the probabilities.
        named: The model in use, or one fitted again that keeps its OOD detector; tells the classes of the photos.
        photo_ids: (N,) the photos of the folder, ascending; those without an embedding do not count.
        cancel: Checked often.

    Raises:
        Cancelled: a stop was requested.
    """
    model = named.model
    connected = connected_before(engine, model.backbone, photo_ids)
    if connected is None or not judged_by_folder(engine, model, connected.asked).any():
        return
    photo_ids = connected.asked
    folder = FolderPhotos(engine, named, photo_ids, connected.moved.tolist())
    if not folder.not_mine:
        found = _unknown_beside_labels(folder, cancel)
        others = without(folder.unlabelled, found.ids)
        as_before = _Estimate.by_scores(others, unknown_probability(engine, model, others))
        _remember(engine, model, photo_ids, found.beside(as_before))


def connected_before(engine: Engine, backbone: str, photo_ids: NDArray[np.int64]) -> ConnectedPhotos | None:
    """Return the photos that were connected last; None if others than these, but for those without an embedding."""
    connected = engine.connected_photos
    if connected is None or connected.backbone != backbone or (positions_of(connected.asked, photo_ids) < 0).any():
        return None
    new = without(photo_ids, connected.asked)
    embedded = any(len(positions) for positions, _ in engine.features(backbone).parts(new))
    return None if embedded else connected


class RunningEstimate:
    """Estimates the unknown photos of a folder while it is read, block by block, from their OOD scores alone.

    All photos are estimated again when there are `_GROWN` times as many, so that the time for a photo does not grow
    with the folder; until then new photos are estimated given the others.

    Args:
        engine: Of the collection with the photos; keeps the result.
        named: The model that predicts the photos; None estimates nothing.
    """

    def __init__(self, engine: Engine, named: NamedModel | None) -> None:
        self._engine = engine
        self._model = named.model if named is not None and can_estimate(named.model) else None
        self._class_ids = np.empty(0, np.intp) if self._model is None else output_class_ids(engine, self._model)
        self._not_mine = [] if self._model is None else engine.collection.answers.marked(Mark.NOT_MINE)
        self._ids, self._scores = np.empty(0, np.int64), np.empty(0, np.float32)
        self._found, self._levels = np.empty(0, np.float32), np.empty(0, np.intp)  # of all photos, at the last estimate
        self._places = np.empty((2, 0), np.int64)  # photo id and place id of each place

    def add(self, places: Places, cancel: CancelToken) -> Places:
        """Add photos that were read.

        Args:
            places: Their places; those that are labelled, *not mine* or without an embedding are left out.
            cancel: Checked often.

        Returns:
            Earlier places of photos whose probability changed.

        Raises:
            Cancelled: a stop was requested.
        """
        if self._model is None:
            return Places.of(())
        photo_ids = places.known_photo_ids
        answered = [*self._engine.collection.labels.get(photo_ids), *self._not_mine]
        new = photo_ids[~np.isin(photo_ids, self._ids) & ~np.isin(photo_ids, answered)]
        classes, scores = predicted_classes(self._engine, self._model, new, self._class_ids, cancel)
        there = classes != NO_CLASS
        new, scores = new[there], scores[there]
        self._ids, self._scores = np.append(self._ids, new), np.append(self._scores, scores)
        changed = np.empty(0, np.int64)
        if len(self._ids) < _GROWN * len(self._found):
            self._remember(self._model, new, unknown_beside(scores, self._found))
        elif len(new):
            changed = self._estimate_again(self._model)
        before, self._places = self._places, np.hstack([self._places, [places.photo_ids, places.ids]])
        changed_places = before[1, np.isin(before[0], changed)]
        return self._engine.collection.photos.places(changed_places) if len(changed_places) else Places.of(())

    def _estimate_again(self, model: Model) -> NDArray[np.int64]:
        """Estimate all photos; return those whose probability changed."""
        last, known = self._levels, len(self._levels)
        self._found = unknown_probabilities(self._scores)
        self._levels = np.searchsorted([MAYBE_UNKNOWN, UNKNOWN], self._found)
        self._remember(model, self._ids, self._found)
        changed: NDArray[np.int64] = self._ids[:known][self._levels[:known] != last]
        return changed

    def _remember(self, model: Model, photo_ids: NDArray[np.int64], unknown: NDArray[np.float32]) -> None:
        _remember(self._engine, model, photo_ids, _Estimate.by_scores(photo_ids, unknown))


def can_estimate(model: Model) -> bool:
    """Whether OOD scores are comparable; those of a finetuned network, which has memorised photos, are not."""
    return model.ood_detector.standardised and not is_finetuned(model.backbone)


def _remember(engine: Engine, model: Model, wanted: NDArray[np.int64], found: _Estimate) -> None:
    """Replace what the engine knows of the wanted photos; that of other photos stays."""
    key, by_folder = model.ood_detector.key, found.by_folder.astype(np.float32)
    engine.unknown_photos = replaced(engine.unknown_photos, key, wanted, found.ids, found.unknown)
    engine.unknown_by_folder = replaced(engine.unknown_by_folder, key, wanted, found.ids, by_folder)


def _compared_with_labels(folder: FolderPhotos, cancel: CancelToken) -> _Estimate:
    """Estimate the photos without a label that are predicted as one of the other classes, beside their labelled photos.

    Raises:
        Cancelled: a stop was requested.
    """
    engine, model = folder.engine, folder.named.model
    ids = folder.by_hash
    classes, ood_score = predicted_classes(engine, model, ids, folder.class_ids, cancel)
    there = (classes != NO_CLASS) & ~np.isin(classes, _judged_by_labels(folder))
    ids, classes, ood_score = ids[there], classes[there], ood_score[there]
    if not len(ids):
        return _NOTHING
    return _Estimate.by_scores(ids, unknown_probabilities(ood_score, *_compared(folder, ids, classes, cancel)))


def _compared(
    folder: FolderPhotos, others: NDArray[np.int64], classes: NDArray[np.intp], cancel: CancelToken
) -> tuple[NDArray[np.float32] | None, Reached | None]:
    """Compare photos with the labelled ones of classes that the labels of the folder do not judge.

    Args:
        folder: The folder.
        others: (N,) photos in the order of their hashes: the first ones are as good as drawn at random, and one photo
            more changes one of them.
        classes: (N,) their predicted class ids.
        cancel: Checked often.

    Returns:
        (N,) float32 unlikeness of the photos to the labelled ones, and how well a score from these reaches a sample of
        them; None if there are too few photos of either kind.
    """
    engine, model, labelled = folder.engine, folder.named.model, folder.labelled
    if labelled is not None:
        kept = np.flatnonzero(~np.isin(labelled[1].classes, _judged_by_labels(folder)))
        labelled = labelled[0][kept], labelled[1].take(kept)
    if labelled is None or min(len(labelled[1]), len(others)) < LEAST:
        return None, None
    unlabelled = photo_sample(engine, model, others[:MOST_OTHERS], classes[:MOST_OTHERS])
    if unlabelled is None:
        return None, None
    (labelled_ids, known), (other_ids, unknown) = labelled, unlabelled
    features, both = join([known.features, unknown.features]), np.concatenate([known.classes, unknown.classes])
    bursts = find_bursts(features, both, *engine.collection.photos.moments(np.concatenate([labelled_ids, other_ids])))
    labels = np.append(known.classes, np.full(len(unknown), NO_LABEL))
    drawn = np.arange(len(unknown))
    reached = reach_unlabelled(features, labels, both, cancel, bursts).among(drawn, len(others))
    comparison = compare(known, unknown, cancel, bursts)
    if comparison is None:
        return None, reached
    folds = np.arange(len(others)) % len(comparison.heads)  # photos outside the sample can use any head
    folds[drawn] = comparison.folds
    unlikeness = np.zeros(len(others), np.float32)
    for positions, _, coordinates in engine.features(model.backbone).parts_along(others, model.ood_detector):
        cancel.check()
        unlikeness[positions] = comparison.unlikeness(coordinates, folds[positions])
    return unlikeness, reached


def _like_background(folder: FolderPhotos, photo_ids: NDArray[np.int64], cancel: CancelToken) -> NDArray[np.float32]:
    """Return (N,) float32 probabilities of photos to be similar to those marked *not mine*."""
    collection, model = folder.engine.collection, folder.named.model
    result = np.zeros(len(photo_ids), np.float32)
    labelled = folder.labelled if folder.not_mine else None
    if labelled is None:
        return result
    table, known = folder.engine.features(model.backbone), labelled[1]
    background, _ = table.get(collection.photos.hashes(folder.not_mine)[1])
    detector = BackgroundDetector.fit(background, known.features, known.classes, cancel)
    if detector is not None:
        for positions, features, _ in table.parts_along(photo_ids, model.ood_detector):
            result[positions] = detector.probabilities(features, cancel)
    return result


def _judged_by_labels(folder: FolderPhotos) -> NDArray[np.intp]:
    """Return the class ids, ascending, whose photos the labels of the folder judge."""
    here = folder.labelled_here
    return here if len(folder.wanted) <= _MOST_PHOTOS else here[:0]


def _unknown_beside_labels(folder: FolderPhotos, cancel: CancelToken) -> _Estimate:
    """Estimate the photos without a label that are predicted as a class which is labelled in this folder.

    Raises:
        Cancelled: a stop was requested.
    """
    here = _judged_by_labels(folder)
    if not len(here):
        return _NOTHING
    with ThreadPool() as pool:
        connected = _connected(folder, pool, cancel)
        if connected is None:
            return _NOTHING
        ids = connected.photo_ids
        predicted, _ = predicted_classes(folder.engine, folder.named.model, ids, folder.class_ids, cancel)
        unknown = unknown_beside_labels(connected.graph, folder.label_classes(ids), predicted, pool, cancel)
    kept = (positions_of(ids, folder.unlabelled) >= 0) & np.isin(predicted, here)
    return _Estimate(ids[kept], unknown[kept], np.ones(np.count_nonzero(kept), np.bool_))


def _connected(folder: FolderPhotos, pool: ThreadPool, cancel: CancelToken) -> ConnectedPhotos | None:
    """Connect the photos of the folder, and those moved out of it, that are embedded; None if none is."""
    engine, backbone, last = folder.engine, folder.named.model.backbone, folder.engine.connected_photos
    if last is not None and last.is_of(folder):
        return last
    both = np.concatenate([folder.wanted, folder.moved])
    by_hash = engine.collection.photos.by_hash(both)[0]  # in whatever order they were read
    embedded = engine.features(backbone).of_photos(by_hash)
    if embedded is None:
        return None
    features, positions = embedded
    ids = by_hash[positions]
    bursts = find_bursts(features, np.zeros(len(ids), np.intp), *engine.collection.photos.moments(ids))
    graph = folder_graph(features, pool, cancel, bursts)
    connected = ConnectedPhotos(backbone, folder.wanted, folder.moved, ids, graph)
    if len(positions) == len(both):  # the others may be embedded by the next time
        engine.connected_photos = connected
    return connected
