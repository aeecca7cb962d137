"""Stores whether sorted copies follow a changed label on disk: the person is asked once per collection."""

from __future__ import annotations

from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import MOVE_SORTED_COPIES


def moves_sorted_copies(collection: CollectionStore) -> bool | None:
    """Whether sorted copies follow a changed label; None as long as the person has not been asked."""
    return {"yes": True, "no": False}.get(collection.settings.get(MOVE_SORTED_COPIES))


def set_moves_sorted_copies(collection: CollectionStore, wanted: bool) -> None:
    """Store the person's answer for this collection."""
    collection.settings.set(MOVE_SORTED_COPIES, "yes" if wanted else "no")
