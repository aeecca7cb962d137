"""Learning by itself: at once after an action in memory, exactly and stored while the person pauses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.domain.photo_rows import PhotoPredictions
from flowersorter.domain.place import Places
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import Cancelled, TooFewPhotos
from flowersorter.jobs import CancelToken, Report, silent
from flowersorter.vision.classifier.predict import UNKNOWN
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.filing.sort import Include, SortRequest, plan_sort
from flowersorter.workflows.labelling.class_changes import take_out_class
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.models.current_model import (
    chosen_backbone,
    list_models,
    model_for,
    starter,
    stored_model_for,
    use_model,
)
from flowersorter.workflows.predicting.photo_details import details, folder_rows, predictions_for
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.predicting.unknown_photos import judged_by_folder, unknown_probability
from flowersorter.workflows.training import train
from flowersorter.workflows.training.incremental_fit import follow_labels, is_up_to_date
from flowersorter.workflows.training.learn import LearnRequest, LearnResult, learn
from flowersorter.workflows.training.train import RetrainRequest, TrainResult, retrain
from tests.starter_classes import delete_starter_classes
from tests.unit.workflows.conftest import draw_photos

#: Colours of the drawn photos; the first two of each are labelled.
_COLOURS = ("red", "green", "blue")


class Folder:
    """An open folder of thirty photos; two of each colour are labelled with it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.roots = engine, (folder,)
        rows = predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken()).rows
        delete_starter_classes(engine.collection)
        self.photos = {
            colour: [
                int(photo_id) for photo_id, path in zip(rows.photo_ids, rows.paths, strict=True) if colour in path.name
            ]
            for colour in _COLOURS
        }
        self.classes = {colour: engine.collection.classes.add(colour).id for colour in _COLOURS}
        for colour in _COLOURS:
            self.label(colour, 0, 2)

    def label(self, colour: str, first: int, end: int, as_class: str = "") -> list[int]:
        """Label some photos of a colour; returns their ids."""
        photo_ids = self.photos[colour][first:end]
        assign(self.engine.collection, photo_ids, self.classes[as_class or colour])
        return photo_ids

    def learn(self, changed: list[int]) -> LearnResult:
        return learn(self.engine, LearnRequest(tuple(changed), self.roots), silent, CancelToken())

    def follow(self, changed: list[int]) -> PhotoPredictions:
        photo_ids = [photo_id for ids in self.photos.values() for photo_id in ids]
        found = follow_labels(self.engine, changed, photo_ids, CancelToken())
        assert found is not None
        assert found.use(self.engine)
        return found.predictions

    def models(self) -> list[int]:
        return [entry.id for entry in self.engine.collection.models.all()]


@pytest.fixture
def folder(engine: Engine, photos: Path) -> Folder:
    return Folder(engine, photos)


def test_one_model_shows_explains_and_sorts_between_an_action_and_the_exact_fit(
    folder: Folder, engine: Engine, tmp_path: Path
) -> None:
    folder.learn([])
    models = folder.models()
    changed = folder.label("blue", 2, 6, as_class="red")
    shown = folder.follow(changed)
    named, stored_model = (each(engine, chosen_backbone(engine.collection)) for each in (model_for, stored_model_for))
    assert named is not None
    assert stored_model is not None
    assert not np.array_equal(named.model.weight, stored_model.model.weight)
    rows = folder_rows(engine, folder.roots)
    at = shown.locate(rows.photo_ids)
    np.testing.assert_array_equal(rows.class_ids, shown.best[at])
    np.testing.assert_array_equal(rows.verdicts, shown.verdicts[at])
    np.testing.assert_array_equal(rows.confidences, shown.probabilities.max(axis=1)[at])
    one = details(engine, int(rows.place_ids[-1]))
    assert one.top[0][0] == rows.class_ids[-1]
    assert one.top[0][1] == pytest.approx(float(rows.confidences[-1]))
    plan = plan_sort(engine, SortRequest(folder.roots, tmp_path / "sorted", include=Include.ALL), silent, CancelToken())
    filed = {each.filing.source: each.filing.class_name for each in plan.files}
    names = {class_id: name for name, class_id in folder.classes.items()}
    assert filed
    for path, class_id, label_id in zip(rows.paths, rows.class_ids, rows.label_ids, strict=True):
        if path in filed:
            assert filed[path] == names[int(label_id or class_id)]
    assert folder.models() == models, "nothing of it is stored"
    assert set(engine.collection.labels.class_ids()) == {
        photo_id for ids in folder.photos.values() for photo_id in ids[:2]
    } | set(changed), "no suggestion became a label"


