"""What every training begins with: labels taken from class folders, labelled photos that are still to be embedded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from flowersorter.errors import TooFewPhotos, WeightsMissing
from flowersorter.job import CancelToken, Progress, Report
from flowersorter.library.garden import Garden
from flowersorter.vision.backbones import base_name
from flowersorter.vision.views import CENTRE
from flowersorter.workflows.folder_labels import label_by_sub_folders
from flowersorter.workflows.label import LabelRequest, find_photos, read_new
from flowersorter.workflows.network import OpenEmbedder, Opening
from flowersorter.workflows.tuned import backbone_of
from flowersorter.workflows.views import embed_view, without_view


def labels_of_class_folders(
    garden: Garden,
    folder: Path,
    device: str,
    backbone: str,
    report: Report,
    cancel: CancelToken,
    embedder: OpenEmbedder,
    *,
    add: bool,
) -> tuple[dict[int, int], tuple[tuple[Path, str], ...]]:
    """Read a folder of class folders and take them as labels.

    Args:
        garden: Gets the photos and the labels.
        folder: Has one sub-folder per class.
        device: "auto", "cpu" or "cuda".
        backbone: Name of the backbone that new photos are embedded with.
        report: Gets `Progress`.
        cancel: Looked at often.
        embedder: Opens the network.
        add: Take the garden's other labels as well.

    Returns:
        Class id by photo id, and the files that could not be read with the reason.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
        Cancelled: asked to stop.
    """
    _, places = find_photos(garden, folder, report, cancel)
    read_new(LabelRequest(garden, folder, device, backbone), places, report, cancel, embedder)
    now = garden.photos.places([place.id for place in places])
    by_folder = label_by_sub_folders(garden, folder, now)
    labels = garden.labels.all()
    wanted = labels if add else {photo_id: labels[photo_id] for photo_id in by_folder}
    unreadable = tuple((place.path, place.error) for place in now if place.error is not None)
    return {photo_id: label.class_id for photo_id, label in wanted.items()}, unreadable


def embed_labelled(
    garden: Garden,
    device: str,
    photo_ids: Iterable[int],
    view: str,
    backbone: str,
    report: Report,
    cancel: CancelToken,
    embedder: OpenEmbedder,
) -> None:
    """Embed a view of the labelled photos that lack it; a photo that is nowhere at the moment is left out.

    Raises:
        Cancelled: asked to stop; what was embedded stays.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    wanted = without_view(garden, backbone, np.array(sorted(photo_ids), np.int64), view)
    if not wanted:
        return
    report(Progress("Reading labelled photos", 0, len(wanted)))
    entry, done = backbone_of(garden, backbone), 0
    for block in embed_view(garden, wanted, view, entry, Opening(embedder, entry, device), cancel):
        done += len(block)
        report(Progress("Reading labelled photos", done, len(wanted)))


def nothing_in(folder: Path) -> TooFewPhotos:
    """The error for a folder without class folders."""
    return TooFewPhotos(
        f"There is nothing to learn in {folder}",
        "at least two sub-folders with readable photos are needed, one for each class",
        "Put the photos of each class into a folder of its own",
    )


def embed_for_measuring(
    garden: Garden, backbone: str, device: str, report: Report, cancel: CancelToken, embedder: OpenEmbedder
) -> None:
    """Embed the labelled photos whose embedding is lost, or was never made with this backbone.

    Without the backbone's weights what there is in the cache has to do.

    Raises:
        Cancelled: asked to stop; what was embedded stays.
        WeightsMissing: there is nothing in the cache either.
        DeviceUnavailable: the device is not there.
    """
    photo_ids = list(garden.labels.all())
    for name in dict.fromkeys((backbone, base_name(backbone))):  # the second tells near-copies, see `labelled_photos`
        try:
            embed_labelled(garden, device, photo_ids, CENTRE, name, report, cancel, embedder)
        except WeightsMissing:
            _, hashes = garden.photos.hashes(photo_ids)
            if len(garden.embeddings(name).missing(hashes, CENTRE)) == len(hashes):
                raise
