"""Labels of photos that are not there any more: handed on to the other file of the shot, or found and deleted.

Photos on an unplugged drive keep theirs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowersorter.domain.label import Label
from flowersorter.domain.place import Places
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.edited_photos import (
    answered_and_missing,
    gone_labels,
    hand_over_answers,
    mark_gone,
    missing_places,
    replaced_photos,
)
from flowersorter.photos.scan import Roots, absolute_roots
from flowersorter.photos.sidecars import RAW_SUFFIXES, sidecars_by_photo


@dataclass(frozen=True, slots=True)
class LostLabels:
    """The labels whose photo is gone.

    Attributes:
        gone: Number of labels that are not used for training, because their photo was deleted or replaced.
        replaced: Paths by place id, of unlabelled files that show another picture than the labelled one before.
    """

    gone: int
    replaced: Mapping[int, Path]


def lost_labels(collection: CollectionStore) -> LostLabels:
    """Find the labels whose photo was deleted or replaced."""
    database = collection.database
    replaced = {each.place_id: Path(os.fsdecode(each.path)) for each in replaced_photos(database)}
    return LostLabels(len(gone_labels(database)), replaced)


def restore_labels(collection: CollectionStore, before: Mapping[int, Label | None]) -> None:
    """Restore labels that `forget_gone_labels` removed."""
    collection.labels.restore(before)


def mark_deleted_photos(collection: CollectionStore, folder: Path, unreadable: Sequence[Path]) -> None:
    """Mark the missing files under a newly scanned folder that are deleted: their labels are not used for training.

    A file counts as deleted if its folder, or the nearest existing one above it, has other entries. Below an empty
    folder, a folder with drives in it or one that could not be listed, it may be on an unplugged drive.
    """
    deleted: dict[Path, bool] = {}
    gone = []
    for place_id, path in missing_places(collection.database, folder):
        parent = path.parent
        if parent not in deleted:
            deleted[parent] = _has_other_entries(folder, parent, unreadable)
        if deleted[parent]:
            gone.append(place_id)
    if gone:
        mark_gone(collection.database, gone)


def label_by_other_file(collection: CollectionStore, roots: Roots, places: Places) -> int:
    """Give photos that are shown the answers about the other file of their shot, which is not shown any more.

    The file of a place that is missing may be there: a RAW beside a JPEG is its sidecar.

    Args:
        collection: Has the answers.
        roots: The scanned folders and files.
        places: Everything found there.

    Returns:
        How many photos got a label they did not have.
    """
    missing: dict[str, dict[str, int]] = {}
    for path, photo_id in answered_and_missing(collection.database, absolute_roots(roots)):
        missing.setdefault(str(path.parent), {})[path.name] = photo_id
    if not missing:
        return 0
    shown: dict[str, dict[str, int]] = {}
    for name, photo_id in zip(places.paths.names, places.photo_ids.tolist(), strict=True):
        folder, _, file = name.rpartition(os.sep)
        if photo_id and (folder or os.sep) in missing:
            shown.setdefault(folder or os.sep, {})[file] = photo_id
    pairs = [pair for folder, theirs in shown.items() for pair in _pairs(missing[folder], theirs)]
    return hand_over_answers(collection.database, pairs) if pairs else 0


def forget_gone_labels(collection: CollectionStore) -> dict[int, Label | None]:
    """Remove the labels whose photos are gone.

    Returns:
        The previous labels, for `LabelTable.restore`.
    """
    return collection.labels.clear(gone_labels(collection.database))


def _has_other_entries(root: Path, folder: Path, unreadable: Sequence[Path]) -> bool:
    while not folder.is_dir() and folder != root:
        folder = folder.parent
    if any(path == folder or folder in path.parents for path in unreadable):
        return False
    try:
        with os.scandir(folder) as listing:
            names = [entry.path for entry in listing]
    except OSError:
        return False
    return bool(names) and not any(map(os.path.ismount, names))


def _pairs(missing: Mapping[str, int], shown: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """(missing, shown) photo ids of the files of one folder that belong to one shot: a RAW and a photo."""
    raws = [name for name in missing if _is_raw(name)]
    for photo, sidecars in sidecars_by_photo([*shown, *raws]).items() if raws else ():
        yield from ((missing[name], shown[photo]) for name in sidecars if name in missing and photo in shown)
    photos = [name for name in missing if not _is_raw(name)]
    raws = [name for name in shown if _is_raw(name)]
    for photo, sidecars in sidecars_by_photo([*shown, *photos]).items() if photos and raws else ():
        yield from ((missing[photo], shown[name]) for name in sidecars if name in shown and photo in missing)


def _is_raw(name: str) -> bool:
    return Path(name).suffix.lower() in RAW_SUFFIXES
