"""Labelled photos that a collection remembers with embeddings made up by the test; there are no files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.vision.features.views import CENTRE


def remember(
    collection: CollectionStore,
    folder: Path,
    embeddings: NDArray[np.float32],
    names: Sequence[str],
    taken: Sequence[str | None] | None = None,
) -> list[int]:
    """Make the collection know a photo for each row, labelled by a person; returns the photo ids.

    Args:
        collection: Gets the photos.
        folder: Where they would be.
        embeddings: (N, 2048) non-negative.
        names: N class names.
        taken: When each was taken, ISO 8601. None: nobody knows.
    """
    places = collection.photos.sync_folder(folder, [(folder / f"{at:05}.jpg", 1, 1) for at in range(len(names))])
    # The same in every run: folds are dealt by the hashes.
    hashes = [hashlib.sha256(os.fsencode(f"{folder.name}/{place.path.name}")).digest() for place in places]
    collection.photos.record([
        ReadRecord(place.id, sha256, 1, 1, 100, 100, moment, None)
        for place, sha256, moment in zip(places, hashes, taken or [None] * len(names), strict=True)
    ])  # fmt: skip
    collection.embeddings("resnet50").append(hashes, CENTRE, embeddings.astype(np.float16))
    by_hash = dict(zip(hashes, names, strict=True))
    ids, found = collection.photos.hashes(collection.photos.places(places.ids).photo_ids)
    class_of = {name: collection.classes.resolve(name, ClassOrigin.PERSON).id for name in dict.fromkeys(names)}
    labels = {
        photo_id: Label(class_of[by_hash[sha256]], LabelOrigin.PERSON)
        for photo_id, sha256 in zip(ids.tolist(), found, strict=True)
    }
    collection.labels.assign_many(labels)
    return list(labels)
