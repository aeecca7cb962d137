"""Cached inputs of a fit (PCA, near-duplicate groups, folds), updated incrementally after a correction."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.features.cv_folds import assign_folds
from flowersorter.vision.features.near_duplicates import joined, near_duplicate_groups
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import PCA, SAMPLE, Coordinates, spread_sample
from flowersorter.vision.parallel import ThreadPool

#: Principal axes kept. Measured on 1,500 photos, held-out accuracy and loss: 256 axes 92.1 % and 0.219, 384 axes
#: 92.4 % and 0.214, 512 axes 92.4 % and 0.214, 768 axes 92.5 % and 0.214; the time is that of the axes or more.
RANK = 384
#: Largest fraction of changed photos for an incremental update.
_MOST_CHANGED = 0.2
#: Least photos of a class for cross-validation: every fold keeps training photos of it.
LEAST_TO_HOLD_OUT = 3


@dataclass(frozen=True, slots=True, eq=False)
class AugmentedViews:
    """Augmented views of labelled photos, for training only.

    Attributes:
        features: Of M views.
        rows: (M,) row of the photo of each view.
    """

    features: Features
    rows: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ProjectedViews:
    """Augmented views in principal axes.

    Attributes:
        projection: (M, R + 1) float32, as in `Coordinates`.
        rows: (M,) row of the photo of each view.
    """

    projection: NDArray[np.float32]
    rows: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Training photos of a head.

    Attributes:
        ids: (N,) int64, unique; a photo keeps its id from one training to the next.
        features: Of N photos.
        targets: (N,) class indices.
        own: (N,) bool; photos of the person, on which accuracy is measured (not on starter photos).
        memorised: (N,) bool; photos the backbone itself was trained on, which cannot be held out. None: no photo.
        groups: (N,) group of near-duplicates of each photo, computed on the base backbone: a finetuned one maps
            different photos of a class close together. None: computed from the features.
        bursts: (N,) burst of each photo. None: unknown.
        variants: Augmented views of some of them.
    """

    ids: NDArray[np.int64]
    features: Features
    targets: NDArray[np.intp]
    own: NDArray[np.bool_]
    memorised: NDArray[np.bool_] | None = None
    groups: NDArray[np.intp] | None = None
    bursts: NDArray[np.intp] | None = None
    variants: AugmentedViews | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrainingState:
    """Labelled photos in principal axes, assigned to folds.

    Attributes:
        ids: (N,) int64, as in `Examples`.
        scale: (N,) float32 scale of the features; a change reveals changed features.
        targets: (N,) class indices.
        axes: Principal axes of the photos at the last full computation.
        coordinates: Coordinates of the photos.
        groups: (N,) group of near-duplicates of each photo.
        folds: (N,) fold of each photo, the same for near-duplicates and bursts. -1: never held out.
        changed: Photos added, removed or changed since the last full computation.
        variants: Augmented views of some photos.
    """

    ids: NDArray[np.int64]
    scale: NDArray[np.float32]
    targets: NDArray[np.intp]
    axes: PCA
    coordinates: Coordinates
    groups: NDArray[np.intp]
    folds: NDArray[np.intp]
    changed: int = 0
    variants: ProjectedViews | None = None

    @classmethod
    def build(cls, examples: Examples, seed: int, pool: ThreadPool, cancel: CancelToken) -> TrainingState:
        """Compute everything; deterministic for a seed.

        Raises:
            Cancelled: a stop was requested.
        """
        features, targets = examples.features, examples.targets
        sample = spread_sample(targets, SAMPLE, seed)
        shown = features.take(sample).unpack()
        if examples.variants is not None and len(sample) == len(targets):
            # A handful of photos span few directions; their augmented views span more.
            shown = np.vstack([shown, examples.variants.features.unpack()])
        axes = PCA.of(shown, RANK, seed)
        cancel.check()
        coordinates = axes.project(features, cancel)
        groups = examples.groups
        if groups is None:
            groups = near_duplicate_groups(features, coordinates, targets, pool, cancel)
        folds = _assign_folds(examples, groups, seed)
        variants = _projected(examples.variants, axes, cancel)
        return cls(
            examples.ids,
            features.scale,
            targets,
            axes,
            coordinates,
            groups,
            folds,
            variants=variants,
        )

    def updated(self, examples: Examples, seed: int, pool: ThreadPool, cancel: CancelToken) -> TrainingState | None:
        """Update for changed photos; None if too many have changed since `build`.

        Groups are the same as those of `build`. A photo keeps its fold; a new one, or one whose class changed, goes to
        the fold of its near-duplicates or to the emptiest.

        Raises:
            Cancelled: a stop was requested.
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
            # A group that lost a photo may be disconnected.
            settled_groups = np.where(settled, self.groups[row], -1)
            settled_groups[np.isin(settled_groups, self.groups[gone])] = -1
            groups = near_duplicate_groups(features, coordinates, targets, pool, cancel, settled_groups)
        folds = _assign_folds(examples, groups, seed, kept=np.where(settled, self.folds[row], -1))
        if _in_one_fold(folds, targets):
            return None
        variants = _projected(examples.variants, self.axes, cancel)
        return TrainingState(
            examples.ids, features.scale, targets, self.axes, coordinates, groups, folds, changed, variants
        )

    def relabelled(self, changed: Examples, removed: NDArray[np.int64], cancel: CancelToken) -> TrainingState:
        """Change, add and remove a few labels without new groups and folds: enough for the head of all photos.

        Raises:
            Cancelled: a stop was requested.
        """
        targets = self.targets.copy()
        row, known = self._rows_of(changed)
        targets[row[known]] = changed.targets[known]
        state = replace(self, targets=targets)
        gone = np.isin(self.ids, np.concatenate([removed, changed.ids[~known]]))
        if gone.any():
            state = state._without(gone)
        return state if known.all() else state._with(changed, np.flatnonzero(~known), cancel)

    def _without(self, gone: NDArray[np.bool_]) -> TrainingState:
        kept, variants = np.flatnonzero(~gone), self.variants
        if variants is not None:
            shown = ~gone[variants.rows]
            variants = ProjectedViews(variants.projection[shown], (np.cumsum(~gone) - 1)[variants.rows[shown]])
        return replace(
            self,
            ids=self.ids[kept],
            scale=self.scale[kept],
            targets=self.targets[kept],
            coordinates=self.coordinates.take(kept),
            groups=self.groups[kept],
            folds=self.folds[kept],
            variants=variants,
        )

    def _with(self, examples: Examples, rows: NDArray[np.intp], cancel: CancelToken) -> TrainingState:
        """Add some photos, each a group of its own that is not held out."""
        features = examples.features.take(rows)
        new = self.axes.project(features, cancel)
        old, none = self.coordinates, np.full(len(rows), -1)
        return replace(
            self,
            ids=np.concatenate([self.ids, examples.ids[rows]]),
            scale=np.concatenate([self.scale, features.scale]),
            targets=np.concatenate([self.targets, examples.targets[rows]]),
            coordinates=Coordinates(
                np.concatenate([old.projection, new.projection]), np.concatenate([old.residual, new.residual])
            ),
            groups=np.concatenate([self.groups, none]),
            folds=np.concatenate([self.folds, none]),
        )

    def _rows_of(self, examples: Examples) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """(N,) row of each photo in this state, 0 if missing, and (N,) whether its features are unchanged."""
        order = np.argsort(self.ids)
        at = np.minimum(np.searchsorted(self.ids, examples.ids, sorter=order), len(order) - 1)
        row = order[at]
        found = self.ids[row] == examples.ids
        row = np.where(found, row, 0)
        return row, found & (self.scale[row] == examples.features.scale)


def _in_one_fold(folds: NDArray[np.intp], targets: NDArray[np.intp]) -> bool:
    """Whether all held-out photos of a class share a fold, whose head would not know the class."""
    dealt = folds >= 0
    pairs = np.unique(np.stack([targets[dealt], folds[dealt]]), axis=1)
    return bool((np.bincount(pairs[0]) == 1).any())


def near_duplicates(features: Features, targets: NDArray[np.intp], seed: int, cancel: CancelToken) -> NDArray[np.intp]:
    """Number the groups of near-duplicates within each class, as `TrainingState.build` does.

    Returns:
        (N,) group of each photo: the lowest row of the group.

    Raises:
        Cancelled: a stop was requested.
    """
    axes = PCA.of(features.take(spread_sample(targets, SAMPLE, seed)).unpack(), RANK, seed)
    with ThreadPool() as pool:
        return near_duplicate_groups(features, axes.project(features, cancel), targets, pool, cancel)


def _projected(variants: AugmentedViews | None, axes: PCA, cancel: CancelToken) -> ProjectedViews | None:
    """Project the augmented views, if any."""
    return (
        None if variants is None else ProjectedViews(axes.project(variants.features, cancel).projection, variants.rows)
    )


def _assign_folds(
    examples: Examples, groups: NDArray[np.intp], seed: int, kept: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """As `assign_folds`, bursts together too, with -1 for photos that cannot be held out.

    These are memorised photos and their near-duplicates, and classes with too few photos or of a single group. All
    heads learn from them; the other classes are evaluated all the same.
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
