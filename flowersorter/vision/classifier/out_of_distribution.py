"""Out-of-distribution detection: photos of none of the classes, by three scores combined.

The scores are the doubt of the head, the squared distance from the principal subspace of the predicted class, and the
surprise of the ImageNet prior. The first two detect flowers of other kinds, the last one things other than flowers.
Measured with ResNet-50, 240 photos a class, each of five flowers left out in turn (AUROC against the flower left out,
and against everyday things): doubt 0.82 and 0.87; distance 0.85 and 0.96 (one subspace for all classes, as in ViM, Wang
et al., 2022: 0.78 and 0.96); surprise 0.54 and 0.99; all three 0.85 and 0.97 (`python -m tests.bench trust`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.features.cv_folds import assign_folds
from flowersorter.vision.features.imagenet_prior import KINDS, ImageNetPrior
from flowersorter.vision.features.near_duplicates import near_duplicate_groups
from flowersorter.vision.features.packed import pack
from flowersorter.vision.features.pca import PCA, SAMPLE, Coordinates
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: False positive rate: fraction of photos of known classes called new.
FALSE_ALARMS = 0.02
#: Fraction of photos of known classes whose OOD score excludes *sure*. Measured on five flowers, 240 of each: 86.4 % of
#: other photos are sure instead of 85.0 %, as the precision is then reached at a lower confidence; and of everyday
#: things, each flower left out in turn, 10 % instead of 30 %.
UNFAMILIAR = 0.08
#: Principal axes of all labelled photos, and axes of a class within these. More of the first are hardly better (128:
#: +0.0006) and take twice the time; of the second 8 and 24 are worse by 0.004 and 0.001.
_AXES, _CLASS_AXES = 96, 16
#: The axes are at most this part of all dimensions, so that a residual remains.
_PART = 8
#: Axes per hundred photos of a small class.
_SHARE = 66
#: Weights of doubt, distance and surprise, each in standard deviations of known photos; and the normal surprise.
_MIX, _COMMON = np.array([0.5, 1.0, 4.0], np.float32), np.float32(2.0)
#: Weights of a model with distances only.
_DISTANCE_ONLY = np.array([0.0, 1.0, 0.0], np.float32)
_UNSCALED = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
#: Larger than any OOD score.
NEVER = 1e6
#: Photos from which the axes do not overfit single ones; numbers in all moment matrices together: 100 MB.
_MANY, _MOMENTS = 10_000, 12_500_000
_LEAST_SPREAD = np.float32(1e-3)
_BLOCK_ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class OodDetector:
    """Statistics of the training photos that reveal photos of none of the classes.

    Attributes:
        axes: R principal axes of labelled photos; their basis is exact in float16.
        centres: (C, R) float32, means of the classes along the axes.
        directions: (C, K, R) float32, exact in float16; principal axes of each class: orthonormal rows, or zeros.
        usual: (1000,) float32, frequencies of the ImageNet classes among labelled photos; all 0 if unknown.
        typical: (2, 3) float32, mean and standard deviation of doubt, distance and surprise of known photos.
        mix: (3,) float32, weights of these.
        threshold: OOD score above which a photo is new.
        familiar: OOD score up to which a photo can be sure.
        key: Hash of the axes.
    """

    axes: PCA
    centres: NDArray[np.float32]
    directions: NDArray[np.float32]
    usual: NDArray[np.float32]
    typical: NDArray[np.float32]
    mix: NDArray[np.float32]
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
            usual=np.zeros(KINDS, np.float32),
            typical=_UNSCALED,
            mix=_DISTANCE_ONLY,
            threshold=threshold,
            familiar=threshold,
        )

    @property
    def standardised(self) -> bool:
        """Whether the OOD score of known photos is 0 on average; that of older models is a distance."""
        return bool(self.mix[0] > 0)

    def unfamiliarity(
        self,
        places: Coordinates,
        guesses: NDArray[np.intp],
        confidence: NDArray[np.float32],
        resemblance: ImageNetPrior | None,
    ) -> NDArray[np.float32]:
        """Score how unlike each photo is to its predicted class; (N,) float32, higher is more unlike.

        Args:
            places: Coordinates of N photos along `axes`.
            guesses: (N,) predicted class indices.
            confidence: (N,) calibrated probability of the predicted class.
            resemblance: ImageNet prior of the photos, if known.
        """
        distance = np.empty(len(places), np.float32)
        for number in np.unique(guesses).tolist():
            rows = np.flatnonzero(guesses == number)
            distance[rows] = _left_by(self.centres[number], self.directions[number], places.take(rows))
        surprise = None if resemblance is None or not self.usual.any() else resemblance.surprise(self.usual)
        return _mixed(_doubt(confidence), distance, surprise, self.typical, self.mix)

    def is_new(self, unfamiliarity: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(N,) whether photos with these scores are of none of the classes."""
        return np.asarray(unfamiliarity > self.threshold, np.bool_)


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
class Known:
    """Labelled photos for the fit of a detector.

    Attributes:
        axes: Axes of the coordinates.
        coordinates: Of N photos.
        targets: (N,) class indices; every class has photos.
        folds: (N,) fold of each photo.
        resemblance: ImageNet prior of the photos, if known.
    """

    axes: PCA
    coordinates: Coordinates
    targets: NDArray[np.intp]
    folds: NDArray[np.intp]
    resemblance: ImageNetPrior | None = None

    @property
    def balance(self) -> NDArray[np.float32]:
        """(N,) weights of the photos: equal for all classes, with a sum of 1."""
        counts = np.bincount(self.targets)
        return (1 / (len(counts) * counts[self.targets])).astype(np.float32)


