"""Batches in threads: everything is worked on once, as late as possible, and an error ends it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, worker_threads
from flowersorter.vision import parallel
from flowersorter.vision.parallel import ThreadPool, core_count, even_blocks, map_batches
from tests.stuck import LIMIT_S, Stuck


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=3), max_size=12), st.integers(1, 4))
def test_everything_is_worked_on_once(batches: list[list[int]], workers: int) -> None:
    results = [sorted(result) for done in map_batches(iter(batches), list, workers, CancelToken()) for result in done]
    assert sorted(results) == sorted(sorted(batch) for batch in batches)


def test_batches_are_taken_as_late_as_possible() -> None:
    """What somebody looks at meanwhile can still jump the queue: one batch waits, not more."""
    taken = 0

    def batches() -> Iterator[list[int]]:
        nonlocal taken
        for number in range(50):
            taken += 1
            yield [number]

    finished = 0
    for done in map_batches(batches(), len, workers=3, cancel=CancelToken()):
        assert taken <= finished + 3 + 1
        finished += len(done)
    assert finished == 50


def test_lanes_work_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=60)
    results = map_batches(iter([[1], [2], [3]]), lambda _: meeting.wait(), workers=3, cancel=CancelToken())
    assert sorted(place for done in results for place in done) == [0, 1, 2]


def test_an_error_in_a_worker_reaches_the_caller() -> None:
    def fail(batch: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(map_batches(iter([[1], [2]]), fail, workers=2, cancel=CancelToken()))


def _blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_products_keep_to_one_thread_while_lanes_work() -> None:
    """A second thread would spin on a core that a lane has work for, also after products of the caller."""
    assert np.ones(2) @ np.ones(2) == 2  # NumPy's BLAS is loaded
    with threadpool_limits(limits=2, user_api="blas"):
        seen = []
        for done in map_batches(iter([[1], [2], [3]]), lambda _: _blas_threads(), workers=2, cancel=CancelToken()):
            seen += [*done, _blas_threads()]
        assert seen == [{1}] * len(seen)
        assert _blas_threads() == {2}


def test_a_limit_set_before_numpy_is_loaded_holds_later_too() -> None:
    script = """
from flowersorter.vision.parallel import one_blas_thread
with one_blas_thread():
    pass
import numpy
from threadpoolctl import threadpool_info, threadpool_limits
with threadpool_limits(limits=2, user_api="blas"), one_blas_thread():
    print({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{1}"


def test_there_is_a_worker_for_every_core_we_may_use() -> None:
    assert core_count() >= 1


def test_batches_that_do_not_end_hold_up_no_cancelled_job() -> None:
    stuck, cancel = Stuck(), CancelToken()
    stuck.when_begun(cancel.cancel)
    with pytest.raises(Cancelled):
        list(map_batches(iter([[1], [2], [3]]), stuck, 2, cancel))
    stuck.gate.set()


def test_a_map_that_does_not_end_holds_up_no_cancelled_job() -> None:
    stuck, cancel = Stuck(), CancelToken()
    stuck.when_begun(cancel.cancel)
    with pytest.raises(Cancelled), ThreadPool() as pool:
        pool.map(stuck, [1], cancel)
    stuck.gate.set()


def test_results_that_came_before_the_cancellation_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = CancelToken()
    # Else the cancellation may be checked while the result is on its way from the worker.
    monkeypatch.setattr(worker_threads, "CHECK_EVERY_S", LIMIT_S)

    def work(batch: Sequence[int]) -> int:
        cancel.cancel()
        return batch[0]

    assert next(map_batches(iter([[1]]), work, 1, cancel)) == [1]


def test_a_pool_within_another_one_has_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "worker_count", lambda: 2)

    def threads(pool: ThreadPool) -> set[int]:
        meeting = threading.Barrier(2, timeout=60)

        def work(_number: int) -> int:
            meeting.wait()
            return threading.get_ident()

        return set(pool.map(work, range(2)))

    def own_threads() -> set[int]:
        with ThreadPool() as own:
            return threads(own)

    with ThreadPool() as outer:
        with ThreadPool() as inner:
            used = threads(inner)
        assert threads(outer) == used
        with ThreadPool() as inner:
            assert threads(inner) == used
        # Not so in another thread, where it would wait for itself.
        assert all(not others & used for others in outer.map(lambda _: own_threads(), range(2)))
    with ThreadPool() as later:
        assert len(threads(later)) == 2


def test_a_pool_that_outlives_the_one_around_it_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "worker_count", lambda: 2)
    outer, inner = ThreadPool(), ThreadPool()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__()
    assert inner.map(abs, [-1, -2]) == [1, 2]
    inner.__exit__()


@given(st.integers(0, 10_000), st.integers(1, 3000))
def test_even_blocks_are_of_about_the_same_size(rows: int, most: int) -> None:
    blocks = even_blocks(rows, most)
    sizes = [block.stop - block.start for block in blocks]
    assert [row for block in blocks for row in range(block.start, block.stop)] == list(range(rows))
    assert all(size <= most for size in sizes)
    if rows <= most:
        assert len(blocks) == (rows > 0)
    elif sizes:
        assert max(sizes) - sizes[-1] < len(sizes)


def test_a_pool_with_a_token_checks_it_before_each_work_also_in_a_pool_within_it() -> None:
    cancel, worked = CancelToken(), list[int]()

    def work(item: int) -> None:
        worked.append(item)
        cancel.cancel()

    with ThreadPool(cancel=cancel), ThreadPool() as inner:
        inner.map(work, [1])
        with pytest.raises(Cancelled):
            inner.map(work, [2])
    assert worked == [1]
