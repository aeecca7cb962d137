"""Checking a sample of a folder: who is asked, what it says, that it goes on, and when it is withdrawn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import TooFewPhotos, UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import text
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation import check_sample as check_sample_module
from flowersorter.workflows.evaluation.check_sample import (
    CheckSampleRequest,
    answer_sample,
    answer_sample_undoably,
    check_known_sample,
    check_sample,
    sample_offer,
    take_back_answer,
)
from flowersorter.workflows.evaluation.checked_sample import CheckedSample
from flowersorter.workflows.evaluation.stored_check import checked_note
from flowersorter.workflows.filing.sort import Include
from flowersorter.workflows.models.current_model import model_for, use_model
from flowersorter.workflows.predicting import predict_folder as predict_folder_module
from flowersorter.workflows.predicting.folder_adaptation import FolderTerms
from flowersorter.workflows.predicting.photo_details import folder_rows, predictions_for
from flowersorter.workflows.predicting.predict_folder import (
    PredictFolderRequest,
    PredictFolderResult,
    predict_folder,
)
from flowersorter.workflows.training.train import RetrainRequest, retrain
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos
from tests.unit.workflows.learned_colours import learned_colours

REQUEST_SEED = 5


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed collection in `collection` that learned three colours and read the thirty photos in `photos`."""
    return learned_colours(tmp_path_factory.mktemp("learned"))


@pytest.fixture
def photos(learned: Path, tmp_path: Path) -> Path:
    """Ten photos each of red, green and blue, without class folders."""
    return Path(shutil.copytree(learned / "photos", tmp_path / "photos"))


@pytest.fixture
def taught(learned: Path, tmp_path: Path) -> Iterator[Engine]:
    """An engine with a model of the three colours."""
    shutil.copytree(learned / "collection", tmp_path / "learned")
    with Engine(CollectionStore.open(tmp_path / "learned"), open_colour_network) as engine:
        yield engine


def begin(engine: Engine, folder: Path, goal: int = 98, include: Include = Include.ALL) -> CheckedSample:
    request = CheckSampleRequest(folder, goal, include, seed=REQUEST_SEED)
    return check_sample(engine, request, silent, CancelToken())


def answer_all(
    engine: Engine, check: CheckedSample, answer: CheckAnswer = CheckAnswer.RIGHT, count: int | None = None
) -> CheckedSample:
    for photo in check.next_photos(count):
        check = answer_sample(engine.collection, check, photo.photo_id, answer)
    return check


def test_right_answers_certify_the_folder_and_become_labels(taught: Engine, photos: Path) -> None:
    check = begin(taught, photos, goal=80)
    assert (check.photos, check.checked, check.reached, check.done) == (30, 0, False, False)
    assert str(check.statement) == "Too few are checked to say how many are right (0 of 30 checked, 0 wrong)."
    asked = check.next_photos()
    assert len(asked) == check.needed == 11
    assert {photo.path.name.split("_")[0] for photo in asked} == {"red", "green", "blue"}
    check = answer_all(taught, check)
    assert (check.reached, check.done, check.next_photos()) == (True, True, ())
    assert str(check.statement) == "At least 80 of 100 are right, 95 % sure (11 of 30 checked, 0 wrong)."
    labels = taught.collection.labels.get([photo.photo_id for photo in asked])
    assert {(labels[photo.photo_id].class_id, labels[photo.photo_id].origin) for photo in asked} == {
        (photo.class_id, LabelOrigin.PERSON) for photo in asked
    }


def test_it_goes_on_where_it_was_left_and_still_speaks_of_all_photos(taught: Engine, photos: Path) -> None:
    check = answer_all(taught, begin(taught, photos), count=7)
    again = begin(taught, photos, goal=90)  # another goal is no other sample
    assert (again.sample.id, again.checked, again.photos) == (check.sample.id, 7, 30)
    assert again.next_photos(1)[0].photo_id == check.next_photos(1)[0].photo_id  # its verdict may follow the answers
    known = check_known_sample(taught, CheckSampleRequest(photos, 90), silent, CancelToken())
    assert (known.sample.id, known.checked, known.next_photos(3)) == (check.sample.id, 7, again.next_photos(3))


