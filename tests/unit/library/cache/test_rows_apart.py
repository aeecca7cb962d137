"""Rows that lie near one another are read together, and each of them is what was stored."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from flowersorter.library.cache.append_only_rows import KEY_BYTES, AppendOnlyRows

WIDTH, COUNT = 8, 1500


@pytest.fixture
def content() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(COUNT, WIDTH)).astype(np.float16)


@pytest.fixture
def stored(tmp_path: Path, content: np.ndarray) -> Iterator[AppendOnlyRows]:
    keys = [number.to_bytes(4, "big").ljust(KEY_BYTES, b".") for number in range(COUNT)]
    with_all = AppendOnlyRows(tmp_path / "rows", tmp_path / "keys")
    with_all.append(keys, content)
    with_all.close()
    rows = AppendOnlyRows(tmp_path / "rows", tmp_path / "keys")
    yield rows
    rows.close()


@pytest.mark.parametrize(
    "numbers",
    [
        [0],
        [0, 1, 2],
        [3, 5, 9, 200, 201, 900, 902],
        [*range(0, COUNT, 3)],
        [*range(0, COUNT, 140)],
        [9, 8, 7, 7, 8, 20, 3, 5, 1499],
        [1499, 0],
    ],
)
def test_rows_are_read_as_they_were_stored(stored: AppendOnlyRows, content: np.ndarray, numbers: list[int]) -> None:
    rows, sound = stored.rows(np.array(numbers, np.intp))
    np.testing.assert_array_equal(rows, content[numbers])
    assert sound.all()


def test_rows_behind_a_new_end_of_the_file_are_damaged(
    stored: AppendOnlyRows, content: np.ndarray, tmp_path: Path
) -> None:
    size = WIDTH * 2
    os.truncate(tmp_path / "rows", (tmp_path / "rows").stat().st_size - 100 * size)
    numbers = np.array([1390, 1393, 1399, 1400, 1403, 1404, 1405, 1490], np.intp)
    rows, sound = stored.rows(numbers)
    assert sound.tolist() == [True, True, True, *[False] * 5]
    np.testing.assert_array_equal(rows[:3], content[numbers[:3]])
    assert stored.sound(np.arange(1395, 1406)).tolist() == [*[True] * 5, *[False] * 6]
