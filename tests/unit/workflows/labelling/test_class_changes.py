"""Classes change: what older models, labels and the history mean after a rename, merge, split, deletion, new order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.models.safetensors_bundle import read_bundle
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.compare_models import CompareRequest, compare
from flowersorter.workflows.evaluation.label_next import LabelNextRequest, label_next
from flowersorter.workflows.exchange.export_model import ExportRequest, export_model
from flowersorter.workflows.filing.history import run_photos, runs
from flowersorter.workflows.filing.sort import RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import use_model
from flowersorter.workflows.predicting.photo_details import details, folder_rows
from flowersorter.workflows.predicting.predict_cached import in_classes
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.predicting.predict_photos import PredictRequest, predict_photos
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, TrainResult, retrain, train_folder
from flowersorter.workflows.training.training_set import labelled_photos, with_starter


@pytest.fixture
def trained(engine: Engine, sorted_photos: Path, photos: Path) -> int:
    """A collection that learned red, green and blue and has looked at a folder of photos; the model's number."""
    request = TrainFolderRequest(sorted_photos)
    result = train_folder(engine, request, silent, CancelToken())
    look(engine, photos)
    return result.model_id


def look(engine: Engine, folder: Path) -> None:
    predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())


def retrained(engine: Engine) -> TrainResult:
    return retrain(engine, RetrainRequest(), silent, CancelToken())


def class_id(collection: CollectionStore, name: str) -> int:
    found = collection.classes.find(name)
    assert found is not None
    return found.id


def names(collection: CollectionStore) -> list[str]:
    return [each.name for each in collection.classes.all()]


def suggested_classes(engine: Engine, folder: Path, part: str) -> set[str]:
    """What photos with this in their file name are taken for."""
    rows, called = folder_rows(engine, folder), {each.id: each.name for each in engine.collection.classes.all()}
    return {called[int(c)] for path, c in zip(rows.paths, rows.class_ids, strict=True) if part in path.name}


def predicted(engine: Engine, photo: Path) -> tuple[str, float, Verdict]:
    request = PredictRequest((photo,))
    [found] = predict_photos(engine, request, silent, CancelToken())
    return found.class_name, found.confidence, found.verdict


# -- another order


def test_another_order_changes_no_guess_and_the_next_training_has_it(
    engine: Engine, trained: int, photos: Path
) -> None:
    before = suggested_classes(engine, photos, "red"), suggested_classes(engine, photos, "blue")
    engine.collection.classes.reorder([class_id(engine.collection, name) for name in ("red", "blue", "green")])
    assert (
        (suggested_classes(engine, photos, "red"), suggested_classes(engine, photos, "blue"))
        == before
        == ({"red"}, {"blue"})
    )
    result = retrained(engine)
    assert result.classes == ("red", "blue", "green")
    assert result.held_out_accuracy == 1.0
    assert result.made_current
    assert suggested_classes(engine, photos, "red") == {"red"}
    same = compare(engine, CompareRequest(trained, result.model_id), silent, CancelToken())
    assert same.photos > 40
    assert not len(same.changed)
    assert same.older_right == same.newer_right


# -- another name


def test_a_renamed_class_is_called_so_everywhere(engine: Engine, trained: int, photos: Path) -> None:
    engine.collection.classes.rename(class_id(engine.collection, "red"), "crimson")
    assert suggested_classes(engine, photos, "red") == {"crimson"}
    assert predicted(engine, photos / "2026" / "red_0.jpg")[0] == "crimson"
    assert compare(engine, CompareRequest(trained, trained), silent, CancelToken()).older_right > 20


def test_a_worse_model_waits_also_after_a_class_was_renamed(engine: Engine, trained: int, photos: Path) -> None:
    for colour in ("red", "green", "blue"):
        ids = ids_of(engine.collection, photos, colour)
        assign(engine.collection, ids, class_id(engine.collection, colour))
    good = retrained(engine)
    engine.collection.classes.rename(class_id(engine.collection, "red"), "crimson")
    kinds, draw = [each.id for each in engine.collection.classes.all()], np.random.default_rng(0)
    for photo_id in engine.collection.labels.all():
        assign(engine.collection, [photo_id], int(draw.choice(kinds)))
    bad = retrained(engine)
    assert not bad.made_current
    assert (now := engine.collection.models.current()) is not None
    assert now.id == good.model_id


