"""Labels photos with classes from elsewhere: one way for keywords and for all formats of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.library.collection import CollectionStore


@dataclass(frozen=True, slots=True)
class TakenLabels:
    """The outcome.

    Attributes:
        labels: The new label's class of each labelled photo, by photo id.
        after: The same as labels.
        before: The label that each of them had, for undo; None for none.
        kept: Photos with one of the classes that have a label, which stays.
        ambiguous: Photos with several classes, with the names of these; they get no label.
    """

    labels: Mapping[int, str]
    after: Mapping[int, Label]
    before: Mapping[int, Label | None]
    kept: int
    ambiguous: tuple[tuple[Path, tuple[str, ...]], ...]


def store_labels(
    collection: CollectionStore, classes: Mapping[int, tuple[str, ...]], paths: Mapping[int, Path]
) -> TakenLabels:
    """Label the photos without a label that have one class, in one transaction.

    Args:
        collection: Gets the labels, and the classes that are missing.
        classes: The names of the classes of each photo, at least one, each once.
        paths: The path of each of these photos.

    Raises:
        ClassRefused: a class name cannot be used; no photo was labelled.
        UserError: the library cannot be written.
    """
    labelled = collection.labels.get(list(classes))
    wanted = {photo_id: names[0] for photo_id, names in classes.items() if len(names) == 1 and photo_id not in labelled}
    with collection.database.transaction():
        made = collection.classes.resolve_all(dict.fromkeys(wanted.values()), ClassOrigin.PERSON)
        labels = {photo_id: Label(made[name].id, LabelOrigin.PERSON) for photo_id, name in wanted.items()}
        before = collection.labels.assign_many(labels)
    return TakenLabels(
        labels={photo_id: made[name].name for photo_id, name in wanted.items()},
        after=labels,
        before=before,
        kept=len(labelled),
        ambiguous=tuple(
            (paths[photo_id], names)
            for photo_id, names in classes.items()
            if len(names) > 1 and photo_id not in labelled
        ),
    )


def restore_labels(collection: CollectionStore, taken: TakenLabels) -> None:
    """Take the labels back; classes that were created stay."""
    collection.labels.restore(taken.before)
