"""Plans labels from a folder of class folders: a training uses them first, and writes them at its end.

A request that is refused, fails or is cancelled leaves the labels and the classes as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS
from flowersorter.domain.photo_class import PALETTE, ClassOrigin, PhotoClass
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_names import class_key, validated_name
from flowersorter.library.tables.classes import in_order_of_making
from flowersorter.workflows.labelling.folder_labels import label_by_names


class KnownClasses(Protocol):
    """The readable classes of a collection: those in the library, or the planned ones."""

    def all(self) -> list[PhotoClass]:
        """Every class, by position."""

    def find(self, name: str) -> PhotoClass | None:
        """The class with this name or former name."""

    def without_deleted(self, names: Iterable[str]) -> list[str]:
        """A model's class names without those of deleted classes."""


class PlannedClasses:
    """The classes of a collection, followed by new ones for unknown names; nothing is written.

    The new ones have negative ids, and the same order that `ClassTable.resolve_all` will give them.

    Raises:
        ClassRefused: a name is new and cannot be used.
    """

    def __init__(self, collection: CollectionStore, names: Iterable[str]) -> None:
        self._collection, self._present = collection, collection.classes.all()
        self._new: dict[str, PhotoClass] = {}
        for name in in_order_of_making(names):
            if collection.classes.find(name) is None and class_key(name) not in self._new:
                number = len(self._new) + 1
                self._new[class_key(name)] = PhotoClass(
                    -number, validated_name(name), ClassOrigin.FOLDER, len(self._present) + number - 1, PALETTE[0]
                )

    def all(self) -> list[PhotoClass]:
        """Every class, by position, at the time of planning."""
        return [*self._present, *self._new.values()]

    def find(self, name: str) -> PhotoClass | None:
        """The class with this name or former name."""
        return self._new.get(class_key(name)) or self._collection.classes.find(name)

    def without_deleted(self, names: Iterable[str]) -> list[str]:
        """A model's class names without those of deleted classes."""
        return [
            name for name in names if self.find(name) is not None or self._collection.classes.without_deleted([name])
        ]


@dataclass(frozen=True, slots=True, eq=False)
class PlannedLabels:
    """The labels of class folders, before they are written.

    Attributes:
        collection: Gets the labels.
        names: The sub-folder of each photo, by photo id.
        classes: The classes of the collection, with new ones for the sub-folders.
    """

    collection: CollectionStore
    names: Mapping[int, str]
    classes: PlannedClasses

    @classmethod
    def of(cls, collection: CollectionStore, names: Mapping[int, str]) -> PlannedLabels:
        """Plan labels from the sub-folders of photos.

        Raises:
            ClassRefused: the name of a sub-folder cannot be that of a class.
        """
        return cls(collection, names, PlannedClasses(collection, names.values()))

    def class_ids(self, *, add: bool) -> dict[int, int]:
        """Return the class id that each photo will have after `write`: a person's labels and other answers stay.

        Args:
            add: Whether to include the collection's other labels.
        """
        id_of = {name: each.id for name in set(self.names.values()) if (each := self.classes.find(name)) is not None}
        present = self.collection.labels.all()
        ids = self.collection.labels.class_ids() if add else {}
        answers = self.collection.answers.get(self.names)
        for photo_id, name in self.names.items():
            if answers.get(photo_id, NO_ANSWERS).contradict(id_of[name]):
                continue
            label = present.get(photo_id)
            by_person = label is not None and label.origin is LabelOrigin.PERSON
            ids[photo_id] = label.class_id if label is not None and by_person else id_of[name]
        return ids

    def write(self) -> None:
        """Make the classes that are missing and label the photos.

        Raises:
            UserError: the disk refuses; nothing was written.
        """
        label_by_names(self.collection, self.names)
