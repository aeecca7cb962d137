"""What every job shares: how it reports and how it is told to stop. Imports only the errors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from flowersorter.errors import Cancelled


class CancelToken:
    """A request to stop, set on one thread and looked at on another, at least once a batch."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the job to stop at its next safe point."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked the job to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Stop here if asked to.

        Raises:
            Cancelled: somebody called `cancel`.
        """
        if self._event.is_set():
            raise Cancelled


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        stage: What is being done, for the person ("Reading photos").
        done: Units finished in this stage.
        total: Units in this stage, or None while unknown.
    """

    stage: str
    done: int
    total: int | None = None


#: A job calls it with `Progress` and with its own blocks of results, on the thread it runs in.
Report = Callable[[object], None]


def silent(news: object) -> None:
    """A `Report` for callers who only want the result."""