def test_a_refit_is_used_for_nothing_until_its_suggestions_are_shown(folder: Folder, engine: Engine) -> None:
    folder.learn([])
    changed = folder.label("blue", 2, 6, as_class="red")
    assert follow_labels(engine, changed, folder.photos["blue"], CancelToken()) is not None
    assert engine.refitted is None


def estimates(engine: Engine) -> tuple[object, ...]:
    return engine.unknown_photos, engine.unknown_by_folder, engine.sure_from, engine.folder_terms


@pytest.mark.parametrize("new_class", [True, False])
def test_a_refit_that_is_dropped_leaves_the_estimates_of_the_model_in_use(
    folder: Folder, engine: Engine, tmp_path: Path, new_class: bool
) -> None:
    """Learning is paused while it is fitted: photos that are unknown are not filed then, nor once it is used."""
    collection, blue = engine.collection, np.array(folder.photos["blue"])
    collection.labels.clear(blue[:2].tolist())
    if new_class:
        collection.answers.put(dict.fromkeys(blue[:2].tolist(), PhotoAnswers(mark=Mark.NOT_MINE)))
    folder.learn([])
    named = model_for(engine, chosen_backbone(collection))
    assert named is not None
    unknown = blue[unknown_probability(engine, named.model, blue) > UNKNOWN].tolist()
    assert len(unknown) > 5

    def filed() -> set[int]:
        request = SortRequest(folder.roots, tmp_path / "sorted", include=Include.ALL)
        paths = {each.filing.source for each in plan_sort(engine, request, silent, CancelToken()).files}
        rows = folder_rows(engine, folder.roots)
        return {photo_id for photo_id, path in zip(rows.photo_ids.tolist(), rows.paths, strict=True) if path in paths}

    before, filed_before, model = estimates(engine), filed(), engine.refitted
    assert filed_before.isdisjoint(unknown)
    if new_class:
        folder.classes["new"] = collection.classes.add("new", ClassOrigin.PERSON).id
    changed = folder.label("red", 0, 3, as_class="new" if new_class else "red")
    ids = [photo_id for photos in folder.photos.values() for photo_id in photos]
    refit = follow_labels(engine, changed, ids, CancelToken())
    assert refit is not None
    assert ("new" in refit.named.model.class_names) == new_class
    assert engine.refitted is model
    assert filed() - set(changed) == filed_before - set(changed)
    assert all(now is then for now, then in zip(estimates(engine), before, strict=True))

    assert refit.use(engine)
    shown = predictions_for(engine, ids)
    assert shown is not None
    np.testing.assert_array_equal(shown.probabilities, refit.predictions.probabilities)
    np.testing.assert_array_equal(shown.verdicts, refit.predictions.verdicts)
    probabilities = unknown_probability(engine, refit.named.model, np.array(unknown))
    assert probabilities.all(), "each photo has an estimate"
    still_unknown = np.array(unknown)[probabilities > UNKNOWN].tolist()
    assert len(still_unknown) > 5
    assert filed().isdisjoint(still_unknown)


