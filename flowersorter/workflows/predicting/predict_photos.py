"""Predicts single photos without storing them, from the same view as a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Caveat, Verdict
from flowersorter.errors import PhotoUnreadable, TooFewPhotos
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import text
from flowersorter.photos.read import LoadedPhoto, PhotoSource, read_photo
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import Predictions, predict
from flowersorter.vision.features.imagenet_prior import ImageNetPrior, compute_imagenet_prior
from flowersorter.vision.features.packed import pack
from flowersorter.vision.features.views import CENTRE, cut
from flowersorter.vision.parallel import core_count, map_batches
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.models.finetuned_backbones import backbone_of
from flowersorter.workflows.predicting.imagenet.names import likenesses
from flowersorter.workflows.predicting.imagenet.prior_cache import layer_of
from flowersorter.workflows.predicting.network_loader import Embeds, Opening
from flowersorter.workflows.predicting.predict_cached import in_classes, rejected_classes

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Photos of a batch.
_MOST_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """Predict some photos.

    Attributes:
        photos: Files, or photos in memory.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the collection's.
        top: Number of suggestions for a photo at most.
    """

    photos: tuple[PhotoSource, ...]
    device: str = "auto"
    backbone: str | None = None
    top: int = 5


@dataclass(frozen=True, slots=True)
class PhotoPrediction:
    """The prediction for one photo.

    Attributes:
        photo: The requested photo.
        class_name: The most likely class; "" for an unreadable photo, and where a person rejected all classes.
        confidence: Its calibrated probability.
        verdict: Its reliability.
        top: (class name, probability), likeliest first.
        error: Why the photo is unreadable, None where it is not.
        looks_like: The ImageNet class that an unknown photo resembles; "" for other photos, and for none.
        reason: Why the photo is less than sure though its confidence would do; "" for any other photo.
        remark: The fault of a file that decodes all the same; None for a sound file.
    """

    photo: PhotoSource
    class_name: str = ""
    confidence: float = 0.0
    verdict: Verdict = Verdict.NONE
    top: tuple[tuple[str, float], ...] = ()
    error: str | None = None
    looks_like: str = ""
    reason: str = ""
    remark: str | None = None


def predict_photos(
    engine: Engine, request: PredictRequest, report: Report, cancel: CancelToken
) -> tuple[PhotoPrediction, ...]:
    """Predict photos in the order given; an unreadable one carries its error.

    Raises:
        TooFewPhotos: there is no model for the backbone yet.
        Cancelled: asked to stop.
    """
    name = chosen_backbone(engine.collection, request.backbone)
    named = model_for(engine, name)
    if named is None:
        raise TooFewPhotos(
            text("There is no model for {name} yet", name=name),
            text("models belong to one backbone"),
            text("Train one with this backbone first"),
        )
    entry = backbone_of(engine, name)
    names, rejected = _names(engine.collection, named.model), _Rejected(engine.collection, named.model)
    opening = engine.network(entry, request.device)
    workers = core_count()
    size = max(1, min(_MOST_AT_ONCE, len(request.photos) // workers))
    starts = range(0, len(request.photos), size)

    def work(batch: Sequence[int]) -> tuple[int, list[PhotoPrediction]]:
        photos = request.photos[batch[0] : batch[0] + size]
        return batch[0], _predict_batch(photos, named.model, names, entry, opening, request.top, rejected, cancel)

    done: dict[int, list[PhotoPrediction]] = {}
    for finished in map_batches(((start,) for start in starts), work, workers, cancel):
        done.update(finished)
        report(Progress(text("Suggesting classes"), min(len(done) * size, len(request.photos)), len(request.photos)))
        cancel.check()
    return tuple(prediction for start in starts for prediction in done[start])


def _predict_batch(
    sources: Sequence[PhotoSource],
    model: Model,
    names: Sequence[str],
    backbone: Backbone,
    opening: Opening,
    top: int,
    rejected: _Rejected,
    cancel: CancelToken,
) -> list[PhotoPrediction]:
    photos: dict[int, LoadedPhoto] = {}
    result: dict[int, PhotoPrediction] = {}
    for i, source in enumerate(sources):
        cancel.check()
        try:
            photos[i] = read_photo(source, short_side_px=backbone.short_side_px)
        except PhotoUnreadable as error:
            result[i] = PhotoPrediction(source, error=error.why or error.what)
    if photos:
        refused = rejected.of(list(photos.values()))
        crops = [cut(photo.pixels, CENTRE, backbone.crop_px) for photo in photos.values()]
        predictions, prior = predict_crops(crops, model, opening.wait(cancel), refused)
        likely = [""] * len(photos) if prior is None else likenesses(prior, model.class_names)
        for row, i in enumerate(photos):
            found = _described(sources[i], names, predictions.probabilities[row], int(predictions.verdicts[row]), top)
            reason = Caveat(int(predictions.caveats[row])).reason
            like = likely[row] if found.verdict is Verdict.UNKNOWN else ""
            result[i] = replace(found, looks_like=like, reason=reason, remark=photos[i].remark)
    return [result[i] for i in range(len(sources))]


def predict_crops(
    crops: Sequence[NDArray[np.uint8]], model: Model, network: Embeds, rejected: NDArray[np.bool_] | None = None
) -> tuple[Predictions, ImageNetPrior | None]:
    """Predict photos from their crops, each by itself.

    Args:
        crops: N of (S, S, 3) uint8, S as the network needs it.
        model: The model.
        network: The network of its backbone.
        rejected: (N, C) the classes that a person said the photos do not show.

    Returns:
        Predictions of N photos, and their ImageNet classes; None for a backbone without an ImageNet layer.
    """
    embeddings = network.embed(np.stack(crops))
    layer = layer_of(model.backbone)
    prior = None if layer is None else compute_imagenet_prior(embeddings, layer)
    return predict(model, replace(pack(embeddings), imagenet_prior=prior), rejected=rejected), prior


class _Rejected:
    """Finds the rejected classes of photos, which it identifies by their bytes.

    Args:
        collection: Knows the photos.
        model: The model that predicts them.
    """

    def __init__(self, collection: CollectionStore, model: Model) -> None:
        self._collection = collection
        # `meant_by` would make missing classes, and the collection may be open only for reading.
        entries = map(collection.classes.find, model.class_names)
        self._outputs = np.array([0 if entry is None else entry.id for entry in entries], np.int32)

    def of(self, photos: Sequence[LoadedPhoto]) -> NDArray[np.bool_]:
        """(N, C) bool, the rejected classes of each photo, in the model's order."""
        known = self._collection.photos.known(photo.sha256 for photo in photos)
        photo_ids = np.array([known.get(photo.sha256, 0) for photo in photos], np.int64)
        return rejected_classes(photo_ids, self._outputs, self._collection.answers.get(photo_ids))


def _names(collection: CollectionStore, model: Model) -> tuple[str, ...]:
    """Return the present names of a model's classes; "" for a deleted one."""
    names = dict.fromkeys(model.class_names, "")
    for name in collection.classes.without_deleted(model.class_names):
        entry = collection.classes.find(name)
        names[name] = name if entry is None else entry.name
    return tuple(names.values())


def _described(
    photo: PhotoSource,
    names: Sequence[str],
    probabilities: np.ndarray[tuple[int], np.dtype[np.float32]],
    verdict: int,
    count: int,
) -> PhotoPrediction:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(filter(None, names)), 1)}
    meant = np.array([numbers.get(name, 0) for name in names], np.int32)
    class_ids, shares, verdicts = in_classes(meant, probabilities[None], np.array([verdict], np.uint8))
    called = {number: name for name, number in numbers.items()}
    best = np.argsort(-shares[0], kind="stable")[:count]
    top = tuple((called.get(int(class_ids[i]), ""), float(shares[0, i])) for i in best if shares[0, i] > 0)
    if not top or not probabilities.any():
        return PhotoPrediction(photo, verdict=Verdict.UNKNOWN)
    return PhotoPrediction(photo, top[0][0], top[0][1], Verdict(int(verdicts[0])), top)
