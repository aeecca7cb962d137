"""The verb label: answers other than a class, in sentences and in `--json`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowersorter.cli import main
from flowersorter.workflows.engine import Engine
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command that ends with an exit code, with a network that sees colours, and returns its output."""
    colour_engine = partial(Engine, open_network=open_colour_network)
    monkeypatch.setattr("flowersorter.commands.shared.context.Engine", colour_engine)

    def run(*words: str | Path, code: int = 0) -> str:
        assert main([*map(str, words), "--collection", str(tmp_path / "collection")]) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    return run


@pytest.fixture
def photos(tmp_path: Path, run: Run) -> list[Path]:
    """Three red photos, with a model of red, green and blue."""
    for colour in ("red", "green", "blue"):
        draw_photos(tmp_path / "sorted" / colour, colour, 6, first=100)
    run("train", tmp_path / "sorted")
    return draw_photos(tmp_path / "photos", "red", 3)


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_rejected_class_is_said_and_suggested_no_more(run: Run, photos: list[Path]) -> None:
    said = run("label", *photos[:2], "--not", "RED")
    assert said == "2 photos do not show red, which is not suggested for them again.\n"
    [line, summary] = lines(run("label", photos[2], "--not", "red", "--json"))
    assert line == {"path": str(photos[2]), "label": None, "by": "person", "not": ["red"]}
    assert summary["summary"]["answered"] == 1
    assert summary["summary"]["labelled"] == 0
    for found in (run("predict", photos[0].parent, "--json"), run("predict", *photos, "--json")):
        for line in lines(found)[:-1]:
            assert line["not"] == ["red"]
            assert "red" not in [line["class"], *(name for name, _ in line["top"])]
            assert line["verdict"] != "sure"


def test_photos_that_are_not_mine_are_left_by_sort(run: Run, photos: list[Path], tmp_path: Path) -> None:
    assert run("label", photos[0], "--not-mine") == "1 photo shows none of your classes. It is not sorted.\n"
    for found in (run("predict", photos[0].parent, "--json"), run("predict", photos[0], "--json")):
        line = lines(found)[0]
        assert (line["class"], line["confidence"], line["verdict"], line["top"]) == (None, None, "unknown", [])
        assert (line["not_mine"], line["by"]) == (True, "person")
    sorting = lines(run("sort", photos[0].parent, "--to", tmp_path / "out", "--aside", "--dry-run", "--json"))
    assert [(line["action"], line["reason"]) for line in sorting if line.get("path") == str(photos[0])] == [
        ("left", "you said that it shows none of your classes")
    ]


def test_remove_takes_back_every_answer(run: Run, photos: list[Path]) -> None:
    assert run("label", photos[0], "--dont-know") == "1 photo is not asked about again.\n"
    assert lines(run("predict", photos[0], "--json"))[0]["dont_know"] is True
    assert str(photos[0]) not in run("next", "--json")
    run("label", photos[0], "--not", "blue")
    assert run("label", photos[0], "--remove") == "Removed the label and other answers of 1 photo.\n"
    assert not {"not", "dont_know"} & lines(run("predict", photos[0], "--json"))[0].keys()
    assert run("label", photos[0], "--remove") == "1 photo had no label.\n"


def test_a_class_that_there_is_not_is_refused(run: Run, photos: list[Path]) -> None:
    said = run("label", *photos, "--not", "daisy", code=1)
    assert "There is no class “daisy”: the classes are: blue, green, red." in said
    assert "not" not in lines(run("predict", photos[0], "--json"))[0]


def test_sub_folders_that_are_hardly_classes_are_refused_and_a_training_can_be_taken_back(
    run: Run, photos: list[Path], tmp_path: Path
) -> None:
    garden = tmp_path / "garden"
    for name, colour in (("2026", "red"), ("misc", "blue")):
        draw_photos(garden / name, colour, 3, first=300)
    refused = run("train", garden, code=1)
    assert "sub-folders look like dates or like those of a camera: 2026" in refused
    assert "--new-classes" in refused
    (garden / "2026").rename(garden / "more")
    run("predict", garden)
    assert "none of its sub-folders is one of your classes: misc, more" in run("train", garden, code=1)
    run("train", garden, "--new-classes")
    own = draw_photos(garden / "more", "green", 1, first=320)[0]
    run("label", own, "--as", "green")
    assert {line["label"] for line in lines(run("predict", garden, "--json"))[:-1]} == {"misc", "more", "green"}
    [line, summary] = lines(run("label", "--remove", garden, "--json"))
    assert (line["labels_removed"], line["classes_removed"]) == (6, ["misc", "more"])
    assert (summary["summary"]["removed"], summary["summary"]["without_label"]) == (6, 0)
    labels = [line["label"] for line in lines(run("predict", garden, "--json"))[:-1]]
    assert (labels.count(None), labels.count("green")) == (6, 1), "a person's label stays, and no label comes back"
    assert "Removed 0 labels" in run("label", "--remove", garden)
    run("train", garden, "--add")


def test_labels_given_in_the_terminal_are_learned_there(run: Run, tmp_path: Path) -> None:
    reds, greens = (draw_photos(tmp_path / "own", colour, 4) for colour in ("red", "green"))
    run("label", *reds, "--as", "apples")
    run("label", *greens, "--as", "pears")
    learned = json.loads(run("train", "--json").splitlines()[-1])["summary"]
    assert {"apples", "pears"} <= set(learned["classes"])
    assert learned["photos"] == 8
    assert learned["current"]
    for option in ("--add", "--flat", "--new-classes", "--deep"):
        assert "without FOLDER" in run("train", option, code=2)
