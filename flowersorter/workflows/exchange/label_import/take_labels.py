"""Labels photos with classes from elsewhere: one way for keywords and for all formats of files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import PhotoAnswers
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import UndoRefused
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import TAKEN_LABELS
from flowersorter.messages import text


@dataclass(frozen=True, slots=True)
class TakenLabels:
    """The outcome.

    Attributes:
        labels: The new label's class of each labelled photo, by photo id.
        after: The same as labels.
        before: The label that each of them had, for undo; None for none.
        kept: Photos with one of the classes that stay as they are: a person labelled them or said that they do not show
            it, or it is their label already.
        ambiguous: Photos with several classes, with the names of these; they get no label.
    """

    labels: Mapping[int, str]
    after: Mapping[int, Label]
    before: Mapping[int, Label | None]
    kept: int
    ambiguous: tuple[tuple[Path, tuple[str, ...]], ...]

    @property
    def replaced(self) -> int:
        """Number of labels that a class folder gave, and that are others now."""
        return sum(label is not None for label in self.before.values())


@dataclass(frozen=True, slots=True)
class UndoneLabels:
    """Labels that were taken back.

    Attributes:
        restored: Number of photos whose label is that of before.
        left: Number of photos whose label was changed since, and stays.
    """

    restored: int
    left: int


def may_label(label: Label | None, answers: PhotoAnswers | None, class_id: int | None) -> bool:
    """Whether a photo gets a class from elsewhere: no answer of a person says otherwise.

    Args:
        label: Its label; that of a class folder gives way to another one.
        answers: A person's other answers, such as *not mine*.
        class_id: The class; None for one that is to be made.
    """
    if answers is not None and answers.contradict(class_id or 0):
        return False
    return label is None or (label.origin is LabelOrigin.FOLDER and label.class_id != class_id)


def store_labels(
    collection: CollectionStore, classes: Mapping[int, tuple[str, ...]], paths: Mapping[int, Path]
) -> TakenLabels:
    """Label the photos that have one class, and no other answer of a person, in one transaction.

    What a person has written down elsewhere counts more than the name of a folder.

    Args:
        collection: Gets the labels, and the classes that are missing.
        classes: The names of the classes of each photo, at least one, each once.
        paths: The path of each of these photos.

    Raises:
        ClassRefused: a class name cannot be used; no photo was labelled.
        UserError: the library cannot be written.
    """
    labelled, answered = collection.labels.get(list(classes)), collection.answers.get(list(classes))
    entries = {name: collection.classes.find(name) for name in {name for names in classes.values() for name in names}}
    ids = {name: None if entry is None else entry.id for name, entry in entries.items()}
    free = {
        photo_id: names
        for photo_id, names in classes.items()
        if any(may_label(labelled.get(photo_id), answered.get(photo_id), ids[name]) for name in names)
    }
    wanted = {photo_id: names[0] for photo_id, names in free.items() if len(names) == 1}
    with collection.database.transaction():
        made = collection.classes.resolve_all(dict.fromkeys(wanted.values()), ClassOrigin.PERSON)
        labels = {photo_id: Label(made[name].id, LabelOrigin.PERSON) for photo_id, name in wanted.items()}
        before = collection.labels.assign_many(labels)
        if labels:
            collection.settings.set(TAKEN_LABELS, _packed(before, labels))
    return TakenLabels(
        labels={photo_id: made[name].name for photo_id, name in wanted.items()},
        after=labels,
        before=before,
        kept=len(classes) - len(free),
        ambiguous=tuple((paths[photo_id], names) for photo_id, names in free.items() if len(names) > 1),
    )


def restore_labels(collection: CollectionStore, taken: TakenLabels) -> None:
    """Take the labels back; classes that were created stay."""
    with collection.database.transaction():
        collection.labels.restore(taken.before)
        collection.settings.set(TAKEN_LABELS, [])


def undo_taken_labels(collection: CollectionStore) -> UndoneLabels:
    """Take the labels back that were taken last, also by another program run; those changed since stay.

    Classes that were created stay.

    Raises:
        UndoRefused: none were taken, or they are taken back already.
        UserError: the library cannot be written.
    """
    steps = _unpacked(collection.settings.get(TAKEN_LABELS))
    if not steps:
        raise UndoRefused(
            text("There are no labels to take back"),
            text("none were taken from a file or from keywords, or they are taken back already"),
        )
    now = collection.labels.get(list(steps))
    classes = {entry.id for entry in collection.classes.all()}
    before = {
        photo_id: label
        for photo_id, (label, after) in steps.items()
        if now.get(photo_id) == after and (label is None or label.class_id in classes)
    }
    with collection.database.transaction():
        collection.labels.restore(before)
        collection.settings.set(TAKEN_LABELS, [])
    return UndoneLabels(len(before), len(steps) - len(before))


def _packed(before: Mapping[int, Label | None], after: Mapping[int, Label]) -> list[Any]:
    """The labels before and after as JSON: photo ids by the two, each as the distance from the one before it."""
    groups: dict[tuple[Label | None, Label], list[int]] = {}
    for photo_id in sorted(after):
        groups.setdefault((before[photo_id], after[photo_id]), []).append(photo_id)
    return [
        [old.class_id if old else 0, old.origin.value if old else "", new.class_id, _steps(ids)]
        for (old, new), ids in groups.items()
    ]


def _unpacked(groups: list[Any]) -> dict[int, tuple[Label | None, Label]]:
    """The labels before and after, by photo id; nothing where they are stored in another way."""
    found: dict[int, tuple[Label | None, Label]] = {}
    try:
        for old, origin, new, steps in groups:
            before = Label(int(old), LabelOrigin(origin)) if old else None
            photo_id = 0
            for step in steps:
                photo_id += int(step)
                found[photo_id] = before, Label(int(new), LabelOrigin.PERSON)
    except (TypeError, ValueError):
        return {}
    return found


def _steps(numbers: Iterable[int]) -> list[int]:
    steps, last = [], 0
    for number in numbers:
        steps.append(number - last)
        last = number
    return steps
