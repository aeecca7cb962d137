"""From features to probabilities and verdicts, for a whole collection in one matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import Coordinates, placed_at
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Photos a lane predicts at a time, from their features to their verdicts.
_BLOCK_ROWS = 2048


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
    photos, classes = len(features), len(model.class_names)
    result = Predictions(
        np.empty((photos, classes), np.float32), np.empty(photos, np.uint8), np.empty(photos, np.float32)
    )
    axes = model.novelty.axes
    columns = model.weight.T if places is not None else np.hstack([model.weight.T, axes.columns])
    origin = axes.origin

    def work(rows: slice) -> None:
        part = features.take(rows)
        product = part.times(columns)
        there = placed_at(product[:, classes:], part.lengths, origin) if places is None else places.take(rows)
        probabilities = softmax((product[:, :classes] + model.bias) / np.float32(model.temperature))
        guesses = probabilities.argmax(axis=1)
        confidence = np.take_along_axis(probabilities, guesses[:, None], axis=1)[:, 0]
        unfamiliarity = model.novelty.unfamiliarity(there, guesses, confidence, part.resemblance)
        result.probabilities[rows], result.unfamiliarity[rows] = probabilities, unfamiliarity
        result.verdicts[rows] = verdicts_of(model, confidence, unfamiliarity)

    with ThreadPool() as lanes:
        lanes.map(work, row_blocks(photos, _BLOCK_ROWS))
    return result


def verdicts_of(model: Model, confidence: NDArray[np.float32], unfamiliarity: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Put (N,) confidences and unfamiliarities into words; (N,) uint8 `Verdict`."""
    verdicts = np.full(len(confidence), Verdict.UNSURE, np.uint8)
    verdicts[confidence >= model.thresholds.probable] = Verdict.LIKELY
    verdicts[(confidence >= model.thresholds.sure) & (unfamiliarity <= model.novelty.familiar)] = Verdict.SURE
    verdicts[model.novelty.is_new(unfamiliarity)] = Verdict.UNKNOWN
    return verdicts
