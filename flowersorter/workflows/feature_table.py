"""The features of a garden's photos in memory, a byte each, kept in step with the cache of embeddings on disk."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.embeddings import EmbeddingStore
from flowersorter.library.garden import Garden
from flowersorter.vision.features import Features, pack
from flowersorter.vision.views import CENTRE, FLIP

#: Rows that are read, packed or allocated at a time: 8 MB of levels, and floats for 64 MB.
_BLOCK_ROWS = 4096


class FeatureTable:
    """Packed features by SHA-256; usable from every thread.

    A photo is read from the store when it is first asked for, and again after another view of it was stored.
    Blocks are never moved once they are there: growing takes no second copy of a garden's features.
    """

    def __init__(self, store: EmbeddingStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._mark = store.mark()
        self._row_of: dict[bytes, int] = {}
        self._levels: list[NDArray[np.uint8]] = []
        self._scales: list[NDArray[np.float32]] = []

    def get(self, hashes: Sequence[bytes]) -> tuple[Features, NDArray[np.intp]]:
        """The features of photos, averaged over the views they have.

        Args:
            hashes: SHA-256 of N photos.

        Returns:
            Features of M photos, a copy, and (M,) ascending positions in `hashes` of those that are embedded.
        """
        with self._lock:
            self._take_in_news()
            self._read([sha256 for sha256 in dict.fromkeys(hashes) if sha256 not in self._row_of])
            rows = np.fromiter((self._row_of.get(sha256, -1) for sha256 in hashes), np.intp, len(hashes))
            positions = np.flatnonzero(rows >= 0)
            return self._gather(rows[positions]), positions

    def _take_in_news(self) -> None:
        """Read photos again that got another view since, or forget all of them if the store was emptied."""
        news = self._store.since(self._mark)
        if news is None:
            self._row_of.clear()
            self._levels.clear()
            self._scales.clear()
            self._mark = self._store.mark()
            return
        self._mark, hashes = news
        self._read([sha256 for sha256 in dict.fromkeys(hashes) if sha256 in self._row_of])

    def _read(self, hashes: Sequence[bytes]) -> None:
        for start in range(0, len(hashes), _BLOCK_ROWS):
            block = hashes[start : start + _BLOCK_ROWS]
            features, positions = stored_features(self._store, block)
            for row, position in enumerate(positions.tolist()):
                self._put(block[position], features, row)

    def _put(self, sha256: bytes, features: Features, row: int) -> None:
        number = self._row_of.setdefault(sha256, len(self._row_of))
        block, at = divmod(number, _BLOCK_ROWS)
        if block == len(self._levels):
            self._levels.append(np.empty((_BLOCK_ROWS, features.width), np.uint8))
            self._scales.append(np.empty(_BLOCK_ROWS, np.float32))
        self._levels[block][at] = features.levels[row]
        self._scales[block][at] = features.scales[row]

    def _gather(self, rows: NDArray[np.intp]) -> Features:
        width = self._levels[0].shape[1] if self._levels else self._store.width or 0
        found = Features(np.empty((len(rows), width), np.uint8), np.empty(len(rows), np.float32))
        blocks, at = np.divmod(rows, _BLOCK_ROWS)
        for block in np.unique(blocks).tolist():
            here = np.flatnonzero(blocks == block)
            found.levels[here] = self._levels[block][at[here]]
            found.scales[here] = self._scales[block][at[here]]
        return found


def stored_features(store: EmbeddingStore, hashes: Sequence[bytes]) -> tuple[Features, NDArray[np.intp]]:
    """Read features from disk: as `FeatureTable.get`, for a block of photos that is not to be kept."""
    embeddings, positions = stored_embeddings(store, hashes)
    return pack(embeddings), positions


def stored_embeddings(
    store: EmbeddingStore, hashes: Sequence[bytes]
) -> tuple[NDArray[np.float16] | NDArray[np.float32], NDArray[np.intp]]:
    """Read embeddings: the mean of `CENTRE` and `FLIP` where both are there, else `CENTRE` alone.

    Returns:
        (M, D) embeddings and (M,) ascending positions in `hashes` of the photos that have `CENTRE`.
    """
    centre, positions = store.get(hashes, CENTRE)
    flip, flipped = store.get([hashes[position] for position in positions.tolist()], FLIP)
    if not len(flipped):
        return centre, positions
    mean = centre.astype(np.float32)
    mean[flipped] = (mean[flipped] + flip) / 2
    return mean, positions


#: The tables of each open garden, by backbone.
_tables: WeakKeyDictionary[Garden, dict[str, FeatureTable]] = WeakKeyDictionary()
_tables_lock = threading.Lock()


def feature_table(garden: Garden, backbone: str) -> FeatureTable:
    """The features of an open garden; the same table for every call with the same backbone.

    Raises:
        UserError: the cache cannot be opened.
    """
    store = garden.embeddings(backbone)
    with _tables_lock:
        tables = _tables.setdefault(garden, {})
        if backbone not in tables:
            tables[backbone] = FeatureTable(store)
        return tables[backbone]
