"""ImageNet prior: likeliest ImageNet classes of photos, and how unusual they are among labelled photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.parallel import one_blas_thread

#: Number of ImageNet classes.
IMAGENET_CLASSES = 1000
#: Classes kept of a photo. The AUROC of unknown photos is 0.001 higher with 50, and as much lower with 10.
_KEPT = 20
#: Least frequency of a class, so that the surprise is finite.
_FLOOR = np.float32(1e-6)
_BLOCK_ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class ImageNetPrior:
    """Likeliest ImageNet classes of N photos.

    Attributes:
        imagenet_ids: (N, K) uint16, class indices, the likeliest first.
        probabilities: (N, K) float16, their probabilities; all 0 for a photo without a prediction.
    """

    imagenet_ids: NDArray[np.uint16]
    probabilities: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.imagenet_ids)

    @classmethod
    def unknown(cls, photos: int) -> ImageNetPrior:
        """Make the prior of photos without a prediction."""
        return cls(np.zeros((photos, _KEPT), np.uint16), np.zeros((photos, _KEPT), np.float16))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> ImageNetPrior:
        """Select photos by number, mask or slice."""
        return ImageNetPrior(self.imagenet_ids[rows], self.probabilities[rows])

    @property
    def known(self) -> NDArray[np.bool_]:
        """(N,) whether a photo has a prediction."""
        return np.asarray(self.probabilities[:, 0] > 0, np.bool_)

    def as_numbers(self) -> NDArray[np.float16]:
        """Encode as (N, 2 K) for `from_numbers`: float16 holds every whole number up to 2048."""
        return np.hstack([self.imagenet_ids.astype(np.float16), self.probabilities])

    @classmethod
    def from_numbers(cls, numbers: NDArray[np.float16]) -> ImageNetPrior:
        """Decode `as_numbers`."""
        imagenet_ids, probabilities = np.split(numbers, 2, axis=1)
        return cls(imagenet_ids.astype(np.uint16), np.ascontiguousarray(probabilities))

    def class_frequency(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the weighted frequency of each ImageNet class; (1000,) float32.

        Args:
            weights: (N,) weights of the photos.
        """
        return self.class_sums(weights).astype(np.float32)

    def class_sums(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """As `class_frequency`, (1000,) float64, to be added up."""
        probabilities = self.probabilities * weights[:, None]
        return np.asarray(np.bincount(self.imagenet_ids.ravel(), probabilities.ravel(), IMAGENET_CLASSES), np.float64)

    def surprise(self, reference: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the surprise of each photo: minus the logarithm of its expected class frequency.

        Args:
            reference: (1000,) frequencies of the ImageNet classes among labelled photos.

        Returns:
            (N,) float32; NaN for a photo without a prediction.
        """
        met = np.einsum("nk,nk->n", reference[self.imagenet_ids], self.probabilities, dtype=np.float32)
        return np.asarray(np.where(self.known, -np.log(met + _FLOOR), np.nan), np.float32)


def compute_imagenet_prior(
    embeddings: NDArray[Any], layer: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> ImageNetPrior:
    """Apply the ImageNet layer to embeddings.

    Args:
        embeddings: (N, D) floats, pooled features.
        layer: Weight (1000, D) and bias (1000,), as `weights.imagenet_layer` reads them.
    """
    weight, bias = layer
    result = ImageNetPrior.unknown(len(embeddings))
    for start in range(0, len(embeddings), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        logits = _times(embeddings[rows].astype(np.float32), weight.T) + bias
        imagenet_ids = np.argpartition(-logits, _KEPT, axis=1)[:, :_KEPT]
        best = np.take_along_axis(logits, imagenet_ids, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")
        imagenet_ids, best = np.take_along_axis(imagenet_ids, order, axis=1), np.take_along_axis(best, order, axis=1)
        total = np.exp(logits - best[:, :1]).sum(axis=1, keepdims=True)
        result.imagenet_ids[rows], result.probabilities[rows] = imagenet_ids, np.exp(best - best[:, :1]) / total
    return result


def _times(rows: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, D) times (D, K), each row by itself: BLAS adds up in an order that the number of rows and threads decide."""
    with one_blas_thread():
        return np.stack([row @ matrix for row in rows])


def join_priors(parts: Sequence[ImageNetPrior]) -> ImageNetPrior:
    """Concatenate the priors of several sets of photos."""
    return ImageNetPrior(
        np.concatenate([each.imagenet_ids for each in parts]), np.concatenate([each.probabilities for each in parts])
    )
