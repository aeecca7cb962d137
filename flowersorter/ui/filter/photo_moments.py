"""When the photos of a folder were taken, looked up once for each photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique, values_of, without


class PhotoMoments:
    """Dates by photo, and those of the rows of a folder, which are put together once until photos or dates change.

    Args:
        before: Those of the folder as it was before; its dates are taken over.
    """

    def __init__(self, before: PhotoMoments | None = None) -> None:
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)  # rising
        self._moments: NDArray[np.datetime64] = np.zeros(0, "datetime64[s]")
        if before is not None:
            self._ids, self._moments = before._ids, before._moments
        self._taken_at: NDArray[np.datetime64] | None = None
        self._lacking: NDArray[np.int64] | None = None

    def forget_rows(self) -> None:
        """Put the dates of the rows together anew: their photos changed."""
        self._taken_at = self._lacking = None

    def taken_at(self, photo_ids: NDArray[np.int64]) -> NDArray[np.datetime64]:
        """(N,) datetime64[s] when the photos of (N,) rows were taken, NaT where that is unknown; read-only."""
        if self._taken_at is None:
            self._taken_at = values_of(photo_ids, self._ids, self._moments, np.datetime64("NaT"))
            self._taken_at.flags.writeable = False
        return self._taken_at

    def lacking(self, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """(M,) the photos of (N,) rows whose date was not looked up yet, ascending; read-only."""
        if self._lacking is None:
            known = sorted_unique(photo_ids)
            self._lacking = without(known[known > 0], self._ids)
            self._lacking.flags.writeable = False
        return self._lacking

    def add(self, photo_ids: NDArray[np.int64], moments: NDArray[np.datetime64]) -> None:
        """Store when (M,) photos were taken: (M,) datetime64[s], NaT where that is unknown."""
        ids, first = np.unique(np.concatenate([photo_ids, self._ids]), return_index=True)
        self._ids, self._moments = ids, np.concatenate([moments, self._moments])[first]
        self.forget_rows()
