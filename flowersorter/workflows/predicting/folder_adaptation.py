"""Adapts the predictions of a folder to the photos in it, as far as they are of known classes.

`Engine.folder_terms` keeps the terms added to their logits while the collection is open, for the model they were found
with. They are never stored on disk, and turn no prediction into a label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import positions_of
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import judge
from flowersorter.vision.dataset_shift.folder_adaptation import (
    LEAST_PHOTOS,
    MOST_CONNECTED,
    connect,
    folder_bias,
    follow_neighbours,
)
from flowersorter.vision.dataset_shift.label_propagation import NeighbourGraph
from flowersorter.vision.dataset_shift.partly_labelled import NO_LABEL
from flowersorter.vision.features.packed import Features
from flowersorter.vision.parallel import ThreadPool
from flowersorter.workflows.models.current_model import NamedModel
from flowersorter.workflows.predicting.photo_samples import FolderPhotos
from flowersorter.workflows.predicting.unknown_photos import can_estimate, judged_by_folder, unknown_probability

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_LEAST = np.float32(1e-30)


@dataclass(frozen=True, slots=True, eq=False)
class FolderTerms:
    """Terms that are added to the calibrated logits of photos; photos far from one another share a row.

    Attributes:
        model: Key of the model they were found with, and its classes.
        photo_ids: (M,) int64, ascending.
        row: (M,) row of each photo in `terms`.
        terms: (K, C) float32.
    """

    model: tuple[bytes, tuple[str, ...]]
    photo_ids: NDArray[np.int64]
    row: NDArray[np.intp]
    terms: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AdaptedPhotos:
    """Photos of a folder with a graph of neighbours, from which their terms are computed again after each action.

    Attributes:
        model: As in `FolderTerms`.
        photo_ids: (M,) int64, those that were labelled, the starter's negative, then the others.
        starter_classes: (M,) class ids of the starter's photos; `NO_LABEL` for the others.
        graph: Of these.
    """

    model: tuple[bytes, tuple[str, ...]]
    photo_ids: NDArray[np.int64]
    starter_classes: NDArray[np.intp]
    graph: NeighbourGraph


def logit_terms(engine: Engine, model: Model, photo_ids: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """Return the (N, C) terms that folders add to the calibrated logits of their photos; None if there are none."""
    found = engine.folder_terms
    if found is None or found.model != _key(model):
        return None
    at = positions_of(photo_ids, found.photo_ids)
    there = at >= 0
    if not there.any():
        return None
    terms = np.zeros((len(photo_ids), found.terms.shape[1]), np.float32)
    terms[there] = found.terms[found.row[at[there]]]
    return terms


def adapt_to_folder(folder: FolderPhotos, cancel: CancelToken) -> bool:
    """Compute the terms of a folder's logits for its photos without a label, and store them in the engine.

    Unknown photos are left out: they are of none of the classes. So are the photos of a finetuned network, which has
    memorised the labelled ones.

    Args:
        folder: The photos, and the model that predicted them, after `find_unknown_photos`.
        cancel: Checked often.

    Returns:
        Whether a prediction may have changed.

    Raises:
        Cancelled: a stop was requested.
    """
    engine, model, wanted = folder.engine, folder.named.model, folder.wanted
    before = logit_terms(engine, model, wanted)
    ids, terms = np.empty(0, np.int64), np.empty((0, len(model.class_names)), np.float32)
    engine.adapted_photos = None
    if can_estimate(model) and len(model.class_names) > 1:
        ids, terms = _adapted(folder, cancel)
    _remember(engine, model, wanted, ids, terms)
    after = logit_terms(engine, model, wanted)
    if before is None or after is None:
        return before is not after
    return not np.array_equal(before, after)


def adapt_again(engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64], cancel: CancelToken) -> None:
    """Compute the terms again after an action: fast, as the neighbours stay.

    Those of the exact fit hold for the logits that it gave: added to others, they take a fourth of the right
    suggestions away (12 classes of which some have one label).

    Args:
        engine: Keeps the terms; it does nothing where `adapt_to_folder` has not connected its photos.
        named: The model in use, fitted again, that keeps its OOD detector.
        photo_ids: (N,) the photos of the folder, ascending.
        cancel: Checked often.

    Raises:
        Cancelled: a stop was requested.
    """
    model, found = named.model, engine.adapted_photos
    if found is None or found.model != _key(model):
        return
    folder = FolderPhotos(engine, named, photo_ids)
    classes = np.where(found.photo_ids > 0, folder.label_classes(found.photo_ids), found.starter_classes)
    shares, labelled = _label_shares(classes, folder.class_ids)
    ids = found.photo_ids[~labelled]
    embedded, logits, ood_score = _judged(engine, model, ids, cancel)[:3]
    if not (embedded.all() and len(ids) and labelled.any()):
        return
    bias = _bias(engine, model, ids, logits, ood_score)
    with ThreadPool() as pool:
        pulled = follow_neighbours(logits + bias, found.graph, shares, pool, cancel, labelled)
    here = np.isin(ids, photo_ids)
    _remember(engine, model, photo_ids, ids[here], (pulled - logits)[here])


def joined_terms(
    found: FolderTerms | None, model: Model, wanted: NDArray[np.int64], apart: FolderTerms | None
) -> FolderTerms | None:
    """Merge terms computed separately: those of the wanted photos replace the old ones, if of this model."""
    if apart is None or apart.model != _key(model) or apart is found:
        return found
    if found is None or found.model != apart.model:
        return apart
    kept = np.isin(apart.photo_ids, wanted)
    used, row = np.unique(apart.row[kept], return_inverse=True)
    return _replaced(found, wanted, FolderTerms(apart.model, apart.photo_ids[kept], row, apart.terms[used]))


def _key(model: Model) -> tuple[bytes, tuple[str, ...]]:
    return model.ood_detector.key, model.class_names


def _adapted(folder: FolderPhotos, cancel: CancelToken) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return (M,) the adapted photos, and their (M, C) float32 terms or the (1, C) terms that all share."""
    engine, model = folder.engine, folder.named.model
    # By their hashes: the same photos give the same terms in whatever order they were read.
    known, logits, ood_score, features = _known(engine, model, folder.by_hash, cancel)
    if len(known) < LEAST_PHOTOS:
        return known[:0], logits[:0]
    bias = _bias(engine, model, known, logits, ood_score)
    if features is None or folder.labelled is None:
        return known, bias[None]
    ids, labelled = folder.labelled
    shares, is_labelled = _label_shares(labelled.classes, folder.class_ids)
    kept = np.flatnonzero(is_labelled)
    with ThreadPool() as pool:
        graph = connect(labelled.features.take(kept), features, pool, cancel)
        pulled = follow_neighbours(logits + bias, graph, shares, pool, cancel)
    starters = np.where(ids[kept] < 0, labelled.classes[kept], NO_LABEL)
    nodes = np.append(ids[kept], known), np.append(starters, np.full(len(known), NO_LABEL))
    engine.adapted_photos = AdaptedPhotos(_key(model), *nodes, graph)
    return known, pulled - logits


