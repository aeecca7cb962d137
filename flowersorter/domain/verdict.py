"""How much a prediction is worth, in the four words the person sees."""

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


#: Share of the *sure* photos that must be right: what a person can ask for, and what is promised to one who does not.
SURE_PRECISIONS = (0.90, 0.95, 0.97, 0.99)


DEFAULT_SURE_PRECISION = 0.97
