"""Predict single photos, without remembering them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flowersorter.errors import PhotoUnreadable, TooFewPhotos
from flowersorter.job import CancelToken, Progress, Report
from flowersorter.library.garden import Garden
from flowersorter.photos.read import read_photo
from flowersorter.vision.backbones import Backbone
from flowersorter.vision.backbones import backbone as backbone_named
from flowersorter.vision.features import average_views, features_of
from flowersorter.vision.model import Model
from flowersorter.vision.predict import predict
from flowersorter.vision.verdict import Verdict
from flowersorter.vision.views import cut
from flowersorter.workflows.guess import VIEWS
from flowersorter.workflows.models import chosen_backbone, model_for
from flowersorter.workflows.network import Embeds, OpenEmbedder, Opening, open_embedder


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """Predict some photos.

    Attributes:
        garden: Its model predicts.
        paths: The photos.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the garden's.
    """

    garden: Garden
    paths: tuple[Path, ...]
    device: str = "auto"
    backbone: str | None = None


@dataclass(frozen=True, slots=True)
class PhotoPrediction:
    """What the model makes of one photo.

    Attributes:
        path: The photo.
        class_name: Best guess, empty where the photo is unreadable.
        confidence: Its calibrated probability.
        verdict: What it is worth.
        top: (class name, probability), likeliest first.
        error: Why the photo is unreadable, None where it is not.
    """

    path: Path
    class_name: str = ""
    confidence: float = 0.0
    verdict: Verdict = Verdict.NONE
    top: tuple[tuple[str, float], ...] = ()
    error: str | None = None


def predict_photos(
    request: PredictRequest, report: Report, cancel: CancelToken, *, embedder: OpenEmbedder = open_embedder
) -> tuple[PhotoPrediction, ...]:
    """Predict photos in the order given; an unreadable one carries its error.

    Raises:
        TooFewPhotos: there is no model for the backbone yet.
        Cancelled: asked to stop.
    """
    name = chosen_backbone(request.garden, request.backbone)
    named = model_for(request.garden, name)
    if named is None:
        raise TooFewPhotos(
            f"There is no model for {name} yet",
            "models belong to one backbone",
            "Train one with this backbone first",
        )
    entry = backbone_named(name)
    network = Opening(embedder, entry, request.device).wait(cancel)
    result: list[PhotoPrediction] = []
    batch = max(1, network.batch_size // len(VIEWS))
    for start in range(0, len(request.paths), batch):
        cancel.check()
        result += _predict_batch(request.paths[start : start + batch], named.model, entry, network)
        report(Progress("Labelling photos", len(result), len(request.paths)))
    return tuple(result)


def _predict_batch(paths: Sequence[Path], model: Model, backbone: Backbone, network: Embeds) -> list[PhotoPrediction]:
    pixels, errors = {}, {}
    for i, path in enumerate(paths):
        try:
            pixels[i] = read_photo(path, short_side_px=backbone.short_side_px).pixels
        except PhotoUnreadable as error:
            errors[i] = PhotoPrediction(path, error=error.why or error.what)
    if not pixels:
        return [errors[i] for i in range(len(paths))]
    views = [np.stack([cut(p, view, backbone.crop_px) for p in pixels.values()]) for view in VIEWS]
    predictions = predict(model, features_of(average_views([network.embed(crops) for crops in views])))
    rows = {i: row for row, i in enumerate(pixels)}
    return [
        errors[i]
        if i in errors
        else _described(path, model, predictions.probabilities[rows[i]], int(predictions.verdicts[rows[i]]))
        for i, path in enumerate(paths)
    ]


def _described(
    path: Path, model: Model, probabilities: np.ndarray[tuple[int], np.dtype[np.float32]], verdict: int
) -> PhotoPrediction:
    best = np.argsort(-probabilities, kind="stable")[:5]
    top = tuple((model.class_names[i], float(probabilities[i])) for i in best)
    return PhotoPrediction(path, top[0][0], top[0][1], Verdict(verdict), top)
