"""Names in a list of labels are matched with photos that were moved, and with many that are opened one by one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flowersorter.workflows.exchange.label_import.csv_labels import csv_labels
from flowersorter.workflows.exchange.label_import.given_labels import Omission
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


@pytest.mark.parametrize("by", ["Anna", "person", "folder", "", "Model of my own"])
def test_labels_of_every_person_count_and_those_of_the_model_alone_do_not(by: str) -> None:
    table = csv_labels(
        Path("x.csv"), f"path,label,by\na.jpg,Rose,{by}\nb.jpg,Lily,model\nc.jpg,Lily, MODEL \n".encode()
    )
    assert [(label.photo, label.class_name) for label in table.labels] == [("a.jpg", "Rose")]
    assert table.left_out == {Omission.SUGGESTION: 2}


def test_blanks_around_a_name_are_passed_over_unless_they_are_part_of_it() -> None:
    table = csv_labels(Path("x.csv"), b"label, path\nRose, a.jpg\nLily,b.jpg \nFern, c.jpg\n")
    names = finder("a.jpg", "b.jpg", "c.jpg", " c.jpg")
    assert [names.row_of(label.photo) for label in table.labels] == [0, 1, 3]


def paths_built(monkeypatch: pytest.MonkeyPatch, names: PhotoNames, written: str) -> int:
    """The number of paths that are built to look a name up."""
    calls = list[str]()
    normpath: Callable[[str], str] = os.path.normpath

    def counted(path: str) -> str:
        calls.append(path)
        return normpath(path)

    with monkeypatch.context() as patched:
        patched.setattr(os.path, "normpath", counted)
        names.row_of(written)
    return len(calls)


@pytest.mark.parametrize("written", ["day 1/2.jpg", "2.jpg", "gone.jpg", "../gone.jpg", "/etc/gone.jpg"])
def test_the_folders_of_single_photos_are_searched_and_not_each_photo(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    counts = set[int]()
    for number in (10, 300):
        photos = [ROOT / f"day {day}" / f"{row}.jpg" for day in (1, 2) for row in range(number)]
        names = PhotoNames(list(map(str, photos)), ROOT / "lists", photos)
        counts.add(paths_built(monkeypatch, names, written))
    assert len(counts) == 1
    assert max(counts) <= 5


def test_no_path_is_built_after_the_photo_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [ROOT, *(ROOT.parent / f"more {number}" for number in range(50))]
    names = PhotoNames([str(ROOT / "a.jpg")], ROOT, folders)
    assert paths_built(monkeypatch, names, "a.jpg") == 1


def test_a_name_in_two_opened_folders_means_neither_photo() -> None:
    folders = [ROOT / "day 1", ROOT / "day 2"]
    names = PhotoNames([str(folder / "a.jpg") for folder in folders], ROOT / "lists", folders)
    assert names.row_of("a.jpg") is names.row_of("A.jpg") is Unmatched.SEVERAL
    assert PhotoNames([str(folder / "a.jpg") for folder in folders], folders[1], folders).row_of("a.jpg") == 1


def test_photos_that_are_opened_one_by_one_are_found_as_in_their_folder() -> None:
    photos = [ROOT / "day 1" / "a.jpg", ROOT / "day 2" / "a.jpg", ROOT / "day 2" / "B.jpg"]
    names = PhotoNames(list(map(str, photos)), ROOT / "lists", photos)
    found = {
        "day 1/a.jpg": 0,
        str(photos[1]): 1,
        "b.JPG": 2,
        "a.jpg": Unmatched.SEVERAL,
        "c.jpg": Unmatched.NOT_FOUND,
        str(ROOT / "day 1" / "c.jpg"): Unmatched.OUTSIDE,
        "../c.jpg": Unmatched.OUTSIDE,
    }
    assert {name: names.row_of(name) for name in found} == found
