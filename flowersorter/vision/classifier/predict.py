"""Predict probabilities and verdicts from features, with one matrix product per block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import row_maxima
from flowersorter.domain.verdict import Caveat, Verdict
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import Coordinates, coordinates_from_product
from flowersorter.vision.parallel import ThreadPool, even_blocks

Number = TypeVar("Number", bound=np.generic)

#: Probabilities to be of none of the classes above which a photo is not sure, and above which it is unknown.
MAYBE_UNKNOWN, UNKNOWN = 0.1, 0.7
#: No suggestion below it is likely or sure, whatever share of such suggestions was right: 43 % against 39 % is neither.
#: From it on the second class has at most two thirds of the probability of the first. Where a photo may be of none of
#: the classes, that counts too: of photos that this makes not sure beside labels of their folder a third are right
#: instead of five in six (630 folders of 12 to 200 photos).
LEAST_LIKELY = 0.6
#: Photos one thread predicts at a time, at most.
_BLOCK_ROWS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predictions of a model for N photos.

    Attributes:
        probabilities: (N, C) float32, calibrated, rows sum to 1.
        verdicts: (N,) uint8 `Verdict`.
        ood_score: (N,) float32, OOD score relative to the predicted class.
        caveats: (N,) uint8 `Caveat`: why a photo is less than sure though its probability would do.
    """

    probabilities: NDArray[np.float32]
    verdicts: NDArray[np.uint8]
    ood_score: NDArray[np.float32]
    caveats: NDArray[np.uint8]


