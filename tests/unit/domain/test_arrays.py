"""Helpers for arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowersorter.domain.arrays import row_maxima, without


@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (1, 1), (5, 1), (7, 10), (40, 16), (40, 17), (3, 1000)])
def test_maxima_of_rows_are_those_of_numpy(rows: int, columns: int) -> None:
    numbers = np.random.default_rng(columns).standard_normal((rows, columns), np.float32)
    if rows > 2:
        numbers[2, columns // 2] = np.nan
        numbers[1] = -np.inf
    found = row_maxima(numbers)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, numbers.max(axis=1))


@given(st.sets(st.integers(0, 40)), st.lists(st.integers(-5, 45)))
def test_ids_without_others_are_those_of_numpy(ids: set[int], others: list[int]) -> None:
    ascending = np.array(sorted(ids), np.int64)
    np.testing.assert_array_equal(without(ascending, others), np.setdiff1d(ascending, np.array(others, np.int64)))
