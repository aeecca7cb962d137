"""Verdicts: how reliable a prediction is, in four levels."""

from __future__ import annotations

from enum import IntEnum


class Verdict(IntEnum):
    """How reliable a suggestion is; stored as uint8 in arrays."""

    NONE = 0  # not predicted: not read yet, or unreadable
    SURE = 1
    LIKELY = 2
    UNSURE = 3
    UNKNOWN = 4

    @property
    def word(self) -> str:
        """The word used on the command line and in files."""
        return self.name.lower()


#: Target precisions of *sure* (the fraction of such predictions that must be right) that a person can choose from.
SURE_PRECISIONS = (0.90, 0.95, 0.97, 0.99)
DEFAULT_SURE_PRECISION = 0.97


def has_percentage(verdict: Verdict, confidence: float, precision: float) -> bool:
    """Whether the probability of a suggestion is shown as a number beside its verdict.

    Photos are sure from a confidence on above which enough are right together; the lowest ones would contradict that.

    Args:
        verdict: Of the suggestion.
        confidence: Its probability, 0 to 1.
        precision: Target precision of *sure*.
    """
    return verdict is not Verdict.SURE or confidence >= precision
