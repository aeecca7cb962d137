"""How long a job goes on after somebody pressed Cancel."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Report, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.filing.history import UndoRequest, undo_run
from flowersorter.workflows.filing.sort import RunSortRequest, SortRequest, plan_sort, run_sort
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.train import RetrainRequest, TrainFolderRequest, retrain, train_folder

Job = Callable[[Report, CancelToken], object]

PER_CLASS = 60


def cancel_latency(photos: Path) -> None:
    """seconds from Cancel to the end of the job, for every job at several moments"""
    print("job           cancelled after  goes on for")
    with tempfile.TemporaryDirectory() as scratch:
        folder = _some(photos, Path(scratch) / "photos")
        with Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
            for after_s in (0.1, 2.0, 4.0, 6.0, 8.0):
                _measure("label", lambda r, c: predict_folder(engine, PredictFolderRequest(folder), r, c), after_s)
            train_folder(engine, TrainFolderRequest(folder), silent, CancelToken())
            for after_s in (0.05, 0.2, 0.5):
                _measure("retrain", lambda r, c: retrain(engine, RetrainRequest(), r, c), after_s)
                _measure("evaluate", lambda r, c: evaluate(engine, EvaluateRequest(), r, c), after_s)
                _measure("plan", lambda r, c: plan_sort(engine, _sorting(folder), r, c), after_s)
            for after_s in (0.1, 0.5):
                request = RunSortRequest(plan_sort(engine, _sorting(folder), silent, CancelToken()))
                _measure("sort", partial(run_sort, engine, request), after_s)
                _measure("undo", lambda r, c: undo_run(engine, UndoRequest(), r, c), 0.1)
            engine.collection.database.check_integrity()


def _sorting(folder: Path) -> SortRequest:
    return SortRequest(folder, folder.with_name("sorted"))


def _measure(name: str, job: Job, after_s: float) -> None:
    """Run a job, cancel it after a while, and print how long it went on; a job that was quicker says so."""
    cancel = CancelToken()
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.perf_counter())
        cancel.cancel()

    timer = threading.Timer(after_s, press)
    timer.start()
    try:
        job(silent, cancel)
        told = "was done before"
    except Cancelled:
        told = f"{time.perf_counter() - pressed[0]:.2f} s"
    timer.cancel()
    print(f"{name:12}  {after_s:13.2f} s  {told}", flush=True)


def _some(photos: Path, out: Path) -> Path:
    for folder in sorted(part for part in photos.iterdir() if part.is_dir()):
        (out / folder.name).mkdir(parents=True)
        for file in sorted(folder.iterdir())[:PER_CLASS]:
            shutil.copy2(file, out / folder.name / file.name)
    return out
