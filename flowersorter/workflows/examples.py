"""The labelled photos a head learns from: the garden's labels, and the starter's photos where they belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.garden import Garden
from flowersorter.workflows.folder_labels import name_key
from flowersorter.workflows.guess import cached_embeddings
from flowersorter.workflows.models import NamedModel, starter


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Labelled photos with their embeddings.

    Attributes:
        class_names: C names, in the order of the targets.
        photo_ids: (N,) int64; 0 for a starter photo.
        embeddings: (N, D) float32, averaged over views.
        targets: (N,) class indices.
    """

    class_names: tuple[str, ...]
    photo_ids: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    targets: NDArray[np.intp]

    @property
    def own(self) -> NDArray[np.bool_]:
        """(N,) whether each photo is the person's, not the starter's."""
        return self.photo_ids > 0


def labelled_photos(garden: Garden, backbone: str, classes: Mapping[int, int]) -> TrainingSet:
    """Read the embeddings of labelled photos from the cache; photos without an embedding are left out.

    Args:
        garden: Whose cache and class names.
        backbone: Name of the backbone.
        classes: Class id by photo id.
    """
    photos = list(garden.photos.photos(sorted(classes)).values())
    embeddings, positions = cached_embeddings(garden, backbone, [photo.sha256 for photo in photos])
    kept = [photos[i].id for i in positions]
    used = {classes[photo_id] for photo_id in kept}
    ordered = [c for c in garden.classes.all() if c.id in used]
    index = {c.id: i for i, c in enumerate(ordered)}
    return TrainingSet(
        class_names=tuple(c.name for c in ordered),
        photo_ids=np.array(kept, np.int64),
        embeddings=embeddings,
        targets=np.array([index[classes[photo_id]] for photo_id in kept], np.intp),
    )


def belongs_with_starter(named: NamedModel | None, class_names: Sequence[str]) -> bool:
    """Whether the starter's photos still are of use.

    They are while the garden's model grew out of the starter and the person uses one of its classes, or has not
    named two classes yet. Somebody who sorts mushrooms leaves the flowers behind with the first training.
    """
    if named is None or not (named.id is None or named.model.training.built_on_starter):
        return False
    known = {name_key(name) for name in starter().model.class_names}
    return len(class_names) < 2 or any(name_key(name) in known for name in class_names)


def with_starter(garden: Garden, own: TrainingSet) -> TrainingSet:
    """Add the starter's photos to the person's; a renamed class stays one class."""
    base = starter()
    names = list(own.class_names)
    rows = []
    for name in base.model.class_names:
        entry = garden.classes.find(name)
        shown = entry.name if entry is not None else name
        if shown not in names:
            names.append(shown)
        rows.append(names.index(shown))
    own_embeddings = own.embeddings.reshape(len(own.photo_ids), base.model.width)  # an empty cache has no width
    return TrainingSet(
        class_names=tuple(names),
        photo_ids=np.concatenate([own.photo_ids, np.zeros(len(base.targets), np.int64)]),
        embeddings=np.concatenate([own_embeddings, base.embeddings.astype(np.float32)]),
        targets=np.concatenate([own.targets, np.array(rows, np.intp)[base.targets]]),
    )
