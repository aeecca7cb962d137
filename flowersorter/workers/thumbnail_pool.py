"""Decodes the thumbnails that the grid paints, newest request first, in a small thread pool."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from flowersorter.errors import PhotoOutOfReach, UserError
from flowersorter.jobs.worker_threads import WorkerPool
from flowersorter.workers.gui_heartbeat import GuiHeartbeat
from flowersorter.workers.turns import Turns

#: How long `shutdown` waits for photos being decoded; those that take longer are left behind.
END_WITHIN_S = 0.5
#: If no photo was decoded for this time although others wait, the running ones no longer count against the limit: a
#: decoder may be busy for hours, a drive may not answer.
SLOW_AFTER_S = 2.0
#: Threads at most, including those left to such photos.
MOST_THREADS = 8
MAX_CACHE_BYTES = 192 * 1024 * 1024  # some 600 thumbnails of 320 x 240


@dataclass(frozen=True, slots=True)
class Wanted:
    """The place of a thumbnail, and the photo there; ``photo_id`` is 0 where the file was not read yet."""

    place_id: int
    photo_id: int
    path: Path


Load = Callable[[Wanted], QImage]


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """One thumbnail request; compared by identity, so that a stale result is recognised."""

    wanted: Wanted


class ThumbnailPool(QObject):
    """Thumbnails by place id, from memory or, a little later, from disk. Lives in the GUI thread.

    A thumbnail is stored with its photo id: if another photo is requested for the place, it is loaded anew. The result
    of a request that was forgotten, or is not the newest of its place, is dropped.

    Args:
        load: Called in the pool's threads; returns an image that owns its pixels.
        threads: Number of photos decoded at once.
        max_bytes: Limit of the pixels in memory; the least recently painted are dropped first.
        slow_after_s: How long the running decodings may delay all others.
        turns: Shared with other threads' news; None for its own.
        heartbeat: Of the GUI thread, to which decoding gives way; None for one that never beats.

    Signals:
        arrived(list of place ids): `image` returns them now.
        unreadable(list of (place id, reason)): These cannot be made.
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
        slow_after_s: float = SLOW_AFTER_S,
        turns: Turns | None = None,
        heartbeat: GuiHeartbeat | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._turns = turns if turns is not None else Turns(self)
        self._heartbeat = heartbeat
        self._load, self._max_bytes = load, max_bytes
        self._cache: OrderedDict[int, tuple[int, QImage]] = OrderedDict()  # photo id and its thumbnail
        self._bytes = 0
        self._failed: dict[int, int] = {}  # photo id that cannot be shown, by place id
        self._requests: dict[int, _Request] = {}  # the newest of each place, until its result was collected
        self._threads = threads
        self._pool = WorkerPool(MOST_THREADS, name="thumbnails")
        self._slow_timer = QTimer(self, interval=round(1000 * slow_after_s))
        self._slow_timer.timeout.connect(self._on_slow)
        self._lock = threading.Lock()  # guards everything below
        self._ended = threading.Condition(self._lock)
        self._stack: OrderedDict[int, _Request] = OrderedDict()  # the newest request is last
        self._done: list[tuple[_Request, QImage | str]] = []
        self._loading = set[_Request]()
        self._slow = set[_Request]()  # of these, the ones that delay no other
        self._before = set[_Request]()  # those running when the timer was started
        self._drains = 0
        self._closed = False
        self._woken.connect(self._on_woken)

    # -- GUI thread

    def image(self, wanted: Wanted) -> QImage | None:
        """Return the thumbnail if it is in memory; else None, and request it before all others.

        While the thumbnail of a newly read photo is loaded, the earlier one of its file is returned.
        """
        photo_id, image = self._cache.get(wanted.place_id, (0, None))
        if image is not None and photo_id == wanted.photo_id:
            self._cache.move_to_end(wanted.place_id)
            return image
        if self._failed.get(wanted.place_id) != wanted.photo_id:
            self._request(wanted)
        return image if photo_id == 0 else None

    def retain(self, place_ids: Iterable[int]) -> None:
        """Cancel the requests for all other photos: they were scrolled away."""
        keep = set(place_ids)
        with self._lock:
            for place_id in [each for each in self._stack if each not in keep]:
                del self._stack[place_id], self._requests[place_id]

    def forget(self, place_ids: Iterable[int]) -> None:
        """Drop these from memory, because the file has changed or is to be tried again, as after a drive was away."""
        with self._lock:
            for place_id in place_ids:
                self._stack.pop(place_id, None)
                self._requests.pop(place_id, None)
                self._failed.pop(place_id, None)
                self._drop(place_id)

    @property
    def waiting(self) -> int:
        """Number of thumbnails that wait for a thread."""
        with self._lock:
            return len(self._stack)

    @property
    def pending(self) -> int:
        """Number of thumbnails that wait or are being decoded."""
        return len(self._requests)

    def shutdown(self) -> None:
        """Cancel every request, and wait a moment for the photos being decoded."""
        self._slow_timer.stop()
        with self._lock:
            self._closed = True
            self._stack.clear()
            self._requests.clear()
            self._ended.wait_for(lambda: not self._drains, END_WITHIN_S)
            self._done.clear()
        self._pool.close()
        self._turns.rest()

    def _request(self, wanted: Wanted) -> None:
        place_id = wanted.place_id
        with self._lock:
            if self._closed:
                return
            newest = self._requests.get(place_id)
            if newest is None or newest.wanted.photo_id != wanted.photo_id:
                self._requests[place_id] = self._stack[place_id] = _Request(wanted)
            elif place_id not in self._stack:
                return  # it is being loaded
            self._stack.move_to_end(place_id)
        if not self._start() and not self._slow_timer.isActive():
            self._before = set(self._loading)
            self._slow_timer.start()

    def _start(self) -> bool:
        """Start a thread unless the limit is reached; return whether it was started."""
        with self._lock:
            start = self._drains < self._most_threads
            self._drains += start
        if start:
            self._pool.submit(self._drain)
        return start

    @property
    def _most_threads(self) -> int:
        return min(MOST_THREADS, self._threads + len(self._slow))

    @Slot()
    def _on_slow(self) -> None:
        """Let other photos overtake those that have been decoding since the timer was started."""
        with self._lock:
            self._slow |= self._before & self._loading
            self._before = set(self._loading)
            waiting = len(self._stack)
        for _ in range(waiting):
            if not self._start():
                break
        if not waiting:
            self._slow_timer.stop()

    @Slot()
    def _on_woken(self) -> None:
        if not self._closed:
            self._turns.take(self._collect)

    def _collect(self) -> None:
        with self._lock:
            done, self._done = self._done, []
            waiting = bool(self._stack)
        if not waiting:
            self._slow_timer.stop()
        arrived: list[int] = []
        problems: list[tuple[int, str]] = []
        for request, outcome in done:
            place_id, photo_id = request.wanted.place_id, request.wanted.photo_id
            newest = self._requests.get(place_id)
            if newest is None:
                arrived.append(place_id)  # it was forgotten: a view that still paints it requests it again
            if newest is not request:
                continue
            del self._requests[place_id]
            if isinstance(outcome, QImage):
                self._keep(place_id, photo_id, outcome)
                arrived.append(place_id)
            else:
                self._failed[place_id] = photo_id
                if outcome:
                    problems.append((place_id, outcome))
        if arrived:
            self.arrived.emit(arrived)
        if problems:
            self.unreadable.emit(problems)

    def _keep(self, place_id: int, photo_id: int, image: QImage) -> None:
        self._drop(place_id)
        self._bytes += image.sizeInBytes()
        self._cache[place_id] = photo_id, image
        while self._bytes > self._max_bytes and len(self._cache) > 1:
            self._drop(next(iter(self._cache)))

    def _drop(self, place_id: int) -> None:
        _, image = self._cache.pop(place_id, (0, None))
        self._bytes -= image.sizeInBytes() if image is not None else 0

    # -- pool threads

    def _drain(self) -> None:
        """Decode until no request is left."""
        while True:
            with self._lock:
                if not self._stack or self._drains > self._most_threads:
                    self._drains -= 1
                    self._ended.notify_all()
                    return
                _, request = self._stack.popitem()
                self._loading.add(request)
            if self._heartbeat is not None:
                self._heartbeat.give_way()
            outcome = self._try(request.wanted)
            with self._lock:
                self._loading.discard(request)
                self._slow.discard(request)
                if self._closed:
                    continue  # the receivers may be gone
                self._done.append((request, outcome))
                if len(self._done) == 1:  # one signal however many arrive before it is seen
                    self._woken.emit()

    def _try(self, wanted: Wanted) -> QImage | str:
        """Load a thumbnail; else the reason why it cannot be made, "" where the fault is not the photo's."""
        try:
            return self._load(wanted)
        except PhotoOutOfReach as error:
            from flowersorter.photos.scan import folder_is_gone  # rarely needed, and not at the start

            return "" if folder_is_gone(wanted.path.parent) else error.why or error.what
        except UserError as error:
            return error.why or error.what
        except Exception as error:  # noqa: BLE001 - the decoder boundary: one bad file, one marked tile
            return str(error) or type(error).__name__
