"""Finds and deletes labels of photos that were deleted or replaced, other than photos on an unplugged drive."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowersorter.domain.label import Label
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.edited_photos import gone_labels, mark_gone, missing_places, replaced_photos


@dataclass(frozen=True, slots=True)
class LostLabels:
    """The labels whose photo is gone.

    Attributes:
        gone: Number of labels that are not used for training, because their photo was deleted or replaced.
        replaced: Paths by place id, of unlabelled files that show another picture than the labelled one before.
    """

    gone: int
    replaced: Mapping[int, Path]


def lost_labels(collection: CollectionStore) -> LostLabels:
    """Find the labels whose photo was deleted or replaced."""
    database = collection.database
    replaced = {each.place_id: Path(os.fsdecode(each.path)) for each in replaced_photos(database)}
    return LostLabels(len(gone_labels(database)), replaced)


def restore_labels(collection: CollectionStore, before: Mapping[int, Label | None]) -> None:
    """Restore labels that `forget_gone_labels` removed."""
    collection.labels.restore(before)


def mark_deleted_photos(collection: CollectionStore, folder: Path, unreadable: Sequence[Path]) -> None:
    """Mark the missing files under a newly scanned folder that are deleted: their labels are not used for training.

    A file counts as deleted if its folder, or the nearest existing one above it, has other entries. Below an empty
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
        The previous labels, for `LabelTable.restore`.
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
