"""Sub-folders named after classes are told from those of cameras and calendars."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.domain.folder_class_names import folders_like_classes, names_a_class

ROOT = Path("/photos")


@pytest.mark.parametrize(
    "name",
    ["iris", "Buttercup", "roe deer", "Straßenbahn", "class 3 scratches", "pictures of roses", "Neumann", "rawhide"],
)
def test_names_that_may_be_classes(name: str) -> None:
    assert names_a_class(name)


@pytest.mark.parametrize(
    "name",
    ["2026", "2026-05-01", "05", "100APPLE", "101_PANA", "2024 spring", "DCIM", "Camera Roll", "New folder",
     "Neuer Ordner", "IMG_0001", "Screenshots", "WhatsApp Images", "_", ".thumbnails", "train", "val", "Bilder", "raw",
     "Not sure", "Duplicates"],
)  # fmt: skip
def test_names_of_cameras_phones_and_calendars(name: str) -> None:
    assert not names_a_class(name)


def photos(**folders: int) -> dict[Path, int]:
    return {ROOT / folder: count for folder, count in folders.items()}


def test_two_folders_with_enough_photos_look_like_classes() -> None:
    assert folders_like_classes(ROOT, photos(iris=3, buttercup=20, DCIM=4, fern=2)) == ("iris", "buttercup")


def test_one_folder_is_no_set_of_classes_nor_are_many_or_a_few_among_many_photos() -> None:
    assert folders_like_classes(ROOT, photos(iris=30)) == ()
    assert folders_like_classes(ROOT, photos(**{f"name{chr(97 + n % 26)}{n}": 3 for n in range(101)})) == ()
    assert folders_like_classes(ROOT, photos(iris=3, fern=3) | {ROOT: 6}) == ()
    assert folders_like_classes(ROOT, photos(iris=3, fern=3) | {ROOT: 5}) == ("iris", "fern")


def test_photos_of_other_roots_count_as_elsewhere() -> None:
    assert folders_like_classes(ROOT, photos(iris=3, fern=3) | {Path("/other"): 6}) == ()


def test_photos_of_deeper_folders_count_for_the_sub_folder_above_them() -> None:
    assert folders_like_classes(ROOT, photos(iris=2, **{"iris/2026": 1, "fern/May/wet": 3})) == ("iris", "fern")
