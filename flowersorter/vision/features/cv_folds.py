"""Assign labelled photos to cross-validation folds by groups, stratified by class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOLDS = 5


def assign_folds(
    targets: NDArray[np.intp],
    groups: NDArray[np.intp],
    seed: int,
    folds: int = FOLDS,
    kept: NDArray[np.intp] | None = None,
) -> NDArray[np.intp]:
    """Assign groups to folds, each class spread evenly.

    Args:
        targets: (N,) class indices.
        groups: (N,) group of each photo; a group stays in one fold.
        seed: Seed of the split.
        folds: Number of folds.
        kept: (N,) folds of an earlier split, -1 for new photos. A group keeps the fold of its first earlier photo;
            new groups go to the emptiest fold. None: no earlier split.

    Returns:
        (N,) fold of each photo.
    """
    draw = np.random.default_rng(seed)
    result = np.zeros(len(targets), np.intp)
    for number, target in enumerate(np.unique(targets)):
        members = np.flatnonzero(targets == target)
        _, member_of, sizes = np.unique(groups[members], return_inverse=True, return_counts=True)
        order = draw.permutation(len(sizes))
        order = order[np.argsort(-sizes[order], kind="stable")]
        fold_of = np.full(len(sizes), -1) if kept is None else _kept_folds(kept[members], member_of, len(sizes))
        filled = np.bincount(fold_of[fold_of >= 0], weights=sizes[fold_of >= 0], minlength=folds).astype(np.int64)
        # Ties go to a different fold for each class, so that small classes don't all land in fold 0.
        turn = (np.arange(folds) - number) % folds
        open_ = order[fold_of[order] < 0]
        several = open_[sizes[open_] > 1]
        for group in several.tolist():
            fold = int(np.lexsort((turn, filled))[0])
            fold_of[group] = fold
            filled[fold] += sizes[group]
        fold_of[open_[len(several) :]] = _deal_singles(len(open_) - len(several), filled, turn)
        result[members] = fold_of[member_of]
    return result


def _kept_folds(kept: NDArray[np.intp], group_of: NDArray[np.intp], groups: int) -> NDArray[np.intp]:
    """Find the fold of the first photo of each group that has one; -1 for the other groups."""
    result = np.full(groups, -1)
    had = np.flatnonzero(kept >= 0)[::-1]  # the first is written last, and stays
    result[group_of[had]] = kept[had]
    return result


def _deal_singles(count: int, filled: NDArray[np.int64], turn: NDArray[np.intp]) -> NDArray[np.intp]:
    """Assign groups of one photo to the emptiest fold, one after the other; (count,)."""
    level = filled[:, None] + np.arange(count)
    fold = np.broadcast_to(np.arange(len(filled))[:, None], level.shape)
    order = np.lexsort((turn[fold].ravel(), level.ravel()))[:count]
    return fold.ravel()[order]
