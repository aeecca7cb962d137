"""Estimates the time left of a job, in plain words."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

from flowersorter.jobs import Progress

FIRST_ESTIMATE_S = 2.0  # before that there is no estimate: it would be unreliable
SMOOTHING = 0.3  # weight of the newest measurement


class TimeLeft:
    """Watches one job's progress; a new stage starts afresh.

    Args:
        clock: A monotonic clock, in seconds; tests pass their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage = ""
        self._start = self._last = (0.0, 0)
        self._rate: float | None = None

    def words(self, progress: Progress) -> str:
        """The estimate, or "" while there is none."""
        seconds = self.seconds(progress)
        return in_words(seconds) if seconds is not None else ""

    def seconds(self, progress: Progress) -> float | None:
        """The estimate in seconds, None while there is none."""
        now = self._clock()
        if progress.stage != self._stage or progress.done < self._last[1]:
            self._stage, self._rate = progress.stage, None
            self._start = self._last = (now, progress.done)
            return None
        if now - self._last[0] >= 1 and progress.done > self._last[1]:
            rate = (progress.done - self._last[1]) / (now - self._last[0])
            self._rate = rate if self._rate is None else self._rate + SMOOTHING * (rate - self._rate)
            self._last = (now, progress.done)
        if progress.total is None or self._rate is None or now - self._start[0] < FIRST_ESTIMATE_S:
            return None
        return (progress.total - progress.done) / self._rate


def in_words(seconds: float) -> str:
    """Round the estimate, so that it does not jump between updates."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("TimeLeft", text)

    if seconds < 8:
        return tr("a few seconds left")
    if seconds < 50:
        return tr("about {0} seconds left").format(max(10, round(seconds / 10) * 10))
    minutes = round(seconds / 60)
    if minutes <= 1:
        return tr("about a minute left")
    if minutes < 60:
        return tr("about {0} minutes left").format(minutes)
    hours = round(minutes / 60)
    return tr("about an hour left") if hours == 1 else tr("about {0} hours left").format(hours)
