"""Which folder is a garden, which can become one, and the note of those that were opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowersorter.errors import FolderUnusable, GardenLocked
from flowersorter.library.collection import Garden
from flowersorter.library.database.backups import LIBRARY_NAME
from flowersorter.library.files.recent_collections import (
    MAX_REMEMBERED,
    KnownGardens,
    check_can_be_opened,
    check_can_become_one,
    is_garden,
)
from flowersorter.photos.scan import GARDEN_FILE, SMALL_PICTURES


def made(folder: Path) -> Path:
    Garden.open(folder).close()
    return folder


def test_a_garden_is_told_from_a_folder_of_photos(tmp_path: Path) -> None:
    garden, photos = made(tmp_path / "mushrooms"), tmp_path / "photos"
    photos.mkdir()
    (photos / "IMG_1.jpg").write_bytes(b"\xff\xd8")
    assert is_garden(garden)
    check_can_be_opened(garden)
    assert not is_garden(photos)
    with pytest.raises(FolderUnusable, match="is not a garden"):
        check_can_be_opened(photos)
    with pytest.raises(FolderUnusable, match="is not there"):
        check_can_be_opened(tmp_path / "nowhere")
    assert [each.name for each in photos.iterdir()] == ["IMG_1.jpg"]  # asking leaves nothing behind


def test_a_garden_without_its_library_is_still_one_while_there_are_backups(tmp_path: Path) -> None:
    garden = made(tmp_path / "mushrooms")
    with Garden.open(garden) as opened:
        opened.classes.add("chanterelle")
    made(garden)  # opening it backs up what changed
    (garden / LIBRARY_NAME).unlink()
    check_can_be_opened(garden)
    with pytest.raises(FolderUnusable, match="already"):
        check_can_become_one(garden)


def test_one_that_is_open_is_refused(tmp_path: Path) -> None:
    with Garden.open(tmp_path / "mushrooms"), pytest.raises(GardenLocked):
        check_can_be_opened(tmp_path / "mushrooms")


def test_an_empty_folder_or_none_can_become_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    check_can_become_one(tmp_path / "empty")
    check_can_become_one(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()


def test_what_cannot_become_a_garden_says_why(tmp_path: Path) -> None:
    garden = made(tmp_path / "mushrooms")
    full, file = tmp_path / "full", tmp_path / "file"
    full.mkdir()
    (full / ".hidden").touch()
    file.touch()
    for folder, why in (
        (garden, "there is a garden already"),
        (garden / "models" / "new", "it lies inside the garden"),
        (full, "the folder is not empty"),
        (file, "there is a file of that name"),
    ):
        with pytest.raises(FolderUnusable, match=why) as caught:
            check_can_become_one(folder)
        assert str(folder) in caught.value.what


def test_the_newest_comes_first_and_what_is_gone_is_left_out(tmp_path: Path) -> None:
    file, gardens = tmp_path / "data" / "gardens.json", [made(tmp_path / name) for name in "abc"]
    known = KnownGardens(file)
    assert known.all() == []
    for each in (*gardens, gardens[0]):
        known.remember(each)
    assert KnownGardens(file).all() == [gardens[0], gardens[2], gardens[1]]
    gardens[2].rename(tmp_path / "moved")
    assert known.all() == [gardens[0], gardens[1]]
    (tmp_path / "moved").rename(gardens[2])  # its drive was only gone for a while
    assert known.all() == [gardens[0], gardens[2], gardens[1]]
    for number in range(2 * MAX_REMEMBERED):
        known.remember(tmp_path / str(number))
    assert len(json.loads(file.read_text())) == MAX_REMEMBERED
    assert [each.name for each in file.parent.iterdir()] == ["gardens.json"]


@pytest.mark.parametrize("text", ["", "{}", "[1, null]", '["relative"]', "\x00"])
def test_a_damaged_note_is_no_note(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gardens.json"
    file.write_text(text)
    assert KnownGardens(file).all() == []
    KnownGardens(file).remember(made(tmp_path / "mushrooms"))
    assert KnownGardens(file).all() == [tmp_path / "mushrooms"]


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    known = KnownGardens(tmp_path / "file" / "gardens.json")
    known.remember(made(tmp_path / "mushrooms"))
    assert known.all() == []


def test_scanning_knows_a_garden_by_the_same_names(tmp_path: Path) -> None:
    with Garden.open(tmp_path / "mushrooms") as garden:
        small = garden.thumbnails.path(b"x" * 32)
    assert LIBRARY_NAME == GARDEN_FILE
    assert small.relative_to(garden.folder).parts[0] == SMALL_PICTURES
