"""Predicts a folder: scans it, reads and embeds new photos, predicts all of them. Changes no photo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.domain.photo_rows import PhotoPredictions, PhotoRows, rows_of
from flowersorter.domain.place import Place, Places
from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import call_apart
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import moved_from
from flowersorter.messages import Text, text
from flowersorter.photos.outdated_reasons import outdated_reasons
from flowersorter.photos.scan import Roots, ScanResult, absolute_roots, refuse_gone, scan
from flowersorter.vision.dataset_shift.accuracy_estimation import AccuracyEstimate
from flowersorter.vision.features.views import CENTRE
from flowersorter.workflows.evaluation.stored_check import checked_note
from flowersorter.workflows.labelling.folder_labels import label_by_known_folders
from flowersorter.workflows.labelling.gone_labels import label_by_other_file, mark_deleted_photos
from flowersorter.workflows.labelling.unreadable_files import identify_files
from flowersorter.workflows.models.current_model import NamedModel, chosen_backbone, model_for
from flowersorter.workflows.models.finetuned_backbones import backbone_of
from flowersorter.workflows.predicting.extra_views import embed_view, without_view
from flowersorter.workflows.predicting.first_suggestions import PreviewRequest, suggest_from_previews
from flowersorter.workflows.predicting.folder_accuracy import accuracy_note, find_accuracy
from flowersorter.workflows.predicting.folder_adaptation import adapt_to_folder
from flowersorter.workflows.predicting.ingest import Block, ingest
from flowersorter.workflows.predicting.photo_details import rows_for
from flowersorter.workflows.predicting.photo_samples import FolderPhotos
from flowersorter.workflows.predicting.predict_cached import predict_from_cache
from flowersorter.workflows.predicting.scan_scope import scan_options_of
from flowersorter.workflows.predicting.unknown_photos import RunningEstimate, find_unknown_photos
from flowersorter.workflows.predicting.viewport_priority import ViewportPriority

if TYPE_CHECKING:
    from flowersorter.vision.backbone.registry import Backbone
    from flowersorter.workflows.cluster.options import Workers
    from flowersorter.workflows.engine import Engine

#: Least number of unlabelled photos in a folder, and least fraction of unknown ones, for a sentence about them.
_ENOUGH_PHOTOS, _MANY_UNKNOWN = 10, 0.25


@dataclass(frozen=True, slots=True)
class PredictFolderRequest:
    """Predict every photo in a folder and its sub-folders.

    Attributes:
        roots: The folder with the photos, or folders and single photos together.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the collection's.
        priority: The photos that the window shows now; they are read first.
        workers: Processes or machines that read the new photos; None: this process does.
        previews: Places whose preview was tried before, to which others are added: many new photos get provisional
            suggestions from their previews first. None: they get none.
    """

    roots: Roots
    device: str = "auto"
    backbone: str | None = None
    priority: ViewportPriority | None = None
    previews: set[int] | None = None
    workers: Workers | None = None


@dataclass(frozen=True, slots=True)
class FolderScanned:
    """Event: all places of the folder; photos that were known before are predicted."""

    rows: PhotoRows


@dataclass(frozen=True, slots=True)
class RowsChanged:
    """Event: rows that changed, with their new values."""

    rows: PhotoRows

    @classmethod
    def joined(cls, parts: Sequence[RowsChanged]) -> RowsChanged:
        """Join events, oldest first, into one."""
        return cls(PhotoRows.joined([part.rows for part in parts]))


@dataclass(frozen=True, slots=True, eq=False)
class PredictFolderResult:
    """The photos of a folder, with their predictions.

    Attributes:
        rows: One row for each place, in natural order of the paths.
        predictions: Predictions by photo; None without a model for the backbone.
        decoded: Number of photos decoded by this call.
        unreadable: Files with a photo's suffix that cannot be read as one, with the reason.
        skipped: Number of files and folders that the scan skipped, by kind.
        problems: Folders and files that could not be opened, with the reason.
        by_folder: Number of photos newly labelled by their class folder.
        answers: Other answers about the photos than a label, by photo id.
        estimate: The accuracy to expect on the unlabelled photos; None where there are too few, and without a model.
        checked: The statement of a checked sample of the folder; None without one that holds.
    """

    rows: PhotoRows
    predictions: PhotoPredictions | None
    decoded: int
    unreadable: tuple[tuple[Path, str], ...]
    skipped: dict[str, int]
    problems: tuple[tuple[Path, str], ...]
    by_folder: int
    answers: Mapping[int, PhotoAnswers] = field(default_factory=dict)
    estimate: AccuracyEstimate | None = None
    checked: Text | None = None

    @property
    def accuracy_note(self) -> Text | None:
        """The statement of a checked sample, or a sentence where fewer suggestions are right than usual; else None."""
        return self.checked or accuracy_note(self.estimate)

    @property
    def many_unknown(self) -> Text | None:
        """A sentence about a folder with many photos of none of the classes; None for another folder."""
        rows = self.rows
        without_answer = (rows.label_ids == 0) & (rows.marks != Mark.NOT_MINE)
        unlabelled = rows.verdicts[without_answer & (rows.verdicts != Verdict.NONE)]
        photos, unknown = len(unlabelled), int(np.count_nonzero(unlabelled == Verdict.UNKNOWN))
        if photos < _ENOUGH_PHOTOS or unknown < _MANY_UNKNOWN * photos:
            return None
        if unknown == photos:
            return text(
                "All {photos} photos look like none of your classes. Create a class for what they show.", photos=photos
            )
        return text(
            "About {unknown} of these {photos} photos are of none of your classes. Create a class for what they show.",
            unknown=unknown,
            photos=photos,
        )


def predict_folder(
    engine: Engine, request: PredictFolderRequest, report: Report, cancel: CancelToken
) -> PredictFolderResult:
    """Scan a folder, read and embed its new photos, predict all of them.

    Reports `Progress`, then `FolderScanned` once, `FirstSuggestions` for photos with a preview if they are wanted, and
    `RowsChanged` for each block.

    Raises:
        FolderUnusable: the folder is missing or forbidden, or vanishes while it is read; of several, all are or do.
        WeightsMissing: the backbone's weights are not on this computer.
        Cancelled: asked to stop; photos read until then stay in the library.
    """
    collection = engine.collection
    roots = absolute_roots(request.roots)
    scanned, places = find_photos(collection, roots, report, cancel)
    estimate = RunningEstimate(engine, model_for(engine, chosen_backbone(collection, request.backbone)))
    estimate.add(places, cancel)
    report(FolderScanned(rows_for(engine, places, request.backbone)))
    _suggest_first(engine, request, places, report, cancel)
    decoded = read_new(engine, request, places, report, cancel, estimate)
    backbone = chosen_backbone(collection, request.backbone)
    named = model_for(engine, backbone)
    identified = identify_files(collection, places.ids, report, cancel)
    now = collection.photos.places(places.ids) if identified or len(_unread(places)) else places
    label_by_other_file(collection, roots, now)
    gone = sorted({now.paths[row].parent for row in _unread(now).tolist()})
    names = collection.classes.without_deleted(named.model.class_names) if named else ()
    by_folder = label_by_known_folders(collection, roots, now, names)
    if named is not None:
        collection.classes.keep_model_classes(named.model.class_names)
    photo_ids = sorted_unique(now.photo_ids)
    labels = collection.labels.get(photo_ids)
    predictions, accuracy = predict_together(engine, now, backbone, cancel, roots)
    if named is not None and engine.refitted is None:
        engine.features(backbone).store_scores(now.known_photo_ids, named.model)
    answers = collection.answers.get(photo_ids) if predictions is None else predictions.answers
    rows = rows_of(now, labels, predictions, answers)
    return PredictFolderResult(
        rows=rows,
        predictions=predictions,
        decoded=decoded,
        unreadable=tuple((now.paths[i], error) for i, error in enumerate(now.errors) if error is not None),
        skipped=scanned.skipped,
        problems=(*scanned.problems, *((folder, text("the folder is no longer there")) for folder in gone)),
        by_folder=by_folder,
        answers=answers,
        estimate=accuracy,
        checked=checked_note(engine, roots, rows, request.backbone),
    )


def find_photos(
    collection: CollectionStore, roots: Roots, report: Report, cancel: CancelToken
) -> tuple[ScanResult, Places]:
    """Scan a folder, or several, with their scan options, and bring the library's places up to date with it.

    Raises:
        FolderUnusable: the folder is missing or forbidden; of several, all are.
        Cancelled: asked to stop, also while a drive does not answer.
    """
    report(Progress(text("Looking for photos"), 0))
    opened, options = absolute_roots(roots), scan_options_of(collection, absolute_roots(roots))
    scanned = call_apart(lambda: scan(opened, cancel, options), cancel)
    places = collection.photos.sync_folder(opened, scanned.photos.columns(), scanned.left_out, outdated_reasons())
    for root in filter(Path.is_dir, opened):
        mark_deleted_photos(collection, root, [path for path, _ in scanned.problems])
    return scanned, places


def _suggest_first(
    engine: Engine, request: PredictFolderRequest, places: Places, report: Report, cancel: CancelToken
) -> None:
    """Report provisional suggestions for the places that are not read yet, if they are wanted."""
    named = model_for(engine, chosen_backbone(engine.collection, request.backbone))
    if request.previews is not None and named is not None:
        waiting = PreviewRequest(places.take(_unread(places)), request.device, request.previews, request.priority)
        suggest_from_previews(engine, named.model, waiting, report, cancel)


def read_new(
    engine: Engine,
    request: PredictFolderRequest,
    places: Sequence[Place],
    report: Report,
    cancel: CancelToken,
    estimate: RunningEstimate | None = None,
    *,
    rows: bool = True,
) -> int:
    """Read and embed the places that need it; returns how many were decoded.

    Args:
        engine: Of the collection that gets the photos.
        request: The folder, device and backbone.
        places: The places to read where needed.
        report: Gets `Progress` and `RowsChanged`.
        cancel: Checked for each block.
        estimate: Gets the photos of each block.
        rows: Whether to predict the photos read and report their rows, which adds the model's classes.
    """
    collection = engine.collection
    backbone = backbone_of(engine, chosen_backbone(collection, request.backbone))
    places = Places.of(places)
    new = places.take(_unread(places))
    decoded = done = 0
    if len(new):
        report(Progress(text("Suggesting classes"), 0, len(new)))
        for block in _read_blocks(engine, request, new, backbone, report, cancel):
            done += len(block.places)
            decoded += block.decoded
            if len(_unread(block.places)):
                refuse_gone(request.roots)
            changed = [estimate.add(block.places, cancel)] if estimate is not None else []
            if rows:
                report(RowsChanged(rows_for(engine, Places.joined([block.places, *changed]), backbone.name)))
            report(Progress(text("Suggesting classes"), done, len(new)))
    known, shown = places.known_photo_ids, places if rows else None
    _embed_and_tell(engine, request, known, shown, report, cancel)
    return decoded


def _read_blocks(
    engine: Engine,
    request: PredictFolderRequest,
    new: Places,
    backbone: Backbone,
    report: Report,
    cancel: CancelToken,
) -> Iterator[Block]:
    """Read new photos here, or on the workers of the request."""
    if request.workers is None:
        opening = engine.network(backbone, request.device)
        return ingest(engine.collection, new, backbone, opening, cancel, request.priority)
    from flowersorter.workflows.cluster.read_on_workers import read_on_workers  # needs an optional package

    return read_on_workers(engine, request.workers, new, backbone, request.device, request.roots, report, cancel)


def _unread(places: Places) -> NDArray[np.intp]:
    """(M,) intp: the rows of files that were not read yet, or have changed since."""
    unread = np.flatnonzero(places.photo_ids == 0)
    readable = [row for row in unread.tolist() if places.errors[row] is None]
    return np.array(readable, np.intp)


def predict_together(
    engine: Engine, places: Places, backbone: str, cancel: CancelToken, roots: Roots = ()
) -> tuple[PhotoPredictions | None, AccuracyEstimate | None]:
    """Predict the photos of a folder from the cache, each with the evidence of the others.

    The scores of the unlabelled photos show which of them are of none of the classes, and how many suggestions are
    right; the predictions of the others are adapted to the folder.

    Args:
        engine: Of the collection.
        places: Of the photos.
        backbone: Name of the backbone of the model.
        cancel: Checked often.
        roots: The open folders: labelled photos that were moved out of them count too.
    """
    named = model_for(engine, backbone)
    if named is None:
        return None, None
    moved = moved_from(engine.collection.database, roots)
    return predict_together_by(engine, named, places.known_photo_ids, cancel, moved)


def predict_together_by(
    engine: Engine,
    named: NamedModel,
    photo_ids: NDArray[np.int64],
    cancel: CancelToken,
    moved: Iterable[int] = (),
) -> tuple[PhotoPredictions, AccuracyEstimate | None]:
    """Predict the photos of a folder as `predict_together` does, by a model that need not be the one in use.

    Args:
        engine: Of the collection.
        named: The model.
        photo_ids: Of the folder.
        cancel: Checked often.
        moved: Photos that were moved out of the folder.
    """
    predictions = predict_from_cache(engine, named.model, photo_ids)
    folder = FolderPhotos(engine, named, predictions.photo_ids, moved)
    changed = find_unknown_photos(folder, cancel)
    estimate, withdrawn = find_accuracy(folder, cancel)
    changed |= withdrawn
    changed |= adapt_to_folder(folder, cancel)
    return (predict_from_cache(engine, named.model, photo_ids) if changed else predictions), estimate


def _embed_and_tell(
    engine: Engine,
    request: PredictFolderRequest,
    photo_ids: NDArray[np.int64],
    places: Places | None,
    report: Report,
    cancel: CancelToken,
) -> None:
    """Embed the known photos without an embedding; report their rows block by block if their places are given."""
    collection = engine.collection
    backbone = backbone_of(engine, chosen_backbone(collection, request.backbone))
    wanted = without_view(collection, backbone.name, photo_ids, CENTRE)
    if not wanted:
        return
    columns = places or Places.of(())
    by_photo = np.argsort(columns.photo_ids, kind="stable")
    ordered = columns.photo_ids[by_photo]
    done = 0
    report(Progress(text("Suggesting classes"), 0, len(wanted)))
    for block in embed_view(collection, wanted, CENTRE, backbone, engine.network(backbone, request.device), cancel):
        done += len(block)
        if places is not None:
            ids = np.array([photo.id for photo in block], np.int64)
            spans = zip(np.searchsorted(ordered, ids), np.searchsorted(ordered, ids, "right"), strict=True)
            rows = np.concatenate([by_photo[first:end] for first, end in spans])
            report(RowsChanged(rows_for(engine, places.take(rows), backbone.name)))
        report(Progress(text("Suggesting classes"), done, len(wanted)))
