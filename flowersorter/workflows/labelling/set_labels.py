"""Corrections: what a person says about photos, on disk before the call returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.library.collection import CollectionStore


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction that can be taken back.

    Attributes:
        before: Labels by photo id as they were, None where there was none.
        after: Labels by photo id as they are now.
    """

    before: Mapping[int, Label | None]
    after: Mapping[int, Label | None]


def assign(collection: CollectionStore, photo_ids: Sequence[int], class_id: int) -> Correction:
    """Label photos as a person does: it is their class from now on."""
    before = collection.labels.assign(photo_ids, class_id, LabelOrigin.PERSON)
    return Correction(before, {photo_id: Label(class_id, LabelOrigin.PERSON) for photo_id in before})


def confirm(collection: CollectionStore, guesses: Mapping[int, int]) -> Correction:
    """Make guesses labels: class id by photo id."""
    after = {photo_id: Label(class_id, LabelOrigin.PERSON) for photo_id, class_id in guesses.items()}
    return Correction(collection.labels.assign_many(after), after)


def clear(collection: CollectionStore, photo_ids: Sequence[int]) -> Correction:
    """Take labels away: the photos are guesses again."""
    before = collection.labels.clear(photo_ids)
    return Correction(before, dict.fromkeys(before))


def take_back(collection: CollectionStore, correction: Correction) -> None:
    """Put labels back as they were before a correction."""
    collection.labels.restore(correction.before)


def do_again(collection: CollectionStore, correction: Correction) -> None:
    """Repeat a correction that was taken back."""
    collection.labels.restore(correction.after)
