"""Labels photos with classes from elsewhere: one way for keywords and for all formats of files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS, Mark, PhotoAnswers
from flowersorter.domain.photo_class import ClassOrigin, PhotoClass
from flowersorter.errors import UndoRefused
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import TAKEN_LABELS
from flowersorter.messages import text

#: Steps that can be taken back, the newest first; older ones are forgotten.
MOST_STEPS = 10


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
        marks: The answer of each photo that got one in place of a class, by photo id.
        made: The classes that were made.
        by_folder: How many of `kept` have the class already, by the name of their folder.
        unlabelled: The label of a class folder that such an answer removed, by photo id.
    """

    labels: Mapping[int, str]
    after: Mapping[int, Label]
    before: Mapping[int, Label | None]
    kept: int
    ambiguous: tuple[tuple[Path, tuple[str, ...]], ...]
    marks: Mapping[int, Mark] = field(default_factory=dict)
    made: tuple[PhotoClass, ...] = ()
    unlabelled: Mapping[int, Label] = field(default_factory=dict)
    by_folder: int = 0

    @property
    def replaced(self) -> int:
        """Number of labels that a class folder gave, and that are others now."""
        return sum(label is not None for label in self.before.values())

    @property
    def changed(self) -> int:
        """Number of photos that got a label or an answer."""
        return len(self.labels) + len(self.marks)


@dataclass(frozen=True, slots=True)
class UndoneLabels:
    """Labels that were taken back.

    Attributes:
        restored: Number of photos whose label or answer is that of before.
        left: Number of photos whose label or answer was changed since, and stays.
        removed: Names of the classes that were made for the labels, and are gone again.
        kept: Names of those that stay: photos have them, or they were renamed.
        more: Number of earlier steps that can be taken back, too.
    """

    restored: int
    left: int
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class _Step:
    """The changes of one import, as the library holds them.

    Attributes:
        labels: The label before and after, by photo id.
        marks: The answer that a photo without one got, by photo id.
        made: Number and name of each class that was made.
    """

    labels: Mapping[int, tuple[Label | None, Label]] = field(default_factory=dict)
    marks: Mapping[int, Mark] = field(default_factory=dict)
    made: tuple[tuple[int, str], ...] = ()

    @classmethod
    def of(cls, taken: TakenLabels) -> _Step:
        labels = {photo_id: (taken.before[photo_id], label) for photo_id, label in taken.after.items()}
        return cls(labels, taken.marks, tuple((each.id, each.name) for each in taken.made))


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


def may_mark(label: Label | None, answers: PhotoAnswers | None) -> bool:
    """Whether a photo gets an answer in place of a class from elsewhere: it has no label or such an answer yet."""
    return (label is None or label.origin is LabelOrigin.FOLDER) and (answers is None or answers.mark is Mark.NONE)


def _is_by_folder(label: Label | None, class_ids: Iterable[int | None]) -> bool:
    return label is not None and label.origin is LabelOrigin.FOLDER and label.class_id in class_ids