def test_a_wrong_one_is_counted_and_gets_no_label(taught: Engine, photos: Path) -> None:
    check = begin(taught, photos, goal=80)
    first = check.next_photos(1)[0]
    needed = check.needed
    check = answer_sample(taught.collection, check, first.photo_id, CheckAnswer.WRONG)
    assert needed is not None
    assert check.needed is not None
    assert check.needed > needed
    assert taught.collection.labels.get([first.photo_id]) == {}
    check = answer_all(taught, check, CheckAnswer.WRONG)
    assert check.missed
    assert (
        str(check.statement)
        == f"Fewer than 80 of 100 are right, 95 % sure ({check.checked} of 30 checked, {check.checked} wrong)."
    )
    assert check.done


def test_a_suggestion_that_is_wrong_is_never_made_again(taught: Engine, photos: Path) -> None:
    check = begin(taught, photos)
    first, collection = check.next_photos(1)[0], taught.collection
    asked = np.array([first.photo_id], np.int64)
    check = answer_sample(collection, check, first.photo_id, CheckAnswer.WRONG)
    assert collection.answers.get(asked)[first.photo_id].rejected == {first.class_id}
    found = predictions_for(taught, asked, None)
    assert found is not None
    assert found.probabilities[0, found.class_ids == first.class_id].tolist() == [0]
    for answer in (CheckAnswer.SKIPPED, CheckAnswer.RIGHT, None):
        check = answer_sample(collection, check, first.photo_id, answer)
        assert collection.answers.get(asked) == {}
        assert check.answers.get(first.photo_id) is answer
        check = answer_sample(collection, check, first.photo_id, CheckAnswer.WRONG)
    check, before = answer_sample_undoably(collection, check, first.photo_id, CheckAnswer.RIGHT)
    check = take_back_answer(collection, check, first.photo_id, CheckAnswer.WRONG, before)
    assert collection.answers.get(asked)[first.photo_id].rejected == {first.class_id}
    assert check.answers[first.photo_id] is CheckAnswer.WRONG


def test_an_answer_can_be_changed_and_taken_back(taught: Engine, photos: Path) -> None:
    check = begin(taught, photos)
    first = check.next_photos(1)[0].photo_id
    check = answer_sample(taught.collection, check, first, CheckAnswer.RIGHT)
    check = answer_sample(taught.collection, check, first, CheckAnswer.WRONG)
    assert (check.checked, check.wrong, taught.collection.labels.get([first])) == (1, 1, {})
    check = answer_sample(taught.collection, check, first, None)
    assert (check.checked, check.next_photos(1)[0].photo_id) == (0, first)
    assert begin(taught, photos).checked == 0


def test_a_mark_that_the_label_removed_comes_back_with_undo(taught: Engine, photos: Path) -> None:
    check, collection = begin(taught, photos), taught.collection
    first = check.next_photos(1)[0].photo_id
    said = {first: PhotoAnswers(mark=Mark.DONT_KNOW)}
    collection.answers.put(said)
    check, before = answer_sample_undoably(collection, check, first, CheckAnswer.RIGHT)
    assert (first in collection.labels.get([first]), collection.answers.get([first])) == (True, {})
    check = take_back_answer(collection, check, first, None, before)
    assert (check.checked, collection.labels.get([first]), collection.answers.get([first])) == (0, {}, said)


def test_a_label_given_elsewhere_answers_too(taught: Engine, photos: Path) -> None:
    check = begin(taught, photos)
    first, second = check.next_photos(2)
    other = next(entry.id for entry in taught.collection.classes.all() if entry.id != second.class_id)
    taught.collection.labels.assign([first.photo_id], first.class_id, LabelOrigin.PERSON)
    taught.collection.labels.assign([second.photo_id], other, LabelOrigin.PERSON)
    again = begin(taught, photos)
    assert (again.checked, again.wrong) == (2, 1)


def test_of_five_photos_every_one_is_asked_about(taught: Engine, tmp_path: Path) -> None:
    draw_photos(tmp_path / "five", "red", 5, first=700)
    check = begin(taught, tmp_path / "five")
    assert check.needed == 5
    check = answer_all(taught, check, count=4)
    assert not check.done
    assert str(check.statement) == "At least 80 of 100 are right, 95 % sure (4 of 5 checked, 0 wrong)."
    assert str(check.outlook) == "1 more photo, if it is right, makes it 98 of 100."
    check = answer_all(taught, check)
    assert str(check.statement) == "All photos are checked: 5 of 5 are right."
    assert (check.done, check.outlook) == (True, None)
    assert begin(taught, tmp_path / "five").statement == check.statement  # with nothing without a label left


