"""Names in a list of labels are matched with photos that were moved, and with many that are opened one by one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowersorter.workflows.exchange.label_import.csv_labels import csv_labels
from flowersorter.workflows.exchange.label_import.match_photos import PhotoNames, Unmatched

ROOT = Path(os.path.abspath(os.sep), "photos")  # noqa: PTH100 - with the drive on Windows


def finder(*names: str, root: Path = ROOT) -> PhotoNames:
    return PhotoNames([str(root / name) for name in names], root, [root])


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("/home/other/card/day 1/a.jpg", "day 1/a.jpg"),
        (r"C:\Users\other\card\day 1\a.jpg", "day 1/a.jpg"),
        ("/home/other/card/day 1/a.jpg", "a.jpg"),
        ("/home/other/card/=day 1/a.jpg", "'=day 1/a.jpg"),
    ],
)
def test_an_absolute_path_of_another_computer_leaves_it_to_the_relative_one(path: str, relative: str) -> None:
    names = finder("b.jpg", "=day 1/a.jpg" if "=" in path else "day 1/a.jpg")
    assert names.row_of(path) is Unmatched.OUTSIDE
    assert names.row_of(path, relative) == 1


def test_an_absolute_path_that_fits_counts_more_than_the_relative_one() -> None:
    assert finder("a.jpg", "day 1/a.jpg").row_of(str(ROOT / "day 1" / "a.jpg"), "a.jpg") == 1


def test_a_photo_that_is_not_open_is_not_another_one_of_its_name() -> None:
    """The folder that was exported is here: its photo beside the opened sub-folder has the name of one in it."""
    names = finder("a.jpg", root=ROOT / "day 1")
    assert names.row_of(str(ROOT / "a.jpg"), "a.jpg") is Unmatched.OUTSIDE
    assert finder("day 1/a.jpg").row_of(str(ROOT / "a.jpg"), "a.jpg") is Unmatched.NOT_FOUND


@pytest.mark.parametrize("relative", ["../a.jpg", "/etc/a.jpg", r"C:\a.jpg"])
def test_no_relative_path_leads_out_of_the_opened_folders(relative: str) -> None:
    assert finder("a.jpg").row_of("/home/other/card/a.jpg", relative) is Unmatched.OUTSIDE


def test_a_table_has_the_relative_path_beside_the_absolute_one() -> None:
    data = b"file,label,path\nday 1/a.jpg,Rose,/home/other/card/day 1/a.jpg\n"
    [label] = csv_labels(Path("x.csv"), data).labels
    assert (label.photo, label.relative) == ("/home/other/card/day 1/a.jpg", "day 1/a.jpg")


@pytest.mark.parametrize("by", ["Anna", "person", "folder", "", "Model of my own", "MODEL"])
def test_labels_of_every_person_count_and_those_of_the_model_alone_do_not(by: str) -> None:
    table = csv_labels(Path("x.csv"), f"path,label,by\na.jpg,Rose,{by}\nb.jpg,Lily,model\n".encode())
    assert [(label.photo, label.class_name) for label in table.labels] == [("a.jpg", "Rose")]
    assert table.without_class == 1


def test_blanks_around_a_name_are_passed_over_unless_they_are_part_of_it() -> None:
    table = csv_labels(Path("x.csv"), b"label, path\nRose, a.jpg\nLily,b.jpg \nFern, c.jpg\n")
    names = finder("a.jpg", "b.jpg", "c.jpg", " c.jpg")
    assert [names.row_of(label.photo) for label in table.labels] == [0, 1, 3]
