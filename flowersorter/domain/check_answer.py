"""The answer of a person who is asked whether a suggestion is right."""

from __future__ import annotations

from enum import StrEnum


class CheckAnswer(StrEnum):
    """What a person says about a suggestion."""

    RIGHT = "right"
    WRONG = "wrong"
    SKIPPED = "skipped"
