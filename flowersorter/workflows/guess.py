"""Predictions for a garden from its cached embeddings; no photo is decoded and torch is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.database import rising
from flowersorter.library.garden import Garden
from flowersorter.vision.features import Features
from flowersorter.vision.model import Model
from flowersorter.vision.predict import predict
from flowersorter.workflows.feature_table import feature_table
from flowersorter.workflows.rows import Guesses


def cached_features(garden: Garden, backbone: str, hashes: Sequence[bytes]) -> tuple[Features, NDArray[np.intp]]:
    """Read features from the cache: those of M photos, and their (M,) ascending positions in `hashes`."""
    return feature_table(garden, backbone).get(hashes)


def guess(garden: Garden, model: Model, photo_ids: Iterable[int] | NDArray[np.int64]) -> Guesses:
    """Predict photos whose embeddings are cached; the others are left out.

    Args:
        garden: Its classes give the model's names their ids.
        model: What predicts.
        photo_ids: Photos, in any order.
    """
    class_ids = np.array(garden.classes.meant_by(model.class_names), np.int32)
    wanted = rising(photo_ids)
    probabilities = np.empty((len(wanted), len(class_ids)), np.float32)
    verdicts = np.empty(len(wanted), np.uint8)
    embedded = np.zeros(len(wanted), np.bool_)
    for positions, features in feature_table(garden, model.backbone).parts(wanted):
        result = predict(model, features)
        probabilities[positions], verdicts[positions] = result.probabilities, result.verdicts
        embedded[positions] = True
    if embedded.all():
        return Guesses(wanted, class_ids, probabilities, verdicts)
    return Guesses(wanted[embedded], class_ids, probabilities[embedded], verdicts[embedded])
