"""Reads rows, predictions and details of known photos, without decoding a photo or loading torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.domain.label import Label
from flowersorter.domain.photo_answers import NO_ANSWERS, PhotoAnswers
from flowersorter.domain.photo_rows import TOP_SUGGESTIONS, PhotoPredictions, PhotoRows, rows_of
from flowersorter.domain.place import Place, Places
from flowersorter.domain.verdict import Caveat, Verdict
from flowersorter.library.tables.first_places import first_places
from flowersorter.library.tables.photos import PhotoRecord
from flowersorter.photos.scan import Roots
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.predicting.imagenet.names import looks_like
from flowersorter.workflows.predicting.predict_cached import predict_from_cache
from flowersorter.workflows.predicting.unknown_photos import unknown_with

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

NEIGHBOURS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A labelled photo that resembles another photo.

    Attributes:
        photo_id: The confirmed photo.
        path: Its path; None if its file is missing.
        class_id: Its class.
        similarity: Cosine similarity of their features, 0 to 1.
    """

    photo_id: int
    path: Path | None
    class_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class PhotoDetails:
    """The details of one place.

    Attributes:
        place: The place.
        photo: Its photo, None while it is not read or where it is unreadable, which can have a label.
        label: Its label, if any.
        top: The most likely classes as (class id, probability), likeliest first.
        verdict: The reliability of the prediction.
        caveat: Why the verdict is not the one that the probability alone would give.
        neighbours: The most similar confirmed photos.
        looks_like: The ImageNet class that an unknown photo resembles; "" for none.
        unknown_with: Number of other photos of its folder that are unknown too; 0 if the photo is not.
        answers: A person's answers about it besides its label.
    """

    place: Place
    photo: PhotoRecord | None
    label: Label | None
    top: tuple[tuple[int, float], ...]
    verdict: Verdict
    neighbours: tuple[Neighbour, ...]
    looks_like: str = ""
    unknown_with: int = 0
    answers: PhotoAnswers = NO_ANSWERS
    caveat: Caveat = Caveat.NONE


def predictions_for(
    engine: Engine, photo_ids: Iterable[int] | NDArray[np.int64], backbone: str | None = None
) -> PhotoPredictions | None:
    """Predict known photos with the active model of the collection; None without one."""
    named = model_for(engine, chosen_backbone(engine.collection, backbone))
    if named is None:
        return None
    return predict_from_cache(engine, named.model, photo_ids)


def rows_for(engine: Engine, places: Sequence[Place], backbone: str | None = None) -> PhotoRows:
    """Make rows for some places, in their order."""
    places = Places.of(places)
    photo_ids = sorted_unique(places.photo_ids)
    labels = engine.collection.labels.get(photo_ids)
    found = predictions_for(engine, places.known_photo_ids, backbone)
    return rows_of(places, labels, found, engine.collection.answers.get(photo_ids) if found is None else found.answers)


def rows_at(engine: Engine, place_ids: NDArray[np.int64]) -> PhotoRows:
    """Make rows for the places with these ids."""
    return rows_for(engine, engine.collection.photos.places(place_ids))


def folder_rows(engine: Engine, roots: Roots) -> PhotoRows:
    """Make rows for every known place in the scope of a folder, or several, in natural order of their paths."""
    return rows_for(engine, engine.collection.photos.shown_under(roots))


def first_rows(engine: Engine, roots: Roots) -> PhotoRows:
    """Make rows for some known places of a very large folder, to be shown before all; none of other folders."""
    places = first_places(engine.collection.database, roots)
    if len(places):
        backbone = chosen_backbone(engine.collection)
        named = model_for(engine, backbone)
        if named is not None:
            engine.features(backbone).load_scores(named.model)
    return rows_for(engine, places)


def details(engine: Engine, place_id: int) -> PhotoDetails:
    """Read the details of one place."""
    collection = engine.collection
    place = collection.photos.place(place_id)
    if place.photo_id is None:
        return PhotoDetails(place, None, None, (), Verdict.NONE, ())
    photo = collection.photos.photo(place.photo_id)
    label = collection.labels.get([photo.id]).get(photo.id)
    if place.error is not None:
        return PhotoDetails(place, None, label, (), Verdict.NONE, ())
    backbone = chosen_backbone(collection)
    predictions = predictions_for(engine, [photo.id], backbone)
    top: tuple[tuple[int, float], ...] = ()
    verdict, caveat = Verdict.NONE, Caveat.NONE
    answers = collection.answers.get([photo.id]).get(photo.id, NO_ANSWERS)
    named = model_for(engine, backbone)
    if predictions is not None and len(predictions.photo_ids):
        top, verdict = predictions.top(photo.id, TOP_SUGGESTIONS), Verdict(int(predictions.verdicts[0]))
        caveat = Caveat(int(predictions.caveats[0]))
    others = 0
    if named is not None and verdict in (Verdict.UNSURE, Verdict.UNKNOWN):
        others = unknown_with(engine, named, photo.id, place.path.parent)
    return PhotoDetails(
        place=place,
        photo=photo,
        label=label,
        top=top,
        verdict=verdict,
        neighbours=_neighbours(engine, photo),
        looks_like=looks_like(engine, backbone, [photo.id]).get(photo.id, "") if verdict is Verdict.UNKNOWN else "",
        unknown_with=others,
        answers=answers,
        caveat=caveat,
    )


def _neighbours(engine: Engine, photo: PhotoRecord) -> tuple[Neighbour, ...]:
    collection = engine.collection
    table = engine.features(chosen_backbone(collection))
    labels = collection.labels.all()
    others = np.array(sorted(labels.keys() - {photo.id}), np.int64)
    own, found = table.get([photo.sha256])
    if not len(found) or not len(others):
        return ()
    column = own.unpack().T
    similarity = np.full(len(others), -1, np.float32)
    for positions, features in table.parts(others):
        similarity[positions] = features.matmul(column)[:, 0]
    nearest = np.argsort(-similarity, kind="stable")[:NEIGHBOURS_SHOWN]
    result = []
    for i in nearest[similarity[nearest] >= 0].tolist():
        photo_id = int(others[i])
        places = [place for place in collection.photos.places_of(photo_id) if not place.missing]
        path = places[0].path if places else None
        result.append(Neighbour(photo_id, path, labels[photo_id].class_id, float(similarity[i])))
    return tuple(result)
