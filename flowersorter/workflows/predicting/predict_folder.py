"""Label a folder: scan it, read what is new, predict everything; no photo is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.domain.label import Label
from flowersorter.domain.photo_rows import PhotoPredictions, PhotoRows, rows_of
from flowersorter.domain.place import Place, Places
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import text
from flowersorter.photos.scan import Roots, ScanResult, absolute_roots, scan
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.workflows.labelling.folder_labels import label_by_known_folders
from flowersorter.workflows.labelling.gone_labels import mark_deleted_photos
from flowersorter.workflows.labelling.unreadable_files import identify_files
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.models.finetuned_backbones import backbone_of
from flowersorter.workflows.predicting.batch_novelty import find_batch_novelty
from flowersorter.workflows.predicting.extra_views import embed_view, without_view
from flowersorter.workflows.predicting.ingest import ingest
from flowersorter.workflows.predicting.photo_details import predictions_for, rows_for
from flowersorter.workflows.predicting.scan_scope import scan_options_of
from flowersorter.workflows.predicting.viewport_priority import ViewportPriority

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class PredictFolderRequest:
    """Label every photo under a folder.

    Attributes:
        roots: Where the photos are: a folder, or folders and single photos together.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the collection's.
        urgent: Which photos somebody is looking at, to be read first.
    """

    roots: Roots
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

    @classmethod
    def joined(cls, parts: Sequence[RowsChanged]) -> RowsChanged:
        """All parts, oldest first, as one."""
        return cls(PhotoRows.joined([part.rows for part in parts]))


@dataclass(frozen=True, slots=True, eq=False)
class PredictFolderResult:
    """What a folder holds.

    Attributes:
        rows: One row a place, in natural order of the paths.
        guesses: Predictions by photo; None where no model speaks for the backbone.
        decoded: Photos decoded by this call.
        unreadable: Files that look like photos and are none, with the reason.
        skipped: Files and folders left out of the scan, counted by kind.
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


def label(engine: Engine, request: PredictFolderRequest, report: Report, cancel: CancelToken) -> PredictFolderResult:
    """Scan, read what is new, predict everything.

    Photos it is not sure of are looked at a second time at the end. Reports `Progress`, then `FolderScanned` once and
    `RowsChanged` for every block.

    Raises:
        FolderUnusable: the folder is missing or forbidden; of several, all are.
        WeightsMissing: the backbone's weights are not on this computer.
        Cancelled: asked to stop; what was read stays in the library.
    """
    collection = engine.collection
    roots = absolute_roots(request.roots)
    scanned, places = find_photos(collection, roots, report, cancel)
    report(FolderScanned(rows_for(engine, places, request.backbone)))
    decoded = read_new(engine, request, places, report, cancel)
    backbone = chosen_backbone(collection, request.backbone)
    named = model_for(engine, backbone)
    identified = identify_files(collection, places.ids, report, cancel)
    now = collection.photos.places(places.ids) if identified or len(_unread(places)) else places
    names = collection.classes.without_deleted(named.model.class_names) if named else ()
    by_folder = label_by_known_folders(collection, roots, now, names)
    if named is not None:
        collection.classes.keep_model_classes(named.model.class_names)
    labels = collection.labels.get(sorted_unique(now.photo_ids))
    guesses = look_twice(engine, request, now, labels, report, cancel)
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
    collection: CollectionStore, roots: Roots, report: Report, cancel: CancelToken
) -> tuple[ScanResult, Places]:
    """Scan a folder, or several, with their scan options, and bring the library's places up to date with it.

    Raises:
        FolderUnusable: the folder is missing or forbidden; of several, all are.
    """
    report(Progress(text("Looking for photos"), 0))
    opened = absolute_roots(roots)
    scanned = scan(opened, cancel, scan_options_of(collection, opened))
    places = collection.photos.sync_folder(opened, scanned.photos.columns(), scanned.left_out)
    for root in filter(Path.is_dir, opened):
        mark_deleted_photos(collection, root, [path for path, _ in scanned.problems])
    return scanned, places


