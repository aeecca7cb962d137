"""The photos that were known at a moment, to find those that came since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class PhotosAt(Protocol):
    """Photos with the places where they are: (N,) arrays of ids, 0 for a photo that is not read."""

    @property
    def place_ids(self) -> NDArray[np.int64]:
        """Of the places."""
        ...

    @property
    def photo_ids(self) -> NDArray[np.int64]:
        """Of the photos there."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class KnownPhotos:
    """The photos of a folder before a scan.

    Attributes:
        place_ids: (N,) int64.
        photo_ids: (N,) int64; 0 for a photo not read yet.
    """

    place_ids: NDArray[np.int64]
    photo_ids: NDArray[np.int64]

    @classmethod
    def of(cls, photos: PhotosAt) -> KnownPhotos:
        """Copy the ids of photos that will change."""
        return cls(photos.place_ids.copy(), photos.photo_ids.copy())

    def new_places(self, photos: PhotosAt) -> NDArray[np.int64]:
        """(M,) the places of photos that were not known; a photo that was renamed or moved was."""
        known = np.isin(photos.place_ids, self.place_ids)
        known |= (photos.photo_ids > 0) & np.isin(photos.photo_ids, self.photo_ids)
        return photos.place_ids[~known]
