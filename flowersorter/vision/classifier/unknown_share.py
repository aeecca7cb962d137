"""Estimates how many photos of a folder belong to none of the classes: an unknown class in open-set label shift.

One photo of an unknown flower often looks like a known one. A folder tells more: the scores of all its photos show how
large the fraction of unknown ones is, from about 20 photos on, and that fraction is the prior of each photo. It is
estimated by expectation maximisation, as Saerens, Latinne and Decaestecker (2002) do for known classes, with a fixed
likelihood ratio of the score: the OOD score of known photos has mean 0 and a standard deviation of about 1.5, that of
photos of an unknown class a mean from 1 (another flower) to 6 (another thing). Labelled photos and those of the folder
are connected to their nearest ones as well: a score that spreads from the labelled ones reaches an unknown class less.

Measured with one flower left out, 240 labelled photos of each other one: of 200 of its photos alone 57 % are sure photo
by photo and none as their folder tells, of 20 alone the same; among 100 known ones 56 and 0 %, of the known ones 85 and
54 %. Folders of known photos, also of another time, keep their verdicts. With 8 labelled photos a class the share of
another flower is underestimated, that of other things is not (`python -m tests.bench unknown`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Slope and midpoint of the log likelihood ratio, unknown to known, of the OOD score alone, and of its sum with the
#: unlikeness of the batch comparison. Steeper ones overlook near classes, lower midpoints doubt known photos.
_ALONE, _COMPARED = (0.8, 1.2), (1.2, 2.0)
#: The same where it is known how well labelled photos reach each photo: `_REACH_WEIGHT` times the logarithm of that,
#: by how much it is less than that of known ones, within `_REACH`, is added to the score. Folders with 40 to 150 photos
#: of another class, models of 8 to 120 labels a class, means of 16 models: of the known photos 57 % are sure as without
#: it, of the others 7 instead of 11 %, and 50 instead of 39 % of these are unknown. Known photos alone stay sure.
_ALONE_REACHED, _COMPARED_REACHED = (0.8, 1.4), (1.2, 2.4)
_REACH_WEIGHT, _REACH, _REACH_STEPS = 3.0, (-1.0, 2.0), 4
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


def unknown_probabilities(
    ood_score: NDArray[np.float32],
    unlikeness: NDArray[np.float32] | None = None,
    reached: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Estimate the probability of each photo of a folder to be of none of the classes.

    Args:
        ood_score: (N,) OOD scores of a standardised detector.
        unlikeness: (N,) from the comparison with the labelled photos, if there are enough of both. It is left out if
            the photos it calls unknown have low OOD scores: they differ by another shift than a new class.
        reached: (N,) how much of a score reaches each photo over its neighbours from the labelled photos; NaN where it
            is not known. None: of none.

    Returns:
        (N,) float32; their mean estimates the fraction of unknown photos.
    """
    if unlikeness is not None:
        found = _unknown(ood_score + np.clip(unlikeness, *_UNLIKENESS), reached, _COMPARED, _COMPARED_REACHED)
        if float(found @ ood_score) >= LEAST_OOD_SCORE * float(found.sum()):
            return found
    return _unknown(ood_score, reached, _ALONE, _ALONE_REACHED)


def _unknown(
    score: NDArray[np.float32],
    reached: NDArray[np.float32] | None,
    alone: tuple[float, float],
    together: tuple[float, float],
) -> NDArray[np.float32]:
    """Estimate the (N,) probabilities from (N,) scores, and from what reaches the photos relative to known ones."""
    there = np.zeros(len(score), np.bool_) if reached is None else ~np.isnan(reached)
    if reached is None or not there.any():
        return _posterior(score, *alone)
    known = np.where(there, reached, 0).astype(np.float64)
    logarithm = np.log(np.where(there, np.maximum(reached, _LEAST), 1))
    for _ in range(_REACH_STEPS):
        less = np.clip(np.average(logarithm, weights=known) - logarithm, *_REACH)
        unknown = _posterior(score + np.float32(_REACH_WEIGHT) * np.where(there, less, 0), *together)
        known = np.where(there, np.maximum(1 - unknown, _LEAST), 0)
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


def _posterior(score: NDArray[Any], slope: float, midpoint: float) -> NDArray[np.float32]:
    """Alternate between the (N,) posterior probabilities and the fraction of unknown photos until they agree."""
    ratio, unknown = _ratio(score, slope, midpoint), np.zeros(len(score))
    fraction = _fraction(unknown[:0])
    for _ in range(_STEPS):
        unknown = _given(ratio, fraction)
        last, fraction = fraction, _fraction(unknown)
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
