"""What deep training is worth, beside a head on the frozen network that learned from the same photos."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import Epoch, wilson_interval
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.training_state import near_duplicates
from flowersorter.vision.features.cv_folds import assign_folds
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.training.finetune import FinetuneRequest, finetune
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder
from tests.bench.training_folder import learned_photos

#: Deals the photos into five parts: each is measured once, by models that learned from the other four.
SEED = 1
SPLITS = (0, 1, 2, 3, 4)


def deep_training(photos: Path) -> None:
    """`train` and `train --deep --unfreeze 1` on four fifths, `evaluate` on the other fifth, five splits of seed 1"""
    print("split  learned  measured  frozen    deep  gain    best epoch  minutes")
    results: list[NDArray[np.bool_]] = []
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
        known = learned_photos(engine, photos)
        folds = assign_folds(known.targets, near_duplicates(known.features, known.targets, 0, CancelToken()), SEED)
        for split in SPLITS:
            engine.collection.labels.clear(list(engine.collection.labels.all()))
            learned, measured = _copied(known.files, folds == split, Path(scratch) / str(split))
            train_folder(engine, TrainFolderRequest(learned, backbone=DEFAULT), silent, CancelToken())
            frozen = _right(engine, measured)
            started = time.perf_counter()
            trained = finetune(engine, FinetuneRequest(learned, unfreeze=1), _tell, CancelToken())
            minutes = (time.perf_counter() - started) / 60
            deep = _right(engine, measured)
            results.append(np.stack([frozen, deep]))
            print(
                f"{split:5}  {trained.photos:7}  {len(deep):8}  {frozen.mean():6.4f}  {deep.mean():6.4f}"
                f"  {100 * (deep.mean() - frozen.mean()):+5.2f}  {trained.best:4} of {len(trained.epochs) - 1}"
                f"  {minutes:7.1f}",
                flush=True,
            )
    _sum_up(*np.concatenate(results, axis=1))


def _right(engine: Engine, measured: Path) -> NDArray[np.bool_]:
    """(N,) whether each photo is told right, in the order of their numbers."""
    evaluation = evaluate(engine, EvaluateRequest(measured), silent, CancelToken())
    assert evaluation.seen == 0
    return evaluation.right[np.argsort(evaluation.photo_ids)]


def _sum_up(frozen: NDArray[np.bool_], deep: NDArray[np.bool_]) -> None:
    """Print both accuracies, and the gain with its interval: the photos are the same ones, so only changes count."""
    count = len(frozen)
    for name, right in (("frozen", frozen), ("deep", deep)):
        low, high = wilson_interval(int(right.sum()), count)
        print(
            f"{name}: {right.sum()} of {count} right, {100 * right.mean():.1f} % ({100 * low:.1f} to {100 * high:.1f})"
        )
    better, worse = int((deep & ~frozen).sum()), int((frozen & ~deep).sum())
    gain = (better - worse) / count
    spread = 1.96 * np.sqrt((better + worse) / count - gain**2) / np.sqrt(count)
    print(
        f"gain: {100 * gain:+.2f} points ({100 * (gain - spread):+.2f} to {100 * (gain + spread):+.2f}); "
        f"{better} photos are right now, {worse} no more"
    )


def _tell(news: object) -> None:
    if isinstance(news, Epoch):
        print(
            f"       epoch {news.number}: {news.accuracy:.4f} of its own held-out photos, {news.seconds:.0f} s",
            flush=True,
        )


def _copied(files: Sequence[Path], measured: NDArray[np.bool_], out: Path) -> tuple[Path, Path]:
    """Copies of the photos in class folders: those to learn from, and those to measure with."""
    for file, held_out in zip(files, measured.tolist(), strict=True):
        target = out / ("measure" if held_out else "learn") / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    return out / "learn", out / "measure"
