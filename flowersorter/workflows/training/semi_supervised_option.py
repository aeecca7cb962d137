"""Whether Retrain learns from photos nobody labelled, too: the person has to ask for it.

A guess is never treated as a label, unless somebody says that the program may go by its guesses: with few labels more
of them are right then (`flowersorter.vision.classifier.lda` has the figures).
"""

from __future__ import annotations

from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import SEMI_SUPERVISED


def learns_from_unlabelled(collection: CollectionStore) -> bool:
    """Whether the person asked for it."""
    return collection.settings.get(SEMI_SUPERVISED)


def set_learns_from_unlabelled(collection: CollectionStore, wanted: bool) -> None:
    """Ask for it, or no longer; it counts from the next training on."""
    collection.settings.set(SEMI_SUPERVISED, wanted)
