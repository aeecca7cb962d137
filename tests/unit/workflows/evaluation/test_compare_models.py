"""The model time machine: every training is kept, two can be compared fairly, and none in use is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import ModelFileBad, UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.evaluation.compare_models import (
    CompareRequest,
    Training,
    compare,
    delete_model,
    name_model,
    prunable,
    prune_models,
)
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model
from flowersorter.workflows.exchange.import_model import ImportRequest, import_model
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.maintenance.doctor import doctor
from flowersorter.workflows.models.current_model import starter, use_model
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, retrain, train_folder
from tests.stub_network import open_colour_network
from tests.unit.workflows.stored_photos import remember


def trained(collection: CollectionStore, folder: Path) -> int:
    request = TrainFolderRequest(collection, folder)
    return train_folder(request, silent, CancelToken(), embedder=open_colour_network).model_id


def trained_again(collection: CollectionStore) -> int:
    return retrain(RetrainRequest(collection), silent, CancelToken(), embedder=open_colour_network).model_id


def test_a_training_is_kept_with_what_it_learned_from(collection: CollectionStore, sorted_photos: Path) -> None:
    arrays, metadata = collection.models.load(trained(collection, sorted_photos))
    training, names = Training.from_arrays(arrays), metadata["class_names"]
    labels = collection.labels.all()
    assert set(training.photo_ids.tolist()) == set(labels)
    kept = {c.id: c.name for c in collection.classes.all()}
    told = {i: names[t] for i, t in zip(training.photo_ids.tolist(), training.targets.tolist(), strict=True)}
    assert told == {photo_id: kept[label.class_id] for photo_id, label in labels.items()}
    assert (training.held_out == training.targets).mean() > 0.9  # red, green and blue are easily told apart
    assert Model.from_bundle(arrays, metadata).class_names == tuple(names)


def test_a_model_compared_with_itself_changes_nothing(collection: CollectionStore, sorted_photos: Path) -> None:
    model_id = trained(collection, sorted_photos)
    same = compare(CompareRequest(collection, model_id, model_id), silent, CancelToken())
    assert same.photos == 24
    assert not len(same.changed)
    assert same.older_right == same.newer_right <= same.judged
    assert not len(same.better)
    assert not len(same.worse)


def test_what_a_wrong_lesson_breaks_is_named(collection: CollectionStore, sorted_photos: Path) -> None:
    good = trained(collection, sorted_photos)
    ids = {c.name: c.id for c in collection.classes.all()}
    reds = [photo_id for photo_id, label in collection.labels.all().items() if label.class_id == ids["red"]]
    blues = [photo_id for photo_id, label in collection.labels.all().items() if label.class_id == ids["blue"]]
    assign(collection, reds, ids["blue"])
    assign(collection, blues, ids["red"])
    bad = trained_again(collection)
    assign(collection, reds, ids["red"])
    assign(collection, blues, ids["blue"])
    found = compare(CompareRequest(collection, good, bad), silent, CancelToken())
    swapped = set(reds + blues)
    assert set(found.changed.tolist()) == swapped
    assert set(found.worse.tolist()) <= swapped
    assert found.older_right - found.newer_right == len(found.worse) > 0
    assert set(zip(found.before.tolist(), found.after.tolist(), strict=True)) == {
        (ids["red"], ids["blue"]),
        (ids["blue"], ids["red"]),
    }
    moved = {(old, new): set(photos.tolist()) for old, new, photos in found.moves}
    assert moved == {(ids["red"], ids["blue"]): set(reds), (ids["blue"], ids["red"]): set(blues)}
    assert set(found.place_of) == swapped
    assert all(collection.photos.place(place).photo_id == photo for photo, place in found.place_of.items())
    back = compare(CompareRequest(collection, bad, good), silent, CancelToken())
    np.testing.assert_array_equal(back.better, found.worse)


def test_a_model_is_not_praised_for_what_it_was_told(collection: CollectionStore, sorted_photos: Path) -> None:
    """Labels it learned by heart count as what models without them said: three reds called green are told wrong."""
    trained(collection, sorted_photos)
    ids = {c.name: c.id for c in collection.classes.all()}
    reds = [photo_id for photo_id, label in collection.labels.all().items() if label.class_id == ids["red"]]
    assign(collection, reds[:2], ids["green"])
    model_id = trained_again(collection)
    judged = compare(CompareRequest(collection, None, model_id), silent, CancelToken())
    assert judged.newer_right <= judged.judged - 1


def test_the_starter_is_not_judged_by_its_own_photos(collection: CollectionStore, tmp_path: Path) -> None:
    shipped = starter().features.take(slice(0, 5)).unpack() ** 2 * 500  # what the network gives for these photos
    others = np.random.default_rng(0).gamma(0.3, size=(7, shipped.shape[1])).astype(np.float32)
    remember(collection, tmp_path, np.vstack([shipped, others]), ["roses"] * 6 + ["tulips"] * 6)
    model_id = trained_again(collection)
    assert compare(CompareRequest(collection, None, model_id), silent, CancelToken()).judged <= 7


def test_an_imported_model_is_named_as_one_nobody_knows_the_photos_of(
    collection: CollectionStore, sorted_photos: Path, tmp_path: Path
) -> None:
    own = trained(collection, sorted_photos)
    export_model(ExportRequest(collection, tmp_path / "mine.safetensors"), silent, CancelToken())
    request = ImportRequest(collection, tmp_path / "mine.safetensors", use=False)
    imported = import_model(request, silent, CancelToken()).model_id
    assert compare(CompareRequest(collection, own, imported), silent, CancelToken()).unknown == (imported,)
    assert compare(CompareRequest(collection, own, None), silent, CancelToken()).unknown == ()


def test_a_damaged_model_is_found_by_the_doctor_and_another_one_can_be_used(
    collection: CollectionStore, sorted_photos: Path
) -> None:
    first, current = trained(collection, sorted_photos), trained_again(collection)
    (collection.folder / "models" / f"{current}.safetensors").write_bytes(b"\x00" * 500)
    with pytest.raises(ModelFileBad, match="Use another model"):
        collection.models.load(current)
    use_model(collection, first)
    folder = collection.folder
    collection.close()
    checks = {check.name: check for check in doctor(folder)}
    assert not checks["Models"].ok
    assert f"{current}.safetensors" in checks["Models"].detail
    assert checks["Collection"].ok


def test_models_are_named_deleted_and_pruned(collection: CollectionStore, sorted_photos: Path) -> None:
    first, second, third, last = trained(collection, sorted_photos), *(trained_again(collection) for _ in range(3))
    name_model(collection, first, "  before the  dahlias ")
    assert {e.id: e.note for e in collection.models.all()}[first] == "before the dahlias"
    with pytest.raises(UserError, match="in use"):
        delete_model(collection, last)
    with pytest.raises(UserError, match="too long"):
        name_model(collection, first, "x" * 300)
    with pytest.raises(ModelFileBad):
        name_model(collection, 999, "none")
    assert [entry.id for entry in prunable(collection.models.all(), keep=1)] == [second]
    assert {e.id for e in collection.models.all()} == {first, second, third, last}  # so far it was only asked
    assert prune_models(collection, keep=1) == [second]
    delete_model(collection, third)
    assert [e.id for e in collection.models.all()] == [last, first]
    assert prune_models(collection, keep=0) == []
    assert not (collection.folder / "models" / f"{second}.safetensors").exists()
