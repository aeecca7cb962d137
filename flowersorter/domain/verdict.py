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