def store_labels(
    collection: CollectionStore,
    classes: Mapping[int, tuple[str, ...]],
    paths: Mapping[int, Path],
    marks: Mapping[int, Mark] | None = None,
) -> TakenLabels:
    """Label the photos that have one class, and no other answer of a person, in one transaction.

    What a person has written down elsewhere counts more than the name of a folder.

    Args:
        collection: Gets the labels, and the classes that are missing.
        classes: The names of the classes of each photo, at least one, each once.
        paths: The path of each of these photos.
        marks: Answers in place of a class, for photos without a label and without such an answer.

    Raises:
        ClassRefused: a class name cannot be used; no photo was labelled.
        UserError: the library cannot be written.
    """
    marks = {} if marks is None else marks
    photo_ids = [*classes, *marks]
    labelled, answered = collection.labels.get(photo_ids), collection.answers.get(photo_ids)
    entries = {name: collection.classes.find(name) for name in {name for names in classes.values() for name in names}}
    ids = {name: None if entry is None else entry.id for name, entry in entries.items()}
    free = {
        photo_id: names
        for photo_id, names in classes.items()
        if any(may_label(labelled.get(photo_id), answered.get(photo_id), ids[name]) for name in names)
    }
    wanted = {photo_id: names[0] for photo_id, names in free.items() if len(names) == 1}
    new_marks = {
        i: mark for i, mark in marks.items() if i not in classes and may_mark(labelled.get(i), answered.get(i))
    }
    with collection.database.transaction():
        known = {entry.id for entry in collection.classes.all()}
        resolved = collection.classes.resolve_all(dict.fromkeys(wanted.values()), ClassOrigin.PERSON)
        labels = {photo_id: Label(resolved[name].id, LabelOrigin.PERSON) for photo_id, name in wanted.items()}
        taken = TakenLabels(
            labels={photo_id: resolved[name].name for photo_id, name in wanted.items()},
            after=labels,
            before=collection.labels.assign_many(labels),
            kept=len(classes) - len(free) + sum(i not in classes for i in marks) - len(new_marks),
            ambiguous=tuple((paths[photo_id], names) for photo_id, names in free.items() if len(names) > 1),
            marks=new_marks,
            by_folder=sum(_is_by_folder(labelled.get(i), map(ids.get, classes[i])) for i in classes if i not in free),
            unlabelled={i: labelled[i] for i in new_marks if i in labelled},
            made=tuple({each.id: each for each in resolved.values() if each.id not in known}.values()),
        )
        collection.answers.put({i: replace(answered.get(i, NO_ANSWERS), mark=mark) for i, mark in new_marks.items()})
        if taken.changed:
            steps = [_packed(_Step.of(taken)), *_stored(collection)]
            collection.settings.set(TAKEN_LABELS, steps[:MOST_STEPS])
    return taken


def restore_labels(
    collection: CollectionStore, taken: TakenLabels, made: Iterable[PhotoClass] | None = None
) -> tuple[PhotoClass, ...]:
    """Take the labels back, and the classes that were made for them and have no other photo.

    Args:
        collection: Has the labels.
        taken: The labels.
        made: The classes; None for those of `taken`.

    Returns:
        The classes that were removed.

    Raises:
        UserError: the library cannot be written.
    """
    step, steps = _packed(_Step.of(taken)), _stored(collection)
    with collection.database.transaction():
        collection.labels.restore(taken.before)
        _unmark(collection, taken.marks)
        collection.labels.restore(taken.unlabelled)
        if step in steps:
            steps.remove(step)
            collection.settings.set(TAKEN_LABELS, steps)
        made = taken.made if made is None else made
        return _remove_made(collection, [(each.id, each.name) for each in made])


def bring_back_classes(collection: CollectionStore, removed: Iterable[PhotoClass]) -> None:
    """Make the classes again that `restore_labels` removed, with their numbers, unless others have their names now.

    Raises:
        UserError: the library cannot be written.
    """
    with collection.database.transaction():
        for each in removed:
            if collection.classes.find(each.name) is None:
                collection.classes.put_back(each)


