"""Retrain and train from a folder: what is learned, what is measured, and that a worse model waits."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import Cancelled, TooFewPhotos, UserError
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.models.model_table import ModelStore
from flowersorter.library.tables.class_names import class_name_of_folder
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.features.packed import pack
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, Evaluation, evaluate
from flowersorter.workflows.labelling.pending_labels import LabelStep, PendingLabels
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import list_models, model_for, starter, use_model
from flowersorter.workflows.predicting.photo_details import folder_rows
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import (
    RetrainRequest,
    TrainFolderRequest,
    TrainResult,
    retrain,
    starter_stays,
    train_folder,
)
from flowersorter.workflows.training.training_set import TrainingSet, with_starter
from tests.starter_classes import delete_starter_classes
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos

FLOWERS = {"daisy", "dandelion", "roses", "sunflowers", "tulips"}


def delete_flowers(engine: Engine, *names: str) -> None:
    for name in names:
        flower = engine.collection.classes.find(name)
        assert flower is not None
        engine.collection.classes.delete(flower.id)


def trained(engine: Engine, folder: Path, *, add: bool = False) -> TrainResult:
    request = TrainFolderRequest(folder, add=add)
    return train_folder(engine, request, silent, CancelToken())


def retrained(engine: Engine) -> TrainResult:
    return retrain(engine, RetrainRequest(), silent, CancelToken())


def evaluated(engine: Engine, folder: Path | None = None) -> Evaluation:
    return evaluate(engine, EvaluateRequest(folder), silent, CancelToken())


def label_folder(engine: Engine, folder: Path) -> dict[str, int]:
    """Label a folder; photo ids by file name."""
    rows = predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken()).rows
    return {path.name: int(i) for path, i in zip(rows.paths, rows.photo_ids, strict=True)}


def predicted(engine: Engine, folder: Path) -> dict[str, str]:
    """Class name of the best guess by file name."""
    rows = folder_rows(engine, folder)
    names = {c.id: c.name for c in engine.collection.classes.all()}
    return {path.name: names[int(c)] for path, c in zip(rows.paths, rows.class_ids, strict=True)}


def test_a_folder_of_class_folders_teaches_its_classes(engine: Engine, sorted_photos: Path, photos: Path) -> None:
    result = trained(engine, sorted_photos)
    assert set(result.classes) == {"red", "green", "blue"}
    assert (result.photos, result.held_out, result.held_out_accuracy) == (24, 24, 1.0)
    label_folder(engine, photos)
    assert all(name.startswith(suggestion) for name, suggestion in predicted(engine, photos).items())


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


def remembered(engine: Engine) -> tuple[object, ...]:
    """All that a training may change for good."""
    return (
        engine.collection.labels.all(),
        engine.collection.classes.all(),
        list_models(engine.collection),
        engine.collection.settings.get(BACKBONE),
    )


@pytest.fixture(params=["fresh", "with labels"])
def used_engine(request: pytest.FixtureRequest, engine: Engine, photos: Path) -> Engine:
    """An empty collection, and one with labels, the starter's classes and a photo that is trained on."""
    if request.param == "with labels":
        ids = label_folder(engine, photos)
        assign(engine.collection, [ids["red_0.jpg"]], engine.collection.classes.add("red").id)
        draw_photos(photos / "roses", "green", 1, first=100)
        label_folder(engine, photos)
    return engine


def test_a_refused_folder_leaves_labels_and_classes_as_they_were(
    used_engine: Engine, tmp_path: Path, photos: Path
) -> None:
    before = remembered(used_engine)
    draw_photos(tmp_path / "new" / "dandelion", "green", 3, first=100)  # one of them is a rose already
    for add in (False, True):
        if not (add and before[0]):  # with the labels there are, these would be two classes
            with pytest.raises(TooFewPhotos, match="two sub-folders"):
                trained(used_engine, tmp_path / "new", add=add)
    unreadable = tmp_path / "new" / "tulips" / "not a photo.jpg"
    unreadable.parent.mkdir()
    unreadable.write_bytes(b"no photo")
    with pytest.raises(TooFewPhotos, match="two sub-folders"):
        trained(used_engine, tmp_path / "new")
    assert remembered(used_engine) == before
    label_folder(used_engine, photos)
    assert used_engine.collection.labels.all() == before[0]


