"""Finds photos that are in two class folders: the same bytes with two labels.

A photo has one label, so only the folder that is read first counts. The person is told so, and decides which folder is
right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.place import common_folder
from flowersorter.library.collection import CollectionStore


@dataclass(frozen=True, slots=True)
class DuplicateLabel:
    """One photo in folders of several classes.

    Attributes:
        photo_id: The photo.
        class_id: The class that counts.
        other_ids: The other classes whose folders it is in, at least one.
        paths: Its paths by class id.
    """

    photo_id: int
    class_id: int
    other_ids: tuple[int, ...]
    paths: dict[int, Path]


def contradictions(collection: CollectionStore) -> tuple[DuplicateLabel, ...]:
    """Find the photos in folders of several classes, except those labelled by a person."""
    by_folder = [photo for photo, label in collection.labels.all().items() if label.origin is LabelOrigin.FOLDER]
    places = collection.photos.all_places()
    there = np.flatnonzero(~places.missing & np.isin(places.photo_ids, np.array(by_folder, np.int64)))
    photo_ids, counts = np.unique(places.photo_ids[there], return_counts=True)
    several = there[np.isin(places.photo_ids[there], photo_ids[counts > 1])]
    paths: dict[int, list[Path]] = {}
    for at in several.tolist():
        paths.setdefault(int(places.photo_ids[at]), []).append(places.paths[at])
    folders = _ClassFolders(collection)
    labels = collection.labels.get(list(paths))
    result = []
    for photo_id, where in sorted(paths.items()):
        classes = folders.classes_of(where)
        class_id = labels[photo_id].class_id
        others = tuple(other for other in classes if other != class_id)
        if len(classes) > 1 and others:
            result.append(DuplicateLabel(photo_id, class_id, others, classes))
    return tuple(result)


class _ClassFolders:
    """Finds the folders that are named like a class; looks each name up once."""

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection
        self._known: dict[str, int] = {}

    def classes_of(self, paths: Sequence[Path]) -> dict[int, Path]:
        """The first path by class id of the nearest folder named like a class.

        Folders that all paths share do not count: a person may be called Rose, and so may their home folder.
        """
        shared = _shared_parts(paths)
        result: dict[int, Path] = {}
        for path in paths:
            names = path.parent.parts[shared:]
            class_id = next((found for name in reversed(names) if (found := self._class_of(name))), 0)
            if class_id:
                result.setdefault(class_id, path)
        return result

    def _class_of(self, name: str) -> int:
        if name not in self._known:
            entry = self._collection.classes.find(name)
            self._known[name] = entry.id if entry is not None else 0
        return self._known[name]


def _shared_parts(paths: Sequence[Path]) -> int:
    return len(Path(common_folder(path.parent for path in paths)).parts)
