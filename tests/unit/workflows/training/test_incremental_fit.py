"""Retrain, evaluate and what they share: a fit that is kept for the next one, as long as the collection is open."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest

from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import PhotoTable
from flowersorter.vision.classifier.batched_lbfgs import Solver, Weights
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import starter
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, label
from flowersorter.workflows.training import incremental_fit
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, TrainResult, retrain, train_folder
from tests.stub_network import open_colour_network


def retrained(collection: CollectionStore) -> TrainResult:
    return retrain(RetrainRequest(collection), silent, CancelToken(), embedder=open_colour_network)


@pytest.fixture
def taught(collection: CollectionStore, sorted_photos: Path) -> CollectionStore:
    """A collection that was taught with 24 photos of three classes."""
    request = TrainFolderRequest(collection, sorted_photos)
    train_folder(request, silent, CancelToken(), embedder=open_colour_network)
    return collection


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
    ) -> Weights:
        solved.append(penalty)
        return solve(self, penalty, tolerance, start, prior, fits)

    monkeypatch.setattr(Solver, "solve", counted)
    return solved


def test_evaluating_after_training_starts_from_the_same_fit(taught: CollectionStore, penalties: list[float]) -> None:
    result = evaluate(EvaluateRequest(taught), silent, CancelToken(), embedder=open_colour_network)
    assert result.photos == 24
    assert len(penalties) == 1


def test_retraining_after_a_correction_starts_from_the_last_fit(
    taught: CollectionStore, penalties: list[float]
) -> None:
    """PhotoTable of 24 are too many changes at one: with so few, the penalty is chosen again, on the same axes."""
    before = incremental_fit._last[taught].state
    photo_id, its = next(iter(taught.labels.all().items()))
    other = next(c.id for c in taught.classes.all() if c.id != its.class_id)
    assign(taught, [photo_id], other)
    result = retrained(taught)
    after = incremental_fit._last[taught].state
    assert result.photos == 24
    assert after.axes is before.axes
    assert after.changed == 1


def test_corrections_of_the_starter_start_from_the_last_fit(
    collection: CollectionStore, photos: Path, penalties: list[float]
) -> None:
    rows = label(PredictFolderRequest(collection, photos), silent, CancelToken(), embedder=open_colour_network).rows
    tulips, roses = (collection.classes.find(name) for name in ("tulips", "roses"))
    assert tulips is not None
    assert roses is not None
    assign(collection, [int(rows.photo_ids[0])], tulips.id)
    retrained(collection)
    cold = len(penalties)
    assign(collection, [int(rows.photo_ids[20])], roses.id)
    result = retrained(collection)
    assert cold > 2
    assert len(penalties) == cold + 1
    assert result.photos == 2
    ids = incremental_fit._last[collection].state.ids
    assert len(np.unique(ids)) == len(ids) == len(starter().targets) + 2


def test_a_fit_goes_with_its_collection(tmp_path: Path, sorted_photos: Path) -> None:
    with CollectionStore.open(tmp_path / "another") as collection:
        train_folder(TrainFolderRequest(collection, sorted_photos), silent, CancelToken(), embedder=open_colour_network)
        kept = weakref.ref(incremental_fit._last[collection].state.coordinates.projection)
        assert kept() is not None
    del collection
    gc.collect()
    assert kept() is None


def test_retraining_looks_at_labelled_photos_only(taught: CollectionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collection of a hundred thousand photos is not walked for the sake of ten labels."""

    def refused(*_: object) -> None:
        raise AssertionError("retrain must not ask for every place or photo")

    for name in ("all_places", "places_under", "places", "photos"):
        monkeypatch.setattr(PhotoTable, name, refused)
    assert retrained(taught).photos == 24
