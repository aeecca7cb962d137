"""Looking at what the library knows, without decoding a photo or loading torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flowersorter.library.garden import Garden
from flowersorter.library.labels import Label
from flowersorter.library.photos import PhotoRecord, Place
from flowersorter.vision.verdict import Verdict
from flowersorter.workflows.guess import cached_features, guess
from flowersorter.workflows.models import chosen_backbone, model_for
from flowersorter.workflows.rows import Guesses, PhotoRows, rows_of

TOP_GUESSES = 5
NEIGHBOURS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A confirmed photo that looks like another one.

    Attributes:
        photo_id: The confirmed photo.
        path: Where it stands, None if it is nowhere at the moment.
        class_id: Its class.
        similarity: Cosine similarity of their features, 0 to 1.
    """

    photo_id: int
    path: Path | None
    class_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class PhotoDetails:
    """All that is known of one place.

    Attributes:
        place: The place.
        photo: Its photo, None while it is not read or where it is unreadable.
        label: Its label, if any.
        top: Best guesses as (class id, probability), likeliest first.
        verdict: What the best guess is worth.
        neighbours: The most similar confirmed photos.
    """

    place: Place
    photo: PhotoRecord | None
    label: Label | None
    top: tuple[tuple[int, float], ...]
    verdict: Verdict
    neighbours: tuple[Neighbour, ...]


def guesses_for(garden: Garden, photo_ids: Sequence[int], backbone: str | None = None) -> Guesses | None:
    """Predict known photos with the model that speaks for the garden; None where no model does."""
    named = model_for(garden, chosen_backbone(garden, backbone))
    if named is None:
        return None
    photos = garden.photos.photos(sorted(set(photo_ids)))
    return guess(garden, named.model, [(photo.id, photo.sha256) for photo in photos.values()])


def rows_for(garden: Garden, places: Sequence[Place], backbone: str | None = None) -> PhotoRows:
    """Rows for some places, in their order."""
    photo_ids = [place.photo_id for place in places if place.photo_id is not None]
    return rows_of(places, garden.labels.get(photo_ids), guesses_for(garden, photo_ids, backbone))


def folder_rows(garden: Garden, folder: Path) -> PhotoRows:
    """Rows for every place the library knows under a folder, in natural order of their paths."""
    return rows_for(garden, garden.photos.places_under(folder))


def details(garden: Garden, place_id: int) -> PhotoDetails:
    """Everything known of one place."""
    place = garden.photos.place(place_id)
    if place.photo_id is None:
        return PhotoDetails(place, None, None, (), Verdict.NONE, ())
    photo = garden.photos.photo(place.photo_id)
    guesses = guesses_for(garden, [photo.id])
    top: tuple[tuple[int, float], ...] = ()
    verdict = Verdict.NONE
    if guesses is not None and len(guesses.photo_ids):
        top, verdict = guesses.top(photo.id, TOP_GUESSES), Verdict(int(guesses.verdicts[0]))
    return PhotoDetails(
        place=place,
        photo=photo,
        label=garden.labels.get([photo.id]).get(photo.id),
        top=top,
        verdict=verdict,
        neighbours=_neighbours(garden, photo),
    )


def _neighbours(garden: Garden, photo: PhotoRecord) -> tuple[Neighbour, ...]:
    backbone = chosen_backbone(garden)
    labels = {photo_id: label for photo_id, label in garden.labels.all().items() if photo_id != photo.id}
    others = list(garden.photos.photos(sorted(labels)).values())
    own, found = cached_features(garden, backbone, [photo.sha256])
    if not len(found) or not others:
        return ()
    features, positions = cached_features(garden, backbone, [other.sha256 for other in others])
    similarity = features.times(own.unpack().T)[:, 0]
    nearest = np.argsort(-similarity, kind="stable")[:NEIGHBOURS_SHOWN]
    result = []
    for i in nearest:
        other = others[int(positions[i])]
        places = [place for place in garden.photos.places_of(other.id) if not place.missing]
        path = places[0].path if places else None
        result.append(Neighbour(other.id, path, labels[other.id].class_id, float(similarity[i])))
    return tuple(result)
