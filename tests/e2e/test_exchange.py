"""Labels in and out as a person does it in a terminal: what is exported is read again, odd names and all."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.e2e.conftest import DIFFERENT, Labelled
from tests.e2e.program import Program, tree


def test_labels_go_out_and_come_back_and_no_photo_changes(program: Program, labelled: Labelled, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    rows = [("day 1/IMG_1.jpg", "Rose"), ("misc/blütenköpfe 花.png", "Lily"), ("../../etc/passwd.jpg", "Rose")]
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *rows])
    done = program.ok("label", labelled.folder, "--from", table, "--json").summary
    assert (done["labelled"], done["outside"]) == (2, 1)
    out = tmp_path / "out.json"
    saved = program.ok("export-labels", labelled.folder, "--to", out, "--format", "coco", "--json").summary
    assert saved["labels"] == 3  # a copy has the label of its photo
    other = Program(tmp_path / "other", tmp_path)
    again = other.ok("label", labelled.folder, "--from", out, "--json").summary
    assert (again["labelled"], again["not_found"], again["outside"]) == (2, 0, 0)
    assert tree(labelled.folder) == labelled.before


@pytest.mark.parametrize("form", ["csv", "coco"])
def test_every_photo_of_a_folder_with_odd_names_comes_back(
    program: Program, labelled: Labelled, tmp_path: Path, form: str
) -> None:
    photos = [entry["path"] for entry in program.ok("predict", labelled.folder, "--json").objects[:-1]]
    readable = [path for path in photos if Path(path).exists() and "misc/empty" not in path and "misc/text" not in path]
    program.ok("label", *readable, "--as", "Rose")
    out = tmp_path / f"out.{form}"
    program.ok("export-labels", labelled.folder, "--to", out, "--format", form)
    other = Program(tmp_path / "other", tmp_path)
    found = other.ok("label", labelled.folder, "--from", out, "--format", form, "--json").summary
    assert found["not_found"] == found["outside"] == found["of_several_photos"] == 0
    assert found["labelled"] >= DIFFERENT - 1


def test_a_malformed_file_is_one_sentence_and_labels_nothing(
    program: Program, labelled: Labelled, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text('{"images": [')
    done = program.run("label", labelled.folder, "--from", tmp_path / "bad.json")
    assert (done.code, done.out) == (1, "")
    assert done.err.strip() == "No labels can be read from bad.json: it is damaged or no JSON."


def test_a_model_card_lies_beside_an_exported_model(program: Program, tmp_path: Path) -> None:
    done = program.ok("export", tmp_path / "flowers.safetensors", "--json").summary
    assert done["card"] == str(tmp_path / "flowers.safetensors.md")
    card = (tmp_path / "flowers.safetensors.md").read_text(encoding="utf-8")
    assert json.dumps(done["backbone"]) in card
    assert "| daisy |" in card
