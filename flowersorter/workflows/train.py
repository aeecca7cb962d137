"""Train: from the garden's labels (Retrain) or from a folder with one sub-folder per class."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flowersorter.errors import TooFewPhotos
from flowersorter.job import CancelToken, Progress, Report
from flowersorter.library.garden import Garden
from flowersorter.photos.scan import absolute_folder
from flowersorter.vision.backbones import base_name, is_tuned
from flowersorter.vision.metrics import wilson_interval
from flowersorter.vision.views import CENTRE, FLIP
from flowersorter.workflows.examples import TrainingSet, belongs_with_starter, labelled_photos, with_starter
from flowersorter.workflows.fitting import fit_for
from flowersorter.workflows.labelled import embed_labelled, labels_of_class_folders, nothing_in
from flowersorter.workflows.models import chosen_backbone, model_for
from flowersorter.workflows.network import OpenEmbedder, open_embedder
from flowersorter.workflows.time_machine import Training


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    """Learn from every label of the garden.

    Attributes:
        garden: Whose labels.
        device: "auto", "cpu" or "cuda"; for labelled photos without an embedding.
        note: Kept with the model.
    """

    garden: Garden
    device: str = "auto"
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrainFolderRequest:
    """Learn from a folder with one sub-folder per class.

    Attributes:
        garden: Gets the labels and the model.
        folder: Has one sub-folder per class.
        add: Learn from the garden's other labels as well.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the garden's.
        note: Kept with the model.
    """

    garden: Garden
    folder: Path
    add: bool = False
    device: str = "auto"
    backbone: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What a training brought.

    Attributes:
        model_id: The new model's number.
        classes: Its classes.
        photos: Labelled photos of the person it learned from.
        held_out: Photos its accuracy was measured on.
        held_out_accuracy: Share of them that models which never saw them got right; None if too few to tell.
        before: The same figure of the model before.
        made_current: Whether the garden uses it now: a clearly worse one waits for the person to say so.
        seconds: How long the fit took, without reading photos.
        unreadable: Files that look like photos and are none, with the reason.
    """

    model_id: int
    classes: tuple[str, ...]
    photos: int
    held_out: int
    held_out_accuracy: float | None
    before: float | None
    made_current: bool
    seconds: float
    unreadable: tuple[tuple[Path, str], ...] = ()


def retrain(
    request: RetrainRequest, report: Report, cancel: CancelToken, *, embedder: OpenEmbedder = open_embedder
) -> TrainResult:
    """Fit a new head on the garden's labels and make it current unless it is clearly worse.

    Raises:
        TooFewPhotos: nothing is labelled, or only one class is.
        Cancelled: asked to stop; the model before stays.
    """
    garden = request.garden
    backbone = chosen_backbone(garden)
    classes = {photo_id: label.class_id for photo_id, label in garden.labels.all().items()}
    if not classes:
        raise TooFewPhotos(
            "There is nothing to learn from yet",
            "no photo has a label",
            "Drag photos onto their class or confirm guesses, then retrain",
        )
    # The mirror images would take seconds; `label` has seen to those it was not sure of.
    for name in dict.fromkeys((backbone, base_name(backbone))):  # the second tells near-copies, see `labelled_photos`
        embed_labelled(garden, request.device, classes, CENTRE, name, report, cancel, embedder)
    own = labelled_photos(garden, backbone, classes)
    named = model_for(garden, backbone)
    examples = with_starter(garden, own) if belongs_with_starter(named, own.class_names) else own
    return _learn(garden, examples, backbone, request.note, report, cancel, keep_better=True)


def train_folder(
    request: TrainFolderRequest,
    report: Report,
    cancel: CancelToken,
    *,
    embedder: OpenEmbedder = open_embedder,
) -> TrainResult:
    """Read a folder of class folders, take them as labels, fit a new head and make it current.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
        TooFewPhotos: it has fewer than two sub-folders with readable photos.
        Cancelled: asked to stop; the model before stays.
    """
    garden, folder = request.garden, absolute_folder(request.folder)
    backbone = chosen_backbone(garden, request.backbone)
    classes, unreadable = labels_of_class_folders(
        garden, folder, request.device, backbone, report, cancel, embedder, add=request.add
    )
    embed_labelled(garden, request.device, classes, FLIP, backbone, report, cancel, embedder)
    if is_tuned(backbone):
        embed_labelled(garden, request.device, classes, CENTRE, base_name(backbone), report, cancel, embedder)
    own = labelled_photos(garden, backbone, classes)
    if len(own.class_names) < 2:
        raise nothing_in(folder)
    named = model_for(garden, backbone)
    grown = request.add and belongs_with_starter(named, own.class_names)
    result = _learn(
        garden,
        with_starter(garden, own) if grown else own,
        backbone,
        request.note,
        report,
        cancel,
        keep_better=False,
    )
    garden.settings.set("backbone", backbone)
    return TrainResult(**{**{f: getattr(result, f) for f in result.__slots__}, "unreadable": unreadable})


def _learn(
    garden: Garden,
    examples: TrainingSet,
    backbone: str,
    note: str,
    report: Report,
    cancel: CancelToken,
    *,
    keep_better: bool,
) -> TrainResult:
    report(Progress("Learning", 0))
    started = time.perf_counter()
    before = model_for(garden, backbone)
    fitted = fit_for(garden, examples, backbone, cancel, note)
    seconds = time.perf_counter() - started
    accuracy = fitted.model.training.held_out_accuracy
    held_out = int(np.count_nonzero(fitted.held_out.own))
    arrays, metadata = fitted.model.to_bundle()
    model_id = garden.models.add(arrays | Training.of(examples, fitted).arrays(), metadata)
    old = before.model.training if before is not None and before.id is not None else None
    worse = (
        keep_better
        and old is not None
        and before is not None
        and set(before.model.class_names) == set(examples.class_names)
        and clearly_worse(accuracy, held_out, old.held_out_accuracy, old.measured)
    )
    if not worse:
        garden.models.use(model_id)
        garden.classes.keep_model_classes(examples.class_names)
    return TrainResult(
        model_id=model_id,
        classes=examples.class_names,
        photos=int(np.count_nonzero(examples.own)),
        held_out=held_out,
        held_out_accuracy=accuracy,
        before=old.held_out_accuracy if old else None,
        made_current=not worse,
        seconds=seconds,
    )


def clearly_worse(new: float | None, new_photos: int, old: float | None, old_photos: int) -> bool:
    """Whether the new accuracy's interval lies wholly below the old one's."""
    if new is None or old is None:
        return False
    _, best_new = wilson_interval(round(new * new_photos), new_photos)
    worst_old, _ = wilson_interval(round(old * old_photos), old_photos)
    return best_new < worst_old
