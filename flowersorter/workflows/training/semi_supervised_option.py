"""The option to train on unlabelled photos, too; off unless the person turns it on in Preferences.

A prediction is never a label. With this option Retrain also uses predictions of unlabelled photos where labels are few,
which improves the accuracy there (`flowersorter.vision.classifier.lda` has the figures).
"""

from __future__ import annotations

from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import SEMI_SUPERVISED


def learns_from_unlabelled(collection: CollectionStore) -> bool:
    """Whether Retrain also uses unlabelled photos where labels are few."""
    return collection.settings.get(SEMI_SUPERVISED)


def set_learns_from_unlabelled(collection: CollectionStore, wanted: bool) -> None:
    """Turn the option on or off, from the next training on."""
    collection.settings.set(SEMI_SUPERVISED, wanted)
