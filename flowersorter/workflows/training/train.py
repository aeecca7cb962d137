"""Trains a head on the collection's labels (Retrain) or on a folder with one sub-folder per class."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import wilson_interval
from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.models.model_table import BACKGROUND
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.messages import Text, joined_texts, plural, text
from flowersorter.photos.scan import absolute_folder
from flowersorter.vision.backbone.registry import base_name, is_finetuned
from flowersorter.vision.classifier.fit import Fitted
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.workflows.evaluation.compare_models import LearnedPhotos
from flowersorter.workflows.evaluation.duplicate_labels import DuplicateLabel, contradictions
from flowersorter.workflows.labelling.left_out import NOTHING_LEFT_OUT, LeftOut
from flowersorter.workflows.labelling.planned_labels import PlannedLabels
from flowersorter.workflows.models.current_model import NamedModel, chosen_backbone, model_for, stored_model_for
from flowersorter.workflows.models.training_overlap import came_from_elsewhere
from flowersorter.workflows.predicting.photo_details import predictions_for
from flowersorter.workflows.predicting.predict_cached import in_classes
from flowersorter.workflows.training.incremental_fit import fit_for
from flowersorter.workflows.training.prepare_features import (
    embed_augmented_views,
    embed_labelled,
    nothing_in,
    plan_labels,
)
from flowersorter.workflows.training.training_set import (
    TrainingSet,
    belongs_with_starter,
    beside_new_classes,
    labelled_photos,
    with_starter,
    with_starter_of,
)
from flowersorter.workflows.training.unmeasured_classes import Unmeasured, unmeasured

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    """Train on every label of the collection.

    Attributes:
        device: "auto", "cpu" or "cuda"; for labelled photos without an embedding.
        note: Kept with the model.
        automatic: Whether the program started it by itself: then a model that is not used is not kept either.
    """

    device: str = "auto"
    note: str = ""
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class TrainFolderRequest:
    """Train on a folder with one sub-folder per class.

    Attributes:
        folder: Has one sub-folder per class.
        add: Whether to train on the collection's other labels as well.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the collection's.
        note: Kept with the model.
        flat: Whether folders in class folders are parts of the same class, see `ClassFolders`.
        new_classes: Whether to take sub-folders as classes also where `refuse_doubtful_folders` would not.
    """

    folder: Path
    add: bool = False
    device: str = "auto"
    backbone: str | None = None
    note: str = ""
    flat: bool = False
    new_classes: bool = True


@dataclass(frozen=True, slots=True)
class TrainResult:
    """The result of a training.

    Attributes:
        model_id: The new model's number; 0 where it is not kept.
        classes: Its classes.
        photos: Number of the person's training photos.
        held_out: Number of photos its accuracy was measured on.
        held_out_accuracy: Fraction of them that cross-validated models get right; None if too few to measure.
        before: The same figure of the previous model, on its own held-out photos.
        compared: Number of photos that both models were measured on, and how many of these the previous and the new one
            get right; None without any.
        made_current: Whether the collection uses it now: a clearly worse one, or one that would replace an imported
            model, is only used when the person says so.
        seconds: Duration of the fit, without reading photos.
        unreadable: Files with a photo's suffix that cannot be read as one, with the reason.
        left_out: The other files of the folder, by class and kind.
        unmeasured: Classes of which no photo could be held out.
        contradicting: Photos of the folder that are in the sub-folders of several classes; one of them counts.
        validated: Number of photos in the data set's evaluation part, such as val, which is never used for training.
        validated_right: Number of these that the new model gets right.
        only_validated: The classes of photos in that part that the model does not know; their photos count as mistakes.
        starter_classes: The starter's classes that stay beside new ones without a label of their own; empty if the
            previous model had the same classes.
        imported_right: Number of the held-out photos that an imported model, which stays in use, gets right; None if
            the model in use was not imported.
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
    left_out: LeftOut = NOTHING_LEFT_OUT
    unmeasured: tuple[Unmeasured, ...] = ()
    contradicting: int = 0
    validated: int = 0
    validated_right: int = 0
    only_validated: tuple[str, ...] = ()
    compared: tuple[int, int, int] | None = None
    starter_classes: tuple[str, ...] = ()
    imported_right: int | None = None


def starter_stays(result: TrainResult) -> Text:
    """Say that the starter's classes stay beside new ones."""
    return plural(
        "The starter's class {names} stays; delete it if you don't need it.",
        "The starter's {number} classes without a label stay ({names}); delete those you don't need.",
        len(result.starter_classes),
        names=joined_texts(", ", *result.starter_classes),
    )


