"""Label a folder: scan it, read what is new, predict everything; no photo is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.label import Label
from flowersorter.domain.photo_rows import PhotoPredictions, PhotoRows, rows_of
from flowersorter.domain.place import Place, Places
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.photos.scan import ScanResult, absolute_folder, scan
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.workflows.labelling.folder_labels import label_by_known_folders
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.models.finetuned_backbones import backbone_of
from flowersorter.workflows.predicting.batch_novelty import find_batch_novelty
from flowersorter.workflows.predicting.extra_views import embed_view, without_view
from flowersorter.workflows.predicting.ingest import ingest
from flowersorter.workflows.predicting.network_loader import OpenEmbedder, Opening, open_embedder
from flowersorter.workflows.predicting.photo_details import predictions_for, rows_for
from flowersorter.workflows.predicting.viewport_priority import ViewportPriority


@dataclass(frozen=True, slots=True)
class PredictFolderRequest:
    """Label every photo under a folder.

    Attributes:
        collection: Remembers what is found.
        folder: Where the photos are.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the collection's.
        urgent: Which photos somebody is looking at, to be read first.
    """

    collection: CollectionStore
    folder: Path
    device: str = "auto"
    backbone: str | None = None
    urgent: ViewportPriority | None = None


@dataclass(frozen=True, slots=True)
class FolderScanned:
    """News: all places of the folder, known photos already predicted."""

    rows: PhotoRows


@dataclass(frozen=True, slots=True)
class RowsChanged:
    """News: some rows as they are now."""

    rows: PhotoRows


@dataclass(frozen=True, slots=True, eq=False)
class PredictFolderResult:
    """What a folder holds.

    Attributes:
        rows: One row a place, in natural order of the paths.
        guesses: Predictions by photo; None where no model speaks for the backbone.
        decoded: Photos decoded by this call.
        unreadable: Files that look like photos and are none, with the reason.
        skipped: Files left out of the scan, counted by kind.
        problems: Folders and files that could not be looked at, with the reason.
        by_folder: Photos newly labelled by the class folder they stand in.
    """

    rows: PhotoRows
    guesses: PhotoPredictions | None
    decoded: int
    unreadable: tuple[tuple[Path, str], ...]
    skipped: dict[str, int]
    problems: tuple[tuple[Path, str], ...]
    by_folder: int


def label(
    request: PredictFolderRequest, report: Report, cancel: CancelToken, *, embedder: OpenEmbedder = open_embedder
) -> PredictFolderResult:
    """Scan, read what is new, predict everything.

    Photos it is not sure of are looked at a second time at the end. Reports `Progress`, then `FolderScanned` once and
    `RowsChanged` for every block.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
        WeightsMissing: the backbone's weights are not on this computer.
        Cancelled: asked to stop; what was read stays in the library.
    """
    collection = request.collection
    folder = absolute_folder(request.folder)
    scanned, places = find_photos(collection, folder, report, cancel)
    report(FolderScanned(rows_for(collection, places, request.backbone)))
    decoded = read_new(request, places, report, cancel, embedder)
    backbone = chosen_backbone(collection, request.backbone)
    named = model_for(collection, backbone)
    now = collection.photos.places(places.ids) if len(_unread(places)) else places
    names = collection.classes.without_deleted(named.model.class_names) if named else ()
    by_folder = label_by_known_folders(collection, folder, now, names)
    if named is not None:
        collection.classes.keep_model_classes(named.model.class_names)
    labels = collection.labels.get(now.known_photo_ids)
    guesses = look_twice(request, now, labels, report, cancel, embedder)
    return PredictFolderResult(
        rows=rows_of(now, labels, guesses),
        guesses=guesses,
        decoded=decoded,
        unreadable=tuple((now.paths[i], error) for i, error in enumerate(now.errors) if error is not None),
        skipped=scanned.skipped,
        problems=scanned.problems,
        by_folder=by_folder,
    )


def find_photos(
    collection: CollectionStore, folder: Path, report: Report, cancel: CancelToken
) -> tuple[ScanResult, Places]:
    """Scan a folder and bring the library's places up to date with it.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
    """
    report(Progress("Looking for photos", 0))
    scanned = scan(folder, cancel)
    return scanned, collection.photos.sync_folder(folder, scanned.photos.columns())


def read_new(
    request: PredictFolderRequest,
    places: Sequence[Place],
    report: Report,
    cancel: CancelToken,
    embedder: OpenEmbedder,
    *,
    rows: bool = True,
) -> int:
    """Read and embed the places that need it; returns how many were decoded.

    Args:
        request: What is read, and with which backbone.
        places: What may need it.
        report: Gets `Progress` and `RowsChanged`.
        cancel: Looked at often.
        embedder: Opens the network.
        rows: Whether to predict what was read and report its rows, which brings in the classes of the model.
    """
    collection = request.collection
    backbone = backbone_of(collection, chosen_backbone(collection, request.backbone))
    places = Places.of(places)
    new = places.take(_unread(places))
    decoded = done = 0
    if len(new):
        opening = Opening(embedder, backbone, request.device)
        report(Progress("Labelling photos", 0, len(new)))
        for block in ingest(collection, new, backbone, opening, cancel, request.urgent):
            done += len(block.places)
            decoded += block.decoded
            if rows:
                report(RowsChanged(rows_for(collection, block.places, backbone.name)))
            report(Progress("Labelling photos", done, len(new)))
    known, shown = places.known_photo_ids, places if rows else None
    _embed_and_tell(request, known, CENTRE, shown, "Labelling photos", report, cancel, embedder)
    return decoded


def _unread(places: Places) -> NDArray[np.intp]:
    """(M,) the rows of files that were not read yet, or were changed since."""
    unread = np.flatnonzero(places.photo_ids == 0)
    readable = [row for row in unread.tolist() if places.errors[row] is None]
    return np.array(readable, np.intp)


def look_twice(
    request: PredictFolderRequest,
    places: Places,
    labels: Mapping[int, Label],
    report: Report,
    cancel: CancelToken,
    embedder: OpenEmbedder,
) -> PhotoPredictions | None:
    """Predict photos, those without a label that the model is not sure of again in a wider view.

    Then those without a label are compared with the labelled ones: none that stands apart is sure.
    """
    collection, backbone = request.collection, chosen_backbone(request.collection, request.backbone)
    photo_ids = places.known_photo_ids
    guesses, named = predictions_for(collection, photo_ids, backbone), model_for(collection, backbone)
    if guesses is None or named is None:
        return None
    doubtful = guesses.photo_ids[guesses.verdicts != Verdict.SURE]
    doubtful = np.setdiff1d(doubtful, np.fromiter(labels, np.int64, len(labels)), assume_unique=True)
    stage = "Looking again at doubtful photos"
    changed = _embed_and_tell(request, doubtful, WIDE, places, stage, report, cancel, embedder)
    changed |= find_batch_novelty(collection, named, guesses.photo_ids, cancel)
    return predictions_for(collection, photo_ids, backbone) if changed else guesses


def _embed_and_tell(
    request: PredictFolderRequest,
    photo_ids: NDArray[np.int64],
    view: str,
    places: Places | None,
    stage: str,
    report: Report,
    cancel: CancelToken,
    embedder: OpenEmbedder,
) -> bool:
    """Embed a view of the known photos that lack it; returns whether any did.

    Their rows are reported as they come, where their places are given.
    """
    collection = request.collection
    backbone = backbone_of(collection, chosen_backbone(collection, request.backbone))
    wanted = without_view(collection, backbone.name, photo_ids, view)
    if not wanted:
        return False
    columns = places or Places.of(())
    by_photo = np.argsort(columns.photo_ids, kind="stable")
    ordered = columns.photo_ids[by_photo]
    done = 0
    report(Progress(stage, 0, len(wanted)))
    for block in embed_view(collection, wanted, view, backbone, Opening(embedder, backbone, request.device), cancel):
        done += len(block)
        if places is not None:
            ids = np.array([photo.id for photo in block], np.int64)
            spans = zip(np.searchsorted(ordered, ids), np.searchsorted(ordered, ids, "right"), strict=True)
            rows = np.concatenate([by_photo[first:end] for first, end in spans])
            report(RowsChanged(rows_for(collection, places.take(rows), backbone.name)))
        report(Progress(stage, done, len(wanted)))
    return True
