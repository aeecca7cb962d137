"""Reading new photos once: decode in threads, embed in batches, remember in blocks.

The calling thread runs the network; a small pool reads and decodes ahead of it, a bounded number of photos at a
time, so memory does not grow with the folder.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from flowersorter.errors import PhotoUnreadable
from flowersorter.job import CancelToken
from flowersorter.library.garden import Garden
from flowersorter.library.photos import Place, ReadRecord
from flowersorter.photos.read import LoadedPhoto, read_photo
from flowersorter.vision.backbones import Backbone
from flowersorter.vision.views import cut
from flowersorter.workflows.guess import VIEWS
from flowersorter.workflows.network import Embeds, Opening

#: Photos decoded ahead while the network is still being opened.
_FIRST_BATCH = 8


@dataclass(frozen=True, slots=True)
class Block:
    """Places dealt with together: read and embedded, or found unreadable; as they are in the library now."""

    places: tuple[Place, ...]
    decoded: int


def needing_work(garden: Garden, backbone: str, places: Sequence[Place]) -> list[Place]:
    """Pick the places whose photo was not read yet or has no embedding of this backbone."""
    known = {place.photo_id for place in places if place.photo_id is not None}
    photos = garden.photos.photos(sorted(known))
    hashes = [photo.sha256 for photo in photos.values()]
    store = garden.embeddings(backbone)
    without = {sha256 for view in VIEWS for sha256 in store.missing(hashes, view)}
    wanted, seen = [], set[int]()
    for place in places:
        if place.error is not None:
            continue
        if place.photo_id is None:
            wanted.append(place)
        elif photos[place.photo_id].sha256 in without and place.photo_id not in seen:
            seen.add(place.photo_id)  # one place is enough to embed a photo from
            wanted.append(place)
    return wanted


def ingest(
    garden: Garden, places: Sequence[Place], backbone: Backbone, opening: Opening, cancel: CancelToken
) -> Iterator[Block]:
    """Read, embed and remember photos; yields a block each time some are safely in the library.

    Raises:
        Cancelled: asked to stop; blocks already yielded stay.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    workers = max(1, os.cpu_count() or 1)
    batch = _FIRST_BATCH
    loading: deque[tuple[Place, Future[LoadedPhoto]]] = deque()
    waiting = deque(places)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        while waiting or loading:
            while waiting and len(loading) < 2 * batch + workers:
                place = waiting.popleft()
                read = pool.submit(read_photo, place.path, short_side_px=backbone.short_side_px)
                loading.append((place, read))
            embedder = opening.wait(cancel)  # the first photos are being decoded meanwhile
            batch = max(1, embedder.batch_size // len(VIEWS))
            taken = [loading.popleft() for _ in range(min(batch, len(loading)))]
            yield _finish(garden, taken, backbone, embedder, cancel)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # reading leaves no trace: nobody waits for it


def _finish(
    garden: Garden,
    taken: Sequence[tuple[Place, Future[LoadedPhoto]]],
    backbone: Backbone,
    embedder: Embeds,
    cancel: CancelToken,
) -> Block:
    """Embed one batch and write it down: embeddings first, so that a photo in the library is a finished one."""
    loaded: list[tuple[Place, LoadedPhoto]] = []
    unreadable: list[tuple[int, str]] = []
    for place, read in taken:
        try:
            loaded.append((place, read.result()))
        except PhotoUnreadable as error:
            unreadable.append((place.id, error.why or error.what))
        cancel.check()
    if loaded:
        _remember(garden, loaded, backbone, embedder, cancel)
    if unreadable:
        garden.photos.record_unreadable(unreadable)
    now = garden.photos.places([place.id for place, _ in taken])
    return Block(tuple(now), decoded=len(loaded))


def _remember(
    garden: Garden,
    loaded: Sequence[tuple[Place, LoadedPhoto]],
    backbone: Backbone,
    embedder: Embeds,
    cancel: CancelToken,
) -> None:
    store = garden.embeddings(backbone.name)
    first = {photo.sha256: photo for _, photo in loaded}  # copies in one batch are embedded once
    for view in VIEWS:
        hashes = store.missing(list(first), view)
        if hashes:
            crops = np.stack([cut(first[sha256].pixels, view, backbone.crop_px) for sha256 in hashes])
            store.append(hashes, view, embedder.embed(crops))
        cancel.check()
    for sha256, photo in first.items():
        garden.thumbnails.put(sha256, photo.thumbnail)
    garden.photos.record([_record(place, photo) for place, photo in loaded])


def _record(place: Place, photo: LoadedPhoto) -> ReadRecord:
    taken_at = photo.metadata.taken_at
    return ReadRecord(
        place_id=place.id,
        sha256=photo.sha256,
        size_bytes=photo.size_bytes,
        mtime_ns=photo.mtime_ns,
        width_px=photo.metadata.width_px,
        height_px=photo.metadata.height_px,
        taken_at=taken_at.isoformat() if taken_at else None,
        camera=photo.metadata.camera,
    )
