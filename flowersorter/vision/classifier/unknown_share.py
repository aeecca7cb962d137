"""Estimates how many photos of a folder belong to none of the classes: an unknown class in open-set label shift.

One photo of an unknown flower often looks like a known one. A folder tells more: the scores of all its photos show how
large the fraction of unknown ones is, from about 20 photos on, and that fraction is the prior of each photo. It is
estimated by expectation maximisation, as Saerens, Latinne and Decaestecker (2002) do for known classes, with a fixed
likelihood ratio of the score: the OOD score of known photos has mean 0 and a standard deviation of about 1.5, that of
photos of an unknown class a mean from 1 (another flower) to 6 (another thing). Labelled photos and those of the folder
are connected to their nearest ones as well: a score that spreads from the labelled ones reaches an unknown class less.

Measured with one flower left out, 240 labelled photos of each other one: of 200 of its photos alone 55 % are sure photo
by photo and none as their folder tells, of 20 alone the same; among 100 known ones 54 and 0 %, of the known ones 87 and
54 %. Folders of known photos, also of another time, keep their verdicts. With 8 labelled photos a class the share of
another flower is underestimated, that of other things is not (`python -m tests.bench unknown`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Slope and midpoint of the log likelihood ratio, unknown to known, of the OOD score alone, and of its sum with the
#: unlikeness of the batch comparison. Steeper ones overlook near classes, lower midpoints doubt known photos.
_ALONE, _COMPARED = (0.8, 1.2), (1.2, 2.0)
#: Where it is known how well labelled photos reach each photo: what the OOD score, the unlikeness and the logarithm of
#: how much less reaches a photo than known ones add to the log likelihood ratio, and the constant of a photo that is
#: reached as they are; the share of it that is the mean of the nearest photos, which most probably are of its class.
#: Fitted to 715 folders of flowers and things with 0 to 200 photos of other classes, models of 5 to 240 labels a class:
#: log loss 0.38 instead of 0.45, AUROC 0.895 instead of 0.856 (flowers) and 0.971 instead of 0.962 (things). How much
#: reaches a photo counts most, also among the sure ones (AUROC 0.83 to 0.98, as the mean of neighbours too 0.88 to
#: 0.99). All classes started with the same score then, with a constant of -2.7. Since each starts with as much as it
#: has photos, -2.4 leaves as many photos of other things unknown (71 instead of 74 % of 100 beside 100 of 19 classes),
#: and in folders of three of these classes 4 instead of 12 % of them sure.
_OF_OOD_SCORE, _OF_UNLIKENESS, _OF_REACH, _REACHED_AS_KNOWN, _OF_NEIGHBOURS = 0.8, 1.0, 6.0, -2.4, 0.3
#: Least mean OOD score of the photos that are called unknown with all of the unlikeness, and the part of it that counts
#: otherwise: with all of it, more photos from another place are unknown; without it, hardly any of a folder of an
#: unknown class alone.
_LEAST_OOD_SCORE_REACHED, _SHIFTED = 1.5, 0.5
#: Ranges of the OOD score, of the logarithm of how much less reaches a photo, and of the log likelihood ratio.
_OOD_SCORE, _LESS_REACHED, _REACHED_EVIDENCE = (-3.0, 6.0), (-1.0, 0.8), (-6.0, 3.0)
#: Weight, beside the photos found to be known, of all photos in proportion to what reaches them: without it the fewer
#: are known the less of the others is.
_BY_REACH, _REACH_STEPS = 2.0, 6
#: Range of the log likelihood ratio of a single photo, whose score may be wrong. With -3 in place of -4 no known photo
#: stays sure where three of four photos are unknown.
_EVIDENCE = (-4.0, 3.0)
#: Range of the unlikeness that counts, in standard deviations.
_UNLIKENESS = (-2.0, 4.0)
#: Pseudo-counts of unknown and known photos in the prior of the fraction.
_UNKNOWN_BEFORE, _KNOWN_BEFORE = 1.0, 5.0
#: Least mean OOD score of the photos that the comparison calls unknown. Flowers of unknown classes measured 1.1 to 2.8;
#: known ones that were cropped, rotated and stretched, a shift like that of another camera, 0.3 to 0.5.
LEAST_OOD_SCORE = 0.9
_STEPS, _CONVERGED, _LEAST = 1000, 1e-6, 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """How well labelled photos reach the N photos of a folder.

    Attributes:
        score: (N,) float32, how much of a score reaches each photo over its neighbours from the labelled ones, more
            than 0; NaN where it is not known.
        of_neighbours: Maps (N,) float64 numbers of the photos to the means over the nearest ones of each without a
            label; to the number itself where there are none.
    """

    score: NDArray[np.float32]
    of_neighbours: Callable[[NDArray[np.float64]], NDArray[np.float64]]

    def among(self, rows: NDArray[np.intp], photos: int) -> Reached:
        """Return the same for a larger set of photos, of which these are the (N,) rows; NaN for the others."""
        score = np.full(photos, np.nan, np.float32)
        score[rows] = self.score

        def of_neighbours(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
            means = numbers.copy()
            means[rows] = self.of_neighbours(numbers[rows])
            return means

        return Reached(score, of_neighbours)


def unknown_probabilities(
    ood_score: NDArray[np.float32],
    unlikeness: NDArray[np.float32] | None = None,
    reached: Reached | None = None,
) -> NDArray[np.float32]:
    """Estimate the probability of each photo of a folder to be of none of the classes.

    Args:
        ood_score: (N,) OOD scores of a standardised detector.
        unlikeness: (N,) from the comparison with the labelled photos, if there are enough of both. It counts less, or
            without `reached` nothing, if the photos it calls unknown have low OOD scores: they differ by another shift
            than a new class.
        reached: How well labelled photos reach these. None: it is not known.

    Returns:
        (N,) float32; their mean estimates the fraction of unknown photos.
    """
    if reached is not None and not np.isnan(reached.score).all():
        if unlikeness is None:
            return _unknown_by_reach(ood_score, np.zeros(1), reached)
        unlike = _OF_UNLIKENESS * np.clip(unlikeness, *_UNLIKENESS).astype(np.float64)
        found = _unknown_by_reach(ood_score, unlike, reached)
        as_unknown = float(found @ ood_score) >= _LEAST_OOD_SCORE_REACHED * float(found.sum())
        return found if as_unknown else _unknown_by_reach(ood_score, _SHIFTED * unlike, reached)
    if unlikeness is not None:
        found = posterior(_ratio(ood_score + np.clip(unlikeness, *_UNLIKENESS), *_COMPARED))
        if float(found @ ood_score) >= LEAST_OOD_SCORE * float(found.sum()):
            return found
    return posterior(_ratio(ood_score, *_ALONE))


def _unknown_by_reach(
    ood_score: NDArray[np.float32], unlike: NDArray[np.float64], reached: Reached
) -> NDArray[np.float32]:
    """Estimate the (N,) probabilities by what reaches each photo, and its neighbours, relative to known ones.

    Args:
        ood_score: (N,) OOD scores.
        unlike: (N,) or (1,) added to the log likelihood ratio.
        reached: How well labelled photos reach these.
    """
    there = ~np.isnan(reached.score)
    score = np.where(there, reached.score, 0).astype(np.float64)
    logarithm = np.log(np.where(there, np.maximum(score, _LEAST), 1))
    others = _OF_OOD_SCORE * np.clip(ood_score.astype(np.float64), *_OOD_SCORE)
    others += np.where(there, _REACHED_AS_KNOWN, -_ALONE[0] * _ALONE[1]) + unlike
    known = score
    for _ in range(_REACH_STEPS):
        less = np.clip(np.average(logarithm, weights=known) - logarithm, *_LESS_REACHED)
        evidence = others + _OF_REACH * np.where(there, less, 0)
        evidence += _OF_NEIGHBOURS * (reached.of_neighbours(evidence) - evidence)
        unknown = posterior(np.exp(np.clip(evidence, *_REACHED_EVIDENCE)))
        known = np.where(there, np.maximum(1 - unknown, _LEAST), 0)
        known += _BY_REACH * known.sum() * score / score.sum()
    return unknown


def unknown_beside(ood_score: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Estimate the probabilities of further photos of a folder, as `unknown_probabilities` does from OOD scores alone.

    Args:
        ood_score: (N,) their OOD scores.
        others: (M,) float32, probabilities found for the other photos of the folder, which stay.

    Returns:
        (N,) float32.
    """
    return _given(_ratio(ood_score, *_ALONE), _fraction(others)).astype(np.float32)


