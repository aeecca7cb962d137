"""A reentrant lock that threads take in turns: Python's own may be taken by one thread again and again."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class _Turn:
    """One thread that waits."""

    thread_id: int
    come: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.come.acquire()


class FairLock:
    """A reentrant lock that threads get in the order in which they asked for it.

    `threading.RLock` makes no such promise: a thread that releases it and takes it again at once, as one that commits
    in chunks does, nearly always gets it before a thread that waits.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()  # of the attributes below; held for a few instructions only
        self._waiting: deque[_Turn] = deque()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        thread_id = threading.get_ident()
        if self._owner == thread_id:
            self._depth += 1
            return
        with self._guard:
            if self._owner is None:
                self._owner, self._depth = thread_id, 1
                return
            turn = _Turn(thread_id)
            self._waiting.append(turn)
        try:
            turn.come.acquire()
        except BaseException:  # Ctrl+C in the main thread
            self._give_up(turn)
            raise

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth:
            with self._guard:
                self._hand_over()

    def _hand_over(self) -> None:
        """Give the lock to the next thread; call it with the guard held."""
        if not self._waiting:
            self._owner = None
            return
        turn = self._waiting.popleft()
        self._owner, self._depth = turn.thread_id, 1
        turn.come.release()

    def _give_up(self, turn: _Turn) -> None:
        """Wait no longer; a turn that has come meanwhile goes to the next."""
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self._hand_over()
