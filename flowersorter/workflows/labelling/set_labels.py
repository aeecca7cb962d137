"""Sets and removes labels and other answers; stored before the call returns. `pending_labels` does so in steps."""

from __future__ import annotations

from collections.abc import Sequence

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS, PhotoAnswer
from flowersorter.library.collection import CollectionStore


def assign(collection: CollectionStore, photo_ids: Sequence[int], class_id: int) -> None:
    """Label photos with a class, on behalf of a person."""
    collection.labels.assign(photo_ids, class_id, LabelOrigin.PERSON)


def clear(collection: CollectionStore, photo_ids: Sequence[int]) -> dict[int, Label | None]:
    """Remove the labels of photos.

    Returns:
        The label that each photo had, None where it had none.
    """
    return collection.labels.clear(photo_ids)


def answer(collection: CollectionStore, photo_ids: Sequence[int], given: PhotoAnswer) -> None:
    """Add an answer about photos, on behalf of a person; a label that contradicts it is removed."""
    with collection.database.transaction():
        before = collection.answers.get(photo_ids)
        collection.answers.put({each: given.added_to(before.get(each, NO_ANSWERS)) for each in photo_ids})


def forget(collection: CollectionStore, photo_ids: Sequence[int]) -> bool:
    """Remove the labels and all other answers about photos.

    Returns:
        Whether there was any.
    """
    with collection.database.transaction():
        labels = collection.labels.clear(photo_ids)
        answers = collection.answers.put(dict.fromkeys(photo_ids, NO_ANSWERS))
    return any(each is not None for each in labels.values()) or any(each != NO_ANSWERS for each in answers.values())
