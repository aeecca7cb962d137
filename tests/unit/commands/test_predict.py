"""`predict` in the terminal: a line for each photo, whose class it is, and which model suggested it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowersorter import Collection
from tests.drawing import write_jpeg
from tests.unit.commands.conftest import Run
from tests.unit.workflows.conftest import draw_photos

SUGGESTION = r"(red|blue) \(suggestion, \d+\.\d %, (sure|likely|not sure)\)|unknown.* \(suggestion\)"


@pytest.fixture
def taught(run: Run, tmp_path: Path) -> Path:
    """Two class folders, whose photos are labelled and learned from, and two photos beside them."""
    folder = tmp_path / "taught"
    for colour in ("red", "blue"):
        draw_photos(folder / colour, colour, 4)
        draw_photos(folder, colour, 1, first=50)
    run("train", folder)
    return folder


def remarks(said: str, folder: Path) -> dict[str, str]:
    """The lines about photos: the path below a folder, and what follows."""
    prefix = f"{folder}{os.sep}"
    lines = [line.removeprefix(prefix).split(": ", 1) for line in said.splitlines() if line.startswith(prefix)]
    return {Path(path).as_posix(): remark for path, remark in lines}


def test_a_folder_has_a_line_for_each_photo_and_then_the_counts(run: Run, taught: Path) -> None:
    run("label", taught / "red" / "red_0.jpg", "--as", "blue")
    run("label", taught / "blue_50.jpg", "--not", "red")
    (taught / "broken.jpg").write_bytes(b"no photo")
    said = run("predict", taught)
    found = remarks(said, taught)
    assert len(found) == 11
    assert re.fullmatch(rf"blue \(your label\); ({SUGGESTION})", found["red/red_0.jpg"])
    assert re.fullmatch(rf"red \(label from the folder name\); ({SUGGESTION})", found["red/red_1.jpg"])
    assert re.fullmatch(rf"not red \(your answer\); ({SUGGESTION})", found["blue_50.jpg"])
    assert re.fullmatch(SUGGESTION, found["red_50.jpg"])
    assert found["broken.jpg"] == "cannot be read: it is not an image"
    assert said.index(f"10 photos in {taught}: ") > said.index("red_50.jpg: ")
    assert said.count("Suggestions are by model 1, made on ") == 1


def test_the_counts_are_of_labels_where_there_are_some_and_of_suggestions_for_the_others(
    run: Run, taught: Path
) -> None:
    run("label", taught / "red" / "red_0.jpg", "--as", "blue")
    (taught / "broken.jpg").write_bytes(b"no photo")
    lines = [line.split() for line in run("predict", taught).splitlines() if line.startswith("  ")]
    head = ["class", "labelled", "sure", "likely", "not", "sure", "all"]
    table = {line[0]: [*map(int, line[1:])] for line in lines[lines.index(head) + 1 :][:2]}
    assert {name: (counts[0], counts[-1]) for name, counts in table.items()} == {"red": (3, 4), "blue": (5, 6)}
    assert all(sum(counts[:-1]) == counts[-1] for counts in table.values())
    others = run("predict", taught / "red_50.jpg", taught / "blue_50.jpg", taught)  # the order of the paths is free
    assert "8 photos with a label from you or from the folder name; sorting uses the label." in others


def test_a_table_without_labels_has_no_column_for_them(run: Run, taught: Path, tmp_path: Path) -> None:
    draw_photos(tmp_path / "others", "red", 2, first=70)
    lines = run("predict", tmp_path / "others").splitlines()
    assert ["class", "sure", "likely", "not", "sure", "all"] in [line.split() for line in lines]


def test_next_asks_about_the_class_that_predict_suggests_and_about_none_for_an_unknown_photo(
    run: Run, taught: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    draw_photos(folder, "green", 24)
    draw_photos(folder, "red", 4, first=70)
    said = [json.loads(line) for line in run("predict", folder, "--json").splitlines()]
    verdicts = {line["path"]: line["verdict"] for line in said if "path" in line}
    *groups, _ = [json.loads(line) for line in run("next", folder, "--json", "-n", "40").splitlines()]
    top = {line["path"]: line["top"] for line in said if "path" in line}
    assert all(group["top"] == top[group["path"]][:3] for group in groups)
    asked = [line.split("  ") for line in run("next", folder, "-n", "40").splitlines() if ".jpg" in line]
    questions = {words[1]: words[2:] for words in asked if words[1] in verdicts}
    assert {verdicts[path] for path in questions} > {"unknown"}
    assert all(bool(question) is (verdicts[path] != "unknown") for path, question in questions.items())


def test_other_answers_are_said_as_the_persons(run: Run, taught: Path) -> None:
    red, blue = taught / "red_50.jpg", taught / "blue_50.jpg"
    run("label", red, "--not-mine")
    run("label", blue, "--dont-know")
    for words in ((taught,), (red, blue)):
        found = remarks(run("predict", *words), taught)
        assert found["red_50.jpg"] == "none of your classes (your answer)"
        assert re.fullmatch(rf"don't know \(your answer\); ({SUGGESTION})", found["blue_50.jpg"])


def test_single_photos_have_the_same_line_with_the_best_suggestions(run: Run, taught: Path) -> None:
    labelled, other = taught / "red" / "red_1.jpg", taught / "red_50.jpg"
    said = run("predict", labelled, other)
    assert re.fullmatch(
        rf"{re.escape(str(labelled))}: red \(label from the folder name\); ({SUGGESTION})\n"
        r"  red +\d+\.\d %\n  blue +\d+\.\d %\n"
        rf"{re.escape(str(other))}: ({SUGGESTION})\n"
        r"  red +\d+\.\d %\n  blue +\d+\.\d %\n"
        r"Suggestions are by model 1, made on \d{4}-\d\d-\d\d \d\d:\d\d\.\n",
        said,
    )
    assert run("predict", other, "--top", "1").count("\n  ") == 1


def test_top_adds_the_best_suggestions_to_the_photos_of_a_folder(run: Run, tmp_path: Path) -> None:
    photos = draw_photos(tmp_path / "photos", "red", 3)
    folder = tmp_path / "photos"
    (folder / "broken.jpg").write_bytes(b"no photo")
    counts = run("predict", folder).count("\n  ")
    for top in (1, 2):
        said = run("predict", folder, "--top", str(top))
        assert said.count("\n  ") == counts + 3
        listed = re.findall(r"^  likeliest first: (.+)$", said, re.MULTILINE)
        assert [len(names.split(", ")) for names in listed] == [top] * 3
    assert run("predict", photos[0], "--top", "2").count("\n  ") == 1


def test_suggestions_without_a_number_are_only_named_if_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    (photo,) = draw_photos(tmp_path / "strange", "green", 1)
    first, model = run("predict", photo).splitlines()
    assert re.fullmatch(rf"{re.escape(str(photo))}: unknown.* \(suggestion\)", first)
    assert model == "Suggestions are by the starter model."
    likeliest = json.loads(run("predict", photo, "--json").splitlines()[0])["top"]
    named = f"  likeliest first: {likeliest[0][0]}, {likeliest[1][0]}"
    assert run("predict", photo, "--top", "2").splitlines() == [first, named, model]


def test_the_photos_of_a_folder_are_in_the_order_asked_for(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "dated"
    folder.mkdir()
    for name, year in (("a.jpg", 2003), ("b.jpg", 2001), ("c.jpg", 2002)):
        write_jpeg(folder / name, taken_at=datetime(year, 5, 5, 10))
    assert list(remarks(run("predict", folder), folder)) == ["a.jpg", "b.jpg", "c.jpg"]
    assert list(remarks(run("predict", folder, "--order", "date"), folder)) == ["b.jpg", "c.jpg", "a.jpg"]
    table = csv.DictReader(io.StringIO(run("predict", folder, "--order", "date", "--csv")[1:], newline=""))
    assert [Path(row["path"]).name for row in table] == ["b.jpg", "c.jpg", "a.jpg"]


def test_every_output_names_the_model_and_when_it_was_made(run: Run, taught: Path, tmp_path: Path) -> None:
    for words in (("predict", taught), ("predict", taught / "red_50.jpg"), ("sort", taught, "--to", tmp_path / "to")):
        *lines, last = map(json.loads, run(*words, "--json").splitlines())
        assert {line["model"] for line in lines} == {1}
        assert last["summary"]["model"] == 1
        assert datetime.fromisoformat(last["summary"]["model_created_at"]).tzinfo == UTC
    table = list(csv.DictReader(io.StringIO(run("predict", taught, "--csv")[1:], newline="")))
    assert {(row["model"], row["model_created_at"]) for row in table} == {("1", last["summary"]["model_created_at"])}
    assert {row["by"] for row in table} == {"folder", "model"}
    with Collection.open(tmp_path / "collection") as collection:
        created = collection.models[0].created_at
        photos = collection.predict(taught)
    made = {(each.prediction.model, each.prediction.model_created_at) for each in photos if each.prediction}
    assert made == {(1, created)}
    assert {each.by for each in photos} == {"folder", "model"}
    run("models", "--use", "starter")
    said = run("predict", taught)
    assert said.endswith("Suggestions are by the starter model.\n")
    *_, last = map(json.loads, run("predict", taught, "--json").splitlines())
    assert (last["summary"]["model"], last["summary"]["model_created_at"]) == ("starter", None)


def test_without_a_photo_no_model_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("predict", tmp_path / "empty") == f"There are no photos in {tmp_path / 'empty'}.\n"