def test_a_refit_that_ends_after_the_exact_fit_leaves_that_its_estimates(
    folder: Folder, engine: Engine, tmp_path: Path
) -> None:
    """With a new class the scores are others, and so is the key of the estimates: unknown photos would be sorted."""
    collection, blue = engine.collection, np.array(folder.photos["blue"])
    collection.labels.clear(blue[:2].tolist())
    collection.answers.put(dict.fromkeys(blue[:2].tolist(), PhotoAnswers(mark=Mark.NOT_MINE)))
    folder.learn([])
    folder.classes["new"] = collection.classes.add("new", ClassOrigin.PERSON).id
    changed = folder.label("red", 0, 3, as_class="new")
    refit = follow_labels(engine, changed, [at for photos in folder.photos.values() for at in photos], CancelToken())
    assert refit is not None
    folder.label("red", 3, 6, as_class="new")  # the exact fit knows more labels, and has other scores
    folder.learn(folder.photos["red"][:6])
    before = estimates(engine)
    named = model_for(engine, chosen_backbone(collection))
    assert named is not None
    assert named.model.ood_detector.key != refit.named.model.ood_detector.key
    unknown = blue[unknown_probability(engine, named.model, blue) > UNKNOWN].tolist()
    assert len(unknown) > 5
    assert not refit.use(engine)
    assert engine.refitted is None
    assert all(now is then for now, then in zip(estimates(engine), before, strict=True))
    request = SortRequest(folder.roots, tmp_path / "sorted", include=Include.ALL)
    filed = {each.filing.source for each in plan_sort(engine, request, silent, CancelToken()).files}
    rows = folder_rows(engine, folder.roots)
    paths = {path for photo_id, path in zip(rows.photo_ids.tolist(), rows.paths, strict=True) if photo_id in unknown}
    assert filed.isdisjoint(paths)


def test_the_exact_fit_takes_the_place_of_the_quick_one_and_is_that_of_retrain(folder: Folder, engine: Engine) -> None:
    folder.learn([])
    changed = folder.label("red", 2, 5)
    folder.follow(changed)
    result = folder.learn(changed)
    assert engine.refitted is None
    assert result.trained is not None
    assert result.trained.photos == 9
    exact = predictions_for(engine, folder.photos["blue"])
    assert exact is not None
    assert result.predictions is not None
    at = result.predictions.locate(exact.photo_ids)
    # The product of another number of rows may round the last bit otherwise.
    np.testing.assert_allclose(result.predictions.probabilities[at], exact.probabilities, rtol=0, atol=1e-7)


