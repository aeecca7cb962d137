"""From features to probabilities and verdicts, for a whole garden in one matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.axes import Coordinates
from flowersorter.vision.calibrate import Thresholds, softmax
from flowersorter.vision.features import Features
from flowersorter.vision.model import Model
from flowersorter.vision.verdict import Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a model makes of N photos.

    Attributes:
        probabilities: (N, C) float32, calibrated, rows sum to 1.
        verdicts: (N,) uint8 `Verdict`.
    """

    probabilities: NDArray[np.float32]
    verdicts: NDArray[np.uint8]


def predict(model: Model, features: Features, places: Coordinates | None = None) -> Predictions:
    """Predict N photos with one model.

    Args:
        model: What predicts.
        features: Of the photos.
        places: Where the photos lie along `model.novelty.axes`, if that was worked out before.
    """
    novelty, classes = model.novelty, len(model.class_names)
    if places is None:
        product = features.times(np.hstack([model.weight.T, novelty.axes.columns]))
        places = novelty.axes.placed(product[:, classes:], features.lengths)
    else:
        product = features.times(model.weight.T)
    probabilities = softmax((product[:, :classes] + model.bias) / np.float32(model.temperature))
    guesses = probabilities.argmax(axis=1)
    confidence = np.take_along_axis(probabilities, guesses[:, None], axis=1)[:, 0]
    verdicts = verdicts_of(confidence, model.thresholds)
    unfamiliarity = novelty.unfamiliarity(places, guesses, confidence, features.resemblance)
    verdicts[novelty.is_new(unfamiliarity)] = Verdict.NEW
    return Predictions(probabilities, verdicts)


def verdicts_of(confidence: NDArray[np.float32], thresholds: Thresholds) -> NDArray[np.uint8]:
    """Put (N,) confidences into words; (N,) uint8 `Verdict`, never `NEW`."""
    verdicts = np.full(len(confidence), Verdict.UNSURE, np.uint8)
    verdicts[confidence >= thresholds.probable] = Verdict.PROBABLE
    verdicts[confidence >= thresholds.sure] = Verdict.SURE
    return verdicts
