"""What ImageNet's own layer takes photos for. It knows a thousand things, and most of them are none of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Classes of ImageNet.
KINDS = 1000
#: Likeliest classes kept of a photo: with 50 of them strangers are told by 0.001 better, with 10 worse by that.
_KEPT = 20
#: Share that any class is given, so that no photo is infinitely surprising.
_FLOOR = np.float32(1e-6)
_BLOCK_ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class ImageNetPrior:
    """What N photos look like to ImageNet's layer.

    Attributes:
        kinds: (N, K) uint16, numbers of the likeliest classes of ImageNet, the likeliest first.
        shares: (N, K) float16, their probabilities; all 0 where nothing is known of a photo.
    """

    kinds: NDArray[np.uint16]
    shares: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.kinds)

    @classmethod
    def unknown(cls, photos: int) -> ImageNetPrior:
        """Of photos of which nothing is known."""
        return cls(np.zeros((photos, _KEPT), np.uint16), np.zeros((photos, _KEPT), np.float16))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> ImageNetPrior:
        """Some of the photos, by number, mask or slice."""
        return ImageNetPrior(self.kinds[rows], self.shares[rows])

    @property
    def known(self) -> NDArray[np.bool_]:
        """(N,) whether anything is known of a photo."""
        return np.asarray(self.shares[:, 0] > 0, np.bool_)

    def as_numbers(self) -> NDArray[np.float16]:
        """(N, 2 K), as `from_numbers` reads it: a float16 holds every whole number up to 2048."""
        return np.hstack([self.kinds.astype(np.float16), self.shares])

    @classmethod
    def from_numbers(cls, numbers: NDArray[np.float16]) -> ImageNetPrior:
        """Put together what `as_numbers` took apart."""
        kinds, shares = np.split(numbers, 2, axis=1)
        return cls(kinds.astype(np.uint16), np.ascontiguousarray(shares))

    def usual(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """How often each class of ImageNet comes up; (1000,) float32.

        Args:
            weights: (N,) of the photos.
        """
        shares = self.shares * weights[:, None]
        return np.bincount(self.kinds.ravel(), shares.ravel(), KINDS).astype(np.float32)

    def surprise(self, usual: NDArray[np.float32]) -> NDArray[np.float32]:
        """How far each photo is from what usually comes up: minus the logarithm of the chance to meet it there.

        Args:
            usual: (1000,) shares of the classes of ImageNet.

        Returns:
            (N,) float32; NaN where nothing is known of a photo.
        """
        met = np.einsum("nk,nk->n", usual[self.kinds], self.shares, dtype=np.float32)
        return np.asarray(np.where(self.known, -np.log(met + _FLOOR), np.nan), np.float32)


def compute_imagenet_prior(
    embeddings: NDArray[Any], layer: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> ImageNetPrior:
    """Run embeddings through ImageNet's layer.

    Args:
        embeddings: (N, D) floats, pooled features.
        layer: Weight (1000, D) and bias (1000,), as `weights.imagenet_layer` reads them.
    """
    weight, bias = layer
    result = ImageNetPrior.unknown(len(embeddings))
    for start in range(0, len(embeddings), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        logits = _times(embeddings[rows].astype(np.float32), weight.T) + bias
        kinds = np.argpartition(-logits, _KEPT, axis=1)[:, :_KEPT]
        best = np.take_along_axis(logits, kinds, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")
        kinds, best = np.take_along_axis(kinds, order, axis=1), np.take_along_axis(best, order, axis=1)
        total = np.exp(logits - best[:, :1]).sum(axis=1, keepdims=True)
        result.kinds[rows], result.shares[rows] = kinds, np.exp(best - best[:, :1]) / total
    return result


def _times(rows: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, D) times (D, K), each row as it is among others: BLAS adds up a single row in another order."""
    return np.asarray(rows @ matrix if len(rows) > 1 else (np.repeat(rows, 2, axis=0) @ matrix)[:1], np.float32)


def join_priors(parts: Sequence[ImageNetPrior]) -> ImageNetPrior:
    """Put those of several sets of photos below one another."""
    return ImageNetPrior(
        np.concatenate([each.kinds for each in parts]), np.concatenate([each.shares for each in parts])
    )
