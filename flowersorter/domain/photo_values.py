"""Per-photo scalars of one model, cached while the collection is open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import values_of


@dataclass(frozen=True, slots=True, eq=False)
class PhotoValues:
    """Values of photos.

    Attributes:
        model: Key of the model they were found with.
        photo_ids: (M,) int64, ascending.
        values: (M,) float32.
    """

    model: bytes
    photo_ids: NDArray[np.int64]
    values: NDArray[np.float32]


def value_of(
    found: PhotoValues | None, model: bytes, photo_ids: NDArray[np.int64], default: float
) -> NDArray[np.float32]:
    """Return the (N,) float32 values of photos; `default` without a value, or if the values are of another model."""
    if found is None or found.model != model:
        return np.full(len(photo_ids), default, np.float32)
    return values_of(photo_ids, found.photo_ids, found.values, default)


def replaced(
    found: PhotoValues | None,
    model: bytes,
    wanted: NDArray[np.int64],
    photo_ids: NDArray[np.int64],
    values: NDArray[np.float32],
) -> PhotoValues:
    """Replace the values of the wanted photos by those given; other photos keep theirs, if of this model."""
    if found is not None and found.model == model:
        others = ~np.isin(found.photo_ids, wanted)
        photo_ids, values = np.append(photo_ids, found.photo_ids[others]), np.append(values, found.values[others])
    order = np.argsort(photo_ids, kind="stable")  # two ascending parts are merged, not sorted
    return PhotoValues(model, photo_ids[order], values[order])


def joined(
    found: PhotoValues | None, model: bytes, wanted: NDArray[np.int64], apart: PhotoValues | None
) -> PhotoValues | None:
    """Merge values of another table: wanted photos get those of `apart`, the others keep theirs, if of this model."""
    if apart is None or apart.model != model or apart is found:
        return found
    if found is None or found.model != model:
        return apart
    kept = np.isin(apart.photo_ids, wanted)
    return replaced(found, model, wanted, apart.photo_ids[kept], apart.values[kept])
