"""Making probabilities honest: temperature scaling and verdict thresholds from held-out predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION, SURE_PRECISIONS

#: Share of the *probable* photos that must be right.
LIKELY_PRECISION = 0.80
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Confidence from which a guess is called sure or probable.

    Attributes:
        sure: From here on it is sure, if the photo is familiar.
        probable: From here on it is probable.
        sure_at: Where *sure* would begin for other promises than the one made: pairs of promise and confidence.
    """

    sure: float
    probable: float
    sure_at: tuple[tuple[float, float], ...] = ()

    def promising(self, promise: float) -> Thresholds:
        """Those that keep another promise; these, if nobody measured where *sure* begins then."""
        sure = dict(self.sure_at).get(promise)
        return self if sure is None else replace(self, sure=sure, probable=min(sure, self.probable))


#: Used until there are enough held-out photos to measure with; strict, since nothing is known yet.
CAUTIOUS = Thresholds(sure=0.95, probable=0.70)
#: Held-out photos below which `CAUTIOUS` is used.
ENOUGH_PHOTOS = 40


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithm of the softmax of each row of (N, C)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), np.float32)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax of each row of (N, C)."""
    return np.exp(log_softmax(logits))


class HeldOutLoss:
    """How unlikely the true classes of held-out photos are, at any temperature.

    Args:
        logits: (N, C) float32, from models that never saw the photos.
        targets: (N,) class indices.
    """

    def __init__(self, logits: NDArray[np.float32], targets: NDArray[np.intp]) -> None:
        top = logits.max(axis=1, initial=-np.inf)
        # Classes before photos: sums over classes then run along memory.
        self._below = np.ascontiguousarray((logits - top[:, None]).T)
        self._true = self._below[targets, np.arange(len(targets))]

    def at(self, temperature: float) -> NDArray[np.float32]:
        """(N,) minus the logarithm of the true class's probability, the logits divided by the temperature."""
        factor = np.float32(1 / temperature)
        total = np.exp(self._below * factor).sum(axis=0)
        return np.asarray(np.log(total) - self._true * factor, np.float32)


def fit_temperature(loss: HeldOutLoss) -> float:
    """Find the temperature that makes held-out probabilities most likely (Guo et al., 2017).

    Returns:
        The divisor of the logits, between 0.05 and 20.
    """

    def mean(log_temperature: float) -> float:
        return float(loss.at(float(np.exp(log_temperature))).mean())

    low, high = float(np.log(0.05)), float(np.log(20.0))
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = mean(left), mean(right)
    while high - low > 1e-3:  # golden section: the loss has one minimum in the temperature
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = mean(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = mean(right)
    return float(np.exp((low + high) / 2))


def fit_thresholds(
    confidence: NDArray[np.float32], right: NDArray[np.bool_], familiar: NDArray[np.bool_] | None = None
) -> Thresholds:
    """Set the verdict thresholds so that the promises hold on held-out photos.

    Args:
        confidence: (N,) calibrated probability of the best guess.
        right: (N,) whether it was right.
        familiar: (N,) whether the photo can be sure at all. None: each can.
    """
    if len(confidence) < ENOUGH_PHOTOS:
        return CAUTIOUS
    could = np.ones(len(right), np.bool_) if familiar is None else familiar
    sure_at = tuple((promise, _lowest_keeping(confidence[could], right[could], promise)) for promise in SURE_PRECISIONS)
    probable = _lowest_keeping(confidence, right, LIKELY_PRECISION)
    sure = dict(sure_at)[DEFAULT_SURE_PRECISION]
    return Thresholds(sure=sure, probable=min(sure, probable), sure_at=sure_at)


def _lowest_keeping(confidence: NDArray[np.float32], right: NDArray[np.bool_], promise: float) -> float:
    """Lowest confidence from which the promise holds, one mistake assumed beyond those seen."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order]) + 1
    kept = 1 - wrong / (np.arange(len(order)) + 1) >= promise
    kept[:-1] &= np.diff(confidence[order]) < 0  # photos of one confidence are sure together or not at all
    if not kept.any():
        return 1.01  # no confidence is worth the promise: nothing is called so
    return float(confidence[order[np.flatnonzero(kept)[-1]]])
