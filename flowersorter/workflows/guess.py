"""Predictions for a garden from its cached embeddings; no photo is decoded and torch is not needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.classes import ClassOrigin
from flowersorter.library.garden import Garden
from flowersorter.vision.features import Features
from flowersorter.vision.model import Model
from flowersorter.vision.predict import predict
from flowersorter.vision.views import CENTRE, FLIP
from flowersorter.workflows.feature_table import feature_table, stored_embeddings
from flowersorter.workflows.rows import Guesses

#: Views a photo is embedded in; their features are averaged.
VIEWS = (CENTRE, FLIP)
_BLOCK_ROWS = 4096


def cached_embeddings(
    garden: Garden, backbone: str, hashes: Sequence[bytes]
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Read embeddings from the cache, averaged over the views that are there.

    Args:
        garden: Whose cache.
        backbone: Name of the backbone.
        hashes: SHA-256 of N photos.

    Returns:
        (M, D) float32 embeddings and (M,) ascending positions in `hashes` of the photos that are embedded.
    """
    embeddings, positions = stored_embeddings(garden.embeddings(backbone), hashes)
    return np.asarray(embeddings, np.float32), positions


def cached_features(garden: Garden, backbone: str, hashes: Sequence[bytes]) -> tuple[Features, NDArray[np.intp]]:
    """As `cached_embeddings`, as the head sees them: features of M photos and their (M,) positions."""
    return feature_table(garden, backbone).get(hashes)


def guess(garden: Garden, model: Model, photos: Sequence[tuple[int, bytes]]) -> Guesses:
    """Predict photos whose embeddings are cached; the others are left out.

    Args:
        garden: Its classes give the model's names their ids.
        model: What predicts.
        photos: Photo ids with the SHA-256 of each, any order.
    """
    class_ids = np.array([garden.classes.resolve(name, ClassOrigin.MODEL).id for name in model.class_names], np.int32)
    ordered = sorted(photos)
    ids, probabilities, verdicts = [], [], []
    for start in range(0, len(ordered), _BLOCK_ROWS):
        block = ordered[start : start + _BLOCK_ROWS]
        features, positions = cached_features(garden, model.backbone, [sha256 for _, sha256 in block])
        if not len(positions):
            continue
        result = predict(model, features.unpack())
        ids.append(np.array([photo_id for photo_id, _ in block], np.int64)[positions])
        probabilities.append(result.probabilities)
        verdicts.append(result.verdicts)
    if not ids:
        nothing = np.empty((0, len(class_ids)), np.float32)
        return Guesses(np.empty(0, np.int64), class_ids, nothing, np.empty(0, np.uint8))
    return Guesses(np.concatenate(ids), class_ids, np.concatenate(probabilities), np.concatenate(verdicts))
