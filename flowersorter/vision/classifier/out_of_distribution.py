"""Out-of-distribution detection: photos of none of the classes, by three scores combined.

The scores are the doubt of the head, the squared distance from the principal subspace of the predicted class, and the
surprise of the ImageNet prior. The first two detect flowers of other kinds, the last one things other than flowers.
Measured with ResNet-50, 240 photos a class, each of five flowers left out in turn (AUROC against the flower left out,
and against everyday things): doubt 0.82 and 0.87; distance 0.85 and 0.96 (one subspace for all classes, as in ViM, Wang
et al., 2022: 0.78 and 0.96); surprise 0.54 and 0.99; all three 0.85 and 0.97 (`python -m tests.bench trust`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.class_subspaces import ClassSubspaces, squared_residuals
from flowersorter.vision.features.cv_folds import assign_folds
from flowersorter.vision.features.imagenet_prior import IMAGENET_CLASSES, ImageNetPrior
from flowersorter.vision.features.near_duplicates import near_duplicate_groups
from flowersorter.vision.features.packed import pack
from flowersorter.vision.features.pca import PCA, SAMPLE, Coordinates
from flowersorter.vision.parallel import ThreadPool

#: False positive rate: fraction of photos of known classes called new.
FALSE_POSITIVE_RATE = 0.02
#: Fraction of photos of known classes whose OOD score excludes *sure*. Measured on five flowers, 240 of each: 86.4 % of
#: other photos are sure instead of 85.0 %, as the precision is then reached at a lower confidence; and of everyday
#: things, each flower left out in turn, 10 % instead of 30 %.
NOT_SURE_RATE = 0.08
#: Principal axes of all labelled photos. More are hardly better (128: +0.0006) and take twice the time.
_AXES = 96
#: The axes are at most this part of all dimensions, so that a residual remains.
_PART = 8
#: Weights of doubt, distance and surprise, each in standard deviations of known photos; and the normal surprise.
_WEIGHTS, _COMMON = np.array([0.5, 1.0, 4.0], np.float32), np.float32(2.0)
#: Weights of a model with distances only.
_DISTANCE_ONLY = np.array([0.0, 1.0, 0.0], np.float32)
_UNSCALED = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
#: Larger than any OOD score.
NEVER = 1e6
_LEAST_SPREAD = np.float32(1e-3)


@dataclass(frozen=True, slots=True, eq=False)
class OodDetector:
    """Statistics of the training photos that reveal photos of none of the classes.

    Attributes:
        axes: R principal axes of labelled photos; their basis is exact in float16.
        centres: (C, R) float32, means of the classes along the axes.
        directions: (C, K, R) float32, exact in float16; principal axes of each class: orthonormal rows, or zeros.
        reference: (1000,) float32, frequencies of the ImageNet classes among labelled photos; all 0 if unknown.
        mean_std: (2, 3) float32, mean and standard deviation of doubt, distance and surprise of known photos.
        weights: (3,) float32, weights of these.
        threshold: OOD score above which a photo is new.
        familiar: OOD score up to which a photo can be sure.
        key: Hash of the axes.
    """

    axes: PCA
    centres: NDArray[np.float32]
    directions: NDArray[np.float32]
    reference: NDArray[np.float32]
    mean_std: NDArray[np.float32]
    weights: NDArray[np.float32]
    threshold: float
    familiar: float
    key: bytes = field(init=False)

    def __post_init__(self) -> None:
        parts = (np.ascontiguousarray(part) for part in (self.axes.basis, self.axes.centre))
        object.__setattr__(self, "key", hashlib.sha256(b"".join(part.tobytes() for part in parts)).digest())

    @classmethod
    def of_distance(
        cls, centre: NDArray[np.float32], axes: NDArray[np.float32], threshold: float, classes: int
    ) -> OodDetector:
        """Make the detector of a model of format 2: a centre (D,), axes (K, D) of all classes, a squared distance."""
        axes = axes.astype(np.float16).astype(np.float32)
        return cls(
            axes=PCA(axes, centre),
            centres=np.zeros((classes, len(axes)), np.float32),
            directions=np.broadcast_to(np.eye(len(axes), dtype=np.float32), (classes, len(axes), len(axes))).copy(),
            reference=np.zeros(IMAGENET_CLASSES, np.float32),
            mean_std=_UNSCALED,
            weights=_DISTANCE_ONLY,
            threshold=threshold,
            familiar=threshold,
        )

    @property
    def standardised(self) -> bool:
        """Whether the OOD score of known photos is 0 on average; that of older models is a distance."""
        return bool(self.weights[0] > 0)

    def ood_score(
        self,
        coordinates: Coordinates,
        predictions: NDArray[np.intp],
        confidence: NDArray[np.float32],
        imagenet_prior: ImageNetPrior | None,
    ) -> NDArray[np.float32]:
        """Score how unlike each photo is to its predicted class; (N,) float32, higher is more unlike.

        Args:
            coordinates: Coordinates of N photos along `axes`.
            predictions: (N,) predicted class indices.
            confidence: (N,) calibrated probability of the predicted class.
            imagenet_prior: ImageNet prior of the photos, if known.
        """
        distance = squared_residuals((self.centres, self.directions), predictions, coordinates)
        surprise = (
            None if imagenet_prior is None or not self.reference.any() else imagenet_prior.surprise(self.reference)
        )
        return _combined(_doubt(confidence), distance, surprise, self.mean_std, self.weights)

    def is_new(self, ood_score: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(N,) whether photos with these scores are of none of the classes."""
        return np.asarray(ood_score > self.threshold, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutPredictions:
    """Out-of-fold predictions of some labelled photos.

    Attributes:
        rows: (M,) rows of the photos.
        classes: (M,) predicted class indices.
        confidence: (M,) float32, calibrated.
    """

    rows: NDArray[np.intp]
    classes: NDArray[np.intp]
    confidence: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSample:
    """Labelled photos for the fit of a detector.

    Attributes:
        axes: Axes of the coordinates.
        coordinates: Of N photos.
        targets: (N,) class indices; every class has photos.
        folds: (N,) fold of each photo.
        imagenet_prior: ImageNet prior of the photos, if known.
    """

    axes: PCA
    coordinates: Coordinates
    targets: NDArray[np.intp]
    folds: NDArray[np.intp]
    imagenet_prior: ImageNetPrior | None = None

    @property
    def balance(self) -> NDArray[np.float32]:
        """(N,) weights of the photos: equal for all classes, with a sum of 1."""
        counts = np.bincount(self.targets)
        return (1 / (len(counts) * counts[self.targets])).astype(np.float32)


def fit_ood_detector(
    known: LabelledSample, predictions: HeldOutPredictions, pool: ThreadPool
) -> tuple[OodDetector, NDArray[np.float32]]:
    """Fit the subspace of each class, and score held-out photos without their fold.

    Args:
        known: The labelled photos.
        predictions: Predictions of the held-out ones.
        pool: Threads that share the work.

    Returns:
        The detector, with thresholds from the held-out scores; and (M,) float32 scores of the held-out photos.
    """
    rank = min(_AXES, known.axes.basis.shape[1] // _PART, len(known.axes.basis))
    subspaces = ClassSubspaces(known.coordinates, known.targets, known.folds, rank, pool)
    fold_of = known.folds[predictions.rows]
    distance = np.empty(len(predictions.rows), np.float32)

    def measure(fold: int) -> None:
        """Measure the distances of a fold to subspaces fitted without it, the axes included."""
        at = np.flatnonzero(fold_of == fold)
        spaces, coordinates = subspaces.without(fold, predictions.rows[at])
        distance[at] = squared_residuals(spaces, predictions.classes[at], coordinates)

    pool.map(measure, np.unique(fold_of).tolist())
    basis = known.axes.basis[:rank].astype(np.float16).astype(np.float32)
    centres, directions = subspaces.of_all()
    doubt, surprise = _doubt(predictions.confidence), _held_out_surprise(known, predictions.rows)
    mean_std = _mean_and_std(doubt, distance, surprise)
    ood_score = _combined(doubt, distance, surprise, mean_std, _WEIGHTS)
    reference = (
        np.zeros(IMAGENET_CLASSES, np.float32)
        if known.imagenet_prior is None
        else known.imagenet_prior.class_frequency(known.balance)
    )
    ood_detector = OodDetector(
        axes=PCA(basis, known.axes.centre),
        centres=centres,
        directions=directions.astype(np.float16).astype(np.float32),
        reference=reference,
        mean_std=mean_std,
        weights=_WEIGHTS,
        threshold=threshold_from(ood_score, FALSE_POSITIVE_RATE),
        familiar=threshold_from(ood_score, NOT_SURE_RATE),
    )
    return ood_detector, ood_score


def detector_of_references(references: NDArray[np.float32], classes: int) -> OodDetector:
    """Fit a detector to reference photos without classes.

    Args:
        references: (M, D) features.
        classes: Number of classes of their model.
    """
    if not len(references):
        nothing = np.zeros((0, references.shape[1]), np.float32)
        return OodDetector.of_distance(np.zeros(references.shape[1], np.float32), nothing, NEVER, classes)
    enough = -(-len(references) // SAMPLE)
    features = pack(np.square(references[::enough]))
    one_class = np.zeros(len(features), np.intp)
    axes = PCA.of(features.unpack(), 2 * _AXES, seed=0)
    with ThreadPool() as pool:
        coordinates = axes.project(features)
        groups = near_duplicate_groups(features, coordinates, one_class, pool, CancelToken())
        folds = assign_folds(one_class, groups, seed=0)
        rows = np.arange(len(features)) if len(np.unique(folds)) > 1 else np.arange(0)
        predictions = HeldOutPredictions(rows, one_class[rows], np.ones(len(rows), np.float32))
        learned, _ = fit_ood_detector(LabelledSample(axes, coordinates, one_class, folds), predictions, pool)
    threshold = learned.threshold / float(_WEIGHTS[1]) * float(learned.mean_std[1, 1]) + float(learned.mean_std[0, 1])
    threshold = threshold if len(rows) else NEVER
    return replace(
        learned,
        centres=np.repeat(learned.centres, classes, axis=0),
        directions=np.repeat(learned.directions, classes, axis=0),
        mean_std=_UNSCALED,
        weights=_DISTANCE_ONLY,
        threshold=threshold,
        familiar=threshold,
    )


def _doubt(confidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) root of the loss if the prediction is right: the plain loss is dominated by a few doubtful photos."""
    return np.asarray(np.sqrt(-np.log(np.clip(confidence, np.float32(1e-12), 1))), np.float32)


def _held_out_surprise(known: LabelledSample, rows: NDArray[np.intp]) -> NDArray[np.float32] | None:
    """Compute the (M,) surprise of photos relative to the other folds."""
    if known.imagenet_prior is None:
        return None
    surprise, balance, prior = np.empty(len(rows), np.float32), known.balance, known.imagenet_prior
    members = {fold: np.flatnonzero(known.folds == fold) for fold in np.unique(known.folds).tolist()}
    # Counted once for each fold, not for all others of each.
    counts = {fold: prior.take(inside).class_sums(balance[inside]) for fold, inside in members.items()}
    for fold in np.unique(known.folds[rows]).tolist():
        at = known.folds[rows] == fold
        others = sum((sums for number, sums in counts.items() if number != fold), np.zeros(IMAGENET_CLASSES))
        surprise[at] = prior.take(rows[at]).surprise(others.astype(np.float32))
    return surprise


def _mean_and_std(*measured: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Compute the (2, 3) mean and standard deviation of the scores; 0 and 1 for missing ones."""
    mean_std = _UNSCALED.copy()
    for column, values in enumerate(measured):
        finite = np.empty(0) if values is None else values[~np.isnan(values)]
        if len(finite):
            mean_std[:, column] = finite.mean(), max(finite.std(), _LEAST_SPREAD)
    return mean_std


def _combined(
    doubt: NDArray[np.float32],
    distance: NDArray[np.float32],
    surprise: NDArray[np.float32] | None,
    mean_std: NDArray[np.float32],
    weights: NDArray[np.float32],
) -> NDArray[np.float32]:
    mean, spread = mean_std
    combined = weights[0] * (doubt - mean[0]) / spread[0] + weights[1] * (distance - mean[1]) / spread[1]
    if surprise is not None:
        combined += weights[2] * np.maximum(np.nan_to_num((surprise - mean[2]) / spread[2]) - _COMMON, 0)
    return np.asarray(combined, np.float32)


def threshold_from(ood_score: NDArray[np.float32], share: float) -> float:
    """Choose a threshold from held-out photos of known classes.

    Args:
        ood_score: (N,) out-of-fold OOD scores of labelled photos.
        share: Fraction of them above the threshold.

    Returns:
        The threshold. With too few photos for the quantile it lies above the highest score; without any, it is `NEVER`.
    """
    if not len(ood_score):
        return NEVER
    if len(ood_score) * share < 1:
        return float(ood_score.max() + ood_score.std())
    return float(np.quantile(ood_score, 1 - share))