def test_one_photo_is_its_own_sample(taught: Engine, tmp_path: Path) -> None:
    (alone,) = draw_photos(tmp_path / "one", "red", 1, first=800)
    check = answer_all(taught, begin(taught, tmp_path / "one"), CheckAnswer.WRONG)
    assert (check.done, str(check.statement)) == (True, "All photos are checked: 0 of 1 are right.")
    assert check.photo_at(alone) is not None


def test_skipped_photos_count_as_wrong_and_are_asked_about_again(taught: Engine, tmp_path: Path) -> None:
    draw_photos(tmp_path / "five", "red", 5, first=700)
    check = begin(taught, tmp_path / "five")
    first = check.next_photos(1)[0]
    check = answer_sample(taught.collection, check, first.photo_id, CheckAnswer.SKIPPED)
    assert (check.missed, check.done) == (False, False)  # it may be right
    assert (len(check.next_photos()), check.next_photos()[4]) == (5, first)
    assert str(check.outlook) == "To reach 98 of 100, answer the photos you skipped."
    check = begin(taught, tmp_path / "five", goal=80)
    check = answer_all(taught, check, count=4)
    assert (
        str(check.statement) == "At least 80 of 100 are right, 95 % sure (4 of 5 checked, 0 wrong, 1 skipped or gone)."
    )


def test_photos_that_vanish_count_as_wrong_until_they_are_back(taught: Engine, photos: Path, tmp_path: Path) -> None:
    check = answer_all(taught, begin(taught, photos, goal=80), count=3)
    gone = check.next_photos(1)[0]
    aside = shutil.move(gone.path, tmp_path / "aside.jpg")
    check = begin(taught, photos, goal=80)
    assert (check.checked, check.skipped, check.photos, check.withdrawn) == (3, 1, 30, "")
    assert gone not in check.next_photos(30)
    assert check.needed is not None
    assert check.needed > 9
    shutil.move(aside, gone.path)
    again = begin(taught, photos, goal=80)
    assert (again.skipped, again.next_photos(1)[0].photo_id) == (0, gone.photo_id)


def test_where_every_photo_vanished_there_is_nothing_left_to_ask(taught: Engine, photos: Path) -> None:
    check = answer_all(taught, begin(taught, photos), count=3)
    for path in photos.rglob("*.jpg"):
        path.unlink()
    check = begin(taught, photos)
    assert (check.done, check.next_photos(), check.checked, check.skipped, check.reached) == (True, (), 3, 27, False)


@pytest.mark.parametrize("change", ["model", "photos", "suggestions"])
def test_it_is_withdrawn_where_the_suggestions_change_and_says_so_once(
    taught: Engine, photos: Path, change: str
) -> None:
    check = answer_all(taught, begin(taught, photos), count=5)
    why = {
        "model": "another model is in use now",
        "photos": "there are new photos",
        "suggestions": "the suggestions have changed since",
    }[change]
    if change == "model":
        retrain(taught, RetrainRequest(), silent, CancelToken())
    elif change == "photos":
        draw_photos(photos, "red", 1, first=600)
    else:
        merged, into = (taught.collection.classes.resolve(name, ClassOrigin.PERSON).id for name in ("red", "blue"))
        taught.collection.classes.merge(merged, into)
    again = begin(taught, photos)
    assert again.sample.id != check.sample.id
    assert again.withdrawn == (
        f"The check of {check.sample.started_at[:10]} does not hold any more (5 of 30 checked, 0 wrong): {why}."
    )
    assert again.checked == 0
    assert again.photos == 25 + (change == "photos")  # those with a label now are none of the new sample
    assert begin(taught, photos).withdrawn == ""


def suggest_another(engine: Engine, check: CheckedSample, photo_ids: list[int]) -> None:
    """Move photos to the next class, as labels of photos near them may do."""
    named = model_for(engine, "resnet50")
    assert named is not None
    ids = np.sort(np.array(photo_ids, np.int64))
    meant = engine.collection.classes.meant_by(named.model.class_names)
    terms = np.zeros((len(ids), len(meant)), np.float32)
    for row, photo_id in enumerate(ids.tolist()):
        terms[row, (meant.index(check.suggestion(photo_id)) + 1) % len(meant)] = 1000
    key = (named.model.ood_detector.key, named.model.class_names)
    engine.folder_terms = FolderTerms(key, ids, np.arange(len(ids)), terms)


