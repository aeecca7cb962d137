"""Embeds further views of known photos, cut from their thumbnails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import PhotoRecord
from flowersorter.photos.read import read_photo, read_small
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.features.views import cut
from flowersorter.vision.parallel import core_count, map_batches
from flowersorter.workflows.predicting.network_loader import Opening

_BATCH = 8


def without_view(
    collection: CollectionStore, backbone: str, photo_ids: NDArray[np.int64], view: str
) -> list[PhotoRecord]:
    """Select the photos without an embedding of this view.

    Args:
        collection: Has the cache.
        backbone: Name of the backbone.
        photo_ids: (N,).
        view: The view.
    """
    return lacking_view(collection, backbone, *collection.photos.hashes(photo_ids), view)


def lacking_view(
    collection: CollectionStore, backbone: str, known: NDArray[np.int64], hashes: Sequence[bytes], view: str
) -> list[PhotoRecord]:
    """As `without_view`, of (N,) photos whose hashes the caller has."""
    missing = set(collection.embeddings(backbone).missing(hashes, view))
    if not missing:
        return []
    lacking = [photo_id for photo_id, sha256 in zip(known.tolist(), hashes, strict=True) if sha256 in missing]
    return list(collection.photos.photos(lacking).values())


def embed_view(
    collection: CollectionStore,
    photos: Sequence[PhotoRecord],
    view: str,
    backbone: Backbone,
    opening: Opening,
    cancel: CancelToken,
) -> Iterator[list[PhotoRecord]]:
    """Embed one view of known photos; photos that cannot be read any more are left out.

    Yields:
        Blocks of finished photos.

    Raises:
        Cancelled: asked to stop; blocks yielded until then are stored.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    store = collection.embeddings(backbone.name)

    def work(batch: Sequence[PhotoRecord]) -> tuple[Sequence[PhotoRecord], list[bytes], list[NDArray[np.float16]]]:
        crops: dict[bytes, NDArray[np.uint8]] = {}
        for photo in batch:
            cancel.check()
            pixels = pixels_of(collection, photo, backbone.short_side_px)
            if pixels is not None:
                crops[photo.sha256] = cut(pixels, view, backbone.crop_px)
        network = opening.wait(cancel)
        return batch, list(crops), [network.embed(np.stack(list(crops.values())))] if crops else []

    workers = core_count()
    for finished in map_batches(_batches(photos, workers), work, workers, cancel):
        for batch, hashes, embeddings in finished:
            if embeddings:
                store.append(hashes, view, embeddings[0])
            yield list(batch)
        cancel.check()


def _batches(photos: Sequence[PhotoRecord], workers: int) -> Iterator[Sequence[PhotoRecord]]:
    """Divide photos into batches with which all workers end at about the same time, even for few photos."""
    start = 0
    while start < len(photos):
        size = min(_BATCH, math.ceil((len(photos) - start) / workers))
        yield photos[start : start + size]
        start += size


def pixels_of(collection: CollectionStore, photo: PhotoRecord, short_side_px: int) -> NDArray[np.uint8] | None:
    """Return (H, W, 3) uint8 pixels of a known photo, from its thumbnail or else its file; None if both are missing."""
    jpeg = collection.thumbnails.get(photo.sha256)
    pixels = None if jpeg is None else read_small(jpeg, short_side_px=short_side_px)
    if pixels is not None:
        return pixels
    for place in collection.photos.places_of(photo.id):
        if place.missing:
            continue
        try:
            loaded = read_photo(place.path, short_side_px=short_side_px)
        except PhotoUnreadable:
            continue
        if loaded.sha256 == photo.sha256:  # else it was changed since the last scan
            collection.thumbnails.put(photo.sha256, loaded.small)
            return loaded.pixels
    return None
