"""Photos of small classes are learned from in several views; nothing is measured on these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.domain.label import LabelOrigin
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.embedder import Embedder
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.classifier.cross_validation import _fits
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.features.views import VARIANTS, variant
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training import training_set
from flowersorter.workflows.training.prepare_features import get_ready
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from flowersorter.workflows.training.training_set import labelled_photos, of_small_classes


def trained(engine: Engine, folder: Path) -> None:
    train_folder(engine, TrainFolderRequest(folder), silent, CancelToken())


def labels(collection: CollectionStore) -> dict[int, int]:
    return collection.labels.class_ids()


def shown(collection: CollectionStore) -> int:
    """How many variants are in the cache."""
    _, hashes = collection.photos.hashes(list(labels(collection)))
    store = collection.embeddings("resnet50")
    return sum(len(store.get(hashes, variant(number))[1]) for number in range(1, VARIANTS + 1))


def test_train_looks_at_photos_of_small_classes_again(engine: Engine, sorted_photos: Path) -> None:
    trained(engine, sorted_photos)
    photos = labelled_photos(engine, "resnet50", labels(engine.collection))
    assert photos.variants is not None
    each = np.bincount(photos.variants.rows, minlength=len(photos.photo_ids))
    assert (each == VARIANTS).all()
    assert photos.examples.variants is photos.variants


def test_a_head_learns_from_them_and_is_measured_without(engine: Engine, sorted_photos: Path) -> None:
    trained(engine, sorted_photos)
    photos = labelled_photos(engine, "resnet50", labels(engine.collection))
    fitted = fit(photos.examples, photos.class_names, "resnet50", CancelToken())
    assert len(fitted.held_out.rows) == len(photos.photo_ids)
    assert fitted.model.training.photos == len(photos.photo_ids)
    assert fitted.state.variants is not None
    assert len(fitted.state.variants.projection) == VARIANTS * len(photos.photo_ids)


def test_variants_of_a_held_out_photo_are_held_out_with_it(engine: Engine, sorted_photos: Path) -> None:
    trained(engine, sorted_photos)
    photos = labelled_photos(engine, "resnet50", labels(engine.collection))
    fitted = fit(photos.examples, photos.class_names, "resnet50", CancelToken())
    ground, variants = fitted.state, fitted.state.variants
    assert variants is not None
    fits = _fits(ground, fitted.heads.folds, len(photos.class_names))
    of = np.concatenate([np.arange(len(photos.photo_ids)), variants.rows])
    for fold, seen in zip([*fitted.heads.folds.tolist(), None], fits.seen, strict=True):
        np.testing.assert_array_equal(seen, np.ones(len(of), bool) if fold is None else ground.folds[of] != fold)
    np.testing.assert_array_equal(fits.targets, ground.targets[of])
    np.testing.assert_allclose(np.bincount(of, fits.sample_weight), 1, rtol=1e-6)


def test_of_large_classes_nothing_is_looked_at_again(
    engine: Engine, sorted_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_set, "SMALL_CLASS", 3)
    trained(engine, sorted_photos)
    assert shown(engine.collection) == 0
    assert labelled_photos(engine, "resnet50", labels(engine.collection)).variants is None


def test_which_photos_are_of_small_classes() -> None:
    targets = np.array([4] * (training_set.SMALL_CLASS + 1) + [7] * 3)
    assert of_small_classes(targets).tolist() == [21, 22, 23]
    assert of_small_classes(np.empty(0, np.intp)).tolist() == []
    assert len(of_small_classes(np.arange(10_000) // 2)) <= 500


def test_getting_ready_looks_at_them_before_retrain_needs_them(
    engine: Engine, sorted_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(training_set, "SMALL_CLASS", 0)
        trained(engine, sorted_photos)
    assert shown(engine.collection) == 0
    get_ready(engine, "cpu", silent, CancelToken())
    assert shown(engine.collection) == VARIANTS * len(labels(engine.collection))
    engine.open_network = no_network
    get_ready(engine, "cpu", silent, CancelToken())


def test_beside_the_starter_they_are_not_needed(engine: Engine, sorted_photos: Path) -> None:
    request = PredictFolderRequest(sorted_photos)
    rows = predict_folder(engine, request, silent, CancelToken()).rows
    engine.collection.labels.assign(
        rows.photo_ids[:5].tolist(), class_named(engine.collection, "daisy"), LabelOrigin.PERSON
    )
    engine.open_network = no_network
    get_ready(engine, "cpu", silent, CancelToken())


def test_without_labels_there_is_nothing_to_get_ready_for(engine: Engine) -> None:
    engine.open_network = no_network
    get_ready(engine, "cpu", silent, CancelToken())


def no_network(backbone: Backbone, device: str) -> Embedder:
    raise AssertionError("nothing was to be embedded")


def class_named(collection: CollectionStore, name: str) -> int:
    found = collection.classes.find(name)
    assert found is not None
    return found.id
