"""The verbs label-errors and next: what they print, for people and as JSON lines."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowersorter.cli import main
from flowersorter.commands.labelling.next import _outlook, gain_in_words
from flowersorter.commands.shared.output import Terminal
from flowersorter.commands.train import _say_training
from flowersorter.domain.figures import Gain
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.label_next import LabelNextResult, Standing
from flowersorter.workflows.evaluation.label_outlook import Outlook, label_outlook
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.stub_network import open_colour_network
from tests.unit.workflows.conftest import draw_photos
from tests.unit.workflows.stored_photos import remember


@pytest.fixture
def taught(tmp_path: Path, sorted_photos: Path) -> Path:
    """A closed collection that learned three colours; two reds are filed as green, one blue stands in two folders."""
    draw_photos(sorted_photos / "green", "red", 2, first=500)
    shutil.copy(sorted_photos / "blue" / "blue_103.jpg", sorted_photos / "red" / "copy.jpg")
    draw_photos(tmp_path / "new", "red", 4, first=900)
    with Engine(CollectionStore.open(tmp_path / "taught"), open_colour_network) as engine:
        request = TrainFolderRequest(sorted_photos)
        train_folder(engine, request, silent, CancelToken())
        predict_folder(engine, PredictFolderRequest(tmp_path / "new"), silent, CancelToken())
    return tmp_path / "taught"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told(capsys, *words, "--json").splitlines()]


def test_doubts_are_told_in_a_sentence_a_group(taught: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "label-errors", "--collection", str(taught))
    assert "3 labels of 26 may be wrong." in text
    assert "2 labelled green look like red" in text
    assert "labelled green, looks like red, like " in text
    assert "the same photo is also in" in text
    assert "until you choose." in text


def test_doubts_as_json_lines(taught: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *photos, last = lines(capsys, "label-errors", "--collection", str(taught))
    assert [set(each) for each in photos] == [
        {"path", "class", "better", "doubt", "like_class", "like_better", "also_at"}
    ] * 3
    assert photos[0]["also_at"] is not None
    assert {each["better"] for each in photos[1:]} == {"red"}
    assert all(len(each["like_better"]) == 3 for each in photos[1:])
    assert last["summary"]["doubted"] == 3
    assert {"class": "green", "better": "red", "photos": 2} in last["summary"]["groups"]


def test_a_limit_shows_the_worst_and_says_how_many_are_left(taught: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(lines(capsys, "label-errors", "--collection", str(taught), "--limit", "1")) == 2
    assert "2 more; a larger --limit shows them." in told(
        capsys, "label-errors", "--collection", str(taught), "--limit", "1"
    )


def test_where_nothing_is_doubted_it_says_so(
    tmp_path: Path, sorted_photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Engine(CollectionStore.open(tmp_path / "fine"), open_colour_network) as engine:
        request = TrainFolderRequest(sorted_photos)
        train_folder(engine, request, silent, CancelToken())
    assert "No label looks wrong; 24 labels checked." in told(
        capsys, "label-errors", "--collection", str(tmp_path / "fine")
    )


def test_where_the_model_knows_little_itself_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw = np.random.default_rng(0)
    names = draw.permutation([f"kind {number}" for number in range(10)] * 20).tolist()
    with CollectionStore.open(tmp_path / "guessing") as collection:
        remember(collection, tmp_path / "mine", draw.gamma(0.3, size=(200, 2048)).astype(np.float32), names)
    text = told(capsys, "label-errors", "--collection", str(tmp_path / "guessing"), "--limit", "3")
    assert "right, so most of these labels are probably fine." in text
    assert "more mix-ups" in text
    assert len(text.splitlines()) < 25


def test_classes_that_cannot_be_checked_are_named(
    taught: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_photos(tmp_path / "sorted" / "yellow", "yellow", 1)
    with Engine(CollectionStore.open(taught), open_colour_network) as engine:
        request = TrainFolderRequest(tmp_path / "sorted")
        result = train_folder(engine, request, silent, CancelToken())
    terminal = Terminal(sys.stdout, sys.stderr)
    _say_training(terminal, result)
    text = capsys.readouterr().out
    assert "Not measured, because no photo of them can be held out: yellow (1 photo)." in text
    assert "1 photo is in the folders of two classes" in text
    text = told(capsys, "label-errors", "--collection", str(taught))
    assert "Not checked, because no photo of them can be held out: yellow (1 photo)." in text


def test_too_few_labels_are_one_sentence_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label-errors", "--collection", str(tmp_path / "empty")]) == 1
    assert "at least two classes need 3 different labelled photos each" in capsys.readouterr().err


def test_advice_names_photos_and_what_they_would_bring(taught: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "next", "--collection", str(taught))
    assert "With 10 more photos of each class, " in text
    assert "Label these next, of 4 photos without a label:" in text
    assert all(f"red_90{number}.jpg" in text for number in range(4))
    *photos, last = lines(capsys, "next", str(taught.parent / "new"), "--collection", str(taught))
    assert sum(1 + len(each["alike"]) for each in photos) == 4
    assert all(len(each["top"]) == 3 for each in photos)
    summary = last["summary"]
    assert set(summary["per_class"]) == {"red", "green", "blue"}
    assert set(summary["ten_more"]) == {"low", "likely", "high"}
    assert (summary["photos"], summary["unlabelled"]) == (26, 4)
    assert set(summary["verdicts"]) == {"sure", "likely", "unsure", "unknown"}
    assert sum(summary["verdicts"].values()) == 4


def test_advice_ends_with_the_command_for_a_whole_group_where_there_is_one(
    taught: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hint = "Label a photo with its look-alikes: flowersorter label PHOTO --group {} --as CLASS"
    for words, folder in ((("next", str(taught.parent)), taught.parent), (("next",), "FOLDER")):
        said = told(capsys, *words, "--collection", str(taught))
        assert " look alike: " in said
        assert said.splitlines()[-1] == hint.format(folder)
    said = told(capsys, "next", str(taught.parent / "new"), "--collection", str(taught))
    assert "Label these next" in said
    assert "alike" not in said


def test_an_empty_collection_gets_advice_without_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "next", "--collection", str(tmp_path / "empty"))
    assert "too few labels to measure" in text
    assert "Every photo scanned so far has a label or another answer." in text


@pytest.mark.parametrize(
    ("ten", "twice", "sentence"),
    [
        (0.02, 0.05, "With 10 more photos of each class, about 2 more photos right out of 100."),
        (
            0.002,
            0.03,
            "10 more photos of each class would hardly help; with twice as many photos, about 3 more photos "
            "right out of 100.",
        ),
        (0.002, 0.006, "You have enough labels. More would hardly help."),
    ],
)
def test_it_is_enough_only_if_many_more_would_bring_nothing_either(ten: float, twice: float, sentence: str) -> None:
    gain, later = (Gain(each - 0.001, each, each + 0.001) for each in (ten, twice))
    standing = Standing(0, "", 100, 0.9, (0.85, 0.94), 0.6, gain, later)
    classes = (replace(standing, class_id=1, name="roses", photos=50), replace(standing, class_id=2, name="tulips"))
    assert _outlook(LabelNextResult(standing, classes, (), 5), gain) == sentence
    assert standing.enough == ("enough" in sentence)


def test_a_few_labels_are_never_enough() -> None:
    gain = Gain(0.0, 0.0, 0.0)
    standing = Standing(0, "", 6, 1.0, (0.54, 1.0), 1.0, gain, gain)
    few = LabelNextResult(standing, (replace(standing, class_id=1, name="cups", photos=3),), (), 9)
    assert _outlook(few, gain) == "To be surer of that, label about 10 photos of each class."
    unclear = replace(few, verdicts=np.full(40, 4, np.uint8))
    assert _outlook(unclear, gain).endswith(
        " of each class. 40 of 40 photos without a label are less than sure: label some of these."
    )


@pytest.mark.parametrize(
    ("gain_of_roses", "sure", "unsure", "sentence"),
    [
        (0.0, 90, 9, "You have enough labels. More would hardly help."),
        (0.02, 90, 9, "More labels of roses would help most."),
        (0.0, 85, 15, "15 of 100 photos without a label are less than sure: label some of these."),
        (
            0.02,
            0,
            9,
            "More labels of roses would help most. "
            "99 of 99 photos without a label are less than sure: label some of these.",
        ),
        (0.0, 0, 3, "You have enough labels. More would hardly help."),
    ],
)
def test_it_is_not_enough_while_a_class_would_gain_or_the_folder_is_not_sure(
    gain_of_roses: float, sure: int, unsure: int, sentence: str
) -> None:
    none, some = Gain(0.0, 0.0, 0.001), Gain(0.0, gain_of_roses, 0.04)
    standing = Standing(0, "", 497, 0.984, (0.97, 0.99), 0.9, none, none)
    classes = (replace(standing, class_id=1, name="roses", photos=40, gain=some), replace(standing, name="tulips"))
    likely = 90 if not sure and gain_of_roses else 0
    verdicts = np.repeat(np.array([1, 2, 3], np.uint8), [sure, likely, unsure])
    advice = LabelNextResult(standing, classes, (), 100, verdicts)
    assert _outlook(advice, none) == sentence
    assert (label_outlook(advice).kind is Outlook.ENOUGH) is ("enough" in sentence)


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (Gain(0.011, 0.02, 0.031), "about 1 to 3"),
        (Gain(0.018, 0.02, 0.021), "about 2"),
        (Gain(0.001, 0.02, 0.041), "about 2 (at most 4)"),
        (Gain(-0.02, 0.004, 0.041), "at most 4"),
        (Gain(0.0, 0.006, 0.009), "at most 1"),
    ],
)
def test_a_gain_is_told_in_whole_photos_of_a_hundred(gain: Gain, words: str) -> None:
    assert gain_in_words(gain) == words
