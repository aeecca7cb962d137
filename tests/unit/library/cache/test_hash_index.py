"""An index of hashes answers as a dictionary would, also for hashes that begin alike."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest

from flowersorter.library.cache import hash_index as module
from flowersorter.library.cache.hash_index import HashIndex, hash_rows


@pytest.fixture(autouse=True)
def small_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that some dozens of hashes are sorted in several times."""
    monkeypatch.setattr(module, "_LEAST_RECENT", 8)


def hashes_of(numbers: Sequence[int]) -> list[bytes]:
    return [hashlib.sha256(str(number).encode()).digest() for number in numbers]


def alike(numbers: Sequence[int]) -> list[bytes]:
    """Hashes that begin with the same bytes, and end with a NUL in part."""
    return [b"\0" * 16 + number.to_bytes(15, "big") + bytes([number % 2]) for number in numbers]


@pytest.mark.parametrize("make", [hashes_of, alike])
def test_hashes_added_in_blocks_are_found(make: object) -> None:
    assert callable(make)
    index, expected = HashIndex(), dict[bytes, int]()
    hashes, draw = make(range(100)), np.random.default_rng(0)
    for start in range(0, 100, 3):
        block = hashes[start : start + 3] + hashes[: start // 10]
        rows = draw.integers(0, 10_000, len(block))
        index.put(block, rows)
        expected.update(zip(block, rows.tolist(), strict=True))
        assert index.find(hashes).tolist() == [expected.get(each, -1) for each in hashes]


@pytest.mark.parametrize("make", [hashes_of, alike])
def test_of_equal_hashes_the_last_one_counts(make: object) -> None:
    assert callable(make)
    index, hashes = HashIndex(), make([1, 2, 1, 3, 2])
    index.put_all(hash_rows(hashes), np.arange(5))
    assert index.find(make([1, 2, 3, 4])).tolist() == [2, 4, 3, -1]
    index.put_all(hash_rows(make([3])), np.array([9]))
    assert index.find(make([3, 1])).tolist() == [9, 2]


def test_an_empty_index_finds_nothing() -> None:
    assert HashIndex().find(hashes_of([1, 2])).tolist() == [-1, -1]
    assert HashIndex().find([]).tolist() == []
    index = HashIndex()
    index.put_all(hash_rows([]), np.arange(0))
    assert index.find(hashes_of([1])).tolist() == [-1]


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        HashIndex().find([b"short"])


def test_many_hashes_replace_those_that_were_put_before() -> None:
    index, hashes = HashIndex(), [bytes([number]) * 32 for number in range(4)]
    index.put(hashes[:3], np.arange(3))
    index.put_all(hash_rows(hashes[1:]), np.array([11, 12, 13]))
    assert index.find(hashes).tolist() == [0, 11, 12, 13]
