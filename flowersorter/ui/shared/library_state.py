"""Holds classes, label counts, model and settings in memory, so that the window waits for no table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import Setting
from flowersorter.workers.library_queue import LibraryQueue
from flowersorter.workflows.snapshot import LibrarySnapshot, read_snapshot, store_setting

T = TypeVar("T")
_SHOWN = Changes.CLASSES | Changes.LABELS | Changes.MODEL | Changes.SETTINGS


class LibraryState(QObject):
    """Holds a `LibrarySnapshot` and reads it again after changes. Lives in the GUI thread.

    Args:
        collection: Read once at construction, before any job runs; later in the library's thread.
        library: Emits changes.

    Signals:
        updated(): Classes, label counts or the model in use were read anew; they may be unchanged.
    """

    updated = Signal()

    def __init__(self, collection: CollectionStore, library: LibraryQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._collection, self._library = collection, library
        self._snapshot = read_snapshot(collection)
        self._settings = dict(self._snapshot.settings)
        self._reading = self._outdated = False
        library.changed.connect(self._on_changed)

    @property
    def classes(self) -> Sequence[PhotoClass]:
        """Every class, by position."""
        return self._snapshot.classes

    @property
    def label_counts(self) -> Mapping[int, int]:
        """How many photos have each class, by class id; classes without any are left out."""
        return self._snapshot.label_counts

    @property
    def model_id(self) -> int | None:
        """The model in use, None for the starter."""
        return self._snapshot.model_id

    def class_name(self, class_id: int) -> str:
        """Name of a class; "" for a deleted one."""
        return next((each.name for each in self._snapshot.classes if each.id == class_id), "")

    def setting(self, setting: Setting[T]) -> T:
        """A setting that only the window stores; its default if none is stored, or one of another type."""
        return setting.value_of(self._settings.get(setting.key))

    def stored_setting(self, setting: Setting[T]) -> T:
        """A setting that jobs store, as it was when the library was last read."""
        return setting.value_of(self._snapshot.settings.get(setting.key))

    def set_setting(self, setting: Setting[T], value: T) -> None:
        """Change a setting, in memory at once and in the library as soon as it is free.

        Raises:
            TypeError: JSON cannot hold `value`.
        """
        text = json.dumps(value)
        if self._settings.get(setting.key) != text:
            self._settings[setting.key] = text
            self._library.submit(partial(store_setting, self._collection, setting, value))

    @Slot(object)
    def _on_changed(self, changes: Changes) -> None:
        if not changes & _SHOWN:
            return
        self._outdated = self._reading
        if not self._reading:
            self._reading = True
            self._library.submit(partial(read_snapshot, self._collection), self._on_read, self._on_not_read)

    def _on_read(self, snapshot: LibrarySnapshot) -> None:
        self._snapshot, self._reading = snapshot, False
        self.updated.emit()
        self._read_again()

    def _on_not_read(self, error: Exception) -> None:
        self._reading = False
        self._library.failed.emit(error)
        self._read_again()

    def _read_again(self) -> None:
        """Read the snapshot again: changes made during the last read may be missing from it."""
        if self._outdated:
            self._on_changed(_SHOWN)
