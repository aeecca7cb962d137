"""The preferences of a collection, read and written together, so that the window waits for them once."""

from __future__ import annotations

from dataclasses import dataclass

from flowersorter.errors import FlowerSorterError
from flowersorter.library.models.model_table import ModelEntry
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.sorted_copies import moves_sorted_copies, set_moves_sorted_copies
from flowersorter.workflows.maintenance.cache import cache_limit_mb
from flowersorter.workflows.models.current_model import chosen_backbone, list_models, model_for, starter
from flowersorter.workflows.models.sure_precision import Following, following, set_sure_precision, sure_precision


@dataclass(frozen=True, slots=True)
class StoredPreferences:
    """The stored preferences, and the models that Preferences lists with them.

    Attributes:
        backbone: Name.
        sure_precision: Target precision of the verdict sure, 0 to 1.
        moves_sorted_copies: Whether sorted copies follow a changed label; None if the person was not asked yet.
        cache_limit_mb: Limit of the thumbnail cache in MB; 0 for no limit.
        models: Models of the collection, newest first.
        starter: The model that ships with the program.
    """

    backbone: str
    sure_precision: float
    moves_sorted_copies: bool | None
    cache_limit_mb: int
    models: tuple[ModelEntry, ...]
    starter: Model


def read_preferences(engine: Engine) -> StoredPreferences:
    """Read the preferences of a collection."""
    collection = engine.collection
    return StoredPreferences(
        chosen_backbone(collection),
        sure_precision(engine),
        moves_sorted_copies(collection),
        cache_limit_mb(collection),
        tuple(list_models(collection)),
        starter().model,
    )


def store_preferences(engine: Engine, backbone: str, precision: float, *, move_copies: bool | None = None) -> bool:
    """Store the preferences; return whether they change predictions.

    Args:
        engine: The collection.
        backbone: Name.
        precision: Target precision of the verdict sure, one of `SURE_PRECISIONS`.
        move_copies: Whether sorted copies follow a changed label; None leaves it as it is.
    """
    if move_copies is not None:
        set_moves_sorted_copies(engine.collection, move_copies)
    outdated = (backbone, precision) != (chosen_backbone(engine.collection), sure_precision(engine))
    engine.collection.settings.set(BACKBONE, backbone)
    set_sure_precision(engine, precision)
    return outdated


def model_follows(engine: Engine) -> Following:
    """Say when another target precision applies to the model in use."""
    try:
        named = model_for(engine, chosen_backbone(engine.collection))
    except FlowerSorterError:  # its file is damaged: every prediction reports that
        named = None
    return Following.AT_ONCE if named is None else following(named.model)
