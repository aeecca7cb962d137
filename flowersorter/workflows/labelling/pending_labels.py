"""Writes labels and other answers step by step, undoably; labels of unread photos are pending at their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS, PhotoAnswer, PhotoAnswers
from flowersorter.library.collection import CollectionStore


@dataclass(slots=True, eq=False)
class LabelStep:
    """One step of labelling: it can be applied, undone and applied again.

    A label of a place becomes one of the photo at that place when this photo is read.

    Attributes:
        photos: Class id by photo id; 0: no label.
        places: Class id by place id, of photos that are not read yet; 0: no label.
        answers: Another answer by photo id; a label that contradicts it is removed.
        labels_before: Labels before the step, by photo id.
        pending_before: Pending class ids before the step, by place id; 0: none.
        answers_before: All other answers before the step, by photo id.
    """

    photos: dict[int, int]
    places: dict[int, int]
    answers: dict[int, PhotoAnswer] = field(default_factory=dict)
    labels_before: dict[int, Label | None] = field(default_factory=dict)
    pending_before: dict[int, int] = field(default_factory=dict)
    answers_before: dict[int, PhotoAnswers] = field(default_factory=dict)

    def copied(self) -> LabelStep:
        """Return a copy."""
        return LabelStep(
            dict(self.photos),
            dict(self.places),
            dict(self.answers),
            dict(self.labels_before),
            dict(self.pending_before),
            dict(self.answers_before),
        )

    def become(self, other: LabelStep) -> None:
        """Take the content of another step."""
        self.photos, self.places, self.answers = other.photos, other.places, other.answers
        self.labels_before, self.pending_before = other.labels_before, other.pending_before
        self.answers_before = other.answers_before


@dataclass(frozen=True, slots=True, eq=False)
class LabelNews:
    """Changed labels, for the views.

    Attributes:
        labels: By photo id; None: no label.
        pending: Class ids by place id, of photos that are not read yet; 0: none.
        read: Photo id by place id, of places whose photo has been read.
        answered: Photos with a changed other answer, whose suggestions change with it.
        gone_class: A class that was removed with its last label; 0 for none.
    """

    labels: Mapping[int, Label | None] = field(default_factory=dict)
    pending: Mapping[int, int] = field(default_factory=dict)
    read: Mapping[int, int] = field(default_factory=dict)
    answered: frozenset[int] = frozenset()
    gone_class: int = 0


def _nothing() -> None:
    """Change nothing besides the labels."""


class PendingLabels:
    """Writes steps of labelling into the library and turns pending labels into labels.

    The label of a photo is always that of the newest step about it, in whatever order its places were read.
    """

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection
        self._classes = collection.pending_labels.all()  # a copy: the library may be busy
        self._steps: list[LabelStep] = []  # the steps in force, oldest first

    def items(self) -> dict[int, int]:
        """Class id by place id of all pending labels."""
        return dict(self._classes)

    def reload(self) -> None:
        """Read the pending labels again, after classes were added or removed."""
        self._classes = self._collection.pending_labels.all()

    def apply(self, step: LabelStep, first: Callable[[], object] = _nothing) -> LabelNews:
        """Write the labels of a step; for a place that has been read since, label its photo.

        Args:
            step: The step.
            first: A further change of the library before the labels are written, in the same transaction.

        Raises:
            UserError: a class is gone from the library, or the disk refuses; the step is not in force.
        """
        collection = self._collection
        places = collection.photos.places(list(step.places))
        read = {place.id: place.photo_id for place in places if place.photo_id is not None}
        settled = self.settle(read)  # the pending label there is older, and must not count as newer after a restart
        done = LabelStep(
            {photo_id: step.places[at] for at, photo_id in read.items()} | step.photos,
            {at: class_id for at, class_id in step.places.items() if at not in read},
            dict(step.answers),
        )
        with collection.database.transaction():
            first()
            labels, answered = self._write(done)
            done.pending_before = collection.pending_labels.put(done.places)
        step.become(done)
        self._steps.append(step)
        self._remember(step.places)
        return LabelNews(settled | labels, step.places, read, answered)

    def _write(self, step: LabelStep) -> tuple[dict[int, Label | None], frozenset[int]]:
        """Write the labels and answers of a step; return the labels, and the photos whose other answers changed."""
        collection = self._collection
        concerned = [*step.photos, *step.answers]
        present, labelled = collection.answers.get(concerned), collection.labels.get(step.answers)
        before = {photo_id: present.get(photo_id, NO_ANSWERS) for photo_id in concerned}
        answers = {photo_id: each.added_to(before[photo_id]) for photo_id, each in step.answers.items()}
        step.photos |= {at: 0 for at, label in labelled.items() if answers[at].contradict(label.class_id)}
        labels = {photo_id: _label(class_id) for photo_id, class_id in step.photos.items()}
        step.labels_before, step.answers_before = collection.labels.assign_many(labels), before
        collection.answers.put(answers)
        now = collection.answers.get(concerned)
        return labels, frozenset(at for at, said in before.items() if now.get(at, NO_ANSWERS) != said)

    def take_back(self, step: LabelStep, then: Callable[[], object] = _nothing) -> LabelNews:
        """Undo the newest step that is in force.

        Args:
            step: The step.
            then: A further change of the library after the labels are restored, in the same transaction.

        Raises:
            UserError: a class is gone from the library, or the disk refuses; the step is still in force.
        """
        with self._collection.database.transaction():
            now = self._collection.answers.get(step.answers_before)
            self._collection.labels.restore(step.labels_before)
            self._collection.pending_labels.put(step.pending_before)
            self._collection.answers.put(step.answers_before)
            then()
        self._steps.remove(step)
        self._remember(step.pending_before)
        answered = frozenset(at for at, said in step.answers_before.items() if now.get(at, NO_ANSWERS) != said)
        return LabelNews(step.labels_before, step.pending_before, answered=answered)

    def found(self, place_ids: NDArray[np.int64], photo_ids: NDArray[np.int64]) -> LabelNews:
        """Turn pending labels into labels for photos that have been read by now.

        Args:
            place_ids: (N,) places as the library has them.
            photo_ids: (N,) the photo at each; 0 where it is not read.
        """
        if not self._classes:
            return LabelNews()
        here = np.isin(place_ids, list(self._classes))
        photos = dict(zip(place_ids[here].tolist(), photo_ids[here].tolist(), strict=True))
        unread = {at: self._classes[at] for at, photo_id in photos.items() if not photo_id}
        return LabelNews(self.settle({at: photo_id for at, photo_id in photos.items() if photo_id}), unread)

    def settle(self, photo_ids: Mapping[int, int]) -> dict[int, Label | None]:
        """Turn the pending labels of some places into labels.

        Args:
            photo_ids: Photo id by place id, of places that were read.

        Returns:
            The new label of each photo that had a pending one.
        """
        ready = {at: photo_id for at, photo_id in photo_ids.items() if at in self._classes}
        if not ready:
            return {}
        collection, photos = self._collection, set(ready.values())
        steps = [
            step
            for step in self._steps
            if not (step.places.keys().isdisjoint(ready) and step.photos.keys().isdisjoint(photos))
        ]
        changed = [step.copied() for step in steps]
        before = collection.labels.get(sorted(photos))
        labels: dict[int, Label | None] = {photo_id: before.get(photo_id) for photo_id in photos}
        for at, photo_id in ready.items():
            labels[photo_id] = _bind(changed, at, photo_id, self._classes[at], labels[photo_id])
        for photo_id, said in collection.answers.get(photos).items():
            _keep_answers(steps, changed, photo_id, said)
        with collection.database.transaction():
            collection.labels.assign_many({each: label for each, label in labels.items() if label != before.get(each)})
            collection.pending_labels.put(dict.fromkeys(ready, 0))
        for step, new in zip(steps, changed, strict=True):
            step.become(new)
        self._remember(dict.fromkeys(ready, 0))
        return labels

    def _remember(self, classes: Mapping[int, int]) -> None:
        self._classes = {at: to for at, to in (self._classes | dict(classes)).items() if to}


def _bind(steps: Sequence[LabelStep], place_id: int, photo_id: int, pending: int, label: Label | None) -> Label | None:
    """Turn the labels that steps gave to a place into labels of the photo found there, one step after the other.

    Args:
        steps: Oldest first; they are changed.
        place_id: The place.
        photo_id: The photo.
        pending: The class that is pending for the place.
        label: The present label of the photo.

    Returns:
        The new label of the photo.
    """
    of_photo = [step for step in steps if photo_id in step.photos]
    of_place = [step for step in steps if place_id in step.places]
    labels = [*(step.labels_before[photo_id] for step in of_photo), label]
    classes = [*(step.pending_before[place_id] for step in of_place), pending]
    after_photo = dict(zip(of_photo, labels[1:], strict=True))
    after_place = dict(zip(of_place, classes[1:], strict=True))
    beneath = labels[0]  # the label without any label of the place
    now = _label(classes[0]) or beneath
    for step in steps:
        if step in after_photo:
            step.labels_before[photo_id], now = now, after_photo[step]
            beneath = now
        elif step in after_place:
            step.photos[photo_id], step.labels_before[photo_id] = step.places[place_id], now
            now = _label(after_place[step]) or beneath
        step.places.pop(place_id, None)
        step.pending_before.pop(place_id, None)
    return now


def _keep_answers(steps: Sequence[LabelStep], changed: Sequence[LabelStep], photo_id: int, said: PhotoAnswers) -> None:
    """Store a photo's answers in the first step that labels it after its last answer: its undo restores them."""
    first: LabelStep | None = None
    for old, new in zip(steps, changed, strict=True):
        if photo_id in new.answers:
            first = None
        elif first is None and photo_id in new.photos and photo_id not in old.photos:
            first = new
    if first is not None:
        first.answers_before[photo_id] = said


def _label(class_id: int) -> Label | None:
    return Label(class_id, LabelOrigin.PERSON) if class_id else None
