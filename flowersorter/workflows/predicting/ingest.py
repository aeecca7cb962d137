"""Reads new photos, each once: a worker thread decodes and embeds a batch, the caller stores it.

Only a batch or two per thread is in memory at a time, so memory does not grow with the folder. Reading
(`read_and_embed`) needs no library, so that other processes and machines can do it (`workflows.cluster`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.place import Place, Places
from flowersorter.errors import PhotoOutOfReach, PhotoUnreadable
from flowersorter.jobs import CancelToken
from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.edited_photos import former_photos
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.library.tables.unreadable_files import find_stored, stored_sizes
from flowersorter.photos.file_bytes import hash_file
from flowersorter.photos.read import LoadedPhoto, read_photo
from flowersorter.photos.same_picture import same_picture
from flowersorter.photos.scan import folder_is_gone
from flowersorter.photos.scanning.folder_walk import why_not_decoded
from flowersorter.photos.sidecars import SidecarFinder, UnlistedFolderError
from flowersorter.photos.takeout import local_date, takeout_moment
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.features.views import CENTRE, cut
from flowersorter.vision.parallel import core_count, map_batches
from flowersorter.workflows.predicting.network_loader import Embeds, Opening
from flowersorter.workflows.predicting.viewport_priority import ViewportPriority

#: Photos that a thread decodes while the network is still being loaded, which takes some seconds.
_AHEAD = 16


@dataclass(frozen=True, slots=True)
class Block:
    """Places that were processed together, as stored in the library: read and embedded, or found unreadable.

    Those whose folder vanished are neither: they still are to be read.
    """

    places: Places
    decoded: int


@dataclass(frozen=True, slots=True, eq=False)
class ReadBatch:
    """Photos read at some places, as plain values that another process can send.

    Attributes:
        records: One for each place that could be read.
        thumbnails: JPEG of each photo that was read, by its hash.
        unreadable: Place id and reason of each file that is no photo, or a damaged one.
        out_of_reach: Place id and reason of each file whose bytes could not be read, such as on a drive that was away.
        gone: Number of places whose folder vanished; they still are to be read.
        hashes: The photos that were embedded.
        embeddings: (M, D) float16, in the order of the hashes.
        moments: When Google Takeout says that photos without a date of their own were taken, in UTC, by place id; the
            process with the library makes a date of it, so that one clock decides for all photos.
    """

    records: list[ReadRecord]
    thumbnails: dict[bytes, bytes]
    unreadable: list[tuple[int, str]]
    out_of_reach: list[tuple[int, str]]
    gone: int
    hashes: list[bytes]
    embeddings: NDArray[np.float16]
    moments: dict[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Photos read at some places, compared with the library.

    Attributes:
        places: All of them.
        read: What was read.
        same: Ids of the places that show the picture of their former file.
        files: The hash of each unreadable file that a person may have labelled, by place id.
    """

    places: Places
    read: ReadBatch
    same: set[int]
    files: dict[int, bytes]


