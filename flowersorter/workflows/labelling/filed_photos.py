"""Tells photos that a run filed from photos that a person put into a class folder, also after their bytes changed.

A run may have filed on a guess. Where a viewer turned or tagged the photo since, its hash is another one; the journal
still knows where the run put it, and the library when the photo was taken.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flowersorter.domain.place import Places
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_names import class_key
from flowersorter.library.tables.filed_photos import FiledFile, classes_filed_as, files_filed_as, without_moved_on


@dataclass(frozen=True, slots=True)
class Standing:
    """A photo in a folder named like a class.

    Attributes:
        path: Where it stands.
        class_name: The class that the folder means.
    """

    path: str
    class_name: str


def filed_by_runs(collection: CollectionStore, standing: Mapping[int, Standing], places: Places) -> set[int]:
    """Find the photos whose folder says nothing, because a run put them into a folder of that class.

    Args:
        collection: Has the journal.
        standing: Photos in class folders, by photo id.
        places: Everything in the folder that is open.
    """
    by_hash = classes_filed_as(collection.database) if standing else {}
    if not by_hash:
        return set()
    meaning = _Meaning(collection)
    found, others = set[int](), dict[int, Standing]()
    for photo_id, sha256 in zip(*collection.photos.hashes(standing), strict=True):
        each = standing[int(photo_id)]
        if meaning.of(each.class_name) in map(meaning.of, by_hash.get(sha256, ())):
            found.add(int(photo_id))
        else:
            others[int(photo_id)] = each
    if others:
        names = {name for names in by_hash.values() for name in names}
        wanted = {meaning.of(each.class_name) for each in others.values()}
        files = files_filed_as(collection.database, [name for name in names if meaning.of(name) in wanted])
        found |= _rewritten(collection, others, files, meaning, places)
    return found


def _rewritten(
    collection: CollectionStore,
    standing: Mapping[int, Standing],
    files: Iterable[FiledFile],
    meaning: _Meaning,
    places: Places,
) -> set[int]:
    """The photos that are a filed file with other bytes.

    Such a one is at the same path. Or it has the same name, or the folder of a file that is gone: then both were taken
    at the same moment or, where that is not known, the filed file is gone. A file whose filed bytes have a label of the
    class does not count: there the folder repeats the person's word.
    """
    candidates = _candidates(standing, files, meaning, places)
    kept = set(without_moved_on(collection.database, list({file for each in candidates.values() for file in each})))
    id_of = collection.photos.known(file.sha256 for file in kept)
    records, labels = collection.photos.photos([*candidates, *id_of.values()]), collection.labels.get(id_of.values())
    present = set(places.photo_ids.tolist())

    def is_filed(photo_id: int, file: FiledFile) -> bool:
        before = id_of.get(file.sha256, 0)
        label = labels.get(before)
        if label is not None and label.class_id == meaning.of(file.class_name):
            return False
        if _is_same_file(standing[photo_id].path, file.path):
            return True
        moment, moment_before = (records[each].taken_at if each in records else None for each in (photo_id, before))
        if moment is not None and moment_before is not None:
            return moment == moment_before
        return before not in present and not os.path.lexists(file.path)

    return {photo_id for photo_id, each in candidates.items() if any(is_filed(photo_id, file) for file in kept & each)}


def _candidates(
    standing: Mapping[int, Standing], files: Iterable[FiledFile], meaning: _Meaning, places: Places
) -> dict[int, set[FiledFile]]:
    """The filed files that photos may have been: of the same class, with the same name or gone from the same folder."""
    by_name, by_folder = defaultdict[_Key, list[int]](list), defaultdict[_Key, list[int]](list)
    for photo_id, each in standing.items():
        folder, name = os.path.split(_folded(os.fsencode(each.path)))
        by_name[meaning.of(each.class_name), name].append(photo_id)
        by_folder[meaning.of(each.class_name), folder].append(photo_id)
    there: set[bytes] | None = None
    candidates = defaultdict[int, set[FiledFile]](set)
    for file in files:
        path, meant = _folded(file.path), meaning.of(file.class_name)
        folder, name = os.path.split(path)
        photo_ids = by_name.get((meant, name), [])
        if (meant, folder) in by_folder:
            there = there if there is not None else {_folded(os.fsencode(each)) for each in places.paths.names}
            photo_ids = photo_ids if path in there else [*photo_ids, *by_folder[meant, folder]]
        for photo_id in photo_ids:
            candidates[photo_id].add(file)
    return candidates


class _Meaning:
    """Tells which names mean the same class, now or formerly, each looked up once."""

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection
        self._known: dict[str, int | str] = {}

    def of(self, name: str) -> int | str:
        """The id of the class; of a name that means none, what its spellings have in common."""
        if name not in self._known:
            found = self._collection.classes.find(name)
            self._known[name] = class_key(name) if found is None else found.id
        return self._known[name]


#: What a class name means, and a folded name or folder.
_Key = tuple[int | str, bytes]


def _folded(path: bytes) -> bytes:
    """What the spellings of a path have in common that some disks take for one."""
    if path.isascii():
        return path.lower()
    return os.fsencode(unicodedata.normalize("NFC", os.fsdecode(path)).casefold())


def _is_same_file(path: str, filed: bytes) -> bool:
    """Whether both paths lead to one file, through a link or in another spelling too."""
    if _folded(os.fsencode(path)) == _folded(filed):
        return True
    try:
        return os.path.samefile(os.fsencode(path), filed)  # noqa: PTH121 - compared as bytes
    except OSError:
        return False