@pytest.mark.parametrize("add", [False, True])
def test_a_training_that_is_cancelled_leaves_labels_and_classes_as_they_were(
    used_engine: Engine, sorted_photos: Path, add: bool
) -> None:
    before = remembered(used_engine)
    for stage in ("Looking for photos", "Suggesting classes", "Reading labelled photos", "Learning"):
        cancel = CancelToken()

        def stop(news: object, stage: str = stage, cancel: CancelToken = cancel) -> None:
            if isinstance(news, Progress) and news.stage == stage:
                cancel.cancel()

        with pytest.raises(Cancelled):
            train_folder(used_engine, TrainFolderRequest(sorted_photos, add=add), stop, cancel)
        assert remembered(used_engine) == before, stage


@pytest.mark.parametrize("step", ["add", "use"])
def test_a_training_that_fails_leaves_labels_and_classes_as_they_were(
    used_engine: Engine, sorted_photos: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise UserError("The model could not be saved", "the disk is full")

    before = remembered(used_engine)
    known = set(used_engine.collection.labels.all())
    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, step, full)
        with pytest.raises(UserError, match="could not be saved"):
            trained(used_engine, sorted_photos)
    assert remembered(used_engine) == before
    assert set(trained(used_engine, sorted_photos).classes) == {"red", "green", "blue"}
    names = {entry.id: entry.name for entry in used_engine.collection.classes.all()}
    labels = used_engine.collection.labels.all()
    new = [names[label.class_id] for photo_id, label in labels.items() if photo_id not in known]
    assert sorted({*new}) == ["blue", "green", "red"]


def test_folders_named_alike_and_like_a_class_of_the_starter_are_one_class(engine: Engine, tmp_path: Path) -> None:
    for name, colour in (("Daisy", "red"), ("DAISY", "green"), ("moss", "blue")):
        draw_photos(tmp_path / "sorted" / name, colour, 5)
    if len(list((tmp_path / "sorted").iterdir())) < 3:
        pytest.skip("this disk takes both spellings for one folder")
    result = trained(engine, tmp_path / "sorted", add=True)
    spelling = [name for name in result.classes if name.casefold() == "daisy"]
    assert len(spelling) == 1
    assert {"moss", "roses", "tulips"} < set(result.classes), "the starter knows more of the person's flowers"
    assert [entry.name for entry in engine.collection.classes.all() if entry.name.casefold() == "daisy"] == spelling
    assert result.photos == 15


def test_a_label_that_a_person_gives_while_it_learns_stays(engine: Engine, sorted_photos: Path) -> None:
    ids = label_folder(engine, sorted_photos)

    def correct(news: object) -> None:
        if isinstance(news, Progress) and news.stage == "Learning":
            assign(engine.collection, [ids["red_100.jpg"]], engine.collection.classes.add("mine").id)

    train_folder(engine, TrainFolderRequest(sorted_photos), correct, CancelToken())
    names = {entry.id: entry.name for entry in engine.collection.classes.all()}
    labels = engine.collection.labels.all()
    assert names[labels[ids["red_100.jpg"]].class_id] == "mine"
    assert names[labels[ids["red_101.jpg"]].class_id] == "red"


