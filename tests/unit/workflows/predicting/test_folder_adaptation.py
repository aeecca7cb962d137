"""The photos of a folder shape its predictions, but no suggestion becomes a label by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.vision.dataset_shift.folder_adaptation import LEAST_PHOTOS, MOST_CONNECTED
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import NamedModel, model_for
from flowersorter.workflows.predicting import folder_adaptation
from flowersorter.workflows.predicting.folder_adaptation import adapt_again, adapt_to_folder, logit_terms
from flowersorter.workflows.predicting.photo_details import details, predictions_for
from flowersorter.workflows.predicting.photo_samples import FolderPhotos
from flowersorter.workflows.predicting.unknown_photos import find_unknown_photos
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.starter_classes import delete_starter_classes
from tests.unit.workflows.predicting.test_unknown_photos import photos, unlabelled
from tests.unit.workflows.stored_photos import remember

NAMES = ("aster", "bellis", "calendula")
LATENT, WIDTH = 16, 2048


def near(counts: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Embeddings of classes that are hard to tell apart, so many of each."""
    fixed, draw = np.random.default_rng(99), np.random.default_rng(seed)
    centres = 0.55 * fixed.standard_normal((len(counts), LATENT))
    channels = fixed.standard_normal((LATENT, WIDTH))
    latent = centres[np.repeat(np.arange(len(counts)), counts)] + draw.standard_normal((sum(counts), LATENT))
    points = 4 + latent @ channels + 2 * draw.standard_normal((len(latent), WIDTH))
    embeddings: NDArray[np.float32] = (np.square(np.maximum(0, points)) / 100).astype(np.float32)
    return embeddings


@pytest.fixture
def taught(engine: Engine, tmp_path: Path) -> NamedModel:
    delete_starter_classes(engine.collection)
    remember(
        engine.collection, tmp_path / "labelled", near((12, 12, 12), 0), [name for name in NAMES for _ in range(12)]
    )
    retrain(engine, RetrainRequest(), silent, CancelToken())
    named = model_for(engine, "resnet50")
    assert named is not None
    return named


def right(engine: Engine, photo_ids: NDArray[np.int64], name: str) -> float:
    found, entry = predictions_for(engine, photo_ids), engine.collection.classes.find(name)
    assert found is not None
    assert entry is not None
    return float((found.class_ids[found.probabilities.argmax(axis=1)] == entry.id).mean())


