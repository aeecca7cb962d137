"""Prepares training data: reads labels from class folders, and computes missing embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from flowersorter.errors import FolderUnusable, TooFewPhotos, WeightsMissing
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.messages import text
from flowersorter.photos.scan import check_folder
from flowersorter.photos.scanning.folder_walk import LINK_OUT
from flowersorter.vision.backbone.registry import base_name, is_finetuned
from flowersorter.vision.features.views import CENTRE, VARIANTS, variant
from flowersorter.workflows.labelling.class_folders import ClassFolders
from flowersorter.workflows.labelling.left_out import LeftOut, left_out_of
from flowersorter.workflows.labelling.planned_labels import PlannedLabels
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.models.finetuned_backbones import backbone_of
from flowersorter.workflows.predicting.extra_views import embed_view, lacking_view
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, find_photos, read_new
from flowersorter.workflows.training.doubtful_folders import refuse_doubtful_folders
from flowersorter.workflows.training.training_set import belongs_with_starter, of_small_classes, starter_names

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class FolderLabels:
    """The photos of a folder of class folders, and the files left out.

    Attributes:
        labels: The labels of its photos, not written yet.
        unreadable: Files that cannot be read as photos, with the reason.
        left_out: The other files in it.
        held_out: Class names by photo id of a data set's evaluation part, such as val, which is never used for
            training.
    """

    labels: PlannedLabels
    unreadable: tuple[tuple[Path, str], ...]
    left_out: LeftOut
    held_out: Mapping[int, str]

    def class_ids(self, *, add: bool) -> dict[int, int]:
        """As `PlannedLabels.class_ids`, without photos that are held out."""
        ids = self.labels.class_ids(add=add)
        return {photo_id: class_id for photo_id, class_id in ids.items() if photo_id not in self.held_out}


class FolderTraining(Protocol):
    """The part of a request to train on a folder that both kinds of training have."""

    @property
    def device(self) -> str:
        """One of "auto", "cpu" and "cuda"."""

    @property
    def flat(self) -> bool:
        """Whether folders in class folders are parts of the same class."""

    @property
    def add(self) -> bool:
        """Whether the classes are learned beside the present ones."""

    @property
    def new_classes(self) -> bool:
        """Whether to take sub-folders as classes also where `refuse_doubtful_folders` would not."""


def plan_labels(
    engine: Engine, folder: Path, request: FolderTraining, backbone: str, report: Report, cancel: CancelToken
) -> tuple[FolderLabels, dict[int, int]]:
    """Read the photos of a folder of class folders, and plan the labels that it gives them.

    Args:
        engine: Of the collection that gets the photos.
        folder: Has one sub-folder per class.
        request: How it is to be read.
        backbone: Name of the backbone that new photos are embedded with.
        report: Gets `Progress`.
        cancel: Checked for each block.

    Returns:
        The labels, and the class id of each photo to learn from, by photo id.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
        TooFewPhotos: it has fewer than two sub-folders with readable photos.
        UserError: the sub-folders are hardly meant as classes.
        Cancelled: asked to stop.
    """
    collection = engine.collection
    call_apart(partial(check_folder, folder), cancel)
    scanned, places = find_photos(collection, folder, report, cancel)
    if not len(places) and (links := scanned.skipped.get(LINK_OUT)):
        raise FolderUnusable(
            text("There are no photos in {folder}", folder=folder),
            text("links to other folders were not followed: {links}", links=links),
            text("To follow them, use --follow-links"),
        )
    if not request.new_classes:
        refuse_doubtful_folders(collection, folder, places, add=request.add, flat=request.flat)
    read_new(engine, PredictFolderRequest(folder, request.device, backbone), places, report, cancel, rows=False)
    now = collection.photos.places(places.ids)
    unreadable = tuple((place.path, place.error) for place in now if place.error is not None)
    folders = ClassFolders.of(folder, now, flat=request.flat)
    names = folders.classes(now, held_out=False)
    held_out = {
        photo_id: name for photo_id, name in folders.classes(now, held_out=True).items() if photo_id not in names
    }
    left_out = left_out_of(folders, scanned, now, set(names.values()))
    found = FolderLabels(PlannedLabels.of(collection, names), unreadable, left_out, held_out)
    classes = found.class_ids(add=request.add)
    if len(set(classes.values())) < 2:
        raise nothing_in(folder, left_out)
    return found, classes


def embed_labelled(
    engine: Engine,
    device: str,
    photo_ids: Iterable[int],
    view: str,
    backbone: str,
    report: Report,
    cancel: CancelToken,
) -> None:
    """Embed a view of the labelled photos without it; photos whose files are missing are left out.

    Raises:
        Cancelled: asked to stop; embeddings computed until then are stored.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    collection = engine.collection
    known, hashes = collection.photos.hashes(np.array(sorted(photo_ids), np.int64))
    if view == CENTRE:
        # They are used for training next, which reads and checks them anyway.
        engine.features(backbone).read_ahead(hashes)
    wanted = lacking_view(collection, backbone, known, hashes, view)
    if not wanted:
        return
    report(Progress(text("Reading labelled photos"), 0, len(wanted)))
    entry, done = backbone_of(engine, backbone), 0
    for block in embed_view(collection, wanted, view, entry, engine.network(entry, device), cancel):
        done += len(block)
        report(Progress(text("Reading labelled photos"), done, len(wanted)))


