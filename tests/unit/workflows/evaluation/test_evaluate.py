"""Measuring: what is held out is held out, and a folder is predicted as `label` predicts it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from flowersorter.errors import Cancelled, TooFewPhotos
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.vision.features.views import variant
from flowersorter.workflows import evaluation
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, Evaluation, evaluate
from flowersorter.workflows.evaluation.learning_curve import LearningCurve, LearningCurveRequest, learning_curve
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import starter
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, retrain, train_folder
from tests.starter_classes import delete_starter_classes
from tests.unit.workflows.conftest import draw_photos
from tests.unit.workflows.stored_photos import remember

WIDTH = 2048


def measured(engine: Engine, folder: Path | None = None) -> Evaluation:
    return evaluate(engine, EvaluateRequest(folder), silent, CancelToken())


def curve_of(engine: Engine) -> LearningCurve:
    return learning_curve(engine, LearningCurveRequest(), silent, CancelToken())


def noise(photos: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """(N, 2048) embeddings that say nothing of any class, none near another."""
    return np.random.default_rng(seed).gamma(0.3, size=(photos, WIDTH)).astype(np.float32)


def separable(names: list[str], seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """(N, 2048) embeddings with a few channels that tell the class."""
    embeddings = noise(len(names), seed)
    for at, name in enumerate(sorted(set(names))):
        embeddings[np.array(names) == name, 16 * at : 16 * at + 16] += 3
    return embeddings


# -- held out is held out


def test_a_burst_is_in_one_fold_so_that_its_photos_do_not_vouch_for_each_other(engine: Engine, tmp_path: Path) -> None:
    delete_starter_classes(engine.collection)
    draw = np.random.default_rng(1)
    moments = noise(60)
    burst = np.repeat(moments, 4, axis=0) * draw.uniform(0.98, 1.02, (240, WIDTH)).astype(np.float32)
    names = np.repeat(draw.permutation(["ash"] * 30 + ["elm"] * 30), 4).tolist()
    remember(engine.collection, tmp_path / "bursts", burst, names)
    result = measured(engine)
    assert result.photos == 240
    # Seen three of a burst, a model knows the fourth; of other moments it can only guess.
    assert 0.3 < result.accuracy < 0.7
    assert curve_of(engine).points[-1].accuracy < 0.7


@pytest.mark.parametrize(("one", "other"), [("ash", "elm"), ("roses", "tulips")], ids=["alone", "with the starter"])
def test_photos_of_one_moment_do_not_vouch_for_each_other_though_they_are_no_near_copies(
    engine: Engine, tmp_path: Path, one: str, other: str
) -> None:
    draw = np.random.default_rng(1)
    moments = np.repeat(noise(60), 4, axis=0)
    photos = moments * draw.uniform(0.3, 1.7, moments.shape).astype(np.float32)
    names = np.repeat(draw.permutation([one] * 30 + [other] * 30), 4).tolist()
    remember(engine.collection, tmp_path / "unknown", photos, names)
    assert measured(engine).accuracy > 0.9, "else the test says nothing"
    engine.collection.labels.clear(list(engine.collection.labels.all()))
    taken = [f"2026-05-01T{at // 4:02}:00:{at % 4:02}" for at in range(96)]
    taken += [f"2026-05-02T{at // 4:02}:00:{at % 4:02}" for at in range(96)]
    taken += [f"2026-05-03T{at // 4:02}:00:{at % 4:02}" for at in range(48)]
    remember(engine.collection, tmp_path / "known", photos, names, taken)
    assert measured(engine).accuracy < 0.7


def test_photos_of_the_starter_are_learned_from_and_never_counted(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation.learning_curve, "_LADDER", ())  # each point is five fits of 1,500 photos
    names = ["tulips"] * 6 + ["roses"] * 6
    ids = remember(engine.collection, tmp_path / "mine", separable(names), names)
    result = measured(engine)
    assert set(result.class_names) == set(starter().model.class_names)
    assert 0 < result.photos <= 12
    assert set(result.photo_ids.tolist()) <= set(ids)
    assert result.confusion.sum() == result.photos
    curve = curve_of(engine)
    assert curve.with_starter
    assert {point.measured for point in curve.points} == {result.photos}


def test_the_photos_of_each_interval_of_confidence_add_up(engine: Engine, tmp_path: Path) -> None:
    names = ["ash", "elm"] * 40
    remember(engine.collection, tmp_path / "mine", noise(80), names)
    result = measured(engine)
    assert [int(result.within(each).sum()) for each in result.bins] == [each.photos for each in result.bins]
    for bar in result.histogram:
        inside = result.within(bar)
        assert int((inside & result.right).sum()) == bar.right
        assert int((inside & ~result.right).sum()) == bar.wrong
    assert sum(bar.right + bar.wrong for bar in result.histogram) == 80


# -- a folder


def test_a_folder_is_predicted_as_label_predicts_it(engine: Engine, sorted_photos: Path, tmp_path: Path) -> None:
    request = TrainFolderRequest(sorted_photos)
    train_folder(engine, request, silent, CancelToken())
    fresh = tmp_path / "fresh"
    for colour in ("red", "green", "yellow"):
        draw_photos(fresh / colour, colour, 4, first=700)
    result = measured(engine, fresh)
    assert len(engine.collection.labels.all()) == 24, "what is measured with is not learned from"
    rows = predict_folder(engine, PredictFolderRequest(fresh), silent, CancelToken()).rows
    class_of = dict(zip(rows.photo_ids.tolist(), rows.class_ids.tolist(), strict=True))
    sure_of = dict(zip(rows.photo_ids.tolist(), rows.confidences.tolist(), strict=True))
    predicted = [result.class_ids[at] for at in result.predicted.tolist()]
    assert predicted == [class_of[photo_id] for photo_id in result.photo_ids.tolist()]
    assert result.confidences.tolist() == pytest.approx([sure_of[photo_id] for photo_id in result.photo_ids.tolist()])


def test_a_folder_whose_sub_folders_are_no_classes_is_refused_and_some_are_named(
    engine: Engine, sorted_photos: Path, tmp_path: Path
) -> None:
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    for name, first in (("2026", 700), ("misc", 720)):
        draw_photos(tmp_path / "garden" / name, "red", 2, first=first)
    with pytest.raises(TooFewPhotos) as refused:
        measured(engine, tmp_path / "garden")
    assert str(refused.value.why) == "none of its sub-folders is a class of the model: 2026, misc"
    assert "names of the classes" in str(refused.value.hint)
    known = next(folder.name for folder in sorted_photos.iterdir())
    draw_photos(tmp_path / "garden" / known.upper(), known, 2, first=740)
    result = measured(engine, tmp_path / "garden")
    assert result.photos == 6
    assert str(result.how).endswith("; no classes of the model: 2026, misc")


def test_photos_are_shown_where_they_were_measured(engine: Engine, sorted_photos: Path, tmp_path: Path) -> None:
    request = TrainFolderRequest(sorted_photos)
    train_folder(engine, request, silent, CancelToken())
    copy = tmp_path / "copy"
    for path in sorted_photos.rglob("*.jpg"):
        (copy / path.parent.name).mkdir(parents=True, exist_ok=True)
        (copy / path.parent.name / path.name).write_bytes(path.read_bytes())
    result = measured(engine, copy)
    assert all(place.path.is_relative_to(copy) for place in engine.collection.photos.places(result.place_ids))


def test_measuring_with_a_folder_makes_no_classes(engine: Engine, sorted_photos: Path, tmp_path: Path) -> None:
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    before = engine.collection.classes.all()
    for name in ("yellow", "Yellow", "Red", "=cmd"):
        draw_photos(tmp_path / "fresh" / name, "yellow", 2, first=10 * len(name) + ord(name[0]))
    result = measured(engine, tmp_path / "fresh")
    assert engine.collection.classes.all() == before
    assert {name.casefold() for name in result.class_names} == {"red", "green", "blue", "yellow", "=cmd"}
    assert len(result.class_names) == 5, "upper and lower case are one class"
    assert result.confusion.sum(axis=1)[result.class_names.index("red")] == 2
    assert len(set(result.class_ids)) == 5


def test_classes_that_were_merged_since_count_as_one(engine: Engine, sorted_photos: Path, tmp_path: Path) -> None:
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    green, blue = engine.collection.classes.find("green"), engine.collection.classes.find("blue")
    assert green is not None
    assert blue is not None
    engine.collection.classes.merge(green.id, blue.id)
    for colour in ("green", "blue", "red"):
        draw_photos(tmp_path / "fresh" / colour, colour, 3, first=700)
    result = measured(engine, tmp_path / "fresh")
    assert set(result.class_names) == {"red", "blue"}
    assert result.accuracy == 1.0
    assert result.confidences.max() <= 1.0001


def test_photos_the_starter_learned_from_are_named(engine: Engine, tmp_path: Path) -> None:
    base = starter()
    (tmp_path / "check" / "roses").mkdir(parents=True)
    pooled = base.features.take(slice(0, 5)).unpack() ** 2 * 500  # what the network gives for these photos
    remember(engine.collection, tmp_path / "check" / "roses", np.vstack([pooled, noise(3)]), ["roses"] * 8)
    engine.collection.labels.clear(list(engine.collection.labels.all()))
    for place in engine.collection.photos.all_places():
        place.path.write_bytes(b"x")
        os.utime(place.path, ns=(1, 1))
    result = measured(engine, tmp_path / "check")
    assert (result.photos, result.seen) == (8, 5)
    assert "it may have learned from 5 of them" in result.how


# -- the learning curve


def test_the_learning_curve_rises_to_what_all_photos_give(engine: Engine, tmp_path: Path) -> None:
    delete_starter_classes(engine.collection)
    names = ["ash", "elm", "fir"] * 50
    weak = noise(150, seed=3)
    for at, name in enumerate(("ash", "elm", "fir")):
        weak[np.array(names) == name, 200 * at : 200 * at + 200] *= 1.5
    remember(engine.collection, tmp_path / "mine", weak, names)
    curve, whole = curve_of(engine), measured(engine)
    sizes = [round(point.per_class) for point in curve.points]
    assert sizes == [1, 2, 5, 10, 20, 40]  # a fifth is always held out
    assert all(point.measured == 150 for point in curve.points)
    assert curve.points[0].accuracy < curve.points[-1].accuracy - 0.1
    assert (curve.points[-1].right, curve.points[-1].measured) == (int(whole.right.sum()), whole.photos)
    for point in curve.points:
        assert point.low <= point.accuracy <= point.high
        assert len(point.wrong) == len(set(point.wrong.tolist())) == point.measured - point.right
    assert set(curve.points[-1].wrong.tolist()) <= set(whole.place_ids.tolist())


def test_the_accuracy_of_retrain_of_the_evaluation_and_at_the_end_of_the_curve_is_one_figure(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation.learning_curve, "_LADDER", (10,))
    draw = np.random.default_rng(5)
    names = ["ash", "elm", "fir"] * 40
    weak = noise(120, seed=4)
    for at, name in enumerate(("ash", "elm", "fir")):
        weak[np.array(names) == name, 200 * at : 200 * at + 200] *= 1.35
    photo_ids = np.array(remember(engine.collection, tmp_path / "mine", weak, names))
    engine.collection.labels.clear(photo_ids[100:].tolist())
    retrain(engine, RetrainRequest(), silent, CancelToken())
    class_ids = [entry.id for entry in map(engine.collection.classes.find, names[100:]) if entry is not None]
    for photo_id, class_id in zip(photo_ids[100:].tolist(), class_ids, strict=True):
        assign(engine.collection, [photo_id], class_id)
    assert "the model in use is another one" in measured(engine).how
    result = retrain(engine, RetrainRequest(), silent, CancelToken())  # starts from the fit before, with its folds
    # What is embedded after a training changes the next fit, not how good this model is; nor does a restart.
    store = engine.collection.embeddings("resnet50")
    _, hashes = engine.collection.photos.hashes(photo_ids[:60])
    store.append(hashes, variant(1), draw.gamma(0.3, size=(60, WIDTH)).astype(np.float16))
    engine.last_fit = None
    whole, last = measured(engine), curve_of(engine).points[-1]
    assert whole.accuracy == result.held_out_accuracy
    assert "another one" not in whole.how
    assert (whole.photos, last.measured) == (result.held_out, result.held_out)
    assert last.accuracy == result.held_out_accuracy
    assert len(last.wrong) == result.held_out - last.right
    assert 0.4 < whole.accuracy < 0.95, "else any figure would be the same"


def test_the_learning_curve_is_the_same_every_time(engine: Engine, tmp_path: Path) -> None:
    delete_starter_classes(engine.collection)
    names = ["ash", "elm"] * 15
    remember(engine.collection, tmp_path / "mine", noise(30), names)
    assert [p.right for p in curve_of(engine).points] == [p.right for p in curve_of(engine).points]


def test_classes_of_different_size_count_with_what_they_have(engine: Engine, tmp_path: Path) -> None:
    delete_starter_classes(engine.collection)
    names = ["ash"] * 50 + ["elm"] * 10
    remember(engine.collection, tmp_path / "mine", separable(names), names)
    last = curve_of(engine).points[-1]
    assert last.per_class == pytest.approx((40 + 8) / 2)


def test_a_cancelled_learning_curve_stops_between_two_models(engine: Engine, tmp_path: Path) -> None:
    delete_starter_classes(engine.collection)
    names = ["ash", "elm"] * 20
    remember(engine.collection, tmp_path / "mine", noise(40), names)
    cancel, seen = CancelToken(), list[Progress]()

    def report(news: object) -> None:
        assert isinstance(news, Progress)
        seen.append(news)
        if news.done == 3:
            cancel.cancel()

    with pytest.raises(Cancelled):
        learning_curve(engine, LearningCurveRequest(), report, cancel)
    assert seen[-1].done == 3
    assert seen[-1].total == 20


@pytest.mark.parametrize("names", [[], ["ash", "elm"], ["ash", "ash", "elm", "elm"]])
def test_too_few_photos_for_a_curve_is_said(engine: Engine, tmp_path: Path, names: list[str]) -> None:
    remember(engine.collection, tmp_path / "mine", noise(len(names)), names)
    with pytest.raises(TooFewPhotos):
        curve_of(engine)
