"""Answers other than a class: they change suggestions at once, are undone, follow their photo and are never sorted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowersorter.domain.photo_answers import Mark, PhotoAnswer, PhotoAnswers
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import ClassRefused, PhotoUnreadable, TooFewPhotos
from flowersorter.jobs import CancelToken, silent
from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN, UNKNOWN
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.label_next import LabelNextRequest, label_next
from flowersorter.workflows.filing.sort import SortRequest, plan_sort
from flowersorter.workflows.labelling.label_photo import (
    AnswerPhotoRequest,
    LabelPhotoRequest,
    answer_photo,
    label_photo,
    remove_label,
)
from flowersorter.workflows.labelling.pending_labels import LabelStep, PendingLabels
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.predicting import unknown_photos
from flowersorter.workflows.predicting.photo_details import details, folder_rows, predictions_for
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, predict_folder
from flowersorter.workflows.predicting.predict_photos import PredictRequest, predict_photos
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, retrain, train_folder
from tests.unit.workflows.conftest import draw_photos


@pytest.fixture
def folder(engine: Engine, sorted_photos: Path, tmp_path: Path) -> Path:
    """Three photos each of red and green, predicted by a model of red, green and blue."""
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    for colour in ("red", "green"):
        draw_photos(tmp_path / "new", colour, 3)
    look(engine, tmp_path / "new")
    return tmp_path / "new"


def look(engine: Engine, folder: Path) -> PredictFolderResult:
    return predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())


def class_id(engine: Engine, name: str) -> int:
    found = engine.collection.classes.find(name)
    assert found is not None
    return found.id


def photo_id(engine: Engine, path: Path) -> int:
    rows = folder_rows(engine, path.parent)
    return int(rows.photo_ids[list(rows.paths).index(path)])


def suggested(engine: Engine, path: Path) -> tuple[list[str], Verdict]:
    """The suggested classes of a photo, the best first, as a folder shows them, and the verdict."""
    rows = folder_rows(engine, path.parent)
    at = list(rows.paths).index(path)
    found, names = predictions_for(engine, [int(rows.photo_ids[at])]), {}
    assert found is not None
    names = {each.id: each.name for each in engine.collection.classes.all()}
    top = [names[each] for each, _ in found.top(int(rows.photo_ids[at]), 5)]
    assert (names.get(int(rows.class_ids[at])) or None) == (top[0] if top else None)
    return top, Verdict(int(rows.verdicts[at]))


def answer(engine: Engine, path: Path, rejected: str | None = None, mark: Mark = Mark.NONE) -> None:
    answer_photo(engine, AnswerPhotoRequest(path, rejected, mark), silent, CancelToken())


def test_a_rejected_class_is_suggested_nowhere_for_that_photo_again(engine: Engine, folder: Path) -> None:
    red = folder / "red_0.jpg"
    assert suggested(engine, red) == (["red", *suggested(engine, red)[0][1:]], Verdict.SURE)
    answer(engine, red, "Red")
    top, verdict = suggested(engine, red)
    assert "red" not in top
    assert verdict is not Verdict.SURE
    [alone] = predict_photos(engine, PredictRequest((red,)), silent, CancelToken())
    assert [name for name, _ in alone.top] == top
    assert sum(share for _, share in alone.top) == pytest.approx(1, abs=1e-5)
    place = next(place for place in engine.collection.photos.places_under(folder) if place.path == red)
    assert class_id(engine, "red") not in [each for each, _ in details(engine, place.id).top]
    advice = label_next(engine, LabelNextRequest(folder, 6), silent, CancelToken())
    [mine] = [each for each in advice.next if each.path == red]
    assert class_id(engine, "red") not in [each for each, _ in mine.top]
    assert suggested(engine, folder / "red_1.jpg")[0][0] == "red"


def test_a_photo_of_no_class_is_unknown_and_has_no_suggestion(engine: Engine, folder: Path) -> None:
    red = folder / "red_0.jpg"
    for name in ("red", "green", "blue"):
        answer(engine, red, name)
    assert suggested(engine, red) == ([], Verdict.UNKNOWN)
    [alone] = predict_photos(engine, PredictRequest((red,)), silent, CancelToken())
    assert (alone.class_name, alone.verdict, alone.top) == ("", Verdict.UNKNOWN, ())
    with pytest.raises(TooFewPhotos, match="you said that it shows none of the classes"):
        label_photo(engine, LabelPhotoRequest(red), silent, CancelToken())


def test_a_photo_that_is_not_mine_is_unknown_not_asked_about_and_never_sorted(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    red = folder / "red_0.jpg"
    label_photo(engine, LabelPhotoRequest(red, "red"), silent, CancelToken())
    answer(engine, red, mark=Mark.NOT_MINE)
    assert engine.collection.labels.get([photo_id(engine, red)]) == {}
    assert suggested(engine, red) == ([], Verdict.UNKNOWN)
    rows = look(engine, folder).rows
    assert rows.marks.tolist() == [Mark.NOT_MINE if path == red else Mark.NONE for path in rows.paths]
    advice = label_next(engine, LabelNextRequest(folder, 10), silent, CancelToken())
    assert red not in [each.path for each in advice.next]
    assert "not mine" not in {each.name.casefold() for each in engine.collection.classes.all()}
    for aside in (None, "Not sure"):
        plan = plan_sort(engine, SortRequest((folder,), tmp_path / "out", aside=aside), silent, CancelToken())
        assert red not in [each.filing.source for each in plan.files]
        assert (red, "you said that it shows none of your classes") in [
            (each.path, each.reason) for each in plan.skipped
        ]


def test_a_photo_that_the_person_cannot_tell_is_not_asked_about_and_nothing_else(engine: Engine, folder: Path) -> None:
    red = folder / "red_0.jpg"
    before = suggested(engine, red)
    answer(engine, red, mark=Mark.DONT_KNOW)
    assert suggested(engine, red) == before
    advice = label_next(engine, LabelNextRequest(folder, 10), silent, CancelToken())
    assert {photo.path for each in advice.next for photo in each.photos} == set(folder.iterdir()) - {red}


def test_a_label_takes_back_what_contradicts_it_and_remove_takes_back_everything(engine: Engine, folder: Path) -> None:
    red, collection = folder / "red_0.jpg", engine.collection
    for name in ("red", "green"):
        answer(engine, red, name)
    answer(engine, red, mark=Mark.NOT_MINE)
    label_photo(engine, LabelPhotoRequest(red, "red"), silent, CancelToken())
    known = photo_id(engine, red)
    assert collection.answers.get([known]) == {known: PhotoAnswers(frozenset({class_id(engine, "green")}))}
    assert remove_label(collection, red)
    assert (collection.answers.get([known]), collection.labels.get([known])) == ({}, {})
    assert not remove_label(collection, red)
    assert suggested(engine, red)[0][0] == "red"


def test_a_class_folder_does_not_speak_against_the_person(engine: Engine, folder: Path, sorted_photos: Path) -> None:
    red, other = sorted_photos / "red" / "red_100.jpg", sorted_photos / "red" / "red_101.jpg"
    answer(engine, red, "red")
    answer(engine, other, mark=Mark.NOT_MINE)
    look(engine, sorted_photos)
    train_folder(engine, TrainFolderRequest(sorted_photos), silent, CancelToken())
    labels = engine.collection.labels.all()
    assert labels.keys().isdisjoint({photo_id(engine, red), photo_id(engine, other)})
    assert suggested(engine, red)[0][0] != "red"


def test_an_answer_follows_a_photo_that_was_moved_or_rewritten(engine: Engine, folder: Path) -> None:
    from PIL import Image

    red, moved = folder / "red_0.jpg", folder / "elsewhere" / "poppy.jpg"
    answer(engine, red, "red")
    moved.parent.mkdir()
    red.rename(moved)
    look(engine, folder)
    assert "red" not in suggested(engine, moved)[0]
    with Image.open(moved) as picture:  # another program writes a comment into it
        picture.load()
        picture.save(moved, quality="keep", comment=b"five stars")
    look(engine, folder)
    assert "red" not in suggested(engine, moved)[0]


def test_an_unknown_class_and_a_file_that_is_no_photo_are_refused(engine: Engine, folder: Path) -> None:
    with pytest.raises(ClassRefused, match="There is no class “daisy”: the classes are: blue, green, red"):
        answer(engine, folder / "red_0.jpg", "daisy")
    (folder / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(PhotoUnreadable):
        answer(engine, folder / "broken.jpg", mark=Mark.NOT_MINE)


def test_with_nothing_but_not_mine_there_is_nothing_to_learn(engine: Engine, photos: Path) -> None:
    look(engine, photos)
    known = sorted(set(folder_rows(engine, photos).photo_ids.tolist()))
    step = LabelStep({}, {}, dict.fromkeys(known, PhotoAnswer(mark=Mark.NOT_MINE)))
    PendingLabels(engine.collection).apply(step)
    result = look(engine, photos)
    assert set(result.rows.verdicts.tolist()) == {Verdict.UNKNOWN}
    assert not result.rows.class_ids.any()
    with pytest.raises(TooFewPhotos, match="no photo has a label"):
        retrain(engine, RetrainRequest(), silent, CancelToken())
    assert label_next(engine, LabelNextRequest(photos), silent, CancelToken()).next == ()


def test_photos_like_those_that_are_not_mine_become_unknown(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_photos(folder, "yellow", 6)
    # As if the scores of the photos said nothing.
    monkeypatch.setattr(unknown_photos, "unknown_probabilities", lambda score, *_: np.zeros_like(score))

    def unknown() -> dict[str, float]:
        rows, named = look(engine, folder).rows, model_for(engine, chosen_backbone(engine.collection))
        assert named is not None
        found = unknown_photos.unknown_probability(engine, named.model, rows.photo_ids)
        return {path.name: share for path, share in zip(rows.paths, found.tolist(), strict=True)}

    assert not any(unknown().values())
    for number in range(2):
        answer(engine, folder / f"yellow_{number}.jpg", mark=Mark.NOT_MINE)
    after = unknown()
    assert all(after[f"yellow_{number}.jpg"] > UNKNOWN for number in range(2, 6))
    others = [share for name, share in after.items() if not name.startswith("yellow")]
    assert max(others) <= UNKNOWN
    assert sum(share > MAYBE_UNKNOWN for share in others) <= 1  # as one in 25 labelled photos would be


# -- steps


def test_a_step_is_undone_and_done_again_with_the_labels_it_removed(engine: Engine, folder: Path) -> None:
    collection, red = engine.collection, photo_id(engine, folder / "red_0.jpg")
    green, pending = class_id(engine, "green"), PendingLabels(collection)
    pending.apply(LabelStep({red: green}, {}))
    labelled = collection.labels.get([red])
    for one in (PhotoAnswer(green), PhotoAnswer(mark=Mark.NOT_MINE), PhotoAnswer(mark=Mark.DONT_KNOW)):
        step = LabelStep({}, {}, {red: one})
        for _ in range(2):
            news = pending.apply(step)
            assert news.labels == {red: None}
            assert news.answered == {red}
            assert collection.labels.get([red]) == {}
            assert collection.answers.get([red]) == {red: one.added_to(PhotoAnswers())}
            news = pending.take_back(step)
            assert news.labels == labelled
            assert news.answered == {red}
            assert (collection.labels.get([red]), collection.answers.get([red])) == (labelled, {})


def test_a_label_step_brings_back_the_answers_it_removed(engine: Engine, folder: Path) -> None:
    collection, red = engine.collection, photo_id(engine, folder / "red_0.jpg")
    said = PhotoAnswers(frozenset({class_id(engine, "red"), class_id(engine, "blue")}), Mark.NOT_MINE)
    collection.answers.put({red: said})
    pending, step = PendingLabels(collection), LabelStep({red: class_id(engine, "red")}, {})
    assert pending.apply(step).answered == {red}
    assert collection.answers.get([red])[red].mark is Mark.NONE
    pending.take_back(step)
    assert (collection.answers.get([red]), collection.labels.get([red])) == ({red: said}, {})


def test_a_label_that_was_pending_brings_back_the_answers_it_removed_when_it_was_settled(
    engine: Engine, folder: Path
) -> None:
    collection, red = engine.collection, photo_id(engine, folder / "red_0.jpg")
    copy = collection.photos.add_place(folder / "copy.jpg", None, 1, 1)
    pending, step = PendingLabels(collection), LabelStep({}, {copy: class_id(engine, "red")})
    pending.apply(step)
    said = PhotoAnswers(frozenset({class_id(engine, "red")}))
    collection.answers.put({red: said})
    pending.settle({copy: red})
    assert (set(collection.labels.get([red])), collection.answers.get([red])) == ({red}, {})
    pending.take_back(step)
    assert (collection.labels.get([red]), collection.answers.get([red])) == ({}, {red: said})


DEEDS = st.lists(
    st.sampled_from(("red", "green", "blue", "not red", "not green", "not blue", "not mine", "refit", "undo")),
    max_size=6,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=DEEDS)
def test_a_rejected_class_is_never_suggested_again(engine: Engine, folder: Path, actions: list[str]) -> None:
    collection, names = engine.collection, ("red", "green", "blue")
    red, ids = photo_id(engine, folder / "red_0.jpg"), {name: class_id(engine, name) for name in names}
    pending, done = PendingLabels(collection), list[LabelStep]()
    for action in actions:
        if action == "refit":
            retrain(engine, RetrainRequest(), silent, CancelToken())
        elif action == "undo":
            if done:
                pending.take_back(done.pop())
        else:
            given_answer = (
                PhotoAnswer(mark=Mark.NOT_MINE) if action == "not mine" else PhotoAnswer(ids[action.split()[-1]])
            )
            step = LabelStep({red: ids[action]}, {}) if action in names else LabelStep({}, {}, {red: given_answer})
            pending.apply(step)
            done.append(step)
        said = collection.answers.get([red]).get(red, PhotoAnswers())
        found = predictions_for(engine, [red])
        assert found is not None
        top = {each for each, _ in found.top(red, 9)}  # without classes whose probability is nothing
        left = set() if said.mark is Mark.NOT_MINE else set(ids.values()) - said.rejected
        assert top <= left
        assert bool(top) == bool(left)
        assert found.probabilities.sum() == pytest.approx(1 if top else 0, abs=1e-5)
        assert (found.verdicts[0] == Verdict.UNKNOWN) or top
    while done:
        pending.take_back(done.pop())
    assert collection.answers.get([red]) == {}
    assert np.isfinite(predictions_for(engine, [red]).probabilities).all()  # type: ignore[union-attr]
