"""Features: normalised embeddings, quantised to a byte each, so that those of a whole collection fit in memory.

Pooled features of a ResNet are non-negative with heavy tails; their square root (the Hellinger map) keeps a few
large channels from drowning the others. Networks whose features can be negative get the signed square root. The roots
of each photo are scaled to length 1, for which a byte each is precise enough: the cosine between a row and its
unrounded self is above 0.9999.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.features.imagenet_prior import ImageNetPrior, join_priors
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Largest magnitude of a quantised number: of a row without negative numbers, and of any other.
_UNSIGNED_PEAK, _SIGNED_PEAK = 255, 127
#: Rows dequantised at a time: they fit the second-level cache of a core.
_BLOCK_ROWS = 256
#: Rows packed at a time: as floats they stay in that cache.
_PACKED_ROWS = 128
#: Bits of float16 infinity; those of finite numbers that are not negative are smaller.
_INFINITE_BITS = 0x7C00
#: Rows that one thread multiplies at a time.
_PRODUCT_ROWS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Features of N photos; a row is its quantised numbers times the magnitude of its scale, of length 1 (or all zero).

    Attributes:
        quantised: (N, D) uint8; the bits of int8 in rows with a negative scale.
        scale: (N,) float32; negative in rows that contain negative numbers.
        imagenet_prior: ImageNet classes of the photos; None if not computed.
    """

    quantised: NDArray[np.uint8]
    scale: NDArray[np.float32]
    imagenet_prior: ImageNetPrior | None = None

    def __len__(self) -> int:
        return len(self.quantised)

    @property
    def width(self) -> int:
        """D, the length of a row."""
        return int(self.quantised.shape[1])

    @property
    def lengths(self) -> NDArray[np.float32]:
        """(N,) 1, or 0 for a row of zeros."""
        return np.abs(np.sign(self.scale))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Features:
        """Select rows by number, mask or slice."""
        known = None if self.imagenet_prior is None else self.imagenet_prior.take(rows)
        return Features(self.quantised[rows], self.scale[rows], known)

    def checksums(self) -> NDArray[np.uint32]:
        """(N,) CRC-32 of each row: as good as drawn at random, and of the photo alone, whichever others there are."""
        return np.fromiter((crc32(row.tobytes()) for row in self.quantised), np.uint32, len(self))

    def unpack(self) -> NDArray[np.float32]:
        """(N, D) float32, rows of length 1."""
        rows = np.empty(self.quantised.shape, np.float32)
        self._dequantise(slice(None), rows)
        rows *= np.abs(self.scale)[:, None]
        return rows

    def _dequantise(self, rows: slice, out: NDArray[np.float32]) -> None:
        """Write the quantised numbers of some rows as floats, before scaling."""
        out[:] = self.quantised[rows]
        signed = self.scale[rows] < 0
        if signed.any():
            out[signed] = self.quantised[rows][signed].view(np.int8)

    def matmul(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Multiply (N, D) features by a (D, K) matrix, dequantising one block at a time; (N, K) float32."""
        product = np.empty((len(self), matrix.shape[1]), np.float32)

        def multiply(rows: slice) -> None:
            features, result = self.take(rows), product[rows]
            buffer = np.empty((min(len(features), _BLOCK_ROWS), self.width), np.float32)
            for block in row_blocks(len(features), _BLOCK_ROWS):
                part = buffer[: len(features.scale[block])]
                features._dequantise(block, part)
                np.matmul(part, matrix, out=result[block])
            result *= np.abs(features.scale)[:, None]  # K numbers a row instead of D

        with ThreadPool() as pool:
            pool.map(multiply, row_blocks(len(self), _PRODUCT_ROWS))
        return product


def pack(embeddings: NDArray[Any], again: NDArray[Any] | None = None) -> Features:
    """Take the signed square root of pooled features and scale each row to length 1.

    Args:
        embeddings: (N, D) floats. Rows of zeros stay zeros.
        again: (N, D) another view of the same photos; features are of the mean of both.
    """
    quantised, scale = np.empty(embeddings.shape, np.uint8), np.empty(len(embeddings), np.float32)
    for start in range(0, len(embeddings), _PACKED_ROWS):
        rows = slice(start, start + _PACKED_ROWS)
        roots = _roots(embeddings[rows]) if again is None else _roots_of_mean(embeddings[rows], again[rows])
        peaks, lowest = (side(axis=1, keepdims=True, initial=0.0) for side in (roots.max, roots.min))
        signed = lowest[:, 0] < 0
        top = np.where(signed[:, None], np.float32(_SIGNED_PEAK), np.float32(_UNSIGNED_PEAK))
        roots *= top / np.maximum(np.maximum(peaks, -lowest), np.float32(1e-12))
        np.rint(roots, out=roots)
        if signed.any():
            quantised[rows] = np.where(signed[:, None], roots, 0).astype(np.int8).view(np.uint8)
            quantised[rows][~signed] = roots[~signed]
        else:
            quantised[rows] = roots
        lengths = np.sqrt(np.einsum("nd,nd->n", roots, roots))
        scale[rows] = np.where(lengths > 0, 1 / np.maximum(lengths, 1), 0) * np.where(signed, -1, 1)
    return Features(quantised, scale)


def _signed_root(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.copysign(np.sqrt(np.abs(numbers)), numbers)


def _roots(embeddings: NDArray[Any]) -> NDArray[np.float32]:
    if embeddings.dtype != np.float16:
        return _signed_root(embeddings.astype(np.float32))
    numbers = _shifted(embeddings)
    return _look_up(_root_of_half(), embeddings) if numbers is None else np.sqrt(numbers, out=numbers)


def _roots_of_mean(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float32]:
    mean, added = (_floats(view) if view.dtype == np.float16 else view for view in (one, other))
    roots = np.add(mean, added, dtype=np.float32)
    roots *= np.float32(0.5)
    return _signed_root(roots)


def _floats(halves: NDArray[np.float16]) -> NDArray[np.float32]:
    """Convert to float32."""
    numbers = _shifted(halves)
    return _look_up(_halves(), halves) if numbers is None else numbers


def _shifted(halves: NDArray[np.float16]) -> NDArray[np.float32] | None:
    """Convert float16 by shifting bits; None if a number is negative, infinite or NaN.

    The bits of a half, shifted, are a float 2**112 times too small. That takes half the time of a table, and releases
    the interpreter lock, which `take` does not.
    """
    bits = np.ascontiguousarray(halves).view(np.int16)
    if bits.size and (bits.min() < 0 or bits.max() >= _INFINITE_BITS):
        return None
    numbers = np.left_shift(bits, 13, dtype=np.int32).view(np.float32)
    numbers *= np.float32(2.0**112)
    return numbers


def _look_up(table: NDArray[np.float32], halves: NDArray[np.float16]) -> NDArray[np.float32]:
    """Look up a function of float16: with 65,536 halves a table is several times faster than computing it."""
    return table.take(np.ascontiguousarray(halves).view(np.uint16))


@cache
def _halves() -> NDArray[np.float32]:
    """(65536,) every float16, by its bits."""
    return np.arange(1 << 16, dtype=np.uint32).astype(np.uint16).view(np.float16).astype(np.float32)


@cache
def _root_of_half() -> NDArray[np.float32]:
    """(65536,) the signed root of every float16, by its bits; 0 for those that are not numbers."""
    return _signed_root(np.where(np.isnan(_halves()), np.float32(0), _halves()))


def join(parts: Sequence[Features]) -> Features:
    """Concatenate the features of at least one set of photos."""
    known = None
    if any(part.imagenet_prior is not None for part in parts):
        known = join_priors([part.imagenet_prior or ImageNetPrior.unknown(len(part)) for part in parts])
    quantised, scale = ([getattr(part, name) for part in parts] for name in ("quantised", "scale"))
    return Features(np.concatenate(quantised), np.concatenate(scale), known)
