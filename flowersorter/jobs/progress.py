"""Progress reports and cancellation of jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from flowersorter.errors import Cancelled


class CancelToken:
    """A request to stop a job: set on one thread, checked on another at least once a batch.

    Args:
        at_check: Called at each check, which is a safe point of the job: it may pause there.
    """

    def __init__(self, at_check: Callable[[], None] | None = None) -> None:
        self._event = threading.Event()
        self._at_check = at_check

    def cancel(self) -> None:
        """Ask the job to stop at its next safe point."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Wait, unless and until `cancel` is called.

        Raises:
            Cancelled: `cancel` was called.
        """
        if self._event.wait(seconds):
            raise Cancelled

    def check(self) -> None:
        """Stop the job if it was cancelled.

        Raises:
            Cancelled: `cancel` was called.
        """
        if self._event.is_set():
            raise Cancelled
        if self._at_check is not None:
            self._at_check()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        stage: The present step, for the person ("Reading photos").
        done: Units finished in this stage.
        total: Units in this stage, or None while unknown.
    """

    stage: str
    done: int
    total: int | None = None


#: Receives `Progress` and the job's own blocks of results, on the thread of the job.
Report = Callable[[object], None]


def silent(event: object) -> None:
    """A `Report` that ignores everything."""
