"""Retrain and train from a folder: what is learned, what is measured, and that a worse model waits."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import Cancelled, TooFewPhotos
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
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


def trained(collection: CollectionStore, folder: Path, *, add: bool = False) -> TrainResult:
    request = TrainFolderRequest(collection, folder, add=add)
    return train_folder(request, silent, CancelToken(), embedder=open_colour_network)


def retrained(collection: CollectionStore) -> TrainResult:
    return retrain(RetrainRequest(collection), silent, CancelToken(), embedder=open_colour_network)


def evaluated(collection: CollectionStore, folder: Path | None = None) -> Evaluation:
    return evaluate(EvaluateRequest(collection, folder), silent, CancelToken(), embedder=open_colour_network)


def label_folder(collection: CollectionStore, folder: Path) -> dict[str, int]:
    """Label a folder; photo ids by file name."""
    rows = label(PredictFolderRequest(collection, folder), silent, CancelToken(), embedder=open_colour_network).rows
    return {path.name: int(i) for path, i in zip(rows.paths, rows.photo_ids, strict=True)}


def guessed(collection: CollectionStore, folder: Path) -> dict[str, str]:
    """Class name of the best guess by file name."""
    rows = folder_rows(collection, folder)
    names = {c.id: c.name for c in collection.classes.all()}
    return {path.name: names[int(c)] for path, c in zip(rows.paths, rows.class_ids, strict=True)}


def test_a_folder_of_class_folders_teaches_its_classes(
    collection: CollectionStore, sorted_photos: Path, photos: Path
) -> None:
    result = trained(collection, sorted_photos)
    assert set(result.classes) == {"red", "green", "blue"}
    assert (result.photos, result.held_out, result.held_out_accuracy) == (24, 24, 1.0)
    label_folder(collection, photos)
    assert all(name.startswith(guess) for name, guess in guessed(collection, photos).items())


def test_without_add_only_the_folder_counts_and_with_add_the_labels_before_too(
    collection: CollectionStore, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(collection, sorted_photos)
    other = tmp_path / "other"
    draw_photos(other / "yellow", "yellow", 5)
    draw_photos(other / "red", "red", 5, first=300)
    assert set(trained(collection, other).classes) == {"red", "yellow"}
    assert set(trained(collection, other, add=True).classes) == {"red", "green", "blue", "yellow"}


def test_new_classes_stand_in_the_order_a_person_counts_in(collection: CollectionStore, tmp_path: Path) -> None:
    for number, name in enumerate(("bed 10", "Bed 2", "bed 1")):
        draw_photos(tmp_path / "sorted" / name, "red", 1, first=number)
    trained(collection, tmp_path / "sorted")
    assert [each.name for each in collection.classes.all() if "ed" in each.name] == ["bed 1", "Bed 2", "bed 10"]


def test_a_folder_without_class_folders_says_what_is_needed(collection: CollectionStore, tmp_path: Path) -> None:
    draw_photos(tmp_path / "one" / "red", "red", 3)
    with pytest.raises(TooFewPhotos, match="two sub-folders"):
        trained(collection, tmp_path / "one")


def test_retrain_learns_from_corrections(collection: CollectionStore, photos: Path) -> None:
    ids = label_folder(collection, photos)
    warm, cold = collection.classes.add("warm"), collection.classes.add("cold")
    assign(collection, [ids[f"red_{i}.jpg"] for i in range(3)], warm.id)
    assign(collection, [ids[f"blue_{i}.jpg"] for i in range(3)], cold.id)
    result = retrained(collection)
    assert set(result.classes) == {"warm", "cold"}, "somebody with classes of their own leaves the flowers behind"
    now = guessed(collection, photos)
    assert {now[f"red_{i}.jpg"] for i in range(10)} == {"warm"}
    assert {now[f"blue_{i}.jpg"] for i in range(10)} == {"cold"}
    assert {c.name for c in collection.classes.all()} == {"warm", "cold"}


def test_first_corrections_of_flowers_are_added_to_the_starter(collection: CollectionStore, photos: Path) -> None:
    ids = label_folder(collection, photos)
    tulips = collection.classes.find("tulips")
    assert tulips is not None
    assign(collection, [ids["red_0.jpg"], ids["red_1.jpg"]], tulips.id)
    result = retrained(collection)
    assert set(result.classes) == {"daisy", "dandelion", "roses", "sunflowers", "tulips"}
    assert result.photos == 2
    named = model_for(collection, "resnet50")
    assert named is not None
    assert named.model.training.built_on_starter
    assert named.model.training.photos > 1000
    assert guessed(collection, photos)["red_0.jpg"] == "tulips"


def test_a_guess_that_was_confirmed_is_a_label_and_can_be_taken_back(collection: CollectionStore, photos: Path) -> None:
    label_folder(collection, photos)
    rows = folder_rows(collection, photos)
    chosen = {int(rows.photo_ids[i]): int(rows.class_ids[i]) for i in (0, 7, 20)}
    correction = confirm(collection, chosen)
    assert collection.labels.class_ids() == chosen
    take_back(collection, correction)
    assert collection.labels.all() == {}
    do_again(collection, correction)
    assert collection.labels.class_ids() == chosen
    take_back(collection, clear(collection, list(chosen)))
    assert collection.labels.class_ids() == chosen


def test_retrain_without_labels_says_what_to_do(collection: CollectionStore, photos: Path) -> None:
    label_folder(collection, photos)
    with pytest.raises(TooFewPhotos, match="no photo has a label"):
        retrained(collection)


def test_a_cancelled_retrain_leaves_the_model_before(collection: CollectionStore, sorted_photos: Path) -> None:
    trained(collection, sorted_photos)
    before = collection.models.all()
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        retrain(RetrainRequest(collection), silent, cancel, embedder=open_colour_network)
    assert collection.models.all() == before


def test_a_clearly_worse_model_is_kept_but_not_made_current(collection: CollectionStore, sorted_photos: Path) -> None:
    for colour in ("red", "green", "blue"):
        draw_photos(sorted_photos / colour, colour, 30, first=500)
    good = trained(collection, sorted_photos)
    labels = collection.labels.all()
    draw = np.random.default_rng(0)
    classes = sorted({lab.class_id for lab in labels.values()})
    for photo_id in labels:  # somebody's cat walks over the keyboard
        assign(collection, [photo_id], int(draw.choice(classes)))
    bad = retrained(collection)
    assert bad.held_out_accuracy is not None
    assert good.held_out_accuracy is not None
    assert bad.held_out_accuracy < good.held_out_accuracy
    assert not bad.made_current
    current = collection.models.current()
    assert current is not None
    assert current.id == good.model_id
    assert {entry.id for entry in list_models(collection)} == {good.model_id, bad.model_id}
    use_model(collection, bad.model_id)
    current = collection.models.current()
    assert current is not None
    assert current.id == bad.model_id


def test_going_back_to_the_starter_brings_its_classes_back(
    collection: CollectionStore, sorted_photos: Path, photos: Path
) -> None:
    trained(collection, sorted_photos)
    label_folder(collection, photos)
    use_model(collection, None)
    assert set(guessed(collection, photos).values()) <= {"daisy", "dandelion", "roses", "sunflowers", "tulips"}


def test_a_renamed_class_keeps_its_meaning_in_older_models(
    collection: CollectionStore, sorted_photos: Path, photos: Path
) -> None:
    trained(collection, sorted_photos)
    label_folder(collection, photos)
    red = collection.classes.find("red")
    assert red is not None
    collection.classes.rename(red.id, "crimson")
    assert guessed(collection, photos)["red_0.jpg"] == "crimson"
    assert set(retrained(collection).classes) == {"crimson", "green", "blue"}


def test_evaluating_a_labelled_folder_counts_every_photo(
    collection: CollectionStore, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(collection, sorted_photos)
    fresh = tmp_path / "fresh"
    for colour in ("red", "green", "blue"):
        draw_photos(fresh / colour, colour, 4, first=700)
    draw_photos(fresh / "red", "blue", 1, first=800)  # a blue photo somebody filed under red
    result = evaluated(collection, fresh)
    names = list(result.class_names)
    assert result.photos == 13
    assert result.confusion[names.index("red"), names.index("blue")] == 1
    assert result.confusion.sum() == 13
    assert result.accuracy == pytest.approx(12 / 13)
    assert result.interval[0] < 12 / 13 < result.interval[1]
    assert result.recall[names.index("red")] == pytest.approx(4 / 5)
    assert result.precision[names.index("blue")] == pytest.approx(4 / 5)
    assert result.seen == 0
    assert len(collection.labels.all()) == 24, "what is measured with is not learned from"


def test_evaluating_what_it_learned_from_says_so(collection: CollectionStore, sorted_photos: Path) -> None:
    trained(collection, sorted_photos)
    result = evaluated(collection, sorted_photos)
    assert result.seen == 24
    assert "learned from 24" in result.how


def test_what_has_a_label_but_was_not_learned_from_is_new_to_it(
    collection: CollectionStore, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(collection, sorted_photos)
    draw_photos(tmp_path / "check" / "red", "red", 4, first=300)
    photo_ids = label_folder(collection, tmp_path / "check")
    red = collection.classes.find("red")
    assert red is not None
    assign(collection, list(photo_ids.values()), red.id)
    result = evaluated(collection, tmp_path / "check")
    assert (result.photos, result.seen) == (4, 0)
    assert "may have learned" not in result.how


def test_that_the_model_in_use_is_another_one_is_said(
    collection: CollectionStore, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(collection, sorted_photos)
    assert "another one" not in evaluated(collection).how
    for colour in ("red", "blue"):
        draw_photos(tmp_path / "two" / colour, colour, 6, first=400)
    trained(collection, tmp_path / "two")
    assert "the model in use is another one" in evaluated(collection).how


def test_a_model_none_of_whose_classes_is_left_measures_nothing(
    collection: CollectionStore, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(collection, sorted_photos)
    for entry in collection.classes.all():
        collection.classes.delete(entry.id)
    draw_photos(tmp_path / "check" / "red", "red", 2, first=300)
    with pytest.raises(TooFewPhotos, match="every class that the model knows was deleted"):
        evaluated(collection, tmp_path / "check")


def test_photos_that_cannot_be_read_leave_the_model_as_it_is(collection: CollectionStore, sorted_photos: Path) -> None:
    before = trained(collection, sorted_photos).model_id
    shutil.rmtree(collection.folder / "embeddings")
    shutil.rmtree(collection.folder / "thumbnails", ignore_errors=True)
    shutil.rmtree(sorted_photos)
    folder = collection.folder
    collection.close()
    with CollectionStore.open(folder) as again:
        with pytest.raises(TooFewPhotos, match="none of the photos with a label can be read"):
            retrained(again)
        current = again.models.current()
        assert current is not None
        assert current.id == before


def test_a_class_the_model_does_not_know_counts_as_wrong(
    collection: CollectionStore, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(collection, sorted_photos)
    draw_photos(tmp_path / "fresh" / "yellow", "yellow", 3)
    draw_photos(tmp_path / "fresh" / "red", "red", 3, first=700)
    result = evaluated(collection, tmp_path / "fresh")
    assert result.accuracy == 0.5
    assert "yellow" in result.class_names


def test_evaluating_the_collections_labels_is_out_of_fold(collection: CollectionStore, sorted_photos: Path) -> None:
    trained(collection, sorted_photos)
    result = evaluated(collection)
    assert result.photos == 24
    assert result.accuracy == 1.0
    assert (result.place_ids > 0).all()
    assert "never saw it" in result.how


def test_evaluating_with_too_few_labels_says_so(collection: CollectionStore, photos: Path) -> None:
    label_folder(collection, photos)
    with pytest.raises(TooFewPhotos):
        evaluated(collection)