def posterior(ratio: NDArray[np.float64], largest_fraction: float = 1.0) -> NDArray[np.float32]:
    """Alternate between posterior probabilities and the fraction of unknown photos, their prior, until they agree.

    Args:
        ratio: (N,) likelihood ratios of the photos, unknown to known.
        largest_fraction: Bound of the fraction.

    Returns:
        (N,) float32 probabilities to be unknown.
    """
    unknown = np.zeros(len(ratio))
    fraction = _fraction(unknown[:0])
    for _ in range(_STEPS):
        unknown = _given(ratio, fraction)
        last, fraction = fraction, min(_fraction(unknown), largest_fraction)
        if abs(fraction - last) < _CONVERGED:
            break
    return unknown.astype(np.float32)


def _ratio(score: NDArray[Any], slope: float, midpoint: float) -> NDArray[np.float64]:
    """(N,) likelihood ratios, unknown to known."""
    return np.asarray(np.exp(np.clip(slope * (score.astype(np.float64) - midpoint), *_EVIDENCE)), np.float64)


def _given(ratio: NDArray[np.float64], fraction: float) -> NDArray[np.float64]:
    """(N,) posterior probabilities where this fraction of the photos is unknown."""
    weighted = fraction * ratio
    return np.asarray(weighted / (weighted + 1 - fraction), np.float64)


def _fraction(unknown: NDArray[Any]) -> float:
    """The fraction of unknown photos among some with (N,) probabilities, which has a prior."""
    return float((unknown.sum() + _UNKNOWN_BEFORE) / (len(unknown) + _UNKNOWN_BEFORE + _KNOWN_BEFORE))
