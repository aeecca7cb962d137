"""What every training begins with: labels taken from class folders, labelled photos that are still to be embedded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from flowersorter.errors import TooFewPhotos, WeightsMissing
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import base_name, is_tuned
from flowersorter.vision.features.views import CENTRE, VARIANTS, variant
from flowersorter.workflows.labelling.folder_labels import label_by_sub_folders
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.models.finetuned_backbones import backbone_of
from flowersorter.workflows.predicting.extra_views import embed_view, without_view
from flowersorter.workflows.predicting.feature_cache import feature_table
from flowersorter.workflows.predicting.network_loader import OpenEmbedder, Opening, open_embedder
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, find_photos, read_new
from flowersorter.workflows.training.training_set import belongs_with_starter, of_small_classes


def labels_of_class_folders(
    collection: CollectionStore,
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
        collection: Gets the photos and the labels.
        folder: Has one sub-folder per class.
        device: "auto", "cpu" or "cuda".
        backbone: Name of the backbone that new photos are embedded with.
        report: Gets `Progress`.
        cancel: Looked at often.
        embedder: Opens the network.
        add: Take the collection's other labels as well.

    Returns:
        Class id by photo id, and the files that could not be read with the reason.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
        Cancelled: asked to stop.
    """
    _, places = find_photos(collection, folder, report, cancel)
    read_new(PredictFolderRequest(collection, folder, device, backbone), places, report, cancel, embedder)
    now = collection.photos.places([place.id for place in places])
    by_folder = label_by_sub_folders(collection, folder, now)
    labels = collection.labels.all()
    wanted = labels if add else {photo_id: labels[photo_id] for photo_id in by_folder}
    unreadable = tuple((place.path, place.error) for place in now if place.error is not None)
    return {photo_id: label.class_id for photo_id, label in wanted.items()}, unreadable


def embed_labelled(
    collection: CollectionStore,
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
    labelled = np.array(sorted(photo_ids), np.int64)
    if view == CENTRE:
        # They are learned from next: what was read and checked for that needs no other look here.
        feature_table(collection, backbone).read_ahead(collection.photos.hashes(labelled)[1])
    wanted = without_view(collection, backbone, labelled, view)
    if not wanted:
        return
    report(Progress("Reading labelled photos", 0, len(wanted)))
    entry, done = backbone_of(collection, backbone), 0
    for block in embed_view(collection, wanted, view, entry, Opening(embedder, entry, device), cancel):
        done += len(block)
        report(Progress("Reading labelled photos", done, len(wanted)))


def embed_augmented_views(
    collection: CollectionStore,
    device: str,
    classes: Mapping[int, int],
    backbone: str,
    report: Report,
    cancel: CancelToken,
    embedder: OpenEmbedder,
) -> None:
    """Embed the variants of labelled photos of small classes: to learn from few photos, each is looked at again.

    Raises:
        Cancelled: asked to stop; what was embedded stays.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    photo_ids = np.array(sorted(classes), np.int64)
    targets = np.array([classes[photo_id] for photo_id in photo_ids.tolist()], np.intp)
    few = [] if is_tuned(backbone) else photo_ids[of_small_classes(targets)].tolist()
    for number in range(1, VARIANTS + 1):
        embed_labelled(collection, device, few, variant(number), backbone, report, cancel, embedder)


def get_ready(
    collection: CollectionStore,
    device: str,
    report: Report,
    cancel: CancelToken,
    *,
    embedder: OpenEmbedder = open_embedder,
) -> None:
    """Do now what the next Retrain would like to find in the cache but will not wait for.

    With the starter's hundreds of photos beside them a person's few need no variants.

    Raises:
        Cancelled: asked to stop; what was embedded stays.
        WeightsMissing: the backbone's weights are not on this computer.
        DeviceUnavailable: the device is not there.
    """
    backbone = chosen_backbone(collection)
    classes = collection.labels.class_ids()
    used = set(classes.values())
    names = [each.name for each in collection.classes.all() if each.id in used]
    if not belongs_with_starter(model_for(collection, backbone), names):
        embed_augmented_views(collection, device, classes, backbone, report, cancel, embedder)


def nothing_in(folder: Path) -> TooFewPhotos:
    """The error for a folder without class folders."""
    return TooFewPhotos(
        f"There is nothing to learn in {folder}",
        "at least two sub-folders with readable photos are needed, one for each class",
        "Put the photos of each class into a folder of its own",
    )


def embed_for_measuring(
    collection: CollectionStore, backbone: str, device: str, report: Report, cancel: CancelToken, embedder: OpenEmbedder
) -> None:
    """Embed the labelled photos whose embedding is lost, or was never made with this backbone.

    Without the backbone's weights what there is in the cache has to do.

    Raises:
        Cancelled: asked to stop; what was embedded stays.
        WeightsMissing: there is nothing in the cache either.
        DeviceUnavailable: the device is not there.
    """
    photo_ids = list(collection.labels.all())
    for name in dict.fromkeys((backbone, base_name(backbone))):  # the second tells near-copies, see `labelled_photos`
        try:
            embed_labelled(collection, device, photo_ids, CENTRE, name, report, cancel, embedder)
        except WeightsMissing:
            _, hashes = collection.photos.hashes(photo_ids)
            if len(collection.embeddings(name).missing(hashes, CENTRE)) == len(hashes):
                raise