def test_a_renamed_class_is_exported_under_its_name_of_today(engine: Engine, trained: int, tmp_path: Path) -> None:
    engine.collection.classes.rename(class_id(engine.collection, "red"), "crimson")
    for name in ("model.safetensors", "model.pth"):
        result = export_model(engine, ExportRequest(tmp_path / name), silent, CancelToken())
        assert set(result.classes) == {"crimson", "green", "blue"}
    assert set(read_bundle(tmp_path / "model.safetensors")[1]["class_names"]) == {"crimson", "green", "blue"}
    engine.collection.classes.merge(class_id(engine.collection, "green"), class_id(engine.collection, "blue"))
    merged = export_model(engine, ExportRequest(tmp_path / "merged.safetensors"), silent, CancelToken())
    assert set(merged.classes) == {"red", "green", "blue"}  # it tells three apart, and each needs a name of its own


# -- merged


def test_what_an_older_model_tells_apart_counts_together_once_it_is_one_class(
    engine: Engine, trained: int, photos: Path
) -> None:
    place = next(each for each in engine.collection.photos.places_under(photos) if "red_0" in each.path.name)
    told = Counter(dict(details(engine, place.id).top))  # a class without any probability is not among them
    red, green, blue = (class_id(engine.collection, name) for name in ("red", "green", "blue"))
    engine.collection.classes.merge(green, red)
    merged = Counter(dict(details(engine, place.id).top))
    assert red in merged
    assert set(merged) <= {red, blue}
    assert merged[red] == pytest.approx(told[red] + told[green], abs=1e-6)
    assert merged[blue] == pytest.approx(told[blue], abs=1e-6)
    assert suggested_classes(engine, photos, "green") == {"red"}
    assert predicted(engine, photos / "2026" / "green_3.jpg")[0] == "red"
    found = compare(engine, CompareRequest(trained, trained), silent, CancelToken())
    assert found.older_right == found.judged == 24  # reds and greens are right as the one class they are
    assert set(retrained(engine).classes) == {"red", "blue"}


# -- split


def test_a_class_is_split_by_giving_some_of_its_photos_another_one(engine: Engine, trained: int) -> None:
    red = class_id(engine.collection, "red")
    reds = [photo_id for photo_id, each in engine.collection.labels.all().items() if each.class_id == red]
    new = engine.collection.classes.add("scarlet")
    assign(engine.collection, reds[:4], new.id)
    result = retrained(engine)
    assert set(result.classes) == {"red", "green", "blue", "scarlet"}
    found = compare(engine, CompareRequest(trained, result.model_id), silent, CancelToken())
    assert set(found.after.tolist()) <= {red, new.id}  # what changes lies between the two halves
    assert set(found.before.tolist()) <= {red}
    assert not set(found.worse.tolist()) & set(reds[:4])  # the older model has never heard of scarlet


# -- deleted


def test_what_was_deleted_stays_deleted_although_the_model_knows_it(engine: Engine, trained: int, photos: Path) -> None:
    engine.collection.classes.delete(class_id(engine.collection, "blue"))
    look(engine, photos)
    assert names(engine.collection) == ["green", "red"]
    rows = folder_rows(engine, photos)
    blues = np.array(["blue" in path.name for path in rows.paths])
    assert set(rows.verdicts[blues].tolist()) == {Verdict.UNKNOWN}  # they look like nothing that is left
    assert Verdict.UNKNOWN not in set(rows.verdicts[~blues].tolist())
    assert predicted(engine, photos / "2026" / "blue_1.jpg")[2] is Verdict.UNKNOWN
    assert predicted(engine, photos / "2026" / "red_1.jpg")[0] == "red"
    assert all(photo.top for photo in label_next(engine, LabelNextRequest(photos), silent, CancelToken()).next)
    assert names(engine.collection) == ["green", "red"]


def test_its_own_folder_does_not_bring_a_deleted_class_back_but_the_person_does(
    engine: Engine, trained: int, sorted_photos: Path
) -> None:
    engine.collection.classes.delete(class_id(engine.collection, "blue"))
    look(engine, sorted_photos)
    assert names(engine.collection) == ["green", "red"]
    made = engine.collection.classes.add("Blue")
    assert suggested_classes(engine, sorted_photos, "blue") == {"Blue"}
    look(engine, sorted_photos)
    assert engine.collection.labels.counts()[made.id] == 8


def test_going_back_to_a_model_brings_back_what_it_knows(engine: Engine, trained: int, photos: Path) -> None:
    engine.collection.classes.delete(class_id(engine.collection, "blue"))
    second = retrained(engine)
    assert set(second.classes) == {"red", "green"}
    use_model(engine, trained)
    assert suggested_classes(engine, photos, "blue") == {"blue"}


