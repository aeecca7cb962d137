"""Telling photos of none of the classes: how close a photo is to the nearest ones the model learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10
#: Photos of known classes that may be taken for strangers: a threshold is set for this share of them.
FALSE_ALARMS = 0.02
#: References kept per class: enough to know a class by, and a model file of a few megabytes.
REFERENCES_PER_CLASS = 300
_BLOCK_ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Novelty:
    """What a model remembers of its training photos to tell strangers.

    Attributes:
        references: (M, D) float16 features of training photos, rows of length 1.
        threshold: Familiarity below which a photo is new.
    """

    references: NDArray[np.float16]
    threshold: float

    def is_new(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Tell for (N, D) features which rows are of none of the classes; (N,) bool."""
        return familiarity(features, self.references) < self.threshold


def familiarity(features: NDArray[np.float32], references: NDArray[np.float16]) -> NDArray[np.float32]:
    """Mean cosine similarity to the nearest references.

    Args:
        features: (N, D) float32, rows of length 1.
        references: (M, D), rows of length 1.

    Returns:
        (N,) float32 between 0 and 1.
    """
    if not len(references):
        return np.ones(len(features), np.float32)
    nearest = min(NEIGHBOURS, len(references))
    columns = references.astype(np.float32).T
    result = np.empty(len(features), np.float32)
    for start in range(0, len(features), _BLOCK_ROWS):
        similarity = features[start : start + _BLOCK_ROWS] @ columns
        best = np.partition(similarity, -nearest, axis=1)[:, -nearest:]
        result[start : start + _BLOCK_ROWS] = best.mean(axis=1)
    return result


def threshold_from(known: NDArray[np.float32]) -> float:
    """Set the familiarity threshold from held-out photos of known classes.

    Args:
        known: (N,) familiarity of labelled photos to the references of the other folds.

    Returns:
        The familiarity that `FALSE_ALARMS` of the known photos fall below. Few photos say little about the
        tail: the threshold then sits below the least familiar of them.
    """
    if not len(known):
        return 0.0
    spread = float(known.std())
    if len(known) * FALSE_ALARMS < 1:
        return float(known.min()) - spread
    return float(np.quantile(known, FALSE_ALARMS))


def pick_references(features: NDArray[np.float32], targets: NDArray[np.intp], seed: int) -> NDArray[np.float16]:
    """Choose the training photos a model remembers: at most `REFERENCES_PER_CLASS` of each class.

    Args:
        features: (N, D) float32.
        targets: (N,) class indices.
        seed: Fixes the choice.

    Returns:
        (M, D) float16.
    """
    draw = np.random.default_rng(seed)
    kept = []
    for target in np.unique(targets):
        members = np.flatnonzero(targets == target)
        if len(members) > REFERENCES_PER_CLASS:
            members = np.sort(draw.choice(members, REFERENCES_PER_CLASS, replace=False))
        kept.append(members)
    return features[np.concatenate(kept)].astype(np.float16)
