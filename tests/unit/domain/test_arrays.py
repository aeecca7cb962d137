"""Helpers for arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowersorter.domain.arrays import (
    counting,
    counts_of,
    distinct,
    positions_of,
    row_maxima,
    stable_order,
    taken,
    without,
)


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


@pytest.mark.parametrize("kind", ["few", "bytes", "wide", "negative", "huge", "floats", "dates", "undated"])
def test_many_numbers_are_sorted_as_numpy_sorts_them(kind: str) -> None:
    draw = np.random.default_rng(0)
    count = 100 if kind == "few" else 30_000
    keys: dict[str, NDArray[Any]] = {
        "few": draw.integers(0, 9, count),
        "bytes": draw.integers(0, 200, count).astype(np.uint8),
        "wide": draw.integers(0, 1 << 30, count),
        "negative": draw.integers(-500, 500, count).astype(np.int32),
        "huge": draw.integers(-(1 << 62), 1 << 62, count),
        "floats": np.where(draw.random(count) < 0.1, -0.0, draw.normal(0, 1, count)).astype(np.float32),
        "dates": draw.integers(0, 1 << 31, count).astype("datetime64[s]"),
        "undated": np.full(count, np.datetime64("NaT", "s")),
    }
    if kind == "floats":
        keys[kind][::7] = 0.0
    if kind == "dates":
        keys[kind][::5] = np.datetime64("NaT")
    np.testing.assert_array_equal(stable_order(keys[kind]), np.argsort(keys[kind], kind="stable"))


@pytest.mark.parametrize("numbers", [[], [3], [5, -1, 5, 0, -1], [0, 1 << 40, -(1 << 40), 0]])
def test_numbers_are_counted(numbers: list[int]) -> None:
    keys = np.array(numbers, np.int64)
    expected, counts = np.unique(keys, return_counts=True)
    assert distinct(keys).tolist() == expected.tolist()
    assert counts_of(keys) == dict(zip(expected.tolist(), counts.tolist(), strict=True))


def test_very_many_ids_are_found_where_few_are() -> None:
    draw = np.random.default_rng(3)
    for ids in (
        np.sort(draw.choice(np.arange(-5_000, 60_000), 30_000, replace=False)),
        np.sort(draw.integers(0, 1 << 60, 30_000)),
        np.array([7]),
        np.array([7, 7, 8, 8, 9]),
    ):
        wanted = np.concatenate([draw.integers(-9_000, 70_000, 25_000), ids, [-(1 << 62), 1 << 62, 6, 7, 8, 9, 10]])
        found = positions_of(wanted, ids)
        few = np.concatenate([positions_of(part, ids) for part in np.array_split(wanted, 10)])
        np.testing.assert_array_equal(found, few)
        assert found.dtype == few.dtype
        assert (found[np.isin(wanted, ids, invert=True)] == -1).all()


def test_whoever_counts_cannot_change_what_others_count() -> None:
    assert counting(3).tolist() == [0, 1, 2]
    long = counting(100)
    assert counting(0).tolist() == []
    assert counting(5).tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="read-only"):
        long[0] = 1


@pytest.mark.parametrize(
    "rows", [[], [3], list(range(40)), list(range(40))[::-1], [*range(20, 40), *range(20)], [5] * 9, [1, 2, 3, 7, 8, 9]]
)
def test_values_are_taken_in_any_order(rows: list[int]) -> None:
    values = tuple(str(number) for number in range(40))
    assert taken(values, np.array(rows, np.intp)) == [values[row] for row in rows]
    assert taken(list(values), np.array(rows, np.intp)) == [values[row] for row in rows]
