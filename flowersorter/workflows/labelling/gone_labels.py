"""Counts and deletes labels of photos that were deleted, other than photos on an unplugged drive."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from flowersorter.domain.label import Label
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.edited_photos import gone_labels, mark_gone, missing_places


def mark_deleted_photos(collection: CollectionStore, folder: Path, unreadable: Sequence[Path]) -> None:
    """Store which missing files under a folder that was just scanned are deleted, so that their labels do not teach.

    A file is deleted where its folder, or the nearest one above it that is left, has other entries. Below an empty
    folder, a folder with drives in it or one that could not be listed, it may be on an unplugged drive.
    """
    deleted: dict[Path, bool] = {}
    gone = []
    for place_id, path in missing_places(collection.database, folder):
        parent = path.parent
        if parent not in deleted:
            deleted[parent] = _has_other_entries(folder, parent, unreadable)
        if deleted[parent]:
            gone.append(place_id)
    if gone:
        mark_gone(collection.database, gone)


def forget_gone_labels(collection: CollectionStore) -> dict[int, Label | None]:
    """Remove the labels whose photos are gone.

    Returns:
        The labels before, for `LabelTable.restore`.
    """
    return collection.labels.clear(gone_labels(collection.database))


def _has_other_entries(root: Path, folder: Path, unreadable: Sequence[Path]) -> bool:
    while not folder.is_dir() and folder != root:
        folder = folder.parent
    if any(path == folder or folder in path.parents for path in unreadable):
        return False
    try:
        with os.scandir(folder) as listing:
            names = [entry.path for entry in listing]
    except OSError:
        return False
    return bool(names) and not any(map(os.path.ismount, names))
