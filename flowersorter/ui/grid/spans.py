"""Consecutive numbers as runs."""

from __future__ import annotations

import numpy as np

from flowersorter.ui.grid.photo_columns import Rows


def spans_of(numbers: Rows) -> list[tuple[int, int]]:
    """Ascending numbers as runs (first, last)."""
    if not len(numbers):
        return []
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts = numbers[np.concatenate([[0], breaks + 1])]
    lasts = numbers[np.concatenate([breaks, [len(numbers) - 1]])]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
