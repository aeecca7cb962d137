"""What deep training is worth, beside a head on the frozen network that learned from the same photos."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.job import CancelToken, silent
from flowersorter.library.garden import Garden
from flowersorter.vision.backbones import DEFAULT
from flowersorter.vision.folds import assign_folds
from flowersorter.vision.groundwork import Groundwork
from flowersorter.vision.metrics import wilson_interval
from flowersorter.vision.threads import Lanes
from flowersorter.workflows.deep import DeepRequest, Epoch, deep_train
from flowersorter.workflows.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.examples import labelled_photos
from flowersorter.workflows.train import TrainFolderRequest, train_folder

SEEDS = (1, 2, 3)
TRAIN_PER_CLASS = 240


def deep_training(photos: Path) -> None:
    """`train` and `train --deep --unfreeze 1` on 240 photos a class, `evaluate` on the others, splits 1 to 3"""
    print("split  learned  measured  frozen    deep  gain    best epoch  minutes")
    gains, right, total = [], 0, 0
    with tempfile.TemporaryDirectory() as scratch, Garden.open(Path(scratch) / "garden") as garden:
        files, targets, groups = _known(garden, photos)
        for seed in SEEDS:
            parts = _split(files, targets, groups, Path(scratch) / str(seed), seed)
            train_folder(TrainFolderRequest(garden, parts[0], backbone=DEFAULT), silent, CancelToken())
            frozen = evaluate(EvaluateRequest(garden, parts[1]), silent, CancelToken())
            started = time.perf_counter()
            trained = deep_train(DeepRequest(garden, parts[0], unfreeze=1), _tell, CancelToken())
            minutes = (time.perf_counter() - started) / 60
            deep = evaluate(EvaluateRequest(garden, parts[1]), silent, CancelToken())
            assert frozen.photos == deep.photos
            gains.append(deep.accuracy - frozen.accuracy)
            right, total = right + round(deep.accuracy * deep.photos), total + deep.photos
            print(
                f"{seed:5}  {trained.photos:7}  {deep.photos:8}  {frozen.accuracy:6.4f}  {deep.accuracy:6.4f}"
                f"  {100 * gains[-1]:+5.2f}  {trained.best:4} of {len(trained.epochs) - 1}  {minutes:7.1f}",
                flush=True,
            )
    low, high = wilson_interval(right, total)
    print(f"mean gain {100 * np.mean(gains):+.2f} points; deep {right / total:.4f} ({low:.3f} to {high:.3f})")


def _tell(news: object) -> None:
    if isinstance(news, Epoch):
        print(
            f"       epoch {news.number}: {news.accuracy:.4f} of its own held-out photos, {news.seconds:.0f} s",
            flush=True,
        )


def _known(garden: Garden, photos: Path) -> tuple[list[Path], NDArray[np.intp], NDArray[np.intp]]:
    """All photos with their class and their group of near-copies."""
    train_folder(TrainFolderRequest(garden, photos, backbone=DEFAULT), silent, CancelToken())
    labels = {photo_id: label.class_id for photo_id, label in garden.labels.all().items()}
    known = labelled_photos(garden, DEFAULT, labels)
    with Lanes() as lanes:
        groups = Groundwork.lay(known.examples, 0, lanes, CancelToken()).groups
    places = garden.photos.all_places()
    path_of = {place.photo_id: place.path for place in garden.photos.places(places.ids.tolist())}
    return [path_of[photo_id] for photo_id in known.photo_ids.tolist()], known.targets, groups


def _split(
    files: list[Path], targets: NDArray[np.intp], groups: NDArray[np.intp], out: Path, seed: int
) -> tuple[Path, Path]:
    """Copy a fifth of each class into `test`, up to `TRAIN_PER_CLASS` others into `train`, near-copies together."""
    folds = assign_folds(targets, groups, seed)
    taken = np.zeros(int(targets.max()) + 1, np.intp)
    for row in np.random.default_rng(seed).permutation(len(files)).tolist():
        part = "test"
        if folds[row] != 0:
            part = "train"
            taken[targets[row]] += 1
            if taken[targets[row]] > TRAIN_PER_CLASS:
                continue
        target = out / part / files[row].parent.name / files[row].name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(files[row], target)
    return out / "train", out / "test"
