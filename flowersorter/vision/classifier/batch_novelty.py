"""Photos that stand apart: alone each could be of a class, together they are something that nobody labelled.

A photo of a flower nobody told the model of is hard to tell by itself (`novelty`). Several hundred of them in a
collection are not: next to the labelled photos there is a region where only unlabelled ones lie. A linear classifier
between labelled and unlabelled photos finds it, and how unlike the labelled ones each unlabelled photo is. What a
labelled photo gets by chance, when it is held out, says which scores mean something (Marandon, Lei, Mary, Roquain,
2024, AdaDetect): only so many photos are set apart that a fifth of them, at most, are expected to be of known classes.
Where the labelled photos are a fair sample that is next to none.

Measured with one of five flowers left out after the other, 240 labelled photos of each other one: of 300 photos of the
one left out, beside 240 others, 61 % are *sure* one by one and 4 % compared, of the others 92 and 82 %; of 75 photos 62
and 23 %, of the others 92 and 88 %; of 300 photos alone 61 and 2 %; of the others alone 92 and 92 %. How often one of
the 300 scores lower than one of the others (AUROC): 0.97 compared, 0.85 one by one; of 75: 0.91 compared
(`python -m tests.bench trust`).
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

#: Labelled and unlabelled photos that are compared; of more so many are drawn.
MOST_LABELLED, MOST_OTHERS = 2000, 4000
#: With fewer of either there is nothing to compare; near-copies and bursts count as one.
LEAST = 20
#: Share of those set apart that may be of known classes after all.
FALSE_DISCOVERIES = 0.2
#: How unfamiliar those set apart must be by themselves, on average. Of flowers nobody told of it measured 1.1 to 2.8;
#: of known ones that were cropped, turned and stretched, which sets them apart as another camera may, 0.3 to 0.5.
LEAST_UNFAMILIARITY = 0.75
_FOLDS, _PENALTY, _TOLERANCE = 5, 1e-3, 1e-3
#: Bounds of the intervals in which the share of known photos among the unlabelled ones is estimated.
_STEPS = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class PhotoSample:
    """Some photos, labelled or not.

    Attributes:
        features: Of N photos.
        places: Where they lie along axes that were found without the unlabelled ones.
        classes: (N,) what they are labelled, or taken for.
    """

    features: Features
    places: Coordinates
    classes: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How labelled and unlabelled photos differ.

    Attributes:
        heads: (K, R + 1) float64, one for each fold, which has not seen it; higher scores are more like labelled ones.
        folds: (N,) fold of each unlabelled photo that was compared.
        usual: (M,) float64, rising; scores of the labelled photos by the heads that have not seen them.
    """

    heads: NDArray[np.float64]
    folds: NDArray[np.intp]
    usual: NDArray[np.float64]

    def chance(self, places: Coordinates, folds: NDArray[np.intp]) -> NDArray[np.float64]:
        """(N,) how probably a labelled photo scores as low as each of these does, by the heads of their folds."""
        scores = (places.inside @ self.heads.T.astype(np.float32))[np.arange(len(places)), folds]
        return _chance(self.usual, scores)


def compare(
    labelled: PhotoSample,
    others: PhotoSample,
    cancel: CancelToken,
    bursts: NDArray[np.intp] | None = None,
    seed: int = 0,
) -> Comparison | None:
    """Learn to tell unlabelled photos from labelled ones, near-copies and bursts in one fold.

    Args:
        labelled: At most `MOST_LABELLED`.
        others: At most `MOST_OTHERS`.
        cancel: Looked at in every step.
        bursts: (N,) of the labelled photos, then the others: those of one moment have the same number. None: nobody
            knows.
        seed: Fixes the folds.

    Returns:
        What was learned, None where either are too few.

    Raises:
        Cancelled: asked to stop.
    """
    if min(len(labelled), len(others)) < LEAST:
        return None
    inside = np.vstack([labelled.places.inside, others.places.inside])
    other = np.arange(len(inside)) >= len(labelled)
    classes = np.concatenate([labelled.classes, others.classes])
    with ThreadPool() as lanes:
        features = join([labelled.features, others.features])
        outside = np.concatenate([labelled.places.outside, others.places.outside])
        groups = near_duplicate_groups(features, Coordinates(inside, outside), classes, lanes, cancel)
        groups = groups if bursts is None else joined(groups, bursts)
        if min(len(np.unique(groups[part])) for part in (other, ~other)) < LEAST:
            return None
        folds = _deal(groups, seed)
        pairs = list(combinations(range(_FOLDS), 2))
        seen = np.stack([~np.isin(folds, pair) for pair in pairs])
        task = FitBatch(inside, other.astype(np.intp), 2, seen, _shares(classes, other))
        without = dict(zip(pairs, Solver(task, lanes, cancel).solve(_PENALTY, _TOLERANCE, None), strict=True))
        heads = np.empty((_FOLDS, inside.shape[1]))
        for fold in range(_FOLDS):
            # What this fold's photos are measured with may know nothing of them, neither at first nor second hand.
            first = np.empty(len(inside))
            for another in set(range(_FOLDS)) - {fold}:
                here, head = folds == another, without[min(fold, another), max(fold, another)]
                first[here] = inside[here] @ (head[0] - head[1])
            learned = folds != fold
            known = _known_share(first[learned & ~other], first[learned & other])
            heads[fold] = _second(inside, learned, other, known, lanes, cancel)
        usual = np.sort(np.einsum("nr,nr->n", inside[~other], heads[folds[~other]]))
    return Comparison(heads, folds[other], usual)