def test_a_cancelled_fit_that_has_replaced_the_model_still_brings_its_suggestions(
    folder: Folder, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = CancelToken()

    def cancelled_late(engine: Engine, request: RetrainRequest, report: Report, token: CancelToken) -> TrainResult:
        result = retrain(engine, request, report, token)
        cancel.cancel()
        return result

    monkeypatch.setattr("flowersorter.workflows.training.learn.retrain", cancelled_late)
    result = learn(engine, LearnRequest((), folder.roots), silent, cancel)
    assert folder.models()
    assert result.predictions is not None


def test_closing_does_not_wait_for_the_suggestions_and_keeps_the_model(
    folder: Folder, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def predict(_engine: Engine, _places: Places, _backbone: str, cancel: CancelToken, _roots: object) -> object:
        engine.closing.cancel()
        cancel.check()
        raise AssertionError("the prediction goes on")

    monkeypatch.setattr("flowersorter.workflows.training.learn.predict_together", predict)
    with pytest.raises(Cancelled):
        learn(engine, LearnRequest((), folder.roots), silent, CancelToken())
    (model_id,) = folder.models()
    current = engine.collection.models.current()
    assert current is not None
    assert current.id == model_id, "the exact fit is not lost"


def test_nothing_is_trained_where_the_labels_are_those_of_the_last_fit(folder: Folder, engine: Engine) -> None:
    folder.learn([])
    models = folder.models()
    changed = folder.label("red", 1, 2, as_class="blue")
    assert not is_up_to_date(engine, changed)
    folder.follow(changed)
    folder.label("red", 1, 2)  # undone
    assert is_up_to_date(engine, changed)
    result = folder.learn(changed)
    assert result.trained is None
    assert result.predictions is not None
    assert folder.models() == models
    assert engine.refitted is None


def test_a_measurement_does_not_keep_suggestions_from_following(folder: Folder, engine: Engine) -> None:
    for colour in _COLOURS:
        folder.label(colour, 2, 4)
    folder.learn([])
    changed = folder.label("red", 4, 6, as_class="blue")
    evaluate(engine, EvaluateRequest(), silent, CancelToken())  # fits the labels of now, and is not in use
    assert folder.follow(changed).photo_ids.size


def test_too_few_labels_are_no_fault(folder: Folder, engine: Engine) -> None:
    for colour in _COLOURS:
        engine.collection.labels.clear(folder.photos[colour][:2])
    result = folder.learn(folder.photos["green"][:2])
    assert result.trained is None
    assert not result.follows
    assert folder.models() == []
    assert result.predictions is not None, "of the model before: photos may have been called not mine"


def test_the_first_class_of_a_collection_without_classes_is_suggested_for_photos_like_its_own(
    folder: Folder, engine: Engine
) -> None:
    """A head needs two classes: the starter's photos are the other ones, and none of its deleted classes comes back."""
    for colour in ("green", "blue"):
        engine.collection.labels.clear(folder.photos[colour][:2])
    red, others = folder.photos["red"], [*folder.photos["green"], *folder.photos["blue"]]
    names = [each.name for each in engine.collection.classes.all()]
    quick = folder.follow(red[:2])
    assert folder.models() == []
    result = folder.learn(red[:2])
    assert isinstance(result.trained, TrainResult)
    assert result.trained.starter_classes == ()
    assert result.predictions is not None
    for found in (quick, result.predictions):
        assert found.class_ids.tolist() == [folder.classes["red"]]
        assert not (found.verdicts[found.locate(np.array(red[2:]))] == Verdict.UNKNOWN).any()
        assert (found.verdicts[found.locate(np.array(others))] == Verdict.UNKNOWN).all()
    assert [each.name for each in engine.collection.classes.all()] == names
    (entry,) = list_models(engine.collection)
    assert entry.classes == ("red",), "the classes that are only there for comparison are not listed"
    use_model(engine, None)
    use_model(engine, entry.id)
    delete_starter_classes(engine.collection)  # the starter brought them back
    use_model(engine, entry.id)
    assert [each.name for each in engine.collection.classes.all()] == names
    assert engine.collection.classes.without_deleted(starter().model.class_names) == []
    changed = folder.label("red", 2, 4)
    assert folder.follow(changed).class_ids.tolist() == [folder.classes["red"]]
    assert folder.learn(changed).follows
    assert folder.learn(changed).trained is None, "nothing is new"
    second = folder.learn(folder.label("green", 0, 2))
    assert isinstance(second.trained, TrainResult)
    assert set(second.trained.classes) == {"red", "green"}
    engine.collection.labels.clear(folder.photos["green"][:2])
    with pytest.raises(TooFewPhotos):
        retrain(engine, RetrainRequest(), silent, CancelToken())


@pytest.mark.parametrize("asked_for", [False, True])
def test_without_any_label_left_the_starter_is_used_again_unless_a_version_was_asked_for(
    engine: Engine, tmp_path: Path, asked_for: bool
) -> None:
    """As where the first label is undone: its class does not come back with the model that learned it."""
    draw_photos(tmp_path / "photos", "red", 3)
    rows = predict_folder(engine, PredictFolderRequest(tmp_path / "photos"), silent, CancelToken()).rows
    first = int(rows.photo_ids[0])
    before = [each.name for each in engine.collection.classes.all()]
    made = engine.collection.classes.add("red")
    assign(engine.collection, [first], made.id)
    if asked_for:
        retrain(engine, RetrainRequest(), silent, CancelToken())
    request = LearnRequest((first,), (tmp_path / "photos",))
    assert learn(engine, request, silent, CancelToken()).follows
    assert engine.collection.models.current() is not None
    engine.collection.labels.clear([first])
    take_out_class(engine.collection, made)
    result = learn(engine, request, silent, CancelToken())
    assert result.predictions is not None
    assert result.follows is not asked_for
    assert bool(engine.collection.models.all()) is asked_for
    assert [each.name for each in engine.collection.classes.all()] == before


def test_a_session_keeps_one_automatic_version_beside_those_that_were_asked_for(folder: Folder, engine: Engine) -> None:
    folder.learn([])
    (first,) = folder.models()
    folder.learn(folder.label("red", 2, 3))
    (second,) = folder.models()
    assert second > first
    asked = retrain(engine, RetrainRequest(), silent, CancelToken()).model_id
    folder.learn(folder.label("red", 3, 4))
    third = folder.models()[0]
    assert folder.models() == [third, asked, second]
    engine.collection.models.set_note(third, "good")
    folder.learn(folder.label("red", 4, 5))
    assert folder.models()[1:] == [third, asked, second], "a version with a note stays"
    engine.automatic_model = None  # the collection is opened again
    before = folder.models()
    folder.learn(folder.label("red", 5, 6))
    assert folder.models()[1:] == before


def test_automatic_versions_of_early_sessions_go(
    folder: Folder, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowersorter.workflows.training.learn.SESSIONS_KEPT", 2)
    for number in range(2, 6):
        engine.automatic_model = None
        folder.learn(folder.label("red", number, number + 1))
    assert len(folder.models()) == 3  # two, and the one in use


def test_a_clearly_worse_model_is_neither_used_nor_kept(
    folder: Folder, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.learn([])
    models = folder.models()
    monkeypatch.setattr(train, "clearly_worse", lambda *_: True)
    changed = folder.label("red", 2, 5, as_class="blue")
    folder.follow(changed)
    result = folder.learn(changed)
    assert result.trained is not None
    assert not result.trained.made_current
    assert folder.models() == models
    assert engine.refitted is None, "the suggestions are those of the model that stays"


def test_a_better_version_of_the_session_stays_beside_a_worse_one(
    folder: Folder, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.learn([])
    before = folder.models()

    def worse(*args: object) -> tuple[int, int, int]:
        del args
        return 9, 8, 7

    monkeypatch.setattr(train, "_compared", worse)
    folder.learn(folder.label("red", 2, 5))
    assert folder.models()[1:] == before


def test_the_first_classes_and_a_new_one_are_suggested_before_the_exact_fit(folder: Folder, engine: Engine) -> None:
    labelled = [photo_id for ids in folder.photos.values() for photo_id in ids[:2]]
    first = folder.follow(labelled)
    assert len(np.unique(first.best)) == len(_COLOURS)
    assert folder.models() == []
    folder.learn(labelled)
    new = engine.collection.classes.add("new", ClassOrigin.PERSON)
    assign(engine.collection, folder.photos["red"][:2], new.id)
    quick = folder.follow(folder.photos["red"][:2])
    unlabelled = quick.locate(np.array(folder.photos["red"][2:]))
    assert set(quick.best[unlabelled].tolist()) == {new.id}
    result = folder.learn(folder.photos["red"][:2])
    assert isinstance(result.trained, TrainResult)
    assert "new" in result.trained.classes
    assert result.predictions is not None
    np.testing.assert_array_equal(result.predictions.best, quick.best)


def test_a_group_that_the_labels_reach_is_unknown_no_longer_before_the_exact_fit(
    folder: Folder, engine: Engine
) -> None:
    """Label propagation follows an action, too: else most photos of a class with a new label stay unknown."""
    folder.learn([])
    ids = np.sort([photo_id for photos in folder.photos.values() for photo_id in photos])
    named = model_for(engine, chosen_backbone(engine.collection))
    assert named is not None
    blue = np.array(folder.photos["blue"])
    before = unknown_probability(engine, named.model, blue)
    assert judged_by_folder(engine, named.model, ids).any()
    changed = folder.label("blue", 2, 8)
    folder.follow(changed)
    after = unknown_probability(engine, named.model, blue)
    assert (after[:8] == 0).all(), "they have a label"
    assert not np.array_equal(before, after)
    folder.learn(changed)
    exact = model_for(engine, chosen_backbone(engine.collection))
    assert exact is not None
    np.testing.assert_allclose(after, unknown_probability(engine, exact.model, blue), atol=1e-6)


def test_a_fault_on_the_way_back_to_the_starter_leaves_the_model_in_use(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_photos(tmp_path / "photos", "red", 3)
    rows = predict_folder(engine, PredictFolderRequest(tmp_path / "photos"), silent, CancelToken()).rows
    first = int(rows.photo_ids[0])
    made = engine.collection.classes.add("red")
    assign(engine.collection, [first], made.id)
    request = LearnRequest((first,), (tmp_path / "photos",))
    learn(engine, request, silent, CancelToken())
    current = engine.collection.models.current()
    engine.collection.labels.clear([first])
    take_out_class(engine.collection, made)
    classes = engine.collection.classes.all()
    monkeypatch.setattr(engine.collection.settings, "set", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        learn(engine, request, silent, CancelToken())
    assert engine.collection.models.current() == current
    assert engine.collection.classes.all() == classes
    assert current is not None
    assert engine.collection.models.load(current.id)
