"""Which parts of the library an operation changed: a view decides by it whether to read again."""

from __future__ import annotations

from enum import Flag, auto


class Changes(Flag):
    """The parts of the library that are others now."""

    NOTHING = 0
    LABELS = auto()
    CLASSES = auto()
    PLACES = auto()
    MODEL = auto()
    SORTS = auto()
    SETTINGS = auto()
