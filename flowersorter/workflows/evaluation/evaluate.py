"""Measures the accuracy of the model on photos it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import CalibrationBin, ConfidenceBar, wilson_interval
from flowersorter.domain.photo_rows import PhotoPredictions
from flowersorter.domain.place import Place, Places
from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import joined_texts, text
from flowersorter.photos.scan import absolute_folder, check_folder
from flowersorter.vision.classifier.metrics import (
    bin_numbers,
    calibration_bins,
    confidence_bars,
    confusion_matrix,
    expected_calibration_error,
    precision,
    recall,
)
from flowersorter.workflows.evaluation.compare_models import LearnedPhotos
from flowersorter.workflows.evaluation.held_out_labels import held_out_labels
from flowersorter.workflows.labelling.class_folders import ClassFolders
from flowersorter.workflows.labelling.folder_labels import name_key
from flowersorter.workflows.labelling.left_out import NOTHING_LEFT_OUT, LeftOut, left_out_of
from flowersorter.workflows.models.current_model import NamedModel, chosen_backbone, model_for
from flowersorter.workflows.models.training_overlap import may_have_learned
from flowersorter.workflows.predicting.predict_folder import (
    PredictFolderRequest,
    find_photos,
    predict_together,
    read_new,
)
from flowersorter.workflows.training.incremental_fit import fit_for
from flowersorter.workflows.training.prepare_features import embed_for_measuring
from flowersorter.workflows.training.training_set import labelled_photos, with_starter_of
from flowersorter.workflows.training.unmeasured_classes import in_words, too_few, unmeasured

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


#: Number of sub-folders that are no classes, as far as they are listed.
_LISTED = 5


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """Measure the collection's model.

    Attributes:
        folder: Has one sub-folder per class: its photos are predicted by the current model. None: every label of
            the collection, each predicted by a model that never saw it.
        device: "auto", "cpu" or "cuda".
        backbone: Name, or None for the collection's.
        flat: Whether folders in class folders are parts of the same class, see `ClassFolders`.
    """

    folder: Path | None = None
    device: str = "auto"
    backbone: str | None = None
    flat: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """How good a model is.

    Attributes:
        accuracy: Fraction of photos predicted right.
        interval: 95 % interval of the accuracy.
        class_ids: C ids of the classes that occur; negative for folders that are no class of the collection.
        class_names: Their names.
        confusion: (C, C) int64, rows true, columns predicted.
        recall: (C,) float64, NaN for a class without photos.
        precision: (C,) float64, NaN for a class never predicted.
        calibration_error: Expected calibration error, 0 to 1.
        bins: The calibration curve.
        photo_ids: (N,) int64.
        place_ids: (N,) int64, one place of each photo.
        true: (N,) class indices.
        predicted: (N,) class indices.
        confidences: (N,) float32.
        seen: Number of these photos that the model was trained on.
        how: The kind of measurement, in plain words.
        in_use: Whether the predictions are those of the model in use; else it was trained on other labels, and the
            figures are those of a model that is trained on the present ones.
        unreadable: Files that cannot be read as photos, with the reason.
        left_out: The other files in the folder.
    """

    accuracy: float
    interval: tuple[float, float]
    class_ids: tuple[int, ...]
    class_names: tuple[str, ...]
    confusion: NDArray[np.int64]
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    calibration_error: float
    bins: tuple[CalibrationBin, ...]
    photo_ids: NDArray[np.int64]
    place_ids: NDArray[np.int64]
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    confidences: NDArray[np.float32]
    seen: int
    how: str
    in_use: bool = True
    unreadable: tuple[tuple[Path, str], ...] = ()
    left_out: LeftOut = NOTHING_LEFT_OUT

    @property
    def photos(self) -> int:
        """How many photos were measured."""
        return len(self.true)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,) whether each photo was predicted right."""
        return np.asarray(self.true == self.predicted, np.bool_)

    @property
    def histogram(self) -> tuple[ConfidenceBar, ...]:
        """Right and wrong photos by confidence, from unsure to sure."""
        return confidence_bars(self.confidences, self.right)

    def within(self, interval: CalibrationBin | ConfidenceBar) -> NDArray[np.bool_]:
        """(N,) whether the confidence of each photo is in an interval of `bins` or `histogram`."""
        number = bin_numbers(np.array([(interval.low + interval.high) / 2], np.float32))[0]
        return np.asarray(bin_numbers(self.confidences) == number, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Photos with their true and predicted class, before they are counted."""

    class_names: Sequence[str]
    photo_ids: NDArray[np.int64]
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    confidences: NDArray[np.float32]
    seen: int
    how: str
    in_use: bool = True


def evaluate(engine: Engine, request: EvaluateRequest, report: Report, cancel: CancelToken) -> Evaluation:
    """Measure on a labelled folder, or out of fold on the collection's labels.

    Raises:
        TooFewPhotos: nothing to measure with, or no sub-folder of the folder is a class of the model.
        FolderUnusable: the folder is missing or forbidden.
        Cancelled: asked to stop.
    """
    collection = engine.collection
    if request.folder is None:
        return _count(collection, _out_of_fold(engine, request, report, cancel), collection.photos.all_places())
    folder = absolute_folder(request.folder)
    check_folder(folder)
    backbone = chosen_backbone(collection, request.backbone)
    scanned, places = find_photos(collection, folder, report, cancel)
    reading = PredictFolderRequest(folder, request.device, backbone)
    read_new(engine, reading, places, report, cancel)
    now = collection.photos.places(places.ids)
    named = model_for(engine, backbone)
    folders = ClassFolders.of(folder, now, flat=request.flat)
    # These photos only measure: they get no labels. Of a data set only val and test are used, if there are any.
    by_folder = folders.classes(now, held_out=True) or folders.classes(now, held_out=False)
    measured = now.take(np.flatnonzero(np.isin(now.photo_ids, list(by_folder))))
    predictions, _ = predict_together(engine, measured, backbone, cancel)
    if named is not None and predictions is not None and not predictions.class_ids.any():
        raise TooFewPhotos(
            text("There is nothing to measure in {folder}", folder=folder),
            text("every class that the model knows was deleted"),
            text("Retrain first"),
        )
    if named is None or predictions is None or not by_folder:
        raise TooFewPhotos(
            text("There is nothing to measure in {folder}", folder=folder),
            text("it has no sub-folders with readable photos")
            if named
            else text("no model was trained with {backbone} yet", backbone=backbone),
            text("Put the photos of each class into a folder of its own") if named else text("Train a model first"),
        )
    no_classes = _no_classes(collection, predictions, by_folder.values())
    if no_classes and len(no_classes) == len(set(by_folder.values())):
        raise _none_is_a_class(folder, no_classes)
    unreadable = tuple((place.path, place.error) for place in now if place.error is not None)
    evaluation = _count(collection, _on_folder(engine, folder, by_folder, named, predictions), measured)
    left_out = left_out_of(folders, scanned, now, set(by_folder.values()))
    how = evaluation.how
    if no_classes:
        how = joined_texts("; ", how, text("no classes of the model: {folders}", folders=_listed(no_classes)))
    return replace(evaluation, unreadable=unreadable, left_out=left_out, how=how)


def _no_classes(collection: CollectionStore, predictions: PhotoPredictions, folders: Iterable[str]) -> list[str]:
    """Return the names of sub-folders that are no class of the model, in their order."""
    known = set(predictions.class_ids.tolist())
    found = {name: collection.classes.find(name) for name in dict.fromkeys(folders)}
    return [name for name, entry in found.items() if entry is None or entry.id not in known]


def _none_is_a_class(folder: Path, folders: Sequence[str]) -> TooFewPhotos:
    return TooFewPhotos(
        text("There is nothing to measure in {folder}", folder=folder),
        text("none of its sub-folders is a class of the model: {folders}", folders=_listed(folders)),
        text("Choose the folder whose sub-folders have the names of the classes"),
    )


def _listed(folders: Sequence[str]) -> str:
    """List the first sub-folders."""
    more = len(folders) - _LISTED
    names = ", ".join(folders[:_LISTED])
    return text("{folders} and {number} more", folders=names, number=more) if more > 0 else names


def _on_folder(
    engine: Engine,
    folder: Path,
    by_folder: Mapping[int, str],
    named: NamedModel,
    predictions: PhotoPredictions,
) -> _Judged:
    """Compare the predictions for a labelled folder with its class folders."""
    photo_ids = predictions.photo_ids.tolist()
    folder_ids, name_of = _classes_of_folders(engine.collection, by_folder.values())
    # By id: two classes of the model may have been merged into one since.
    all_ids = dict.fromkeys([*predictions.class_ids.tolist(), *folder_ids.values()])
    row_of = {class_id: row for row, class_id in enumerate(all_ids)}
    probabilities = np.zeros((len(photo_ids), len(row_of)), np.float32)
    for column, class_id in enumerate(predictions.class_ids.tolist()):
        probabilities[:, row_of[class_id]] += predictions.probabilities[:, column]
    arrays = {} if named.id is None else engine.collection.models.load(named.id)[0]
    learned = LearnedPhotos.from_arrays(arrays).photo_ids
    seen = int(np.count_nonzero(may_have_learned(engine, named, learned, predictions.photo_ids)))
    how = text("{count} photos under {folder}, predicted by the current model", count=len(photo_ids), folder=folder)
    if seen:
        warning = text("it may have learned from {seen} of them, so expect less on others", seen=seen)
        how = joined_texts("; ", how, warning)
    return _Judged(
        class_names=[name_of[class_id] for class_id in row_of],
        photo_ids=predictions.photo_ids,
        true=np.array([row_of[folder_ids[by_folder[photo_id]]] for photo_id in photo_ids], np.intp),
        predicted=probabilities.argmax(axis=1),
        confidences=probabilities.max(axis=1, initial=0.0),
        seen=seen,
        how=how,
    )


def _classes_of_folders(collection: CollectionStore, names: Iterable[str]) -> tuple[dict[str, int], dict[int, str]]:
    """Return class ids by sub-folder, and all class names by id; adds no class to the collection.

    A folder that is no class of the collection gets a negative id.
    """
    name_of = {each.id: each.name for each in collection.classes.all()}
    ids, unknown = dict[str, int](), dict[str, int]()
    for name in dict.fromkeys(names):
        found = collection.classes.find(name)
        ids[name] = found.id if found is not None else unknown.setdefault(name_key(name), -1 - len(unknown))
        name_of.setdefault(ids[name], name)
    return ids, name_of


def _out_of_fold(engine: Engine, request: EvaluateRequest, report: Report, cancel: CancelToken) -> _Judged:
    """Predict every label of the collection with models that never saw it."""
    collection = engine.collection
    backbone = chosen_backbone(collection, request.backbone)
    embed_for_measuring(engine, backbone, request.device, report, cancel)
    report(Progress(text("Measuring"), 0))
    classes = collection.labels.class_ids()
    own = labelled_photos(engine, backbone, classes)
    named = model_for(engine, backbone)
    examples = with_starter_of(named, collection, own)
    if not len(own.photo_ids):
        raise too_few()
    fitted = fit_for(engine, examples, backbone, cancel)
    held_out, missing = held_out_labels(engine, examples, fitted, backbone), unmeasured(examples, fitted)
    if not len(held_out.rows):
        raise too_few(missing)
    unread = len(classes) - len(own.photo_ids)
    how = [text("{count} photos with a label, each predicted by a model that never saw it", count=len(held_out.rows))]
    if named is not None and named.id is not None and not held_out.in_use:
        how.append(text("the model in use is another one: so good would it be after Retrain"))
    if missing:
        how.append(text("not measured: {classes}", classes=in_words(missing)))
    if unread:
        how.append(text("{count} more are left out, because they cannot be read at the moment", count=unread))
    return _Judged(
        class_names=examples.class_names,
        photo_ids=examples.photo_ids[held_out.rows],
        true=held_out.targets,
        predicted=held_out.predicted,
        confidences=held_out.confidences,
        seen=0,
        how=joined_texts("; ", *how),
        in_use=held_out.in_use,
    )


def _count(collection: CollectionStore, judged: _Judged, places: Sequence[Place]) -> Evaluation:
    """Compute the figures; each photo gets its place among these."""
    right = judged.true == judged.predicted
    confusion = confusion_matrix(judged.true, judged.predicted, len(judged.class_names))
    bins = calibration_bins(judged.confidences, right)
    found = [collection.classes.find(name) for name in judged.class_names]
    ids = [-1 - at if each is None else each.id for at, each in enumerate(found)]
    at = Places.of(places)
    place_of = dict(zip(at.photo_ids[::-1].tolist(), at.ids[::-1].tolist(), strict=True))
    return Evaluation(
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(right)),
        class_ids=tuple(ids),
        class_names=tuple(judged.class_names),
        confusion=confusion,
        recall=recall(confusion),
        precision=precision(confusion),
        calibration_error=expected_calibration_error(bins),
        bins=bins,
        photo_ids=judged.photo_ids,
        place_ids=np.array([place_of.get(each, 0) for each in judged.photo_ids.tolist()], np.int64),
        true=judged.true,
        predicted=judged.predicted,
        confidences=judged.confidences,
        seen=judged.seen,
        how=judged.how,
        in_use=judged.in_use,
    )
