"""The preferences of a collection, read and written together, so that the window waits for them once."""

from __future__ import annotations

from dataclasses import dataclass

from flowersorter.errors import DeviceUnavailable, FlowerSorterError
from flowersorter.library.models.model_table import ModelEntry
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.messages import text
from flowersorter.vision.backbone.device import CUDA, has_gpu_driver
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


def store_preferences(
    engine: Engine, *, backbone: str | None = None, precision: float | None = None, move_copies: bool | None = None
) -> bool:
    """Store some of the preferences; return whether they change predictions.

    Args:
        engine: The collection.
        backbone: Name; like the others, None leaves it as it is.
        precision: Target precision of the verdict sure, one of `SURE_PRECISIONS`.
        move_copies: Whether sorted copies follow a changed label.
    """
    outdated = backbone not in (None, chosen_backbone(engine.collection))
    outdated |= precision not in (None, sure_precision(engine))
    if move_copies is not None:
        set_moves_sorted_copies(engine.collection, move_copies)
    if backbone is not None:
        engine.collection.settings.set(BACKBONE, backbone)
    if precision is not None:
        set_sure_precision(engine, precision)
    return outdated


def require_driver(device: str) -> None:
    """Make sure that a device chosen for later has its driver; loads no PyTorch.

    Args:
        device: "auto", "cpu" or "cuda".

    Raises:
        DeviceUnavailable: "cuda" is chosen, and there is no driver.
    """
    if device == CUDA and not has_gpu_driver():
        raise DeviceUnavailable(
            text("The graphics card cannot be used"),
            text("the driver of an NVIDIA card is not installed"),
            text("Install it, or choose another device"),
        )


def model_follows(engine: Engine) -> Following:
    """Say when another target precision applies to the model in use."""
    try:
        named = model_for(engine, chosen_backbone(engine.collection))
    except FlowerSorterError:  # its file is damaged: every prediction reports that
        named = None
    return Following.AT_ONCE if named is None else following(named.model)
