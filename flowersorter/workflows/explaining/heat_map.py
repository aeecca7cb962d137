"""Computes the heat map of a suggestion: where in a photo the network saw the class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Report
from flowersorter.messages import text
from flowersorter.photos.decode import MAX_ASPECT
from flowersorter.photos.read import read_photo
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.class_activation import class_activation
from flowersorter.vision.features.packed import pack
from flowersorter.vision.features.views import CENTRE, cut
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.models.finetuned_backbones import backbone_of

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@runtime_checkable
class GivesFeatureMaps(Protocol):
    """A network whose last feature maps keep the positions in the photo."""

    def feature_maps(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(S, S, 3) uint8 -> (D, h, w) float32; their mean over the positions is the embedding."""


@dataclass(frozen=True, slots=True)
class HeatMapRequest:
    """Explain the suggestion of one photo.

    Attributes:
        path: The photo.
        class_id: The suggested class; 0: the class that the model finds most likely.
        device: "auto", "cpu" or "cuda".
    """

    path: Path
    class_id: int = 0
    device: str = "auto"


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """The parts of a photo that raise the logit of a class.

    Attributes:
        cells: (h, w) float32, 0 to 1, row by row from the top.
        box: The part of the upright photo that the network saw: left, top, right and bottom as fractions of its width
            and height.
    """

    cells: NDArray[np.float32]
    box: tuple[float, float, float, float]


def heat_map(engine: Engine, request: HeatMapRequest, report: Report, cancel: CancelToken) -> HeatMap:
    """Compute the heat map of a suggestion, with the view that predictions are made from.

    Raises:
        UserError: the backbone is not a ResNet, or the model does not know the class.
        PhotoUnreadable: the photo cannot be read.
        Cancelled: asked to stop.
    """
    del report  # a fraction of a second, once the network is loaded
    name = chosen_backbone(engine.collection)
    entry, named = backbone_of(engine, name), model_for(engine, name)
    if named is None:
        raise UserError(text("There is nothing to explain yet"), text("no model has made a suggestion"))
    network = engine.network(entry, request.device).wait(cancel)
    if not isinstance(network, GivesFeatureMaps):
        entry.resnet(text("This network does not show where it looks in a photo"))
        raise UserError(text("This network does not show where it looks in a photo"))
    photo = read_photo(request.path, short_side_px=entry.short_side_px)
    cancel.check()
    maps = network.feature_maps(cut(photo.pixels, CENTRE, entry.crop_px))
    output = _output(engine, named.model, request.class_id, maps)
    original = photo.metadata.width_px, photo.metadata.height_px
    return HeatMap(
        class_activation(maps, named.model.weight[output]),
        seen_box(original, (photo.pixels.shape[1], photo.pixels.shape[0]), entry.crop_px),
    )


def seen_box(original: tuple[int, int], scaled: tuple[int, int], crop_px: int) -> tuple[float, float, float, float]:
    """Find the part of a photo that its central view shows.

    Args:
        original: Width and height of the upright photo.
        scaled: Width and height after scaling, which cuts the ends off a very long photo.
        crop_px: Side of the view in the scaled photo.

    Returns:
        Left, top, right and bottom as fractions of the photo's width and height.
    """
    kept = [min(1.0, MAX_ASPECT * min(original) / length) for length in original]
    halves = [share * crop_px / length / 2 for share, length in zip(kept, scaled, strict=True)]
    return 0.5 - halves[0], 0.5 - halves[1], 0.5 + halves[0], 0.5 + halves[1]


def _output(engine: Engine, model: Model, class_id: int, maps: NDArray[np.float32]) -> int:
    """Choose the row of the trained layer to explain: of those that mean the class the one with the largest logit."""
    logits = pack(maps.mean(axis=(1, 2))[None]).matmul(model.weight.T)[0] + model.bias
    if class_id:
        meant = np.array(engine.collection.classes.meant_by(model.class_names)) == class_id
        if not meant.any():
            raise UserError(
                text("There is nothing to see for this class"), text("the model in use has not learned it yet")
            )
        logits = np.where(meant, logits, -np.inf)
    return int(logits.argmax())
