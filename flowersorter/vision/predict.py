"""From features to probabilities and verdicts, for a whole garden in one matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.axes import Coordinates
from flowersorter.vision.calibrate import softmax
from flowersorter.vision.features import Features
from flowersorter.vision.model import Model
from flowersorter.vision.verdict import Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a model makes of N photos.

    Attributes:
        probabilities: (N, C) float32, calibrated, rows sum to 1.
        verdicts: (N,) uint8 `Verdict`.
        unfamiliarity: (N,) float32, how little each photo is like those of the class it is taken for.
    """

    probabilities: NDArray[np.float32]
    verdicts: NDArray[np.uint8]
    unfamiliarity: NDArray[np.float32]


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
    unfamiliarity = novelty.unfamiliarity(places, guesses, confidence, features.resemblance)
    verdicts = verdicts_of(model, confidence, unfamiliarity)
    return Predictions(probabilities, verdicts, unfamiliarity)


def verdicts_of(model: Model, confidence: NDArray[np.float32], unfamiliarity: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Put (N,) confidences and unfamiliarities into words; (N,) uint8 `Verdict`."""
    verdicts = np.full(len(confidence), Verdict.UNSURE, np.uint8)
    verdicts[confidence >= model.thresholds.probable] = Verdict.PROBABLE
    verdicts[(confidence >= model.thresholds.sure) & (unfamiliarity <= model.novelty.familiar)] = Verdict.SURE
    verdicts[model.novelty.is_new(unfamiliarity)] = Verdict.NEW
    return verdicts
