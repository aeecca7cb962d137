"""Making probabilities honest: temperature scaling and verdict thresholds from held-out predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Share of the *sure* photos that must be right.
SURE_PROMISE = 0.97
#: Share of the *probable* photos that must be right.
PROBABLE_PROMISE = 0.80
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Confidence from which a guess is called sure or probable."""

    sure: float
    probable: float


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


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.intp]) -> float:
    """Find the temperature that makes held-out probabilities most likely (Guo et al., 2017).

    Args:
        logits: (N, C) float32, from models that never saw the photos.
        targets: (N,) class indices.

    Returns:
        The divisor of the logits, between 0.05 and 20; 1 where there are no photos.
    """
    if not len(targets):
        return 1.0
    rows = np.arange(len(targets))

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.float32(np.exp(log_temperature)))
        return float(-scaled[rows, targets].mean())

    low, high = np.log(0.05), np.log(20.0)
    while high - low > 1e-3:  # golden section: the loss has one minimum in the temperature
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def fit_thresholds(
    confidence: NDArray[np.float32], right: NDArray[np.bool_], sure_promise: float = SURE_PROMISE
) -> Thresholds:
    """Set the verdict thresholds so that the promises hold on held-out photos.

    Args:
        confidence: (N,) calibrated probability of the best guess.
        right: (N,) whether it was right.
        sure_promise: Share of the sure photos that must be right.
    """
    if len(confidence) < ENOUGH_PHOTOS:
        return CAUTIOUS
    sure = _lowest_keeping(confidence, right, sure_promise)
    return Thresholds(sure=sure, probable=min(sure, _lowest_keeping(confidence, right, PROBABLE_PROMISE)))


def _lowest_keeping(confidence: NDArray[np.float32], right: NDArray[np.bool_], promise: float) -> float:
    """Lowest confidence from which the promise holds, one mistake assumed beyond those seen."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order]) + 1
    kept = 1 - wrong / (np.arange(len(order)) + 1) >= promise
    if not kept.any():
        return 1.01  # no confidence is worth the promise: nothing is called so
    return float(confidence[order[np.flatnonzero(kept)[-1]]])
