"""Helpers for arrays of ids."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def sorted_unique(ids: Iterable[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Ids in rising order, each once. Rising input is returned as is; `np.unique` would sort it again."""
    wanted = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids), np.int64)
    if (wanted[1:] > wanted[:-1]).all():
        return wanted
    ordered = np.sort(wanted)
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    distinct: NDArray[np.int64] = ordered[first]
    return distinct
