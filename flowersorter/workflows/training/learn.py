"""Fits the new labels exactly while the person pauses, and keeps one automatic version per session."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.domain.photo_rows import PhotoPredictions
from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.tables.settings import AUTOMATIC_MODELS
from flowersorter.workflows.evaluation.compare_models import delete_model
from flowersorter.workflows.models.current_model import NamedModel, chosen_backbone, starter, stored_model_for
from flowersorter.workflows.models.finetuned_backbones import forget_unused
from flowersorter.workflows.models.training_overlap import came_from_elsewhere
from flowersorter.workflows.predicting.predict_folder import predict_together
from flowersorter.workflows.training.incremental_fit import is_up_to_date
from flowersorter.workflows.training.train import RetrainRequest, TrainResult, retrain

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Number of automatic versions of earlier sessions to keep, besides those with a note and the one in use.
SESSIONS_KEPT = 10


@dataclass(frozen=True, slots=True)
class LearnRequest:
    """Fit the labels given since the last fit.

    Attributes:
        changed: Photos whose label was set, changed or removed.
        roots: The open folders and photos, to be predicted anew; none for no prediction.
        device: "auto", "cpu" or "cuda"; for labelled photos without an embedding.
    """

    changed: tuple[int, ...]
    roots: tuple[Path, ...] = ()
    device: str = "auto"


@dataclass(frozen=True, slots=True, eq=False)
class LearnResult:
    """The suggestions after learning.

    Attributes:
        trained: The result of the training; None without new labels, or with too few.
        predictions: Of the photos of the open folder; None without a folder or a model.
        follows: Whether the model in use was fitted on the present labels; else their effect needs a training.
    """

    trained: TrainResult | None
    predictions: PhotoPredictions | None
    follows: bool


def learn(engine: Engine, request: LearnRequest, report: Report, cancel: CancelToken) -> LearnResult:
    """Bring the model in use up to date with the labels, unless it is, and predict the open folder with it.

    Photos marked *not mine* count in the predictions, even if there are too few labels to train on. A clearly worse
    model is not kept; an imported one is only replaced by Retrain. If no label is left, see `_back_to_starter`.

    Raises:
        WeightsMissing: the network's weights are not on this computer, and a labelled photo is not embedded.
        Cancelled: asked to stop; once the model is replaced, only by `Engine.closing`.
    """
    backbone = chosen_backbone(engine.collection)
    before, trained = stored_model_for(engine, backbone), None
    follows = is_up_to_date(engine, request.changed)
    if not follows and not (before is not None and came_from_elsewhere(before)):
        with contextlib.suppress(TooFewPhotos):
            trained = retrain(engine, RetrainRequest(request.device, automatic=True), report, cancel)
    if trained is not None and trained.made_current:
        _keep_one_a_session(engine, before, trained)
        follows = True
    elif not follows:
        follows = _back_to_starter(engine)
    engine.drop_refit()
    cancel = engine.closing  # from here on the model in use may be another one: its suggestions are to be shown with it
    places = engine.collection.photos.places_under(request.roots) if request.roots else None
    predictions = None if places is None else predict_together(engine, places, backbone, cancel, request.roots)[0]
    return LearnResult(trained, predictions, follows)


def _back_to_starter(engine: Engine) -> bool:
    """Use the starter again if no label is left and a class that the model knows is gone.

    So it is where the first labels of new classes are undone, as long as only automatic versions learned from them:
    otherwise the model would bring the classes back.

    Returns:
        Whether it is used again.
    """
    collection = engine.collection
    entries, made = collection.models.all(), collection.settings.get(AUTOMATIC_MODELS)
    if any(entry.note or entry.id not in made for entry in entries) or collection.labels.all():
        return False
    new = {name for entry in entries if entry.current for name in entry.classes} - set(starter().model.class_names)
    found = [collection.classes.find(name) for name in new]
    if all(each is not None and each.origin is not ClassOrigin.MODEL for each in found):
        return False
    if starter().model.backbone != chosen_backbone(collection):
        return False
    with collection.database.transaction():
        collection.models.use(None)
        collection.classes.keep_model_classes(starter().model.class_names)
        for entry in entries:
            collection.models.delete(entry.id)
        collection.settings.set(AUTOMATIC_MODELS, [])
    forget_unused(engine)
    engine.automatic_model = None
    return True


def _keep_one_a_session(engine: Engine, before: NamedModel | None, trained: TrainResult) -> None:
    """Delete the automatic version that a new one replaces, and those of early sessions.

    A version is replaced if it was made in this session and gets no more of the same photos right. A version
    with a note stays.
    """
    collection = engine.collection
    notes = {entry.id: entry.note for entry in collection.models.all()}
    made = [model_id for model_id in collection.settings.get(AUTOMATIC_MODELS) if notes.get(model_id) == ""]
    outdated = set(made[:-SESSIONS_KEPT])
    better_before = trained.compared is not None and trained.compared[1] > trained.compared[2]
    if before is not None and before.id == engine.automatic_model and before.id in made and not better_before:
        outdated.add(before.id)
    for model_id in outdated:
        delete_model(engine, model_id)
    left = [model_id for model_id in made if model_id not in outdated]
    collection.settings.set(AUTOMATIC_MODELS, [*left, trained.model_id])
    engine.automatic_model = trained.model_id
