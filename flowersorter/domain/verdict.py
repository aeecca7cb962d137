"""How much a prediction is worth, in the four words the person sees."""

from __future__ import annotations

from enum import IntEnum


class Verdict(IntEnum):
    """What the model makes of its own guess; stored as uint8 in arrays."""

    NONE = 0  # not predicted: not read yet, or unreadable
    SURE = 1
    PROBABLE = 2
    UNSURE = 3
    NEW = 4

    @property
    def word(self) -> str:
        """The word used on the command line and in files."""
        return self.name.lower()
