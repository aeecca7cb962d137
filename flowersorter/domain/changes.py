"""The parts of the library that an operation changed, so that a view can decide whether to read again."""

from __future__ import annotations

from enum import Flag, auto


class Changes(Flag):
    """The parts of the library that an operation changed."""

    NOTHING = 0
    LABELS = auto()
    CLASSES = auto()
    PLACES = auto()
    MODEL = auto()
    SORTS = auto()
    SETTINGS = auto()
