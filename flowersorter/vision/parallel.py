"""Thread pool for NumPy work, and the limit on BLAS threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache, partial
from itertools import islice
from typing import Any, TypeVar

from threadpoolctl import OpenBLASController, ThreadpoolController

from flowersorter.jobs import CancelToken
from flowersorter.jobs.worker_threads import WorkerPool, first_done

Item = TypeVar("Item")
Result = TypeVar("Result")

#: More threads than this wait for memory bandwidth.
_MAX_WORKERS = 8

_lock = threading.Lock()
_inside = 0
_limit: Any = None
_of_thread = threading.local()  # the outermost open pool of each thread


@cache
def _blas() -> ThreadpoolController:
    """BLAS libraries of this process, cached: finding them takes as long as predicting a few photos."""
    import numpy as np  # noqa: F401  (loads its BLAS: the cache keeps only libraries that are loaded)

    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep NumPy's matrix products on the calling thread.

    BLAS threads wait for one another by spinning. While photos are decoded on the same cores, small products become
    twenty times slower (measured: fitting 1,500 photos, 20 s instead of 1 s on two busy cores). The limit holds for
    the whole process until the last thread that requested it is done.
    """
    global _inside, _limit  # noqa: PLW0603  (the setting of the BLAS library is global too)
    with _lock:
        if _inside == 0:
            with _controlling_blas():
                _limit = _blas().limit(limits=1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                with _controlling_blas():
                    _limit.restore_original_limits()


@contextmanager
def _controlling_blas() -> Iterator[None]:
    """Let this thread set the number of OpenBLAS threads, and any other thread afterwards.

    threadpoolctl accepts settings only from the first thread that made one, as long as that thread lives; Qt's threads
    never seem to end. The counter above keeps threads from overriding one another.
    """
    OpenBLASController.clear_controlling_thread(force=True)
    try:
        yield
    finally:
        OpenBLASController.clear_controlling_thread(force=True)


class ThreadPool:
    """One thread per core, each computing its own products with one BLAS thread, so that none waits by spinning.

    NumPy releases the interpreter lock while it computes. Use it as a context manager; its end waits for no thread. A
    pool within another one of the same thread has the threads of that one: starting them takes as long as a product.

    Args:
        initializer: Called once in each thread before its first work. With one, no work is done in the calling thread.
        cancel: Checked before each work, also in the pools within this one.
    """

    def __init__(self, initializer: Callable[[], None] | None = None, cancel: CancelToken | None = None) -> None:
        self._pool: WorkerPool | None = None
        self._cancel = cancel
        self._initializer = initializer
        self._limit = one_blas_thread()
        self._is_open = False
        self._outer: ThreadPool | None = None

    def __enter__(self) -> ThreadPool:
        self._limit.__enter__()
        self._is_open = True
        if self._initializer is None:
            outer: ThreadPool | None = getattr(_of_thread, "pool", None)
            if outer is not None and outer._is_open:
                self._outer = outer
                self._cancel = self._cancel or outer._cancel
            else:
                _of_thread.pool = self
        return self

    def __exit__(self, *error: object) -> None:
        self._is_open = False
        if getattr(_of_thread, "pool", None) is self:
            del _of_thread.pool
        if self._pool is not None:
            self._pool.close()
        self._limit.__exit__(None, None, None)

    def _threads(self) -> WorkerPool:
        if self._outer is not None and self._outer._is_open:
            return self._outer._threads()
        if self._pool is None:
            self._pool = WorkerPool(worker_count(), self._initializer)
        return self._pool

    def map(
        self, work: Callable[[Item], Result], items: Iterable[Item], cancel: CancelToken | None = None
    ) -> list[Result]:
        """Call `work` with every item, several at a time; return the results in the order of the items.

        Args:
            work: Called in the threads, or in this one where several would not be faster and ``cancel`` is None.
            items: Its arguments.
            cancel: Checked while `work` is awaited, for work that can take long, such as decoding a photo.

        Raises:
            Cancelled: a stop was requested; calls under way are left to end by themselves.
            Exception: the first one raised by `work`.
        """
        waiting = list(items)
        if self._cancel is not None:
            work = partial(_unless_cancelled, self._cancel, work)
        if self._initializer is None and cancel is None and (len(waiting) < 2 or worker_count() == 1):
            return [work(item) for item in waiting]
        pool = self._threads()
        futures = [pool.submit(work, item) for item in waiting]
        try:
            if cancel is not None:
                for future in futures:
                    first_done([future], cancel)
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()  # after a failure; no effect on finished ones


def _unless_cancelled(cancel: CancelToken, work: Callable[[Item], Result], item: Item) -> Result:
    cancel.check()
    return work(item)


def map_batches(
    batches: Iterator[Sequence[Item]],
    work: Callable[[Sequence[Item]], Result],
    workers: int,
    cancel: CancelToken,
) -> Iterator[list[Result]]:
    """Work on batches in threads, with a bounded number of them under way.

    One forward pass per thread avoids the per-layer barrier of intra-op parallelism (measured on two cores: 11.3 ms a
    photo with two threads that each run a pass, 14.3 ms with two threads in one pass, more while photos are decoded).
    NumPy's products stay on one thread meanwhile: a second BLAS thread spins on after its product, on a core that a
    worker needs (it took a sixth of all time while photos were embedded).

    Args:
        batches: Taken one at a time, as late as possible, in the calling thread. One batch is kept ready, so that no
            worker waits while the caller uses the results.
        work: Called in the workers; results after a cancellation are dropped.
        workers: Number of threads.
        cancel: Checked while no result comes, whatever `work` is doing.

    Yields:
        The new results, in no particular order.

    Raises:
        Cancelled: a stop was requested; batches under way are left to end by themselves.
        Exception: the first one raised by `work`; as above.
    """
    pool = WorkerPool(workers)
    under_way: set[Future[Result]] = set()
    try:
        with one_blas_thread():
            while True:
                under_way.update(pool.submit(work, batch) for batch in islice(batches, workers + 1 - len(under_way)))
                if not under_way:
                    return
                done = first_done(under_way, cancel)
                under_way -= done
                yield [future.result() for future in done]
    finally:
        pool.close()


def core_count() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_count() -> int:
    """Count the threads worth using for matrix products: the cores, up to a limit."""
    return min(core_count(), _MAX_WORKERS)


def row_blocks(rows: int, size: int) -> list[slice]:
    """Cut `rows` rows into blocks of at most `size`, the same on every computer, so that sums are reproducible."""
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def even_blocks(rows: int, most: int) -> list[slice]:
    """As `row_blocks`, but an even number of blocks of about the same size: two threads end at the same time."""
    blocks = -(-rows // most)
    return row_blocks(rows, max(1, -(-rows // (blocks + blocks % 2)))) if blocks > 1 else row_blocks(rows, most)
