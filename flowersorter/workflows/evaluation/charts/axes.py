"""Axes of a chart: the position of a value between the ends, and the values that get a tick."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a chart.

    Attributes:
        title: The quantity, with its unit.
        low: Value at its start.
        high: Value at its end, larger than `low`.
        ticks: Values with a mark, each with its text.
        log: Whether equal steps are equal ratios; then `low` is positive.
    """

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Return the position of a value: 0 at the start, 1 at the end."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def share_axis(title: str, low: float = 0.0) -> Axis:
    """An axis from `low` (a tenth) to 100 %, with about five ticks."""
    step = 20 if low < 0.5 else 10
    first = math.ceil(round(100 * low) / step) * step
    return Axis(title, low, 1.0, tuple((percent / 100, f"{percent} %") for percent in range(first, 101, step)))


def count_axis(title: str, most: int, ticks: int = 5) -> Axis:
    """An axis from 0 to a round number not below `most`, with at most `ticks` steps, all whole."""
    step = next(each for each in _round_numbers() if each * ticks >= most)
    top = max(1, math.ceil(most / step)) * step
    return Axis(title, 0, top, tuple((value, f"{value:,}") for value in range(0, top + 1, step)))


def log_axis(title: str, least: float, most: float) -> Axis:
    """A logarithmic axis a little beyond both ends, ticks at 1, 2, 5, 10 and so on."""
    low, high = least / 1.25, most * 1.25
    ticks = []
    for value in _round_numbers():
        if value > high:
            break
        if value >= low:
            ticks.append((float(value), f"{value:,}"))
    return Axis(title, low, high, tuple(ticks), log=True)


def _round_numbers() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50 and so on."""
    power = 1
    while True:
        yield from (step * power for step in _STEPS)
        power *= 10
