"""The backbones of a garden: the registered ones, and those that deep training made of them here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import ModelFileBad, WeightsMissing
from flowersorter.library.garden import Garden
from flowersorter.library.tuned import TunedStore
from flowersorter.vision.backbones import Backbone, base_name, is_tuned, tuned, tuned_name
from flowersorter.vision.backbones import backbone as registered

_HASH_BYTES = 32
_SEEN = "seen"
_SMALLEST_CROP_PX = 32


@dataclass(frozen=True, slots=True)
class _Known:
    """What the file of a garden's own backbone says."""

    backbone: Backbone
    seen: frozenset[bytes]


#: What was read of each open garden's own backbones: they are asked for with every block of photos.
_known: WeakKeyDictionary[Garden, dict[str, _Known]] = WeakKeyDictionary()


def backbone_of(garden: Garden, name: str) -> Backbone:
    """The backbone of that name: a registered one, or one of the garden's own.

    Raises:
        UserError: there is none.
        WeightsMissing: it is the garden's own, and its file is missing or damaged.
    """
    return _own(garden, name).backbone if is_tuned(name) else registered(name)


def seen_by(garden: Garden, name: str) -> frozenset[bytes]:
    """SHA-256 of the photos that a backbone was trained on in this garden; none for a registered one.

    Raises:
        WeightsMissing: the file of the garden's own backbone is missing or damaged.
    """
    return _own(garden, name).seen if is_tuned(name) else frozenset()


def keep_tuned(
    garden: Garden, base: Backbone, changed: Mapping[str, NDArray[np.float16]], crop_px: int, seen: Iterable[bytes]
) -> Backbone:
    """Keep what deep training made of a backbone, under a name of its own.

    Args:
        garden: Gets the file.
        base: The registered backbone it was made from.
        changed: The tensors that changed, by torchvision's names.
        crop_px: The side of the square it is to see.
        seen: SHA-256 of the photos it was trained on.

    Raises:
        UserError: the disk refuses.
    """
    store = _store(garden)
    name = tuned_name(base.name, store.next_number())
    hashes = np.frombuffer(b"".join(sorted(seen)), np.uint8).reshape(-1, _HASH_BYTES)
    store.write(name, {**changed, _SEEN: hashes}, {"base": base.name, "crop_px": crop_px})
    return backbone_of(garden, name)


def forget_unused(garden: Garden) -> None:
    """Delete the garden's own backbones that no model needs any more, with their embeddings."""
    store, needed = _store(garden), {entry.backbone for entry in garden.models.all()}
    for name in store.names(tuned_name("", 0)[:-1]):
        if is_tuned(name) and name not in needed:
            store.remove(name)
            garden.forget_embeddings(name)
            _known.get(garden, {}).pop(name, None)


def _store(garden: Garden) -> TunedStore:
    return TunedStore(garden.folder / "models", garden.settings)


def _own(garden: Garden, name: str) -> _Known:
    known = _known.setdefault(garden, {})
    if name not in known:
        base = registered(base_name(name))
        try:
            arrays, metadata = _store(garden).read(name)
            known[name] = _checked(garden, base, name, arrays, metadata)
        except ModelFileBad as error:
            raise WeightsMissing(
                f"The network {name} cannot be used", error.why or error.what, "Use another model, or train again"
            ) from error
    return known[name]


def _checked(
    garden: Garden, base: Backbone, name: str, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]
) -> _Known:
    crop_px, seen = metadata.get("crop_px"), arrays.get(_SEEN)
    if metadata.get("base") != base.name:
        raise ModelFileBad("", f"its file is not of a {base.title}")
    if type(crop_px) is not int or not _SMALLEST_CROP_PX <= crop_px <= base.short_side_px:
        raise ModelFileBad("", "its file does not say what it sees of a photo")
    if seen is None or seen.dtype != np.uint8 or seen.ndim != 2 or seen.shape[1] != _HASH_BYTES:
        raise ModelFileBad("", "its file does not say which photos it learned from")
    return _Known(tuned(base, name, _store(garden).path(name), crop_px), frozenset(row.tobytes() for row in seen))
