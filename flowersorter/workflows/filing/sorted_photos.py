"""Finds the photos that are sorted, and their classes; stores whether their copies follow a changed label on disk."""

from __future__ import annotations

import numpy as np

from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import classes_sorted_under
from flowersorter.library.tables.settings import MOVE_SORTED_COPIES


def sorted_photos(collection: CollectionStore) -> PhotoNumbers:
    """Read the sorted photos from the journal, without sorts that were undone.

    Returns:
        By photo id, the present class of the name it was last sorted under, after renamings and merges; 0 for none.
    """
    names = classes_sorted_under(collection.database)
    ids = np.array(sorted(names), np.int64)
    found = {name: collection.classes.find(name) for name in set(names.values())}
    class_ids = {name: 0 if entry is None else entry.id for name, entry in found.items()}
    return PhotoNumbers(ids, np.array([class_ids[names[photo_id]] for photo_id in ids.tolist()], np.int64))


def moves_sorted_copies(collection: CollectionStore) -> bool | None:
    """Whether sorted copies follow a changed label; None as long as the person has not been asked.

    The person is asked once per collection.
    """
    return {"yes": True, "no": False}.get(collection.settings.get(MOVE_SORTED_COPIES))


def set_moves_sorted_copies(collection: CollectionStore, wanted: bool) -> None:
    """Store the person's answer for this collection."""
    collection.settings.set(MOVE_SORTED_COPIES, "yes" if wanted else "no")
