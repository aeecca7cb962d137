"""`Collection.check`: a script answers until the check is done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowersorter import Collection, Photo
from flowersorter.errors import PhotoUnreadable, TooFewPhotos, UserError
from tests.stub_network import open_colour_network
from tests.unit.workflows.learned_colours import learned_colours


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learned_colours(tmp_path_factory.mktemp("learned"))


@pytest.fixture
def photos(learned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(learned / "photos", tmp_path / "photos"))


@pytest.fixture
def collection(learned: Path, tmp_path: Path) -> Iterator[Collection]:
    shutil.copytree(learned / "collection", tmp_path / "collection")
    with Collection.open(tmp_path / "collection") as opened:
        opened._engine.open_network = open_colour_network
        yield opened


def is_right(photo: Photo) -> bool:
    assert photo.prediction is not None
    return photo.path.name.startswith(photo.prediction.class_name)


def test_a_script_answers_until_it_is_done(collection: Collection, photos: Path) -> None:
    check = collection.check(photos, goal=80)
    assert (check.done, check.reached, check.checked, check.population, check.withdrawn) == (False, False, 0, 30, None)
    while not check.done:
        for photo in check.photos:
            check.answer(photo, is_right(photo))
    assert (check.reached, check.missed, check.goal, check.photos) == (True, False, 80, ())
    assert check.at_least >= 80
    assert check.statement == (
        f"At least {check.at_least} of 100 are right, 95 % sure ({check.checked} of 30 checked, {check.wrong} wrong)."
    )
    again = collection.check(photos, goal=80)
    assert (again.done, again.statement) == (True, check.statement)
    assert sum(photo.label is not None for photo in collection.predict(photos)) == check.checked - check.wrong


def test_answers_are_given_by_path_too_and_can_be_skipped(collection: Collection, photos: Path) -> None:
    check = collection.check(str(photos), goal=80)
    first, second, *_ = check.photos
    check.answer(str(second.path), True)
    assert check.checked == 0  # the first is not answered yet
    check.answer(first.path, None)
    assert (check.checked, check.skipped, check.wrong) == (1, 1, 0)
    check.answer(first, False)
    assert (check.checked, check.skipped, check.wrong) == (2, 0, 1)
    assert repr(check) == f"<SampleCheck: {check.statement}>"


def test_it_refuses_other_photos_other_goals_and_a_closed_collection(collection: Collection, photos: Path) -> None:
    check = collection.check(photos)
    with pytest.raises(PhotoUnreadable, match="it is none of the photos of this check"):
        check.answer(photos / "other.jpg", True)
    with pytest.raises(UserError, match="from 1 to 99"):
        collection.check(photos, goal=100)
    first = check.photos[0]
    collection.close()
    with pytest.raises(UserError, match="The collection is closed"):
        check.answer(first, True)


def test_a_retraining_withdraws_it_and_a_folder_of_labels_has_nothing_to_check(
    collection: Collection, photos: Path
) -> None:
    check = collection.check(photos)
    check.answer(check.photos[0], True)
    collection.retrain()
    withdrawn = collection.check(photos).withdrawn
    assert withdrawn is not None
    assert withdrawn.endswith("(1 of 30 checked, 0 wrong): another model is in use now.")
    for path in photos.rglob("*.jpg"):
        collection.label(path, path.name.partition("_")[0])
    shutil.copytree(photos, photos.parent / "same")
    with pytest.raises(TooFewPhotos, match="every photo has a label"):
        collection.check(photos.parent / "same")
