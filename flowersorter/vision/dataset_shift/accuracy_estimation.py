"""Accuracy estimation without labels: how many predictions of a folder are right, and which of them can be sure.

The held-out accuracy holds for photos like the labelled ones. On a folder from another place the model and label
propagation err on different photos, so the fraction on which both agree estimates the accuracy there, as the
disagreement of two classifiers does in Jiang, Nagarajan, Baek and Kolter (2022). Where it is lower than on held-out
photos, or more photos are unfamiliar, the confidences of the folder are scaled down until their mean is the estimate,
and *sure* starts where the mean of those above reaches the target precision. A photo that may be of none of the classes
is not sure.

Measured by `python -m tests.bench claim` (docs/accuracy.md). A threshold of *sure* for each class of at least 33
held-out photos was tried as well and left out: with 60 and 140 photos a class, 20 and 8 points fewer photos are sure,
of which no more are right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.batch_novelty import PhotoSample
from flowersorter.vision.classifier.out_of_distribution import NOT_SURE_RATE
from flowersorter.vision.dataset_shift.label_propagation import neighbour_graph, propagate
from flowersorter.vision.features.packed import join
from flowersorter.vision.features.pca import PCA, SAMPLE
from flowersorter.vision.parallel import ThreadPool

#: Photos without a label from which the accuracy is estimated.
LEAST_PHOTOS = 20
#: No photo is sure from this confidence on.
NEVER_SURE = 1.01
#: Probability of being of none of the classes above which a photo of a folder that was compared is not sure: the share
#: of unknown photos that it depends on may be several times as large as estimated. Of 450 folders with up to 200 photos
#: of other classes, 13 break the promise of *sure*, with 0.02 it is 20, without this 68. Of known flowers alone, 60 to
#: 240 labels a class, 82 instead of 83 and 86 % are sure (docs/accuracy.md). A limit that falls from 0.015 to 0.005
#: where more photos are unknown leaves 16 broken, and 2 points fewer photos sure.
SURELY_KNOWN = 0.01
_AXES, _NEIGHBOURS, _SEED = 128, 6, 0
#: A folder differs where the estimate is lower than the held-out accuracy, or than the mean confidence, by this much,
#: and by these standard errors. The mean confidence needs no held-out photos, of which a few labels leave too few.
_LESS_ACCURATE, _LESS_CONFIDENT, _STANDARD_ERRORS = 0.02, 0.05, 1.64
#: By how much the estimate may be too high on a folder that differs.
_MARGIN = 0.025
#: Confidences are scaled as log odds between these.
_LEAST, _MOST = 1e-4, 1 - 1e-4
_BISECTIONS = 30


@dataclass(frozen=True, slots=True, eq=False)
class FolderPredictions:
    """Predictions for the N unlabelled photos of a folder.

    Attributes:
        confidence: (N,) float32, calibrated probability of the predicted class.
        unfamiliar: (N,) bool, whether the OOD score excludes *sure*.
        unknown: (N,) float32, probability of being of none of the classes.
        suggested: (N,) bool, whether a class is suggested: the photo is not called unknown.
        sure: (N,) bool, whether the photo is sure as far as is known without this estimate.
        agreed: (N,) bool, from `agree_with_neighbours`.
        by_folder: (N,) bool, whether `unknown` is of the labels of the folder itself, and certain; None: of no photo.
    """

    confidence: NDArray[np.float32]
    unfamiliar: NDArray[np.bool_]
    unknown: NDArray[np.float32]
    suggested: NDArray[np.bool_]
    sure: NDArray[np.bool_]
    agreed: NDArray[np.bool_]
    by_folder: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class AccuracyEstimate:
    """Expected accuracy on a folder.

    Attributes:
        photos: Number of photos with a suggestion; of these the accuracy is estimated.
        accuracy: Expected fraction of right suggestions.
        held_out: Held-out accuracy of the model; None if not measured.
        unfamiliar: Fraction of the folder's photos less familiar than `NOT_SURE_RATE` of the held-out ones.
        differs: Whether the folder is clearly less accurate, or less familiar, than held-out photos.
        sure_from: Confidence from which its photos can be sure; 0 where the model's threshold holds.
        agreed_only: Whether only photos on which label propagation agrees can be sure, of those that were compared.
        sure_from_uncompared: As `sure_from`, for photos that were not compared.
        sure_withdrawn: Whether at least half of the photos that would be sure are not, or none would be.
        of_folder: Whether the labelled photos of all classes are of the folder itself, which cannot differ from them.
    """

    photos: int
    accuracy: float
    held_out: float | None
    unfamiliar: float
    differs: bool
    sure_from: float
    agreed_only: bool
    sure_from_uncompared: float = 0.0
    sure_withdrawn: bool = False
    of_folder: bool = False


def agree_with_neighbours(labelled: PhotoSample, others: PhotoSample, cancel: CancelToken) -> NDArray[np.bool_]:
    """Compare predictions with label propagation over both samples.

    Args:
        labelled: M photos with their labels.
        others: N photos with their predicted classes, numbered as the labels are.
        cancel: Checked often.

    Returns:
        (N,) whether label propagation gives each photo its predicted class.

    Raises:
        Cancelled: a stop was requested.
    """
    both = join([labelled.features, others.features])
    classes, targets = np.unique(labelled.classes, return_inverse=True)
    start = np.zeros((len(both), len(classes)), np.float32)
    start[np.arange(len(labelled)), targets] = 1
    # Axes of the labelled photos alone would not show how the folder differs, and a handful spans only a few.
    drawn = np.sort(np.random.default_rng(_SEED).permutation(len(both))[:SAMPLE])
    axes = PCA.of(both.take(drawn).unpack(), _AXES, _SEED)
    cancel.check()
    with ThreadPool() as pool:
        points = np.ascontiguousarray(axes.project(both, cancel).projection[:, :-1])
        graph = neighbour_graph(points, pool, cancel, _NEIGHBOURS)
        scores = propagate(graph, start, pool, cancel)[len(labelled) :]
    found = classes[scores.argmax(axis=1)]
    return np.asarray((found == others.classes) & scores.any(axis=1), np.bool_)


def estimate_accuracy(
    folder: FolderPredictions, held_out: float | None, measured: int, target_precision: float
) -> AccuracyEstimate | None:
    """Estimate the accuracy on a folder, and from which confidence its photos can be sure.

    Args:
        folder: Its photos.
        held_out: Held-out accuracy of the model; None if not measured.
        measured: Number of photos of the held-out accuracy.
        target_precision: Fraction of sure photos that must be right.

    Returns:
        The estimate; None with fewer than `LEAST_PHOTOS` suggestions.
    """
    known = np.where(folder.suggested, 1 - folder.unknown.astype(np.float64), 0)
    photos, total = int(np.count_nonzero(folder.suggested)), known.sum()
    if photos < LEAST_PHOTOS or total <= 0:
        return None
    accuracy = float(known @ folder.agreed / total)
    unfamiliar = float(folder.unfamiliar.mean())
    expected = NOT_SURE_RATE * (1 - NOT_SURE_RATE) / len(known)
    differs = _clearly(unfamiliar - NOT_SURE_RATE, NOT_SURE_RATE, expected)
    less = folder.confidence.astype(np.float64) - folder.agreed
    mean = known @ less / total
    differs |= _clearly(mean, _LESS_CONFIDENT, np.square(known) @ np.square(less - mean) / total**2)
    if held_out is not None:
        variance = accuracy * (1 - accuracy) / photos + held_out * (1 - held_out) / max(measured, 1)
        differs |= _clearly(held_out - accuracy, _LESS_ACCURATE, variance)
    sure_too_often_wrong = bool(folder.sure.any()) and float(folder.agreed[folder.sure].mean()) < target_precision
    agreed_only = differs or sure_too_often_wrong
    uncompared = _sure_from(folder, known, accuracy - _MARGIN, target_precision) if agreed_only else 0.0
    sure_from = uncompared if differs else 0.0
    found = AccuracyEstimate(photos, accuracy, held_out, unfamiliar, differs, sure_from, agreed_only, uncompared)
    return replace(found, sure_withdrawn=2 * _sure_by(folder, found) <= _sure_by(folder, None))


def sure_thresholds_of(folder: FolderPredictions, estimate: AccuracyEstimate | None) -> NDArray[np.float32]:
    """Compute the (N,) float32 confidences from which photos can be sure; 0 where the model's threshold holds.

    Args:
        folder: The photos.
        estimate: Of these; None without one.
    """
    result = np.zeros(len(folder.unknown), np.float32)
    if estimate is not None and estimate.agreed_only:
        result[:] = np.where(folder.agreed, estimate.sure_from, NEVER_SURE)
    doubtful = folder.unknown > SURELY_KNOWN
    result[doubtful if folder.by_folder is None else doubtful & ~folder.by_folder] = NEVER_SURE
    return result


def _sure_by(folder: FolderPredictions, estimate: AccuracyEstimate | None) -> int:
    """Count the photos that are sure by an estimate; None: without one."""
    return int(np.count_nonzero(folder.sure & (folder.confidence >= sure_thresholds_of(folder, estimate))))


def _clearly(less: float, least: float, variance: float) -> bool:
    """Whether a difference is more than the least one, and than its sampling error."""
    return bool(less > max(least, _STANDARD_ERRORS * variance**0.5))


def _sure_from(
    folder: FolderPredictions, weights: NDArray[np.float64], accuracy: float, target_precision: float
) -> float:
    """Find the lowest confidence above which the mean scaled confidence of sure photos reaches the target precision.

    Args:
        folder: The N photos.
        weights: (N,) weight of each photo in the mean that is scaled, as in the estimate.
        accuracy: Mean of the scaled confidences.
        target_precision: Fraction of sure photos that must be right.
    """
    confidence = folder.confidence.astype(np.float64)
    expected = _scaled(confidence, weights / weights.sum(), accuracy) * (1 - folder.unknown)
    sure = np.flatnonzero(folder.sure)
    order = sure[np.argsort(-confidence[sure], kind="stable")]
    mean = np.cumsum(expected[order]) / (np.arange(len(order)) + 1)
    kept = np.flatnonzero(mean >= target_precision)
    return float(folder.confidence[order[kept[-1]]]) if len(kept) else NEVER_SURE


def _scaled(confidence: NDArray[np.float64], weights: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """Divide the log odds of (N,) confidences by a temperature of at least 1.

    It brings their mean, with (N,) weights that sum to 1, down to `mean`; they stay where it is lower.
    """
    clipped = np.clip(confidence, _LEAST, _MOST)
    odds = np.log(clipped / (1 - clipped))
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        factor = (low + high) / 2
        if float(weights @ (1 / (1 + np.exp(-factor * odds)))) > mean:
            high = factor
        else:
            low = factor
    return np.asarray(1 / (1 + np.exp(-low * odds)), np.float64)
