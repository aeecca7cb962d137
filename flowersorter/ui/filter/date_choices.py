"""The months in which the photos of a folder were taken, to choose from."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

import numpy as np
from numpy.typing import NDArray

from flowersorter.ui.grid.photo_filter import DateRange


def months_of(taken_at: NDArray[np.datetime64]) -> list[tuple[DateRange, int]]:
    """The months of (N,) times, datetime64[s], with the number of photos of each, the newest first."""
    known = taken_at[~np.isnat(taken_at)]
    months, counts = np.unique(known.astype("datetime64[M]"), return_counts=True)
    return [
        (month_of(month.astype(date)), count) for month, count in zip(months[::-1], counts[::-1].tolist(), strict=True)
    ]


def month_of(day: date) -> DateRange:
    """Return the range of the month that a day is in."""
    first = day.replace(day=1)
    return DateRange(first, first.replace(day=monthrange(day.year, day.month)[1]))
