"""Sets and removes labels of photos; they are stored before the call returns, and can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.library.collection import CollectionStore


@dataclass(frozen=True, slots=True)
class Correction:
    """A change of labels that can be undone.

    Attributes:
        before: Labels by photo id before the change; None for no label.
        after: Labels by photo id after the change; None for no label.
    """

    before: Mapping[int, Label | None]
    after: Mapping[int, Label | None]


def assign(collection: CollectionStore, photo_ids: Sequence[int], class_id: int) -> Correction:
    """Label photos with a class, on behalf of a person."""
    before = collection.labels.assign(photo_ids, class_id, LabelOrigin.PERSON)
    return Correction(before, {photo_id: Label(class_id, LabelOrigin.PERSON) for photo_id in before})


def confirm(collection: CollectionStore, suggestions: Mapping[int, int]) -> Correction:
    """Label photos with their suggested classes, given as class id by photo id."""
    after = {photo_id: Label(class_id, LabelOrigin.PERSON) for photo_id, class_id in suggestions.items()}
    return Correction(collection.labels.assign_many(after), after)


def clear(collection: CollectionStore, photo_ids: Sequence[int]) -> Correction:
    """Remove the labels of photos."""
    before = collection.labels.clear(photo_ids)
    return Correction(before, dict.fromkeys(before))


def take_back(collection: CollectionStore, correction: Correction) -> None:
    """Undo a change of labels."""
    collection.labels.restore(correction.before)


def do_again(collection: CollectionStore, correction: Correction) -> None:
    """Redo a change of labels."""
    collection.labels.restore(correction.after)
