"""Lanes: batches of work in as many threads as there are cores, a bounded number of them under way at a time.

Each lane decodes its photos and runs them through the network alone. Nothing waits for anything, where several
threads in one forward pass wait for one another after every layer, and for a core that is busy decoding (measured on
two cores: 11.3 ms a photo in two lanes, 14.3 ms with two threads in one pass, more while photos are being decoded).
Whoever uses the lanes keeps NumPy's products on one thread meanwhile: a second one goes on spinning for long after the
product is done, on a core that a lane has work for (it took a sixth of all time while photos were labelled).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from flowersorter.vision.parallel import one_blas_thread

Item = TypeVar("Item")
Result = TypeVar("Result")


def worker_count() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_batches(
    batches: Iterator[Sequence[Item]], work: Callable[[Sequence[Item]], Result], lanes: int
) -> Iterator[list[Result]]:
    """Work on batches in threads; one batch waits, so that no lane does while the caller uses what is done.

    Args:
        batches: Taken one at a time, as late as possible, in the calling thread.
        work: Called in the lanes; it must come to an end soon when its job is cancelled.
        lanes: How many threads.

    Yields:
        What has been finished since the last time, in no particular order.

    Raises:
        Exception: the first that `work` raises; batches that are under way are left to end by themselves.
    """
    pool = ThreadPoolExecutor(lanes, thread_name_prefix="lane")
    under_way: set[Future[Result]] = set()
    try:
        with one_blas_thread():
            while True:
                under_way.update(pool.submit(work, batch) for batch in islice(batches, lanes + 1 - len(under_way)))
                if not under_way:
                    return
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                yield [future.result() for future in done]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
