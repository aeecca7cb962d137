"""Suggests classes for photos that are not read yet, from the small previews in their files.

These suggestions are provisional: only the window shows them, until the photo itself is read. They have no verdict, and
never get into the library, the cache of embeddings or `PhotoRows`, from which photos are sorted and models are fitted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.place import Place, Places
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.messages import text
from flowersorter.photos.embedded_preview import PREVIEW_SUFFIXES, read_preview
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

#: Fewer photos than this are read nearly as soon as their previews.
FEWEST = 100
#: The previews of more photos would keep the photos themselves waiting for more than half a minute.
MOST = 2000


@dataclass(frozen=True, slots=True, eq=False)
class FirstSuggestions:
    """Event: provisional suggestions for places whose photo is not read yet.

    Attributes:
        place_ids: (M,) int64.
        class_ids: (M,) int32.
    """

    place_ids: NDArray[np.int64]
    class_ids: NDArray[np.int32]

    @classmethod
    def joined(cls, parts: Sequence[FirstSuggestions]) -> FirstSuggestions:
        """Join events into one."""
        return cls(np.concatenate([p.place_ids for p in parts]), np.concatenate([p.class_ids for p in parts]))


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """Suggest classes for photos from their previews.

    Attributes:
        places: Whose photos are not read yet.
        device: "auto", "cpu" or "cuda".
        tried: Places whose preview was tried before, which are left out; those of this call are added.
        urgent: The photos that the window shows now; they come first.
    """

    places: Places
    device: str
    tried: set[int]
    urgent: ViewportPriority | None = None


def suggest_from_previews(
    engine: Engine, model: Model, request: PreviewRequest, report: Report, cancel: CancelToken
) -> None:
    """Report `Progress` and `FirstSuggestions` for photos with a preview; the library stays as it is.

    Photos that the preview shows as unlike all classes get no suggestion, and so do photos without a preview.

    Raises:
        Cancelled: asked to stop.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    waiting = _with_preview(request.places, request.tried)
    if len(waiting) < FEWEST:
        return
    small = for_previews(backbone_of(engine, model.backbone))
    opening = engine.network(small, request.device)
    meant = np.array(engine.collection.classes.meant_by(model.class_names), np.int32)
    total, done, stage = min(len(waiting), MOST), 0, text("First suggestions from previews")
    report(Progress(stage, 0, total))

    def work(batch: Sequence[Place]) -> tuple[Sequence[Place], FirstSuggestions]:
        return batch, _suggest(batch, model, meant, small, opening, cancel)

    batches = batches_in_view(waiting, opening, request.urgent or ViewportPriority(), core_count())
    for finished in map_batches(_at_most(MOST, batches), work, core_count(), cancel):
        for batch, found in finished:
            request.tried.update(place.id for place in batch)
            done += len(batch)
            if len(found.place_ids):
                report(found)
        report(Progress(stage, done, total))
        cancel.check()


def for_previews(backbone: Backbone) -> Backbone:
    """Return a backbone with a smaller input."""
    return backbone


def _with_preview(places: Places, tried: set[int]) -> Places:
    """Those of these places that may have a preview and were not tried before."""
    rows = [
        row
        for row, (place_id, name) in enumerate(zip(places.ids.tolist(), places.paths.names, strict=True))
        if place_id not in tried and name.lower().endswith(PREVIEW_SUFFIXES)
    ]
    return places.take(np.array(rows, np.intp))


def _at_most(count: int, batches: Iterable[Places]) -> Iterator[Places]:
    """The first places of the batches, so many in all."""
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
    """Suggest classes for the photos of a batch; a worker calls it."""
    place_ids, crops = [], []
    for place in places:
        cancel.check()
        pixels = read_preview(place.path, short_side_px=backbone.short_side_px)
        if pixels is not None:
            place_ids.append(place.id)
            crops.append(cut(pixels, CENTRE, backbone.crop_px))
    if not crops:
        return FirstSuggestions(np.zeros(0, np.int64), np.zeros(0, np.int32))
    found, _ = predict_crops(crops, model, opening.wait(cancel))
    class_ids, shares, verdicts = in_classes(meant, found.probabilities, found.verdicts)
    known = (verdicts != Verdict.UNKNOWN) & (class_ids[shares.argmax(axis=1)] > 0)
    return FirstSuggestions(np.array(place_ids, np.int64)[known], class_ids[shares.argmax(axis=1)][known])