def flag_batch_novelty(chance: NDArray[np.float64], unfamiliarity: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Choose the photos that stand apart (Benjamini and Hochberg, 1995).

    Args:
        chance: (N,) how probably a labelled photo is so unlike the others, as `Comparison.chance` has it.
        unfamiliarity: (N,) of each photo by itself; that of known ones is 0 on average and spreads by about 1.

    Returns:
        (N,) whether each stands apart; none where those that do are familiar: then they differ in other ways than a
        class nobody told of would, and the model knows them.
    """
    ordered = np.sort(chance)
    bound = FALSE_DISCOVERIES * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    below = np.flatnonzero(ordered <= bound)
    apart = np.zeros(len(chance), np.bool_) if not len(below) else chance <= ordered[below[-1]]
    familiar = not apart.any() or unfamiliarity[apart].mean() < LEAST_UNFAMILIARITY
    return np.zeros(len(chance), np.bool_) if familiar else apart


def _deal(groups: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """(N,) fold of each photo; what belongs together is in one."""
    _, numbers = np.unique(groups, return_inverse=True)
    dealt = np.random.default_rng(seed).permutation(numbers.max() + 1) % _FOLDS
    return np.asarray(dealt[numbers], np.intp)


def _shares(classes: NDArray[np.intp], other: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(N,) weights in which labelled and unlabelled photos of a class weigh the same.

    What is labelled more often than it occurs would make all the rest stand apart.
    """
    counts = np.stack([np.bincount(classes[part], minlength=classes.max() + 1) for part in (~other, other)])
    balance = counts.sum(axis=0) / np.maximum(counts, 1)
    balance[:, counts.min(axis=0) == 0] = 1
    return np.asarray(balance[other.astype(np.intp), classes], np.float32)


def _known_share(usual: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) how probably each unlabelled photo is of a known class, from its score and those of labelled photos.

    Photos of known classes are spread evenly over the chances of labelled ones; what there is more is of none.
    """
    chance = _chance(np.sort(usual), scores)
    half = len(_STEPS) - 1 - int(np.searchsorted(_STEPS, 0.5))
    share = np.histogram(chance, _STEPS)[0] / len(chance)
    known = min(1.0, share[-half:].sum() / 0.5)
    sorted_unique = np.maximum.accumulate(np.minimum(known * np.diff(_STEPS) / np.maximum(share, 1e-9), 1))
    return np.asarray(
        sorted_unique[np.clip(np.searchsorted(_STEPS, chance) - 1, 0, len(sorted_unique) - 1)], np.float64
    )


def _second(
    inside: NDArray[np.float32],
    learned: NDArray[np.bool_],
    other: NDArray[np.bool_],
    known: NDArray[np.float64],
    lanes: ThreadPool,
    cancel: CancelToken,
) -> NDArray[np.float64]:
    """(R + 1,) head between known photos, unlabelled ones as far as they are known among them, and the rest."""
    shares = np.ones(len(inside))
    shares[learned & other] = known
    rows = np.concatenate([np.flatnonzero(learned), np.flatnonzero(learned & other)])
    targets = np.arange(len(rows)) >= np.count_nonzero(learned)
    weights = np.concatenate([shares[learned], 1 - known]).astype(np.float32) + np.float32(1e-6)
    task = FitBatch(inside[rows], targets.astype(np.intp), 2, np.ones((1, len(rows)), np.bool_), weights)
    (head,) = Solver(task, lanes, cancel).solve(_PENALTY, _TOLERANCE, None)
    return np.asarray(head[0] - head[1], np.float64)


def _chance(usual: NDArray[np.float64], scores: NDArray[Any]) -> NDArray[np.float64]:
    """(N,) share of labelled photos that score as low, the photo itself counted with them (a conformal p-value)."""
    return np.asarray((np.searchsorted(usual, scores, side="right") + 1) / (len(usual) + 1), np.float64)
