"""Chooses groups of look-alikes to label next; all photos of a group get the label together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.place import Place, Places
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.classifier.active_selection import MOST_CONSIDERED, doubt_of, next_to_label
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.features.grouping import look_alikes
from flowersorter.vision.features.packed import Features
from flowersorter.workflows.predicting.predict_cached import cached_features, predict_from_cache

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_SEED = 42
#: Classes suggested for a group at most.
MOST_SUGGESTIONS = 3
#: Most groups that are ordered by the value of their label; the others follow by size.
_RANKED = 50
#: More near-duplicates than this are a series, such as castings on a line, and no stack: a person cannot see at a
#: glance that all of them are of one class.
MOST_STACKED = 20


@dataclass(frozen=True, slots=True)
class GroupedPhoto:
    """A photo of a group.

    Attributes:
        photo_id: The photo.
        place_id: One of its places.
        path: The path of that place.
    """

    photo_id: int
    place_id: int
    path: Path


class GroupedPhotosAt(Sequence[GroupedPhoto]):
    """Photos of a group as rows of places: of a million photos in groups, few are ever looked at one by one.

    Args:
        places: Places of the photos of many groups.
        rows: (M,) rows of these.
    """

    __slots__ = ("_places", "_rows")

    def __init__(self, places: Places, rows: NDArray[np.intp]) -> None:
        self._places, self._rows = places, rows

    @property
    def photo_ids(self) -> list[int]:
        """The ids of the photos."""
        ids: list[int] = self._places.photo_ids[self._rows].tolist()
        return ids

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> GroupedPhoto: ...
    @overload
    def __getitem__(self, index: slice) -> GroupedPhotosAt: ...
    def __getitem__(self, index: int | slice) -> GroupedPhoto | GroupedPhotosAt:
        if isinstance(index, slice):
            return GroupedPhotosAt(self._places, self._rows[index])
        return _photo(self._places[int(self._rows[index])])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as with a list


@dataclass(frozen=True, slots=True)
class LookAlikeGroup:
    """A group of look-alike photos without labels.

    Attributes:
        photo_id: The photo that is most typical of the group.
        place_id: One of its places.
        path: The path of that place.
        top: Its suggestions as (class id, probability), likeliest first.
        alike: The other photos of the group, in the order of the places they were chosen from.
        different: Number of photos in the group, near-duplicates and bursts counted once.
        verdict: Of the first of its suggestions, as far as it is known.
    """

    photo_id: int
    place_id: int
    path: Path
    top: tuple[tuple[int, float], ...] = ()
    alike: GroupedPhotosAt = field(default_factory=lambda: GroupedPhotosAt(Places.of(()), np.empty(0, np.intp)))
    different: int = 1
    verdict: Verdict = Verdict.NONE

    @property
    def photos(self) -> tuple[GroupedPhoto, ...]:
        """All photos of the group, the most typical one first."""
        return GroupedPhoto(self.photo_id, self.place_id, self.path), *self.alike

    @property
    def ids_in_order(self) -> list[int]:
        """The ids of all its photos, the most typical one first."""
        return [self.photo_id, *self.alike.photo_ids]

    @property
    def photo_ids(self) -> frozenset[int]:
        """The ids of all its photos."""
        return frozenset(self.ids_in_order)

    @property
    def place_ids(self) -> frozenset[int]:
        """The places of all its photos."""
        return frozenset(photo.place_id for photo in self.photos)


@dataclass(frozen=True, slots=True, eq=False)
class GroupedPhotos:
    """Groups of some photos of a collection, labelled or not: labels do not change them.

    Attributes:
        key: The photos and their backbone.
        photo_ids: (M,) int64, those that are embedded, in the order of their hashes.
        groups: (M,) group of each.
        duplicate_groups: (M,) number of the photo that a near-duplicate or a photo of a burst counts as.
    """

    key: bytes
    photo_ids: NDArray[np.int64]
    groups: NDArray[np.intp]
    duplicate_groups: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Photos to choose from, with the model and the labels.

    Attributes:
        places: All photos of the folder or collection, labelled ones too.
        backbone: Name.
        model: Suggests classes; None if there is none.
        labelled: Features of the labelled photos.
        wanted: (N,) ids of the photos without a label.
        passed_over: Ids of photos that were suggested before and have no label.
    """

    places: Places
    backbone: str
    model: Model | None
    labelled: Features
    wanted: NDArray[np.int64]
    passed_over: Sequence[int] = ()


