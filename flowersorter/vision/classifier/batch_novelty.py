"""Batch novelty detection: compare unlabelled with labelled photos to find photos of unknown classes.

A single photo of an unknown flower is hard to detect (`out_of_distribution`). Several of them fill a region of feature
space without labelled photos. A linear classifier between labelled and unlabelled photos finds that region and scores
each photo, out of fold (the scores of Marandon, Lei, Mary, Roquain, 2024, AdaDetect). `unknown_share` combines this
score with the OOD score of each photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.batched_lbfgs import FitBatch, Solver
from flowersorter.vision.features.near_duplicates import joined, near_duplicate_groups
from flowersorter.vision.features.packed import Features, join
from flowersorter.vision.features.pca import Coordinates
from flowersorter.vision.parallel import ThreadPool

#: Largest number of labelled and of unlabelled photos compared; larger sets are sampled.
MOST_LABELLED, MOST_OTHERS = 2000, 4000
#: Least number of either; near-duplicates and bursts count as one.
LEAST = 20
_FOLDS, _PENALTY, _TOLERANCE = 5, 1e-3, 1e-3
#: Up to so many photos, near-duplicates counted once, all folds are of one size.
_FEW = 50
_LEAST_SPREAD = 1e-6
#: Bounds of the intervals of the p-value for which the fraction of known photos is estimated.
_STEPS = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class PhotoSample:
    """Some photos, labelled or not.

    Attributes:
        features: Of N photos.
        coordinates: Coordinates along axes fitted without the unlabelled photos.
        classes: (N,) labels, or predicted classes.
    """

    features: Features
    coordinates: Coordinates
    classes: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.classes)

    def take(self, rows: NDArray[np.intp]) -> PhotoSample:
        """Return the sample of these rows."""
        return PhotoSample(self.features.take(rows), self.coordinates.take(rows), self.classes[rows])


@dataclass(frozen=True, slots=True, eq=False)
class TwoSampleClassifier:
    """Classifier between labelled and unlabelled photos.

    Attributes:
        heads: (K, R + 1) float64, one per fold, fitted without it; higher scores are more like labelled photos.
        folds: (N,) fold of each unlabelled photo.
        reference: (M,) float64, ascending out-of-fold scores of the labelled photos.
    """

    heads: NDArray[np.float64]
    folds: NDArray[np.intp]
    reference: NDArray[np.float64]

    def unlikeness(self, coordinates: Coordinates, folds: NDArray[np.intp]) -> NDArray[np.float32]:
        """Score photos by the heads of their folds.

        Returns:
            (N,) float32, standard deviations of the labelled photos' scores below their median.
        """
        scores = (coordinates.projection @ self.heads.T.astype(np.float32))[np.arange(len(coordinates)), folds]
        spread = max(float(self.reference.std()), _LEAST_SPREAD)
        return np.asarray((np.median(self.reference) - scores) / spread, np.float32)


def compare(
    labelled: PhotoSample,
    others: PhotoSample,
    cancel: CancelToken,
    bursts: NDArray[np.intp] | None = None,
) -> TwoSampleClassifier | None:
    """Fit a classifier between labelled and unlabelled photos; near-duplicates and bursts share a fold.

    A photo's fold depends on the photo, so that one photo more or less hardly changes the scores of the others.

    Args:
        labelled: At most `MOST_LABELLED`.
        others: At most `MOST_OTHERS`.
        cancel: Checked in every step.
        bursts: (N,) burst of each labelled photo, then of the others. None: unknown.

    Returns:
        The classifier, or None if there are too few photos of either.

    Raises:
        Cancelled: a stop was requested.
    """
    if min(len(labelled), len(others)) < LEAST:
        return None
    projection = np.vstack([labelled.coordinates.projection, others.coordinates.projection])
    other = np.arange(len(projection)) >= len(labelled)
    classes = np.concatenate([labelled.classes, others.classes])
    with ThreadPool() as pool:
        features = join([labelled.features, others.features])
        residual = np.concatenate([labelled.coordinates.residual, others.coordinates.residual])
        groups = near_duplicate_groups(features, Coordinates(projection, residual), classes, pool, cancel)
        groups = groups if bursts is None else joined(groups, bursts)
        if min(len(np.unique(groups[part])) for part in (other, ~other)) < LEAST:
            return None
        folds = _assign_folds(groups, features.checksums())
        pairs = list(combinations(range(_FOLDS), 2))
        seen = np.stack([~np.isin(folds, pair) for pair in pairs])
        task = FitBatch(projection, other.astype(np.intp), 2, seen, _shares(classes, other))
        without = dict(zip(pairs, Solver(task, pool, cancel).solve(_PENALTY, _TOLERANCE, None), strict=True))
        heads = np.empty((_FOLDS, projection.shape[1]))
        for fold in range(_FOLDS):
            # The head of this fold must not depend on its photos, nor on scores from heads that do.
            first = np.empty(len(projection))
            for another in set(range(_FOLDS)) - {fold}:
                here, head = folds == another, without[min(fold, another), max(fold, another)]
                first[here] = projection[here] @ (head[0] - head[1])
            learned = folds != fold
            known = _known_share(first[learned & ~other], first[learned & other])
            heads[fold] = _second(projection, learned, other, known, pool, cancel)
        reference = np.sort(np.einsum("nr,nr->n", projection[~other], heads[folds[~other]]))
    return TwoSampleClassifier(heads, folds[other], reference)


def _assign_folds(groups: NDArray[np.intp], checksums: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Assign photos to folds by group, and groups by the lowest checksum of their photos; (N,)."""
    _, numbers = np.unique(groups, return_inverse=True)
    lowest = np.full(numbers.max() + 1, np.iinfo(np.uint32).max, np.uint32)
    np.minimum.at(lowest, numbers, checksums)
    dealt = np.argsort(np.argsort(lowest, kind="stable")) if len(lowest) <= _FEW else lowest
    return np.asarray(dealt % _FOLDS, np.intp)[numbers]


