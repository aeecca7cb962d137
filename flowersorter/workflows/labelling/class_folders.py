"""Finds the class folders of a data set: the folder that names a photo's class, and the photos that only evaluate."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
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
#: Folders of a sort beside its class folders.
_NO_CLASS = frozenset(map(name_key, (ASIDE, DUPLICATES)))


@dataclass(frozen=True, slots=True)
class ClassFolders:
    """Locates the class folders of a folder.

    Attributes:
        folder: The folder.
        split: Whether they are in folders such as train and val, not in `folder` itself.
        nested: Folded names of the folders of which each sub-folder is a class, such as a genus of its species.
        flat: Whether folders in class folders are parts of the same class because the person says so.
    """

    folder: Path
    split: bool = False
    nested: frozenset[str] = frozenset()
    flat: bool = False

    @classmethod
    def of(cls, folder: Path, places: Iterable[Place], *, flat: bool = False) -> ClassFolders:
        """Find the class folders.

        They are in train and val where all folders have such names and train has sub-folders, or where the names of
        these sub-folders repeat; so also one level deeper, where nothing is beside. Photos beside the class folders of
        train and val, such as those of a test folder without classes, have no class. The folders in a class folder
        are classes of their own if no photo is beside them, none has the name of one in another class folder, and none
        is a date or a name such as train; where no class folder has two such folders, they tell nothing apart.

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
        return cls(folder, split, frozenset() if flat else _nested(classes), flat)

    def parts(self, parent: Path) -> tuple[str, ...]:
        """Return the names of the folders that name the class of the photos in a folder; empty without a class."""
        parts = parent.relative_to(self.folder).parts
        if self.split:
            parts = parts[1:] if parts and name_key(parts[0]) in _TRAIN | _HELD_OUT else ()
        if not parts or name_key(parts[0]) in _NO_CLASS:
            return ()
        return parts[: 2 if name_key(parts[0]) in self.nested else 1]

    def class_of(self, parent: Path) -> str | None:
        """Return the name of the class of the photos in a folder, such as "Rosa/canina"; None without one."""
        return "/".join(map(class_name_of_folder, self.parts(parent))) or None

    def merged(self, parents: Iterable[Path]) -> tuple[str, ...]:
        """Return the classes, sorted, that have photos in folders within the class folder; none where `flat` is."""
        if self.flat:
            return ()
        above = len(self.folder.parts) + self.split
        below = [parent for parent in parents if len(parent.parts) > above + len(self.parts(parent))]
        return tuple(sorted({name for parent in below if (name := self.class_of(parent))}))

    def folders(self) -> list[Path]:
        """List the class folders on the disk to learn from, also those without photos; none that cannot be listed."""
        tops = [each for each in _folders_in(self.folder) if name_key(each.name) in _TRAIN] if self.split else []
        first = [each for top in tops or [self.folder] for each in _folders_in(top)]
        below = {each: _folders_in(each) for each in first if name_key(each.name) in self.nested}
        return [folder for each in first for folder in below.get(each, [each])]

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


def _folders_in(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if not each.name.startswith(".") and each.is_dir())
    except OSError:
        return []


def _nested(classes: list[tuple[str, ...]]) -> frozenset[str]:
    """Return the folded names of the folders of which each sub-folder is a class."""
    below = defaultdict[str, set[str]](set)  # "" for photos beside the sub-folders
    for parts in classes:
        if parts and name_key(parts[0]) not in _NO_CLASS:
            below[name_key(parts[0])].add(name_key(parts[1]) if len(parts) > 1 else "")
    parents_of = Counter(name for names in below.values() for name in names)
    nested = {parent for parent, names in below.items() if all(_is_class(each, parents_of) for each in names)}
    return frozenset(nested) if any(len(below[each]) > 1 for each in nested) else frozenset()


def _is_class(name: str, parents_of: Mapping[str, int]) -> bool:
    """Whether a folder in a class folder may be a class of its own."""
    dated = name[:1].isdigit() or name in _NO_CLASSES
    return bool(name) and not dated and name not in _TRAIN | _HELD_OUT and parents_of[name] == 1