def test_new_classes_stand_beside_those_of_the_starter(engine: Engine, photos: Path) -> None:
    ids = label_folder(engine, photos)
    warm, cold = engine.collection.classes.add("warm"), engine.collection.classes.add("cold")
    assign(engine.collection, [ids[f"red_{i}.jpg"] for i in range(4)], warm.id)
    assign(engine.collection, [ids[f"blue_{i}.jpg"] for i in range(4)], cold.id)
    first = retrained(engine)
    assert set(first.classes) == {"warm", "cold", *FLOWERS}
    assert set(first.starter_classes) == FLOWERS
    assert "5 classes without a label stay" in starter_stays(first)
    named = model_for(engine, "resnet50")
    assert named is not None
    flowers = predict(named.model, starter().features).probabilities.argmax(axis=1)
    wanted = np.array([named.model.class_names.index(name) for name in starter().model.class_names])
    assert np.mean(flowers == wanted[starter().targets]) > 0.9
    now = predicted(engine, photos)
    assert {now[f"red_{i}.jpg"] for i in range(10)} == {"warm"}
    assert {now[f"blue_{i}.jpg"] for i in range(10)} == {"cold"}
    assert retrained(engine).starter_classes == (), "said once"


def test_a_class_of_the_starter_that_was_deleted_does_not_come_back(engine: Engine, photos: Path) -> None:
    ids = label_folder(engine, photos)
    for name, colour in (("warm", "red"), ("cold", "blue")):
        made = engine.collection.classes.add(name)
        assign(engine.collection, [ids[f"{colour}_{i}.jpg"] for i in range(4)], made.id)
    delete_flowers(engine, "daisy", "roses", "sunflowers", "tulips")
    one = retrained(engine)
    assert (set(one.classes), one.starter_classes) == ({"warm", "cold", "dandelion"}, ("dandelion",))
    delete_flowers(engine, "dandelion")
    assert set(retrained(engine).classes) == {"warm", "cold"}


def test_few_photos_of_a_new_class_stand_beside_few_of_the_starter(collection: CollectionStore) -> None:
    targets = np.repeat(np.arange(2), 4)
    own = TrainingSet(("moss", "tulips"), np.arange(1, 9), pack(np.eye(8, 2048, dtype=np.float16)), targets)
    together = with_starter(collection, own)
    counts = dict(zip(together.class_names, np.bincount(together.targets).tolist(), strict=True))
    assert counts == {"moss": 4, "tulips": 64, "daisy": 60, "dandelion": 60, "roses": 60, "sunflowers": 60}


def test_retrain_learns_from_corrections(engine: Engine, photos: Path) -> None:
    ids = label_folder(engine, photos)
    delete_starter_classes(engine.collection)
    warm, cold = engine.collection.classes.add("warm"), engine.collection.classes.add("cold")
    assign(engine.collection, [ids[f"red_{i}.jpg"] for i in range(3)], warm.id)
    assign(engine.collection, [ids[f"blue_{i}.jpg"] for i in range(3)], cold.id)
    result = retrained(engine)
    assert set(result.classes) == {"warm", "cold"}
    now = predicted(engine, photos)
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
    assert predicted(engine, photos)["red_0.jpg"] == "tulips"


def test_a_guess_that_was_confirmed_is_a_label_and_can_be_taken_back(engine: Engine, photos: Path) -> None:
    label_folder(engine, photos)
    rows = folder_rows(engine, photos)
    chosen = {int(rows.photo_ids[i]): int(rows.class_ids[i]) for i in (0, 7, 20)}
    labels, confirmed = PendingLabels(engine.collection), LabelStep(chosen, {})
    labels.apply(confirmed)
    assert engine.collection.labels.class_ids() == chosen
    labels.take_back(confirmed)
    assert engine.collection.labels.all() == {}
    labels.apply(confirmed)
    assert engine.collection.labels.class_ids() == chosen
    cleared = LabelStep(dict.fromkeys(chosen, 0), {})
    labels.apply(cleared)
    assert engine.collection.labels.all() == {}
    labels.take_back(cleared)
    assert engine.collection.labels.class_ids() == chosen


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
    use_model(engine, bad.model_id)
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == bad.model_id


