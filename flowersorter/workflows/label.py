"""Label a folder: scan it, read what is new, predict everything; no photo is touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowersorter.job import CancelToken, Progress, Report
from flowersorter.library.filed import filed_photos
from flowersorter.library.garden import Garden
from flowersorter.library.labels import Label
from flowersorter.library.photos import PhotoRecord, Place
from flowersorter.photos.scan import ScanResult, absolute_folder, scan
from flowersorter.vision.backbones import backbone as backbone_named
from flowersorter.vision.verdict import Verdict
from flowersorter.vision.views import CENTRE, FLIP
from flowersorter.workflows.browse import guesses_for, rows_for
from flowersorter.workflows.folder_labels import label_by_known_folders
from flowersorter.workflows.ingest import ingest
from flowersorter.workflows.models import chosen_backbone, model_for
from flowersorter.workflows.network import OpenEmbedder, Opening, open_embedder
from flowersorter.workflows.rows import Guesses, PhotoRows, rows_of
from flowersorter.workflows.urgent import Urgent
from flowersorter.workflows.views import embed_view, without_view


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """Label every photo under a folder.

    Attributes:
        garden: Remembers what is found.
        folder: Where the photos are.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the garden's.
        urgent: Which photos somebody is looking at, to be read first.
    """

    garden: Garden
    folder: Path
    device: str = "auto"
    backbone: str | None = None
    urgent: Urgent | None = None


@dataclass(frozen=True, slots=True)
class FolderScanned:
    """News: all places of the folder, known photos already predicted."""

    rows: PhotoRows


@dataclass(frozen=True, slots=True)
class RowsChanged:
    """News: some rows as they are now."""

    rows: PhotoRows


@dataclass(frozen=True, slots=True, eq=False)
class LabelResult:
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
    guesses: Guesses | None
    decoded: int
    unreadable: tuple[tuple[Path, str], ...]
    skipped: dict[str, int]
    problems: tuple[tuple[Path, str], ...]
    by_folder: int


def label(
    request: LabelRequest, report: Report, cancel: CancelToken, *, embedder: OpenEmbedder = open_embedder
) -> LabelResult:
    """Scan, read what is new, predict everything.

    Photos it is not sure of are looked at a second time at the end. Reports `Progress`, then `FolderScanned` once and
    `RowsChanged` for every block.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
        WeightsMissing: the backbone's weights are not on this computer.
        Cancelled: asked to stop; what was read stays in the library.
    """
    garden = request.garden
    folder = absolute_folder(request.folder)
    scanned, places = find_photos(garden, folder, report, cancel)
    report(FolderScanned(rows_for(garden, places, request.backbone)))
    decoded = read_new(request, places, report, cancel, embedder)
    backbone = chosen_backbone(garden, request.backbone)
    named = model_for(garden, backbone)
    now = garden.photos.places([place.id for place in places])
    by_folder = label_by_known_folders(
        garden, folder, not_filed_by_us(garden, now), named.model.class_names if named else ()
    )
    if named is not None:
        garden.classes.keep_model_classes(named.model.class_names)
    labels = garden.labels.get([place.photo_id for place in now if place.photo_id is not None])
    guesses = _look_twice(request, now, labels, report, cancel, embedder)
    return LabelResult(
        rows=rows_of(now, labels, guesses),
        guesses=guesses,
        decoded=decoded,
        unreadable=tuple((place.path, place.error) for place in now if place.error is not None),
        skipped=scanned.skipped,
        problems=scanned.problems,
        by_folder=by_folder,
    )


def not_filed_by_us(garden: Garden, places: Sequence[Place]) -> list[Place]:
    """Leave out photos that stand in a class folder because a run put them there.

    The program may have put them there on a guess, and a guess must not come back as a label.
    """
    photo_ids = {place.photo_id for place in places if place.photo_id is not None}
    hashes = [photo.sha256 for photo in garden.photos.photos(sorted(photo_ids)).values()]
    filed = {photo.path for photo in filed_photos(garden.database, hashes)}
    return [place for place in places if place.path not in filed]


def find_photos(garden: Garden, folder: Path, report: Report, cancel: CancelToken) -> tuple[ScanResult, list[Place]]:
    """Scan a folder and bring the library's places up to date with it.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
    """
    report(Progress("Looking for photos", 0))
    scanned = scan(folder, cancel)
    found = [(photo.path, photo.size_bytes, photo.mtime_ns) for photo in scanned.photos]
    return scanned, garden.photos.sync_folder(folder, found)


def read_new(
    request: LabelRequest,
    places: Sequence[Place],
    report: Report,
    cancel: CancelToken,
    embedder: OpenEmbedder,
) -> int:
    """Read and embed the places that need it, reporting rows as they come; returns how many were decoded."""
    garden = request.garden
    backbone = backbone_named(chosen_backbone(garden, request.backbone))
    new = [place for place in places if place.photo_id is None and place.error is None]
    decoded = done = 0
    if new:
        opening = Opening(embedder, backbone, request.device)
        report(Progress("Labelling photos", 0, len(new)))
        for block in ingest(garden, new, backbone, opening, cancel, request.urgent):
            done += len(block.places)
            decoded += block.decoded
            report(RowsChanged(rows_for(garden, block.places, backbone.name)))
            report(Progress("Labelling photos", done, len(new)))
    known = {place.photo_id for place in places if place.photo_id is not None}
    photos = list(garden.photos.photos(sorted(known)).values())
    _embed_and_tell(request, photos, CENTRE, places, "Labelling photos", report, cancel, embedder)
    return decoded


def _look_twice(
    request: LabelRequest,
    places: Sequence[Place],
    labels: Mapping[int, Label],
    report: Report,
    cancel: CancelToken,
    embedder: OpenEmbedder,
) -> Guesses | None:
    """Predict photos, and those without a label that the model is not sure of again with their mirror image."""
    garden, backbone = request.garden, chosen_backbone(request.garden, request.backbone)
    photo_ids = [place.photo_id for place in places if place.photo_id is not None]
    guesses = guesses_for(garden, photo_ids, backbone)
    if guesses is None:
        return None
    doubtful = guesses.photo_ids[guesses.verdicts != Verdict.SURE].tolist()
    photos = list(garden.photos.photos([photo_id for photo_id in doubtful if photo_id not in labels]).values())
    stage = "Looking again at doubtful photos"
    if not _embed_and_tell(request, photos, FLIP, places, stage, report, cancel, embedder):
        return guesses
    return guesses_for(garden, photo_ids, backbone)


def _embed_and_tell(
    request: LabelRequest,
    photos: Sequence[PhotoRecord],
    view: str,
    places: Sequence[Place],
    stage: str,
    report: Report,
    cancel: CancelToken,
    embedder: OpenEmbedder,
) -> bool:
    """Embed a view of the known photos that lack it, reporting their rows as they come; returns whether any did."""
    garden = request.garden
    backbone = backbone_named(chosen_backbone(garden, request.backbone))
    wanted = without_view(garden, backbone.name, photos, view)
    if not wanted:
        return False
    places_of = defaultdict[int, list[Place]](list)
    for place in places:
        places_of[place.photo_id or 0].append(place)
    done = 0
    report(Progress(stage, 0, len(wanted)))
    for block in embed_view(garden, wanted, view, backbone, Opening(embedder, backbone, request.device), cancel):
        done += len(block)
        changed = [place for photo in block for place in places_of[photo.id]]
        report(RowsChanged(rows_for(garden, changed, backbone.name)))
        report(Progress(stage, done, len(wanted)))
    return True
