"""Sentences of the commands, with a network that sees colours: nothing to sort, a missing device, too few labels."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

from flowersorter import Collection
from flowersorter.cli import main
from flowersorter.errors import DeviceUnavailable, FolderUnusable
from flowersorter.vision.dataset_shift.accuracy_estimation import AccuracyEstimate
from tests.unit.commands.conftest import Run, Try
from tests.unit.workflows.conftest import draw_photos


def test_a_second_sort_says_once_that_the_photos_are_there(run: Run, photos: Path, tmp_path: Path) -> None:
    first = run("sort", photos, "--to", tmp_path / "sorted")
    assert first.startswith(f"Copy 3 photos to {tmp_path / 'sorted'}\n  red  3\n")
    again = run("sort", photos, "--to", tmp_path / "sorted")
    assert again == "3 photos already there:\n  3  in red\nNothing to sort.\n"
    planned = run("sort", photos, "--to", tmp_path / "sorted", "--dry-run")
    lines = [f"{photos / name} -> red/{name} (already there)" for name in ("red_0.jpg", "red_1.jpg", "red_2.jpg")]
    counts = ["3 photos already there:", "  3  in red", "Nothing was changed: this was a dry run."]
    assert planned.splitlines() == [*lines, *counts]


def test_a_dry_run_says_where_each_photo_would_go_and_then_the_counts(run: Run, photos: Path, tmp_path: Path) -> None:
    (photos / "same.jpg").write_bytes((photos / "red_0.jpg").read_bytes())
    (photos / "text.jpg").write_text("no photo")
    lines = run("sort", photos, "--to", tmp_path / "sorted", "--dry-run").splitlines()
    assert lines[:4] == [
        f"{photos / 'red_0.jpg'} -> red/red_0.jpg",
        f"{photos / 'red_1.jpg'} -> red/red_1.jpg",
        f"{photos / 'red_2.jpg'} -> red/red_2.jpg",
        f"{photos / 'same.jpg'} -> red/red_0.jpg (duplicate)",
    ]
    assert lines[4].startswith(f"{photos / 'text.jpg'} stays: it cannot be read: ")
    assert lines[5:7] == [f"Copy 3 photos to {tmp_path / 'sorted'}", "  red  3"]


def test_sub_folders_of_the_last_sort_are_said(run: Run, photos: Path, tmp_path: Path) -> None:
    pattern = ("--pattern", "{class}/{camera}")
    assert "sub-folders" not in run("sort", photos, "--to", tmp_path / "sorted", *pattern)
    said = 'With the sub-folders of your last sort there: {class}/{camera} (none: --pattern "")\n'
    assert said in run("sort", photos, "--to", tmp_path / "sorted")
    assert "sub-folders" not in run("sort", photos, "--to", tmp_path / "elsewhere")
    assert "sub-folders" not in run("sort", photos, "--to", tmp_path / "sorted", "--pattern", "")


def test_a_late_sidecar_is_counted_without_photos(run: Run, photos: Path, tmp_path: Path) -> None:
    run("sort", photos, "--to", tmp_path / "sorted")
    (photos / "red_0.jpg.xmp").write_text("rating")
    again = run("sort", photos, "--to", tmp_path / "sorted")
    assert again.startswith("Copy 1 sidecar file: 1 .xmp\n3 photos already there:\n")
    assert "0 photos" not in again


def test_a_missing_folder_is_named_before_a_wrong_destination(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing, file = tmp_path / "nope", tmp_path / "file"
    file.write_text("no folder")
    assert main(["sort", str(missing), "--to", str(file), "--collection", str(tmp_path / "collection")]) == 1
    assert capsys.readouterr().err == f"Folder not found: {missing}. Check the path.\n"
    with Collection.open(tmp_path / "collection") as collection, pytest.raises(FolderUnusable, match="nope"):
        collection.sort(missing, file)


def test_a_missing_graphics_card_is_refused_although_every_photo_is_known(
    run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("predict", photos)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    collection = tmp_path / "collection"
    for words in (["predict", photos], ["sort", photos, "--to", tmp_path / "sorted"], ["evaluate"]):
        assert main([*map(str, words), "--device", "cuda", "--collection", str(collection)]) == 1
        said = capsys.readouterr()
        assert said.err == "CUDA is not available: PyTorch sees no NVIDIA GPU on this computer. Use auto or cpu.\n"
        assert said.out == ""
    with pytest.raises(DeviceUnavailable):
        Collection.open(collection, device="cuda")
    Collection.open(collection, device="cpu").close()


@pytest.mark.parametrize(("option", "delimiter", "decimal"), [("--csv", ",", "."), ("--csv-semicolon", ";", ",")])
def test_predictions_are_a_table_for_spreadsheets_of_either_country(
    run: Run, photos: Path, option: str, delimiter: str, decimal: str
) -> None:
    (photos / "red_0.jpg").rename(photos / "Blüte; 花, 1.jpg")
    (photos / "red_1.jpg").write_bytes(b"no photo")
    written = run("predict", photos, option, "--top", "2")
    assert written.startswith("﻿")  # without it a spreadsheet takes UTF-8 for another encoding
    table = list(csv.DictReader(io.StringIO(written[1:], newline=""), delimiter=delimiter))
    assert list(table[0]) == [
        *("path", "class", "confidence", "verdict", "label", "by"),
        *("model", "model_created_at", "looks_like", "error", "remark"),
        *("class 2", "confidence 2"),
    ]
    by_name = {Path(row["path"]).name: row for row in table}
    assert set(by_name) == {"Blüte; 花, 1.jpg", "red_1.jpg", "red_2.jpg"}
    assert (by_name["red_2.jpg"]["label"], by_name["red_2.jpg"]["by"]) == ("red", "person")
    assert by_name["red_1.jpg"]["error"]
    assert by_name["red_1.jpg"]["confidence"] == by_name["red_1.jpg"]["class 2"] == ""
    assert (by_name["red_2.jpg"]["model"], by_name["red_2.jpg"]["model_created_at"]) == ("starter", "")
    first, second = (by_name["red_2.jpg"][name] for name in ("confidence", "confidence 2"))
    assert re.fullmatch(rf"[01]{re.escape(decimal)}\d{{4}}", first)
    assert float(first.replace(",", ".")) >= float(second.replace(",", "."))


def test_too_few_labels_are_explained_alike_everywhere(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("label", *draw_photos(tmp_path / "photos", "red", 2), "--as", "red")
    needed = "at least two classes need 3 different labelled photos each"
    assert f"There are too few labels to measure the accuracy: {needed}.\n" in run("next")
    assert main(["label-errors", "--collection", str(tmp_path / "collection")]) == 1
    assert needed in capsys.readouterr().err
    draw_photos(tmp_path / "classes" / "red", "red", 2, first=10)
    draw_photos(tmp_path / "classes" / "blue", "blue", 2, first=10)
    trained = run("train", tmp_path / "classes")
    assert f"There are too few photos to measure the accuracy: {needed}.\n" in trained


def test_a_new_class_says_which_folder_it_gets_where_that_is_not_its_name(
    attempt: Try, run: Run, photos: Path, tmp_path: Path
) -> None:
    remark = "A sort puts the class “tea/hybrid” into the folder “tea_hybrid”.\n"
    assert run("label", photos / "red_0.jpg", "--as", "tea/hybrid") == f"1 photo labelled tea/hybrid.\n{remark}"
    assert run("label", photos / "red_1.jpg", "--as", "tea/hybrid") == "1 photo labelled tea/hybrid.\n"
    refused = attempt("label", photos / "red_0.jpg", "--as", "Duplicates")
    assert refused.err == "The class name “Duplicates” cannot be used: it is the folder for duplicates.\n"
    for name in ("CON_", "blue"):
        draw_photos(tmp_path / "classes" / name, "red" if name == "blue" else "blue", 3, first=10)
    assert "The folder of the class" not in run("train", tmp_path / "classes")


def test_several_folders_are_predicted_together(run: Run, photos: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    for colour in ("red", "green"):
        draw_photos(strange, colour, 6)
    together = [json.loads(line) for line in run("predict", photos, strange, "--json").splitlines()]
    assert len(together) == 16
    sorting = run("sort", photos, strange, "--to", tmp_path / "sorted", "--dry-run", "--json").splitlines()
    verdicts = {line["path"]: line["verdict"] for line in together[:-1]}
    labelled = {line["path"] for line in together[:-1] if line["label"]}
    sorted_as = {line["path"]: line["verdict"] for line in map(json.loads, sorting[:-1])}
    assert {path: verdict for path, verdict in verdicts.items() if path not in labelled} == {
        path: verdict for path, verdict in sorted_as.items() if path not in labelled
    }
    said = run("predict", photos, strange)
    assert f"\n\n15 photos in {photos}, {strange}: 0 read now, 15 known before\n" in said
    assert "15 photos in" in run("predict", tmp_path, strange)  # a folder in another counts once


def test_a_folder_of_unknown_classes_is_said_to_be_one_and_is_not_sorted(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "strange"
    for colour in ("red", "green"):
        draw_photos(folder, colour, 6)
    sentence = "All 12 photos look like none of your classes. Create a class for what they show.\n"
    assert sentence in run("predict", folder)
    run("label", folder / "red_0.jpg", "--not-mine")
    assert "All 11 photos look like none of your classes" in run("predict", folder)
    run("label", folder / "red_0.jpg", "--remove")
    planned = run("sort", folder, "--to", tmp_path / "sorted")
    assert sentence in planned
    assert "12  it looks like none of the classes" in planned
    assert not (tmp_path / "sorted").exists()


def test_groups_are_listed_with_the_photos_that_look_alike(run: Run, photos: Path) -> None:
    draw_photos(photos, "green", 6)
    draw_photos(photos, "blue", 6)
    *lines, last = map(json.loads, run("groups", photos, "--json").splitlines())
    grouped = [[line["path"], *line["alike"]] for line in lines]
    assert sorted(path for group in grouped for path in group) == sorted(
        str(path) for path in photos.iterdir() if "red" not in path.name
    )
    assert all(len({Path(path).name.partition("_")[0] for path in group}) == 1 for group in grouped)
    assert all(1 <= line["different"] <= 1 + len(line["alike"]) for line in lines)
    *predicted, _ = map(json.loads, run("predict", photos, "--json").splitlines())
    verdicts = {line["path"]: line["verdict"] for line in predicted}
    assert "unknown" in verdicts.values(), "else the test says nothing"
    assert all(line["verdicts"] == [verdicts[path] for path in [line["path"], *line["alike"]]] for line in lines)
    assert last["summary"] == {
        "groups": len(lines),
        "photos": 12,
        "unlabelled": 12,
        "labelled": 3,
        "unreadable": 0,
        "left_out": {},
        "problems": [],
    }
    said = run("groups", photos)
    assert said.startswith(f"12 photos without a label in {len(lines)} groups. Name these first:\n")
    assert "look alike: " in said
    sentence = f"Label a photo with its look-alikes: flowersorter label PHOTO --group {photos} --as CLASS\n"
    assert said.endswith(sentence)
    *labelled, _ = map(
        json.loads, run("label", grouped[0][0], "--group", photos, "--as", "leaf", "--json").splitlines()
    )
    assert labelled[0]["path"] == grouped[0][0]
    assert sorted(line["path"] for line in labelled) == sorted(grouped[0])
    assert f"{12 - len(grouped[0])} photos without a label" in run("groups", photos)


def test_the_group_of_a_photo_that_was_not_grouped_is_refused(attempt: Try, photos: Path, tmp_path: Path) -> None:
    [other] = draw_photos(tmp_path / "other", "green", 1)
    said = attempt("label", other, "--group", photos, "--as", "leaf")
    assert said.code == 1
    assert f"{other} is in no group of {photos}: it is not in there, or has not been read yet." in said.err
    assert attempt("label", other, "--group", photos, "--remove").code == 2


def test_a_folder_is_not_labelled_and_the_ways_to_do_it_are_named(attempt: Try, photos: Path) -> None:
    said = attempt("label", photos, "--as", "leaf")
    assert said.code == 1
    assert f"{photos}: it is a folder" in said.out
    assert "None of the photos could be read" not in said.err
    assert "FOLDER/*.jpg" in said.err
    assert "flowersorter label --from FOLDER" in said.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such names")
def test_a_name_that_is_no_text_is_labelled_as_json_prints_it(run: Run, photos: Path) -> None:
    odd = os.fsencode(photos) + b"/latin\xe9.jpg"
    draw_photos(photos, "green", 1)[0].rename(os.fsdecode(odd))
    *lines, _ = run("predict", photos, "--json").splitlines()
    [line] = [line for line in lines if "latin" in line]
    escaped = line.partition('"path": "')[2].partition('"')[0]
    assert escaped.endswith("latin\\udce9.jpg")
    [labelled, _] = map(json.loads, run("label", escaped, "--as", "leaf", "--json").splitlines())
    assert os.fsencode(labelled["path"]) == odd
    assert "leaf" in run("predict", json.loads(line)["path"])


def test_groups_of_a_folder_without_photos_say_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("groups", tmp_path / "empty") == f"There are no photos in {tmp_path / 'empty'}.\n"


def test_a_folder_on_which_fewer_suggestions_are_right_is_said_to_be_one(
    run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = AccuracyEstimate(200, 0.838, 0.954, 0.31, differs=True, sure_from=0.99, agreed_only=True)
    monkeypatch.setattr("flowersorter.workflows.predicting.predict_folder.find_accuracy", lambda *_: (estimate, False))
    sentence = "About 84 of 100 suggestions are right here, usually 95; check 20 photos to know."
    assert sentence in run("predict", photos)
    assert sentence in run("sort", photos, "--to", tmp_path / "sorted", "--dry-run")
    fields = {"photos": 200, "accuracy": 0.838, "held_out": 0.954, "unfamiliar": 0.31, "differs": True}
    predicted = json.loads(run("predict", photos, "--json").splitlines()[-1])
    assert predicted["summary"]["expected"] == fields
    planned = json.loads(run("sort", photos, "--to", tmp_path / "sorted", "--dry-run", "--json").splitlines()[-1])
    assert planned["summary"]["expected"] == fields
    with Collection.open(tmp_path / "collection") as collection:
        assert collection.expectation is None
        collection.predict(photos)
        assert collection.expectation is not None
        assert (collection.expectation.accuracy, collection.expectation.held_out) == (0.838, 0.954)
        assert sentence in (collection.expectation.note or "")


def test_a_folder_without_an_estimate_has_no_such_sentence(run: Run, photos: Path, tmp_path: Path) -> None:
    assert "no promise" not in run("predict", photos)
    assert json.loads(run("predict", photos, "--json").splitlines()[-1])["summary"]["expected"] is None
    planned = json.loads(run("sort", photos, "--to", tmp_path / "sorted", "--dry-run", "--json").splitlines()[-1])
    assert planned["summary"]["expected"] is None


def test_files_beside_photos_are_counted_once(photos: Path, run: Run, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "red_0.jpg.xmp"):
        (photos / name).write_text("<x:xmpmeta/>")
    said = run("sort", photos, "--to", tmp_path / "sorted", "--dry-run")
    assert "2 other files stay: 2 .csv\n" in said
    assert "With them 1 sidecar file: 1 .xmp\n" in said
    assert "Skipped" not in said
    (photos / "sub").mkdir()
    (photos / "sub" / "c.csv").write_text("")
    assert "Skipped: 1 file that is not a photo\n" in run("sort", photos, "--to", tmp_path / "sorted", "--dry-run")


def test_the_files_beside_the_photos_are_counted_once_and_by_one_name(run: Run, photos: Path, tmp_path: Path) -> None:
    run("label", photos / "red_0.jpg", "--remove")  # it is of no class, and stays
    for name in ("red_0.xmp", "red_0.cr2", "red_0.mov", "red_1.nef", "red_1.xmp", "notes.txt"):
        (photos / name).write_bytes(b"beside")
    assert "Skipped: 1 file that is not a photo, 5 sidecar files\n" in run("predict", photos)
    said = run("sort", photos, "--to", tmp_path / "sorted", "--dry-run")
    assert "With them 2 sidecar files: " in said
    assert "3 other sidecar files stay: " in said
    assert "1 other file stays: 1 .txt\n" in said
    assert "Skipped" not in said


def test_a_sidecar_that_is_named_because_it_stays_is_not_counted_besides(
    run: Run, photos: Path, tmp_path: Path
) -> None:
    run("sort", photos, "--to", tmp_path / "sorted")
    (photos / "red_0.xmp").write_bytes(b"beside")
    (tmp_path / "sorted" / "red" / "red_0.xmp").write_bytes(b"edited later")
    os.utime(photos / "red_0.xmp", ns=(1, 1))
    said = run("sort", photos, "--to", tmp_path / "sorted", "--dry-run")
    assert "red_0.xmp stays: the one in the class folder was edited later" in said
    assert "other sidecar file" not in said


def test_a_move_that_runs_says_once_that_duplicates_stay(run: Run, photos: Path, tmp_path: Path) -> None:
    (photos / "twice.jpg").write_bytes((photos / "red_0.jpg").read_bytes())
    move = ("sort", photos, "--to", tmp_path / "sorted", "--move")
    stays = "Duplicates of sorted photos {stay}; --move-duplicates moves them into “Duplicates”\n"
    assert stays.format(stay="would stay") in run(*move, "--dry-run")
    said = run(*move)
    assert stays.format(stay="stay") in said
    assert "would" not in said
    assert said.count("1 duplicate") == 1
