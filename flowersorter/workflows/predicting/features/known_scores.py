"""Scores of photos by one model that were stored when a folder was predicted: read instead of their embeddings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import positions_of
from flowersorter.library.cache.hash_index import HASH_BYTES, HashIndex
from flowersorter.library.cache.score_file import StoredScores
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import Scores
from flowersorter.vision.features.packed import Features
from flowersorter.workflows.predicting.imagenet.prior_cache import ImageNetPriorCache

#: Scores of at most this many classes are kept: they take an eighth of the memory of the coordinates.
MOST_CLASSES = 48
#: Raise it when the same model would score the same embeddings otherwise.
_EDITION = 2


def scoring_key(model: Model, resemblances: ImageNetPriorCache | None = None) -> bytes | None:
    """Hash all that determines the scores of a model besides the embeddings, as `ScoredBy` compares it.

    Args:
        model: The model.
        resemblances: Computes the ImageNet probabilities on which scores can depend.

    Returns:
        32 bytes; None where scores are not stored.
    """
    detector, layer = model.ood_detector, b""
    if len(model.class_names) > MOST_CLASSES:
        return None
    if detector.reference.any():
        layer = b"" if resemblances is None else resemblances.layer_key()
        if not layer:
            return None
    arrays = (
        *(model.weight, model.bias, detector.centres, detector.directions),
        *(detector.reference, detector.mean_std, detector.weights),
    )
    digest = hashlib.sha256(f"{_EDITION} {model.backbone} {model.temperature!r} {layer.hex()}".encode() + detector.key)
    for array in arrays:
        digest.update(repr(array.shape).encode() + np.ascontiguousarray(array, np.float32).tobytes())
    return digest.digest()


def are_final(model: Model, features: Features) -> NDArray[np.bool_]:
    """(N,) whether all that the scores of photos depend on is known.

    The ImageNet layer, or the embedding by the base of a finetuned network, may come later.
    """
    if not model.ood_detector.reference.any():
        return np.ones(len(features), np.bool_)
    prior = features.imagenet_prior
    return np.zeros(len(features), np.bool_) if prior is None else prior.known


class KnownScores:
    """The scores of photos by one model; for one thread at a time.

    A score belongs to a hash. The hash of an id changes when the file is edited, and with the library that is restored:
    a score counts while its hash is known to be the present one of its photo.

    Args:
        photo_ids: (N,) int64, ascending.
        hashes: (N, 32) uint8, of these photos.
        numbers: (N, C + 1) float32, logits and the OOD score.
        compared: (N,) bool, whether the ids are known to be of photos with these hashes; None for none of them.

    Attributes:
        photo_ids: As above, also those that were dropped since.
    """

    def __init__(
        self,
        photo_ids: NDArray[np.int64],
        hashes: NDArray[np.uint8],
        numbers: NDArray[np.float32],
        compared: NDArray[np.bool_] | None = None,
    ) -> None:
        self.photo_ids, self._hashes, self._numbers = photo_ids, hashes, numbers
        self._known = np.ones(len(photo_ids), np.bool_)
        self._compared = np.zeros(len(photo_ids), np.bool_) if compared is None else compared
        self._row_of: HashIndex | None = None

    @classmethod
    def none(cls, numbers: int) -> KnownScores:
        """Those of no photos, with so many numbers a photo."""
        return cls(np.empty(0, np.int64), np.empty((0, HASH_BYTES), np.uint8), np.empty((0, numbers), np.float32))

    @classmethod
    def of(cls, stored: StoredScores) -> KnownScores:
        """Take over stored scores; their hashes have to be compared."""
        return cls(*_by_id(stored.photo_ids, stored.hashes, stored.numbers))

    def with_added(
        self, photo_ids: NDArray[np.int64], hashes: NDArray[np.uint8], numbers: NDArray[np.float32]
    ) -> KnownScores:
        """Make those of more photos, (M,) each, which have these hashes now, and of all that were not dropped."""
        kept = np.flatnonzero(self._known & ~np.isin(self.photo_ids, photo_ids))
        return KnownScores(
            *_by_id(
                np.append(self.photo_ids[kept], photo_ids),
                np.vstack([self._hashes[kept], hashes]),
                np.vstack([self._numbers[kept], numbers]),
                np.append(self._compared[kept], np.ones(len(photo_ids), np.bool_)),
            )
        )

    def to_store(self, scoring: bytes, embeddings: bytes, rows: int) -> StoredScores:
        """All scores with their hashes, with the keys that `StoredScores` has."""
        return StoredScores(scoring, embeddings, rows, self.photo_ids, self._hashes, self._numbers)

    def to_compare(self, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the photos whose hashes have to be compared before they are located."""
        rows = positions_of(photo_ids, self.photo_ids)
        there = np.flatnonzero(rows >= 0)
        left: NDArray[np.int64] = photo_ids[there[~self._compared[rows[there]]]]
        return left

    def hashes_of(self, photo_ids: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(M, 32) the hashes that the scores of these photos are of; all of them have scores."""
        hashes: NDArray[np.uint8] = self._hashes[positions_of(photo_ids, self.photo_ids)]
        return hashes

    def compare(self, photo_ids: NDArray[np.int64], same: NDArray[np.bool_]) -> None:
        """Drop scores of photos that have other hashes now than these scores, (M,) each."""
        rows = positions_of(photo_ids, self.photo_ids)
        self._known[rows] &= same
        self._compared[rows] = True

    def compare_again(self, photo_ids: NDArray[np.int64]) -> None:
        """Let the hashes of these photos be compared before they are located: they have changed."""
        rows = positions_of(photo_ids, self.photo_ids)
        self._compared[rows[rows >= 0]] = False

    def locate(self, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """(N,) the row of each photo, -1 for one without a score that counts."""
        rows = positions_of(photo_ids, self.photo_ids)
        if not len(self._known):
            return rows
        return np.where((rows >= 0) & self._known[rows] & self._compared[rows], rows, -1)

    def scores(self, rows: NDArray[np.intp]) -> Scores:
        """The scores in (M,) rows."""
        numbers = self._numbers[rows]
        return Scores(np.ascontiguousarray(numbers[:, :-1]), np.ascontiguousarray(numbers[:, -1]))

    def forget(self, hashes: Sequence[bytes]) -> None:
        """Drop photos of which there is another embedding now."""
        if not hashes:
            return
        if self._row_of is None:
            self._row_of = HashIndex()
            self._row_of.put_all(self._hashes, np.arange(len(self._hashes)))
        rows = self._row_of.find(hashes)
        self._known[rows[rows >= 0]] = False


def _by_id(photo_ids: NDArray[np.int64], *columns: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Sort columns by their photo ids."""
    if (photo_ids[1:] > photo_ids[:-1]).all():
        return photo_ids, *columns
    order = np.argsort(photo_ids)
    return photo_ids[order], *(column[order] for column in columns)
