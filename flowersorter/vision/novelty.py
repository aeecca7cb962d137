"""Telling photos of none of the classes: how much of a photo the directions labelled photos differ in leave unsaid.

That is the distance from the principal subspace of the labelled photos (Wang et al., 2022, ViM, without the logit).
Measured with ResNet-50 on flowers against everyday things, 5 to 240 photos a class: AUROC 0.910 to 0.964, where the
mean similarity to the ten nearest labelled photos has 0.894 to 0.948; and it costs one product instead of all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.job import CancelToken
from flowersorter.vision.axes import SAMPLE, Coordinates, PrincipalAxes
from flowersorter.vision.features import pack
from flowersorter.vision.folds import assign_folds
from flowersorter.vision.near_copies import near_copy_groups
from flowersorter.vision.threads import Lanes, row_blocks

#: Photos of known classes that may be taken for strangers: a threshold is set for this share of them.
FALSE_ALARMS = 0.02
#: Axes of the subspace: 32 measured 0.957, 128 0.967.
_AXES = 64
#: Principal axes it is put together from where photos are many: others hardly reach into it. Where they are few, the
#: choice of axes itself fits them: three photos in a hundred were new to a model made so from 600, instead of two.
_LOOKED_AT, _MANY = 2 * _AXES, 10_000
#: Axes are at most this part of all directions there are, or nothing would be left outside of them.
_PART = 8
#: Where photos are few, so many axes per hundred of them: measured better than more or fewer from 10 photos on.
_SHARE = 66
#: Above every distance there is: two rows of length 1 are at most 2 apart.
NEVER = 5.0
_BLOCK_ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Novelty:
    """What a model remembers of its training photos to tell strangers.

    Attributes:
        centre: (D,) float32, mean of the labelled photos, each class weighing the same.
        axes: (K, D) float16, orthonormal rows: the directions in which labelled photos differ most.
        threshold: Unfamiliarity above which a photo is new.
    """

    centre: NDArray[np.float32]
    axes: NDArray[np.float16]
    threshold: float

    @property
    def columns(self) -> NDArray[np.float32]:
        """(D, K + 1): what features are multiplied by for `unfamiliarity`."""
        return np.vstack([self.axes.astype(np.float32), self.centre]).T

    def unfamiliarity(self, product: NDArray[np.float32], lengths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Squared distances of photos from the known directions.

        Args:
            product: (N, K + 1), features times `columns`.
            lengths: (N,) lengths of the features.
        """
        origin = self.centre @ self.columns
        inside = product[:, :-1] - origin[:-1]
        distance = np.square(lengths) - 2 * product[:, -1] + origin[-1]
        return np.asarray(distance - np.einsum("nk,nk->n", inside, inside), np.float32)

    def is_new(self, unfamiliarity: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(N,) whether photos this unfamiliar are of none of the classes."""
        return np.asarray(unfamiliarity > self.threshold, np.bool_)


def learn_novelty(
    axes: PrincipalAxes,
    coordinates: Coordinates,
    weights: NDArray[np.float32],
    folds: NDArray[np.intp],
    measured: NDArray[np.intp],
    lanes: Lanes,
) -> tuple[Novelty, NDArray[np.float32]]:
    """Find the known directions, and how unfamiliar labelled photos are to those of the other folds.

    Args:
        axes: What the coordinates are of.
        coordinates: Of N labelled photos.
        weights: (N,) weight of each, all together 1.
        folds: (N,) fold of each.
        measured: Folds whose photos are measured with the directions of all others.
        lanes: Share the work.

    Returns:
        The novelty, its threshold set from the photos that were measured; and (N,) float32 unfamiliarity, NaN for
        photos that were not.
    """
    basis = axes.basis[:_LOOKED_AT] if len(folds) >= _MANY else axes.basis
    coordinates = coordinates.along(len(basis))
    numbers = np.unique(folds).tolist()
    parts = lanes.map(lambda fold: _moments(coordinates, weights, folds == fold), numbers)
    everything, moments = np.sum(parts, axis=0), dict(zip(numbers, parts, strict=True))
    unfamiliarity = np.full(len(folds), np.nan, np.float32)

    def most(photos: int) -> int:
        return min(_AXES, _SHARE * photos // 100, int(basis.shape[1]) // _PART)

    def measure(fold: int) -> None:
        out = np.flatnonzero(folds == fold)
        unfamiliarity[out] = _Subspace.of(everything - moments[fold], most(len(folds) - len(out))).left_by(
            coordinates.take(out)
        )

    lanes.map(measure, measured.tolist())
    known = _Subspace.of(everything, most(len(folds)))
    novelty = Novelty(
        centre=axes.centre + known.mean @ basis,
        axes=(known.directions.T @ basis).astype(np.float16),
        threshold=threshold_from(unfamiliarity[~np.isnan(unfamiliarity)]),
    )
    return novelty, unfamiliarity


def novelty_of_references(references: NDArray[np.float32]) -> Novelty:
    """Find the known directions of photos whose classes are not known any more.

    Args:
        references: (M, D) features.
    """
    if not len(references):
        return Novelty(np.zeros(references.shape[1], np.float32), np.zeros((0, references.shape[1]), np.float16), NEVER)
    enough = -(-len(references) // SAMPLE)
    features = pack(np.square(references[::enough]))
    one_class = np.zeros(len(features), np.intp)
    axes = PrincipalAxes.of(features.unpack(), 2 * _LOOKED_AT, seed=0)
    with Lanes() as lanes:
        coordinates = axes.project(features)
        groups = near_copy_groups(features, coordinates, one_class, lanes, CancelToken())
        folds = assign_folds(one_class, groups, seed=0)
        weights = np.full(len(features), 1 / len(features), np.float32)
        filled = np.unique(folds)
        measured = filled if len(filled) > 1 else filled[:0]
        return learn_novelty(axes, coordinates, weights, folds, measured, lanes)[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Subspace:
    """Where some photos lie, in the coordinates of principal axes.

    Attributes:
        mean: (R,) float32.
        directions: (R, K) float32, orthonormal columns.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]

    @classmethod
    def of(cls, moments: NDArray[np.float64], most: int) -> _Subspace:
        """Take the directions in which photos differ most out of their `_moments`, at most so many."""
        mean = moments[-1, :-1] / moments[-1, -1]
        spread = moments[:-1, :-1] / moments[-1, -1] - np.outer(mean, mean)
        _, directions = np.linalg.eigh(spread)
        return cls(mean.astype(np.float32), directions[:, max(0, len(mean) - most) :].astype(np.float32))

    def left_by(self, coordinates: Coordinates) -> NDArray[np.float32]:
        """Squared distance of (N,) photos from the subspace."""
        moved = coordinates.inside[:, :-1] - self.mean
        inside = moved @ self.directions
        distance = coordinates.outside + np.einsum("nr,nr->n", moved, moved)
        return np.asarray(distance - np.einsum("nk,nk->n", inside, inside), np.float32)


def _moments(coordinates: Coordinates, weights: NDArray[np.float32], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(R + 1, R + 1) weighted sums of the products of coordinates; the last row, of those with a one, is the mean."""
    rows = np.flatnonzero(chosen)
    result = np.zeros((coordinates.inside.shape[1],) * 2)
    for block in row_blocks(len(rows), _BLOCK_ROWS):
        inside = coordinates.inside[rows[block]]
        result += (inside * weights[rows[block], None]).T @ inside
    return result


def threshold_from(unfamiliarity: NDArray[np.float32]) -> float:
    """Set the threshold from held-out photos of known classes.

    Args:
        unfamiliarity: (N,) of labelled photos, to those of the other folds.

    Returns:
        The unfamiliarity that `FALSE_ALARMS` of the known photos lie above. Few photos say little about the tail:
        the threshold then lies above the least familiar of them. Without any, nothing is new.
    """
    if not len(unfamiliarity):
        return NEVER
    if len(unfamiliarity) * FALSE_ALARMS < 1:
        return float(unfamiliarity.max() + unfamiliarity.std())
    return float(np.quantile(unfamiliarity, 1 - FALSE_ALARMS))
