"""Calibration: temperature scaling and verdict thresholds from held-out predictions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import row_maxima
from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION, SURE_PRECISIONS

#: Precision of the photos called *likely* or better.
LIKELY_PRECISION = 0.80
#: Range of the temperature; relative change below which it is found, and most steps.
_LOWEST, _HIGHEST = 0.05, 20.0
_CLOSE, _MOST_STEPS = 1e-3, 60


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Confidence from which a prediction is called sure or likely.

    Attributes:
        sure: Least confidence of a sure prediction; its OOD score must be low as well.
        likely: Lowest confidence of a likely prediction.
        sure_at: Thresholds of *sure* for other precisions: pairs of precision and confidence.
    """

    sure: float
    likely: float
    sure_at: tuple[tuple[float, float], ...] = ()

    def at_precision(self, precision: float) -> Thresholds:
        """Return the thresholds for another precision of *sure*; the same ones if it was not measured."""
        sure = dict(self.sure_at).get(precision)
        return self if sure is None else replace(self, sure=sure, likely=min(sure, self.likely))


#: Used until there are enough held-out photos; strict, as the calibration is unknown. With 0.95 for *sure*, 9 of 50
#: folders broke its promise where each of four flowers had 5 labels, with this 5; of known flowers alone 26 instead of
#: 19 % were sure (docs/accuracy.md).
CAUTIOUS = Thresholds(sure=DEFAULT_SURE_PRECISION, likely=0.70)
#: Of models that an earlier version stored.
CAUTIOUS_BEFORE = Thresholds(sure=0.95, likely=0.70)
#: Held-out photos below which `CAUTIOUS` is used.
ENOUGH_PHOTOS = 40


@dataclass(frozen=True, slots=True)
class TemperaturePrior:
    """A log-normal distribution of the temperature, for few held-out photos.

    Attributes:
        logarithm: Mean of the logarithm.
        photos: Inverse of its variance: about five times as many held-out photos outweigh it.
    """

    logarithm: float = 0.0
    photos: float = 1.0


#: Where all held-out photos are right by far, any lower temperature has less loss, and nothing shows how low it may be.
WEAK_PRIOR = TemperaturePrior()


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithm of the softmax of each row of (N, C)."""
    shifted = logits - row_maxima(logits)[:, None]
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), np.float32)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax of each row of (N, C)."""
    return np.exp(log_softmax(logits))


class HeldOutLoss:
    """Cross-entropy of held-out photos at any temperature.

    Args:
        logits: (N, C) float32, from models that never saw the photos.
        targets: (N,) class indices.
        prior: Of the temperature.
    """

    def __init__(
        self, logits: NDArray[np.float32], targets: NDArray[np.intp], prior: TemperaturePrior = WEAK_PRIOR
    ) -> None:
        self._prior = prior
        top = logits.max(axis=1, initial=-np.inf)
        # Classes before photos: sums over classes then read memory in order.
        self._below = np.ascontiguousarray((logits - top[:, None]).T)
        self._true = self._below[targets, np.arange(len(targets))]

    def at(self, temperature: float) -> NDArray[np.float32]:
        """(N,) losses with the logits divided by the temperature."""
        factor = np.float32(1 / temperature)
        total = np.exp(self._below * factor).sum(axis=0)
        return np.asarray(np.log(total) - self._true * factor, np.float32)

    def derivatives(self, factor: float) -> tuple[float, float]:
        """Derivatives of the mean loss by the inverse of the temperature, the first and the second, with a prior."""
        above, photos = math.log(factor) + self._prior.logarithm, self._prior.photos
        added = photos * above / factor, photos * (1 - above) / factor**2
        shares = np.exp(self._below * np.float32(factor))
        total = shares.sum(axis=0)
        shares *= self._below
        mean = shares.sum(axis=0) / total
        shares *= self._below
        variance = shares.sum(axis=0) / total - np.square(mean)
        first = float((mean - self._true).mean(dtype=np.float64)) + added[0] / len(self._true)
        second = float(variance.mean(dtype=np.float64)) + added[1] / len(self._true)
        return first, second


def fit_temperature(loss: HeldOutLoss) -> float:
    """Minimise the held-out loss over the temperature (Guo et al., 2017).

    The loss falls and then rises with the inverse of the temperature: Newton's method, kept inside the interval that
    holds the minimum, takes a handful of passes over the logits.

    Returns:
        The divisor of the logits, between 0.05 and 20.
    """
    low, high = 1 / _HIGHEST, 1 / _LOWEST
    factor = 1.0
    for _ in range(_MOST_STEPS):
        slope, curvature = loss.derivatives(factor)
        if slope > 0:
            high = factor
        else:
            low = factor
        after = factor - slope / curvature if curvature > 0 else 0.0
        if not low < after < high:
            after = (low * high) ** 0.5
        close = abs(after - factor) < _CLOSE * factor
        factor = after
        if close:
            break
    return 1 / factor


def fit_thresholds(
    confidence: NDArray[np.float32], right: NDArray[np.bool_], familiar: NDArray[np.bool_] | None = None
) -> Thresholds:
    """Choose the verdict thresholds that reach the target precisions on held-out photos.

    Args:
        confidence: (N,) calibrated probability of the predicted class.
        right: (N,) whether the prediction was right.
        familiar: (N,) whether the OOD score allows *sure*. None: it allows all.
    """
    if len(confidence) < ENOUGH_PHOTOS:
        return CAUTIOUS
    could = np.ones(len(right), np.bool_) if familiar is None else familiar
    sure_at = tuple(
        (precision, _lowest_keeping(confidence[could], right[could], precision)) for precision in SURE_PRECISIONS
    )
    likely = _lowest_keeping(confidence, right, LIKELY_PRECISION)
    sure = dict(sure_at)[DEFAULT_SURE_PRECISION]
    return Thresholds(sure=sure, likely=min(sure, likely), sure_at=sure_at)


def _lowest_keeping(confidence: NDArray[np.float32], right: NDArray[np.bool_], precision: float) -> float:
    """Find the lowest confidence that keeps the precision, with one mistake added to those observed."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order]) + 1
    kept = 1 - wrong / (np.arange(len(order)) + 1) >= precision
    kept[:-1] &= np.diff(confidence[order]) < 0  # photos of equal confidence get the same verdict
    if not kept.any():
        return 1.01  # no confidence reaches the precision: no photo gets the verdict
    return float(confidence[order[np.flatnonzero(kept)[-1]]])
