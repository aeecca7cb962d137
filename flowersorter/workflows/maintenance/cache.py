"""Measures, limits and empties the thumbnail cache. A deleted thumbnail is computed again when it is needed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from operator import itemgetter

from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.cache.thumbnails import CacheFile
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import CACHE_LIMIT_MB, CACHE_MEASURED
from flowersorter.messages import text

MB = 1_000_000
_DAY_S = 24 * 60 * 60
#: A thumbnail is written within seconds: a temporary file of an hour ago was left by a crash.
_STALE_S = 60 * 60
#: Photos missing for less than this may be on a drive that is unplugged for a while.
_LONG_S = 30 * _DAY_S
#: Share of the limit that cleaning shrinks the cache to, so that the next folder does not exceed it at once.
_ROOM = 0.9


@dataclass(frozen=True, slots=True)
class CacheState:
    """The sizes of a collection's caches.

    Attributes:
        pictures: Number of thumbnails.
        picture_bytes: Their size.
        photos: Number of photos in the library.
        embedding_bytes: Size of the embeddings of all backbones; cleaning keeps them.
        limit_mb: Limit of the thumbnails in MB; 0 for no limit.
    """

    pictures: int
    picture_bytes: int
    photos: int
    embedding_bytes: int
    limit_mb: int


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The result of cleaning.

    Attributes:
        pictures: Number of thumbnails deleted.
        freed_bytes: Disk space freed, also by deleting unfinished files.
    """

    pictures: int
    freed_bytes: int


def cache_limit_mb(collection: CollectionStore) -> int:
    """Return the limit of the thumbnail cache in millions of bytes; 0 for no limit."""
    return max(0, collection.settings.get(CACHE_LIMIT_MB))


def set_cache_limit(collection: CollectionStore, limit_mb: int) -> None:
    """Store another limit. The next cleaning, which is due at once, applies it."""
    collection.settings.set(CACHE_LIMIT_MB, limit_mb)


def cache_state(collection: CollectionStore) -> CacheState:
    """Measure the caches; takes about a second for 100,000 photos."""
    pictures = picture_bytes = 0
    for files in collection.thumbnails.files():
        sizes = [file.size_bytes for file in files if file.sha256 is not None]
        pictures += len(sizes)
        picture_bytes += sum(sizes)
    photos = collection.database.query("SELECT COUNT(*) AS photos FROM photos")[0]["photos"]
    folder = collection.folder / "embeddings"
    embeddings = sum(file.stat().st_size for file in folder.glob("*.*") if file.is_file())
    return CacheState(pictures, picture_bytes, int(photos), embeddings, cache_limit_mb(collection))


def cleaning_due(collection: CollectionStore) -> bool:
    """Whether the cache should be cleaned: once a day, and when it exceeds its limit."""
    measured = collection.settings.get(CACHE_MEASURED)
    since = time.time() - measured.get("at", 0)
    if not 0 <= since < _DAY_S:
        return True
    limit_mb = cache_limit_mb(collection)
    return bool(limit_mb) and measured.get("bytes", 0) + collection.thumbnails.written_bytes > limit_mb * MB


def clean_cache(collection: CollectionStore, report: Report, cancel: CancelToken) -> Cleaned:
    """Delete unfinished files and, above the limit, the least useful thumbnails.

    Thumbnails of photos that the library does not know go first, then those of photos missing for long, then the least
    recently used. Run it while no job reads photos: that would compute the deleted thumbnails again.

    Raises:
        Cancelled: asked to stop; deleted files stay deleted.
    """
    report(Progress(text("Tidying up"), 0))
    collection.thumbnails.take_written_bytes()
    now = time.time()
    kept: list[CacheFile] = []
    removed, freed = 0, 0
    for files in collection.thumbnails.files():
        cancel.check()
        for file in files:
            if file.sha256 is not None:
                kept.append(file)
            elif now - file.used_at > _STALE_S and collection.thumbnails.remove(file):
                freed += file.size_bytes
    total = sum(file.size_bytes for file in kept)
    limit = cache_limit_mb(collection) * MB
    if limit and total > limit:
        for file in _least_missed_first(collection, kept, now):
            cancel.check()
            if total <= limit * _ROOM:
                break
            if collection.thumbnails.remove(file):
                removed += 1
                freed += file.size_bytes
                total -= file.size_bytes
    collection.settings.set(CACHE_MEASURED, {"at": int(now), "bytes": total})
    return Cleaned(removed, freed)


def empty_cache(collection: CollectionStore, report: Report, cancel: CancelToken) -> Cleaned:
    """Delete every thumbnail.

    Raises:
        Cancelled: asked to stop; deleted files stay deleted.
    """
    report(Progress(text("Tidying up"), 0))
    removed = freed = 0
    for files in collection.thumbnails.files():
        cancel.check()
        for file in files:
            if collection.thumbnails.remove(file):
                removed += file.sha256 is not None
                freed += file.size_bytes
    collection.thumbnails.take_written_bytes()
    return Cleaned(removed, freed)


def _least_missed_first(collection: CollectionStore, files: list[CacheFile], now: float) -> list[CacheFile]:
    """Order thumbnails, the least useful first."""
    rows = collection.database.query(
        "SELECT sha256, MIN(COALESCE(missing, 1)) AS gone FROM photos LEFT JOIN places ON photo_id = photos.id"
        " GROUP BY photos.id"
    )
    gone = {bytes(row["sha256"]): bool(row["gone"]) for row in rows}

    def rank(file: CacheFile) -> int:
        assert file.sha256 is not None
        if file.sha256 not in gone:
            return 0
        return 1 if gone[file.sha256] and now - file.used_at > _LONG_S else 2

    ranked = sorted(((rank(file), file.used_at, at) for at, file in enumerate(files)), key=itemgetter(0, 1, 2))
    return [files[at] for _, _, at in ranked]
