"""The backbones of a collection: the registered ones, and those finetuned in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import ModelFileBad, WeightsMissing
from flowersorter.library.collection import CollectionStore
from flowersorter.library.models.finetuned_weights import FinetunedWeights
from flowersorter.messages import text
from flowersorter.vision.backbone.registry import Backbone, base_name, finetuned, finetuned_name, is_finetuned
from flowersorter.vision.backbone.registry import backbone as registered

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.labelling.planned_labels import KnownClasses

_HASH_BYTES = 32
_SEEN, _WEIGHT, _BIAS = "seen", "layer_weight", "layer_bias"
_SMALLEST_CROP_PX, _MOST_ENLARGED = 32, 2


@dataclass(frozen=True, slots=True, eq=False)
class FinalLayer:
    """The layer that was trained together with a backbone.

    Attributes:
        class_names: C names of the classes at that time.
        weight: (C, D) float32, on features.
        bias: (C,) float32.
    """

    class_names: tuple[str, ...]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FinetunedBackbone:
    """A finetuned backbone of the collection, as its file describes it.

    Attributes:
        backbone: Its entry, like that of a registered one.
        seen: SHA-256 of the photos it was trained on.
        layer: The layer that was trained together with it.
    """

    backbone: Backbone
    seen: frozenset[bytes]
    layer: FinalLayer


def backbone_of(engine: Engine, name: str) -> Backbone:
    """Look up a backbone by name: a registered one, or one finetuned in the collection.

    Raises:
        UserError: there is none.
        WeightsMissing: it is the collection's own, and its file is missing or damaged.
    """
    return _own(engine, name).backbone if is_finetuned(name) else registered(name)


def seen_by(engine: Engine, name: str) -> frozenset[bytes]:
    """SHA-256 of the photos that a backbone was trained on in this collection; none for a registered one.

    Raises:
        WeightsMissing: the file of the collection's own backbone is missing or damaged.
    """
    return _own(engine, name).seen if is_finetuned(name) else frozenset()


def final_layer(
    engine: Engine, name: str, class_names: Sequence[str], known: KnownClasses | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return the final layer that was finetuned together with a backbone; None for a registered backbone.

    The row of a class merged from several is their mean; that of a later class is 0.

    Args:
        engine: Of the collection, which has the former names and the merges of its classes.
        name: Of the backbone.
        class_names: C names.
        known: The classes there are; None: those of the collection.

    Returns:
        Weight (C, D) and bias (C,) on features.

    Raises:
        WeightsMissing: the file of the collection's own backbone is missing or damaged.
    """
    if not is_finetuned(name):
        return None
    layer = _own(engine, name).layer
    then, now = (_meant(known or engine.collection.classes, names) for names in (layer.class_names, class_names))
    same = (now[:, None] == then) & (then != 0)
    shares = (same / np.maximum(same.sum(axis=1, keepdims=True), 1)).astype(np.float32)
    # Only differences between classes count: with a mean of 0, an unknown class lies among the others.
    return shares @ (layer.weight - layer.weight.mean(axis=0)), shares @ (layer.bias - layer.bias.mean())


def _meant(known: KnownClasses, names: Sequence[str]) -> NDArray[np.int64]:
    """(C,) class ids of the names; 0 for a name without a class."""
    found = [known.find(name) for name in names]
    return np.array([0 if each is None else each.id for each in found], np.int64)


def store_finetuned(
    engine: Engine,
    base: Backbone,
    changed: Mapping[str, NDArray[np.float16]],
    layer: FinalLayer,
    seen: Iterable[bytes],
) -> Backbone:
    """Store a finetuned backbone under a new name.

    Args:
        engine: Of the collection that gets the file.
        base: The registered backbone it was made from, with the new crop.
        changed: The tensors that changed, by torchvision's names.
        layer: The final layer trained together with them.
        seen: SHA-256 of the photos it was trained on.

    Raises:
        UserError: the disk refuses.
    """
    store = _store(engine.collection)
    name = finetuned_name(base.name, store.next_number())
    hashes = np.frombuffer(b"".join(sorted(seen)), np.uint8).reshape(-1, _HASH_BYTES)
    arrays: dict[str, NDArray[Any]] = {**changed, _SEEN: hashes, _WEIGHT: layer.weight, _BIAS: layer.bias}
    views = {"crop_px": base.crop_px, "shown_px": base.shown_px}
    store.write(name, arrays, {"base": base.name, **views, "class_names": list(layer.class_names)})
    return backbone_of(engine, name)


def forget_unused(engine: Engine) -> None:
    """Delete the collection's own backbones that no model needs any more, with their embeddings."""
    collection = engine.collection
    store, needed = _store(collection), {entry.backbone for entry in collection.models.all()}
    for name in store.names(finetuned_name("", 0)[:-1]):
        if is_finetuned(name) and name not in needed:
            store.remove(name)
            collection.forget_embeddings(name)
            engine.finetuned_backbones.pop(name, None)


def _store(collection: CollectionStore) -> FinetunedWeights:
    return FinetunedWeights(collection.folder / "models", collection.settings)


def _own(engine: Engine, name: str) -> FinetunedBackbone:
    collection, known = engine.collection, engine.finetuned_backbones
    if name not in known:
        base = registered(base_name(name))
        try:
            arrays, metadata = _store(collection).read(name)
            known[name] = _checked(collection, base, name, arrays, metadata)
        except ModelFileBad as error:
            raise WeightsMissing(
                text("The network {name} cannot be used", name=name),
                error.why or error.what,
                text("Use another model, or train again"),
            ) from error
    return known[name]


def _checked(
    collection: CollectionStore,
    base: Backbone,
    name: str,
    arrays: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, Any],
) -> FinetunedBackbone:
    crop_px, shown_px, seen = metadata.get("crop_px"), metadata.get("shown_px"), arrays.get(_SEEN)
    if metadata.get("base") != base.name:
        raise ModelFileBad("", text("its file is not of a {base}", base=base.title))
    if type(crop_px) is not int or not _SMALLEST_CROP_PX <= crop_px <= base.short_side_px:
        raise ModelFileBad("", text("its file does not say what it sees of a photo"))
    if type(shown_px) is not int or not crop_px <= shown_px <= _MOST_ENLARGED * crop_px:
        raise ModelFileBad("", text("its file does not say how large it sees a photo"))
    if seen is None or seen.dtype != np.uint8 or seen.ndim != 2 or seen.shape[1] != _HASH_BYTES:
        raise ModelFileBad("", text("its file does not say which photos it learned from"))
    backbone = finetuned(base, name, _store(collection).path(name), crop_px, shown_px)
    return FinetunedBackbone(backbone, frozenset(row.tobytes() for row in seen), _checked_layer(base, arrays, metadata))


def _checked_layer(base: Backbone, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> FinalLayer:
    names, weight, bias = metadata.get("class_names"), arrays.get(_WEIGHT), arrays.get(_BIAS)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ModelFileBad("", text("its file does not say which classes it was trained for"))
    shapes = [(weight, (len(names), base.features)), (bias, (len(names),))]
    for array, shape in shapes:
        if array is None or array.dtype != np.float32 or array.shape != shape or not np.isfinite(array).all():
            raise ModelFileBad("", text("its final layer does not fit its classes"))
    assert weight is not None
    assert bias is not None
    return FinalLayer(tuple(names), weight, bias)