def test_with_every_class_deleted_nothing_is_guessed(engine: Engine, trained: int, photos: Path) -> None:
    for each in engine.collection.classes.all():
        engine.collection.classes.delete(each.id)
    look(engine, photos)
    assert names(engine.collection) == []
    rows = folder_rows(engine, photos)
    assert set(rows.verdicts.tolist()) == {Verdict.UNKNOWN}
    assert not rows.class_ids.any()


def test_a_deleted_class_of_the_starter_is_learned_no_more(engine: Engine, photos: Path) -> None:
    look(engine, photos)
    engine.collection.classes.delete(class_id(engine.collection, "tulips"))
    reds = ids_of(engine.collection, photos, "red")
    assign(engine.collection, reds, class_id(engine.collection, "roses"))
    own = labelled_photos(engine, "resnet50", dict.fromkeys(reds, class_id(engine.collection, "roses")))
    together = with_starter(engine.collection, own)
    assert "tulips" not in together.class_names
    assert len(together.class_names) == 4
    assert set(together.targets.tolist()) == {0, 1, 2, 3}
    assert len(together.photo_ids) == len(together.targets) == len(set(together.photo_ids.tolist()))
    assert together.features.quantised.shape[0] == len(together.targets)


def test_a_model_without_a_deleted_class_of_the_starter_can_be_exported(
    engine: Engine, photos: Path, tmp_path: Path
) -> None:
    look(engine, photos)
    for colour, flower in (("red", "roses"), ("green", "daisy"), ("blue", "tulips")):
        assign(engine.collection, ids_of(engine.collection, photos, colour), class_id(engine.collection, flower))
    engine.collection.classes.delete(class_id(engine.collection, "sunflowers"))
    assert set(retrained(engine).classes) == {"daisy", "dandelion", "roses", "tulips"}
    result = export_model(engine, ExportRequest(tmp_path / "model.pth"), silent, CancelToken())
    assert set(result.classes) == {"daisy", "dandelion", "roses", "tulips"}


# -- what was filed


def test_the_history_tells_what_was_done_then(engine: Engine, trained: int, photos: Path, tmp_path: Path) -> None:
    plan = plan_sort(engine, SortRequest(photos, tmp_path / "filed"), silent, CancelToken())
    run_sort(engine, RunSortRequest(plan), silent, CancelToken())
    engine.collection.classes.rename(class_id(engine.collection, "red"), "crimson")
    engine.collection.classes.delete(class_id(engine.collection, "blue"))
    [run] = runs(engine.collection)
    told = run_photos(engine.collection, run.id)
    assert {photo.entry.destination.parent.name for photo in told} == {"red", "green", "blue"}
    assert all(photo.can_undo for photo in told)


# -- the arithmetic


def test_shares_of_the_classes_that_are_left() -> None:
    meant = np.array([7, 0, 9, 7], np.int32)
    shares = np.array([[0.2, 0.1, 0.3, 0.4], [0.1, 0.8, 0.05, 0.05], [0.0, 1.0, 0.0, 0.0]], np.float32)
    verdicts = np.full(3, Verdict.SURE, np.uint8)
    class_ids, left, said = in_classes(meant, shares, verdicts)
    assert class_ids.tolist() == [7, 9]
    np.testing.assert_allclose(left, [[0.6 / 0.9, 0.3 / 0.9], [0.75, 0.25], [0.5, 0.5]], rtol=1e-6)
    assert said.tolist() == [Verdict.SURE, Verdict.UNKNOWN, Verdict.UNKNOWN]
    assert verdicts.tolist() == [Verdict.SURE] * 3  # what was given is not changed


def test_a_single_class_that_is_left_is_not_certain() -> None:
    shares = np.array([[0.7, 0.3], [0.2, 0.8]], np.float32)
    class_ids, left, said = in_classes(np.array([7, 0], np.int32), shares, np.full(2, Verdict.LIKELY, np.uint8))
    assert class_ids.tolist() == [7]
    np.testing.assert_allclose(left, [[0.7], [0.2]])
    assert said.tolist() == [Verdict.LIKELY, Verdict.UNKNOWN]


def ids_of(collection: CollectionStore, folder: Path, part: str) -> list[int]:
    places = collection.photos.places_under(folder)
    return [each.photo_id for each in places if part in each.path.name and each.photo_id is not None]
