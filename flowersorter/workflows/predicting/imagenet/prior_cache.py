"""Caches the ImageNet probabilities of a collection's photos; computed once per photo."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import ModelFileBad
from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.load_weights import imagenet_layer
from flowersorter.vision.backbone.registry import backbone as backbone_named
from flowersorter.vision.backbone.registry import base_name, is_finetuned
from flowersorter.vision.backbone.weights_files import find_weights
from flowersorter.vision.features.imagenet_prior import ImageNetPrior, compute_imagenet_prior
from flowersorter.vision.features.views import CENTRE

#: Fewer photos than this are computed anew at every request, and not stored.
_WORTH_WRITING = 256


class ImageNetPriorCache:
    """The ImageNet probabilities of a collection's photos, by hash; usable from every thread.

    A finetuned network has no ImageNet layer: its base network is used, for photos with an embedding of it.

    Args:
        embeddings: Inputs of the layer.
        kept: Stores the probabilities.
        backbone: The network of the layer.
    """

    def __init__(self, embeddings: EmbeddingStore, kept: EmbeddingStore, backbone: str) -> None:
        self._embeddings, self._kept, self._backbone = embeddings, kept, backbone
        self._hashed: tuple[object, bytes] | None = None  # a layer and its hash

    @classmethod
    def of(cls, collection: CollectionStore, backbone: str) -> ImageNetPriorCache:
        """Open the cache that belongs to a backbone's features.

        Raises:
            UserError: the cache cannot be opened.
        """
        base = base_name(backbone)
        return cls(collection.embeddings(base), collection.embeddings(f"{base}.imagenet"), base)

    def layer_key(self) -> bytes:
        """Hash of the ImageNet layer; b"" for a backbone without one, and where it cannot be read at once."""
        layer = layer_of(self._backbone)
        if layer is None:
            return b""
        if self._hashed is None or self._hashed[0] is not layer:
            self._hashed = layer, hashlib.sha256(b"".join(part.tobytes() for part in layer)).digest()
        return self._hashed[1]

    def get(self, hashes: Sequence[bytes]) -> ImageNetPrior | None:
        """Return the ImageNet probabilities of N photos; None for a backbone without an ImageNet layer."""
        layer = layer_of(self._backbone)
        if layer is None:
            return None
        result = ImageNetPrior.unknown(len(hashes))
        numbers, positions = self._kept.get(hashes, CENTRE)
        if len(positions) and numbers.shape[1] == result.as_numbers().shape[1]:
            _put(result, positions, ImageNetPrior.from_numbers(numbers))
        lacking = np.flatnonzero(~result.known).tolist()
        asked = [hashes[position] for position in lacking]
        embeddings, found = self._embeddings.get(asked, CENTRE)
        if len(found):
            new = compute_imagenet_prior(embeddings, layer)
            _put(result, np.array(lacking, np.intp)[found], new)
            if len(found) >= _WORTH_WRITING and not self._kept.read_only:
                self._kept.append([asked[position] for position in found.tolist()], CENTRE, new.as_numbers())
        return result


def _put(result: ImageNetPrior, rows: NDArray[np.intp], part: ImageNetPrior) -> None:
    result.imagenet_ids[rows], result.probabilities[rows] = part.imagenet_ids, part.probabilities


@lru_cache(maxsize=2)
def _read_layer(name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    try:
        return imagenet_layer(backbone_named(name))
    except ModelFileBad:
        return None  # embedding a photo will raise it


def layer_of(name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return the ImageNet layer of a backbone; None if there is none, or if it cannot be read at once.

    A file in torch's format cannot: loading torch would delay a known collection by seconds.
    """
    if is_finetuned(name):
        return None
    path = find_weights(backbone_named(name))
    return None if path is None or path.suffix != ".safetensors" else _read_layer(name)
