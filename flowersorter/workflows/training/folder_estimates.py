"""Estimates of the photos of a folder by a model that is not in use yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_values import PhotoValues, joined
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.predicting.folder_adaptation import AdaptedPhotos, FolderTerms, joined_terms

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class FolderEstimates:
    """The estimates of an engine, each with the model it was found with; see `Engine`.

    The engine keeps those of one model: another model's would replace those of the model in use.

    Attributes:
        model: The model that predicted the photos.
        photo_ids: (N,) int64, the photos of the folder.
        unknown_photos: As in the engine, like the others.
        unknown_by_folder: See above.
        sure_from: See above.
        folder_terms: See above.
        adapted_photos: See above.
    """

    model: Model
    photo_ids: NDArray[np.int64]
    unknown_photos: PhotoValues | None
    unknown_by_folder: PhotoValues | None
    sure_from: PhotoValues | None
    folder_terms: FolderTerms | None
    adapted_photos: AdaptedPhotos | None

    @classmethod
    def of(cls, engine: Engine, model: Model, photo_ids: NDArray[np.int64]) -> FolderEstimates:
        """Copy the estimates of photos from an engine, see `Engine.apart`."""
        found = engine.unknown_photos, engine.unknown_by_folder, engine.sure_from, engine.folder_terms
        return cls(model, photo_ids, *found, engine.adapted_photos)

    def put_into(self, engine: Engine) -> None:
        """Store them in an engine, beside its newer estimates of other photos with the same model."""
        key, wanted = self.model.ood_detector.key, self.photo_ids
        engine.unknown_photos = joined(engine.unknown_photos, key, wanted, self.unknown_photos)
        engine.unknown_by_folder = joined(engine.unknown_by_folder, key, wanted, self.unknown_by_folder)
        engine.sure_from = joined(engine.sure_from, key, wanted, self.sure_from)
        engine.folder_terms = joined_terms(engine.folder_terms, self.model, wanted, self.folder_terms)
        engine.adapted_photos = self.adapted_photos