def _shares(classes: NDArray[np.intp], other: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(N,) weights that equalise labelled and unlabelled photos of each class.

    Otherwise a class labelled more often than it occurs would make all others look novel.
    """
    counts = np.stack([np.bincount(classes[part], minlength=classes.max() + 1) for part in (~other, other)])
    balance = counts.sum(axis=0) / np.maximum(counts, 1)
    balance[:, counts.min(axis=0) == 0] = 1
    return np.asarray(balance[other.astype(np.intp), classes], np.float32)


def _known_share(reference: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Estimate the (N,) probability that each unlabelled photo is of a known class.

    The p-values of known classes are uniform; any excess over that is of unknown classes.
    """
    chance = _chance(np.sort(reference), scores)
    half = len(_STEPS) - 1 - int(np.searchsorted(_STEPS, 0.5))
    share = np.histogram(chance, _STEPS)[0] / len(chance)
    known = min(1.0, share[-half:].sum() / 0.5)
    sorted_unique = np.maximum.accumulate(np.minimum(known * np.diff(_STEPS) / np.maximum(share, 1e-9), 1))
    return np.asarray(
        sorted_unique[np.clip(np.searchsorted(_STEPS, chance) - 1, 0, len(sorted_unique) - 1)], np.float64
    )


def _second(
    projection: NDArray[np.float32],
    learned: NDArray[np.bool_],
    other: NDArray[np.bool_],
    known: NDArray[np.float64],
    pool: ThreadPool,
    cancel: CancelToken,
) -> NDArray[np.float64]:
    """Fit the (R + 1,) head between known photos, unlabelled ones weighted by their probability, and the rest."""
    shares = np.ones(len(projection))
    shares[learned & other] = known
    rows = np.concatenate([np.flatnonzero(learned), np.flatnonzero(learned & other)])
    targets = np.arange(len(rows)) >= np.count_nonzero(learned)
    weights = np.concatenate([shares[learned], 1 - known]).astype(np.float32) + np.float32(1e-6)
    task = FitBatch(projection[rows], targets.astype(np.intp), 2, np.ones((1, len(rows)), np.bool_), weights)
    (head,) = Solver(task, pool, cancel).solve(_PENALTY, _TOLERANCE, None)
    return np.asarray(head[0] - head[1], np.float64)


def _chance(reference: NDArray[np.float64], scores: NDArray[Any]) -> NDArray[np.float64]:
    """(N,) conformal p-values: fraction of labelled photos that score as low, the photo itself included."""
    return np.asarray((np.searchsorted(reference, scores, side="right") + 1) / (len(reference) + 1), np.float64)