def test_a_folder_of_one_class_is_predicted_better(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    asters = unlabelled(engine.collection, tmp_path / "asters", near((80, 0, 0), 1))
    before, labels = right(engine, asters, "aster"), engine.collection.labels.all()
    assert adapt_to_folder(FolderPhotos(engine, taught, asters), CancelToken())
    assert right(engine, asters, "aster") > before + 0.05
    assert not adapt_to_folder(FolderPhotos(engine, taught, asters), CancelToken()), "the second time it is nothing new"
    assert engine.collection.labels.all() == labels, "a suggestion is no label"


def test_a_photo_has_one_prediction_however_it_is_shown(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    asters = unlabelled(engine.collection, tmp_path / "asters", near((80, 0, 0), 1))
    adapt_to_folder(FolderPhotos(engine, taught, asters), CancelToken())
    every = predictions_for(engine, asters)
    assert every is not None
    for photo_id in asters[:5].tolist():
        place = engine.collection.photos.places_of(photo_id)[0]
        shown = details(engine, place.id)
        (best, probability), (same, again) = shown.top[0], every.top(photo_id, 1)[0]
        assert best == same
        assert probability == pytest.approx(again, abs=1e-5)
        assert shown.verdict == every.verdicts[np.searchsorted(every.photo_ids, photo_id)]


def test_another_folder_changes_nothing_for_this_one(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    asters = unlabelled(engine.collection, tmp_path / "asters", near((80, 0, 0), 1))
    others = unlabelled(engine.collection, tmp_path / "others", near((0, 40, 0), 2))
    adapt_to_folder(FolderPhotos(engine, taught, asters), CancelToken())
    before = logit_terms(engine, taught.model, asters)
    adapt_to_folder(FolderPhotos(engine, taught, others), CancelToken())
    after = logit_terms(engine, taught.model, asters)
    assert before is not None
    assert after is not None
    assert np.array_equal(before, after)


def test_labelled_photos_and_small_folders_keep_their_predictions(
    engine: Engine, taught: NamedModel, tmp_path: Path
) -> None:
    few = unlabelled(engine.collection, tmp_path / "few", near((LEAST_PHOTOS - 1, 0, 0), 1))
    labelled = np.array(sorted(engine.collection.labels.all()), np.int64)
    assert not adapt_to_folder(FolderPhotos(engine, taught, np.concatenate([labelled, few, [10**9]])), CancelToken())
    assert logit_terms(engine, taught.model, np.concatenate([labelled, few])) is None


def test_a_folder_that_lost_its_photos_is_forgotten(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    asters = unlabelled(engine.collection, tmp_path / "asters", near((80, 0, 0), 1))
    adapt_to_folder(FolderPhotos(engine, taught, asters), CancelToken())
    assert adapt_to_folder(FolderPhotos(engine, taught, asters[:5]), CancelToken())
    assert logit_terms(engine, taught.model, asters[:5]) is None
    assert logit_terms(engine, taught.model, asters[5:]) is not None


def test_a_folder_of_many_photos_shares_one_bias(
    engine: Engine, taught: NamedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_adaptation, "MOST_CONNECTED", 60)
    asters = unlabelled(engine.collection, tmp_path / "asters", near((80, 0, 0), 1))
    adapt_to_folder(FolderPhotos(engine, taught, asters), CancelToken())
    assert engine.folder_terms is not None
    assert engine.folder_terms.terms.shape == (1, 3)
    terms = logit_terms(engine, taught.model, asters)
    assert terms is not None
    assert np.array_equal(terms, np.repeat(terms[:1], 80, axis=0))
    assert MOST_CONNECTED > 60


def terms_of(engine: Engine, named: NamedModel, photo_ids: NDArray[np.int64]) -> NDArray[np.float32]:
    terms = logit_terms(engine, named.model, photo_ids)
    assert terms is not None
    return terms


def test_the_terms_follow_a_model_that_is_fitted_again(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    """Those of the exact fit, added to the logits of another head, would take right suggestions away."""
    others = unlabelled(engine.collection, tmp_path / "others", near((30, 30, 30), 1))
    adapt_to_folder(FolderPhotos(engine, taught, others), CancelToken())
    adapted = terms_of(engine, taught, others)
    adapt_again(engine, taught, others, CancelToken())
    np.testing.assert_allclose(terms_of(engine, taught, others), adapted, atol=1e-4)
    model = taught.model
    turned = replace(taught, model=replace(model, weight=np.roll(model.weight, 1, axis=0), bias=np.roll(model.bias, 1)))
    np.testing.assert_array_equal(terms_of(engine, turned, others), adapted)
    adapt_again(engine, turned, others, CancelToken())
    quick = terms_of(engine, turned, others)
    assert np.abs(quick - adapted).max() > 0.5
    adapt_to_folder(FolderPhotos(engine, turned, others), CancelToken())
    np.testing.assert_allclose(quick, terms_of(engine, turned, others), atol=1e-4)


def test_photos_that_were_just_labelled_count_as_labelled(engine: Engine, taught: NamedModel, tmp_path: Path) -> None:
    others = unlabelled(engine.collection, tmp_path / "others", near((30, 30, 30), 1))
    adapt_to_folder(FolderPhotos(engine, taught, others), CancelToken())
    before, calendula = terms_of(engine, taught, others), engine.collection.classes.find("calendula")
    assert calendula is not None
    assign(engine.collection, others[:15].tolist(), calendula.id)
    adapt_again(engine, taught, others, CancelToken())
    after = terms_of(engine, taught, others)
    assert not after[:15].any(), "they need no suggestion"
    assert np.abs(after[15:] - before[15:]).max() > 0.05


def test_both_outputs_of_a_merged_class_are_pulled_by_its_labels(
    engine: Engine, taught: NamedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aster, calendula = (engine.collection.classes.find(name) for name in ("aster", "calendula"))
    assert aster is not None
    assert calendula is not None
    engine.collection.classes.merge(calendula.id, aster.id)
    passed: list[NDArray[np.float32]] = []

    def follow(logits: NDArray[np.float32], _graph: object, labels: NDArray[np.float32], *_: object) -> object:
        passed.append(labels)
        return logits

    monkeypatch.setattr(folder_adaptation, "follow_neighbours", follow)
    others = unlabelled(engine.collection, tmp_path / "others", near((40, 0, 40), 1))
    adapt_to_folder(FolderPhotos(engine, taught, others), CancelToken())
    found, counts = np.unique(passed[0], axis=0, return_counts=True)
    assert found.tolist() == [[0, 1, 0], [0.5, 0, 0.5]]
    assert counts.tolist() == [12, 24]


def test_photos_of_an_unknown_class_are_not_pulled_into_the_classes(engine: Engine, tmp_path: Path) -> None:
    delete_starter_classes(engine.collection)
    remember(
        engine.collection, tmp_path / "labelled", photos((0, 1, 2), 60, 0), [name for name in NAMES for _ in range(60)]
    )
    retrain(engine, RetrainRequest(), silent, CancelToken())
    named = model_for(engine, "resnet50")
    assert named is not None
    foreign = unlabelled(engine.collection, tmp_path / "foreign", photos((3,), 100, 1))
    known = unlabelled(engine.collection, tmp_path / "known", photos((0, 1, 2), 30, 2))
    both = np.concatenate([foreign, known])
    find_unknown_photos(FolderPhotos(engine, named, both), CancelToken())
    before = predictions_for(engine, both)
    adapt_to_folder(FolderPhotos(engine, named, both), CancelToken())
    after = predictions_for(engine, both)
    assert before is not None
    assert after is not None
    strange = before.verdicts == Verdict.UNKNOWN
    assert strange.sum() > 40
    assert np.array_equal(before.probabilities[strange], after.probabilities[strange])
    assert np.array_equal(before.verdicts == Verdict.UNKNOWN, after.verdicts == Verdict.UNKNOWN)
    assert ((after.verdicts != Verdict.SURE) | (before.verdicts == Verdict.SURE)).all()
