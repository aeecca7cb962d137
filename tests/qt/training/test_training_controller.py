"""What Retrain reports of the suggestions, with a queue and a folder that answer when the test lets them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.training.training_controller import TrainingController
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.training.train import TrainResult
from tests.qt.fake_rows import nothing_yet, rows


class Folder(QObject):
    """The signals of a `FolderController`."""

    begun = Signal()
    opened = Signal(object)
    stopped = Signal()
    labelled = Signal()

    roots = ("/photos",)

    def rescan(self) -> None:
        self.begun.emit()


class Bench:
    """A training controller whose trainings succeed when the test lets them."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.listeners: list[Listener] = []
        self.folder, self.photos = Folder(), PhotoModel(nothing_yet)
        queue = SimpleNamespace(submit=self._submit, alive=lambda _job_id: False, drop=lambda _job_id: None)
        state = SimpleNamespace(label_counts={1: 40})
        session = SimpleNamespace(engine=None, queue=queue, photos=self.photos, state=state, device="cpu")
        front = SimpleNamespace(bar=SimpleNamespace(say=lambda text, *_actions, **_until: self.said.append(text)))
        self.training = TrainingController(cast(Any, session), cast(Any, front), cast(Any, self.folder))

    def _submit(self, _title: str, _call: object, listener: Listener, **_kind: object) -> int:
        self.listeners.append(listener)
        return len(self.listeners)

    def retrain(self) -> None:
        self.training.start()
        succeeded = self.listeners[-1].succeeded
        assert succeeded is not None
        succeeded(TrainResult(2, ("daisy", "roses"), 40, 0, None, None, True, 1.0))


@pytest.fixture
def bench(qapp: QApplication) -> Bench:
    del qapp
    return Bench()


def test_a_suggestion_that_is_unknown_before_or_now_counts_as_it_is_shown(bench: Bench) -> None:
    unknown, sure = int(Verdict.UNKNOWN), int(Verdict.SURE)
    before = replace(
        rows(5),
        verdicts=np.array([unknown, sure, unknown, sure, Verdict.NONE], np.uint8),
        class_ids=np.array([1, 1, 1, 1, 0], np.int32),
    )
    now = replace(
        before,
        verdicts=np.array([unknown, unknown, sure, sure, sure], np.uint8),
        class_ids=np.array([2, 1, 1, 1, 1], np.int32),
    )
    bench.photos.set_rows(before)
    bench.retrain()
    bench.photos.set_rows(now)
    shown = list[tuple[list[int], str]]()
    bench.training.places_requested.connect(lambda place_ids, title: shown.append((place_ids, title)))
    bench.folder.labelled.emit()
    assert bench.said[-1] == "Learned from 40 photos. 2 suggestions changed."
    bench.training._show_changed()
    assert shown == [([2, 3], "Changed suggestions")]


def test_a_scan_after_one_that_was_cancelled_repeats_nothing_of_the_training(bench: Bench) -> None:
    bench.photos.set_rows(rows(4))
    bench.retrain()
    bench.folder.stopped.emit()
    told = len(bench.said)
    bench.folder.labelled.emit()
    assert bench.said[told:] == []


@pytest.mark.parametrize(("held_out", "accuracy"), [(14, "70 % (too few labels to be exact)."), (400, "70 %.")])
def test_an_accuracy_of_few_photos_is_said_to_be_inexact(bench: Bench, held_out: int, accuracy: str) -> None:
    said = bench.training._learned(TrainResult(2, ("daisy", "roses"), 40, held_out, 0.7, None, True, 1.0))
    assert said == f"Learned from 40 photos. Accuracy about {accuracy}"