def ingest(
    collection: CollectionStore,
    places: Sequence[Place],
    backbone: Backbone,
    opening: Opening,
    cancel: CancelToken,
    priority: ViewportPriority | None = None,
) -> Iterator[Block]:
    """Read, embed and store photos; yield a block each time some are stored in the library.

    Raises:
        Cancelled: asked to stop; blocks already yielded stay.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    workers = core_count()
    store = collection.embeddings(backbone.name)
    finder = SidecarFinder()

    def work(batch: Sequence[Place]) -> _Batch:
        def wanted(hashes: list[bytes]) -> list[bytes]:
            return store.missing(hashes, CENTRE)

        def network() -> Embeds:
            return opening.wait(cancel)

        read = read_and_embed(batch, backbone, network, finder, cancel, wanted, collection.thumbnails.put)
        return _compared(collection, Places.of(batch), read, cancel)

    batches = batches_in_view(places, opening, priority or ViewportPriority(), workers)
    for finished in map_batches(batches, work, workers, cancel):
        for batch in finished:
            yield _store(collection, store, batch)
        cancel.check()


def store_read(
    collection: CollectionStore, backbone: str, places: Places, read: ReadBatch, cancel: CancelToken
) -> Block:
    """Store what another process read, with its thumbnails.

    Args:
        collection: Gets the photos.
        backbone: Name of the backbone that embedded them.
        places: The places of the batch.
        read: What was read of them.
        cancel: Checked while unreadable files are compared with labelled ones.

    Raises:
        Cancelled: asked to stop; nothing of the batch was stored but thumbnails.
    """
    for sha256, jpeg in read.thumbnails.items():
        collection.thumbnails.put(sha256, jpeg)
    return _store(collection, collection.embeddings(backbone), _compared(collection, places, read, cancel))


def _store(collection: CollectionStore, store: EmbeddingStore, batch: _Batch) -> Block:
    read = batch.read
    # Embeddings first, so that every photo in the library is complete.
    if read.hashes:
        store.append(read.hashes, CENTRE, read.embeddings)
    if read.records:
        collection.photos.record(read.records, batch.same)
    if read.unreadable:
        collection.photos.record_unreadable(read.unreadable)
    if batch.files:
        find_stored(collection.database, batch.files)
    if read.out_of_reach:
        collection.photos.record_unreadable(read.out_of_reach, try_again=True)
    now = collection.photos.places(batch.places.ids.tolist())
    return Block(now, decoded=len(read.records))


def _compared(collection: CollectionStore, places: Places, read: ReadBatch, cancel: CancelToken) -> _Batch:
    files = _labelled_files(collection, places, read.unreadable, cancel)
    read = replace(read, records=[_dated(record, read.moments) for record in read.records])
    return _Batch(places, read, _edited(collection, read.records, read.thumbnails), files)


def batches_in_view(
    places: Sequence[Place], opening: Opening, priority: ViewportPriority, workers: int
) -> Iterator[Places]:
    """Divide places into batches, those in view first, with which all workers end at about the same time.

    A place becomes an object in the thread that reads it: a loop over all of them here would block the GUI.
    """
    places = Places.of(places)
    row_of = dict(zip(places.ids.tolist(), range(len(places)), strict=True))  # of those that wait
    line = iter(places.ids.tolist())
    while row_of:
        size = min(opening.batch_size or _AHEAD, math.ceil(len(row_of) / workers))
        first = [place_id for place_id in priority.take() if place_id in row_of][:size]
        batch = [row_of.pop(place_id) for place_id in first]
        while len(batch) < size:
            row = row_of.pop(next(line), None)
            if row is not None:
                batch.append(row)
        yield places.take(np.array(batch, np.intp))


def _every(hashes: list[bytes]) -> list[bytes]:
    return hashes


def _keep_none(sha256: bytes, jpeg: bytes) -> None:
    """The caller stores the thumbnails of the batch."""


def read_and_embed(
    places: Sequence[Place],
    backbone: Backbone,
    network: Callable[[], Embeds],
    finder: SidecarFinder,
    cancel: CancelToken,
    wanted: Callable[[list[bytes]], list[bytes]] = _every,
    keep: Callable[[bytes, bytes], None] = _keep_none,
) -> ReadBatch:
    """Read and embed a batch in any thread or process; uses no library.

    Args:
        places: Few enough for memory: the pixels of all of them are held until they are embedded.
        backbone: The backbone.
        network: Gives the network, once photos are to be embedded.
        finder: Finds the files of Google Takeout beside the photos.
        cancel: Checked for each photo.
        wanted: Selects the hashes of the photos that are to be embedded.
        keep: Gets the hash and the thumbnail of each photo, also of a batch that is abandoned.

    Raises:
        Cancelled: asked to stop.
        UserError: the network could not be loaded.
    """
    records, unreadable, out_of_reach = list[ReadRecord](), list[tuple[int, str]](), list[tuple[int, str]]()
    photos, moments = dict[bytes, LoadedPhoto](), dict[int, datetime]()
    gone = 0
    for place in places:
        cancel.check()
        if (reason := why_not_decoded(place.path.name)) is not None:
            unreadable.append((place.id, reason))
            continue
        try:
            photo = read_photo(place.path, short_side_px=backbone.short_side_px)
        except PhotoUnreadable as error:
            if isinstance(error, PhotoOutOfReach) and folder_is_gone(place.path.parent):
                gone += 1
                continue  # not the photo's fault: it stays to be read
            problems = out_of_reach if isinstance(error, PhotoOutOfReach) else unreadable
            problems.append((place.id, error.why or error.what))
            continue
        cancel.check()  # decoding it may have outlasted the job, and the collection
        records.append(_record(place, photo))
        if photo.metadata.taken_at is None:
            moment = _takeout_moment(finder, place.path)
            if moment is not None:
                moments[place.id] = moment
        photos[photo.sha256] = photo  # copies in one batch are embedded once
        keep(photo.sha256, photo.small)
    hashes = wanted(list(photos))
    embeddings = np.empty((0, 0), np.float16)
    if hashes:
        crops = [cut(photos[sha256].pixels, CENTRE, backbone.crop_px) for sha256 in hashes]
        embeddings = network().embed(np.stack(crops))
    thumbnails = {sha256: photo.small for sha256, photo in photos.items()}
    return ReadBatch(records, thumbnails, unreadable, out_of_reach, gone, hashes, embeddings, moments)


def _takeout_moment(finder: SidecarFinder, photo: Path) -> datetime | None:
    """When a photo was taken by the files of Google Takeout beside it; None where these cannot be found."""
    try:
        return takeout_moment((*finder.of(photo), *finder.of_original(photo)))
    except UnlistedFolderError:
        return None


def _labelled_files(
    collection: CollectionStore, places: Sequence[Place], unreadable: Sequence[tuple[int, str]], cancel: CancelToken
) -> dict[int, bytes]:
    """Hash the unreadable files of the same size as one that a person labelled; by place id."""
    sizes = stored_sizes(collection.database) if unreadable else frozenset()
    ids = {place_id for place_id, _ in unreadable}
    hashes = dict[int, bytes]()
    for place in places if sizes else ():
        if place.id in ids and place.size_bytes in sizes:
            with suppress(PhotoUnreadable):
                hashes[place.id] = hash_file(place.path, cancel).sha256
    return hashes


def _edited(collection: CollectionStore, records: Sequence[ReadRecord], thumbnails: Mapping[bytes, bytes]) -> set[int]:
    """Find the places that show the picture of their former file."""
    former = former_photos(collection.database, [record.place_id for record in records])
    same = set[int]()
    for record in records:
        before = former.get(record.place_id)
        small = None if before is None else collection.thumbnails.get(before[1])
        if before is not None and (
            before[1] == record.sha256 or (small is not None and same_picture(small, thumbnails[record.sha256]))
        ):
            same.add(record.place_id)
    return same


def _dated(record: ReadRecord, moments: Mapping[int, datetime]) -> ReadRecord:
    moment = moments.get(record.place_id)
    return record if moment is None else replace(record, taken_at=local_date(moment).isoformat())


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
        remark=photo.remark,
    )