def without_answer(collection: CollectionStore, photo_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (M,) the photos without a label and without the marks *not mine* and *don't know*, ascending."""
    answered = list(collection.labels.class_ids())
    answered += [photo_id for mark in (Mark.NOT_MINE, Mark.DONT_KNOW) for photo_id in collection.answers.marked(mark)]
    return np.setdiff1d(photo_ids, np.array(answered, np.int64))


def choose_groups(
    engine: Engine, choice: Choice, grouped: GroupedPhotos, count: int | None, cancel: CancelToken
) -> tuple[LookAlikeGroup, ...]:
    """Choose groups to label: typical and large ones first, then those that are uncertain and unlike one another.

    Args:
        engine: The collection.
        choice: The photos to choose from.
        grouped: All photos of these places, grouped.
        count: Number of groups at most; None: every group.
        cancel: Checked often.

    Raises:
        Cancelled: a stop was requested.
    """
    kept = np.isin(grouped.photo_ids, choice.wanted)
    ids, groups, duplicates = grouped.photo_ids[kept], grouped.groups[kept], grouped.duplicate_groups[kept]
    if not len(ids):
        return ()
    first = _first_groups(engine, choice, ids, groups, _RANKED if count is None else count, cancel)
    if count is None:
        first = np.append(first, _others_by_size(groups, duplicates, first))
    members = np.argsort(groups, kind="stable")
    ordered = groups[members]
    firsts, ends = np.searchsorted(ordered, groups[first]), np.searchsorted(ordered, groups[first], "right")
    place_of = first_places(choice.places, ids)
    tops = _suggestions(engine, choice, ids[first])
    chosen: list[LookAlikeGroup] = []
    for row, start, end, top in zip(first.tolist(), firsts.tolist(), ends.tolist(), tops, strict=True):
        rows = members[start:end]
        alike = GroupedPhotosAt(choice.places, np.sort(place_of[rows[rows != row]]))
        photo = _photo(choice.places[int(place_of[row])])
        different = len(set(duplicates[rows].tolist()))
        chosen.append(LookAlikeGroup(photo.photo_id, photo.place_id, photo.path, top, alike, different))
    return tuple(chosen)


def grouped_photos(engine: Engine, backbone: str, photo_ids: NDArray[np.int64], cancel: CancelToken) -> GroupedPhotos:
    """Group photos whose embeddings are cached; the engine keeps the groups of the last photos.

    Raises:
        Cancelled: a stop was requested.
    """
    collection = engine.collection
    key = hashlib.sha256(backbone.encode() + b"\0" + np.sort(photo_ids).tobytes()).digest()
    last = engine.look_alikes
    if last is not None and last.key == key:
        return last
    ids, hashes = collection.photos.by_hash(photo_ids)
    features, positions = cached_features(engine, backbone, hashes)
    complete = len(positions) == len(hashes)
    ids = ids[positions]
    # Grouping needs neither the hashes nor the ImageNet classes: 70 and 240 MB for a million photos.
    del hashes
    features = Features(features.quantised, features.scale)
    found = look_alikes(features, cancel, *collection.photos.moments(ids))
    grouped = GroupedPhotos(key, ids, found.groups, found.duplicate_groups)
    if complete:  # the others may be embedded by the next time
        engine.look_alikes = grouped
    return grouped


def stacks_of(grouped: GroupedPhotos) -> PhotoNumbers:
    """Return the bursts and near-copies: by photo id, the lowest photo id of the stack; other photos are left out."""
    stacks = grouped.duplicate_groups
    counts = np.bincount(stacks)
    kept = ((counts > 1) & (counts <= MOST_STACKED))[stacks]
    lowest = np.full(len(counts), np.iinfo(np.int64).max)
    np.minimum.at(lowest, stacks, grouped.photo_ids)
    order = np.argsort(grouped.photo_ids[kept])
    return PhotoNumbers(grouped.photo_ids[kept][order], lowest[stacks[kept]][order])


def _first_groups(
    engine: Engine,
    choice: Choice,
    ids: NDArray[np.int64],
    groups: NDArray[np.intp],
    count: int,
    cancel: CancelToken,
) -> NDArray[np.intp]:
    """Return (at most `count`,) rows of the most typical photos of the groups to label first."""
    drawn = np.arange(len(ids))
    if len(ids) > MOST_CONSIDERED:
        drawn = np.sort(np.random.default_rng(_SEED).choice(len(ids), MOST_CONSIDERED, replace=False))
    candidates, there = cached_features(engine, choice.backbone, _hashes(engine, ids[drawn]))
    drawn = drawn[there]
    doubts, labelled = np.ones(len(drawn), np.float32), choice.labelled
    if not engine.collection.labels.class_ids():
        labelled = candidates.take(slice(0, 0))  # the starter model may be sure of classes that do not occur
    elif choice.model is not None:
        doubts = doubt_of(predict(choice.model, candidates).probabilities)
    seen, _ = cached_features(engine, choice.backbone, _hashes(engine, np.array(choice.passed_over, np.int64)))
    rows = next_to_label(candidates, doubts, labelled, count, cancel, seen, groups[drawn])
    return drawn[rows]


def _hashes(engine: Engine, photo_ids: NDArray[np.int64]) -> list[bytes]:
    """The hash of each photo, in their order."""
    known, hashes = engine.collection.photos.hashes(photo_ids)
    return [hashes[at] for at in np.searchsorted(known, photo_ids).tolist()]


def _others_by_size(
    groups: NDArray[np.intp], duplicates: NDArray[np.intp], first: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return (M,) the first row of each group that is not among the first ones, the largest first."""
    numbers, rows = np.unique(groups, return_index=True)
    distinct = np.unique(np.stack([groups, duplicates]), axis=1)[0]
    sizes = np.bincount(np.searchsorted(numbers, distinct), minlength=len(numbers))
    others = np.flatnonzero(~np.isin(numbers, groups[first]))
    return rows[others[np.argsort(-sizes[others], kind="stable")]]


def first_places(places: Places, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
    """(N,) the row of the first place of each photo; each has one."""
    ids, first = np.unique(places.photo_ids, return_index=True)
    return np.asarray(first[np.searchsorted(ids, photo_ids)], np.intp)


def _suggestions(engine: Engine, choice: Choice, photo_ids: NDArray[np.int64]) -> list[tuple[tuple[int, float], ...]]:
    """Return the best suggestions of embedded photos: those shown on their tiles, if the model is in use."""
    found = None if choice.model is None else predict_from_cache(engine, choice.model, photo_ids)
    if found is None or not found.class_ids.any():
        return [()] * len(photo_ids)
    return [found.top(photo_id, MOST_SUGGESTIONS) for photo_id in photo_ids.tolist()]


def _photo(place: Place) -> GroupedPhoto:
    assert place.photo_id is not None, "only photos that were read are chosen"
    return GroupedPhoto(place.photo_id, place.id, place.path)
