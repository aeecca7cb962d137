"""What a change of a class took away, so that it can be taken back."""

from __future__ import annotations

from dataclasses import dataclass

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.library.tables.class_dependents import ClassDependents


@dataclass(frozen=True, slots=True, eq=False)
class RemovedClass:
    """What `ClassTable.merge` or `ClassTable.delete` took away: hand it to `ClassTable.restore` to take that back.

    Attributes:
        photo_class: The class as it was.
        into: The class it was merged into, as that was; None if it was deleted.
        belongings: What it had.
        deleted: Those of its names' keys that were also of a class that had been deleted.
        meant: Id of the class that its name had once meant too, and no longer does since it was merged; 0: of none.
    """

    photo_class: PhotoClass
    into: PhotoClass | None
    belongings: ClassDependents
    deleted: frozenset[str]
    meant: int = 0

    @property
    def photo_ids(self) -> list[int]:
        """The photos that were labelled with it."""
        return [photo_id for photo_id, _, _ in self.belongings.labels]

    @property
    def place_ids(self) -> list[int]:
        """The places that had a pending label of it."""
        return list(self.belongings.pending)


@dataclass(frozen=True, slots=True, eq=False)
class RenamedClass:
    """What `ClassTable.rename` changed: hand it to `ClassTable.rename_back` to take that back.

    Attributes:
        before: The class as it was.
        keys: What its name then, and its name now, are looked up by.
        meant: What these had meant as former names: pairs of key and class id.
        deleted: Whether the name it has now was that of a deleted class.
    """

    before: PhotoClass
    keys: tuple[str, str]
    meant: tuple[tuple[str, int], ...]
    deleted: bool
