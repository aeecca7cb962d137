"""Groups of look-alike photos: of photos without a label only, named in one action, also in awkward folders."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from flowersorter.commands.labelling.groups import in_words
from flowersorter.domain.photo_answers import Mark, PhotoAnswers
from flowersorter.errors import ClassRefused, PhotoUnreadable
from flowersorter.jobs import CancelToken, silent
from flowersorter.photos.scanning.scan_options import ScanOptions
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.label_next import LabelNextRequest, label_next
from flowersorter.workflows.labelling.choose_groups import MOST_STACKED, GroupedPhotos, stacks_of
from flowersorter.workflows.labelling.groups import (
    GroupLabels,
    GroupsRequest,
    GroupsResult,
    LabelGroupRequest,
    find_groups,
    label_group,
)
from flowersorter.workflows.models.current_model import model_for
from flowersorter.workflows.predicting.folder_adaptation import FolderTerms
from flowersorter.workflows.predicting.photo_details import predictions_for
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.predicting.scan_scope import remember_scan_options
from tests.drawing import four_corners, textured, write_jpeg
from tests.unit.workflows.conftest import draw_photos

EVERY_ANSWERED = "Every photo here has a label, or you answered that it is not yours or that you don't know."


def groups_of(engine: Engine, folder: Path, count: int | None = None) -> GroupsResult:
    predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
    return find_groups(engine, GroupsRequest(folder, count), silent, CancelToken())


def named(engine: Engine, paths: list[Path], name: str) -> GroupLabels:
    return label_group(engine, LabelGroupRequest(tuple(paths), name), silent, CancelToken())


def colours(result: GroupsResult) -> list[set[str]]:
    return [{photo.path.name.partition("_")[0] for photo in group.photos} for group in result.groups]


def test_every_photo_without_a_label_is_in_one_group_of_its_colour(engine: Engine, photos: Path) -> None:
    result = groups_of(engine, photos)
    paths = [photo.path for group in result.groups for photo in group.photos]
    assert sorted(paths) == sorted((photos / "2026").iterdir())
    assert all(len(each) == 1 for each in colours(result))
    assert set().union(*colours(result)[:3]) == {"red", "green", "blue"}
    assert (result.unlabelled, result.answered) == (30, 0)
    assert [group.photos for group in groups_of(engine, photos, 2).groups] == [
        group.photos for group in result.groups[:2]
    ]


def test_a_group_is_named_at_once_and_the_others_stay_as_they_are(engine: Engine, photos: Path) -> None:
    before = groups_of(engine, photos)
    first = before.groups[0]
    *others, odd = (photo.path for photo in first.photos)
    done = named(engine, others, "poppy")
    assert (done.class_name, done.labelled, dict(done.unreadable)) == ("poppy", tuple(others), {})
    assert set(engine.collection.labels.class_ids()) == {photo.photo_id for photo in first.photos if photo.path != odd}
    after = groups_of(engine, photos)
    assert after.answered == len(others)
    left = {frozenset(photo.path for photo in group.photos) for group in after.groups}
    assert left == {frozenset({odd})} | {frozenset(photo.path for photo in group.photos) for group in before.groups[1:]}


def test_photos_of_a_group_that_vanished_are_named_and_the_others_labelled(engine: Engine, photos: Path) -> None:
    first, second = [[photo.path for photo in group.photos] for group in groups_of(engine, photos).groups[:2]]
    first[0].unlink()
    done = named(engine, first, "poppy")
    assert done.labelled == tuple(first[1:])
    assert list(done.unreadable) == first[:1]
    assert all(first[0] not in [photo.path for photo in group.photos] for group in groups_of(engine, photos).groups)
    for path in second:
        path.unlink()
    with pytest.raises(PhotoUnreadable, match="None of the photos of this group can be read any more"):
        named(engine, second, "lily")
    assert engine.collection.classes.find("lily") is None


def test_a_group_has_the_suggestion_that_is_shown_under_its_photos(engine: Engine, photos: Path) -> None:
    before = groups_of(engine, photos)
    starter = model_for(engine, "resnet50")
    assert starter is not None
    ids = np.array(sorted(group.photo_id for group in before.groups), np.int64)
    terms = np.zeros((1, len(starter.model.class_names)), np.float32)
    terms[0, 3] = 1000
    key = (starter.model.ood_detector.key, starter.model.class_names)
    engine.folder_terms = FolderTerms(key, ids, np.zeros(len(ids), np.intp), terms)
    shown = predictions_for(engine, ids)
    assert shown is not None
    for group in find_groups(engine, GroupsRequest(photos), silent, CancelToken()).groups:
        assert group.top[0] == shown.top(group.photo_id, 1)[0]


@pytest.mark.parametrize("mark", [Mark.NOT_MINE, Mark.DONT_KNOW])
def test_photos_with_another_answer_are_in_no_group(engine: Engine, photos: Path, mark: Mark) -> None:
    marked = [photo.photo_id for photo in groups_of(engine, photos).groups[0].photos]
    engine.collection.answers.put(dict.fromkeys(marked, PhotoAnswers(mark=mark)))
    after = groups_of(engine, photos)
    assert after.answered == len(marked)
    assert not set(marked) & {photo.photo_id for group in after.groups for photo in group.photos}


def test_a_bad_name_labels_nothing(engine: Engine, photos: Path) -> None:
    paths = [photo.path for photo in groups_of(engine, photos).groups[0].photos]
    with pytest.raises(ClassRefused):
        named(engine, paths, " ")
    assert not engine.collection.labels.class_ids()


def test_a_folder_of_one_photo(engine: Engine, tmp_path: Path) -> None:
    [photo] = draw_photos(tmp_path / "one", "red", 1)
    result = groups_of(engine, tmp_path / "one")
    assert [[each.path for each in group.photos] for group in result.groups] == [[photo]]
    assert in_words(result) == "One photo here has no label, copies counted once, so there is nothing to group."
    named(engine, [photo], "poppy")
    labelled = groups_of(engine, tmp_path / "one")
    assert (labelled.groups, in_words(labelled)) == ((), EVERY_ANSWERED)


def test_a_folder_without_readable_photos(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.jpg").write_bytes(b"no picture")
    result = groups_of(engine, tmp_path / "broken")
    assert (result.groups, in_words(result)) == ((), "No photo here can be read.")


def test_a_folder_of_one_burst_is_one_group_of_one_photo(engine: Engine, tmp_path: Path) -> None:
    for second in range(6):
        taken = datetime(2026, 5, 1, 10, 0, second)
        write_jpeg(tmp_path / f"IMG_{second}.jpg", textured(seed=second), taken_at=taken)
    result = groups_of(engine, tmp_path)
    assert [len(group.photos) for group in result.groups] == [6]
    assert in_words(result) == "The 6 photos without a label look alike: one name is enough."


def test_bursts_and_near_copies_are_stacks_but_a_long_series_is_none() -> None:
    photo_ids = np.arange(100, 100 + MOST_STACKED + 6)[::-1].copy()
    stacks = np.array([0, 1, 1, 0, 2, *[3] * (MOST_STACKED + 1)])
    found = stacks_of(GroupedPhotos(b"", photo_ids, stacks, stacks))
    of_photo = dict(zip(found.photo_ids.tolist(), found.numbers.tolist(), strict=True))
    first, second = photo_ids[[0, 3]].tolist(), photo_ids[[1, 2]].tolist()
    assert of_photo == dict.fromkeys(first, min(first)) | dict.fromkeys(second, min(second))
    assert not len(stacks_of(GroupedPhotos(b"", photo_ids[:0], stacks[:0], stacks[:0])).photo_ids)


def test_copies_of_a_photo_are_found_with_the_groups(engine: Engine, tmp_path: Path) -> None:
    picture = textured((96, 72), (200, 30, 30), 1)
    for number in range(3):
        picture.putpixel((number, 0), (0, 0, 0))
        write_jpeg(tmp_path / f"{number}.jpg", picture)
    write_jpeg(tmp_path / "blue.jpg", textured((96, 72), (30, 30, 200), 5))
    result = groups_of(engine, tmp_path)
    assert (len(result.stacks.photo_ids), len(set(result.stacks.numbers.tolist()))) == (3, 1)


def test_photos_of_which_no_two_look_alike(engine: Engine, tmp_path: Path) -> None:
    tints = [(level * 62, (level * 97) % 256, (level * 151) % 256) for level in range(5)]
    for number, colour in enumerate(tints):
        four_corners(colours=[colour, tints[number - 1], colour, colour]).save(tmp_path / f"{number}.png")
    result = groups_of(engine, tmp_path)
    assert [len(group.photos) for group in result.groups] == [1] * 5
    assert in_words(result) == "None of the 5 photos without a label look alike: name them one by one."


def test_photos_that_the_scan_leaves_out_are_neither_grouped_nor_suggested(engine: Engine, photos: Path) -> None:
    draw_photos(photos / "old", "yellow", 6)
    assert groups_of(engine, photos).unlabelled == 36
    remember_scan_options(engine.collection, photos, ScanOptions(exclude=("old",)))
    assert groups_of(engine, photos).unlabelled == 30
    for roots in (None, photos):
        advice = label_next(engine, LabelNextRequest(roots, 100), silent, CancelToken())
        suggested = [photo.path for group in advice.next for photo in group.photos]
        assert len(suggested) == 30
        assert not any("old" in path.parts for path in suggested)


def test_each_suggestion_brings_its_group_along(engine: Engine, photos: Path) -> None:
    groups = {frozenset(photo.path for photo in group.photos) for group in groups_of(engine, photos).groups}
    advice = label_next(engine, LabelNextRequest(photos, 3), silent, CancelToken())
    assert len(advice.next) == 3
    assert {frozenset(photo.path for photo in group.photos) for group in advice.next} <= groups
