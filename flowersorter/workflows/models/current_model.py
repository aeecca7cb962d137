"""Finds the active model of a collection, and changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.collection import CollectionStore
from flowersorter.library.files.locations import resource
from flowersorter.library.models.model_table import BACKGROUND, ModelEntry
from flowersorter.library.models.safetensors_bundle import read_bundle
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.imagenet_prior import ImageNetPrior
from flowersorter.vision.features.packed import Features
from flowersorter.workflows.models.sure_precision import keeping_precision

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

STARTER_FILE = "starter/five-flowers.safetensors"

STARTER: Final = "starter"
#: The number of a model, or "starter".
ModelName: TypeAlias = int | Literal["starter"]


@dataclass(frozen=True, slots=True, eq=False)
class Starter:
    """The model that ships with the program, with the photos it was fitted on.

    Attributes:
        model: The model itself.
        features: Of its N photos, averaged over views.
        totals: (N,) float32, sums of their pooled features, which cannot be computed from the features.
        targets: (N,) indices into the model's classes.
    """

    model: Model
    features: Features
    totals: NDArray[np.float32]
    targets: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class NamedModel:
    """A model of a collection.

    Attributes:
        id: Its number; None for the starter.
        model: The model itself.
        created_at: ISO 8601 in UTC; "" for the starter.
    """

    id: int | None
    model: Model
    created_at: str = ""

    @property
    def name(self) -> ModelName:
        """Its number, or "starter"."""
        return STARTER if self.id is None else self.id

    @property
    def is_starter(self) -> bool:
        """Whether it is the starter as it ships; one that was fitted again has no number either until it is stored."""
        return self.id is None and bool(self.model.training.origin)


@lru_cache(maxsize=1)
def starter() -> Starter:
    """Read the starter model once.

    Raises:
        ModelFileBad: the installation is damaged.
    """
    arrays, metadata = read_bundle(resource(STARTER_FILE))
    imagenet_prior = ImageNetPrior.from_numbers(arrays["starter_resemblance"])
    return Starter(
        Model.from_bundle(arrays, metadata),
        Features(arrays["starter_levels"], arrays["starter_scales"], imagenet_prior),
        arrays["starter_totals"],
        arrays["starter_targets"].astype(np.intp),
    )


def chosen_backbone(collection: CollectionStore, wanted: str | None = None) -> str:
    """Return the name of the backbone to use: `wanted`, else the collection's."""
    return wanted or collection.settings.get(BACKBONE) or DEFAULT


def model_for(engine: Engine, backbone: str) -> NamedModel | None:
    """Return the active model of a backbone: the current one, else its newest, else the starter; None without one.

    After an action it is fitted again at once (`Engine.refitted`): suggestions are shown, explained and sorted by one
    model. Its threshold of *sure* keeps the target precision of the collection.

    Raises:
        ModelFileBad: the model's file is damaged.
    """
    named, refitted = stored_model_for(engine, backbone), engine.refitted
    if named is None or refitted is None or (refitted.id, refitted.model.backbone) != (named.id, backbone):
        return named
    return replace(refitted, model=keeping_precision(engine, refitted.model))


def stored_model_for(engine: Engine, backbone: str) -> NamedModel | None:
    """As `model_for`, without the refit on labels given since the exact fit.

    Raises:
        ModelFileBad: the model's file is damaged.
    """
    entries = engine.collection.models.all()
    fitting = [entry for entry in entries if entry.backbone == backbone]
    entry = next((e for e in fitting if e.current), None)
    if entry is None and (any(e.current for e in entries) or starter().model.backbone != backbone):
        entry = max(fitting, key=lambda e: e.id, default=None)  # the current one has another backbone
    if entry is None and starter().model.backbone != backbone:
        return None
    named = NamedModel(None, starter().model) if entry is None else _read(engine, entry)
    return replace(named, model=keeping_precision(engine, named.model))


def _read(engine: Engine, entry: ModelEntry) -> NamedModel:
    last = engine.last_model
    if last is None or last.id != entry.id:
        model = Model.from_bundle(*engine.collection.models.load(entry.id))
        last = engine.last_model = NamedModel(entry.id, model, entry.created_at)
    return last


def list_models(collection: CollectionStore) -> list[ModelEntry]:
    """All models of a collection, newest first; the starter is not among them."""
    return sorted(collection.models.all(), key=lambda entry: entry.id, reverse=True)


def use_model(engine: Engine, model_id: int | None) -> None:
    """Make a model current and its backbone the collection's; None is the starter.

    Restores deleted classes that the model suggests. A running refit of the previous model is not used.

    Raises:
        ModelFileBad: there is no such model, or its file is damaged.
    """
    collection = engine.collection
    if model_id is None:
        model, suggested = starter().model, starter().model.class_names
    else:
        arrays, metadata = collection.models.load(model_id)
        model, background = Model.from_bundle(arrays, metadata), metadata.get(BACKGROUND, ())
        suggested = tuple(name for name in model.class_names if name not in background)
    with collection.database.transaction():
        collection.models.use(model_id)
        collection.settings.set(BACKBONE, model.backbone)
        collection.classes.bring_back(suggested)
        collection.classes.keep_model_classes(suggested)
        collection.database.after_commit(engine.drop_refit)


def use_model_instead(engine: Engine, model_id: int | None) -> int | None:
    """As `use_model`; returns the model that was in use, None for the starter."""
    before = engine.collection.models.current()
    use_model(engine, model_id)
    return None if before is None else before.id