def embed_augmented_views(
    engine: Engine,
    device: str,
    classes: Mapping[int, int],
    backbone: str,
    report: Report,
    cancel: CancelToken,
) -> None:
    """Embed augmented views of the labelled photos of small classes.

    Raises:
        Cancelled: asked to stop; embeddings computed until then are stored.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    photo_ids, _ = engine.collection.photos.by_hash(classes)
    targets = np.unique([classes[photo_id] for photo_id in photo_ids.tolist()], return_inverse=True)[1]
    few = [] if is_finetuned(backbone) else photo_ids[of_small_classes(targets)].tolist()
    for number in range(1, VARIANTS + 1):
        embed_labelled(engine, device, few, variant(number), backbone, report, cancel)


def get_ready(
    engine: Engine,
    device: str,
    report: Report,
    cancel: CancelToken,
) -> None:
    """Compute embeddings that the next Retrain uses if they are cached, but does not wait for.

    A person's few photos of the starter's classes need no augmented views beside its hundreds.

    Raises:
        Cancelled: asked to stop; embeddings computed until then are stored.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    collection = engine.collection
    backbone = chosen_backbone(collection)
    classes = collection.labels.class_ids()
    used = set(classes.values())
    names = [each.name for each in collection.classes.all() if each.id in used]
    of_starter = set(starter_names(collection.classes).values())
    if not belongs_with_starter(model_for(engine, backbone)) or set(names) - of_starter:
        embed_augmented_views(engine, device, classes, backbone, report, cancel)


def nothing_in(folder: Path, left_out: LeftOut) -> TooFewPhotos:
    """Return the error for a folder without photos in class folders; it names the files there."""
    why = text("at least two sub-folders with readable photos are needed, one for each class")
    if left_out.empty:
        why = text("{why}; no photo can be used of {classes}", why=why, classes=left_out.in_words(left_out.empty))
    return TooFewPhotos(
        text("There is nothing to learn in {folder}", folder=folder),
        why,
        text("Put the photos of each class into a folder of its own"),
    )


def embed_for_measuring(engine: Engine, backbone: str, device: str, report: Report, cancel: CancelToken) -> None:
    """Embed the labelled photos without an embedding of this backbone.

    Without the backbone's weights only the cached embeddings are used.

    Raises:
        Cancelled: asked to stop; embeddings computed until then are stored.
        WeightsMissing: nothing is cached either.
        DeviceUnavailable: the device is not there.
    """
    collection = engine.collection
    photo_ids = list(collection.labels.class_ids())
    for name in dict.fromkeys((backbone, base_name(backbone))):  # the second for near-copies: see `labelled_photos`
        try:
            embed_labelled(engine, device, photo_ids, CENTRE, name, report, cancel)
        except WeightsMissing:
            _, hashes = collection.photos.hashes(photo_ids)
            if len(collection.embeddings(name).missing(hashes, CENTRE)) == len(hashes):
                raise