def known(engine: Engine, folder: Path, goal: int) -> CheckedSample:
    return check_known_sample(engine, CheckSampleRequest(folder, goal), silent, CancelToken())


def test_an_answer_that_changes_the_suggestion_of_its_photo_withdraws_nothing(taught: Engine, photos: Path) -> None:
    check = begin(taught, photos)
    right, wrong = check.next_photos(2)
    check = answer_sample(taught.collection, check, right.photo_id, CheckAnswer.RIGHT)
    answer_sample(taught.collection, check, wrong.photo_id, CheckAnswer.WRONG)
    suggest_another(taught, check, [right.photo_id, wrong.photo_id])
    again = known(taught, photos, 98)
    assert (again.withdrawn, again.sample.id, again.checked, again.wrong) == ("", check.sample.id, 2, 1)
    assert again.changed == 0


def test_another_suggestion_for_a_photo_without_an_answer_counts_as_wrong(taught: Engine, photos: Path) -> None:
    check = answer_all(taught, begin(taught, photos, goal=80))
    assert check.at_least == 80
    later = check.sample.photo_ids[-1:].tolist()
    suggest_another(taught, check, later)
    again = known(taught, photos, 80)
    assert (again.withdrawn, again.sample.id, again.changed) == ("", check.sample.id, 1)
    assert (again.at_least, again.reached, again.missed) == (76, False, False)  # one of 30 is 4 of 100
    tally = "11 of 30 checked, 0 wrong, 1 suggested otherwise by now"
    assert str(again.statement) == f"At least 76 of 100 are right, 95 % sure ({tally})."
    again = answer_all(taught, again)
    assert again.reached
    taught.collection.labels.assign(later, check.suggestion(later[0]), LabelOrigin.PERSON)
    assert known(taught, photos, 80).changed == 0


def test_it_is_withdrawn_where_too_many_suggestions_change_for_the_goal(taught: Engine, photos: Path) -> None:
    check = answer_all(taught, begin(taught, photos, goal=80), count=5)
    suggest_another(taught, check, check.sample.photo_ids[-7:].tolist())
    again = known(taught, photos, 80)
    assert again.sample.id != check.sample.id
    assert "the suggestions have changed since" in str(again.withdrawn)


@pytest.mark.parametrize("mark", [Mark.NONE, Mark.NOT_MINE])
def test_a_drawn_suggestion_that_is_rejected_is_wrong(taught: Engine, photos: Path, mark: Mark) -> None:
    check = begin(taught, photos)
    first = check.next_photos(1)[0]
    rejected = frozenset({first.class_id}) if mark is Mark.NONE else frozenset()
    taught.collection.answers.put({first.photo_id: PhotoAnswers(rejected, mark)})
    again = begin(taught, photos)
    assert (again.withdrawn, again.sample.id, again.checked, again.wrong) == ("", check.sample.id, 1, 1)


def test_a_photo_that_the_person_does_not_know_is_skipped(taught: Engine, photos: Path) -> None:
    check = begin(taught, photos)
    first = check.next_photos(1)[0]
    taught.collection.answers.put({first.photo_id: PhotoAnswers(mark=Mark.DONT_KNOW)})
    again = begin(taught, photos)
    assert (again.withdrawn, again.checked, again.skipped) == ("", 0, 1)


def test_none_is_asked_about_where_none_is_wanted(taught: Engine, photos: Path) -> None:
    assert begin(taught, photos).next_photos(0) == ()


def test_only_what_a_sort_would_file_is_drawn(taught: Engine, photos: Path) -> None:
    rows = begin(taught, photos).rows
    sure = int((rows.verdicts == Verdict.SURE).sum())
    assert 0 < sure < 30
    assert begin(taught, photos, include=Include.SURE).photos == sure


def none_certain(monkeypatch: pytest.MonkeyPatch, *verdicts: Verdict) -> None:
    """Let the check see photos with these verdicts, in turn."""

    def rows_of(engine: Engine, roots: tuple[Path, ...]) -> PhotoRows:
        rows = folder_rows(engine, roots)
        return replace(rows, verdicts=np.resize(np.array(verdicts, np.uint8), len(rows)))

    monkeypatch.setattr(check_sample_module, "folder_rows", rows_of)


