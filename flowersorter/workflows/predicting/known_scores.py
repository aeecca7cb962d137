"""Scores of photos by one model that were stored when a folder was predicted: read instead of their embeddings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import positions_of
from flowersorter.library.cache.hash_index import HashIndex, hash_rows
from flowersorter.library.cache.score_file import StoredScores
from flowersorter.library.tables.photos import PhotoTable
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

    Args:
        photo_ids: (N,) int64, ascending.
        hashes: (N, 32) uint8, of these photos.
        numbers: (N, C + 1) float32, logits and the OOD score.

    Attributes:
        photo_ids: As above, also those that were dropped since.
    """

    def __init__(self, photo_ids: NDArray[np.int64], hashes: NDArray[np.uint8], numbers: NDArray[np.float32]) -> None:
        self.photo_ids, self._numbers = photo_ids, numbers
        self._known = np.ones(len(photo_ids), np.bool_)
        self._row_of = HashIndex()
        self._row_of.put_all(hashes, np.arange(len(hashes)))

    @classmethod
    def read(cls, stored: StoredScores, photos: PhotoTable) -> KnownScores:
        """Take over the stored scores of photos that are still those of their ids."""
        order = np.argsort(stored.photo_ids)
        ids = stored.photo_ids[order]
        there, hashes = photos.hashes(ids)
        rows = order[positions_of(there, ids)]
        now = hash_rows(hashes)
        same = (now == stored.hashes[rows]).all(axis=1)
        return cls(there[same], now[same], stored.numbers[rows[same]])

    def locate(self, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """(N,) the row of each photo, -1 for one without a score."""
        rows = positions_of(photo_ids, self.photo_ids)
        if not len(self._known):
            return rows
        return np.where((rows >= 0) & self._known[rows], rows, -1)

    def scores(self, rows: NDArray[np.intp]) -> Scores:
        """The scores in (M,) rows."""
        numbers = self._numbers[rows]
        return Scores(np.ascontiguousarray(numbers[:, :-1]), np.ascontiguousarray(numbers[:, -1]))

    def forget(self, hashes: Sequence[bytes]) -> None:
        """Drop photos of which there is another embedding now."""
        if hashes:
            rows = self._row_of.find(hashes)
            self._known[rows[rows >= 0]] = False