def retrain(engine: Engine, request: RetrainRequest, report: Report, cancel: CancelToken) -> TrainResult:
    """Fit a new head on the collection's labels and make it current unless it is clearly worse than the previous one.

    The training data of an imported model are unknown, and it may know more classes: it is only replaced if the person
    confirms.

    Raises:
        TooFewPhotos: nothing is labelled, or only one class is and the person asked; by itself the program then fits it
            beside the photos of the starter's deleted classes.
        Cancelled: asked to stop; the previous model stays.
    """
    collection = engine.collection
    backbone = chosen_backbone(collection)
    classes = collection.labels.class_ids()
    if not classes:
        raise TooFewPhotos(
            text("There is nothing to learn from yet"),
            text("no photo has a label of one of your classes"),
            text("Label some photos of at least two classes, then try again"),
        )
    # The centre alone: another view would take seconds.
    for name in dict.fromkeys((backbone, base_name(backbone))):  # the second tells near-copies, see `labelled_photos`
        embed_labelled(engine, request.device, classes, CENTRE, name, report, cancel)
    own = labelled_photos(engine, backbone, classes)
    if not len(own.photo_ids):
        raise TooFewPhotos(
            text("There is nothing to learn from at the moment"),
            text("none of the photos with a label can be read"),
            text("Connect the drive they are on, then try again"),
        )
    named = model_for(engine, backbone)
    examples = with_starter_of(named, collection, own, background=request.automatic)
    kept = not request.automatic
    return _learn(engine, examples, backbone, request.note, report, cancel, keep_better=True, keep_worse=kept)


def train_folder(
    engine: Engine,
    request: TrainFolderRequest,
    report: Report,
    cancel: CancelToken,
) -> TrainResult:
    """Read a folder of class folders, fit a new head on it, store its labels and make the model current.

    If an error is raised, the labels, the classes and the model in use are as before.

    Raises:
        FolderUnusable: the folder is missing or forbidden.
        TooFewPhotos: it has fewer than two sub-folders with readable photos.
        Cancelled: asked to stop.
    """
    collection, folder = engine.collection, absolute_folder(request.folder)
    backbone = chosen_backbone(collection, request.backbone)
    found, classes = plan_labels(engine, folder, request, backbone, report, cancel)
    labels, known = found.labels, found.labels.classes
    embed_labelled(engine, request.device, classes, WIDE, backbone, report, cancel)
    embed_augmented_views(engine, request.device, classes, backbone, report, cancel)
    if is_finetuned(backbone):
        embed_labelled(engine, request.device, classes, CENTRE, base_name(backbone), report, cancel)
    own = labelled_photos(engine, backbone, classes, known)
    if len(own.class_names) < 2:
        raise nothing_in(folder, found.left_out)
    named = model_for(engine, backbone)
    grown = request.add and belongs_with_starter(named)
    result = _learn(
        engine,
        with_starter(collection, own, known) if grown else own,
        backbone,
        request.note,
        report,
        cancel,
        keep_better=False,
        labels=labels,
    )
    collection.settings.set(BACKBONE, backbone)
    contradicting = sum(_in_several(each, folder) for each in contradictions(collection))
    return replace(
        result,
        unreadable=found.unreadable,
        left_out=found.left_out,
        contradicting=contradicting,
        validated=len(found.held_out),
        validated_right=_count_right(engine, found.held_out, backbone),
        only_validated=_unlearned(collection, found.held_out.values(), result.classes),
    )


def _unlearned(collection: CollectionStore, names: Iterable[str], learned: Sequence[str]) -> tuple[str, ...]:
    """Return the names, sorted, of the class folders that are none of the learned classes."""
    found = {name: collection.classes.find(name) for name in names}
    return tuple(sorted(name for name, entry in found.items() if entry is None or entry.name not in learned))


def _count_right(engine: Engine, classes: Mapping[int, str], backbone: str) -> int:
    """Count the photos that the model in use gives the class of their folder."""
    predictions = predictions_for(engine, np.array(sorted(classes), np.int64), backbone) if classes else None
    if predictions is None:
        return 0
    suggested = predictions.class_ids[predictions.probabilities.argmax(axis=1)].tolist()
    found = {name: engine.collection.classes.find(name) for name in set(classes.values())}
    meant = [found[classes[photo_id]] for photo_id in predictions.photo_ids.tolist()]
    return sum(each is not None and each.id == suggestion for each, suggestion in zip(meant, suggested, strict=True))


def _in_several(each: DuplicateLabel, folder: Path) -> bool:
    """Whether two of its class folders are in this folder."""
    return sum(path.is_relative_to(folder) for path in each.paths.values()) > 1


