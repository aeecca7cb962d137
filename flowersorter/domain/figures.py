"""Figures of an evaluation: calibration and confidence bins, expected gains, epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Stands where there is no figure.
NO_FIGURE = "–"


def percent(share: float | None, decimals: int = 0) -> str:
    """A share as people read it, "91 %"; a dash where it is None or NaN."""
    return NO_FIGURE if share is None or math.isnan(share) else f"{100 * share:.{decimals}f} %"


def percent_to_tenths(share: float | None) -> str:
    """A share as the terminal prints it: "91.8 %"."""
    return percent(share, decimals=1)


def whole_percent(probability: float) -> int:
    """A probability as a percentage, which is never 100 unless it is certain: 99.7 % is not."""
    return min(99, round(100 * probability)) if probability < 1 else 100


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationBin:
    """Photos whose confidence falls into one interval.

    Attributes:
        low: Lower edge, exclusive except for 0.
        high: Upper edge, inclusive.
        photos: How many fell in.
        confidence: Their mean confidence.
        accuracy: The fraction of them that is right.
    """

    low: float
    high: float
    photos: int
    confidence: float
    accuracy: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy: wide where few photos fell in."""
        return wilson_interval(round(self.accuracy * self.photos), self.photos)


@dataclass(frozen=True, slots=True)
class ConfidenceBar:
    """How many photos of one interval of confidence are right, and how many wrong.

    Attributes:
        low: Lower edge, exclusive except for 0.
        high: Upper edge, inclusive.
        right: Photos predicted right.
        wrong: Photos predicted wrong.
    """

    low: float
    high: float
    right: int
    wrong: int


#: A 95 % interval of an accuracy wider than this, in per cent, is not worth its two numbers: the accuracy is inexact.
INEXACT_PERCENT = 20


def wilson_interval(right: int, photos: int, z: float = 1.96) -> tuple[float, float]:
    """Bound a proportion with Wilson's score interval (95 % for z = 1.96); (0, 1) for no photos.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if photos == 0:
        return 0.0, 1.0
    proportion = right / photos
    spread = z * math.sqrt(proportion * (1 - proportion) / photos + z * z / (4 * photos * photos))
    centre = proportion + z * z / (2 * photos)
    scale = 1 + z * z / photos
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


@dataclass(frozen=True, slots=True)
class Gain:
    """The expected gain in accuracy from more labelled photos, as fractions of all photos.

    Attributes:
        low: Lower bound of the 95 % interval.
        likely: The median.
        high: Upper bound of the 95 % interval.
    """

    low: float
    likely: float
    high: float


@dataclass(frozen=True, slots=True)
class Epoch:
    """Report of a finished epoch.

    Attributes:
        number: From 1; 0 is the state before the first.
        of: Number of epochs.
        loss: Mean training loss, NaN for number 0.
        held_out_loss: Mean loss of the held-out photos at the best temperature.
        held_out_right: How many of them were right.
        held_out: Number of held-out photos.
        best: Whether this epoch is kept unless a later one is; held-out photos do not decide it.
        seconds: Since the training began.
    """

    number: int
    of: int
    loss: float
    held_out_loss: float
    held_out_right: int
    held_out: int
    best: bool
    seconds: float

    @property
    def accuracy(self) -> float:
        """The fraction of the held-out photos that were right."""
        return self.held_out_right / self.held_out if self.held_out else math.nan
