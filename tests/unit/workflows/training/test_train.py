"""Retrain and train from a folder: what is learned, what is measured, and that a worse model waits."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import Cancelled, TooFewPhotos
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, Evaluation, evaluate
from flowersorter.workflows.labelling.set_labels import assign, clear, confirm, do_again, take_back
from flowersorter.workflows.models.current_model import list_models, model_for, use_model
from flowersorter.workflows.predicting.photo_details import folder_rows
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, label
from flowersorter.workflows.training.train import (
    RetrainRequest,
    TrainFolderRequest,
    TrainResult,
    retrain,
    train_folder,
)
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos


def trained(engine: Engine, folder: Path, *, add: bool = False) -> TrainResult:
    request = TrainFolderRequest(folder, add=add)
    return train_folder(engine, request, silent, CancelToken())


def retrained(engine: Engine) -> TrainResult:
    return retrain(engine, RetrainRequest(), silent, CancelToken())


def evaluated(engine: Engine, folder: Path | None = None) -> Evaluation:
    return evaluate(engine, EvaluateRequest(folder), silent, CancelToken())


def label_folder(engine: Engine, folder: Path) -> dict[str, int]:
    """Label a folder; photo ids by file name."""
    rows = label(engine, PredictFolderRequest(folder), silent, CancelToken()).rows
    return {path.name: int(i) for path, i in zip(rows.paths, rows.photo_ids, strict=True)}


def guessed(engine: Engine, folder: Path) -> dict[str, str]:
    """Class name of the best guess by file name."""
    rows = folder_rows(engine, folder)
    names = {c.id: c.name for c in engine.collection.classes.all()}
    return {path.name: names[int(c)] for path, c in zip(rows.paths, rows.class_ids, strict=True)}


def test_a_folder_of_class_folders_teaches_its_classes(engine: Engine, sorted_photos: Path, photos: Path) -> None:
    result = trained(engine, sorted_photos)
    assert set(result.classes) == {"red", "green", "blue"}
    assert (result.photos, result.held_out, result.held_out_accuracy) == (24, 24, 1.0)
    label_folder(engine, photos)
    assert all(name.startswith(guess) for name, guess in guessed(engine, photos).items())


def test_without_add_only_the_folder_counts_and_with_add_the_labels_before_too(
    engine: Engine, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(engine, sorted_photos)
    other = tmp_path / "other"
    draw_photos(other / "yellow", "yellow", 5)
    draw_photos(other / "red", "red", 5, first=300)
    assert set(trained(engine, other).classes) == {"red", "yellow"}
    assert set(trained(engine, other, add=True).classes) == {"red", "green", "blue", "yellow"}


def test_new_classes_stand_in_the_order_a_person_counts_in(engine: Engine, tmp_path: Path) -> None:
    for number, name in enumerate(("bed 10", "Bed 2", "bed 1")):
        draw_photos(tmp_path / "sorted" / name, "red", 1, first=number)
    trained(engine, tmp_path / "sorted")
    assert [each.name for each in engine.collection.classes.all() if "ed" in each.name] == ["bed 1", "Bed 2", "bed 10"]


def test_a_folder_without_class_folders_says_what_is_needed(engine: Engine, tmp_path: Path) -> None:
    draw_photos(tmp_path / "one" / "red", "red", 3)
    with pytest.raises(TooFewPhotos, match="two sub-folders"):
        trained(engine, tmp_path / "one")


def test_retrain_learns_from_corrections(engine: Engine, photos: Path) -> None:
    ids = label_folder(engine, photos)
    warm, cold = engine.collection.classes.add("warm"), engine.collection.classes.add("cold")
    assign(engine.collection, [ids[f"red_{i}.jpg"] for i in range(3)], warm.id)
    assign(engine.collection, [ids[f"blue_{i}.jpg"] for i in range(3)], cold.id)
    result = retrained(engine)
    assert set(result.classes) == {"warm", "cold"}, "somebody with classes of their own leaves the flowers behind"
    now = guessed(engine, photos)
    assert {now[f"red_{i}.jpg"] for i in range(10)} == {"warm"}
    assert {now[f"blue_{i}.jpg"] for i in range(10)} == {"cold"}
    assert {c.name for c in engine.collection.classes.all()} == {"warm", "cold"}


def test_first_corrections_of_flowers_are_added_to_the_starter(engine: Engine, photos: Path) -> None:
    ids = label_folder(engine, photos)
    tulips = engine.collection.classes.find("tulips")
    assert tulips is not None
    assign(engine.collection, [ids["red_0.jpg"], ids["red_1.jpg"]], tulips.id)
    result = retrained(engine)
    assert set(result.classes) == {"daisy", "dandelion", "roses", "sunflowers", "tulips"}
    assert result.photos == 2
    named = model_for(engine, "resnet50")
    assert named is not None
    assert named.model.training.built_on_starter
    assert named.model.training.photos > 1000
    assert guessed(engine, photos)["red_0.jpg"] == "tulips"


def test_a_guess_that_was_confirmed_is_a_label_and_can_be_taken_back(engine: Engine, photos: Path) -> None:
    label_folder(engine, photos)
    rows = folder_rows(engine, photos)
    chosen = {int(rows.photo_ids[i]): int(rows.class_ids[i]) for i in (0, 7, 20)}
    correction = confirm(engine.collection, chosen)
    assert {i: lab.class_id for i, lab in engine.collection.labels.all().items()} == chosen
    take_back(engine.collection, correction)
    assert engine.collection.labels.all() == {}
    do_again(engine.collection, correction)
    assert {i: lab.class_id for i, lab in engine.collection.labels.all().items()} == chosen
    take_back(engine.collection, clear(engine.collection, list(chosen)))
    assert {i: lab.class_id for i, lab in engine.collection.labels.all().items()} == chosen


def test_retrain_without_labels_says_what_to_do(engine: Engine, photos: Path) -> None:
    label_folder(engine, photos)
    with pytest.raises(TooFewPhotos, match="no photo has a label"):
        retrained(engine)


def test_a_cancelled_retrain_leaves_the_model_before(engine: Engine, sorted_photos: Path) -> None:
    trained(engine, sorted_photos)
    before = engine.collection.models.all()
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        retrain(engine, RetrainRequest(), silent, cancel)
    assert engine.collection.models.all() == before


def test_a_clearly_worse_model_is_kept_but_not_made_current(engine: Engine, sorted_photos: Path) -> None:
    for colour in ("red", "green", "blue"):
        draw_photos(sorted_photos / colour, colour, 30, first=500)
    good = trained(engine, sorted_photos)
    labels = engine.collection.labels.all()
    draw = np.random.default_rng(0)
    classes = sorted({lab.class_id for lab in labels.values()})
    for photo_id in labels:  # somebody's cat walks over the keyboard
        assign(engine.collection, [photo_id], int(draw.choice(classes)))
    bad = retrained(engine)
    assert bad.held_out_accuracy is not None
    assert good.held_out_accuracy is not None
    assert bad.held_out_accuracy < good.held_out_accuracy
    assert not bad.made_current
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == good.model_id
    assert {entry.id for entry in list_models(engine.collection)} == {good.model_id, bad.model_id}
    use_model(engine.collection, bad.model_id)
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == bad.model_id


def test_going_back_to_the_starter_brings_its_classes_back(engine: Engine, sorted_photos: Path, photos: Path) -> None:
    trained(engine, sorted_photos)
    label_folder(engine, photos)
    use_model(engine.collection, None)
    assert set(guessed(engine, photos).values()) <= {"daisy", "dandelion", "roses", "sunflowers", "tulips"}


def test_a_renamed_class_keeps_its_meaning_in_older_models(engine: Engine, sorted_photos: Path, photos: Path) -> None:
    trained(engine, sorted_photos)
    label_folder(engine, photos)
    red = engine.collection.classes.find("red")
    assert red is not None
    engine.collection.classes.rename(red.id, "crimson")
    assert guessed(engine, photos)["red_0.jpg"] == "crimson"
    assert set(retrained(engine).classes) == {"crimson", "green", "blue"}


def test_evaluating_a_labelled_folder_counts_every_photo(engine: Engine, sorted_photos: Path, tmp_path: Path) -> None:
    trained(engine, sorted_photos)
    fresh = tmp_path / "fresh"
    for colour in ("red", "green", "blue"):
        draw_photos(fresh / colour, colour, 4, first=700)
    draw_photos(fresh / "red", "blue", 1, first=800)  # a blue photo somebody filed under red
    result = evaluated(engine, fresh)
    names = list(result.class_names)
    assert result.photos == 13
    assert result.confusion[names.index("red"), names.index("blue")] == 1
    assert result.confusion.sum() == 13
    assert result.accuracy == pytest.approx(12 / 13)
    assert result.interval[0] < 12 / 13 < result.interval[1]
    assert result.recall[names.index("red")] == pytest.approx(4 / 5)
    assert result.precision[names.index("blue")] == pytest.approx(4 / 5)
    assert result.seen == 0
    assert len(engine.collection.labels.all()) == 24, "what is measured with is not learned from"


def test_evaluating_what_it_learned_from_says_so(engine: Engine, sorted_photos: Path) -> None:
    trained(engine, sorted_photos)
    result = evaluated(engine, sorted_photos)
    assert result.seen == 24
    assert "learned from 24" in result.how


def test_what_has_a_label_but_was_not_learned_from_is_new_to_it(
    engine: Engine, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(engine, sorted_photos)
    draw_photos(tmp_path / "check" / "red", "red", 4, first=300)
    photo_ids = label_folder(engine, tmp_path / "check")
    red = engine.collection.classes.find("red")
    assert red is not None
    assign(engine.collection, list(photo_ids.values()), red.id)
    result = evaluated(engine, tmp_path / "check")
    assert (result.photos, result.seen) == (4, 0)
    assert "may have learned" not in result.how


def test_that_the_model_in_use_is_another_one_is_said(engine: Engine, sorted_photos: Path, tmp_path: Path) -> None:
    trained(engine, sorted_photos)
    assert "another one" not in evaluated(engine).how
    for colour in ("red", "blue"):
        draw_photos(tmp_path / "two" / colour, colour, 6, first=400)
    trained(engine, tmp_path / "two")
    assert "the model in use is another one" in evaluated(engine).how


def test_a_model_none_of_whose_classes_is_left_measures_nothing(
    engine: Engine, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(engine, sorted_photos)
    for entry in engine.collection.classes.all():
        engine.collection.classes.delete(entry.id)
    draw_photos(tmp_path / "check" / "red", "red", 2, first=300)
    with pytest.raises(TooFewPhotos, match="every class that the model knows was deleted"):
        evaluated(engine, tmp_path / "check")


def test_photos_that_cannot_be_read_leave_the_model_as_it_is(engine: Engine, sorted_photos: Path) -> None:
    before = trained(engine, sorted_photos).model_id
    shutil.rmtree(engine.collection.folder / "embeddings")
    shutil.rmtree(engine.collection.folder / "thumbnails", ignore_errors=True)
    shutil.rmtree(sorted_photos)
    folder = engine.collection.folder
    engine.collection.close()
    with Engine(CollectionStore.open(folder), open_colour_network) as reopened:
        with pytest.raises(TooFewPhotos, match="none of the photos with a label can be read"):
            retrained(reopened)
        current = reopened.collection.models.current()
        assert current is not None
        assert current.id == before


def test_a_class_the_model_does_not_know_counts_as_wrong(engine: Engine, sorted_photos: Path, tmp_path: Path) -> None:
    trained(engine, sorted_photos)
    draw_photos(tmp_path / "fresh" / "yellow", "yellow", 3)
    draw_photos(tmp_path / "fresh" / "red", "red", 3, first=700)
    result = evaluated(engine, tmp_path / "fresh")
    assert result.accuracy == 0.5
    assert "yellow" in result.class_names


def test_evaluating_the_collections_labels_is_out_of_fold(engine: Engine, sorted_photos: Path) -> None:
    trained(engine, sorted_photos)
    result = evaluated(engine)
    assert result.photos == 24
    assert result.accuracy == 1.0
    assert (result.place_ids > 0).all()
    assert "never saw it" in result.how


def test_evaluating_with_too_few_labels_says_so(engine: Engine, photos: Path) -> None:
    label_folder(engine, photos)
    with pytest.raises(TooFewPhotos):
        evaluated(engine)
