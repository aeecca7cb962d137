"""Refuses to learn sub-folders as classes that look like dates, or of which none is a class of the collection."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from flowersorter.domain.place import Places
from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import Text, text
from flowersorter.workflows.labelling.class_folders import ClassFolders

_LISTED = 5
#: A year; a year with a month or a whole date, and words after it; folders as cameras and phones name them.
_NO_CLASS = re.compile(
    r"(19|20)\d\d"
    r"|(19|20)\d\d[-_. ]?(0[1-9]|1[0-2])([-_. ]?(0[1-9]|[12]\d|3[01]))?(\D.*)?"
    r"|[1-9]\d\d_?[a-z_]{4,5}|dcim|camera|camera roll|screenshots",
    re.IGNORECASE,
)


def looks_like_no_class(name: str) -> bool:
    """Whether the name of a folder is a date, or one that cameras and phones give."""
    return _NO_CLASS.fullmatch(name.strip()) is not None


def refuse_doubtful_folders(
    collection: CollectionStore, folder: Path, places: Places, *, add: bool, flat: bool
) -> None:
    """Refuse a folder whose sub-folders are hardly meant as classes.

    Args:
        collection: Knows the classes.
        folder: Has one sub-folder per class.
        places: Its photos, before new ones are read.
        add: Whether its classes are learned beside the present ones.
        flat: As in `ClassFolders.of`.

    Raises:
        UserError: sub-folders that are no classes yet look like dates; or none is a class, though the collection has
            labels and photos of this folder, and the classes are not to be added.
    """
    folders = ClassFolders.of(folder, places, flat=flat)
    parents = {Path(each).parent for each in places.paths.names}
    names = {name for parent in parents if (name := folders.class_of(parent))}
    new = sorted(name for name in names if collection.classes.find(name) is None)
    odd = [name for name in new if any(map(looks_like_no_class, name.split("/")))]
    if odd:
        why = text("sub-folders look like dates or like those of a camera: {folders}", folders=_first(odd))
        raise _refused(folder, why)
    known = any(collection.labels.counts().values()) and bool((places.photo_ids > 0).any())
    if new and len(new) == len(names) and known and not add:
        raise _refused(folder, text("none of its sub-folders is one of your classes: {folders}", folders=_first(new)))


def _refused(folder: Path, why: Text) -> UserError:
    hint = text("If they are classes all the same, add --new-classes")
    return UserError(text("Nothing was learned from {folder}", folder=folder), why, hint)


def _first(names: Sequence[str]) -> str:
    listed = ", ".join(names[:_LISTED])
    more = len(names) - _LISTED
    return text("{folders} and {number} more", folders=listed, number=more) if more > 0 else listed
