"""What a fit stands on: axes, near-copies and folds, laid once and brought up to date after a correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.label import FEW_LABELS
from flowersorter.jobs import CancelToken
from flowersorter.vision.features.cv_folds import assign_folds
from flowersorter.vision.features.near_duplicates import joined, near_duplicate_groups
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import PCA, SAMPLE, Coordinates, spread_sample
from flowersorter.vision.parallel import ThreadPool

#: Principal axes kept. Measured on 1,500 photos, held-out accuracy and loss: 256 axes 92.1 % and 0.219, 384 axes
#: 92.4 % and 0.214, 512 axes 92.4 % and 0.214, 768 axes 92.5 % and 0.214; the time is that of the axes or more.
RANK = 384
#: Share of the photos that may have changed since everything was computed afresh.
_MOST_CHANGED = 0.2
#: Photos of a class from which on some can be held out while every fold still has others of it to learn from.
LEAST_TO_HOLD_OUT = 3


@dataclass(frozen=True, slots=True, eq=False)
class AugmentedViews:
    """Further views of labelled photos, cropped, turned and mirrored: to learn from, not to measure with.

    Attributes:
        features: Of M views.
        rows: (M,) row of the photo each shows.
    """

    features: Features
    rows: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class PlacedViews:
    """Variants in principal axes.

    Attributes:
        inside: (M, R + 1) float32, as in `Coordinates`.
        rows: (M,) row of the photo each shows.
    """

    inside: NDArray[np.float32]
    rows: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Labelled photos as the head learns from them.

    Attributes:
        ids: (N,) int64, no two alike; a photo keeps its own from one training to the next.
        features: Of N photos.
        targets: (N,) class indices.
        own: (N,) bool; the person's photos, on which accuracy is measured (starter photos are not).
        memorised: (N,) bool; photos that the backbone itself was trained on: no fit can hold them out. None: no photo.
        groups: (N,) near-copies have the same number, where that is known from elsewhere: to a network that was
            trained on a class, photos of it look alike that are none. None: it is told by the features.
        bursts: (N,) photos of one moment have the same number. None: nobody knows.
        variants: Further views of some of them.
        unlabelled: Features of photos nobody labelled, to learn from where labelled ones are `few`.
    """

    ids: NDArray[np.int64]
    features: Features
    targets: NDArray[np.intp]
    own: NDArray[np.bool_]
    memorised: NDArray[np.bool_] | None = None
    groups: NDArray[np.intp] | None = None
    bursts: NDArray[np.intp] | None = None
    variants: AugmentedViews | None = None
    unlabelled: Features | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """Labelled photos in principal axes, split into folds.

    Attributes:
        ids: (N,) int64, as in `Examples`.
        scales: (N,) float32 of the features: they tell whether a photo's features are still the same.
        targets: (N,) class indices.
        axes: Principal axes of the photos, or of those there were when they were found.
        coordinates: The photos in these.
        groups: (N,) near-copies have the same number.
        folds: (N,) fold of each photo; near-copies are in one, and bursts. -1: none, every head learns from it.
        changed: Photos that came, went or changed since everything was computed afresh.
        variants: Further views of some photos.
        unlabelled: (M, R + 1) coordinates of photos nobody labelled.
    """

    ids: NDArray[np.int64]
    scales: NDArray[np.float32]
    targets: NDArray[np.intp]
    axes: PCA
    coordinates: Coordinates
    groups: NDArray[np.intp]
    folds: NDArray[np.intp]
    changed: int = 0
    variants: PlacedViews | None = None
    unlabelled: NDArray[np.float32] | None = None

    @classmethod
    def lay(cls, examples: Examples, seed: int, lanes: ThreadPool, cancel: CancelToken) -> TrainingState:
        """Compute everything afresh; deterministic for a seed.

        Raises:
            Cancelled: asked to stop.
        """
        features, targets = examples.features, examples.targets
        sample = spread_sample(targets, SAMPLE, seed)
        shown = features.take(sample).unpack()
        if examples.variants is not None and len(sample) == len(targets):
            # A handful of photos differ in few directions; their variants show more.
            shown = np.vstack([shown, examples.variants.features.unpack()])
        if examples.unlabelled is not None:
            shown = np.vstack([shown, examples.unlabelled.unpack()])
        axes = PCA.of(shown, RANK, seed)
        cancel.check()
        coordinates = axes.project(features, cancel)
        groups = examples.groups
        if groups is None:
            groups = near_duplicate_groups(features, coordinates, targets, lanes, cancel)
        folds = _deal(examples, groups, seed)
        variants, unlabelled = _further(examples, axes, cancel)
        return cls(
            examples.ids,
            features.scales,
            targets,
            axes,
            coordinates,
            groups,
            folds,
            variants=variants,
            unlabelled=unlabelled,
        )

    def updated(self, examples: Examples, seed: int, lanes: ThreadPool, cancel: CancelToken) -> TrainingState | None:
        """Keep what stays the same for the photos as they are now; None if too many have changed since `lay`.

        Near-copies are found as `lay` finds them. A photo keeps its fold; a new one, or one whose class changed,
        goes to the fold of its near-copies or to the emptiest.

        Raises:
            Cancelled: asked to stop.
        """
        row, same = self._rows_of(examples)
        settled = same & (self.targets[row] == examples.targets)
        gone = np.ones(len(self.ids), np.bool_)
        gone[row[settled]] = False
        changed = self.changed + max(int(gone.sum()), int((~settled).sum()))
        if changed > _MOST_CHANGED * len(examples.ids):
            return None
        features, targets = examples.features, examples.targets
        coordinates = self.coordinates.take(row)
        if not same.all():
            coordinates.put(np.flatnonzero(~same), self.axes.project(features.take(~same), cancel))
        groups = examples.groups
        if groups is None:
            # A group that lost a photo may have fallen apart.
            settled_groups = np.where(settled, self.groups[row], -1)
            settled_groups[np.isin(settled_groups, self.groups[gone])] = -1
            groups = near_duplicate_groups(features, coordinates, targets, lanes, cancel, settled_groups)
        folds = _deal(examples, groups, seed, kept=np.where(settled, self.folds[row], -1))
        if _in_one_fold(folds, targets):
            return None
        further = _further(examples, self.axes, cancel)
        return TrainingState(
            examples.ids, features.scales, targets, self.axes, coordinates, groups, folds, changed, *further
        )

    def _rows_of(self, examples: Examples) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """(N,) row of each photo here, 0 where it has none, and (N,) whether it is here with the same features."""
        order = np.argsort(self.ids)
        at = np.minimum(np.searchsorted(self.ids, examples.ids, sorter=order), len(order) - 1)
        row = order[at]
        found = self.ids[row] == examples.ids
        row = np.where(found, row, 0)
        return row, found & (self.scales[row] == examples.features.scales)


