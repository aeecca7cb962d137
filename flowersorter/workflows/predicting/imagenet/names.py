"""Names the ImageNet class that an unknown photo resembles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.library.tables.class_names import class_key
from flowersorter.vision.backbone.weights_files import imagenet_classes
from flowersorter.vision.features.imagenet_prior import ImageNetPrior
from flowersorter.workflows.models.current_model import chosen_backbone

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: An ImageNet class with a smaller probability is one of several, and mostly not there (one in twelve of 200 photos of
#: streets, rooms and animals: a dog as a running shoe, a bicycle as a triceratops).
_LEAST_SHARE = 0.2
#: Better names for classes whose ImageNet name is unclear outside its list, by their index.
_CLEARER = {
    21: "kite (bird)",
    78: "tick (insect)",
    101: "elephant",
    134: "crane (bird)",
    242: "boxer (dog)",
    256: "Newfoundland dog",
    263: "Pembroke corgi",
    264: "Cardigan corgi",
    281: "tabby cat",
    458: "brass plate",
    517: "crane (machine)",
    638: "swimsuit",
    639: "swimsuit",
    989: "rose hip",
    998: "ear of corn",
}


def looks_like(engine: Engine, backbone: str, photo_ids: Sequence[int] | NDArray[np.int64]) -> dict[int, str]:
    """Return the name of the ImageNet class that each photo resembles, by photo id.

    A photo that resembles no class in particular is left out, and so is one without data: it is not embedded, or its
    network has no ImageNet layer that can be read at once.

    Args:
        engine: Of the collection with the photos.
        backbone: Name of the network.
        photo_ids: The photos, in any order.
    """
    if not len(photo_ids):
        return {}
    known, hashes = engine.collection.photos.hashes(np.asarray(photo_ids, np.int64))
    features, positions = engine.features(backbone).get(hashes)
    if features.imagenet_prior is None:
        return {}
    names = likenesses(features.imagenet_prior, [each.name for each in engine.collection.classes.all()])
    return {photo_id: name for photo_id, name in zip(known[positions].tolist(), names, strict=True) if name}


def names_of_unknown(engine: Engine, rows: PhotoRows, backbone: str | None = None) -> dict[int, str]:
    """Return the name of the ImageNet class that each unknown photo of a folder resembles, by photo id.

    Photos that the person said are *not mine* are left out.

    Args:
        engine: Of the collection with the photos.
        rows: The folder.
        backbone: Name of the network, or None for the collection's.
    """
    new = np.unique(rows.photo_ids[(rows.verdicts == Verdict.UNKNOWN) & (rows.marks != Mark.NOT_MINE)])
    return looks_like(engine, chosen_backbone(engine.collection, backbone), new)


def likenesses(found: ImageNetPrior, class_names: Iterable[str]) -> list[str]:
    """Return names for the (N,) photos; "" for one that resembles no class in particular, or a class of the collection.

    Args:
        found: ImageNet probabilities of the photos.
        class_names: The collection's classes. Their names are left to the model, which was trained on their photos.
    """
    own = set(map(class_key, class_names))
    names = ["" if class_key(name) in own else name for name in _names()]
    # As float16, the type in the cache: a new value and a cached one must not differ.
    clear = found.probabilities[:, 0] >= np.float16(_LEAST_SHARE)
    return [
        names[kind] if sure else ""
        for kind, sure in zip(found.imagenet_ids[:, 0].tolist(), clear.tolist(), strict=True)
    ]


@lru_cache(maxsize=1)
def _names() -> tuple[str, ...]:
    return tuple(_CLEARER.get(kind, name) for kind, name in enumerate(imagenet_classes()))