def test_two_models_are_compared_on_the_photos_that_both_were_measured_on(
    engine: Engine, sorted_photos: Path, tmp_path: Path
) -> None:
    first = trained(engine, sorted_photos)
    assert first.compared is None
    more = tmp_path / "more"
    for colour in ("red", "green"):
        draw_photos(more / colour, colour, 5, first=300)
    assert trained(engine, more, add=True).compared == (24, 24, 24), "the new ones only one of them was measured on"
    red, green = (engine.collection.classes.find(name) for name in ("red", "green"))
    assert red is not None
    assert green is not None
    ids = label_folder(engine, sorted_photos)
    assign(engine.collection, [ids["red_100.jpg"]], green.id)  # contradicts what both say
    assert retrained(engine).compared == (34, 33, 33)


def test_going_back_to_the_starter_brings_its_classes_back(engine: Engine, sorted_photos: Path, photos: Path) -> None:
    trained(engine, sorted_photos)
    label_folder(engine, photos)
    use_model(engine, None)
    assert set(predicted(engine, photos).values()) <= {"daisy", "dandelion", "roses", "sunflowers", "tulips"}


def test_a_renamed_class_keeps_its_meaning_in_older_models(engine: Engine, sorted_photos: Path, photos: Path) -> None:
    trained(engine, sorted_photos)
    label_folder(engine, photos)
    red = engine.collection.classes.find("red")
    assert red is not None
    engine.collection.classes.rename(red.id, "crimson")
    assert predicted(engine, photos)["red_0.jpg"] == "crimson"
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


def test_a_folder_whose_name_cannot_be_a_class_is_learned_under_another_and_told(
    engine: Engine, sorted_photos: Path
) -> None:
    """It used to stop the whole training."""
    long = "long" * 30
    draw_photos(sorted_photos / "~", "yellow", 4, first=300)
    draw_photos(sorted_photos / long, "yellow", 4, first=400)
    result = trained(engine, sorted_photos)
    shortened = class_name_of_folder(long)
    assert set(result.classes) == {"red", "green", "blue", "%7E", shortened}
    assert result.left_out.renamed == {"~": "%7E", long: shortened}
    again = predict_folder(engine, PredictFolderRequest(sorted_photos), silent, CancelToken())
    assert set(again.rows.label_ids.tolist()) == {each.id for each in engine.collection.classes.all()}


def test_a_class_without_a_photo_that_can_be_used_is_told_by_kind(engine: Engine, sorted_photos: Path) -> None:
    """It used to vanish from the training unmentioned."""
    for folder in ("roses", "tulips", "red"):
        (sorted_photos / folder).mkdir(exist_ok=True)
    (sorted_photos / "roses" / "DSC_1.MP4").write_bytes(b"film")
    (sorted_photos / "roses" / "deeper").mkdir()
    (sorted_photos / "roses" / "deeper" / "DSC_2.MP4").write_bytes(b"film")
    (sorted_photos / "tulips" / "broken.jpg").write_bytes(b"no photo")
    (sorted_photos / "red" / "notes.txt").write_text("no photo")
    (sorted_photos / "red" / "red_100.xmp").write_text("a sidecar")
    (sorted_photos / "outside.txt").write_text("in no class folder")
    left_out = trained(engine, sorted_photos).left_out
    assert left_out.kinds == {"film": 2, "not a photo": 2, "sidecar": 1}
    assert left_out.by_class == {
        "red": {"not a photo": 1, "sidecar": 1},
        "roses": {"film": 2},
        "tulips": {"unreadable": 1},
    }
    assert left_out.empty == ("roses", "tulips")
    for folder in ("green", "blue"):
        shutil.rmtree(sorted_photos / folder)
    with pytest.raises(TooFewPhotos, match=r"no photo can be used of roses \(2 film\), tulips \(1 unreadable\)"):
        trained(engine, sorted_photos)
