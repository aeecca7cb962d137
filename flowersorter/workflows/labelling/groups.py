"""The verb groups: groups the unlabelled photos of a folder by likeness, the most useful group first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.errors import PhotoUnreadable, TooFewPhotos, UserError
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.messages import text
from flowersorter.photos.scan import Roots, absolute_roots
from flowersorter.workflows.labelling.choose_groups import (
    Choice,
    GroupedPhotos,
    LookAlikeGroup,
    choose_groups,
    first_places,
    grouped_photos,
    stacks_of,
    without_answer,
)
from flowersorter.workflows.labelling.label_photo import LabelPhotoRequest, label_photo
from flowersorter.workflows.models.current_model import chosen_backbone, model_for

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class GroupsRequest:
    """Group the photos of a folder that was predicted.

    Attributes:
        roots: The folder, or folders and single photos together.
        count: Number of groups at most, those to name first; None for all.
        backbone: Name, or None for the collection's.
    """

    roots: Roots
    count: int | None = None
    backbone: str | None = None


@dataclass(frozen=True, slots=True)
class GroupsResult:
    """The groups of a folder.

    Attributes:
        groups: In the order to name them.
        unlabelled: Number of photos without an answer: a label, *not mine* or *don't know*.
        answered: Number of photos with one; they are in no group.
        stacks: Bursts and near-copies among all photos: by photo id, one photo of the stack.
    """

    groups: tuple[LookAlikeGroup, ...]
    unlabelled: int
    answered: int
    stacks: PhotoNumbers = field(default_factory=PhotoNumbers)


@dataclass(frozen=True, slots=True)
class LookAlikesRequest:
    """Find the photos in the groups of some photos.

    Attributes:
        paths: The photos; these may have a label.
        roots: As in `GroupsRequest`: another folder has other groups.
        backbone: Name, or None for the collection's.
    """

    paths: tuple[Path, ...]
    roots: Roots
    backbone: str | None = None


@dataclass(frozen=True, slots=True)
class LabelGroupRequest:
    """Label all photos of a group.

    Attributes:
        paths: The photos.
        class_name: Their class, created if there is none of that name.
        device: "auto", "cpu" or "cuda"; for photos that changed.
    """

    paths: tuple[Path, ...]
    class_name: str
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class GroupLabels:
    """A group that was labelled.

    Attributes:
        class_name: Its class, as the collection spells it.
        labelled: The photos that have the label now.
        unreadable: The photos that could not be read any more, with the reason.
    """

    class_name: str
    labelled: tuple[Path, ...]
    unreadable: Mapping[Path, str]


def find_groups(engine: Engine, request: GroupsRequest, report: Report, cancel: CancelToken) -> GroupsResult:
    """Group the photos without a label, from their cached embeddings.

    Raises:
        Cancelled: asked to stop.
    """
    from flowersorter.workflows.evaluation.cross_validated_labels import second_opinion
    from flowersorter.workflows.training.training_set import labelled_photos

    collection = engine.collection
    report(Progress(text("Grouping photos that look alike"), 0))
    places = collection.photos.places_under(request.roots)
    labels = collection.labels.class_ids()
    everything = places.known_photo_ids
    wanted = without_answer(collection, everything)
    backbone = chosen_backbone(collection, request.backbone)
    named = model_for(engine, backbone)
    model = None if named is None else named.model
    # Before the fit: of a million photos, each needs memory of its own for a while.
    grouped = grouped_photos(engine, backbone, everything, cancel)
    try:
        opinion = second_opinion(engine, backbone, cancel)
    except TooFewPhotos:
        known = labelled_photos(engine, backbone, labels).features
    else:
        model, known = opinion.fitted.model, opinion.photos.features
    groups = choose_groups(engine, Choice(places, backbone, model, known, wanted), grouped, request.count, cancel)
    return GroupsResult(groups, len(wanted), len(everything) - len(wanted), stacks_of(grouped))


def with_look_alikes(engine: Engine, request: LookAlikesRequest, cancel: CancelToken) -> tuple[Path, ...]:
    """Return the photos themselves, then those of their groups that have no answer yet, as `find_groups` forms them.

    Raises:
        UserError: one of them is none of the photos that were grouped.
        Cancelled: asked to stop.
    """
    collection = engine.collection
    places = collection.photos.places_under(request.roots)
    grouped = grouped_photos(engine, chosen_backbone(collection, request.backbone), places.known_photo_ids, cancel)
    given = dict.fromkeys(_grouped_photo(engine, path, grouped, request) for path in request.paths)
    named = np.isin(grouped.groups, grouped.groups[np.isin(grouped.photo_ids, list(given))])
    others = np.setdiff1d(without_answer(collection, grouped.photo_ids[named]), list(given))
    rows = np.sort(first_places(places, others))
    return (*request.paths, *(places[row].path for row in rows.tolist()))


def _grouped_photo(engine: Engine, path: Path, grouped: GroupedPhotos, request: LookAlikesRequest) -> int:
    known = engine.collection.photos.places_under((path.absolute(),)).known_photo_ids
    if not np.isin(known, grouped.photo_ids).any():
        folders = ", ".join(map(str, absolute_roots(request.roots)))
        raise UserError(
            text("{photo} is in no group of {folders}", photo=path, folders=folders),
            text("it is not in there, or has not been read yet"),
            text("See the groups with: flowersorter groups FOLDER"),
        )
    return int(known[np.isin(known, grouped.photo_ids)][0])


def label_group(engine: Engine, request: LabelGroupRequest, report: Report, cancel: CancelToken) -> GroupLabels:
    """Label the photos of a group that are still there.

    Raises:
        PhotoUnreadable: none of them can be read any more.
        ClassRefused: the class name cannot be used; no photo was labelled.
        Cancelled: asked to stop; the photos before that keep their new label.
    """
    unreadable: dict[Path, str] = {}
    labelled: list[Path] = []
    name = request.class_name
    for path in request.paths:
        cancel.check()
        try:
            name = label_photo(
                engine, LabelPhotoRequest(path, request.class_name, request.device), report, cancel
            ).class_name
            labelled.append(path)
        except PhotoUnreadable as error:
            unreadable[path] = error.why or error.what
    if not labelled:
        raise PhotoUnreadable(
            text("None of the photos of this group can be read any more"),
            next(iter(unreadable.values()), text("the group has no photos")),
            text("Scan the folder again"),
        )
    return GroupLabels(name, tuple(labelled), unreadable)