def test_where_none_is_sure_the_likely_ones_are_checked_and_it_says_so(
    taught: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = CheckSampleRequest(photos, 80, Include.SURE)
    predict_folder(taught, PredictFolderRequest(photos), silent, CancelToken())
    none_certain(monkeypatch, Verdict.LIKELY, Verdict.UNSURE, Verdict.UNKNOWN)
    check = check_known_sample(taught, request, silent, CancelToken())
    assert (check.photos, check.sample.include) == (10, Include.LIKELY)
    assert check.widened == "No suggestion is sure here, so the likely ones are checked too."
    again = check_known_sample(taught, request, silent, CancelToken())
    assert (again.sample.id, again.widened) == (check.sample.id, check.widened)
    assert check_known_sample(taught, replace(request, include=Include.LIKELY), silent, CancelToken()).widened == ""
    none_certain(monkeypatch, Verdict.UNSURE, Verdict.UNKNOWN)
    wider = check_known_sample(taught, replace(request, roots=photos / "2026"), silent, CancelToken())
    assert (wider.photos, wider.sample.include) == (15, Include.ALL)
    assert "sure or likely" in wider.widened
    none_certain(monkeypatch, Verdict.UNKNOWN)
    with pytest.raises(TooFewPhotos, match="all photos without an answer look like none of your classes"):
        check_known_sample(taught, CheckSampleRequest(photos, 80, seed=1), silent, CancelToken())


def predicted(engine: Engine, folder: Path) -> PredictFolderResult:
    return predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())