def undo_taken_labels(collection: CollectionStore) -> UndoneLabels:
    """Take the labels back that were taken last, also by another program run; those changed since stay.

    Called again, it takes back the step before that. Classes that were made for the labels go where no photo has them.

    Raises:
        UndoRefused: none were taken, or they are taken back already.
        UserError: the library cannot be written.
    """
    steps = _stored(collection)
    if not steps:
        raise UndoRefused(
            text("There are no labels to take back"),
            text("none were taken from a file or from keywords, or they are taken back already"),
        )
    step = _unpacked(steps[0])
    now, answers = collection.labels.get(list(step.labels)), collection.answers.get(list(step.marks))
    classes = {entry.id for entry in collection.classes.all()}
    before = {
        photo_id: label
        for photo_id, (label, after) in step.labels.items()
        if now.get(photo_id) == after and (label is None or label.class_id in classes)
    }
    marks = {i: mark for i, mark in step.marks.items() if answers.get(i, NO_ANSWERS).mark is mark}
    with collection.database.transaction():
        collection.labels.restore(before)
        _unmark(collection, marks)
        removed = tuple(each.name for each in _remove_made(collection, step.made))
        collection.settings.set(TAKEN_LABELS, steps[1:])
    restored = len(before) + len(marks)
    there = {entry.id: entry.name for entry in collection.classes.all()}
    kept = tuple(there[class_id] for class_id, _ in step.made if class_id in there)
    return UndoneLabels(restored, len(step.labels) + len(step.marks) - restored, removed, kept, len(steps) - 1)


def _unmark(collection: CollectionStore, marks: Iterable[int]) -> None:
    answers = collection.answers.get(list(marks))
    collection.answers.put({i: replace(each, mark=Mark.NONE) for i, each in answers.items()})


def _remove_made(collection: CollectionStore, made: Iterable[tuple[int, str]]) -> tuple[PhotoClass, ...]:
    """Remove classes that were not used or renamed since: a folder of such a name would label its photos again."""
    entries = {entry.id: entry for entry in collection.classes.all()}
    fresh = [entries[class_id] for class_id, name in made if class_id in entries and entries[class_id].name == name]
    answered = collection.classes.answered()
    return tuple(each for each in fresh if each.id not in answered and collection.classes.take_out(each.id))


def _stored(collection: CollectionStore) -> list[Any]:
    """The steps that can be taken back, packed, the newest first."""
    stored = collection.settings.get(TAKEN_LABELS)
    if stored and not all(isinstance(each, dict) for each in stored):
        return [{"labels": stored}]  # of a version that knew one step
    return stored


def _packed(step: _Step) -> dict[str, Any]:
    """A step as JSON."""
    marks: dict[str, list[int]] = {}
    for photo_id in sorted(step.marks):
        marks.setdefault(step.marks[photo_id].name, []).append(photo_id)
    return {
        "labels": _packed_labels(step.labels),
        "marks": {name: _steps(photo_ids) for name, photo_ids in marks.items()},
        "made": [[class_id, name] for class_id, name in step.made],
    }


def _unpacked(stored: Mapping[str, Any]) -> _Step:
    """The step; an empty one where it is stored in another way."""
    try:
        marks = {
            photo_id: Mark[name] for name, steps in stored.get("marks", {}).items() for photo_id in accumulate(steps)
        }
        made = tuple((int(class_id), str(name)) for class_id, name in stored.get("made", []))
        return _Step(_unpacked_labels(stored.get("labels", [])), marks, made)
    except (AttributeError, KeyError, TypeError, ValueError):
        return _Step()


def _packed_labels(labels: Mapping[int, tuple[Label | None, Label]]) -> list[Any]:
    """The labels before and after as JSON: photo ids by the two, each as the distance from the one before it."""
    groups: dict[tuple[Label | None, Label], list[int]] = {}
    for photo_id in sorted(labels):
        groups.setdefault(labels[photo_id], []).append(photo_id)
    return [
        [old.class_id if old else 0, old.origin.value if old else "", new.class_id, _steps(ids)]
        for (old, new), ids in groups.items()
    ]


def _unpacked_labels(groups: list[Any]) -> dict[int, tuple[Label | None, Label]]:
    found: dict[int, tuple[Label | None, Label]] = {}
    for old, origin, new, steps in groups:
        before = Label(int(old), LabelOrigin(origin)) if old else None
        found |= dict.fromkeys(accumulate(map(int, steps)), (before, Label(int(new), LabelOrigin.PERSON)))
    return found


def _steps(numbers: Iterable[int]) -> list[int]:
    steps, last = [], 0
    for number in numbers:
        steps.append(number - last)
        last = number
    return steps
