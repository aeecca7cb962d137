"""Corrections: what a person says about photos, on disk before the call returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowersorter.library.collection import Garden
from flowersorter.library.tables.labels import Label, LabelOrigin


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction that can be taken back.

    Attributes:
        before: Labels by photo id as they were, None where there was none.
        after: Labels by photo id as they are now.
    """

    before: Mapping[int, Label | None]
    after: Mapping[int, Label | None]


def assign(garden: Garden, photo_ids: Sequence[int], class_id: int) -> Correction:
    """Label photos as a person does: it is their class from now on."""
    before = garden.labels.assign(photo_ids, class_id, LabelOrigin.PERSON)
    return Correction(before, {photo_id: Label(class_id, LabelOrigin.PERSON) for photo_id in before})


def confirm(garden: Garden, guesses: Mapping[int, int]) -> Correction:
    """Make guesses labels: class id by photo id."""
    before: dict[int, Label | None] = {}
    for class_id in sorted(set(guesses.values())):
        photo_ids = [photo_id for photo_id, guessed in guesses.items() if guessed == class_id]
        before.update(garden.labels.assign(photo_ids, class_id, LabelOrigin.PERSON))
    return Correction(before, {photo_id: Label(guesses[photo_id], LabelOrigin.PERSON) for photo_id in before})


def clear(garden: Garden, photo_ids: Sequence[int]) -> Correction:
    """Take labels away: the photos are guesses again."""
    before = garden.labels.clear(photo_ids)
    return Correction(before, dict.fromkeys(before))


def take_back(garden: Garden, correction: Correction) -> None:
    """Put labels back as they were before a correction."""
    garden.labels.restore(correction.before)


def do_again(garden: Garden, correction: Correction) -> None:
    """Repeat a correction that was taken back."""
    garden.labels.restore(correction.after)