def _in_one_fold(folds: NDArray[np.intp], targets: NDArray[np.intp]) -> bool:
    """Whether photos of a class are held out, but all together: without that fold no head would know the class."""
    dealt = folds >= 0
    pairs = np.unique(np.stack([targets[dealt], folds[dealt]]), axis=1)
    return bool((np.bincount(pairs[0]) == 1).any())


def few(targets: NDArray[np.intp]) -> bool:
    """Whether labelled photos are so few that those nobody labelled tell more of the classes.

    Args:
        targets: (N,) class indices or ids.
    """
    return 0 < len(targets) <= FEW_LABELS * len(np.unique(targets))


def near_duplicates(features: Features, targets: NDArray[np.intp], seed: int, cancel: CancelToken) -> NDArray[np.intp]:
    """Number the groups of near-copies within each class, as `TrainingState.lay` does.

    Returns:
        (N,) group of each photo: the lowest row among its near-copies.

    Raises:
        Cancelled: asked to stop.
    """
    axes = PCA.of(features.take(spread_sample(targets, SAMPLE, seed)).unpack(), RANK, seed)
    with ThreadPool() as lanes:
        return near_duplicate_groups(features, axes.project(features, cancel), targets, lanes, cancel)


def _further(
    examples: Examples, axes: PCA, cancel: CancelToken
) -> tuple[PlacedViews | None, NDArray[np.float32] | None]:
    """Place the variants and the unlabelled photos, as far as there are any."""
    variants, unlabelled = examples.variants, examples.unlabelled
    return (
        None if variants is None else PlacedViews(axes.project(variants.features, cancel).inside, variants.rows),
        None if unlabelled is None else axes.project(unlabelled, cancel).inside,
    )


def _deal(
    examples: Examples, groups: NDArray[np.intp], seed: int, kept: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """As `assign_folds`, bursts together too, with -1 for what cannot be held out.

    That are memorised photos and their near-copies, and classes with too few photos, or of one burst or one photo and
    its copies: every head learns from them. They stop nobody from being measured with the other classes.
    """
    groups, targets = joined(groups, examples.bursts), examples.targets
    free = (
        np.ones(len(groups), np.bool_) if examples.memorised is None else ~np.isin(groups, groups[examples.memorised])
    )
    for target in np.unique(targets):
        here = targets == target
        if np.count_nonzero(here) < LEAST_TO_HOLD_OUT or (groups[here] == groups[here][0]).all():
            free &= ~here
    folds = np.full(len(groups), -1)
    folds[free] = assign_folds(targets[free], groups[free], seed, kept=None if kept is None else kept[free])
    return folds
