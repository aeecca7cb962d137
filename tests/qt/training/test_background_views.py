"""While nobody waits, labelled photos of small classes are looked at again, for the next Retrain to find."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.errors import WeightsMissing
from flowersorter.jobs import CancelToken, Report, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.features.views import VARIANTS, variant
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.training import training_set
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.drawing import textured, write_jpeg
from tests.qt.program import COLOURS, draw_folder, idle, running, stored
from tests.stub_network import open_colour_network
from tests.stuck import LIMIT_S

READY = "flowersorter.workflows.training.prepare_features.get_ready"


@pytest.fixture
def taught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A collection that learned red, green and blue from 8 photos each, each seen from one side only."""
    for name, colour in COLOURS.items():
        (tmp_path / "sorted" / name).mkdir(parents=True)
        for number in range(8):
            write_jpeg(tmp_path / "sorted" / name / f"{number}.jpg", textured((96, 72), colour, 200 + number))
    with (
        Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as engine,
        monkeypatch.context() as before,
    ):
        before.setattr(training_set, "SMALL_CLASS", 0)
        request = TrainFolderRequest(tmp_path / "sorted")
        train_folder(engine, request, silent, CancelToken())
    return tmp_path / "collection"


def variants(program: Program) -> int:
    """How many are in the cache."""
    _, hashes = stored(program).photos.hashes(list(stored(program).labels.all()))
    store = program.collection.embeddings("resnet50")
    return sum(len(store.get(hashes, variant(number))[1]) for number in range(1, VARIANTS + 1))


def test_after_a_folder_was_looked_at_they_are_there(taught: Path, tmp_path: Path, qtbot: QtBot) -> None:
    with running(taught, qtbot, draw_folder(tmp_path / "photos", each=1)) as program:
        idle(program, qtbot)
        assert variants(program) == VARIANTS * 24


def test_what_the_person_asks_for_does_not_wait(
    taught: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, given_up = threading.Event(), threading.Event()

    def endless(engine: Engine, device: str, report: Report, cancel: CancelToken) -> None:
        if not started.is_set():
            started.set()
            cancel._event.wait(LIMIT_S)
            given_up.set()
            cancel.check()

    with running(taught, qtbot) as program:
        monkeypatch.setattr(READY, endless)
        program.window.folder.open(draw_folder(tmp_path / "photos", each=1))
        qtbot.waitUntil(started.is_set)
        with qtbot.waitSignal(program.window.training.told):
            program.window.training.start()
        assert given_up.is_set()


def test_what_goes_wrong_with_it_bothers_nobody(
    taught: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def failing(engine: Engine, device: str, report: Report, cancel: CancelToken) -> None:
        asked.set()
        raise WeightsMissing("No weights", "they are not here", "Download them")

    with running(taught, qtbot) as program:
        monkeypatch.setattr(READY, failing)
        program.window.folder.open(draw_folder(tmp_path / "photos", each=1))
        qtbot.waitUntil(asked.is_set)
        idle(program, qtbot)
        assert "No weights" not in program.window.job_bar.message.text()
