"""The label doctor and its advice: what is doubted, kept, moved, contradicted; what to label next."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flowersorter.domain.label import LabelOrigin
from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.label_errors import (
    LabelErrorsRequest,
    LabelErrorsResult,
    find_duplicate_labels,
    find_label_errors,
    keep,
    keep_no_longer,
    too_early_in_words,
)
from flowersorter.workflows.evaluation.label_next import LabelNextRequest, LabelNextResult, label_next
from flowersorter.workflows.labelling.pending_labels import LabelStep, PendingLabels
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.unit.workflows.conftest import draw_photos


def trained(engine: Engine, folder: Path) -> None:
    train_folder(engine, TrainFolderRequest(folder), silent, CancelToken())


def doubts_of(engine: Engine) -> LabelErrorsResult:
    return find_label_errors(engine, LabelErrorsRequest(), silent, CancelToken())


def advice_for(engine: Engine, folder: Path | None = None, count: int = 10) -> LabelNextResult:
    return label_next(engine, LabelNextRequest(folder, count), silent, CancelToken())


def asked_for(advice: LabelNextResult) -> list[int]:
    """The ids of the photos to label, with those that look like them."""
    return [photo.photo_id for group in advice.next for photo in group.photos]


def class_id(collection: CollectionStore, name: str) -> int:
    found = collection.classes.find(name)
    assert found is not None
    return found.id


@pytest.fixture
def misfiled(sorted_photos: Path) -> Path:
    """Two red photos stand in the folder of the green ones."""
    draw_photos(sorted_photos / "green", "red", 2, first=500)
    return sorted_photos


def test_misfiled_photos_are_doubted_with_their_reason(engine: Engine, misfiled: Path) -> None:
    trained(engine, misfiled)
    result = doubts_of(engine)
    red, green = class_id(engine.collection, "red"), class_id(engine.collection, "green")
    assert {each.path.name for each in result.doubts} == {"red_500.jpg", "red_501.jpg"}
    for each in result.doubts:
        assert (each.class_id, each.better_id, each.also_at) == (green, red, None)
        assert 0.5 < each.doubt <= 1
        assert len(each.like_better) == 3
        assert all(alike.path is not None and alike.path.parent.name == "red" for alike in each.like_better)
        assert all(alike.path is not None and alike.path.parent.name == "green" for alike in each.like_label)
        assert each.photo_id not in {alike.photo_id for alike in (*each.like_label, *each.like_better)}
    (group,) = result.groups
    assert (group.class_id, group.better_id) == (green, red)
    assert group.photo_ids == tuple(each.photo_id for each in result.doubts)
    assert (result.checked, result.kept, result.unmeasured) == (26, 0, ())


def test_where_all_is_right_nothing_is_doubted(engine: Engine, sorted_photos: Path) -> None:
    trained(engine, sorted_photos)
    result = doubts_of(engine)
    assert (result.doubts, result.groups, result.checked) == ((), (), 24)


def test_few_labels_that_the_model_gets_wrong_are_not_doubted(engine: Engine, tmp_path: Path) -> None:
    for number, name in enumerate(("one", "two")):  # photos that nothing tells apart
        draw_photos(tmp_path / "alike" / name, "red", 8, first=10 * number)
    trained(engine, tmp_path / "alike")
    result = doubts_of(engine)
    assert result.accuracy is not None
    assert result.accuracy < 0.8
    assert (result.too_early, result.doubts, result.checked) == (True, (), 16)
    assert "too few labels to doubt any" in too_early_in_words(result)
    assert "16 labels right. Label about 20 photos of each class first." in too_early_in_words(result)


def test_what_is_kept_stays_quiet_until_its_label_changes(engine: Engine, misfiled: Path) -> None:
    trained(engine, misfiled)
    first, second = doubts_of(engine).doubts
    keep(engine.collection, first.photo_id, first.class_id, first.better_id)
    result = doubts_of(engine)
    assert [each.photo_id for each in result.doubts] == [second.photo_id]
    assert result.kept == 1
    # Once it was called something else, what was kept says nothing of that.
    assign(engine.collection, [first.photo_id], class_id(engine.collection, "blue"))
    assert first.photo_id in {each.photo_id for each in doubts_of(engine).doubts}
    assign(engine.collection, [first.photo_id], first.class_id)
    assert first.photo_id not in {each.photo_id for each in doubts_of(engine).doubts}
    keep_no_longer(engine.collection, first.photo_id, first.class_id, first.better_id)
    assert first.photo_id in {each.photo_id for each in doubts_of(engine).doubts}


def test_what_is_moved_is_a_label_of_the_person_and_can_be_taken_back(engine: Engine, misfiled: Path) -> None:
    trained(engine, misfiled)
    first = doubts_of(engine).doubts[0]
    labels, moved = PendingLabels(engine.collection), LabelStep({first.photo_id: first.better_id}, {})
    labels.apply(moved)
    label_now = engine.collection.labels.get([first.photo_id])[first.photo_id]
    assert (label_now.class_id, label_now.origin) == (first.better_id, LabelOrigin.PERSON)
    assert first.photo_id not in {each.photo_id for each in doubts_of(engine).doubts}
    labels.take_back(moved)
    assert first.photo_id in {each.photo_id for each in doubts_of(engine).doubts}


def test_a_class_with_too_few_photos_is_named_and_stops_nobody(engine: Engine, misfiled: Path) -> None:
    draw_photos(misfiled / "yellow", "yellow", 2)
    trained(engine, misfiled)
    result = doubts_of(engine)
    assert len(result.doubts) == 2
    assert [(each.name, each.photos, each.few) for each in result.unmeasured] == [("yellow", 2, True)]


def test_without_labels_or_with_one_a_class_there_is_too_little_to_doubt(engine: Engine, photos: Path) -> None:
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    with pytest.raises(TooFewPhotos, match="at least two classes"):
        doubts_of(engine)
    for photo_id, name in zip(rows.photo_ids.tolist(), ("morel", "chanterelle"), strict=False):
        assign(engine.collection, [photo_id], engine.collection.classes.add(name).id)
    with pytest.raises(TooFewPhotos, match="at least two classes"):
        doubts_of(engine)


def test_a_photo_that_is_nowhere_is_not_shown(engine: Engine, misfiled: Path) -> None:
    trained(engine, misfiled)
    (misfiled / "green" / "red_500.jpg").unlink()
    predict_folder(engine, PredictFolderRequest(misfiled), silent, CancelToken())
    assert {each.path.name for each in doubts_of(engine).doubts} == {"red_501.jpg"}


# -- the same bytes in two class folders


def test_the_same_photo_in_two_class_folders_is_seen_and_comes_first(engine: Engine, misfiled: Path) -> None:
    shutil.copy(misfiled / "blue" / "blue_103.jpg", misfiled / "red" / "copy.jpg")
    trained(engine, misfiled)
    first, *others = doubts_of(engine).doubts
    assert first.also_at is not None
    assert {first.path, first.also_at} == {misfiled / "blue" / "blue_103.jpg", misfiled / "red" / "copy.jpg"}
    assert {first.class_id, first.better_id} == {
        class_id(engine.collection, "blue"),
        class_id(engine.collection, "red"),
    }
    assert first.path.parent.name == next(c.name for c in engine.collection.classes.all() if c.id == first.class_id)
    assert first.doubt == 1
    assert first.photo_id not in {each.photo_id for each in others}
    assert len(others) == 2


def test_a_contradiction_ends_when_the_person_says_which_or_keeps_it(engine: Engine, sorted_photos: Path) -> None:
    for number in (100, 101):
        shutil.copy(sorted_photos / "blue" / f"blue_{number}.jpg", sorted_photos / "red")
    trained(engine, sorted_photos)
    one, two = doubts_of(engine).doubts
    assign(engine.collection, [one.photo_id], class_id(engine.collection, "blue"))
    keep(engine.collection, two.photo_id, two.class_id, two.better_id)
    assert doubts_of(engine).doubts == () or all(each.also_at is None for each in doubts_of(engine).doubts)


def test_contradictions_are_told_even_where_there_is_too_little_to_learn(engine: Engine, tmp_path: Path) -> None:
    photo, _ = draw_photos(tmp_path / "sorted" / "red", "red", 2)
    draw_photos(tmp_path / "sorted" / "blue", "blue", 1)
    shutil.copy(photo, tmp_path / "sorted" / "blue" / "same.jpg")
    trained(engine, tmp_path / "sorted")
    (only,) = doubts_of(engine).doubts
    assert only.also_at is not None
    alone = find_duplicate_labels(engine.collection)
    assert alone.doubts == (only,)
    assert [group.photo_ids for group in alone.groups] == [(only.photo_id,)]
    keep(engine.collection, only.photo_id, only.class_id, only.better_id)
    assert (find_duplicate_labels(engine.collection).doubts, find_duplicate_labels(engine.collection).kept) == ((), 1)


def test_copies_in_one_class_or_in_folders_without_one_contradict_nothing(engine: Engine, tmp_path: Path) -> None:
    # The home is called like a class, and so is what both copies share.
    home = tmp_path / "red" / "pictures"
    for colour in ("red", "blue"):
        draw_photos(home / colour, colour, 4)
    shutil.copytree(home / "blue", home / "blue" / "2026")
    shutil.copytree(home / "blue", home / "unsorted")
    trained(engine, home)
    assert [each for each in doubts_of(engine).doubts if each.also_at is not None] == []


# -- what to label next


def test_advice_tells_how_good_each_class_is_and_what_to_label_next(
    engine: Engine, sorted_photos: Path, photos: Path
) -> None:
    trained(engine, sorted_photos)
    predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    advice = advice_for(engine, photos, 6)
    assert {each.name for each in advice.classes} == {"red", "green", "blue"}
    for each in (advice.overall, *advice.classes):
        assert each.accuracy == 1.0
        assert each.gain is not None
        assert each.gain.low <= each.gain.likely <= each.gain.high
        assert each.gain.likely >= 0
        assert each.interval[0] < 1.0 == each.interval[1]
    assert advice.overall.photos == 24
    assert {each.photos for each in advice.classes} == {8}
    assert advice.unlabelled == 30
    assert len({each.photo_id for each in advice.next}) == 6
    assert all(each.path.is_relative_to(photos) for each in advice.next)
    for group in advice.next:
        shares = [share for _, share in group.top]
        assert 1 <= len(shares) <= 3
        assert shares == sorted(shares, reverse=True)


def test_what_was_passed_over_is_not_asked_for_again(engine: Engine, photos: Path) -> None:
    predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    first = frozenset(asked_for(advice_for(engine, count=2)))
    request = LabelNextRequest(passed_over=first)
    again = label_next(engine, request, silent, CancelToken())
    assert again.next
    assert not first & set(asked_for(again))
    assert again.unlabelled == 30 - len(first)


def test_labelled_photos_are_not_asked_for_and_copies_only_once(engine: Engine, photos: Path) -> None:
    for file in sorted((photos / "2026").glob("red_*.jpg")):
        shutil.copy(file, photos / f"copy_{file.name}")
    rows = predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken()).rows
    done = [int(i) for i, path in zip(rows.photo_ids, rows.paths, strict=True) if "blue" in path.name]
    assign(engine.collection, done, engine.collection.classes.add("blue").id)
    advice = advice_for(engine, photos, 100)
    asked = asked_for(advice)
    assert len(asked) == len(set(asked)) == advice.unlabelled == 20
    assert not set(asked) & set(done)


def test_before_there_are_labels_there_is_advice_already_but_no_figures(engine: Engine, photos: Path) -> None:
    predict_folder(engine, PredictFolderRequest(photos), silent, CancelToken())
    advice = advice_for(engine)
    assert len(asked_for(advice)) == 30
    assert {photo.path.name.split("_")[0] for photo in advice.next[:3]} == {"red", "green", "blue"}
    assert advice.classes == ()
    assert (advice.overall.accuracy, advice.overall.gain, advice.overall.enough) == (None, None, False)


def test_nothing_to_choose_from_and_an_empty_collection_are_no_errors(engine: Engine, sorted_photos: Path) -> None:
    assert advice_for(engine).next == ()
    trained(engine, sorted_photos)
    advice = advice_for(engine)
    assert (advice.next, advice.unlabelled) == ((), 0)
    assert advice.overall.accuracy == 1.0


def test_what_nothing_is_known_of_comes_first(engine: Engine, sorted_photos: Path) -> None:
    draw_photos(sorted_photos / "yellow", "yellow", 1)
    trained(engine, sorted_photos)
    advice = advice_for(engine)
    assert advice.classes[0].name == "yellow"
    assert advice.classes[0].accuracy is None
    assert not advice.classes[0].enough
