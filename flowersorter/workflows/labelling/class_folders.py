"""Finds the class folders of a data set: the folder that names a photo's class, and the photos that only evaluate."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flowersorter.domain.journal import DUPLICATES
from flowersorter.domain.place import Place, Places
from flowersorter.library.tables.class_names import ASIDE, class_name_of_folder
from flowersorter.workflows.labelling.folder_labels import name_key

#: Names of the folders of a split data set, by use.
_TRAIN = frozenset({"train", "training"})
_HELD_OUT = frozenset({"val", "valid", "validation", "test", "testing"})
#: Sub-folders by date, as a sort makes them, are no classes.
_NO_CLASSES = frozenset(map(name_key, (ASIDE, DUPLICATES, "Undated")))


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """Locates the class folders of a folder.

    Attributes:
        folder: The folder.
        split: Whether they are in folders such as train and val, not in `folder` itself.
        depth: 2 where each is in the folder of its parent, such as genus/species; else 1.
    """

    folder: Path
    split: bool = False
    depth: int = 1

    @classmethod
    def of(cls, folder: Path, places: Iterable[Place], *, flat: bool = False) -> ClassFolders:
        """Find the class folders.

        They are in train and val where all folders have such names and train has sub-folders, or where the names of
        these sub-folders repeat; so also one level deeper, where nothing is beside. Photos beside the class folders of
        train and val, such as those of a test folder without classes, have no class. Folders in class folders are
        classes of their own if no photo is beside them, no name occurs in two of these folders, and none is a date or
        a name such as train.

        Args:
            folder: Holds the photos.
            places: The files in it that look like photos.
            flat: Whether folders in class folders are parts of the same class.
        """
        return cls.of_parents(folder, {Path(name).parent for name in Places.of(list(places)).paths.names}, flat=flat)

    @classmethod
    def of_parents(cls, folder: Path, parents: Iterable[Path], *, flat: bool = False) -> ClassFolders:
        """Find the class folders, as `of` does, from the folders that hold files that look like photos."""
        inside = [parent.relative_to(folder).parts for parent in parents]
        if len({parts[:1] for parts in inside}) == 1 and inside[0] and _is_split([parts[1:] for parts in inside]):
            folder, inside = folder / inside[0][0], [parts[1:] for parts in inside]
        split = _is_split(inside)
        if split:
            inside = [parts for parts in inside if len(parts) > 1]
        classes = [parts[1:] if split else parts for parts in inside if not split or name_key(parts[0]) in _TRAIN]
        return cls(folder, split, 2 if not flat and _is_nested(classes) else 1)

    def parts(self, parent: Path) -> tuple[str, ...]:
        """Return the names of the folders that name the class of the photos in a folder; empty without a class."""
        parts = parent.relative_to(self.folder).parts
        if self.split:
            parts = parts[1:] if parts and name_key(parts[0]) in _TRAIN | _HELD_OUT else ()
        return () if parts and name_key(parts[0]) in {name_key(ASIDE), name_key(DUPLICATES)} else parts[: self.depth]

    def class_of(self, parent: Path) -> str | None:
        """Return the name of the class of the photos in a folder, such as "Rosa/canina"; None without one."""
        return "/".join(map(class_name_of_folder, self.parts(parent))) or None

    def held_out(self, parent: Path) -> bool:
        """Whether the photos in a folder only evaluate and are never used for training."""
        parts = parent.relative_to(self.folder).parts
        return self.split and bool(parts) and name_key(parts[0]) in _HELD_OUT

    def classes(self, places: Iterable[Place], *, held_out: bool) -> dict[int, str]:
        """Return the class name by photo id of the photos that evaluate, or of the others; without unreadable files."""
        named: dict[str, str | None] = {}
        wanted: dict[int, str] = {}
        places = Places.of(list(places))
        for name, photo_id, error in zip(places.paths.names, places.photo_ids.tolist(), places.errors, strict=True):
            parent = name.rpartition(os.sep)[0]
            if parent not in named:
                named[parent] = self.class_of(Path(parent)) if self.held_out(Path(parent)) == held_out else None
            class_name = named[parent]
            if photo_id and error is None and class_name is not None:
                wanted.setdefault(photo_id, class_name)
        return wanted


def _is_split(inside: list[tuple[str, ...]]) -> bool:
    below = defaultdict[str, set[str]](set)
    for parts in inside:
        below[name_key(parts[0]) if parts else ""].add(name_key(parts[1]) if len(parts) > 1 else "")
    train = set[str]().union(*(names for each, names in below.items() if each in _TRAIN)) - {""}
    held_out = set[str]().union(*(names for each, names in below.items() if each in _HELD_OUT)) - {""}
    return bool(train & held_out) or (bool(train) and set(below) - {""} <= _TRAIN | _HELD_OUT)


def _is_nested(classes: list[tuple[str, ...]]) -> bool:
    parents = defaultdict[str, set[str]](set)
    for parts in classes:
        if len(parts) < 2:
            return False
        parents[name_key(parts[1])].add(name_key(parts[0]))
    dated = any(name[:1].isdigit() or name in _NO_CLASSES for name in parents)
    split = not (_TRAIN | _HELD_OUT).isdisjoint(parents)
    several = len(parents) > len(set[str]().union(*parents.values()))
    return several and not dated and not split and all(len(each) == 1 for each in parents.values())
