"""Labels and files as they should not be: each case has a sentence that says what is wrong, and nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowersorter.cli import main
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import TooFewPhotos, WeightsMissing
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, Evaluation, evaluate
from flowersorter.workflows.evaluation.label_errors import LabelErrorsRequest, LabelErrorsResult, find_label_errors
from flowersorter.workflows.evaluation.label_next import LabelNextRequest, LabelNextResult, label_next
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import model_for
from flowersorter.workflows.predicting.photo_details import folder_rows
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, TrainResult, retrain, train_folder
from flowersorter.workflows.training.unmeasured_classes import in_words
from tests.drawing import RED, YELLOW, textured, write_jpeg
from tests.starter_classes import delete_starter_classes
from tests.stub_network import ColourNetwork, open_colour_network
from tests.unit.workflows.conftest import draw_photos
from tests.unit.workflows.stored_photos import remember


def trained(engine: Engine, folder: Path, backbone: str | None = None) -> TrainResult:
    request = TrainFolderRequest(folder, backbone=backbone)
    return train_folder(engine, request, silent, CancelToken())


def retrained(engine: Engine) -> TrainResult:
    return retrain(engine, RetrainRequest(), silent, CancelToken())


def measured(engine: Engine) -> Evaluation:
    return evaluate(engine, EvaluateRequest(), silent, CancelToken())


def doubted(engine: Engine) -> LabelErrorsResult:
    return find_label_errors(engine, LabelErrorsRequest(), silent, CancelToken())


def advised(engine: Engine) -> LabelNextResult:
    return label_next(engine, LabelNextRequest(), silent, CancelToken())


def cache_lost(collection: CollectionStore) -> CollectionStore:
    """Close a collection, delete its embeddings, and open it again."""
    collection.close()
    shutil.rmtree(collection.folder / "embeddings")
    return CollectionStore.open(collection.folder)


def no_weights(backbone: Backbone, device: str) -> ColourNetwork:
    raise WeightsMissing(f"The weights of {backbone.name} are not on this computer")


def copies(folder: Path, name: str, count: int, seed: int = 0) -> None:
    """Photos of other bytes and the same picture."""
    (folder / name).mkdir(parents=True)
    for number in range(count):
        textured(colour=RED, seed=seed).save(folder / name / f"{number}.jpg", quality=95, comment=f"{name} {number}")


# -- one class only


def test_of_one_class_there_is_nothing_to_tell_apart(engine: Engine, sorted_photos: Path) -> None:
    trained(engine, sorted_photos)
    red = engine.collection.classes.find("red")
    assert red is not None
    models = engine.collection.models.all()
    assign(engine.collection, list(engine.collection.labels.all()), red.id)
    with pytest.raises(TooFewPhotos, match="at least two classes with a labelled photo each"):
        retrained(engine)
    for ask in (measured, doubted):
        with pytest.raises(TooFewPhotos, match="at least two classes"):
            ask(engine)
    advice = advised(engine)
    assert [(each.name, each.photos, each.accuracy) for each in advice.classes] == [("red", 24, None)]
    assert engine.collection.models.all() == models, "the model before stays"


def test_one_class_folder_is_a_sentence_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty" / "red").mkdir(parents=True)
    assert main(["train", str(tmp_path / "empty"), "--collection", str(tmp_path / "collection")]) == 1
    assert "at least two sub-folders with readable photos are needed" in capsys.readouterr().err


# -- one photo in a class


def test_a_class_with_one_photo_is_named_and_the_others_are_measured(engine: Engine, sorted_photos: Path) -> None:
    draw_photos(sorted_photos / "yellow", "yellow", 1)
    result = trained(engine, sorted_photos)
    assert (result.held_out, result.held_out_accuracy) == (24, 1.0)
    assert [each.in_words() for each in result.unmeasured] == ["yellow (1 photo)"]
    evaluation = measured(engine)
    assert evaluation.photos == 24
    assert evaluation.how.endswith("; not measured: yellow (1 photo)")
    assert "yellow" in evaluation.class_names
    result_of_doubts = doubted(engine)
    assert result_of_doubts.checked == 24
    assert [each.name for each in result_of_doubts.unmeasured] == ["yellow"]
    standings = {each.name: each for each in advised(engine).classes}
    assert standings["yellow"].accuracy is None
    assert standings["red"].accuracy == 1.0


def test_one_photo_in_each_class_is_enough_to_begin_and_too_little_to_measure(engine: Engine, tmp_path: Path) -> None:
    for colour in ("red", "blue"):
        draw_photos(tmp_path / "sorted" / colour, colour, 1)
    result = trained(engine, tmp_path / "sorted")
    assert result.made_current
    assert (result.held_out, result.held_out_accuracy) == (0, None)
    with pytest.raises(TooFewPhotos, match=r"blue \(1 photo\) and red \(1 photo\)"):
        measured(engine)


def test_thirty_classes_of_one_photo_are_learned_and_named_as_not_measured(engine: Engine, tmp_path: Path) -> None:
    embeddings = np.random.default_rng(0).gamma(0.3, size=(30, 2048)).astype(np.float32)
    remember(engine.collection, tmp_path / "mine", embeddings, [f"kind {number}" for number in range(1, 31)])
    result = retrained(engine)
    assert {f"kind {number}" for number in range(1, 31)} < set(result.classes)
    assert (result.held_out, result.held_out_accuracy) == (0, None)
    assert in_words(result.unmeasured).startswith("kind 1 (1 photo), ")
    assert in_words(result.unmeasured).endswith(" and 25 more classes")
    with pytest.raises(TooFewPhotos, match="at least two classes need 3 different labelled photos each"):
        doubted(engine)


def test_a_class_confirmed_only_by_one_burst_is_named_as_not_measured(engine: Engine, sorted_photos: Path) -> None:
    (sorted_photos / "yellow").mkdir()
    for number in range(6):
        at = datetime(2026, 5, 1, 12, 0, number)
        picture = textured(colour=YELLOW, seed=number)
        write_jpeg(sorted_photos / "yellow" / f"{number}.jpg", picture, taken_at=at)
    result = trained(engine, sorted_photos)
    [yellow] = result.unmeasured
    assert yellow.in_words() == "yellow (6 photos, all copies of one another or of one moment)"
    assert (result.held_out, result.held_out_accuracy) == (24, 1.0)


# -- all photos alike


def test_photos_that_are_all_alike_count_as_one(engine: Engine, tmp_path: Path) -> None:
    copies(tmp_path / "alike", "aster", 8)
    copies(tmp_path / "alike", "bellis", 8)
    result = trained(engine, tmp_path / "alike")
    assert result.photos == 16
    assert result.held_out_accuracy is None, "the same picture twice proves nothing"
    for ask in (measured, doubted):
        with pytest.raises(TooFewPhotos, match=r"aster \(8 photos, all copies of one another or of one moment\)"):
            ask(engine)
    rows = predict_folder(engine, PredictFolderRequest(tmp_path / "alike"), silent, CancelToken()).rows
    assert Verdict.SURE not in set(rows.verdicts.tolist()), "it cannot tell them apart and says so"


def test_a_class_of_copies_keeps_nobody_from_being_measured(engine: Engine, sorted_photos: Path) -> None:
    copies(sorted_photos, "twin", 5, seed=7000)
    result = trained(engine, sorted_photos)
    assert result.held_out == 24
    assert [(each.name, each.photos, each.few) for each in result.unmeasured] == [("twin", 5, False)]


# -- 200 classes


def test_two_hundred_classes(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"kind {number}" for number in range(1, 201) for _ in range(3)]
    embeddings = np.random.default_rng(0).gamma(0.3, size=(600, 2048)).astype(np.float32)
    for at in range(600):
        embeddings[at, 10 * (at // 3) : 10 * (at // 3) + 10] += 5
    delete_starter_classes(engine.collection)
    remember(engine.collection, tmp_path / "mine", embeddings, names)
    result = retrained(engine)
    assert len(result.classes) == 200
    assert result.held_out == 600
    engine.collection.close()
    found = dict[str, Any]()
    for verb, workflow in (("evaluate", evaluate), ("label_errors", find_label_errors), ("labelling.next", label_next)):

        def kept(*arguments: Any, verb: str = verb, workflow: Callable[..., object] = workflow) -> object:
            found[verb] = workflow(*arguments)
            return found[verb]

        monkeypatch.setattr(f"flowersorter.commands.{verb}.{workflow.__name__}", kept)
        words = verb.rpartition(".")[2].replace("_", "-")
        assert main([words, "--collection", str(tmp_path / "collection")]) == 0
        text = capsys.readouterr().out
        assert max(map(len, text.splitlines())) < 160, "no matrix of 200 columns"
    assert found["evaluate"].accuracy > 0.8
    assert found["evaluate"].confusion.shape == (200, 200)
    assert found["label_errors"].checked == 600


# -- labels contradict


def test_the_same_photo_in_two_class_folders_is_counted_once_and_said(engine: Engine, sorted_photos: Path) -> None:
    shutil.copy(sorted_photos / "blue" / "blue_103.jpg", sorted_photos / "red" / "copy.jpg")
    result = trained(engine, sorted_photos)
    assert (result.photos, result.contradicting) == (24, 1)


def test_what_stands_in_another_class_elsewhere_does_not_contradict_this_folder(
    engine: Engine, sorted_photos: Path, tmp_path: Path
) -> None:
    trained(engine, sorted_photos)
    draw_photos(tmp_path / "other" / "blue", "blue", 4, first=700)
    (tmp_path / "other" / "red").mkdir()
    for number in range(3):
        shutil.copy(sorted_photos / "green" / f"green_10{number}.jpg", tmp_path / "other" / "red")
    assert trained(engine, tmp_path / "other").contradicting == 0


# -- a backbone changed after training


def test_with_another_backbone_photos_are_embedded_anew_and_the_old_model_is_kept(
    engine: Engine, sorted_photos: Path, photos: Path
) -> None:
    first = trained(engine, sorted_photos)
    predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    second = trained(engine, sorted_photos, backbone="resnet50-v2")
    assert {entry.id for entry in engine.collection.models.all()} == {first.model_id, second.model_id}
    for backbone, made in (("resnet50", first), ("resnet50-v2", second)):
        named = model_for(engine, backbone)
        assert named is not None
        assert named.id == made.model_id
    # Nothing was guessed with the new one yet: the next look at the folder embeds its photos.
    assert (folder_rows(engine, photos).confidences == 0).all()
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    assert (rows.confidences > 0).all()


# -- the weights are missing


def test_without_weights_what_is_in_the_cache_is_measured_and_nothing_else_is_lost(
    engine: Engine, sorted_photos: Path, photos: Path
) -> None:
    trained(engine, sorted_photos)
    draw_photos(photos / "red", "red", 1, first=40)
    engine.open_network = no_weights
    evaluation = evaluate(engine, EvaluateRequest(), silent, CancelToken())
    assert evaluation.photos == 24
    with pytest.raises(WeightsMissing):
        predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    models, labels = engine.collection.models.all(), engine.collection.labels.all()
    with cache_lost(engine.collection) as again:
        for ask in (
            lambda: retrain(Engine(again, no_weights), RetrainRequest(), silent, CancelToken()),
            lambda: evaluate(Engine(again, no_weights), EvaluateRequest(), silent, CancelToken()),
            lambda: find_label_errors(Engine(again, no_weights), LabelErrorsRequest(), silent, CancelToken()),
            lambda: label_next(Engine(again, no_weights), LabelNextRequest(), silent, CancelToken()),
        ):
            with pytest.raises(WeightsMissing, match="weights of resnet50 are not on this computer"):
                ask()
        assert (again.models.all(), again.labels.all()) == (models, labels)


# -- the cache of embeddings is deleted or damaged


@pytest.mark.parametrize("ask", [retrained, measured, doubted, advised])
def test_a_lost_cache_is_made_again_by_whoever_needs_it(
    ask: object, engine: Engine, sorted_photos: Path, photos: Path
) -> None:
    assert callable(ask)
    trained(engine, sorted_photos)
    predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    before = measured(engine)
    with cache_lost(engine.collection) as again:
        answer = ask(Engine(again, open_colour_network))
        if isinstance(answer, LabelNextResult):
            assert answer.overall.accuracy == 1.0
            assert sum(len(group.photos) for group in answer.next) >= 10
            assert answer.unlabelled == 30
        after = measured(Engine(again, open_colour_network))
    assert after.photos == before.photos == 24
    assert after.how == before.how
