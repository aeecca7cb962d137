"""Whether Retrain learns from photos nobody labelled, too: the person has to ask for it.

A guess is never treated as a label, unless somebody says that the program may go by its guesses: with few labels more
of them are right then (`flowersorter.vision.classifier.lda` has the figures).
"""

from __future__ import annotations

from flowersorter.library.collection import Garden
from flowersorter.vision.classifier.training_state import FEW

__all__ = ["FEW", "learns_from_unlabelled", "set_learns_from_unlabelled"]

_KEY = "learn from unlabelled photos"


def learns_from_unlabelled(garden: Garden) -> bool:
    """Whether the person asked for it."""
    return garden.settings.get(_KEY, False) is True


def set_learns_from_unlabelled(garden: Garden, wanted: bool) -> None:
    """Ask for it, or no longer; it counts from the next training on."""
    garden.settings.set(_KEY, wanted)
