"""Threads that nothing waits for: neither a cancelled job nor the end of the process."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, worker_threads
from flowersorter.jobs.worker_threads import WorkerPool, call_apart, workers_ended
from tests.stuck import LIMIT_S


def test_a_call_apart_returns_its_result_or_raises_its_error() -> None:
    assert call_apart(lambda: 7, CancelToken()) == 7
    with pytest.raises(ZeroDivisionError):
        call_apart(lambda: 1 / 0, CancelToken())


def test_a_call_apart_is_left_behind_when_the_job_is_cancelled() -> None:
    gate, cancel = threading.Event(), CancelToken()

    def call() -> None:
        cancel.cancel()
        gate.wait()

    with pytest.raises(Cancelled):
        call_apart(call, cancel)
    assert not workers_ended(0)
    gate.set()
    assert workers_ended(LIMIT_S)


def test_a_pool_runs_in_as_many_threads_as_it_may_and_each_is_prepared_once() -> None:
    prepared: list[int] = []
    pool = WorkerPool(2, lambda: prepared.append(threading.get_ident()))
    meeting = threading.Barrier(2, timeout=LIMIT_S)
    assert sorted(each.result() for each in [pool.submit(meeting.wait) for _ in range(2)]) == [0, 1]
    threads = {each.result() for each in [pool.submit(threading.get_ident) for _ in range(9)]}
    assert threads <= set(prepared)
    assert len(prepared) == 2
    pool.close()
    assert workers_ended(LIMIT_S)


def test_a_closed_pool_drops_what_waits_and_takes_no_more() -> None:
    begun, gate, ran = threading.Event(), threading.Event(), list[int]()
    pool = WorkerPool(1)

    def wait() -> bool:
        begun.set()
        return gate.wait(LIMIT_S)

    first = pool.submit(wait)
    waiting = pool.submit(ran.append, 1)
    assert begun.wait(LIMIT_S)
    pool.close()
    with pytest.raises(RuntimeError):
        pool.submit(ran.append, 2)
    gate.set()
    assert first.result(LIMIT_S)
    assert workers_ended(LIMIT_S)
    assert ran == []
    assert not waiting.done()


#: A program, or a script, that ends while a decoder is busy for ever.
ENDS_BESIDE_A_DECODER = """
import sys, threading
from flowersorter.jobs.worker_threads import WorkerPool
begun = threading.Event()
def decode():
    begun.set()
    threading.Event().wait()
def main():
    WorkerPool(2).submit(decode)
    begun.wait()
    print("stopped")
    return 130
if sys.argv[1] == "script":
    sys.exit(main())
import flowersorter.__main__
flowersorter.__main__.main = main
flowersorter.__main__.run()
"""


@pytest.mark.parametrize("what", ["script", "program"])
def test_the_process_ends_beside_a_decoder_that_does_not(what: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDS_BESIDE_A_DECODER, what], capture_output=True, timeout=LIMIT_S, check=False
    )
    assert (ended.returncode, ended.stdout.decode().split(), ended.stderr.decode()) == (130, ["stopped"], "")


def test_a_pool_starts_no_thread_while_one_is_idle() -> None:
    pool, idents = WorkerPool(4), set[int]()
    for _ in range(20):
        idents.add(pool.submit(threading.get_ident).result(LIMIT_S))
        assert workers_ended(LIMIT_S)  # it waits for the next call
    pool.close()
    assert len(idents) == 1


def test_a_pool_starts_a_thread_for_each_call_that_would_wait() -> None:
    """However threads became idle before: a busy one is never taken for idle."""
    for before in range(20):
        pool, all_run = WorkerPool(4), threading.Barrier(4)
        for call in [pool.submit(threading.get_ident) for _ in range(before)]:
            call.result(LIMIT_S)
        calls = [pool.submit(all_run.wait, LIMIT_S) for _ in range(4)]
        assert sorted(call.result(LIMIT_S) for call in calls) == [0, 1, 2, 3]
        pool.close()


def test_idle_threads_of_a_pool_end_and_others_take_the_next_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_threads, "_IDLE_S", 0.001)
    pool = WorkerPool(2)
    for number in range(50):
        thread = pool.submit(threading.current_thread).result(LIMIT_S)
        if number % 10 == 0:
            thread.join(LIMIT_S)
            assert not thread.is_alive()
    pool.close()
