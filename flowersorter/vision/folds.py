"""Splitting labelled photos so that near-copies never stand on both sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
#: Cosine similarity of features from which two photos of a class count as near-copies (bursts, crops, re-saves).
NEAR_COPY = 0.97


def near_copy_groups(features: NDArray[np.float32], targets: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number the groups of near-copies within each class.

    Args:
        features: (N, D) float32, rows of length 1.
        targets: (N,) class indices.

    Returns:
        (N,) group of each photo: the lowest row of its connected component.
    """
    groups = np.arange(len(features))
    for target in np.unique(targets):
        members = np.flatnonzero(targets == target)
        rows, columns = np.nonzero(np.triu(features[members] @ features[members].T >= NEAR_COPY, k=1))
        for a, b in zip(members[rows], members[columns], strict=True):
            _join(groups, int(a), int(b))
    return np.array([_root(groups, i) for i in range(len(groups))], np.intp)


def _root(groups: NDArray[np.intp], i: int) -> int:
    while groups[i] != i:
        groups[i] = groups[groups[i]]
        i = int(groups[i])
    return i


def _join(groups: NDArray[np.intp], a: int, b: int) -> None:
    a, b = _root(groups, a), _root(groups, b)
    groups[max(a, b)] = min(a, b)


def assign_folds(
    targets: NDArray[np.intp], groups: NDArray[np.intp], seed: int, folds: int = FOLDS
) -> NDArray[np.intp]:
    """Deal groups into folds, each class spread evenly.

    Args:
        targets: (N,) class indices.
        groups: (N,) group of each photo; a group stays in one fold.
        seed: Fixes the split.
        folds: How many folds.

    Returns:
        (N,) fold of each photo.
    """
    draw = np.random.default_rng(seed)
    result = np.zeros(len(targets), np.intp)
    for number, target in enumerate(np.unique(targets)):
        members = np.flatnonzero(targets == target)
        names, sizes = np.unique(groups[members], return_counts=True)
        order = draw.permutation(len(names))
        filled = np.zeros(folds, np.int64)
        for i in order[np.argsort(-sizes[order], kind="stable")]:
            # Ties go to a different fold for each class, so that small classes don't all land in fold 0.
            fold = min(range(folds), key=lambda f: (filled[f], (f - number) % folds))
            filled[fold] += sizes[i]
            result[members[groups[members] == names[i]]] = fold
    return result
