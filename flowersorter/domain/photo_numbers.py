"""One whole number for each of some photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import values_of


def _none() -> NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class PhotoNumbers:
    """Numbers of photos.

    Attributes:
        photo_ids: (M,) int64, ascending.
        numbers: (M,) int64.
    """

    photo_ids: NDArray[np.int64] = field(default_factory=_none)
    numbers: NDArray[np.int64] = field(default_factory=_none)

    @classmethod
    def ranks(cls, photo_ids: Sequence[int] | NDArray[np.int64]) -> PhotoNumbers:
        """Number photos in this order, from 0; of a photo that comes twice, its first number."""
        ids, first = np.unique(np.asarray(photo_ids, np.int64), return_index=True)
        return cls(ids, first.astype(np.int64))

    def of(self, photo_ids: NDArray[np.int64], default: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """(N,) int64 the number of each photo; the default, one or (N,), for those without one."""
        return values_of(photo_ids, self.photo_ids, self.numbers, default)

    def equals(self, other: PhotoNumbers) -> bool:
        """Whether these are the same numbers of the same photos."""
        return np.array_equal(self.photo_ids, other.photo_ids) and np.array_equal(self.numbers, other.numbers)