def read_new(
    engine: Engine,
    request: PredictFolderRequest,
    places: Sequence[Place],
    report: Report,
    cancel: CancelToken,
    *,
    rows: bool = True,
) -> int:
    """Read and embed the places that need it; returns how many were decoded.

    Args:
        engine: Of the collection that gets the photos.
        request: What is read, and with which backbone.
        places: What may need it.
        report: Gets `Progress` and `RowsChanged`.
        cancel: Looked at often.
        rows: Whether to predict what was read and report its rows, which brings in the classes of the model.
    """
    collection = engine.collection
    backbone = backbone_of(engine, chosen_backbone(collection, request.backbone))
    places = Places.of(places)
    new = places.take(_unread(places))
    decoded = done = 0
    if len(new):
        opening = engine.network(backbone, request.device)
        report(Progress(text("Labelling photos"), 0, len(new)))
        for block in ingest(collection, new, backbone, opening, cancel, request.urgent):
            done += len(block.places)
            decoded += block.decoded
            if rows:
                report(RowsChanged(rows_for(engine, block.places, backbone.name)))
            report(Progress(text("Labelling photos"), done, len(new)))
    known, shown = places.known_photo_ids, places if rows else None
    _embed_and_tell(engine, request, known, CENTRE, shown, "Labelling photos", report, cancel)
    return decoded


def _unread(places: Places) -> NDArray[np.intp]:
    """(M,) the rows of files that were not read yet, or were changed since."""
    unread = np.flatnonzero(places.photo_ids == 0)
    readable = [row for row in unread.tolist() if places.errors[row] is None]
    return np.array(readable, np.intp)


def look_twice(
    engine: Engine,
    request: PredictFolderRequest,
    places: Places,
    labels: Mapping[int, Label],
    report: Report,
    cancel: CancelToken,
) -> PhotoPredictions | None:
    """Predict photos, those without a label that the model is not sure of again in a wider view.

    Then those without a label are compared with the labelled ones: none that stands apart is sure.
    """
    backbone = chosen_backbone(engine.collection, request.backbone)
    photo_ids = places.known_photo_ids
    guesses, named = predictions_for(engine, photo_ids, backbone), model_for(engine, backbone)
    if guesses is None or named is None:
        return None
    doubtful = guesses.photo_ids[guesses.verdicts != Verdict.SURE]
    doubtful = np.setdiff1d(doubtful, np.fromiter(labels, np.int64, len(labels)), assume_unique=True)
    stage = "Looking again at doubtful photos"
    changed = _embed_and_tell(engine, request, doubtful, WIDE, places, stage, report, cancel)
    changed |= find_batch_novelty(engine, named, guesses.photo_ids, cancel)
    return predictions_for(engine, photo_ids, backbone) if changed else guesses


def _embed_and_tell(
    engine: Engine,
    request: PredictFolderRequest,
    photo_ids: NDArray[np.int64],
    view: str,
    places: Places | None,
    stage: str,
    report: Report,
    cancel: CancelToken,
) -> bool:
    """Embed a view of the known photos that lack it; returns whether any did.

    Their rows are reported as they come, where their places are given.
    """
    collection = engine.collection
    backbone = backbone_of(engine, chosen_backbone(collection, request.backbone))
    wanted = without_view(collection, backbone.name, photo_ids, view)
    if not wanted:
        return False
    columns = places or Places.of(())
    by_photo = np.argsort(columns.photo_ids, kind="stable")
    ordered = columns.photo_ids[by_photo]
    done = 0
    report(Progress(stage, 0, len(wanted)))
    for block in embed_view(collection, wanted, view, backbone, engine.network(backbone, request.device), cancel):
        done += len(block)
        if places is not None:
            ids = np.array([photo.id for photo in block], np.int64)
            spans = zip(np.searchsorted(ordered, ids), np.searchsorted(ordered, ids, "right"), strict=True)
            rows = np.concatenate([by_photo[first:end] for first, end in spans])
            report(RowsChanged(rows_for(engine, places.take(rows), backbone.name)))
        report(Progress(stage, done, len(wanted)))
    return True
