"""Scores of photos by one model that were stored when a folder was predicted: read instead of their embeddings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import positions_of
from flowersorter.library.cache.hash_index import HashIndex, hash_rows
from flowersorter.library.cache.score_file import StoredScores
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import Scores

#: Raise it when the same model would score the same embeddings otherwise.
_EDITION = 1


def key_of(model: Model) -> bytes:
    """Hash all that determines the scores of a model, as `ScoredBy` compares it; 32 bytes."""
    detector = model.ood_detector
    arrays = (
        *(model.weight, model.bias, detector.centres, detector.directions),
        *(detector.reference, detector.mean_std, detector.weights),
    )
    digest = hashlib.sha256(f"{_EDITION} {model.backbone} {model.temperature!r}".encode() + detector.key)
    for array in arrays:
        digest.update(repr(array.shape).encode() + np.ascontiguousarray(array, np.float32).tobytes())
    return digest.digest()


class KnownScores:
    """The scores of photos by one model; for one thread at a time.

    An id can be of another photo in a library that was restored: stored scores count once the hash of their photo was
    compared.

    Args:
        photo_ids: (N,) int64, ascending.
        hashes: (N, 32) uint8, of these photos.
        numbers: (N, C + 1) float32, logits and the OOD score.
        compared: Whether the ids are known to be of photos with these hashes.

    Attributes:
        photo_ids: As above, also those that were dropped since.
    """

    def __init__(
        self,
        photo_ids: NDArray[np.int64],
        hashes: NDArray[np.uint8],
        numbers: NDArray[np.float32],
        *,
        compared: bool = True,
    ) -> None:
        self.photo_ids, self._hashes, self._numbers = photo_ids, hashes, numbers
        self._known = np.ones(len(photo_ids), np.bool_)
        self._compared = np.full(len(photo_ids), compared, np.bool_)
        self._row_of: HashIndex | None = None

    @classmethod
    def of(cls, stored: StoredScores) -> KnownScores:
        """Take over stored scores; their hashes have to be compared."""
        ids, hashes, numbers = stored.photo_ids, stored.hashes, stored.numbers
        if (ids[1:] < ids[:-1]).any():
            order = np.argsort(ids)
            ids, hashes, numbers = ids[order], hashes[order], numbers[order]
        return cls(ids, hashes, numbers, compared=False)

    def to_compare(self, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the photos whose hashes have to be compared before they are located."""
        rows = positions_of(photo_ids, self.photo_ids)
        there = np.flatnonzero(rows >= 0)
        left: NDArray[np.int64] = photo_ids[there[~self._compared[rows[there]]]]
        return left

    def compare(self, photo_ids: NDArray[np.int64], hashes: Sequence[bytes]) -> None:
        """Drop scores of photos that have other hashes than these, (M,) each."""
        rows = positions_of(photo_ids, self.photo_ids)
        now = hash_rows(hashes)[rows >= 0]
        rows = rows[rows >= 0]
        self._known[rows] &= (now == self._hashes[rows]).all(axis=1)
        self._compared[rows] = True

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
