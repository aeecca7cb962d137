"""Decodes the thumbnails the grid is painting, newest wish first, in a few threads of its own."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage

from flowersorter.errors import UserError

MAX_CACHE_BYTES = 192 * 1024 * 1024  # some 600 thumbnails of 320 x 240


@dataclass(frozen=True, slots=True)
class Wanted:
    """A thumbnail somebody wants to see; ``photo_id`` is 0 where the file was not read yet."""

    place_id: int
    photo_id: int
    path: Path


Load = Callable[[Wanted], QImage]


class ThumbnailPool(QObject):
    """Thumbnails by place id, from memory or, a little later, from disk. Lives in the GUI thread.

    Args:
        load: Called in the pool's threads; returns an image that owns its pixels.
        threads: How many photos are decoded at once.
        max_bytes: Bound of the pixels kept in memory; those not painted for longest go first.

    Signals:
        arrived(list of place ids): `image` has them now.
        unreadable(list of (place id, reason)): These will not come.
    """

    arrived = Signal(object)
    unreadable = Signal(object)

    _woken = Signal()

    def __init__(
        self,
        load: Load,
        *,
        threads: int = 2,
        max_bytes: int = MAX_CACHE_BYTES,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._load, self._max_bytes = load, max_bytes
        self._cache: OrderedDict[int, QImage] = OrderedDict()
        self._bytes = 0
        self._failed: dict[int, str] = {}
        self._threads = QThreadPool()
        self._threads.setMaxThreadCount(threads)
        self._lock = threading.Lock()  # guards everything below
        self._stack: OrderedDict[int, Wanted] = OrderedDict()  # the newest wish is last
        self._loading: set[int] = set()
        self._stale: set[int] = set()  # forgotten while being loaded
        self._done: list[tuple[int, QImage | str]] = []
        self._drains = 0
        self._woken.connect(self._collect)

    # -- GUI thread

    def image(self, wanted: Wanted) -> QImage | None:
        """The thumbnail if it is in memory; else None, and it is put first in the line."""
        image = self._cache.get(wanted.place_id)
        if image is not None:
            self._cache.move_to_end(wanted.place_id)
            return image
        if wanted.place_id not in self._failed:
            self._request(wanted)
        return None

    def retain(self, place_ids: Iterable[int]) -> None:
        """Forget the wishes for all other photos: they were scrolled away."""
        keep = set(place_ids)
        with self._lock:
            for place_id in [each for each in self._stack if each not in keep]:
                del self._stack[place_id]

    def forget(self, place_ids: Iterable[int]) -> None:
        """Drop these from memory, because the file has changed or should be tried again."""
        with self._lock:
            for place_id in place_ids:
                self._stack.pop(place_id, None)
                if place_id in self._loading:
                    self._stale.add(place_id)
                self._failed.pop(place_id, None)
                image = self._cache.pop(place_id, None)
                self._bytes -= image.sizeInBytes() if image is not None else 0

    @property
    def waiting(self) -> int:
        """How many thumbnails wait for a thread."""
        with self._lock:
            return len(self._stack)

    @property
    def cached_bytes(self) -> int:
        """How much memory the thumbnails take."""
        return self._bytes

    def shutdown(self) -> None:
        """Drop every wish and wait for the photos being decoded."""
        with self._lock:
            self._stack.clear()
        self._threads.waitForDone()
        with self._lock:
            self._done.clear()

    def _request(self, wanted: Wanted) -> None:
        with self._lock:
            if wanted.place_id in self._loading:
                return
            self._stack[wanted.place_id] = wanted
            self._stack.move_to_end(wanted.place_id)
            start = self._drains < self._threads.maxThreadCount()
            self._drains += start
        if start:
            self._threads.start(self._drain)

    @Slot()
    def _collect(self) -> None:
        with self._lock:
            done, self._done = self._done, []
            stale = self._stale.intersection(place_id for place_id, _ in done)
            self._stale -= stale
        arrived: list[int] = []
        problems: list[tuple[int, str]] = []
        for place_id, outcome in done:
            if place_id in stale:
                arrived.append(place_id)  # whoever paints it asks again
            elif isinstance(outcome, QImage):
                self._keep(place_id, outcome)
                arrived.append(place_id)
            else:
                self._failed[place_id] = outcome
                problems.append((place_id, outcome))
        if arrived:
            self.arrived.emit(arrived)
        if problems:
            self.unreadable.emit(problems)

    def _keep(self, place_id: int, image: QImage) -> None:
        old = self._cache.pop(place_id, None)
        self._bytes += image.sizeInBytes() - (old.sizeInBytes() if old is not None else 0)
        self._cache[place_id] = image
        while self._bytes > self._max_bytes and len(self._cache) > 1:
            self._bytes -= self._cache.popitem(last=False)[1].sizeInBytes()

    # -- pool threads

    def _drain(self) -> None:
        """Decode until nobody wants anything."""
        while True:
            with self._lock:
                if not self._stack:
                    self._drains -= 1
                    return
                place_id, wanted = self._stack.popitem()
                self._loading.add(place_id)
            outcome = self._try(wanted)
            with self._lock:
                self._loading.discard(place_id)
                self._done.append((place_id, outcome))
                wake = len(self._done) == 1  # one signal however many arrive before it is seen
            if wake:
                self._woken.emit()

    def _try(self, wanted: Wanted) -> QImage | str:
        try:
            return self._load(wanted)
        except UserError as error:
            return error.why or error.what
        except Exception as error:  # noqa: BLE001 - the decoder boundary: one bad file, one marked tile
            return str(error) or type(error).__name__
