"""Labels of other programs and for them in the terminal: label --from and export-labels."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from flowersorter.commands.shared.output import Terminal
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
        "answered": 0,
        "replaced": 0,
        "kept": 1,
        "kept_by_folder": 0,
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
    assert "2 photos keep their labels or answers.\n" in said
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


def test_taken_labels_are_taken_back_in_the_terminal(photos: Path, run: Run, attempt: Try) -> None:
    new = draw_photos(photos, "blue", 2)
    (photos / "labels.csv").write_text("path,label\nblue_0.jpg,Lily\nblue_1.jpg,Lily\nred_0.jpg,Lily\n")
    said = run("label", "--from", photos / "labels.csv")
    assert "To take these labels back: flowersorter label --undo\n" in said
    run("label", new[1], "--as", "Fern")
    _, summary = lines(run("label", "--undo", "--json"))
    left = {"classes_removed": ["Lily"], "classes_left": [], "earlier": 0}
    assert summary == {"restored": 1, "left": 1, **left}
    found = {Path(line["path"]).name: line["label"] for line in lines(run("predict", photos, "--json"))[0]}
    assert found == {"blue_0.jpg": None, "blue_1.jpg": "Fern", **{f"red_{number}.jpg": "red" for number in range(3)}}
    again = attempt("label", "--undo")
    assert (again.code, again.err.startswith("There are no labels to take back:")) == (1, True)


@pytest.mark.parametrize("form", ["csv", "coco", "megadetector"])
def test_answers_in_place_of_a_class_survive_the_way_out_and_in(
    photos: Path, run: Run, tmp_path: Path, form: str
) -> None:
    new = draw_photos(photos, "blue", 3)
    run("label", new[0], "--not-mine")
    run("label", new[1], "--dont-know")
    out = tmp_path / f"out.{'csv' if form == 'csv' else 'json'}"
    run("export-labels", photos, "--to", out, "--format", form)
    run("label", new[0], new[1], "--remove")
    found, summary = lines(run("label", photos, "--from", out, "--json"))
    assert [line for line in found if "unmatched" not in line] == [
        {"path": str(new[0]), "label": None, "by": "person", "not_mine": True},
        {"path": str(new[1]), "label": None, "by": "person", "dont_know": True},
    ]
    assert (summary["answered"], summary["labelled"]) == (2, 0)
    again = run("label", photos, "--from", out)
    assert "keep their labels or answers" in again
    assert lines(run("label", "--undo", "--json"))[1]["restored"] == 2
    assert "1 photo marked Not mine.\n1 photo marked Don't know.\n" in run("label", photos, "--from", out)


def test_labels_return_from_megadetector_results(photos: Path, run: Run, attempt: Try, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    run("export-labels", photos, "--to", out, "--format", "megadetector")
    run("label", *photos.glob("red_*.jpg"), "--remove")
    _, summary = lines(run("label", photos, "--from", out, "--json"))
    assert (summary["format"], summary["labelled"]) == ("megadetector", 3)
    value = json.loads(out.read_text())
    for image in value["images"]:
        image.pop("label", None)
    out.write_text(json.dumps(value))
    assert "suggestions of a program" in attempt("label", photos, "--from", out).err
    out.write_text("[]")
    assert "an export of Label Studio as JSON or JSON-MIN" in attempt("label", photos, "--from", out).err


@pytest.mark.parametrize("answer", ["n", "y"])
def test_folders_become_new_classes_only_after_a_question(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    draw_photos(tmp_path / "arc" / "tree" / "Rose", "red", 1)
    draw_photos(tmp_path / "arc" / "tv" / "train" / "Rose", "blue", 1)
    draw_photos(tmp_path / "arc" / "tv" / "val", "green", 1)
    monkeypatch.setattr(Terminal, "interactive", True)
    asked: list[str] = []

    def answer_it(_: Terminal, question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr(Terminal, "_answer", answer_it)
    said = run("label", "--from", tmp_path / "arc")
    assert asked == ["2 folders become new classes: tree, tv. Is that right? [y/N]"]
    assert (said == "Nothing was labelled.\n") == (answer == "n")
    assert ("1 photo labelled tree.\n" in said) == (answer == "y")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_table_of_a_german_spreadsheet_is_read(photos: Path, run: Run, encoding: str) -> None:
    draw_photos(photos, "blue", 1)
    (photos / "labels.csv").write_bytes("Datei;Klasse\nblue_0.jpg;Lilie\n".encode(encoding))
    assert "1 photo labelled Lilie.\n" in run("label", "--from", photos / "labels.csv")


@pytest.mark.parametrize("words", [("export-labels", "photos", "--to"), ("export",)])
def test_a_missing_folder_is_named_before_the_work(attempt: Try, tmp_path: Path, words: tuple[str, ...]) -> None:
    target = tmp_path / "gone" / ("x.csv" if "--to" in words else "x.onnx")
    said = attempt(*words, target)
    assert (said.code, f"{target} cannot be saved: the folder does not exist." in said.err) == (1, True)


def test_words_that_are_no_class_make_none(photos: Path, run: Run) -> None:
    draw_photos(photos, "blue", 5)
    rows = ["blue_0.jpg,Unknown,", "blue_1.jpg,not_mine,", "blue_2.jpg,Lily,Model", "blue_3.jpg,x/blue_1.jpg,me"]
    (photos / "labels.csv").write_text("\n".join(["path,label,by", *rows, "blue_4.jpg,tea/hybrid,me"]))
    found, summary = lines(run("label", "--from", photos / "labels.csv", "--json"))
    assert [line.get("label") for line in found] == ["tea/hybrid", None]
    assert (summary["without_class"], summary["answered"], summary["left_out"]) == (1, 1, {"suggestion": 1})
    assert summary["refused_classes"] == ["x/blue_1.jpg"]


def test_each_import_is_taken_back_the_last_first(photos: Path, run: Run, attempt: Try) -> None:
    draw_photos(photos, "blue", 2)
    (photos / "a.csv").write_text("path,label\nblue_0.jpg,Lily\n")
    (photos / "b.csv").write_text("path,label\nblue_1.jpg,Fern\n")
    run("label", "--from", photos / "a.csv")
    run("label", "--from", photos / "b.csv")
    said = run("label", "--undo")
    assert "Removed the classes that were made for them: Fern.\n" in said
    assert "To take back the labels that were taken before: flowersorter label --undo\n" in said
    assert run("label", "--undo") == "1 label taken back.\nRemoved the classes that were made for them: Lily.\n"
    assert attempt("label", "--undo").code == 1


def test_folders_are_no_class_folders_after_their_labels_were_taken_back(tmp_path: Path, run: Run) -> None:
    draw_photos(tmp_path / "data" / "Rose", "red", 2)
    draw_photos(tmp_path / "data" / "Lily", "blue", 2)
    run("label", "--from", tmp_path / "data")
    run("predict", tmp_path / "data")
    run("label", "--undo")
    found, _ = lines(run("predict", tmp_path / "data", "--json"))
    assert {line["label"] for line in found} == {None}


def test_a_table_wins_over_the_names_of_folders(tmp_path: Path, run: Run) -> None:
    draw_photos(tmp_path / "data" / "Rose", "red", 2)
    draw_photos(tmp_path / "data" / "Lily", "blue", 2)
    run("train", tmp_path / "data")
    (tmp_path / "labels.csv").write_text("path,label\nRose/red_0.jpg,Lily\nRose/red_1.jpg,Rose\n")
    said = run("label", tmp_path / "data", "--from", tmp_path / "labels.csv")
    assert "1 photo labelled Lily.\n1 of these labels replaces that of a class folder.\n" in said
    assert "1 photo has this label already, from its class folder.\n" in said


def test_fifty_thousand_bad_classes_are_counted_not_listed(photos: Path, run: Run) -> None:
    rows = "".join(f"red_{number % 3}.jpg,../{number}\n" for number in range(50_000))
    (photos / "labels.csv").write_text(f"path,label\n{rows}red_0.jpg,../{'x' * 5000}\n")
    said = run("label", "--from", photos / "labels.csv")
    assert said.count("Not a name for a class: ") == 10
    assert "  and 49,991 more; use --json for all\n" in said
    assert max(map(len, said.splitlines())) < 500


def test_the_labels_of_many_classes_are_counted_not_listed(photos: Path, run: Run) -> None:
    draw_photos(photos, "blue", 60)
    (photos / "labels.csv").write_text("path,label\n" + "".join(f"blue_{i}.jpg,Class {i}\n" for i in range(60)))
    said = run("label", "--from", photos / "labels.csv")
    assert said.count(" photo labelled ") == 50
    assert "  and 10 more; use --json for all\n" in said


def test_what_a_list_leaves_out_is_said(photos: Path, attempt: Try) -> None:
    value = {
        "images": [{"id": 1, "file_name": "red_0.jpg"}, {"id": 2, "file_name": "red_1.jpg"}],
        "categories": [{"id": 1, "name": "Rose"}],
        "annotations": [{"image_id": 1, "category_id": 1, "score": 0.5}, {"image_id": 9, "category_id": 1}],
    }
    (photos / "coco.json").write_text(json.dumps(value))
    said = attempt("label", "--from", photos / "coco.json").out
    assert "2 photos are named without a class.\n" in said
    assert "1 label is left out: it is the suggestion of a program.\n" in said
    assert "1 label is left out: its picture is not in the list.\n" in said


def test_the_pictures_of_a_packed_project_are_unpacked_and_labelled(photos: Path, run: Run, attempt: Try) -> None:
    copies = draw_photos(photos.parent / "small", "blue", 2)
    project = photos.parent / "project.tm"
    with zipfile.ZipFile(project, "w") as archive:
        for number, path in enumerate(copies):
            archive.write(path, f"Lily-!-{number}.jpg")
        archive.writestr("manifest.json", "{}")
    said = attempt("label", photos, "--from", project)
    assert said.code == 1
    assert "add --unpack FOLDER" in said.err
    assert "Lily-!-0.jpg: none of the photos is the same file\n" in said.out
    out = photos.parent / "learn"
    assert f"2 pictures unpacked into {out}.\n2 photos labelled Lily.\n" in run(
        "label", "--from", project, "--unpack", out
    )
    assert sorted(path.name for path in (out / "Lily").iterdir()) == ["Lily-!-0.jpg", "Lily-!-1.jpg"]
    again = attempt("label", "--from", project, "--unpack", out, "--json")
    assert (again.code, "it is there already" in again.err) == (1, True)


def test_damaged_pictures_of_an_archive_are_told_as_such(photos: Path, run: Run) -> None:
    [blue] = draw_photos(photos.parent / "small", "blue", 1)
    file, out = photos.parent / "set.zip", photos.parent / "learn"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(blue, "Lily/1.jpg")
        archive.writestr("Rose/1.jpg", b"hello")
    said = run("label", "--from", file, "--unpack", out)
    assert f"1 picture unpacked into {out}.\n1 photo labelled Lily.\n" in said
    assert "1 picture is left out: it is damaged, or packed in a way that is not known.\n" in said
    assert "none of the photos is the same file" not in said


def test_pictures_that_got_their_label_from_their_folder_are_told_as_such(photos: Path, run: Run) -> None:
    new = draw_photos(photos.parent / "small", "blue", 2)
    file = photos.parent / "set.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for path in new:
            archive.write(path, f"red/{path.name}")
    said = run("label", "--from", file, "--unpack", photos.parent / "learn")
    assert "2 photos have these labels already, from their class folders.\n" in said
    assert "keep" not in said


def test_a_list_is_read_before_the_photos_are_looked_for(
    photos: Path, attempt: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "labels.csv").write_text("x,y\n")
    asked: list[object] = []
    monkeypatch.setattr("flowersorter.commands.labelling.from_file.predict_settled", lambda *given: asked.append(given))
    assert attempt("label", photos, "--from", photos / "labels.csv").code == 1
    assert not asked


@pytest.mark.parametrize(
    "words", [("--undo", "a.jpg"), ("--from", "x.csv", "--unpack", "out"), ("a", "--unpack", "out")]
)
def test_options_of_label_that_do_not_go_together_are_refused(attempt: Try, words: tuple[str, ...]) -> None:
    assert attempt("label", *words).code == 2


@pytest.mark.parametrize("words", [("export-labels", "photos", "--to"), ("export",), ("evaluate", "--report")])
def test_a_file_that_is_there_is_not_replaced_unasked(
    photos: Path, attempt: Try, tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / ("mine.safetensors" if words == ("export",) else "mine.csv")
    mine.write_text("my own work")
    said = attempt(*words, mine)
    assert (said.code, said.err) == (1, f"{mine} is there already. To replace it, add --overwrite.\n")
    assert mine.read_text() == "my own work"
    beside = tmp_path / "new.classes.csv"
    beside.write_text("my own work")
    if words == ("evaluate", "--report"):
        assert attempt(*words, tmp_path / "new.csv").code == 1
        assert not (tmp_path / "new.csv").exists()
        return
    assert attempt(*words, mine, "--overwrite").code == 0
    assert mine.read_bytes() != b"my own work"


def test_only_photos_in_the_file_are_counted(photos: Path, run: Run, tmp_path: Path) -> None:
    _, summary = lines(run("export-labels", photos, "--to", tmp_path / "x.json", "--format", "coco", "--json"))
    assert (summary["labels"], summary["left_out"], summary["remark"]) == (3, 0, None)
    (photos / "broken.jpg").write_bytes(b"no photo")
    options = ("--format", "coco", "--overwrite", "--json")
    _, summary = lines(run("export-labels", photos, "--to", tmp_path / "x.json", *options))
    assert (summary["labels"], summary["without_class"], summary["left_out"]) == (3, 0, 1)
    assert summary["remark"] == "1 file that cannot be read is left out"
