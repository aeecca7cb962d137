"""Estimates the accuracy on a folder without labels, and withdraws *sure* where it would not hold.

`Engine.sure_from` keeps the confidences from which photos of such folders can be sure, for the model they were found
with.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_values import replaced, value_of
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken
from flowersorter.messages import Text, text
from flowersorter.vision.classifier.batch_novelty import MOST_OTHERS
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.dataset_shift.accuracy_estimation import (
    LEAST_PHOTOS,
    AccuracyEstimate,
    FolderPredictions,
    agree_with_neighbours,
    estimate_accuracy,
    sure_thresholds_of,
)
from flowersorter.workflows.models.sure_precision import sure_precision
from flowersorter.workflows.predicting.photo_samples import FolderPhotos, photo_sample
from flowersorter.workflows.predicting.unknown_photos import can_estimate, judged_by_folder, unknown_probability

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Photos to check if the accuracy is uncertain; an estimate is of no fewer.
_TO_CHECK = LEAST_PHOTOS
#: Points of 100 below the usual accuracy from which the difference is told.
_WORTH_SAYING = 2


def sure_thresholds(engine: Engine, model: Model, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the (N,) float32 confidences from which photos can be sure by their folders; 0 where the model's holds."""
    return value_of(engine.sure_from, model.ood_detector.key, photo_ids, 0)


def find_accuracy(folder: FolderPhotos, cancel: CancelToken) -> tuple[AccuracyEstimate | None, bool]:
    """Estimate the accuracy on unlabelled photos, and store in the engine the confidence from which they can be sure.

    The estimate is for the suggestions before `adapt_to_folder`.

    Args:
        folder: The photos, and the model that predicted them, after `find_unknown_photos`.
        cancel: Checked often.

    Returns:
        The estimate, None if there are too few photos, or no labelled ones to compare them with; and whether a
        confidence changed.

    Raises:
        Cancelled: a stop was requested.
    """
    engine, model, others = folder.engine, folder.named.model, folder.unlabelled
    sure_from, estimate = np.zeros(len(others), np.float32), None
    found = _predictions(folder, cancel) if can_estimate(model) and len(others) >= LEAST_PHOTOS else None
    if found is not None:
        ids, predictions = found
        record = model.training
        estimate = estimate_accuracy(predictions, record.held_out_accuracy, record.measured, sure_precision(engine))
        if estimate is not None:
            estimate = replace(estimate, of_folder=bool(np.isin(folder.class_ids, [*folder.labelled_here, 0]).all()))
        if estimate is not None and estimate.agreed_only:
            sure_from[:] = estimate.sure_from_uncompared
        sure_from[np.searchsorted(others, ids)] = sure_thresholds_of(predictions, estimate)
    before = sure_thresholds(engine, model, others)
    engine.sure_from = replaced(engine.sure_from, model.ood_detector.key, folder.wanted, others, sure_from)
    return estimate, not np.array_equal(before, sure_from)


def accuracy_note(estimate: AccuracyEstimate | None) -> Text | None:
    """Say how many suggestions are right on a folder where clearly fewer are, or where *sure* was withdrawn.

    None for another folder.
    """
    if estimate is None or not estimate.differs:
        return None
    right = round(100 * estimate.accuracy)
    usual = None if estimate.of_folder else estimate.held_out  # a few look-alikes of the folder are none
    if usual is not None and right <= round(100 * usual) - _WORTH_SAYING:
        return text(
            "About {right} of 100 suggestions are right here, usually {usual}; check {check} photos to know.",
            right=right,
            usual=round(100 * usual),
            check=_TO_CHECK,
        )
    if not estimate.sure_withdrawn:
        return None
    return text(
        "About {right} of 100 suggestions are right here; check {check} photos to know.", right=right, check=_TO_CHECK
    )


def _predictions(folder: FolderPhotos, cancel: CancelToken) -> tuple[NDArray[np.int64], FolderPredictions] | None:
    """Predict unlabelled photos and compare them with their neighbours; return the embedded ids; None without any."""
    engine, model, labelled = folder.engine, folder.named.model, folder.labelled
    drawn = folder.by_hash[:MOST_OTHERS]  # as good as drawn at random, and one photo more changes one of them
    sample = photo_sample(engine, model, drawn, np.zeros(len(drawn), np.intp))
    if sample is None or labelled is None:
        return None
    ids, photos = sample
    unknown = unknown_probability(engine, model, ids)
    judged = judged_by_folder(engine, model, ids)
    result = predict(model, photos.features, photos.coordinates, unknown, by_folder=judged)
    classes = folder.class_ids[result.probabilities.argmax(axis=1)]
    there = classes > 0  # a deleted class is not suggested
    return ids, FolderPredictions(
        confidence=result.probabilities.max(axis=1),
        unfamiliar=result.ood_score > model.ood_detector.familiar,
        unknown=unknown,
        suggested=there & (result.verdicts != Verdict.UNKNOWN),
        sure=there & (result.verdicts == Verdict.SURE),
        agreed=agree_with_neighbours(labelled[1], replace(photos, classes=classes), cancel),
        by_folder=judged,
    )
