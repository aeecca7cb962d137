"""Sets and removes the labels of photos, on disk before the call returns; `pending_labels` does so in steps."""

from __future__ import annotations

from collections.abc import Sequence

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.library.collection import CollectionStore


def assign(collection: CollectionStore, photo_ids: Sequence[int], class_id: int) -> None:
    """Label photos as a person does: it is their class from now on."""
    collection.labels.assign(photo_ids, class_id, LabelOrigin.PERSON)


def clear(collection: CollectionStore, photo_ids: Sequence[int]) -> dict[int, Label | None]:
    """Remove labels: the photos have the suggested class again.

    Returns:
        The label that each photo had, None where it had none.
    """
    return collection.labels.clear(photo_ids)