class ScoredBy:
    """The parts of a model that determine scores: equal for models that differ only in others, such as thresholds.

    Args:
        model: The model.
    """

    __hash__ = None  # type: ignore[assignment]  # compared only

    def __init__(self, model: Model) -> None:
        self._parts = (model.weight, model.bias, model.ood_detector)
        self._temperature = model.temperature

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ScoredBy) or self._temperature != other._temperature:
            return False
        return all(mine is theirs for mine, theirs in zip(self._parts, other._parts, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of a model for N photos by themselves.

    Attributes:
        logits: (N, C) float32, calibrated.
        ood_score: (N,) float32, OOD score relative to the predicted class.
    """

    logits: NDArray[np.float32]
    ood_score: NDArray[np.float32]


def predict(
    model: Model,
    features: Features,
    coordinates: Coordinates | None = None,
    unknown: NDArray[np.float32] | None = None,
    sure_from: NDArray[np.float32] | None = None,
    terms: NDArray[np.float32] | None = None,
    rejected: NDArray[np.bool_] | None = None,
    by_folder: NDArray[np.bool_] | None = None,
) -> Predictions:
    """Predict N photos with one model.

    The probabilities of rejected classes are 0 and the others sum to 1. A photo whose best class was rejected is not
    sure: the thresholds are of photos that were not chosen because the model was wrong. A photo without a class left
    is unknown, and all its probabilities are 0.

    Args:
        model: The model.
        features: Of the photos.
        coordinates: Coordinates of the photos along `model.ood_detector.axes`, if computed before.
        unknown: (N,) probability of each photo to be of none of the classes, from its folder.
        sure_from: (N,) confidence from which each photo can be sure, from its folder, if higher than the model's.
        terms: (N, C) to be added to the calibrated logits, from its folder. The OOD score stays that of the photo.
        rejected: (N, C) the classes that a person said the photos do not show.
        by_folder: (N,) whether `unknown` alone says which photos are unknown, not their OOD scores.
    """
    scores = score(model, features, coordinates, rejected)
    return judge(model, scores, unknown, sure_from, terms, rejected, by_folder)


def score(
    model: Model,
    features: Features,
    coordinates: Coordinates | None = None,
    rejected: NDArray[np.bool_] | None = None,
) -> Scores:
    """Score N photos by themselves: the part of `predict` that takes time, and that no folder changes.

    Args:
        model: The model.
        features: Of the photos.
        coordinates: As in `predict`.
        rejected: As in `predict`.
    """
    photos, classes = len(features), len(model.class_names)
    result = Scores(np.empty((photos, classes), np.float32), np.empty(photos, np.float32))
    axes = model.ood_detector.axes
    columns = model.weight.T if coordinates is not None else np.hstack([model.weight.T, axes.columns])

    def work(rows: slice) -> None:
        part = features.take(rows)
        product = part.matmul(columns)
        if coordinates is None:
            part_coordinates = coordinates_from_product(product[:, classes:], part.lengths, axes.origin)
        else:
            part_coordinates = coordinates.take(rows)
        result.logits[rows] = logits = (product[:, :classes] + model.bias) / np.float32(model.temperature)
        probabilities = softmax(_of_rest(logits, _part(rejected, rows)))
        predictions = probabilities.argmax(axis=1)
        confidence = np.take_along_axis(probabilities, predictions[:, None], axis=1)[:, 0]
        result.ood_score[rows] = model.ood_detector.ood_score(
            part_coordinates, predictions, confidence, part.imagenet_prior
        )

    with ThreadPool() as pool:
        pool.map(work, even_blocks(photos, _BLOCK_ROWS))
    return result


def judge(
    model: Model,
    scores: Scores,
    unknown: NDArray[np.float32] | None = None,
    sure_from: NDArray[np.float32] | None = None,
    terms: NDArray[np.float32] | None = None,
    rejected: NDArray[np.bool_] | None = None,
    by_folder: NDArray[np.bool_] | None = None,
) -> Predictions:
    """Predict N photos from their scores.

    Args:
        model: The model.
        scores: Of the photos, with the same rejected classes.
        unknown: As in `predict`, like all others.
        sure_from: As in `predict`.
        terms: As in `predict`.
        rejected: As in `predict`.
        by_folder: As in `predict`.
    """
    photos = len(scores.ood_score)
    probabilities = np.empty(scores.logits.shape, np.float32)
    result = Predictions(probabilities, np.empty(photos, np.uint8), scores.ood_score, np.empty(photos, np.uint8))

    def work(rows: slice) -> None:
        logits, ood_score = _of_rest(scores.logits[rows], _part(rejected, rows)), scores.ood_score[rows]
        probabilities = softmax(logits)
        predictions, confidence = probabilities.argmax(axis=1), row_maxima(probabilities)
        maybe_unknown, sure_there, decided_there = _part(unknown, rows), _part(sure_from, rows), _part(by_folder, rows)
        verdicts = verdicts_of(model, confidence, ood_score, maybe_unknown, sure_there, decided_there)
        if terms is not None:
            probabilities = softmax(logits + terms[rows])
            confidence = row_maxima(probabilities)
            adapted = verdicts_of(model, confidence, ood_score, maybe_unknown, sure_there, decided_there)
            verdicts = _agreed(verdicts, adapted, predictions == probabilities.argmax(axis=1))
        refused = None
        if rejected is not None:
            best = scores.logits[rows].argmax(axis=1)
            verdicts[(best != predictions) & (verdicts == Verdict.SURE)] = Verdict.LIKELY
            verdicts[rejected[rows].all(axis=1)] = Verdict.UNKNOWN
            probabilities[rejected[rows]] = 0
            confidence, refused = row_maxima(probabilities), np.asarray(rejected[rows].any(axis=1))
        result.probabilities[rows], result.verdicts[rows] = probabilities, verdicts
        why = maybe_unknown, sure_there, refused, decided_there
        result.caveats[rows] = caveats_of(model, verdicts, confidence, ood_score, *why)

    with ThreadPool() as pool:
        pool.map(work, even_blocks(photos, _BLOCK_ROWS))
    return result


def _part(values: NDArray[Number] | None, rows: slice) -> NDArray[Number] | None:
    """These rows of an array, where there is one."""
    return None if values is None else values[rows]


def _of_rest(logits: NDArray[np.float32], rejected: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    """Make the (N, C) logits of rejected classes minus infinity, unless all classes of a photo are rejected."""
    if rejected is None:
        return logits
    return np.where(rejected & ~rejected.all(axis=1, keepdims=True), np.float32(-np.inf), logits)


def _agreed(alone: NDArray[np.uint8], adapted: NDArray[np.uint8], same_class: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Keep *sure* for photos that are sure of the same class by themselves too.

    A folder may withdraw *sure*. It cannot grant it: photos of an unknown class agree with one another as well.
    """
    sure = same_class & (alone == Verdict.SURE)
    return np.where((adapted == Verdict.SURE) & ~sure, np.uint8(Verdict.LIKELY), adapted)


def verdicts_of(
    model: Model,
    confidence: NDArray[np.float32],
    ood_score: NDArray[np.float32],
    unknown: NDArray[np.float32] | None = None,
    sure_from: NDArray[np.float32] | None = None,
    by_folder: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Turn confidences and OOD scores into verdicts.

    Args:
        model: The model that predicted N photos.
        confidence: (N,) calibrated probability of the predicted class, if the photo is of one of the classes.
        ood_score: (N,) OOD scores.
        unknown: (N,) probability that a photo is of none of the classes, from its folder.
        sure_from: (N,) confidence from which a photo can be sure, from its folder.
        by_folder: As in `predict`.

    Returns:
        (N,) uint8 `Verdict`.
    """
    verdicts = np.full(len(confidence), Verdict.UNSURE, np.uint8)
    likely = confidence >= max(model.thresholds.likely, LEAST_LIKELY)
    if unknown is not None:
        likely &= confidence * (1 - unknown) >= LEAST_LIKELY
    verdicts[likely] = Verdict.LIKELY
    sure = likely & (confidence >= model.thresholds.sure) & (ood_score <= model.ood_detector.familiar)
    if unknown is not None:
        sure &= unknown <= MAYBE_UNKNOWN
    if sure_from is not None:
        sure &= confidence >= sure_from
    verdicts[sure] = Verdict.SURE
    new = model.ood_detector.is_new(ood_score)
    verdicts[new if by_folder is None else new & ~by_folder] = Verdict.UNKNOWN
    if unknown is not None:
        verdicts[unknown > UNKNOWN] = Verdict.UNKNOWN
    return verdicts


def caveats_of(
    model: Model,
    verdicts: NDArray[np.uint8],
    confidence: NDArray[np.float32],
    ood_score: NDArray[np.float32],
    unknown: NDArray[np.float32] | None = None,
    sure_from: NDArray[np.float32] | None = None,
    rejected: NDArray[np.bool_] | None = None,
    by_folder: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Find why photos are less than sure though their probability would do.

    Args:
        model: The model that predicted N photos.
        verdicts: (N,) `Verdict`.
        confidence: (N,) the probability that is shown.
        ood_score: (N,) OOD scores.
        unknown: (N,) probability of being of none of the classes, from the folder of each photo.
        sure_from: (N,) confidence from which each photo can be sure, from its folder.
        rejected: (N,) whether a person rejected a class for the photo.
        by_folder: As in `predict`: then the labelled photos of the class are of the folder itself, which cannot differ
            from them, but they are too few to show how many suggestions are right.

    Returns:
        (N,) uint8 `Caveat`.
    """
    caveats = np.full(len(verdicts), Caveat.CLEAR_IN_FOLDER_ONLY, np.uint8)
    if sure_from is not None:
        less_sure = confidence < sure_from
        caveats[less_sure] = Caveat.FOLDER_DIFFERS
        if by_folder is not None:
            caveats[less_sure & by_folder] = Caveat.FEW_LABELLED
    if unknown is not None:
        caveats[unknown > MAYBE_UNKNOWN] = Caveat.UNKNOWN_IN_FOLDER
    caveats[ood_score > model.ood_detector.familiar] = Caveat.UNLIKE_LABELLED
    if rejected is not None:
        caveats[rejected] = Caveat.REJECTED
    unsure = verdicts == Verdict.UNSURE
    less = (unsure | (verdicts == Verdict.LIKELY)) & (confidence >= max(model.thresholds.sure, LEAST_LIKELY))
    if unknown is not None:
        less |= unsure & (confidence >= max(model.thresholds.likely, LEAST_LIKELY))
    return np.where(less, caveats, np.uint8(Caveat.NONE))
