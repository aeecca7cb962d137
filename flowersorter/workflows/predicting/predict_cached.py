"""Predictions for a collection from its cached embeddings; no photo is decoded and torch is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import row_maxima, sorted_unique
from flowersorter.domain.photo_answers import NO_ANSWERS, Mark, PhotoAnswers
from flowersorter.domain.photo_rows import PhotoPredictions
from flowersorter.domain.verdict import Caveat, Verdict
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import judge, predict
from flowersorter.vision.features.packed import Features
from flowersorter.workflows.models.sure_precision import sure_precision

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


def cached_features(engine: Engine, backbone: str, hashes: Sequence[bytes]) -> tuple[Features, NDArray[np.intp]]:
    """Read features from the cache: those of M photos, and their (M,) ascending positions in `hashes`."""
    return engine.features(backbone).get(hashes)


def predict_from_cache(engine: Engine, model: Model, photo_ids: Iterable[int] | NDArray[np.int64]) -> PhotoPredictions:
    """Predict photos whose embeddings are cached; skip the others.

    Predictions are adapted to the folders that were predicted. The verdicts respect the unknown photos found there, and
    folders on which the model is less accurate.

    Args:
        engine: Of the collection, whose classes give the model's class names their ids.
        model: The model.
        photo_ids: Photos, in any order.
    """
    # Imported here, because photos predicted by themselves do not need it.
    from flowersorter.workflows.predicting.folder_accuracy import sure_thresholds
    from flowersorter.workflows.predicting.folder_adaptation import logit_terms
    from flowersorter.workflows.predicting.unknown_photos import judged_by_folder, unknown_probability

    meant = engine.collection.classes.meant_by(model.class_names, make=engine.makes_classes)
    wanted = sorted_unique(photo_ids)
    probabilities = np.empty((len(wanted), len(meant)), np.float32)
    verdicts, caveats = np.empty(len(wanted), np.uint8), np.empty(len(wanted), np.uint8)
    embedded = np.zeros(len(wanted), np.bool_)
    unknown, sure_from = unknown_probability(engine, model, wanted), sure_thresholds(engine, model, wanted)
    judged = judged_by_folder(engine, model, wanted)
    terms, outputs = logit_terms(engine, model, wanted), np.array(meant, np.int32)
    answers = engine.collection.answers.get(wanted)
    answered = np.isin(wanted, list(answers))
    table = engine.features(model.backbone)
    for positions, scores in table.scored(wanted, model):
        added = None if terms is None else terms[positions]
        of_folder = unknown[positions], sure_from[positions], added
        result = judge(model, scores, *of_folder, by_folder=judged[positions])
        probabilities[positions], verdicts[positions] = result.probabilities, result.verdicts
        caveats[positions] = result.caveats
        embedded[positions] = True
    again = np.flatnonzero(answered & embedded)
    for positions, features, coordinates in table.parts_along(wanted[again], model.ood_detector) if len(again) else ():
        at = again[positions]
        rest = rejected_classes(wanted[at], outputs, answers)
        added = None if terms is None else terms[at]
        part = features, coordinates
        result = predict(model, *part, unknown[at], sure_from[at], added, rest, judged[at])
        probabilities[at], verdicts[at], caveats[at] = result.probabilities, result.verdicts, result.caveats
    if not embedded.all():
        wanted, probabilities = wanted[embedded], probabilities[embedded]
        verdicts, caveats = verdicts[embedded], caveats[embedded]
    said = in_classes(outputs, probabilities, verdicts)
    found = without_rejected(PhotoPredictions(wanted, *said, caveats), answers)
    return replace(found, caveats=_caveats_of_sure(found, sure_precision(engine)))


def _caveats_of_sure(found: PhotoPredictions, precision: float) -> NDArray[np.uint8]:
    """(M,) the caveats, with those of photos that are sure or, among the present classes, unknown."""
    below = (found.verdicts == Verdict.SURE) & (row_maxima(found.probabilities) < precision)
    caveats = np.where(found.verdicts == Verdict.UNKNOWN, np.uint8(Caveat.NONE), found.caveats)
    return np.where(below, np.uint8(Caveat.BELOW_PRECISION), caveats)


def rejected_classes(
    photo_ids: NDArray[np.int64], class_ids: NDArray[np.int32], answers: Mapping[int, PhotoAnswers]
) -> NDArray[np.bool_]:
    """(N, C) bool: the classes that photos do not show, by a person's answers; all of them for a photo "not mine"."""
    rejected = np.zeros((len(photo_ids), len(class_ids)), np.bool_)
    for row, photo_id in enumerate(photo_ids.tolist()):
        said = answers.get(photo_id, NO_ANSWERS)
        rejected[row] = said.mark is Mark.NOT_MINE or np.isin(class_ids, list(said.rejected))
    return rejected


def without_rejected(found: PhotoPredictions, answers: Mapping[int, PhotoAnswers]) -> PhotoPredictions:
    """Share the probability of rejected classes among the others; a photo without a class left is unknown."""
    if not answers:
        return found
    rows = np.flatnonzero(np.isin(found.photo_ids, list(answers)))
    probabilities, verdicts = found.probabilities.copy(), found.verdicts.copy()
    rejected = rejected_classes(found.photo_ids[rows], found.class_ids, answers)
    rows, rejected = rows[rejected.any(axis=1)], rejected[rejected.any(axis=1)]
    left = np.where(rejected, np.float32(0), probabilities[rows])
    total = left.sum(axis=1, keepdims=True)
    probabilities[rows] = np.divide(left, total, out=left, where=total > 0)
    verdicts[rows[total[:, 0] == 0]] = Verdict.UNKNOWN
    return replace(found, probabilities=probabilities, verdicts=verdicts, answers=answers)


def in_classes(
    meant: NDArray[np.int32], probabilities: NDArray[np.float32], verdicts: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.uint8]]:
    """Convert the predictions of a model to the present classes.

    Probabilities of merged classes are added. A photo predicted as a deleted class becomes unknown.

    Args:
        meant: (C,) class ids of the model's outputs, from `ClassTable.meant_by`.
        probabilities: (N, C).
        verdicts: (N,) `Verdict`.

    Returns:
        (K,) class ids, no two alike; (N, K) probabilities; (N,) verdicts. With no class left there is a class 0, and
        every photo is new. The probabilities of a single one that is left are beside those of the deleted ones.
    """
    first = np.sort(np.unique(meant, return_index=True)[1])
    kept = meant[first]
    kept = kept[kept > 0]
    if len(kept) == len(meant):
        return meant, probabilities, verdicts
    together = np.stack([probabilities[:, meant == class_id].sum(axis=1) for class_id in [*kept.tolist(), 0]], axis=1)
    left, gone = together[:, :-1], together[:, -1]
    stranger = gone > left.max(axis=1, initial=0.0)
    verdicts = np.where(stranger, np.uint8(Verdict.UNKNOWN), verdicts)
    if not len(kept):
        return np.zeros(1, np.int32), np.ones((len(probabilities), 1), np.float32), verdicts
    if len(kept) == 1:  # else all would be 1
        return kept, left, verdicts
    total = left.sum(axis=1, keepdims=True)
    even = np.float32(1 / len(kept))
    shares = np.divide(left, total, out=np.full_like(left, even), where=total > 0)
    return kept, shares, verdicts
