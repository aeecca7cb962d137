"""Sets the number of threads that torch uses for the computations of one thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

Result = TypeVar("Result")

_lock = threading.Lock()


def set_torch_threads(count: int) -> None:
    """Let torch use this many threads for operations of the calling thread; every other thread keeps its number.

    `torch.set_num_threads` also sets the number that later threads begin with. If two threads set and restored it at
    the same time, one would restore the other's number. Here the number that threads begin with is read and restored in
    new threads, and the calling thread's own is never restored.
    """
    if torch.get_num_threads() == count:  # the first call in a thread also sets its initial number
        return
    with _lock:
        default = _in_new_thread(torch.get_num_threads)
        torch.set_num_threads(count)
        _in_new_thread(lambda: torch.set_num_threads(default))


def one_torch_thread() -> None:
    """Keep torch's operations on the calling thread: the other cores have work of their own."""
    set_torch_threads(1)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch use this many threads for operations of the calling thread within the block."""
    before = torch.get_num_threads()
    set_torch_threads(count)
    try:
        yield
    finally:
        set_torch_threads(before)


def _in_new_thread(call: Callable[[], Result]) -> Result:
    """Return the result of `call` in a thread in which torch was not used before."""
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(call()), name="torch threads")
    thread.start()
    thread.join()
    return results[0]
