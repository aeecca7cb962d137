"""Predictions as the grid shows them: the two most probable classes of each photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_rows import PhotoPredictions


@dataclass(frozen=True, slots=True, eq=False)
class ShownPredictions:
    """Columns of predictions, one row a photo.

    Attributes:
        photo_ids: (M,) int64, ascending.
        class_ids, confidences, verdicts, caveats, second_class_ids, second_confidences: As in `PhotoRows`.
    """

    photo_ids: NDArray[np.int64]
    class_ids: NDArray[np.int32]
    confidences: NDArray[np.float32]
    verdicts: NDArray[np.uint8]
    caveats: NDArray[np.uint8]
    second_class_ids: NDArray[np.int32]
    second_confidences: NDArray[np.float32]

    @classmethod
    def of(cls, found: PhotoPredictions) -> ShownPredictions:
        """The columns of predictions, as `rows_of` gives them to the places of the photos."""
        return cls(found.photo_ids, *found.shown(np.arange(len(found.photo_ids))))
