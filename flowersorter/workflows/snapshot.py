"""Reads the data that the window needs all the time, so that it can hold them in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import Setting

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class LibrarySnapshot:
    """Part of the library as it was at one moment.

    Attributes:
        classes: Every class, by position.
        label_counts: How many photos have each class, by class id; classes without any are left out.
        model_id: The model in use, None for the starter.
        settings: JSON texts by key.
    """

    classes: tuple[PhotoClass, ...]
    label_counts: Mapping[int, int]
    model_id: int | None
    settings: Mapping[str, str]


def read_snapshot(collection: CollectionStore) -> LibrarySnapshot:
    """Read the present state of the library; takes under a millisecond in an ordinary collection."""
    current = collection.models.current()
    return LibrarySnapshot(
        classes=tuple(collection.classes.all()),
        label_counts=collection.labels.counts(),
        model_id=None if current is None else current.id,
        settings=collection.settings.texts(),
    )


def store_setting(collection: CollectionStore, setting: Setting[T], value: T) -> None:
    """Store a setting; it is on disk when this returns."""
    collection.settings.set(setting, value)