def fit_ood_detector(
    known: Known, guesses: HeldOutPredictions, lanes: ThreadPool
) -> tuple[OodDetector, NDArray[np.float32]]:
    """Fit the subspace of each class, and score held-out photos without their fold.

    Args:
        known: The labelled photos.
        guesses: Predictions of the held-out ones.
        lanes: Threads that share the work.

    Returns:
        The detector, with thresholds from the held-out scores; and (M,) float32 scores of the held-out photos.
    """
    classes, fold_of = int(known.targets.max()) + 1, known.folds[guesses.rows]
    rank = min(_AXES, known.axes.basis.shape[1] // _PART, len(known.axes.basis))
    coordinates = known.coordinates.along(_looked_at(known, classes, rank))
    folds, measured = np.unique(known.folds).tolist(), np.unique(fold_of).tolist()
    cells = [(fold, number) for fold in folds for number in range(classes)]
    moments = dict(zip(cells, lanes.map(lambda cell: _moments(known, coordinates, *cell), cells), strict=True))
    everything = [np.sum([moments[fold, number] for fold in folds], axis=0) for number in range(classes)]
    distance = np.empty(len(guesses.rows), np.float32)

    def measure(fold: int) -> None:
        """Measure the distances of a fold to subspaces fitted without it, the axes included."""
        rest = [everything[number] - moments[fold, number] for number in range(classes)]
        turn = _turn(rest, rank)
        for number in range(classes):
            at = np.flatnonzero((fold_of == fold) & (guesses.classes == number))
            if len(at):
                space = _subspace(turn.T @ rest[number] @ turn)
                distance[at] = _left_by(*space, _turned(coordinates.take(guesses.rows[at]), turn))

    lanes.map(measure, measured)
    basis = known.axes.basis[:rank].astype(np.float16).astype(np.float32)
    shown = [*range(rank), -1]
    spaces = lanes.map(lambda sums: _subspace(sums[np.ix_(shown, shown)]), everything)
    doubt, surprise = _doubt(guesses.confidence), _held_out_surprise(known, guesses.rows)
    typical = _typical(doubt, distance, surprise)
    unfamiliarity = _mixed(doubt, distance, surprise, typical, _MIX)
    usual = np.zeros(KINDS, np.float32) if known.resemblance is None else known.resemblance.usual(known.balance)
    novelty = OodDetector(
        axes=PCA(basis, known.axes.centre),
        centres=np.stack([centre for centre, _ in spaces]),
        directions=np.stack([directions for _, directions in spaces]).astype(np.float16).astype(np.float32),
        usual=usual,
        typical=typical,
        mix=_MIX,
        threshold=threshold_from(unfamiliarity, FALSE_ALARMS),
        familiar=threshold_from(unfamiliarity, UNFAMILIAR),
    )
    return novelty, unfamiliarity


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
    with ThreadPool() as lanes:
        coordinates = axes.project(features)
        groups = near_duplicate_groups(features, coordinates, one_class, lanes, CancelToken())
        folds = assign_folds(one_class, groups, seed=0)
        rows = np.arange(len(features)) if len(np.unique(folds)) > 1 else np.arange(0)
        guesses = HeldOutPredictions(rows, one_class[rows], np.ones(len(rows), np.float32))
        learned, _ = fit_ood_detector(Known(axes, coordinates, one_class, folds), guesses, lanes)
    threshold = learned.threshold / float(_MIX[1]) * float(learned.typical[1, 1]) + float(learned.typical[0, 1])
    threshold = threshold if len(rows) else NEVER
    return replace(
        learned,
        centres=np.repeat(learned.centres, classes, axis=0),
        directions=np.repeat(learned.directions, classes, axis=0),
        typical=_UNSCALED,
        mix=_DISTANCE_ONLY,
        threshold=threshold,
        familiar=threshold,
    )


def _moments(known: Known, coordinates: Coordinates, fold: int, number: int) -> NDArray[np.float64]:
    """Compute the (R + 1, R + 1) second moments of a class in a fold.

    The last row holds the sums of the coordinates and the number of photos.
    """
    rows = np.flatnonzero((known.folds == fold) & (known.targets == number))
    result = np.zeros((coordinates.inside.shape[1],) * 2)
    for block in row_blocks(len(rows), _BLOCK_ROWS):
        inside = coordinates.inside[rows[block]]
        result += inside.T @ inside
    return result


def _looked_at(known: Known, classes: int, rank: int) -> int:
    """Choose how many principal axes each fold selects its own `rank` axes from.

    With few photos, axes chosen with the held-out ones overfit them, and the false positive rate would exceed
    `FALSE_ALARMS`. With many photos that does not matter. The moments of all classes must fit into memory.
    """
    if len(known.targets) >= _MANY:
        return rank
    folds = len(np.unique(known.folds))
    return max(rank, min(len(known.axes.basis), int((_MOMENTS / (folds * classes)) ** 0.5)))


def _turn(moments: Sequence[NDArray[np.float64]], rank: int) -> NDArray[np.float64]:
    """Find the (S + 1, R + 1) rotation from S axes to the R of largest variance; the one stays a one."""
    axes = len(moments[0]) - 1
    turn = np.zeros((axes + 1, rank + 1))
    turn[-1, -1] = 1
    if axes == rank:
        np.fill_diagonal(turn, 1)
        return turn
    together = np.sum([each / max(each[-1, -1], 1.0) for each in moments], axis=0) / len(moments)
    mean = together[-1, :-1]
    _, found = np.linalg.eigh(together[:-1, :-1] - np.outer(mean, mean))
    turn[:-1, :-1] = found[:, ::-1][:, :rank]
    return turn


def _turned(coordinates: Coordinates, turn: NDArray[np.float64]) -> Coordinates:
    """Express coordinates in other axes of the same space."""
    inside = coordinates.inside @ turn.astype(np.float32)
    left = np.square(coordinates.inside).sum(axis=1) - np.square(inside).sum(axis=1)
    return Coordinates(inside, coordinates.outside + np.maximum(left, 0))


def _subspace(moments: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute the mean (R,) and the principal axes (K, R) of photos, the rest zeros."""
    photos = max(moments[-1, -1], 1.0)
    mean = moments[-1, :-1] / photos
    directions = np.zeros((min(_CLASS_AXES, len(mean)), len(mean)), np.float32)
    some = min(len(directions), _SHARE * int(photos) // 100)
    if some:
        _, found = np.linalg.eigh(moments[:-1, :-1] / photos - np.outer(mean, mean))
        directions[:some] = found.T[::-1][:some]
    return mean.astype(np.float32), directions


def _left_by(centre: NDArray[np.float32], directions: NDArray[np.float32], places: Coordinates) -> NDArray[np.float32]:
    """Compute the (N,) squared distances of photos from a subspace."""
    moved = places.inside[:, :-1] - centre
    inside = moved @ directions.T
    distance = places.outside + np.einsum("nr,nr->n", moved, moved) - np.einsum("nk,nk->n", inside, inside)
    return np.asarray(distance, np.float32)


def _doubt(confidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) root of the loss if the prediction is right: the plain loss is dominated by a few doubtful photos."""
    return np.asarray(np.sqrt(-np.log(np.clip(confidence, np.float32(1e-12), 1))), np.float32)


def _held_out_surprise(known: Known, rows: NDArray[np.intp]) -> NDArray[np.float32] | None:
    """Compute the (M,) surprise of photos relative to the other folds."""
    if known.resemblance is None:
        return None
    surprise, balance = np.empty(len(rows), np.float32), known.balance
    for fold in np.unique(known.folds[rows]).tolist():
        at = known.folds[rows] == fold
        others = np.where(known.folds == fold, np.float32(0), balance)
        surprise[at] = known.resemblance.take(rows[at]).surprise(known.resemblance.usual(others))
    return surprise


def _typical(*measured: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Compute the (2, 3) mean and standard deviation of the scores; 0 and 1 for missing ones."""
    typical = _UNSCALED.copy()
    for column, values in enumerate(measured):
        finite = np.empty(0) if values is None else values[~np.isnan(values)]
        if len(finite):
            typical[:, column] = finite.mean(), max(finite.std(), _LEAST_SPREAD)
    return typical


def _mixed(
    doubt: NDArray[np.float32],
    distance: NDArray[np.float32],
    surprise: NDArray[np.float32] | None,
    typical: NDArray[np.float32],
    mix: NDArray[np.float32],
) -> NDArray[np.float32]:
    mean, spread = typical
    mixed = mix[0] * (doubt - mean[0]) / spread[0] + mix[1] * (distance - mean[1]) / spread[1]
    if surprise is not None:
        mixed += mix[2] * np.maximum(np.nan_to_num((surprise - mean[2]) / spread[2]) - _COMMON, 0)
    return np.asarray(mixed, np.float32)


def threshold_from(unfamiliarity: NDArray[np.float32], share: float) -> float:
    """Choose a threshold from held-out photos of known classes.

    Args:
        unfamiliarity: (N,) out-of-fold OOD scores of labelled photos.
        share: Fraction of them above the threshold.

    Returns:
        The threshold. With too few photos for the quantile it lies above the highest score; without any, it is `NEVER`.
    """
    if not len(unfamiliarity):
        return NEVER
    if len(unfamiliarity) * share < 1:
        return float(unfamiliarity.max() + unfamiliarity.std())
    return float(np.quantile(unfamiliarity, 1 - share))