def test_a_prediction_states_what_the_check_proved_in_place_of_an_estimate(
    taught: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimated = text("About 65 of 100 suggestions are right here; check 20 photos to know.")
    monkeypatch.setattr(predict_folder_module, "accuracy_note", lambda _: estimated)
    check = begin(taught, photos, include=Include.LIKELY)
    assert predicted(taught, photos).accuracy_note == estimated, "nothing is proved yet"
    check = answer_all(taught, check, count=9)
    assert check.at_least > 0
    assert str(predicted(taught, photos).accuracy_note) == (
        f"Check of the sure and likely suggestions: {check.statement}"
    )
    check = answer_all(taught, begin(taught, photos), count=9)
    later = check.sample.photo_ids[-3:].tolist()
    suggest_another(taught, check, later)
    stated = str(checked_note(taught, (photos,), folder_rows(taught, (photos,)), None))
    assert stated.startswith("Check of a sample: At least "), "also where a higher goal is out of reach"
    assert stated.endswith("3 suggested otherwise by now).")
    retrain(taught, RetrainRequest(), silent, CancelToken())
    assert predicted(taught, photos).accuracy_note == estimated, "another model made the suggestions"


def test_the_order_depends_on_the_seed_and_not_on_the_names_of_the_files(
    taught: Engine, photos: Path, tmp_path: Path
) -> None:
    drawn = begin(taught, photos).sample.photo_ids.tolist()
    (tmp_path / "renamed").mkdir()
    for number, path in enumerate(sorted(photos.rglob("*.jpg"), reverse=True)):
        shutil.copy(path, tmp_path / "renamed" / f"{number}.jpg")
    assert begin(taught, tmp_path / "renamed").sample.photo_ids.tolist() == drawn
    assert sorted(drawn) != drawn


def test_two_copies_of_a_photo_are_one(taught: Engine, photos: Path) -> None:
    shutil.copy(photos / "2026" / "red_0.jpg", photos / "copy.jpg")
    assert begin(taught, photos).photos == 30


def test_where_there_is_nothing_to_check_it_says_why(taught: Engine, learned: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TooFewPhotos, match="There is nothing to check: there are no photos in the folder"):
        begin(taught, tmp_path / "empty")
    with pytest.raises(TooFewPhotos, match="every photo has a label or another answer"):
        begin(taught, learned / "sorted")


def test_where_all_photos_are_unknown_or_not_mine_there_is_nothing_to_check(
    taught: Engine, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict_folder(taught, PredictFolderRequest(photos), silent, CancelToken())
    rows = folder_rows(taught, (photos,))
    unknown = replace(rows, verdicts=np.full(len(rows), int(Verdict.UNKNOWN), np.uint8))
    monkeypatch.setattr(check_sample_module, "folder_rows", lambda *_: unknown)
    with pytest.raises(TooFewPhotos, match=r"look like none of your classes, so none would be sorted.*Label some"):
        check_known_sample(taught, CheckSampleRequest(photos), silent, CancelToken())
    not_mine = replace(unknown, marks=np.full(len(rows), int(Mark.NOT_MINE), np.uint8), class_ids=rows.class_ids * 0)
    monkeypatch.setattr(check_sample_module, "folder_rows", lambda *_: not_mine)
    with pytest.raises(TooFewPhotos, match="every photo has a label or another answer"):
        check_known_sample(taught, CheckSampleRequest(photos), silent, CancelToken())


def test_a_missed_goal_leads_to_a_lower_one_with_the_same_answers(taught: Engine, photos: Path) -> None:
    check = begin(taught, photos, goal=99)
    check = answer_sample(taught.collection, check, check.next_photos(1)[0].photo_id, CheckAnswer.WRONG)
    assert (check.missed, check.done, check.lower_goal) == (True, True, 95)
    again = answer_all(taught, begin(taught, photos, goal=95), count=20)
    assert (again.wrong, again.checked, again.lower_goal) == (1, 21, None)
    bound = f"Fewer than 99 of 100 are right, but at least {again.at_least} are, each 95 % sure"
    assert replace(again, goal=99).statement == f"{bound} (21 of 30 checked, 1 wrong)."


def test_an_answer_about_a_class_deleted_meanwhile_is_not_stored(taught: Engine, photos: Path) -> None:
    check = begin(taught, photos)
    first = check.next_photos(1)[0]
    use_model(taught, None)
    taught.collection.classes.delete(first.class_id)
    with pytest.raises(UserError, match="the suggested class was deleted"):
        answer_sample(taught.collection, check, first.photo_id, CheckAnswer.RIGHT)
    assert taught.collection.sample_checks.answers(check.sample.id) == {}


def test_an_offer_says_what_a_check_would_ask_and_what_a_stored_one_proves(taught: Engine, photos: Path) -> None:
    request = CheckSampleRequest(photos, 80)
    check_sample(taught, replace(request, goal=90, include=Include.SURE, seed=1), silent, CancelToken())
    offer = sample_offer(taught, request)
    assert (offer.photos, offer.check) == (30, None), "another sort was checked"
    assert 0 < offer.needed < 30
    assert taught.collection.sample_checks.find((photos,), Include.ALL) is None, "nothing is drawn"
    check = begin(taught, photos, goal=80)
    wrong = check.next_photos(2)[1]
    answer_sample(taught.collection, check, check.next_photos(1)[0].photo_id, CheckAnswer.RIGHT)
    answer_sample(taught.collection, check, wrong.photo_id, CheckAnswer.WRONG)
    offer = sample_offer(taught, request)
    assert offer.check is not None
    assert (offer.check.checked, offer.check.wrong, offer.photos) == (2, 1, 28), "one labelled, one without suggestion"
    rows = folder_rows(taught, (photos,))
    first = rows.take(np.flatnonzero(rows.place_ids == offer.doubtful[0]))
    assert first.photo_ids.tolist() == [wrong.photo_id], "a wrong suggestion is looked at first"
    assert len(offer.doubtful) == 29


def test_a_photo_left_out_of_its_suggestion_is_neither_counted_nor_drawn(taught: Engine, photos: Path) -> None:
    begin(taught, photos, include=Include.SURE)  # reads the photos
    rows = folder_rows(taught, (photos,))
    outside, other = 4, 7
    left_out = {
        int(rows.photo_ids[outside]): int(rows.class_ids[outside]),
        int(rows.photo_ids[other]): int(rows.class_ids[other]) + 1,  # it has another suggestion since
    }
    request = CheckSampleRequest(photos, 80, left_out=left_out)
    offer = sample_offer(taught, request)
    assert offer.photos == 29
    assert int(rows.place_ids[outside]) not in offer.doubtful.tolist()
    check = check_known_sample(taught, request, silent, CancelToken())
    assert check.photos == 29
    assert int(rows.photo_ids[outside]) not in check.sample.photo_ids.tolist()
