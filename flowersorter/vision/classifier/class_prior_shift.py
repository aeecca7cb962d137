"""Class prior correction: a bias per class from held-out predictions, so that small classes are predicted often enough.

A head overfits the few photos of a small class, and predicts it too rarely for new photos, however much the few weigh
in the loss. Bias-corrected temperature scaling (Alexandari, Kundaje, Shrikumar, 2020) estimates the bias from held-out
photos; here all classes have the same weight. `python -m tests.bench uneven` and `reference` measure the gain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature
from flowersorter.vision.features.pca import spread_sample

#: Variance of the normal prior of a bias around 0, in calibrated logits. Of a class with 8 photos beside four with
#: 240, 42 % of the others are right without a bias, 66 % with 0.2, 70 % with 0.3, 75 % with 0.5. In a collection in
#: which it is as rare as among the labels, that costs 1.2, 1.5 and 1.8 points of all photos.
_VARIANCE = 0.3
#: Rows sampled for the fit.
_SAMPLE = 4000
_MOST_STEPS, _LONGEST_STEP, _CLOSE = 30, 2.0, 1e-4
#: Squared residual, relative to the first one, up to which conjugate gradients go on, and most of their products.
_EXACT, _MOST_PRODUCTS = 1e-8, 100
#: Least sum of the odds of a photo: those of all known classes may be next to nothing.
_LEAST_TOTAL = 1e-12


def correct_class_prior(
    logits: NDArray[np.float32], targets: NDArray[np.intp], folds: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Add to the held-out logits of each fold the bias fitted on the other folds.

    Args:
        logits: (M, C) out-of-fold logits.
        targets: (M,) class indices.
        folds: (M,) fold of each photo.

    Returns:
        (M, C) corrected logits, again out of fold, and the (C,) bias fitted on all of them; 0 for a class without
        held-out photos.
    """
    rows = spread_sample(targets, _SAMPLE, 0)
    seen, of, fold = logits[rows], targets[rows], folds[rows]
    if not len(rows):
        return logits, np.zeros(logits.shape[1], np.float32)
    temperature = fit_temperature(HeldOutLoss(seen, of))
    calibrated = seen / np.float32(temperature)
    calibrated -= calibrated.max(axis=1, keepdims=True)
    odds = np.exp(calibrated, out=calibrated)
    everywhere = _fit(odds, of, np.ones(len(of), np.bool_), np.zeros(logits.shape[1]))
    corrected = logits.copy()
    for each in np.unique(fold):
        others = fold != each
        if others.any():
            bias = _fit(odds, of, others, everywhere)
            corrected[folds == each] += (temperature * bias).astype(np.float32)
    return corrected, (temperature * everywhere).astype(np.float32)


def _fit(
    odds: NDArray[np.float32], targets: NDArray[np.intp], seen: NDArray[np.bool_], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Fit the (C,) bias by Newton's method under a normal prior, each step by conjugate gradients.

    Only products of the odds with vectors are taken: the curvature of 1,000 classes is never written out.

    Args:
        odds: (M, C) exponentials of calibrated logits.
        targets: (M,) class indices.
        seen: (M,) the photos to fit.
        start: (C,) first guess.
    """
    counts = np.bincount(targets[seen], minlength=odds.shape[1])
    known = counts > 0
    weights = seen / (np.count_nonzero(known) * np.maximum(counts[targets], 1))
    # The effective sample size of the weights scales the prior.
    penalty = np.square(weights).sum() / _VARIANCE
    bias = np.where(known, start, 0.0)
    for _ in range(_MOST_STEPS):
        factor = np.where(known, np.exp(bias), 0.0)
        total = np.maximum(_product(odds, factor), _LEAST_TOTAL)
        named = factor * _product(odds.T, weights / total)
        # Every class should be predicted equally often.
        slope = np.where(known, named - 1 / np.count_nonzero(known) + penalty * bias, 0.0)
        step = _newton_step(odds, factor, weights / np.square(total), named + penalty, slope)
        longest = float(np.abs(step).max())
        bias = bias - step * min(1.0, _LONGEST_STEP / max(longest, _LONGEST_STEP))
        if longest < _CLOSE:
            break
    return bias


def _product(matrix: NDArray[np.float32], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return (matrix @ vector.astype(np.float32)).astype(np.float64)


def _newton_step(
    odds: NDArray[np.float32],
    factor: NDArray[np.float64],
    scale: NDArray[np.float64],
    diagonal: NDArray[np.float64],
    slope: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Solve for the (C,) vector whose product with the curvature is the slope, preconditioned with the diagonal.

    Args:
        odds: (M, C), as in `_fit`.
        factor: (C,) exponential of the bias; 0 for classes that are left out.
        scale: (M,) weight of each photo over the square of its sum of odds.
        diagonal: (C,) of the curvature, without the products of the shares.
        slope: (C,).
    """
    found, left = np.zeros_like(slope), slope
    scaled = left / diagonal
    direction, square = scaled, left @ scaled
    enough = _EXACT * square
    for _ in range(_MOST_PRODUCTS):
        if square <= enough:
            break
        product = diagonal * direction - factor * _product(odds.T, scale * _product(odds, factor * direction))
        length = square / (direction @ product)
        found, left = found + length * direction, left - length * product
        scaled = left / diagonal
        square, before = left @ scaled, square
        direction = scaled + square / before * direction
    return found
