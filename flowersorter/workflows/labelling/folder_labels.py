"""Labels photos by the class folder that contains them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.domain.place import Place, Places
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_names import class_name_of_folder
from flowersorter.photos.scan import Roots, absolute_roots
from flowersorter.workflows.labelling.filed_photos import filed_by_runs

#: Labels written in one transaction while a folder is scanned: a key press waits for one at most, about 20 ms.
_LABELS_AT_ONCE = 2_000


def name_key(name: str) -> str:
    """Fold a name so that case and composed or decomposed accents do not matter."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def label_by_known_folders(
    collection: CollectionStore, roots: Roots, places: Sequence[Place], names: Iterable[str]
) -> int:
    """Label photos in sub-folders that have the name of a class of the collection or its model.

    A label or another answer that a person gave is never touched; the nearest folder of a matching name counts. A photo
    in the folder of a class that a run filed it as gets no label, even if that folder was moved or another program
    wrote into the file: it may have been sorted by its suggestion, and a suggestion must not come back as a label.

    The labels are committed in chunks that let other threads in between; where one fails, the next scan sets the rest.

    Returns:
        Number of photos with a new label.
    """
    known = {name_key(name): name for name in names}
    known.update({name_key(c.name): c.name for c in collection.classes.all()})
    meaning: dict[str, str | None] = {}  # of each folder: photos share few of them
    wanted: dict[int, str] = {}
    places = Places.of(places)
    outermost = sorted(absolute_roots(roots), key=lambda root: len(root.parts))
    for name, photo_id, error in zip(places.paths.names, places.photo_ids.tolist(), places.errors, strict=True):
        parent = name.rpartition(os.sep)[0]
        if parent not in meaning:
            folder = next((root for root in outermost if Path(parent).is_relative_to(root)), None)
            meaning[parent] = None if folder is None else _nearest(folder, Path(parent), known)
        meant = meaning[parent]
        if photo_id and error is None and meant is not None:
            wanted.setdefault(photo_id, meant)
    wanted = _without_labels(collection, wanted)
    filed = filed_by_runs(collection, wanted, places)
    names_of = [(photo_id, name) for photo_id, name in wanted.items() if photo_id not in filed]
    parts = [dict(names_of[start : start + _LABELS_AT_ONCE]) for start in range(0, len(names_of), _LABELS_AT_ONCE)]
    return sum(label_by_names(collection, part) for part in parts)


def _without_labels(collection: CollectionStore, wanted: dict[int, str]) -> dict[int, str]:
    """Select the photos without a label from a person or from this folder."""
    labels = collection.labels.get(list(wanted))
    if not labels:
        return wanted
    found = {name: collection.classes.find(name) for name in set(wanted.values())}
    label_of = {name: Label(each.id, LabelOrigin.FOLDER) for name, each in found.items() if each is not None}
    return {
        photo_id: name
        for photo_id, name in wanted.items()
        if (label := labels.get(photo_id)) is None
        or (label.origin is LabelOrigin.FOLDER and label != label_of.get(name))
    }


def _nearest(folder: Path, parent: Path, known: Mapping[str, str]) -> str | None:
    """Return the known name of a folder, or of the nearest one above it up to `folder`."""
    inside = parent.relative_to(folder)
    names = (known.get(name_key(class_name_of_folder(each.name))) for each in (inside, *inside.parents) if each.name)
    return next((name for name in names if name is not None), None)


def label_by_names(collection: CollectionStore, wanted: Mapping[int, str]) -> int:
    """Label photos with the class of a folder's name, in one transaction; a person's answers stay.

    Args:
        collection: Gets the labels, and the classes that are missing.
        wanted: Name of the folder, by photo id.

    Returns:
        Number of photos with a new label.

    Raises:
        ClassRefused: the name of a folder is new and cannot be that of a class.
        UserError: the disk refuses; nothing was written.
    """
    if not wanted:
        return 0
    with collection.database.transaction():
        present, answers = collection.labels.get(list(wanted)), collection.answers.get(list(wanted))
        classes = collection.classes.resolve_all(wanted.values(), ClassOrigin.FOLDER)
        changed = {}
        for photo_id, name in wanted.items():
            label = Label(classes[name].id, LabelOrigin.FOLDER)
            before = present.get(photo_id)
            if answers.get(photo_id, NO_ANSWERS).contradict(label.class_id):
                continue
            if before is None or (before.origin is LabelOrigin.FOLDER and before != label):
                changed[photo_id] = label
        if changed:
            collection.labels.assign_many(changed)
    return len(changed)
