"""Reads the features of photos from the cache of embeddings on disk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.vision.features.packed import Features, pack
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.workflows.predicting.imagenet.prior_cache import ImageNetPriorCache


def stored_features(
    store: EmbeddingStore, hashes: Sequence[bytes], resemblances: ImageNetPriorCache | None = None
) -> tuple[Features, NDArray[np.intp]]:
    """Read features from the disk: of the mean of `CENTRE` and `WIDE` if both are cached, else of `CENTRE`.

    Returns:
        Features of M photos and (M,) ascending positions in `hashes` of those that have `CENTRE`.
    """
    centre, positions = store.get(hashes, CENTRE)
    there = [hashes[position] for position in positions.tolist()]
    kinds = None if resemblances is None else resemblances.get(there)
    wide, again = store.get(there, WIDE)
    if not len(again):
        packed = pack(centre)
        return Features(packed.quantised, packed.scale, kinds), positions
    features = Features(np.empty(centre.shape, np.uint8), np.empty(len(centre), np.float32), kinds)
    alone = np.delete(np.arange(len(centre)), again)
    for rows, packed in ((alone, pack(centre[alone])), (again, pack(centre[again], wide))):
        features.quantised[rows], features.scale[rows] = packed.quantised, packed.scale
    return features, positions
