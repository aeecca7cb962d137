"""Separates photos that a sort filed from photos that a person put into a class folder, also after a later edit.

A run may have filed a photo by its suggestion. If a viewer turned or tagged it since, its hash has changed; but the
journal has its destination, and the library the time it was taken.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from flowersorter.domain.place import Places
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_names import class_key
from flowersorter.library.tables.filed_photos import FiledFile, classes_filed_as, filed_rows, without_moved_on


def filed_by_runs(collection: CollectionStore, wanted: Mapping[int, str], places: Places) -> set[int]:
    """Find the photos whose folder is no label, because a run filed them into a folder of that class.

    Args:
        collection: Has the journal.
        wanted: The class that the folder of each photo means, by photo id.
        places: All places in the open folder.
    """
    by_hash = classes_filed_as(collection.database) if wanted else {}
    if not by_hash:
        return set()
    meaning = _Meaning(collection)
    names = {name for names in by_hash.values() for name in names}
    meant_by = {name: meaning.of(name) for name in wanted.values()}
    same = {name: {each for each in names if meaning.of(each) == meant} for name, meant in meant_by.items()}
    filed, others = set[int](), set[int]()
    ids, hashes = collection.photos.hashes(wanted)
    for photo_id, sha256 in zip(ids.tolist(), hashes, strict=True):
        (others if same[wanted[photo_id]].isdisjoint(by_hash.get(sha256, ())) else filed).add(photo_id)
    standing = dict[int, InClassFolder]()
    for at in np.flatnonzero(np.isin(places.photo_ids, list(others))).tolist():
        photo_id = int(places.photo_ids[at])
        standing.setdefault(photo_id, InClassFolder(meant_by[wanted[photo_id]])).paths.append(places.paths.names[at])
    meant = {name: meaning.of(name) for photo_id in others for name in same[wanted[photo_id]]}
    return filed | (_rewritten(collection, standing, meant, places) if meant else set())


@dataclass(frozen=True, slots=True)
class InClassFolder:
    """A photo in a folder with the name of a class.

    Attributes:
        meant: The class of the folder, as `_Meaning` returns it.
        paths: All paths of the photo.
    """

    meant: int | str
    paths: list[str] = field(default_factory=list)


def _rewritten(
    collection: CollectionStore, standing: Mapping[int, InClassFolder], meant: Mapping[str, int | str], places: Places
) -> set[int]:
    """Find the photos that are a filed file with other bytes.

    Such a photo is at the same path. Or it has the same name, or the folder of a file that is gone: then both were
    taken at the same moment or, if that is unknown, the filed file is gone. A file whose filed bytes have a label of
    the class does not count: its folder repeats the person's label.

    Args:
        collection: Has the journal.
        standing: Photos in class folders, by photo id.
        meant: The classes that such files may have been filed as.
        places: All places in the open folder.
    """
    candidates = _candidates(standing, filed_rows(collection.database), meant, places)
    kept = set(without_moved_on(collection.database, list({file for each in candidates.values() for file in each})))
    id_of = collection.photos.known(file.sha256 for file in kept)
    records, labels = collection.photos.photos([*candidates, *id_of.values()]), collection.labels.get(id_of.values())
    present = set(places.photo_ids.tolist())

    def is_filed(photo_id: int, file: FiledFile) -> bool:
        before = id_of.get(file.sha256, 0)
        label = labels.get(before)
        if label is not None and label.class_id == standing[photo_id].meant:
            return False
        if any(_is_same_file(path, os.fsdecode(file.path)) for path in standing[photo_id].paths):
            return True
        moment, moment_before = (records[each].taken_at if each in records else None for each in (photo_id, before))
        if moment is not None and moment_before is not None:
            return moment == moment_before
        return before not in present and not os.path.lexists(file.path)

    return {photo_id for photo_id, each in candidates.items() if any(is_filed(photo_id, file) for file in kept & each)}


def _candidates(
    standing: Mapping[int, InClassFolder],
    filed: Iterable[tuple[int, bytes, str, bytes]],
    meant: Mapping[str, int | str],
    places: Places,
) -> dict[int, set[FiledFile]]:
    """Find the filed files that photos may have been: same class, and same name or gone from the same folder."""
    by_name, by_folder = defaultdict[_Key, list[int]](list), defaultdict[_Key, list[int]](list)
    for photo_id, each in standing.items():
        for path in map(_folded, each.paths):
            folder, _, name = path.rpartition(os.sep)
            by_name[each.meant, name].append(photo_id)
            by_folder[each.meant, folder].append(photo_id)
    there = _Present(places.paths.names)
    candidates = defaultdict[int, set[FiledFile]](set)
    for row in filed:
        if (means := meant.get(row[2])) is None:
            continue
        path = os.fsdecode(row[3])
        folder, _, name = _folded(path).rpartition(os.sep)
        photo_ids = by_name.get((means, name), [])
        if (means, folder) in by_folder and not there.has(path):
            photo_ids = [*photo_ids, *by_folder[means, folder]]
        for photo_id in photo_ids:
            candidates[photo_id].add(FiledFile(*row))
    return candidates


class _Present:
    """The files in a folder, looked up without case."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = set(names)
        self._folded: set[str] | None = None

    def has(self, path: str) -> bool:
        """Whether a file is there."""
        if path in self._names:
            return True
        if self._folded is None:  # nearly all files keep the spelling with which they were filed
            self._folded = set(map(_folded, self._names))
        return _folded(path) in self._folded


class _Meaning:
    """Maps present and former class names to the same class; looks each up once."""

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection
        self._known: dict[str, int | str] = {}

    def of(self, name: str) -> int | str:
        """Return the class id of a name, or for an unknown name a key that is equal for its spellings."""
        if name not in self._known:
            found = self._collection.classes.find(name)
            self._known[name] = class_key(name) if found is None else found.id
        return self._known[name]


#: Meaning of a class name, and a folded name or folder.
_Key = tuple[int | str, str]


def _folded(path: str) -> str:
    """Return a key that is equal for spellings of a path which some file systems treat as one."""
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


def _is_same_file(path: str, filed: str) -> bool:
    """Whether both paths lead to one file, through a link or in another spelling too."""
    if _folded(path) == _folded(filed):
        return True
    try:
        return os.path.samefile(path, filed)  # noqa: PTH121 - as texts: there is no need to take them apart
    except OSError:
        return False
