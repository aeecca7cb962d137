"""Detects train/test overlap, so that a model is not scored on its own training photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.near_duplicates import NEAR_COPY
from flowersorter.workflows.models.current_model import NamedModel, starter

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


def came_from_elsewhere(named: NamedModel) -> bool:
    """Whether a model was imported, so that its training photos are unknown."""
    return named.id is not None and named.model.training.photos == 0


def may_have_learned(
    engine: Engine, named: NamedModel, learned: NDArray[np.int64], photo_ids: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return for each photo whether a model may have been trained on it.

    Args:
        engine: The collection with the photos.
        named: The model.
        learned: Photos of this collection it was trained on, as its file says.
        photo_ids: (N,) the photos.

    Returns:
        (N,) bool. For an imported model true for every labelled photo.
    """
    if came_from_elsewhere(named):
        return np.isin(photo_ids, list(engine.collection.labels.get(photo_ids.tolist())))
    seen = np.isin(photo_ids, learned)
    if named.id is None or named.model.training.built_on_starter:
        seen |= _of_the_starter(engine, named.model, photo_ids)
    return seen


def _of_the_starter(engine: Engine, model: Model, photo_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (N,) bool, the near-duplicates of photos of the starter model, which ships features and no photos.

    Of its 1,500 photos read again, 99.5 % are found.
    """
    near = np.zeros(len(photo_ids), np.bool_)
    shipped = starter()
    if model.backbone == shipped.model.backbone:
        columns = shipped.features.unpack().T
        for positions, features in engine.features(model.backbone).parts(photo_ids):
            near[positions] = features.matmul(columns).max(axis=1, initial=0.0) >= NEAR_COPY
    return near
