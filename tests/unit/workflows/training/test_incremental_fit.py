"""Retrain, evaluate and what they share: a fit that is kept for the next one, as long as the collection is open."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.domain.photo_rows import PhotoPredictions
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import PhotoTable
from flowersorter.vision import parallel
from flowersorter.vision.classifier.batched_lbfgs import MOST_STEPS, Solver, Weights
from flowersorter.vision.classifier.fit import refit_head
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.training_state import TrainingState
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import starter, use_model
from flowersorter.workflows.predicting.photo_details import predictions_for
from flowersorter.workflows.predicting.predict_cached import predict_from_cache
from flowersorter.workflows.predicting.predict_folder import (
    PredictFolderRequest,
    predict_folder,
    predict_together_by,
)
from flowersorter.workflows.predicting.unknown_photos import find_unreached_photos
from flowersorter.workflows.training import incremental_fit
from flowersorter.workflows.training.incremental_fit import FirstPhotos, follow_labels
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, TrainResult, retrain, train_folder
from tests.starter_classes import delete_starter_classes
from tests.stub_network import open_colour_network


def retrained(engine: Engine) -> TrainResult:
    return retrain(engine, RetrainRequest(), silent, CancelToken())


def last_state(engine: Engine) -> TrainingState:
    assert engine.last_fit is not None
    return engine.last_fit.state


@pytest.fixture
def taught(engine: Engine, sorted_photos: Path) -> Engine:
    """A collection that was taught with 24 photos of three classes."""
    request = TrainFolderRequest(sorted_photos)
    train_folder(engine, request, silent, CancelToken())
    delete_starter_classes(engine.collection)
    return engine


@pytest.fixture
def penalties(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The penalties solved for from now on."""
    solved: list[float] = []
    solve = Solver.solve

    def counted(
        self: Solver,
        penalty: float,
        tolerance: float,
        start: Weights | None,
        prior: Weights | None = None,
        fits: int | None = None,
        steps: int = MOST_STEPS,
    ) -> Weights:
        solved.append(penalty)
        return solve(self, penalty, tolerance, start, prior, fits, steps)

    monkeypatch.setattr(Solver, "solve", counted)
    return solved


def test_evaluating_after_training_starts_from_the_same_fit(taught: Engine, penalties: list[float]) -> None:
    result = evaluate(taught, EvaluateRequest(), silent, CancelToken())
    assert result.photos == 24
    assert len(penalties) == 1


def test_retraining_after_a_correction_starts_from_the_last_fit(taught: Engine, penalties: list[float]) -> None:
    """PhotoTable of 24 are too many changes at one: with so few, the penalty is chosen again, on the same axes."""
    before = last_state(taught)
    photo_id, its = next(iter(taught.collection.labels.all().items()))
    other = next(c.id for c in taught.collection.classes.all() if c.id != its.class_id)
    assign(taught.collection, [photo_id], other)
    result = retrained(taught)
    after = last_state(taught)
    assert result.photos == 24
    assert after.axes is before.axes
    assert after.changed == 1


def test_corrections_of_the_starter_start_from_the_last_fit(
    engine: Engine, photos: Path, penalties: list[float]
) -> None:
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    tulips, roses = (engine.collection.classes.find(name) for name in ("tulips", "roses"))
    assert tulips is not None
    assert roses is not None
    assign(engine.collection, [int(rows.photo_ids[0])], tulips.id)
    retrained(engine)
    cold = len(penalties)
    assign(engine.collection, [int(rows.photo_ids[20])], roses.id)
    result = retrained(engine)
    assert cold > 2
    assert len(penalties) == cold + 1
    assert result.photos == 2
    ids = last_state(engine).ids
    assert len(np.unique(ids)) == len(ids) == len(starter().targets) + 2


def test_a_fit_goes_with_its_collection(tmp_path: Path, sorted_photos: Path) -> None:
    with Engine(CollectionStore.open(tmp_path / "another"), open_colour_network) as engine:
        train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
        kept = weakref.ref(last_state(engine).coordinates.projection)
        assert kept() is not None
    gc.collect()
    assert kept() is None, "a closed engine keeps no fit"


