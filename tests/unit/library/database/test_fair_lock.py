"""Threads get the lock in the order in which they asked for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from flowersorter.library.database.fair_lock import FairLock


def in_thread(call: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


def wait_until_waiting(lock: FairLock, count: int) -> None:
    while len(lock._waiting) < count:
        threading.Event().wait(0.001)


def test_one_that_takes_it_again_and_again_lets_in_one_that_waits() -> None:
    lock, order = FairLock(), list[str]()

    def read() -> None:
        with lock:
            order.append("reader")

    with lock:
        reader = in_thread(read)
        wait_until_waiting(lock, 1)
    for _ in range(3):
        with lock:
            order.append("writer")
    reader.join()
    assert order == ["reader", "writer", "writer", "writer"]


def test_the_first_to_ask_is_the_first_to_get_it() -> None:
    lock, order, threads = FairLock(), list[int](), list[threading.Thread]()

    def take(number: int) -> None:
        with lock:
            order.append(number)

    with lock:
        for number in range(8):
            threads.append(in_thread(lambda number=number: take(number)))  # type: ignore[misc]
            wait_until_waiting(lock, number + 1)
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_its_owner_takes_it_as_often_as_it_likes() -> None:
    lock, inside = FairLock(), list[bool]()

    def take() -> None:
        with lock:
            inside.append(True)

    with lock:
        with lock, lock:
            pass
        other = in_thread(take)
        wait_until_waiting(lock, 1)
        assert inside == []
    other.join()
    assert inside == [True]


def test_one_thread_at_a_time() -> None:
    lock, count = FairLock(), [0]

    def add() -> None:
        for _ in range(2000):
            with lock:
                before = count[0]
                with lock:
                    count[0] = before + 1

    threads = [in_thread(add) for _ in range(4)]
    for thread in threads:
        thread.join()
    assert count == [8000]


def test_an_error_inside_gives_it_free() -> None:
    lock = FairLock()
    with pytest.raises(KeyError), lock:
        raise KeyError
    in_thread(lock.__enter__).join()


def test_one_that_is_interrupted_while_it_waits_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        """A lock at which Ctrl+C arrives, before or after the turn has come."""

        def __init__(self, *, late: bool) -> None:
            self.lock, self.calls, self.late = threading.Lock(), 0, late

        def acquire(self) -> None:
            self.calls += 1
            if self.calls == 1:
                self.lock.acquire()
                return
            if self.late:
                self.lock.acquire()
            raise KeyboardInterrupt

        def release(self) -> None:
            self.lock.release()

    for late in (False, True):
        lock, seen = FairLock(), list[BaseException]()

        def wait(lock: FairLock = lock, seen: list[BaseException] = seen, late: bool = late) -> None:
            with monkeypatch.context() as patched:
                patched.setattr(
                    "flowersorter.library.database.fair_lock._Turn",
                    lambda thread_id: real(thread_id, Interrupted(late=late)),  # type: ignore[arg-type]
                )
                try:
                    with lock:
                        pass
                except KeyboardInterrupt as error:
                    seen.append(error)

        from flowersorter.library.database.fair_lock import _Turn as real

        with lock:
            thread = in_thread(wait)
            if not late:
                thread.join()
            else:
                wait_until_waiting(lock, 1)
        thread.join()
        assert len(seen) == 1
        in_thread(lock.__enter__).join()
        assert lock._owner is not None
