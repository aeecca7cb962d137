"""Sets and removes labels of photos; they are stored before the call returns. `pending_labels` does so in steps."""

from __future__ import annotations

from collections.abc import Sequence

from flowersorter.domain.label import Label, LabelOrigin
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
