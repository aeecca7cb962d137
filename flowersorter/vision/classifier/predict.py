"""Predict probabilities and verdicts from features, with one matrix product per block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.packed import Features
from flowersorter.vision.features.pca import Coordinates, coordinates_from_product
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Photos one thread predicts at a time.
_BLOCK_ROWS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Predictions of a model for N photos.

    Attributes:
        probabilities: (N, C) float32, calibrated, rows sum to 1.
        verdicts: (N,) uint8 `Verdict`.
        ood_score: (N,) float32, OOD score relative to the predicted class.
    """

    probabilities: NDArray[np.float32]
    verdicts: NDArray[np.uint8]
    ood_score: NDArray[np.float32]


def predict(model: Model, features: Features, coordinates: Coordinates | None = None) -> Predictions:
    """Predict N photos with one model.

    Args:
        model: The model.
        features: Of the photos.
        coordinates: Coordinates of the photos along `model.novelty.axes`, if computed before.
    """
    photos, classes = len(features), len(model.class_names)
    result = Predictions(
        np.empty((photos, classes), np.float32), np.empty(photos, np.uint8), np.empty(photos, np.float32)
    )
    axes = model.novelty.axes
    columns = model.weight.T if coordinates is not None else np.hstack([model.weight.T, axes.columns])
    origin = axes.origin

    def work(rows: slice) -> None:
        part = features.take(rows)
        product = part.matmul(columns)
        if coordinates is None:
            part_coordinates = coordinates_from_product(product[:, classes:], part.lengths, origin)
        else:
            part_coordinates = coordinates.take(rows)
        probabilities = softmax((product[:, :classes] + model.bias) / np.float32(model.temperature))
        guesses = probabilities.argmax(axis=1)
        confidence = np.take_along_axis(probabilities, guesses[:, None], axis=1)[:, 0]
        ood_score = model.novelty.ood_score(part_coordinates, guesses, confidence, part.imagenet_prior)
        result.probabilities[rows], result.ood_score[rows] = probabilities, ood_score
        result.verdicts[rows] = verdicts_of(model, confidence, ood_score)

    with ThreadPool() as pool:
        pool.map(work, row_blocks(photos, _BLOCK_ROWS))
    return result


def verdicts_of(model: Model, confidence: NDArray[np.float32], ood_score: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn (N,) confidences and OOD scores into verdicts; (N,) uint8 `Verdict`."""
    verdicts = np.full(len(confidence), Verdict.UNSURE, np.uint8)
    verdicts[confidence >= model.thresholds.likely] = Verdict.LIKELY
    verdicts[(confidence >= model.thresholds.sure) & (ood_score <= model.novelty.familiar)] = Verdict.SURE
    verdicts[model.novelty.is_new(ood_score)] = Verdict.UNKNOWN
    return verdicts
