"""Fits heads for a collection incrementally: after a change of labels only the changed parts are computed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import sorted_unique
from flowersorter.domain.photo_rows import PhotoPredictions
from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken
from flowersorter.vision.backbone.registry import is_finetuned
from flowersorter.vision.classifier.fit import Fitted, fit, refit_head
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.parallel import ThreadPool
from flowersorter.workflows.labelling.planned_labels import KnownClasses
from flowersorter.workflows.models.current_model import NamedModel, chosen_backbone, model_for, stored_model_for
from flowersorter.workflows.models.finetuned_backbones import final_layer
from flowersorter.workflows.models.training_overlap import came_from_elsewhere
from flowersorter.workflows.predicting.folder_adaptation import adapt_again
from flowersorter.workflows.predicting.predict_cached import cached_features, predict_from_cache
from flowersorter.workflows.predicting.predict_folder import predict_together_by
from flowersorter.workflows.predicting.unknown_photos import connected_before, find_unreached_photos
from flowersorter.workflows.training.folder_estimates import FolderEstimates
from flowersorter.workflows.training.training_set import (
    TrainingSet,
    is_background,
    labelled_photos,
    with_starter_of,
)

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Labelled photos up to which a head for other classes is fitted at once: a quarter of a second, with its folds.
_MOST_ANEW = 2000


def fit_for(
    engine: Engine,
    photos: TrainingSet,
    backbone: str,
    cancel: CancelToken,
    note: str = "",
    known: KnownClasses | None = None,
) -> Fitted:
    """Fit a head on labelled photos of a collection.

    On a finetuned network the head stays near the final layer that was trained with it: the network maps its training
    photos of a class close together, and a head fitted on these alone would be worse than that layer (measured on six
    splits of 1,500 flowers: 93.2 % instead of 93.8 % right).

    Args:
        engine: Keeps the fit until it is closed.
        photos: The training photos.
        backbone: Name of the backbone of their features.
        cancel: Checked many times a second.
        note: Stored with the model.
        known: The present classes; None: those of the collection.

    Raises:
        TooFewPhotos: fewer than two classes have photos.
        Cancelled: asked to stop.
    """
    prior = final_layer(engine, backbone, photos.class_names, known)
    fitted = fit(photos.examples, photos.class_names, backbone, cancel, note=note, last=engine.last_fit, prior=prior)
    engine.last_fit = fitted
    return fitted


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """The model in use, fitted again after an action.

    Attributes:
        named: The model; it is used for everything once it is `Engine.refitted`, see `model_for`.
        predictions: Its predictions of the requested photos.
        estimates: Its estimates about these photos together.
        exact_fits: `Engine.exact_fits` when it began.
    """

    named: NamedModel
    predictions: PhotoPredictions
    estimates: FolderEstimates
    exact_fits: int

    def use(self, engine: Engine) -> bool:
        """Use the model for everything from now on, with its estimates, unless an exact fit was faster.

        Returns:
            Whether it is used.
        """
        with engine.refit_lock:
            is_new = self.exact_fits == engine.exact_fits
            if is_new:
                self.estimates.put_into(engine)
                engine.refitted = self.named
        return is_new


@dataclass(frozen=True, slots=True, eq=False)
class FirstPhotos:
    """Photos that a person is looking at.

    Attributes:
        photo_ids: (N,) int64.
        show: Called with their predictions, in the thread that predicts.
    """

    photo_ids: NDArray[np.int64]
    show: Callable[[PhotoPredictions], None]


def follow_labels(
    engine: Engine,
    changed: Iterable[int],
    photo_ids: Iterable[int] | NDArray[np.int64],
    cancel: CancelToken,
    first: FirstPhotos | None = None,
) -> Refit | None:
    """Predict photos as the next training will, without it: at once after an action.

    Only the head of all photos is fitted again, see `refit_head`; with other classes everything is, see `_fitted_anew`.
    Nothing is stored, and the model in use stays, with its estimates: `Refit.use` changes that, in the same step as the
    suggestions that are shown.

    Args:
        engine: Has the fit of the model in use.
        changed: Photos whose label was set, changed or removed since that.
        photo_ids: Photos to predict; those without an embedding are skipped.
        cancel: Checked in every step.
        first: Some of these, which are predicted before the others.

    Returns:
        The model and its predictions; None if that needs a training: there was none since the collection was opened,
        its model is not in use, or the classes changed and the labels are many.

    Raises:
        Cancelled: asked to stop.
    """
    exact_fits = engine.exact_fits  # before any data of the model in use is read
    wanted = sorted_unique(photo_ids)
    apart = engine.apart()  # the refit may be dropped: the model in use needs its own estimates then
    with ThreadPool():  # the same threads for all steps
        named = _refitted(engine, changed, lambda in_use: find_unreached_photos(apart, in_use, wanted, cancel), cancel)
        if named is not None:
            adapt_again(apart, named, wanted, cancel)
        if named is not None and first is not None and len(first.photo_ids):
            first.show(predict_from_cache(apart, named.model, first.photo_ids))
        predictions = None if named is None else predict_from_cache(apart, named.model, wanted)
    if predictions is None and (anew := _fitted_anew(engine, cancel)) is not None:
        apart = engine.apart()
        connected = connected_before(engine, anew.model.backbone, wanted)
        moved = () if connected is None else connected.moved.tolist()
        named, predictions = anew, predict_together_by(apart, anew, wanted, cancel, moved)[0]
        engine.connected_photos = apart.connected_photos  # independent of the model, and slow to compute
    if named is None or predictions is None:
        return None
    return Refit(named, predictions, FolderEstimates.of(apart, named.model, wanted), exact_fits)


def is_up_to_date(engine: Engine, changed: Iterable[int]) -> bool:
    """Whether the model in use was fitted since the collection was opened, with the present labels of these photos.

    Args:
        engine: Has the fit of the model in use.
        changed: Photos whose label was set, changed or removed, perhaps back to the one of the fit.
    """
    last = _fit_in_use(engine)
    change = None if last is None else _changed_labels(engine, last[0], changed)
    if last is None or change is None:
        return False
    state, (examples, removed) = last[0].state, change
    target = dict(zip(state.ids.tolist(), state.targets.tolist(), strict=True))
    now = zip(examples.ids.tolist(), examples.targets.tolist(), strict=True)
    return target.keys().isdisjoint(removed.tolist()) and all(target.get(photo_id) == at for photo_id, at in now)


def _refitted(
    engine: Engine, changed: Iterable[int], meanwhile: Callable[[NamedModel], None], cancel: CancelToken
) -> NamedModel | None:
    """Fit the model in use again, and use a second core for what does not need the new one; None without a fit.

    Args:
        engine: Has the fit of the model in use.
        changed: As in `follow_labels`.
        meanwhile: Called in another thread with the model that is shown, of which the scores are cached.
        cancel: Checked in every step.
    """
    found = _fit_in_use(engine)
    change = None if found is None else _changed_labels(engine, found[0], changed)
    if found is None or change is None:
        return None
    last, named = found
    shown = model_for(engine, named.model.backbone) or named
    with ThreadPool() as pool:
        steps: list[Callable[[], Model | None]] = [
            partial(refit_head, last, *change, cancel),
            partial(meanwhile, shown),
        ]
        model, _ = pool.map(lambda step: step(), steps)
    return None if model is None else replace(named, model=replace(model, thresholds=named.model.thresholds))


def _fitted_anew(engine: Engine, cancel: CancelToken) -> NamedModel | None:
    """Fit a model on all labels in place of the one in use, if classes are new; None if that needs a training.

    The exact fit starts from it and finds the same model.
    """
    collection, backbone = engine.collection, chosen_backbone(engine.collection)
    named, classes = stored_model_for(engine, backbone), collection.labels.class_ids()
    if named is None or not 0 < len(classes) <= _MOST_ANEW or came_from_elsewhere(named) or is_finetuned(backbone):
        return None
    if set(classes.values()) <= set(collection.classes.meant_by(named.model.class_names)):
        return None  # no new class: the person chose the model, or it is older than this session
    if named.id is None and collection.models.all():
        return None  # the person chose the starter
    own = labelled_photos(engine, backbone, classes)
    try:
        examples = with_starter_of(named, collection, own, background=True)
        fitted = fit_for(engine, examples, backbone, cancel)
    except TooFewPhotos:
        return None
    return replace(named, model=fitted.model)


def _fit_in_use(engine: Engine) -> tuple[Fitted, NamedModel] | None:
    """Return the fit of the model in use, with the model; None if it was not fitted since the collection was opened."""
    last, named = engine.fit_in_use, stored_model_for(engine, chosen_backbone(engine.collection))
    if last is None or named is None or not np.array_equal(named.model.weight, last.model.weight):
        return None
    return last, named


def _changed_labels(engine: Engine, last: Fitted, changed: Iterable[int]) -> tuple[Examples, NDArray[np.int64]] | None:
    """Read the labels of photos: those embedded with a label, and ids of the others; None if the classes changed."""
    collection = engine.collection
    class_ids = collection.classes.meant_by(last.model.class_names)
    index = {class_id: number for number, class_id in enumerate(class_ids)}
    ids, hashes = collection.photos.by_hash(changed)
    labels = collection.labels.get(ids)
    one_left = is_background(last.model.class_names, class_ids)
    if len(index) < len(class_ids) and not one_left:
        return None
    if not {each.class_id for each in labels.values()} <= index.keys():
        return None
    features, positions = cached_features(engine, last.model.backbone, hashes)
    labelled = np.array([position for position in positions.tolist() if int(ids[position]) in labels], np.intp)
    targets = np.array([index[labels[photo_id].class_id] for photo_id in ids[labelled].tolist()], np.intp)
    own = np.ones(len(labelled), np.bool_)
    examples = Examples(ids[labelled], features.take(np.isin(positions, labelled)), targets, own)
    return examples, np.setdiff1d(ids, ids[labelled])
