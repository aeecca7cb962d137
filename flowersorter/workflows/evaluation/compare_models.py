"""Compares two models of a collection on its photos, and deletes old models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import ModelFileBad, UserError
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.models.model_table import ModelEntry
from flowersorter.messages import text
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.classifier.fit import Fitted
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.models.current_model import NamedModel, starter
from flowersorter.workflows.models.finetuned_backbones import forget_unused
from flowersorter.workflows.models.training_overlap import came_from_elsewhere, may_have_learned
from flowersorter.workflows.predicting.predict_cached import predict_from_cache
from flowersorter.workflows.training.training_set import TrainingSet

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

_UNKNOWN = -1
_COLUMNS = ("learned_photos", "learned_targets", "learned_held_out", "learned_confidence")
MAX_NOTE_CHARS = 200


@dataclass(frozen=True, slots=True, eq=False)
class LearnedPhotos:
    """The training photos of a model; stored in its file.

    Attributes:
        photo_ids: (N,) int64, rising; the person's photos, starter photos are not among them.
        targets: (N,) int32 index of each photo's class then.
        held_out: (N,) int32 index of the class that models which never saw the photo gave it, -1 where none could.
        confidences: (N,) float32, the calibrated probability of that class; 0 where none could, and in the models of
            versions that did not store them.
    """

    photo_ids: NDArray[np.int64]
    targets: NDArray[np.int32]
    held_out: NDArray[np.int32]
    confidences: NDArray[np.float32]

    @classmethod
    def of(cls, photos: TrainingSet, fitted: Fitted) -> LearnedPhotos:
        """Extract the stored part of a training."""
        logits = fitted.held_out.logits
        confidences = softmax(logits / np.float32(fitted.model.temperature)).max(axis=1, initial=0.0)
        return cls.held_out_at(photos, fitted.held_out.rows, logits.argmax(axis=1), confidences)

    @classmethod
    def held_out_at(
        cls,
        photos: TrainingSet,
        rows: NDArray[np.intp],
        predicted: NDArray[np.intp],
        confidences: NDArray[np.float32],
    ) -> LearnedPhotos:
        """Build the stored part of a training that held some (M,) rows out and predicted their classes."""
        held_out = np.full(len(photos.photo_ids), _UNKNOWN, np.int32)
        held_out[rows] = predicted
        confidence = np.zeros(len(held_out), np.float32)
        confidence[rows] = confidences
        own = np.flatnonzero(photos.own)
        own = own[np.argsort(photos.photo_ids[own])]
        return cls(photos.photo_ids[own], photos.targets[own].astype(np.int32), held_out[own], confidence[own])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to store in the model's file."""
        columns = (self.photo_ids, self.targets, self.held_out, self.confidences)
        return dict(zip(_COLUMNS, columns, strict=True))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> LearnedPhotos:
        """Read the arrays of `arrays`; empty for an imported model."""
        nothing = np.empty(0, np.int64)
        photo_ids, targets, held_out = (arrays.get(name, nothing) for name in _COLUMNS[:3])
        confidences = arrays.get(_COLUMNS[3], np.zeros(photo_ids.shape))
        if not photo_ids.shape == targets.shape == held_out.shape == confidences.shape or photo_ids.ndim != 1:
            raise ModelFileBad(text("The model cannot be compared"), text("its training data is damaged"))
        return cls(
            photo_ids.astype(np.int64),
            targets.astype(np.int32),
            held_out.astype(np.int32),
            confidences.astype(np.float32),
        )


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """Compare two models of a collection.

    Attributes:
        older: A model's number, None for the starter.
        newer: Another one.
    """

    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The photos whose prediction differs between two models, and the number that each gets right.

    A training photo of a model is judged by its cross-validated prediction, so that no model is scored on photos it
    was trained on. The starter model's own photos are left out.

    Attributes:
        photos: Number of photos that both predict.
        changed: (M,) int64, photos whose predicted class differs.
        before: (M,) int32, class id that the older one predicts.
        after: (M,) int32, class id that the newer one predicts.
        judged: Number of labelled photos on which both can be judged.
        older_right: How many of these the older one gets right.
        newer_right: How many of these the newer one gets right.
        better: (B,) int64, labelled photos that only the newer one gets right.
        worse: (W,) int64, labelled photos that only the older one gets right.
        unknown: Which of the two were imported, so that their training photos are unknown.
        place_of: A place of each of these photos, by photo id; without photos whose files are missing.
    """

    photos: int
    changed: NDArray[np.int64]
    before: NDArray[np.int32]
    after: NDArray[np.int32]
    judged: int
    older_right: int
    newer_right: int
    better: NDArray[np.int64]
    worse: NDArray[np.int64]
    unknown: tuple[int, ...]
    place_of: Mapping[int, int]

    @property
    def moves(self) -> list[tuple[int, int, NDArray[np.int64]]]:
        """The changes by pair: class id before, class id after, and the photos; the largest first."""
        pairs = np.stack([self.before, self.after], axis=1)
        kinds, which = np.unique(pairs, axis=0, return_inverse=True)
        found = [(int(old), int(new), self.changed[which.ravel() == i]) for i, (old, new) in enumerate(kinds.tolist())]
        return sorted(found, key=lambda move: -len(move[2]))


def compare(engine: Engine, request: CompareRequest, report: Report, cancel: CancelToken) -> Comparison:
    """Predict every known photo with both models, from the cache.

    Raises:
        ModelFileBad: there is no such model, or its file is damaged.
        Cancelled: asked to stop.
    """
    collection = engine.collection
    report(Progress(text("Comparing models"), 0, 2))
    older = _opinion(engine, request.older)
    cancel.check()
    report(Progress(text("Comparing models"), 1, 2))
    newer = _opinion(engine, request.newer)
    cancel.check()
    both, at_older, at_newer = np.intersect1d(older.photo_ids, newer.photo_ids, return_indices=True)
    before, after = older.predictions[at_older], newer.predictions[at_newer]
    changed = before != after
    judged, at_older, at_newer = np.intersect1d(older.judged, newer.judged, return_indices=True)
    was_right, is_right = older.right[at_older], newer.right[at_newer]
    better, worse = judged[is_right & ~was_right], judged[was_right & ~is_right]
    return Comparison(
        photos=len(both),
        changed=both[changed],
        before=before[changed],
        after=after[changed],
        judged=len(judged),
        older_right=int(was_right.sum()),
        newer_right=int(is_right.sum()),
        better=better,
        worse=worse,
        unknown=tuple(each.model_id for each in (older, newer) if each.model_id is not None and each.foreign),
        place_of=_places_of(collection, np.concatenate([both[changed], better, worse])),
    )


def _places_of(collection: CollectionStore, photo_ids: NDArray[np.int64]) -> dict[int, int]:
    places = collection.photos.all_places()
    there = np.flatnonzero(~places.missing & np.isin(places.photo_ids, photo_ids))[::-1]  # the first one stays
    return dict(zip(places.photo_ids[there].tolist(), places.ids[there].tolist(), strict=True))


def name_model(collection: CollectionStore, model_id: int, note: str) -> None:
    """Store a note with a model.

    Raises:
        ModelFileBad: there is no such model.
        UserError: the note is too long.
    """
    note = " ".join(note.split())
    if len(note) > MAX_NOTE_CHARS:
        raise UserError(
            text("The note is too long"),
            text("it has {count} characters", count=len(note)),
            text("Use at most {max_note_chars}", max_note_chars=MAX_NOTE_CHARS),
        )
    collection.models.set_note(model_id, note)


def delete_model(engine: Engine, model_id: int) -> None:
    """Delete a model permanently, unless it is in use.

    Raises:
        ModelFileBad: there is no such model.
        UserError: it is in use.
    """
    current = engine.collection.models.current()
    if current is not None and current.id == model_id:
        raise UserError(
            text("Model {model_id} is in use", model_id=model_id),
            text("a collection needs the model it uses"),
            text("Use another one first"),
        )
    engine.collection.models.delete(model_id)
    forget_unused(engine)


def prunable(models: Sequence[ModelEntry], keep: int) -> tuple[ModelEntry, ...]:
    """List the models that pruning deletes: the oldest, except the one in use and those with a note.

    Args:
        models: Models of a collection, newest first.
        keep: Number of deletable models to keep, the newest.
    """
    return tuple(entry for entry in models if not entry.current and not entry.note)[max(keep, 0) :]


def prune_models(engine: Engine, keep: int) -> list[int]:
    """Delete the models that `prunable` lists; return their numbers.

    Args:
        engine: Of the collection with the models.
        keep: Number of deletable models to keep, the newest.
    """
    gone = [entry.id for entry in prunable(engine.collection.models.all(), keep)]
    for model_id in gone:
        engine.collection.models.delete(model_id)
    forget_unused(engine)
    return gone


@dataclass(frozen=True, slots=True, eq=False)
class _Opinion:
    """The predictions of one model for a collection.

    Attributes:
        photo_ids: (N,) int64, rising.
        predictions: (N,) int32 predicted class ids.
        judged: (J,) int64, ascending; labelled photos on which it can be judged.
        right: (J,) bool.
        model_id: Its number, None for the starter.
        foreign: Whether it was imported.
    """

    photo_ids: NDArray[np.int64]
    predictions: NDArray[np.int32]
    judged: NDArray[np.int64]
    right: NDArray[np.bool_]
    model_id: int | None
    foreign: bool


def _opinion(engine: Engine, model_id: int | None) -> _Opinion:
    collection = engine.collection
    arrays: Mapping[str, NDArray[Any]] = {}
    if model_id is None:
        model = starter().model
    else:
        arrays, metadata = collection.models.load(model_id)
        model = Model.from_bundle(arrays, metadata)
    found = predict_from_cache(engine, model, collection.photos.ids())
    best = found.best
    meant = np.array(collection.classes.meant_by(model.class_names), np.int32)
    training, named = LearnedPhotos.from_arrays(arrays), NamedModel(model_id, model)
    fair = _fair_predictions(training, meant, found.photo_ids, best)
    foreign = came_from_elsewhere(named)
    if not foreign:
        learned = may_have_learned(engine, named, training.photo_ids, found.photo_ids)
        fair[learned & ~np.isin(found.photo_ids, training.photo_ids)] = _UNKNOWN
    labels = collection.labels.class_ids()
    labelled = np.array([photo_id in labels for photo_id in found.photo_ids.tolist()], np.bool_) & (fair >= 0)
    judged = found.photo_ids[labelled]
    true = np.array([labels[photo_id] for photo_id in judged.tolist()], np.int32)
    return _Opinion(found.photo_ids, best, judged, fair[labelled] == true, model_id, foreign)


def _fair_predictions(
    training: LearnedPhotos, class_ids: NDArray[np.int32], photo_ids: NDArray[np.int64], best: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Return (N,) class ids to judge a model by: cross-validated for its training photos; -1 without one.

    Args:
        training: Its training photos.
        class_ids: (C,) class id of each output; 0 for a deleted class.
        photo_ids: (N,) int64, rising.
        best: (N,) class ids that it predicts now.
    """
    fair = best.copy()
    _, here, there = np.intersect1d(photo_ids, training.photo_ids, return_indices=True)
    held_out = training.held_out[there]
    usable = (held_out >= 0) & (held_out < len(class_ids))
    fair[here] = np.where(usable, class_ids[np.where(usable, held_out, 0)], _UNKNOWN)
    return fair