def _label_shares(
    classes: NDArray[np.intp], class_ids: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the (L, C) share of each class in each label, and (N,) which photos are labelled as one of the classes.

    A class into which others were merged has several outputs: each gets a share of its labels.

    Args:
        classes: (N,) class ids of labels.
        class_ids: (C,) of the outputs, 0 for deleted classes.
    """
    outputs = (classes[:, None] == class_ids) & (class_ids > 0)
    labelled = outputs.any(axis=1)
    outputs = outputs[labelled]
    return (outputs / outputs.sum(axis=1, dtype=np.float32, keepdims=True)).astype(np.float32), labelled


def _bias(
    engine: Engine,
    model: Model,
    known: NDArray[np.int64],
    logits: NDArray[np.float32],
    ood_score: NDArray[np.float32],
) -> NDArray[np.float32]:
    """(C,) the bias of a folder; zeros where the labels are of the folder, and of its clearest photos."""
    bias = folder_bias(logits, ood_score, model.class_logits)
    return np.zeros_like(bias) if judged_by_folder(engine, model, known).any() else bias


def _known(
    engine: Engine, model: Model, photo_ids: NDArray[np.int64], cancel: CancelToken
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], Features | None]:
    """Return the embedded photos that are not unknown, their calibrated logits and OOD scores, and features if few."""
    embedded, logits, ood_score, verdicts = _judged(engine, model, photo_ids, cancel)
    found = np.flatnonzero(embedded & (verdicts != Verdict.UNKNOWN))
    features = None
    table = engine.features(model.backbone)
    if len(found) <= MOST_CONNECTED and (of_photos := table.of_photos(photo_ids[found])) is not None:
        features, found = of_photos[0], found[of_photos[1]]
    return photo_ids[found], logits[found], ood_score[found], features


def _judged(
    engine: Engine, model: Model, photo_ids: NDArray[np.int64], cancel: CancelToken
) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    """Return (N,) which photos are embedded, and their (N, C) calibrated logits, OOD scores and verdicts."""
    unknown, judged = unknown_probability(engine, model, photo_ids), judged_by_folder(engine, model, photo_ids)
    logits = np.empty((len(photo_ids), len(model.class_names)), np.float32)
    ood_score, verdicts = np.empty(len(photo_ids), np.float32), np.empty(len(photo_ids), np.uint8)
    embedded = np.zeros(len(photo_ids), np.bool_)
    for positions, scores in engine.features(model.backbone).scored(photo_ids, model):
        cancel.check()
        result = judge(model, scores, unknown[positions], by_folder=judged[positions])
        logits[positions] = np.log(np.maximum(result.probabilities, _LEAST))
        ood_score[positions], verdicts[positions] = result.ood_score, result.verdicts
        embedded[positions] = True
    return embedded, logits, ood_score, verdicts


def _remember(
    engine: Engine, model: Model, wanted: NDArray[np.int64], ids: NDArray[np.int64], terms: NDArray[np.float32]
) -> None:
    """Replace the terms of the wanted photos in the engine; those of other photos stay."""
    row = np.arange(len(ids)) if len(terms) == len(ids) else np.zeros(len(ids), np.intp)
    engine.folder_terms = _replaced(engine.folder_terms, wanted, FolderTerms(_key(model), ids, row, terms))


def _replaced(last: FolderTerms | None, wanted: NDArray[np.int64], found: FolderTerms) -> FolderTerms:
    """Replace the terms of the wanted photos by those that were found, in any order; others stay, if of this model."""
    ids, row, terms = found.photo_ids, found.row, found.terms
    if last is not None and last.model == found.model:
        others = ~np.isin(last.photo_ids, wanted)
        used, at = np.unique(last.row[others], return_inverse=True)
        ids, row = np.append(ids, last.photo_ids[others]), np.append(row, len(terms) + at)
        terms = np.vstack([terms, last.terms[used]])
    order = np.argsort(ids)
    return FolderTerms(found.model, ids[order], row[order], terms)
