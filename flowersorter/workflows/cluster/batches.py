"""The batches of a job: which are to be read, which are under way, and which are to be read again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Set
from dataclasses import dataclass, field

import numpy as np

from flowersorter.domain.place import Places
from flowersorter.messages import text
from flowersorter.workflows.predicting.ingest import ReadBatch

#: Photos of a batch: few enough to be read again without harm, and enough that sending them takes no time to speak of.
SMALLEST, LARGEST = 50, 200
#: Batches that each thread should still get when the size of the next one is chosen: all end at about the same time.
_BATCHES_LEFT = 8
#: Workers that end with a batch, perhaps for another one's fault, before a worker gets it alone; and those that end
#: with it alone before it is halved, or its one photo given up.
_MOST_DEATHS, _MOST_DEATHS_ALONE = 3, 2
#: A batch is late once it took this many times as long as others, and a second more; an idle worker then reads it too,
#: and a further one each time that this time has passed again.
_LATE_TIMES, _LATE_S = 3.0, 1.0
#: Seconds a photo where none was read yet; slow, as workers first load the network.
_FIRST_S_A_PHOTO = 2.0


@dataclass(slots=True, eq=False)
class Batch:
    """Places to be read together.

    Attributes:
        places: With their paths on this machine.
        deaths: Workers that ended while they had it.
        alone: Whether a worker that has it gets no other one, so that it shows which of them ends workers.
        failed: The unexpected error of each worker that could not read it, by address; none of them gets it again.
        since_s: When it was first given to a worker.
        workers: Addresses of the workers that have it.
    """

    places: Places
    deaths: int = 0
    alone: bool = False
    failed: dict[str, Exception] = field(default_factory=dict)
    since_s: float = 0.0
    workers: list[str] = field(default_factory=list)


class Batches:
    """Gives out batches to workers until each was read once; used in one thread.

    Args:
        places: To be read.
        clock: Seconds.
        smallest: Photos of a batch at least; but fewer where few are left.
        largest: Photos of a batch at most.

    Attributes:
        given_up_in_a_row: Photos given up since a batch was read.
    """

    def __init__(
        self,
        places: Places,
        clock: Callable[[], float] = time.monotonic,
        smallest: int = SMALLEST,
        largest: int = LARGEST,
    ) -> None:
        self._places, self._clock = places, clock
        self._smallest, self._largest = smallest, largest
        self._next = 0
        self.given_up_in_a_row = 0
        self._again = deque[Batch]()
        self._under_way: list[Batch] = []
        self._seconds_a_photo: float | None = None

    @property
    def finished(self) -> bool:
        """Whether every place was read, or given up."""
        return self._next >= len(self._places) and not self._again and not self._under_way

    def is_under_way(self, batch: Batch) -> bool:
        """Whether the result of a batch is still wanted."""
        return batch in self._under_way

    def failed_on(self, workers: Set[str], most: int) -> Batch | None:
        """A batch that failed on so many workers, or waits though it failed on all of these; None without one.

        Args:
            workers: Addresses of those that could read.
            most: Number of workers, of these and of others, that are enough.
        """
        for batch in (*self._again, *self._under_way):
            if batch.failed and (len(batch.failed) >= most or (not batch.workers and workers <= batch.failed.keys())):
                return batch
        return None

    def take(self, worker: str, threads: int) -> Batch | None:
        """Give a batch to a worker; None if nothing waits and nothing is late.

        Args:
            worker: Its address.
            threads: Threads of all workers.
        """
        held = [batch for batch in self._under_way if worker in batch.workers]
        if any(batch.alone for batch in held):
            return None
        batch = self._waiting(worker, busy=bool(held)) or self._new(threads) or self._late(worker, busy=bool(held))
        if batch is None:
            return None
        if not batch.workers:
            batch.since_s = self._clock()
            self._under_way.append(batch)
        batch.workers.append(worker)
        return batch

    def done(self, batch: Batch) -> bool:
        """Note that a batch was read; returns whether it is the first time."""
        if batch not in self._under_way:
            return False
        self._under_way.remove(batch)
        self.given_up_in_a_row = 0
        seconds = (self._clock() - batch.since_s) / len(batch.places)
        before = self._seconds_a_photo
        self._seconds_a_photo = seconds if before is None else 0.8 * before + 0.2 * seconds
        return True

    def give_back(self, batch: Batch, worker: str, *, died: bool, error: Exception | None = None) -> ReadBatch | None:
        """Note that a worker does not read its batch; it is read again unless another one has it.

        Args:
            batch: The batch.
            worker: The worker.
            died: Whether it ended, for which the batch may be the reason.
            error: The unexpected one that reading it raised.

        Returns:
            The result of a photo with which worker after worker ended: it is out of reach.
        """
        if batch not in self._under_way:
            return None
        batch.workers.remove(worker)
        batch.deaths += died
        if error is not None:
            batch.failed[worker] = error
        if batch.workers:
            return None
        self._under_way.remove(batch)
        most = _MOST_DEATHS_ALONE if batch.alone else _MOST_DEATHS
        if batch.deaths < most or not batch.alone:
            if batch.deaths >= most:
                batch.alone, batch.deaths = True, 0
            self._again.append(batch)
            return None
        if len(batch.places) == 1:
            self.given_up_in_a_row += 1
            reason = text("the processes that read it ended")
            nothing = np.empty((0, 0), np.float16)
            return ReadBatch([], {}, [], [(int(batch.places.ids[0]), reason)], 0, [], nothing)
        middle = len(batch.places) // 2
        halves = (batch.places[:middle], batch.places[middle:])
        self._again.extend(Batch(places, alone=True, failed=dict(batch.failed)) for places in halves)
        return None

    def _waiting(self, worker: str, *, busy: bool) -> Batch | None:
        """The first batch that a worker may read again; a busy one gets none that must be alone."""
        for position, batch in enumerate(self._again):
            if not (busy and batch.alone) and worker not in batch.failed:
                del self._again[position]
                return batch
        return None

    def _new(self, threads: int) -> Batch | None:
        left = len(self._places) - self._next
        if left == 0:
            return None
        fair = left // (_BATCHES_LEFT * max(1, threads))
        end = self._next + min(left, self._largest, max(self._smallest, fair))
        places = self._places.take(np.arange(self._next, end))
        self._next = end
        return Batch(places)

    def _late(self, worker: str, *, busy: bool) -> Batch | None:
        """The oldest batch that is late and that a worker may read too."""
        now = self._clock()
        seconds = _FIRST_S_A_PHOTO if self._seconds_a_photo is None else self._seconds_a_photo
        for batch in self._under_way:  # the oldest come first
            limit_s = _LATE_TIMES * seconds * len(batch.places) + _LATE_S
            # Each of those that have it may stand still.
            is_late = now - batch.since_s > limit_s * len(batch.workers)
            may_read = worker not in batch.workers and worker not in batch.failed and not (busy and batch.alone)
            if is_late and may_read:
                return batch
        return None
