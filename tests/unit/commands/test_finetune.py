"""train --deep in a terminal: a line for every epoch on stderr, and the summary."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flowersorter.cli import main
from flowersorter.commands.shared.finetune import epoch_line
from flowersorter.commands.shared.output import Terminal
from flowersorter.domain.figures import Epoch
from flowersorter.jobs import Progress
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import BACKBONE
from flowersorter.vision.features.views import CENTRE
from tests.tiny_network import PATTERNS, draw_stripes, tiny_among_the_backbones

EPOCH = Epoch(2, 6, 0.5126, 0.3, 47, 50, best=True, seconds=61.4)


@pytest.fixture
def stripes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in PATTERNS:
        draw_stripes(tmp_path / "stripes", name, 12)
    # Four held-out photos cannot show that it helps.
    monkeypatch.setattr("flowersorter.workflows.training.finetune.not_better", lambda *_: None)
    with tiny_among_the_backbones(tmp_path, monkeypatch):
        yield tmp_path / "stripes"


def deep(stripes: Path, *options: str) -> int:
    collection = stripes.parent / "collection"
    common = ["--collection", str(collection), "--backbone", "tiny", "--device", "cpu"]
    return main(["train", str(stripes), "--deep", *options, *common])


def test_every_epoch_has_its_line_and_the_end_is_told(stripes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deep(stripes, "--epochs", "2") == 0
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["before the first epoch", "epoch 1 of 2", "epoch 2 of 2"]
    assert "held-out photos right" in lines[1]
    assert "on tiny-tuned-1 learned 2 classes from 24 photos" in said.out
    assert "narrow, wide" in said.out


def test_the_summary_says_what_train_says_and_the_epochs(stripes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deep(stripes, "--epochs", "1", "--unfreeze", "0", "--json") == 0
    [line] = capsys.readouterr().out.splitlines()
    summary = json.loads(line)["summary"]
    assert summary["backbone"] == "tiny"
    assert (summary["model"], summary["photos"], summary["current"], summary["unreadable"]) == (1, 24, True, 0)
    assert [each["epoch"] for each in summary["epochs"]] == [0, 1]
    assert summary["epochs"][0]["loss"] is None
    assert summary["best"] == 1
    assert not summary["stopped"]
    assert 0 <= summary["frozen"] <= 1


def test_its_model_is_used_like_any_other_and_known_photos_are_embedded_anew(
    stripes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh, collection = stripes.parent / "fresh", stripes.parent / "collection"
    for name in PATTERNS:
        draw_stripes(fresh, name, 3, first=100)
        for path in list((fresh / name).iterdir()):  # else the folders' names were labels
            path.rename(fresh / path.name)
        (fresh / name).rmdir()
    common = ["--collection", str(collection), "--device", "cpu"]
    assert main(["predict", str(fresh), "--backbone", "tiny", *common]) == 0
    assert deep(stripes, "--epochs", "3") == 0
    capsys.readouterr()
    assert main(["predict", str(fresh), "--json", *common]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = {Path(line["path"]).name: line["class"] for line in lines if "path" in line}
    assert len(told) == 6
    assert sum(name.startswith(class_name) for name, class_name in told.items()) >= 4
    with CollectionStore.open(collection) as opened:
        known = opened.photos.all_places()
        _, hashes = opened.photos.hashes(np.unique(known.photo_ids))
        assert len(hashes) == 30
        assert not list(opened.embeddings("tiny-tuned-1").missing(hashes, CENTRE))
    assert main(["predict", *map(str, sorted(fresh.iterdir())), "--json", *common]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {Path(line["path"]).name: line["class"] for line in lines if "path" in line} == told


def test_ctrl_c_after_the_first_epoch_keeps_the_best_so_far(
    stripes: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowersorter.commands.shared import finetune as command

    def interrupting(news: object) -> str | None:
        if isinstance(news, Epoch) and news.number == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return epoch_line(news)

    monkeypatch.setattr(command, "epoch_line", interrupting)
    assert deep(stripes, "--epochs", "9") == 0
    assert "Stopped early; epoch 1 of 1 is kept. Model 1" in capsys.readouterr().out
    with CollectionStore.open(stripes.parent / "collection") as collection:
        assert collection.settings.get(BACKBONE) == "tiny-tuned-1"


def test_ctrl_c_before_that_leaves_nothing(
    stripes: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowersorter.commands.shared import finetune as command

    def interrupting(news: object) -> str | None:
        if isinstance(news, Progress) and "epoch 1" in news.stage:
            os.kill(os.getpid(), signal.SIGINT)
        return None

    monkeypatch.setattr(command, "epoch_line", interrupting)
    assert deep(stripes, "--epochs", "9") == 130
    assert "nothing is half-done" in capsys.readouterr().err
    with CollectionStore.open(stripes.parent / "collection") as collection:
        assert collection.models.all() == []


@pytest.mark.parametrize("options", [["--unfreeze", "1"], ["--epochs", "3"]])
def test_its_options_mean_nothing_without_it(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(tmp_path), *options]) == 2
    assert "go with --deep" in capsys.readouterr().err


def test_what_an_epoch_brought_on_a_line() -> None:
    assert epoch_line(EPOCH) == "epoch 2 of 6: loss 0.513, 47 of 50 held-out photos right (94.0 %); 61 s"
    diverged = epoch_line(replace(EPOCH, best=False))
    assert diverged is not None
    assert "not kept: the loss has risen" in diverged
    assert epoch_line(Progress("Learning", 1)) is None


class Watched(io.StringIO):
    """A terminal that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_beside_a_progress_bar_the_lines_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    err = Watched()
    with Terminal(io.StringIO(), err).progress(tell=epoch_line) as report:
        report(Progress("Deep training, epoch 2 of 6", 3, 10))
        report(EPOCH)
        report(Progress("Deep training, epoch 3 of 6", 1, 10))
    assert "epoch 2 of 6: loss 0.513, 47 of 50 held-out" in err.getvalue()
