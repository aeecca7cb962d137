"""Class bias: what has to be added to the logits of a class so that photos nobody learned from get their due.

The few photos of a small class are learned to the last detail, and new photos of it lie further from them than new
photos of a large class lie from theirs. However much the few weigh in the loss, the class is named too rarely then.
The held-out photos tell by how much: bias-corrected temperature scaling (Alexandari, Kundaje, Shrikumar, 2020), with
classes that count alike however many photos they have. `python -m tests.bench uneven` measures what it brings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature, softmax
from flowersorter.vision.features.pca import spread_sample

#: How far a bias may be expected from 0: its variance, in calibrated logits. Of a class with 8 photos beside four with
#: 240, 42 % of the others are right without a bias, 66 % with 0.2, 70 % with 0.3, 75 % with 0.5. In a collection in
#: which it is as rare as among the labels, that costs 1.2, 1.5 and 1.8 points of all photos.
_VARIANCE = 0.3
#: Rows that are looked at; more say the same.
_SAMPLE = 4000
_MOST_STEPS, _LONGEST_STEP, _CLOSE = 30, 2.0, 1e-4


def correct_class_prior(
    logits: NDArray[np.float32], targets: NDArray[np.intp], folds: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Add to the held-out logits of each fold the bias that those of the other folds ask for.

    Args:
        logits: (M, C) from models that never saw the photos.
        targets: (M,) class indices.
        folds: (M,) fold of each photo.

    Returns:
        (M, C) corrected logits, which are as honest as the ones given, and the (C,) bias that all of them ask for:
        0 for a class of which none is held out.
    """
    rows = spread_sample(targets, _SAMPLE, 0)
    seen, of, fold = logits[rows], targets[rows], folds[rows]
    if not len(rows):
        return logits, np.zeros(logits.shape[1], np.float32)
    temperature = fit_temperature(HeldOutLoss(seen, of))
    calibrated = seen / np.float32(temperature)
    everywhere = _fit(calibrated, of, np.zeros(logits.shape[1]))
    corrected = logits.copy()
    for each in np.unique(fold):
        others = fold != each
        if others.any():
            bias = _fit(calibrated[others], of[others], everywhere)
            corrected[folds == each] += (temperature * bias).astype(np.float32)
    return corrected, (temperature * everywhere).astype(np.float32)


def _fit(logits: NDArray[np.float32], targets: NDArray[np.intp], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C,) likeliest bias of (M, C) calibrated logits, by Newton's method; beforehand it is normal around 0."""
    counts = np.bincount(targets, minlength=logits.shape[1])
    known = np.flatnonzero(counts)
    logits, bias = logits[:, known], start[known]
    weights = 1 / (len(known) * counts[targets])
    # So many photos that weigh the same would tell as much.
    penalty = np.square(weights).sum() / _VARIANCE
    for _ in range(_MOST_STEPS):
        shares = softmax(logits + bias.astype(np.float32)).astype(np.float64)
        weighed = shares * weights[:, None]
        named = weighed.sum(axis=0)
        slope = named - 1 / len(known) + penalty * bias  # every class should be named as often as all others
        curvature = np.diag(named + penalty) - shares.T @ weighed
        step = np.linalg.solve(curvature, slope)
        longest = float(np.abs(step).max())
        bias = bias - step * min(1.0, _LONGEST_STEP / max(longest, _LONGEST_STEP))
        if longest < _CLOSE:
            break
    result = np.zeros(len(counts))
    result[known] = bias
    return result
