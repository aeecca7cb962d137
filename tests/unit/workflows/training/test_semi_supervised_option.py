"""Where labels are few a collection's unlabelled photos help, if the person asks for it; else they are left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import SEMI_SUPERVISED, Setting
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.models.current_model import model_for
from flowersorter.workflows.predicting.photo_details import predictions_for
from flowersorter.workflows.training import training_set
from flowersorter.workflows.training.semi_supervised_option import learns_from_unlabelled, set_learns_from_unlabelled
from flowersorter.workflows.training.train import RetrainRequest, retrain
from flowersorter.workflows.training.training_set import labelled_photos
from tests.unit.workflows.conftest import delete_starter_classes
from tests.unit.workflows.stored_photos import remember

NAMES = ("aster", "bellis", "calendula")
EACH, LABELLED, WIDTH = 60, 4, 2048


def embeddings(seed: int) -> NDArray[np.float32]:
    """Photos of three classes, which differ in few of the ways that photos differ in; (180, 2048)."""
    fixed, draw = np.random.default_rng(99), np.random.default_rng(seed)
    centres, channels = 0.9 * fixed.standard_normal((3, 12)), fixed.standard_normal((12, WIDTH))
    latent = centres[np.repeat(np.arange(3), EACH)] + draw.standard_normal((3 * EACH, 12))
    points = 4 + latent @ channels + draw.standard_normal((len(latent), WIDTH))
    return np.asarray(np.square(np.maximum(0, points)) / 100, np.float32)


@pytest.fixture
def truth(collection: CollectionStore, tmp_path: Path) -> dict[int, str]:
    """A collection of 180 photos, four of each class labelled; the names of all."""
    names = [name for name in NAMES for _ in range(EACH)]
    ids = remember(collection, tmp_path, embeddings(3), names)
    labels = collection.labels.all()
    named = {each.id: each.name for each in collection.classes.all()}
    right = {photo_id: named[labels[photo_id].class_id] for photo_id in ids}
    collection.labels.clear(ids)
    set_learns_from_unlabelled(collection, True)
    for name in NAMES:
        few = [photo_id for photo_id in sorted(ids) if right[photo_id] == name][:LABELLED]
        class_id = collection.classes.resolve(name, ClassOrigin.PERSON).id
        collection.labels.assign_many(dict.fromkeys(few, Label(class_id, LabelOrigin.PERSON)))
    return right


def labels_of(collection: CollectionStore) -> dict[int, int]:
    return collection.labels.class_ids()


def right_guesses(engine: Engine, truth: dict[int, str]) -> float:
    rest = np.array(sorted(set(truth) - set(labels_of(engine.collection))), np.int64)
    found = predictions_for(engine, rest)
    assert found is not None
    named = {each.id: each.name for each in engine.collection.classes.all()}
    guessed = [named[class_id] for class_id in found.class_ids[found.probabilities.argmax(axis=1)].tolist()]
    return float(np.mean([guess == truth[photo_id] for guess, photo_id in zip(guessed, rest.tolist(), strict=True)]))


def test_nobody_asked_for_it_and_labels_alone_are_learned_from(engine: Engine, truth: dict[int, str]) -> None:
    assert truth
    set_learns_from_unlabelled(engine.collection, False)
    assert labelled_photos(engine, "resnet50", labels_of(engine.collection)).unlabelled is None
    engine.collection.settings.set(Setting(SEMI_SUPERVISED.key, ""), "yes")
    assert not learns_from_unlabelled(engine.collection), "what somebody wrote there by hand is no word of the person"


def test_a_collection_begins_with_labels_alone(collection: CollectionStore) -> None:
    assert not learns_from_unlabelled(collection)


def test_retrain_learns_from_them_and_guesses_better(engine: Engine, truth: dict[int, str]) -> None:
    delete_starter_classes(engine.collection)
    result = retrain(engine, RetrainRequest(), silent, CancelToken())
    assert result.photos == 3 * LABELLED
    assert 0 < result.guessed <= 3 * (EACH - LABELLED)
    named = model_for(engine, "resnet50")
    assert named is not None
    assert (named.model.training.photos, named.model.training.guessed) == (result.photos, result.guessed)
    together = right_guesses(engine, truth)
    set_learns_from_unlabelled(engine.collection, False)
    assert retrain(engine, RetrainRequest(), silent, CancelToken()).guessed == 0
    assert together > right_guesses(engine, truth) + 0.02


def test_nothing_is_measured_on_them(engine: Engine, truth: dict[int, str]) -> None:
    assert len(truth) == 3 * EACH
    retrain(engine, RetrainRequest(), silent, CancelToken())
    found = evaluate(engine, EvaluateRequest(), silent, CancelToken())
    assert len(found.photo_ids) == 3 * LABELLED
    assert set(found.photo_ids.tolist()) == set(labels_of(engine.collection))


def test_the_labelled_ones_are_not_among_them_and_there_are_only_so_many(
    engine: Engine, truth: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = labelled_photos(engine, "resnet50", labels_of(engine.collection))
    assert photos.unlabelled is not None
    assert len(photos.unlabelled) == len(truth) - 3 * LABELLED
    assert photos.examples.unlabelled is photos.unlabelled
    monkeypatch.setattr(training_set, "MOST_UNLABELLED", 50)
    some = labelled_photos(engine, "resnet50", labels_of(engine.collection)).unlabelled
    assert some is not None
    assert len(some) == 50
    everywhere = {row.tobytes() for row in photos.unlabelled.quantised}
    assert {row.tobytes() for row in some.quantised} < everywhere


def test_with_many_labels_they_are_left_alone(engine: Engine, tmp_path: Path) -> None:
    set_learns_from_unlabelled(engine.collection, True)
    ids = remember(engine.collection, tmp_path, embeddings(1), [name for name in NAMES for _ in range(EACH)])
    engine.collection.labels.clear(ids[::2])
    assert labelled_photos(engine, "resnet50", labels_of(engine.collection)).unlabelled is None


def test_where_every_photo_is_labelled_there_are_none(engine: Engine, tmp_path: Path) -> None:
    set_learns_from_unlabelled(engine.collection, True)
    remember(engine.collection, tmp_path, embeddings(1)[:12], [NAMES[at % 3] for at in range(12)])
    assert labelled_photos(engine, "resnet50", labels_of(engine.collection)).unlabelled is None
