"""The answer of a person who is asked whether a suggestion is right."""

from __future__ import annotations

from enum import StrEnum


class CheckAnswer(StrEnum):
    """The answer of a person to one suggestion of a sample."""

    RIGHT = "right"
    WRONG = "wrong"
    SKIPPED = "skipped"
