"""Features: packed into a byte each, they are still the features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from flowersorter.vision.features.packed import join, pack


def pooled(rows: int, width: int = 2048, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float16]]:
    """Non-negative with heavy tails, as a ResNet's pooled features are."""
    return np.random.default_rng(seed).gamma(0.5, 0.8, (rows, width)).astype(np.float16)


def test_a_byte_each_is_precise_enough() -> None:
    embeddings = pooled(50)
    roots = np.sqrt(embeddings.astype(np.float32))
    exact = roots / np.linalg.norm(roots, axis=1, keepdims=True)
    assert (pack(embeddings).unpack() * exact).sum(axis=1).min() > 0.9999


def test_a_looked_up_root_is_the_root() -> None:
    every = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16).view(np.float16)
    numbers = every[np.isfinite(every)].reshape(-1, 16)
    features, exact = pack(numbers), pack(numbers.astype(np.float64))
    np.testing.assert_array_equal(features.quantised, exact.quantised)
    np.testing.assert_array_equal(features.scale, exact.scale)


@given(arrays(np.float16, array_shapes(min_dims=2, max_dims=2, max_side=20), elements=st.floats(0, 6e4, width=16)))
def test_rows_have_length_one_or_are_zero(embeddings: np.ndarray[tuple[int, int], np.dtype[np.float16]]) -> None:
    lengths = np.linalg.norm(pack(embeddings).unpack(), axis=1)
    np.testing.assert_allclose(lengths, embeddings.any(axis=1), rtol=1e-6)


def signed(rows: int, width: int = 768, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float16]]:
    """Features on both sides of zero, as those of a vision transformer."""
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float16)


def test_negative_numbers_keep_their_sign() -> None:
    np.testing.assert_allclose(pack(np.array([[-9.0, 16.0]])).unpack(), [[-0.6, 0.8]], atol=0.01)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_byte_each_is_precise_enough_for_signed_features(dtype: type[np.floating[Any]]) -> None:
    embeddings = signed(50).astype(dtype)
    roots = np.sign(embeddings) * np.sqrt(np.abs(embeddings.astype(np.float32)))
    exact = roots / np.linalg.norm(roots, axis=1, keepdims=True)
    features = pack(embeddings)
    assert features.quantised.dtype == np.uint8
    assert (features.unpack() * exact).sum(axis=1).min() > 0.9999
    np.testing.assert_array_equal(features.lengths, np.ones(50))


def test_signed_and_unsigned_rows_stand_side_by_side() -> None:
    mixed = np.concatenate([signed(3, 64), pooled(3, 64), np.zeros((1, 64), np.float16)])
    mixed = mixed[[0, 3, 6, 1, 4, 2, 5]]
    features = pack(mixed)
    apart = join([pack(row[None]) for row in mixed])
    np.testing.assert_array_equal(features.quantised, apart.quantised)
    np.testing.assert_array_equal(features.scale, apart.scale)
    matrix = np.random.default_rng(1).standard_normal((64, 3)).astype(np.float32)
    np.testing.assert_allclose(features.matmul(matrix), features.unpack() @ matrix, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(features.lengths, [1, 1, 0, 1, 1, 1, 1])


def test_two_signed_views_are_packed_as_their_mean() -> None:
    one, other = signed(300, 16, seed=1), signed(300, 16, seed=2)
    expected, found = pack((one.astype(np.float32) + other) / 2), pack(one, other)
    np.testing.assert_array_equal(found.quantised, expected.quantised)
    np.testing.assert_array_equal(found.scale, expected.scale)


@pytest.mark.parametrize("rows", [0, 1, 255, 256, 257, 700])
def test_a_product_is_that_of_the_unpacked_rows(rows: int) -> None:
    features = pack(pooled(rows, 64))
    matrix = np.random.default_rng(1).standard_normal((64, 3)).astype(np.float32)
    np.testing.assert_allclose(features.matmul(matrix), features.unpack() @ matrix, rtol=1e-4, atol=1e-5)


def test_rows_can_be_taken_and_joined_again() -> None:
    features = pack(pooled(9, 16))
    again = join([features.take(slice(0, 4)), features.take(np.arange(9) >= 4)])
    np.testing.assert_array_equal(again.quantised, features.quantised)
    np.testing.assert_array_equal(again.scale, features.scale)


def test_two_views_are_packed_as_their_mean() -> None:
    one, other = pooled(300, 16, seed=1), pooled(300, 16, seed=2)
    expected = pack((one.astype(np.float32) + other) / 2)
    for given_other in (other, other.astype(np.float32)):
        found = pack(one, given_other)
        np.testing.assert_array_equal(found.quantised, expected.quantised)
        np.testing.assert_array_equal(found.scale, expected.scale)
