"""Which model speaks for a garden, and choosing another one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.collection import Garden
from flowersorter.library.files.locations import resource
from flowersorter.library.models.model_table import ModelEntry
from flowersorter.library.models.safetensors_bundle import read_bundle
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.imagenet_prior import Resemblance
from flowersorter.vision.features.packed import Features
from flowersorter.workflows.models.sure_precision import keeping_promise

STARTER_FILE = "starter/five-flowers.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Starter:
    """The model that ships with the program, with the photos it was fitted on.

    Attributes:
        model: The model itself.
        features: Of its N photos, averaged over views.
        totals: (N,) float32, sums of their pooled features, which the features say nothing of.
        targets: (N,) indices into the model's classes.
    """

    model: Model
    features: Features
    totals: NDArray[np.float32]
    targets: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class NamedModel:
    """A model and what it is called: its number in the garden, None for the starter."""

    id: int | None
    model: Model


@lru_cache(maxsize=1)
def starter() -> Starter:
    """Read the starter model once.

    Raises:
        ModelFileBad: the installation is damaged.
    """
    arrays, metadata = read_bundle(resource(STARTER_FILE))
    resemblance = Resemblance.from_numbers(arrays["starter_resemblance"])
    return Starter(
        Model.from_bundle(arrays, metadata),
        Features(arrays["starter_levels"], arrays["starter_scales"], resemblance),
        arrays["starter_totals"],
        arrays["starter_targets"].astype(np.intp),
    )


def chosen_backbone(garden: Garden, wanted: str | None = None) -> str:
    """Name the backbone to use: the one asked for, else the garden's."""
    return wanted or garden.settings.get("backbone", DEFAULT)


def model_for(garden: Garden, backbone: str) -> NamedModel | None:
    """Find the model that speaks for a backbone: the current one, else the newest, else the starter.

    It answers with the promise of the garden.

    Raises:
        ModelFileBad: the model's file is damaged.
    """
    entries = garden.models.all()
    fitting = [entry for entry in entries if entry.backbone == backbone]
    entry = next((e for e in fitting if e.current), None)
    if entry is None and (any(e.current for e in entries) or starter().model.backbone != backbone):
        entry = max(fitting, key=lambda e: e.id, default=None)  # the current one has another backbone
    if entry is None and starter().model.backbone != backbone:
        return None
    named = NamedModel(None, starter().model) if entry is None else _read(garden, entry.id)
    return NamedModel(named.id, keeping_promise(garden, named.model))


#: The model last read of each open garden: it is asked for with every block of photos.
_last_read: WeakKeyDictionary[Garden, NamedModel] = WeakKeyDictionary()


def _read(garden: Garden, model_id: int) -> NamedModel:
    last = _last_read.get(garden)
    if last is None or last.id != model_id:
        last = NamedModel(model_id, Model.from_bundle(*garden.models.load(model_id)))
        _last_read[garden] = last
    return last


def list_models(garden: Garden) -> list[ModelEntry]:
    """All models of a garden, newest first; the starter is not among them."""
    return sorted(garden.models.all(), key=lambda entry: entry.id, reverse=True)


def use_model(garden: Garden, model_id: int | None) -> None:
    """Make a model current and its backbone the garden's; None is the starter.

    Classes that were deleted since are there again if it knows them: whoever goes back wants them.

    Raises:
        ModelFileBad: there is no such model, or its file is damaged.
    """
    model = starter().model if model_id is None else Model.from_bundle(*garden.models.load(model_id))
    garden.models.use(model_id)
    garden.settings.set("backbone", model.backbone)
    garden.classes.bring_back(model.class_names)
    garden.classes.keep_model_classes(model.class_names)
