"""From features to probabilities and verdicts, for a whole garden in one matrix product."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.calibrate import Thresholds, softmax
from flowersorter.vision.model import Model
from flowersorter.vision.threads import one_blas_thread
from flowersorter.vision.verdict import Verdict

#: From here on several threads are worth it: a whole garden, not a block while photos are being decoded.
_MANY_ROWS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a model makes of N photos.

    Attributes:
        probabilities: (N, C) float32, calibrated, rows sum to 1.
        verdicts: (N,) uint8 `Verdict`.
    """

    probabilities: NDArray[np.float32]
    verdicts: NDArray[np.uint8]


def predict(model: Model, features: NDArray[np.float32]) -> Predictions:
    """Predict (N, D) float32 features with one model."""
    with nullcontext() if len(features) >= _MANY_ROWS else one_blas_thread():
        probabilities = softmax(model.logits(features))
        verdicts = verdicts_of(probabilities.max(axis=1, initial=0.0), model.thresholds)
        verdicts[model.novelty.is_new(features)] = Verdict.NEW
    return Predictions(probabilities, verdicts)


def verdicts_of(confidence: NDArray[np.float32], thresholds: Thresholds) -> NDArray[np.uint8]:
    """Put (N,) confidences into words; (N,) uint8 `Verdict`, never `NEW`."""
    verdicts = np.full(len(confidence), Verdict.UNSURE, np.uint8)
    verdicts[confidence >= thresholds.probable] = Verdict.PROBABLE
    verdicts[confidence >= thresholds.sure] = Verdict.SURE
    return verdicts