def test_retraining_looks_at_labelled_photos_only(taught: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection of a hundred thousand photos is not walked for the sake of ten labels."""

    def refused(*_: object) -> None:
        raise AssertionError("retrain must not ask for every place or photo")

    for name in ("all_places", "places_under", "places", "photos"):
        monkeypatch.setattr(PhotoTable, name, refused)
    assert retrained(taught).photos == 24


def labelled_ids(engine: Engine) -> list[int]:
    return list(engine.collection.labels.class_ids())


def test_suggestions_come_at_once_after_an_action_and_as_the_training_gives_them(taught: Engine) -> None:
    retrained(taught)
    photo_ids, labels = labelled_ids(taught), taught.collection.labels.class_ids()
    changed, removed = photo_ids[0], photo_ids[5]
    other = next(class_id for class_id in labels.values() if class_id != labels[changed])
    assign(taught.collection, [changed], other)
    taught.collection.labels.clear([removed])
    models, state = taught.collection.models.all(), last_state(taught)
    refit = follow_labels(taught, [changed, removed], photo_ids, CancelToken())
    assert refit is not None
    quick = refit.predictions
    assert taught.collection.models.all() == models
    assert last_state(taught) is state
    retrained(taught)
    exact = predictions_for(taught, photo_ids)
    assert exact is not None
    np.testing.assert_array_equal(quick.photo_ids, exact.photo_ids)
    others = ~np.isin(quick.photo_ids, [changed, removed])  # with 24 labels the exact fit chooses the penalty again
    np.testing.assert_array_equal(
        quick.probabilities[others].argmax(axis=1), exact.probabilities[others].argmax(axis=1)
    )


def test_photos_in_view_are_predicted_before_the_others_and_alike(
    taught: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrained(taught)
    photo_ids, predicted, shown = labelled_ids(taught), list[int](), list[PhotoPredictions]()

    def counted(engine: Engine, model: Model, wanted: NDArray[np.int64]) -> PhotoPredictions:
        predicted.append(len(wanted))
        return predict_from_cache(engine, model, wanted)

    monkeypatch.setattr(incremental_fit, "predict_from_cache", counted)
    first = FirstPhotos(np.array(photo_ids[3:6]), shown.append)
    refit = follow_labels(taught, photo_ids[:1], photo_ids, CancelToken(), first)
    assert refit is not None
    assert predicted == [3, len(photo_ids)]
    (found,) = shown
    rows = np.searchsorted(refit.predictions.photo_ids, found.photo_ids)
    np.testing.assert_array_equal(found.photo_ids, np.sort(photo_ids[3:6]))
    np.testing.assert_allclose(found.probabilities, refit.predictions.probabilities[rows], atol=1e-5)
    np.testing.assert_array_equal(found.verdicts, refit.predictions.verdicts[rows])


def test_the_head_is_fitted_beside_the_search_for_unknown_photos(
    taught: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrained(taught)
    photo_ids, meeting = labelled_ids(taught), threading.Barrier(2, timeout=60)

    def fit_beside(*arguments: Any) -> object:
        meeting.wait()
        return refit_head(*arguments)

    def search_beside(*arguments: Any) -> None:
        meeting.wait()
        find_unreached_photos(*arguments)

    monkeypatch.setattr(parallel, "worker_count", lambda: 2)
    monkeypatch.setattr(incremental_fit, "refit_head", fit_beside)
    monkeypatch.setattr(incremental_fit, "find_unreached_photos", search_beside)
    assert follow_labels(taught, photo_ids[:1], photo_ids, CancelToken()) is not None


def test_a_new_class_is_suggested_at_once_as_the_training_gives_it(
    taught: Engine, sorted_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrained(taught)
    photo_ids = labelled_ids(taught)
    new = taught.collection.classes.add("new", ClassOrigin.PERSON)
    reds = taught.collection.photos.places_under(sorted_photos / "red").known_photo_ids.tolist()
    assign(taught.collection, reds[:5], new.id)
    models, fit_in_use = taught.collection.models.all(), taught.fit_in_use
    refit = follow_labels(taught, reds[:5], photo_ids, CancelToken())
    assert refit is not None
    assert "new" in refit.named.model.class_names
    assert (taught.collection.models.all(), taught.fit_in_use) == (models, fit_in_use), "nothing is stored or in use"
    quick = predict_together_by(taught, refit.named, np.sort(photo_ids), CancelToken())[0]
    np.testing.assert_array_equal(refit.predictions.best, quick.best)
    retrained(taught)
    exact = predictions_for(taught, photo_ids)
    assert exact is not None
    np.testing.assert_array_equal(quick.best, exact.best)
    monkeypatch.setattr(incremental_fit, "_MOST_ANEW", 1)
    other = taught.collection.classes.add("other", ClassOrigin.PERSON)
    assign(taught.collection, reds[5:7], other.id)
    assert follow_labels(taught, reds[5:7], photo_ids, CancelToken()) is None, "of many labels it would take too long"


def test_a_refit_of_the_model_before_is_not_used_after_another_was_chosen(taught: Engine) -> None:
    photo_ids = labelled_ids(taught)
    retrained(taught)
    refit = follow_labels(taught, photo_ids[:1], photo_ids, CancelToken())
    assert refit is not None
    use_model(taught, None)
    assert not refit.use(taught)
    assert taught.refitted is None


def test_suggestions_wait_for_a_training_where_only_that_can_tell(taught: Engine) -> None:
    photo_ids = labelled_ids(taught)
    retrained(taught)
    assert follow_labels(taught, photo_ids[:1], photo_ids, CancelToken()) is not None
    use_model(taught, None)
    assert follow_labels(taught, photo_ids[:1], photo_ids, CancelToken()) is None
    taught.fit_in_use = None
    assert follow_labels(taught, photo_ids[:1], photo_ids, CancelToken()) is None
