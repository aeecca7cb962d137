"""The model time machine: every training is kept, two can be compared fairly, and none in use is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import ModelFileBad, UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.compare_models import (
    CompareRequest,
    LearnedPhotos,
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
from tests.unit.workflows.stored_photos import remember


def trained(engine: Engine, folder: Path) -> int:
    request = TrainFolderRequest(folder)
    return train_folder(engine, request, silent, CancelToken()).model_id


def trained_again(engine: Engine) -> int:
    return retrain(engine, RetrainRequest(), silent, CancelToken()).model_id


def test_a_training_is_kept_with_what_it_learned_from(engine: Engine, sorted_photos: Path) -> None:
    arrays, metadata = engine.collection.models.load(trained(engine, sorted_photos))
    training, names = LearnedPhotos.from_arrays(arrays), metadata["class_names"]
    labels = engine.collection.labels.all()
    assert set(training.photo_ids.tolist()) == set(labels)
    kept = {c.id: c.name for c in engine.collection.classes.all()}
    told = {i: names[t] for i, t in zip(training.photo_ids.tolist(), training.targets.tolist(), strict=True)}
    assert told == {photo_id: kept[label.class_id] for photo_id, label in labels.items()}
    assert (training.held_out == training.targets).mean() > 0.9  # red, green and blue are easily told apart
    assert Model.from_bundle(arrays, metadata).class_names == tuple(names)


def test_a_model_compared_with_itself_changes_nothing(engine: Engine, sorted_photos: Path) -> None:
    model_id = trained(engine, sorted_photos)
    same = compare(engine, CompareRequest(model_id, model_id), silent, CancelToken())
    assert same.photos == 24
    assert not len(same.changed)
    assert same.older_right == same.newer_right <= same.judged
    assert not len(same.better)
    assert not len(same.worse)


def test_what_a_wrong_lesson_breaks_is_named(engine: Engine, sorted_photos: Path) -> None:
    good = trained(engine, sorted_photos)
    ids = {c.name: c.id for c in engine.collection.classes.all()}
    reds = [photo_id for photo_id, label in engine.collection.labels.all().items() if label.class_id == ids["red"]]
    blues = [photo_id for photo_id, label in engine.collection.labels.all().items() if label.class_id == ids["blue"]]
    assign(engine.collection, reds, ids["blue"])
    assign(engine.collection, blues, ids["red"])
    bad = trained_again(engine)
    assign(engine.collection, reds, ids["red"])
    assign(engine.collection, blues, ids["blue"])
    found = compare(engine, CompareRequest(good, bad), silent, CancelToken())
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
    assert all(engine.collection.photos.place(place).photo_id == photo for photo, place in found.place_of.items())
    back = compare(engine, CompareRequest(bad, good), silent, CancelToken())
    np.testing.assert_array_equal(back.better, found.worse)


def test_a_model_is_not_praised_for_what_it_was_told(engine: Engine, sorted_photos: Path) -> None:
    """Labels it learned by heart count as what models without them said: three reds called green are told wrong."""
    trained(engine, sorted_photos)
    ids = {c.name: c.id for c in engine.collection.classes.all()}
    reds = [photo_id for photo_id, label in engine.collection.labels.all().items() if label.class_id == ids["red"]]
    assign(engine.collection, reds[:2], ids["green"])
    model_id = trained_again(engine)
    judged = compare(engine, CompareRequest(None, model_id), silent, CancelToken())
    assert judged.newer_right <= judged.judged - 1


def test_the_starter_is_not_judged_by_its_own_photos(engine: Engine, tmp_path: Path) -> None:
    shipped = starter().features.take(slice(0, 5)).unpack() ** 2 * 500  # what the network gives for these photos
    others = np.random.default_rng(0).gamma(0.3, size=(7, shipped.shape[1])).astype(np.float32)
    remember(engine.collection, tmp_path, np.vstack([shipped, others]), ["roses"] * 6 + ["tulips"] * 6)
    model_id = trained_again(engine)
    assert compare(engine, CompareRequest(None, model_id), silent, CancelToken()).judged <= 7


def test_an_imported_model_is_named_as_one_nobody_knows_the_photos_of(
    engine: Engine, sorted_photos: Path, tmp_path: Path
) -> None:
    own = trained(engine, sorted_photos)
    export_model(engine, ExportRequest(tmp_path / "mine.safetensors"), silent, CancelToken())
    request = ImportRequest(tmp_path / "mine.safetensors", use=False)
    imported = import_model(engine, request, silent, CancelToken()).model_id
    assert compare(engine, CompareRequest(own, imported), silent, CancelToken()).unknown == (imported,)
    assert compare(engine, CompareRequest(own, None), silent, CancelToken()).unknown == ()


def test_a_damaged_model_is_found_by_the_doctor_and_another_one_can_be_used(
    engine: Engine, sorted_photos: Path
) -> None:
    first, current = trained(engine, sorted_photos), trained_again(engine)
    (engine.collection.folder / "models" / f"{current}.safetensors").write_bytes(b"\x00" * 500)
    with pytest.raises(ModelFileBad, match="Use another model"):
        engine.collection.models.load(current)
    use_model(engine, first)
    folder = engine.collection.folder
    engine.collection.close()
    checks = {check.name: check for check in doctor(folder)}
    assert not checks["Models"].ok
    assert f"{current}.safetensors" in checks["Models"].detail
    assert checks["Collection"].ok


def test_models_are_named_deleted_and_pruned(engine: Engine, sorted_photos: Path) -> None:
    first, second, third, last = trained(engine, sorted_photos), *(trained_again(engine) for _ in range(3))
    name_model(engine.collection, first, "  before the  dahlias ")
    assert {e.id: e.note for e in engine.collection.models.all()}[first] == "before the dahlias"
    with pytest.raises(UserError, match="in use"):
        delete_model(engine, last)
    with pytest.raises(UserError, match="too long"):
        name_model(engine.collection, first, "x" * 300)
    with pytest.raises(ModelFileBad):
        name_model(engine.collection, 999, "none")
    assert [entry.id for entry in prunable(engine.collection.models.all(), keep=1)] == [second]
    assert {e.id for e in engine.collection.models.all()} == {first, second, third, last}  # so far it was only asked
    assert prune_models(engine, keep=1) == [second]
    delete_model(engine, third)
    assert [e.id for e in engine.collection.models.all()] == [last, first]
    assert prune_models(engine, keep=0) == []
    assert not (engine.collection.folder / "models" / f"{second}.safetensors").exists()
