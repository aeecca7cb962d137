"""Labels of other programs and for them in the terminal: label --from and export-labels."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.commands.conftest import Run, Try
from tests.unit.workflows.conftest import draw_photos


def lines(out: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The JSON lines of a command, and its summary."""
    *found, last = map(json.loads, out.splitlines())
    return found, last["summary"]


def test_labels_of_a_table_are_taken_and_the_rest_is_told(photos: Path, run: Run) -> None:
    new = draw_photos(photos, "blue", 2)
    table = photos / "labels.csv"
    table.write_text(
        "path,label\nblue_0.jpg,Lily\nred_0.jpg,Rose\nblue_1.jpg,Lily\nblue_1.jpg,Rose\ngone.jpg,Rose\n"
        "/etc/passwd.jpg,Rose\nred_1.jpg,../Rose\n"
    )
    found, summary = lines(run("label", "--from", table, "--json"))
    assert found == [
        {"path": str(new[0]), "label": "Lily", "by": "person"},
        {"path": str(new[1]), "label": None, "labels_of": ["Lily", "Rose"]},
        {"name": "gone.jpg", "unmatched": "not found"},
        {"name": "/etc/passwd.jpg", "unmatched": "outside"},
    ]
    assert summary == {
        "format": "csv",
        "labels": 7,
        "labelled": 1,
        "replaced": 0,
        "kept": 1,
        "of_several_classes": 1,
        "not_found": 1,
        "outside": 1,
        "of_several_photos": 0,
        "of_other_bytes": 0,
        "without_class": 0,
        "left_out": {},
        "refused_classes": ["../Rose"],
    }
    said = run("label", photos, "--from", table)
    assert "2 photos keep the labels they have.\n" in said
    assert f"{new[1]}: not labelled, because it is given several classes: Lily, Rose\n" in said
    assert "Not a name for a class: ../Rose (it looks like a path)\n" in said
    assert "gone.jpg: none of the photos has this name\n" in said
    assert "/etc/passwd.jpg: it is outside of the folder with the photos\n" in said


def test_a_file_that_names_none_of_the_photos_fails(photos: Path, attempt: Try, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,label\nother.jpg,Rose\n")
    said = attempt("label", photos, "--from", tmp_path / "labels.csv")
    assert said.code == 1
    assert "None of the labels match a photo here." in said.err
    (tmp_path / "labels.csv").write_text("path,label\n")
    assert "There are no labels in it." in attempt("label", photos, "--from", tmp_path / "labels.csv").err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("label", "a.jpg"), "--from FILE or --undo is missing"),
        (("label", "--as", "Rose"), "the following arguments are required: PATH"),
        (("label", "a.jpg", "--as", "Rose", "--format", "csv"), "--format goes with --from"),
        (("label", "--from", "x.csv", "--as", "Rose"), "not allowed with argument"),
        (("label", "--from", "x", "--format", "xml"), "invalid choice"),
        (("export-labels", "photos"), "the following arguments are required: --to"),
    ],
)
def test_a_line_that_makes_no_sense_is_answered(attempt: Try, words: tuple[str, ...], problem: str) -> None:
    said = attempt(*words)
    assert said.code == 2
    assert problem in said.err


def test_labels_and_suggestions_are_saved(photos: Path, run: Run, attempt: Try, tmp_path: Path) -> None:
    draw_photos(photos, "blue", 1)
    out = tmp_path / "out.csv"
    said = run("export-labels", photos, "--to", out)
    assert f"Saved {out}: labels of 3 photos, suggestions of " in said
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["label"], row["by"]) for row in rows[1:]] == [
        (f"red_{number}.jpg", "red", "person") for number in range(3)
    ]
    assert rows[0]["label"] == ""
    _, summary = lines(run("export-labels", photos, "--to", out, "--only-labelled", "--overwrite", "--json"))
    assert (summary["labels"], summary["suggestions"], summary["format"]) == (3, 0, "csv")
    refused = attempt("export-labels", photos, "--to", tmp_path / "x.zip", "--format", "camtrap-dp")
    assert refused.code == 1
    assert "Camtrap DP needs the place of the camera. Give its latitude and longitude, in degrees." in refused.err
    photo = photos / "blue_0.jpg"
    before = photo.read_bytes()
    refused = attempt("export-labels", photos, "--to", photo, "--format", "csv")
    assert (refused.code, refused.err) == (
        1,
        "The labels cannot be saved as blue_0.jpg: the name of a csv file ends in .csv.\n",
    )
    assert photo.read_bytes() == before
    said = run("export-labels", photos, "--to", tmp_path / "x.zip", "--format", "darwin-core", "--at", "48.1,11.5")
    assert (tmp_path / "x.zip").exists()
