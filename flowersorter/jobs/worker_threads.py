"""Threads that keep neither a cancelled job nor the end of the process waiting.

A decoder can take hours for one picture, and a network drive may never answer; neither can be interrupted. Such a call
is left behind in its thread: its result is dropped, and the process ends beside it.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, wait
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from flowersorter.jobs.progress import CancelToken

Result = TypeVar("Result")

#: How often the cancellation is checked while a call in another thread is awaited.
CHECK_EVERY_S = 0.1
#: How long a script that ends waits for calls that are left behind: torch aborts where the interpreter is taken down
#: beside a forward pass, which takes a fraction of this.
_END_WITHIN_S = 2.0
_LOOK_EVERY_S = 0.02
#: How long a thread of a pool waits for the next call before it ends.
_IDLE_S = 1.0


class _Worker(threading.Thread):
    """A daemon thread: `concurrent.futures` joins its threads when the interpreter ends."""

    def __init__(self, call: Callable[[], None], name: str) -> None:
        super().__init__(target=call, name=name, daemon=True)
        self.is_idle = False  # waits for a call


def start_worker(call: Callable[[], None], name: str) -> None:
    """Call a function in a thread of its own, which nothing waits for."""
    _Worker(call, name).start()


def workers_ended(within_s: float) -> bool:
    """Wait this long at most for the threads that run; returns whether all of them ended or wait for a call."""
    end = time.monotonic() + within_s
    while busy := [each for each in threading.enumerate() if isinstance(each, _Worker) and not each.is_idle]:
        left_s = end - time.monotonic()
        if left_s <= 0:
            return False
        busy[0].join(min(left_s, _LOOK_EVERY_S))
    return True


atexit.register(workers_ended, _END_WITHIN_S)


class WorkerPool:
    """Runs calls in a bounded number of threads, which end when they were idle for a while.

    `submit` starts a thread only where none is idle: a start waits until the new thread has run, which takes some
    milliseconds beside busy threads.

    Args:
        threads: Their number at most.
        initializer: Called once in each thread before its first call.
        name: Of the threads.
    """

    def __init__(self, threads: int, initializer: Callable[[], None] | None = None, *, name: str = "worker") -> None:
        self._most, self._started, self._closed = threads, 0, False
        self._initializer, self._name = initializer, name
        self._calls = SimpleQueue[Callable[[], None] | None]()
        self._lock = threading.Lock()
        self._unfinished = 0  # calls that wait or run

    def submit(self, call: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Run a call as soon as a thread is free.

        Raises:
            RuntimeError: the pool is closed.
        """
        if self._closed:
            raise RuntimeError("the pool is closed")
        future: Future[Result] = Future()
        self._calls.put(lambda: _run(future, call, arguments))
        with self._lock:
            self._unfinished += 1
            start = self._started < min(self._most, self._unfinished)
            self._started += start
        if start:
            start_worker(self._work, self._name)
        return future

    def close(self) -> None:
        """Drop the calls that wait; a call that runs ends by itself, and its thread after it."""
        self._closed = True
        try:
            while True:
                self._calls.get_nowait()
        except Empty:
            for _ in range(self._started):
                self._calls.put(None)

    def _work(self) -> None:
        if self._initializer is not None:
            self._initializer()
        while (call := self._next_call()) is not None:
            call()
            del call  # an idle thread keeps no result alive
            with self._lock:
                self._unfinished -= 1

    def _next_call(self) -> Callable[[], None] | None:
        thread = threading.current_thread()
        assert isinstance(thread, _Worker)
        while True:
            thread.is_idle = True
            try:
                return self._calls.get(timeout=_IDLE_S)
            except Empty:
                with self._lock:  # `submit` starts another thread after this, or its call is there
                    if self._calls.empty():
                        self._started -= 1
                        return None
            finally:
                thread.is_idle = False


def _run(future: Future[Result], call: Callable[..., Result], arguments: tuple[Any, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call(*arguments)
    except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits
        future.set_exception(error)
        del future  # it holds the traceback, and that this frame
    else:
        future.set_result(result)


def first_done(futures: Collection[Future[Result]], cancel: CancelToken) -> set[Future[Result]]:
    """Wait until one of these is done, and return all that are.

    Raises:
        Cancelled: a stop was requested and none is done.
    """
    while True:
        done = wait(futures, CHECK_EVERY_S, FIRST_COMPLETED).done
        if done:
            return done
        cancel.check()


def call_apart(call: Callable[[], Result], cancel: CancelToken) -> Result:
    """Run a read-only call in its own thread, abandoned if the job is cancelled; return its result.

    Raises:
        Cancelled: a stop was requested.
        Exception: raised by `call`.
    """
    future: Future[Result] = Future()
    start_worker(lambda: _run(future, call, ()), "apart")
    first_done([future], cancel)
    return future.result()
