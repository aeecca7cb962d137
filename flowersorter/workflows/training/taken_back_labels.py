"""Takes back the labels that the sub-folders of a folder gave its photos, as a training does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.library.collection import CollectionStore
from flowersorter.photos.scan import absolute_folder


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The outcome.

    Attributes:
        labels: Number of labels removed.
        classes: Names of the classes removed.
    """

    labels: int
    classes: tuple[str, ...]


def take_back_folder_labels(collection: CollectionStore, folder: Path) -> TakenBack:
    """Remove the labels from the names of folders, and the classes from such names that have no other label.

    A person's labels and other answers stay. While a class is there, the next scan would set its labels again.

    Raises:
        UserError: the disk refuses; nothing was removed.
    """
    ids = collection.photos.places_under((absolute_folder(folder),)).known_photo_ids
    given = {i: label for i, label in collection.labels.get(ids).items() if label.origin is LabelOrigin.FOLDER}
    classes = {label.class_id for label in given.values()}
    with collection.database.transaction():
        collection.labels.clear(list(given))
        left = collection.labels.counts()
        gone = [
            each
            for each in collection.classes.all()
            if each.id in classes and not left.get(each.id) and each.origin is not ClassOrigin.PERSON
        ]
        for each in gone:
            collection.classes.delete(each.id)
    return TakenBack(len(given), tuple(each.name for each in gone))
