"""Suggests classes for photos that are not read yet, from the small previews in their files.

These suggestions are provisional: only the window shows them, until the photo itself is read. None is sure, and none
gets into the library, the cache of embeddings or `PhotoRows`, from which photos are sorted and models are fitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.place import Place, Places
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.messages import text
from flowersorter.photos.embedded_preview import PREVIEW_SUFFIXES, read_preview
from flowersorter.vision.backbone.architecture import ResNetArchitecture
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.views import CENTRE, cut
from flowersorter.vision.parallel import core_count, map_batches
from flowersorter.workflows.models.finetuned_backbones import backbone_of
from flowersorter.workflows.predicting.ingest import batches_in_view
from flowersorter.workflows.predicting.network_loader import Opening
from flowersorter.workflows.predicting.predict_cached import in_classes
from flowersorter.workflows.predicting.predict_photos import predict_crops
from flowersorter.workflows.predicting.viewport_priority import ViewportPriority

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Side of the network's input for a preview, as a share of its usual one. Measured on 500 photos with previews of
#: 160 x 120 pixels: 192 pixels take three quarters of the time of 224 with as many suggestions right, 91.6 % (of the
#: photos themselves 97.2 %); 160 pixels lose 1.8 %.
_INPUT = 6 / 7
#: Fewer photos than this are read nearly as fast as their previews.
FEWEST = 100
#: Previews of more photos would delay the photos themselves by more than half a minute.
MOST = 2000
#: The token is checked once in so many places that are skipped: a folder may have a hundred thousand.
_CHECK_EVERY = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class FirstSuggestions:
    """Event: provisional suggestions for places whose photo is not read yet.

    Attributes:
        place_ids: (M,) int64.
        class_ids: (M,) int32.
        likely: (M,) bool; the others are not sure.
    """

    place_ids: NDArray[np.int64]
    class_ids: NDArray[np.int32]
    likely: NDArray[np.bool_]

    @classmethod
    def empty(cls) -> FirstSuggestions:
        """No suggestions."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.bool_))

    @classmethod
    def joined(cls, parts: Sequence[FirstSuggestions]) -> FirstSuggestions:
        """Join events into one."""
        return cls(
            np.concatenate([part.place_ids for part in parts]),
            np.concatenate([part.class_ids for part in parts]),
            np.concatenate([part.likely for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """Suggest classes for photos from their previews.

    Attributes:
        places: Places whose photos are not read yet.
        device: "auto", "cpu" or "cuda".
        tried: Places whose preview was tried before, which are left out; those of this call are added.
        priority: The photos that the window shows now; they come first.
    """

    places: Places
    device: str
    tried: set[int]
    priority: ViewportPriority | None = None


def suggest_from_previews(
    engine: Engine, model: Model, request: PreviewRequest, report: Report, cancel: CancelToken
) -> None:
    """Report `Progress` and `FirstSuggestions` for photos with a preview; the others wait until they are read.

    Raises:
        Cancelled: asked to stop.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    meant = np.array(engine.collection.classes.meant_by(model.class_names), np.int32)
    if not (meant > 0).any():  # there is no class to suggest
        return
    waiting = _with_preview(request.places, request.tried, cancel)
    if len(waiting) < FEWEST:
        return
    small = for_previews(backbone_of(engine, model.backbone))
    opening = engine.network(small, request.device)
    total, done, stage = min(len(waiting), MOST), 0, text("First suggestions from previews")
    report(Progress(stage, 0, total))

    def work(batch: Sequence[Place]) -> tuple[Sequence[Place], FirstSuggestions]:
        return batch, _suggest(batch, model, meant, small, opening, cancel)

    batches = batches_in_view(waiting, opening, request.priority or ViewportPriority(), core_count())
    for finished in map_batches(_at_most(MOST, batches), work, core_count(), cancel):
        for batch, found in finished:
            request.tried.update(place.id for place in batch)
            done += len(batch)
            if len(found.place_ids):
                report(found)
        report(Progress(stage, done, total))
        cancel.check()


def for_previews(backbone: Backbone) -> Backbone:
    """Return a backbone with a smaller input, if it takes inputs of any size."""
    if not isinstance(backbone.architecture, ResNetArchitecture):
        return backbone
    sides = (backbone.short_side_px, backbone.crop_px, backbone.shown_px)
    short_side_px, crop_px, shown_px = (round(_INPUT * side) for side in sides)
    return replace(backbone, short_side_px=short_side_px, crop_px=crop_px, shown_px=shown_px)


def _with_preview(places: Places, tried: set[int], cancel: CancelToken) -> Places:
    """Select the places that may have a preview and were not tried before."""
    rows: list[int] = []
    for row, (place_id, name) in enumerate(zip(places.ids.tolist(), places.paths.names, strict=True)):
        if row % _CHECK_EVERY == 0:
            cancel.check()
        if place_id not in tried and name.lower().endswith(PREVIEW_SUFFIXES):
            rows.append(row)
    return places.take(np.array(rows, np.intp))


def _at_most(count: int, batches: Iterable[Places]) -> Iterator[Places]:
    """Cut the batches off after a number of places."""
    for batch in batches:
        yield batch[:count]
        count -= len(batch)
        if count <= 0:
            return


def _suggest(
    places: Sequence[Place],
    model: Model,
    meant: NDArray[np.int32],
    backbone: Backbone,
    opening: Opening,
    cancel: CancelToken,
) -> FirstSuggestions:
    """Suggest classes for the photos of a batch; called in a worker thread."""
    place_ids, crops = [], []
    for place in places:
        cancel.check()
        pixels = read_preview(place.path, short_side_px=backbone.short_side_px)
        if pixels is not None:
            place_ids.append(place.id)
            crops.append(cut(pixels, CENTRE, backbone.crop_px))
    if not crops:
        return FirstSuggestions.empty()
    found, _ = predict_crops(crops, model, opening.wait(cancel))
    class_ids, shares, verdicts = in_classes(meant, found.probabilities, found.verdicts)
    best, likely = class_ids[shares.argmax(axis=1)], np.isin(verdicts, (Verdict.SURE, Verdict.LIKELY))
    named = best > 0
    return FirstSuggestions(np.array(place_ids, np.int64)[named], best[named], likely[named])