def _learn(
    engine: Engine,
    examples: TrainingSet,
    backbone: str,
    note: str,
    report: Report,
    cancel: CancelToken,
    *,
    keep_better: bool,
    keep_worse: bool = True,
    labels: PlannedLabels | None = None,
) -> TrainResult:
    collection = engine.collection
    report(Progress(text("Learning"), 0))
    started = time.perf_counter()
    before = stored_model_for(engine, backbone)
    known = None if labels is None else labels.classes
    fitted = fit_for(engine, examples, backbone, cancel, note, known)
    seconds = time.perf_counter() - started
    accuracy = fitted.model.training.held_out_accuracy
    held_out = int(np.count_nonzero(fitted.held_out.own))
    old = before.model.training if before is not None and before.id is not None else None
    foreign = keep_better and before is not None and came_from_elsewhere(before)
    same_classes = (
        keep_better  # else the classes are not written yet
        and before is not None
        and _same_classes(collection, before.model.class_names, examples.class_names)
    )
    worse = old is not None and same_classes and clearly_worse(accuracy, held_out, old.held_out_accuracy, old.measured)
    starters = () if same_classes or examples.own.all() else beside_new_classes(collection, examples, known)
    compared = _compared(collection, before, examples, fitted)
    used = not (worse or foreign)
    model_id = _store(collection, examples, fitted, labels, used=used) if used or keep_worse else 0
    if used:
        engine.drop_refit()
        engine.fit_in_use = fitted
    return TrainResult(
        model_id=model_id,
        classes=examples.class_names,
        photos=int(np.count_nonzero(examples.own)),
        held_out=held_out,
        held_out_accuracy=accuracy,
        before=old.held_out_accuracy if old else None,
        made_current=used,
        seconds=seconds,
        starter_classes=starters,
        compared=compared,
        imported_right=_right(collection, before.model, examples, fitted) if foreign and before is not None else None,
        unmeasured=unmeasured(examples, fitted),
    )


def _store(
    collection: CollectionStore, examples: TrainingSet, fitted: Fitted, labels: PlannedLabels | None, *, used: bool
) -> int:
    """Write a model, and the labels it was trained on if there are new ones; returns its number."""
    arrays, metadata = fitted.model.to_bundle()
    with collection.database.transaction():
        if labels is not None:
            labels.write()
        kept = set(collection.classes.without_deleted(examples.class_names))
        metadata[BACKGROUND] = [name for name in examples.class_names if name not in kept]
        model_id = collection.models.add(arrays | LearnedPhotos.of(examples, fitted).arrays(), metadata)
        if used:
            collection.models.use(model_id)
            collection.classes.keep_model_classes(examples.class_names)
    return model_id


def _same_classes(collection: CollectionStore, before: Sequence[str], now: Sequence[str]) -> bool:
    """Whether two models know the same classes, after renamings and merges."""
    old, new = (set(collection.classes.meant_by(names)) for names in (before, now))
    return old - {0} == new


def _compared(
    collection: CollectionStore, before: NamedModel | None, examples: TrainingSet, fitted: Fitted
) -> tuple[int, int, int] | None:
    """Count the photos that both models predicted as held-out ones, and how many each gets right."""
    if before is None or before.id is None:
        return None
    old = LearnedPhotos.from_arrays(collection.models.load(before.id)[0])
    new = LearnedPhotos.of(examples, fitted)
    old_ids, new_ids = (_class_ids(collection, names) for names in (before.model.class_names, examples.class_names))
    _, at_old, at_new = np.intersect1d(old.photo_ids, new.photo_ids, return_indices=True)
    judged = (old.held_out[at_old] >= 0) & (new.held_out[at_new] >= 0)
    at_old, at_new = at_old[judged], at_new[judged]
    true = new_ids[new.targets[at_new]]
    before_right = int(np.count_nonzero(old_ids[old.held_out[at_old]] == true))
    now_right = int(np.count_nonzero(new_ids[new.held_out[at_new]] == true))
    return (len(true), before_right, now_right) if len(true) else None


def _class_ids(collection: CollectionStore, names: Sequence[str]) -> NDArray[np.int64]:
    """(C,) ids of the classes of these names; 0 for a deleted class."""
    found = map(collection.classes.find, names)
    return np.array([0 if each is None else each.id for each in found], np.int64)


def _right(collection: CollectionStore, model: Model, examples: TrainingSet, fitted: Fitted) -> int:
    """Count the held-out photos of the person that a model gets right which was trained on none of them."""
    rows = fitted.held_out.rows[fitted.held_out.own]
    if not len(rows):
        return 0
    meant = [
        np.array(collection.classes.meant_by(names), np.int32) for names in (model.class_names, examples.class_names)
    ]
    probabilities = predict(model, examples.features.take(rows)).probabilities
    class_ids, shares, _ = in_classes(meant[0], probabilities, np.zeros(len(rows), np.uint8))
    return int(np.count_nonzero(class_ids[shares.argmax(axis=1)] == meant[1][examples.targets[rows]]))


def clearly_worse(new: float | None, new_photos: int, old: float | None, old_photos: int) -> bool:
    """Whether the new accuracy's interval lies wholly below the old one's."""
    if new is None or old is None:
        return False
    _, best_new = wilson_interval(round(new * new_photos), new_photos)
    worst_old, _ = wilson_interval(round(old * old_photos), old_photos)
    return best_new < worst_old
