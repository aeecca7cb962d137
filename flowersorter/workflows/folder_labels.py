"""Class folders are labels: what a person already sorted is read from where the photos stand."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from flowersorter.library.classes import ClassOrigin
from flowersorter.library.garden import Garden
from flowersorter.library.labels import Label, LabelOrigin
from flowersorter.library.photos import Place

#: The folder for photos nobody is sure about: it holds no class, and nothing is learned from what stands in it.
ASIDE = "Not sure"


def name_key(name: str) -> str:
    """Fold a name so that case and composed or decomposed accents do not matter."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def label_by_known_folders(garden: Garden, folder: Path, places: Sequence[Place], names: Iterable[str]) -> int:
    """Label photos that stand in a sub-folder named like a class the garden or its model knows.

    A label a person gave is never touched; the nearest folder of a matching name counts.

    Returns:
        How many photos got a label they did not have.
    """
    known = {name_key(name): name for name in names}
    known.update({name_key(c.name): c.name for c in garden.classes.all()})
    wanted: dict[int, str] = {}
    for place in places:
        if place.photo_id is None:
            continue
        for parent in place.path.relative_to(folder).parents:
            name = known.get(name_key(parent.name))
            if name is not None:
                wanted.setdefault(place.photo_id, name)
                break
    return _write(garden, wanted)


def label_by_sub_folders(garden: Garden, folder: Path, places: Sequence[Place]) -> dict[int, str]:
    """Label photos by `classes_by_sub_folder`, which it returns; a person's own labels are never touched."""
    wanted = classes_by_sub_folder(folder, places)
    _write(garden, wanted)
    return wanted


def classes_by_sub_folder(folder: Path, places: Sequence[Place]) -> dict[int, str]:
    """Read classes from where photos stand, as an image folder data set does.

    Args:
        folder: Has one sub-folder per class.
        places: Places under it.

    Returns:
        The name of the sub-folder by photo id, for the photos that stand in one; `ASIDE` is none.
    """
    wanted: dict[int, str] = {}
    for place in places:
        inside = place.path.relative_to(folder).parts
        if place.photo_id is not None and len(inside) > 1 and name_key(inside[0]) != name_key(ASIDE):
            wanted.setdefault(place.photo_id, unicodedata.normalize("NFC", inside[0]))
    return wanted


def _write(garden: Garden, wanted: dict[int, str]) -> int:
    present = garden.labels.get(list(wanted))
    ids = {name: garden.classes.resolve(name, ClassOrigin.FOLDER).id for name in sorted(set(wanted.values()))}
    changed = {}
    for photo_id, name in wanted.items():
        label = Label(ids[name], LabelOrigin.FOLDER)
        before = present.get(photo_id)
        if before is None or (before.origin is LabelOrigin.FOLDER and before != label):
            changed[photo_id] = label
    if changed:
        garden.labels.assign_many(changed)
    return len(changed)
