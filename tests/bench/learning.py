"""How good the learning is, on splits that are named."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

import numpy as np

from flowersorter.domain.figures import wilson_interval
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.evaluate import EvaluateRequest, evaluate
from flowersorter.workflows.models.current_model import starter
from flowersorter.workflows.training.train import TrainFolderRequest, train_folder

SEEDS = (1, 2, 3)
PER_CLASS = 20


def starter_accuracy(photos: Path) -> None:
    """the starter model on photos it was not fitted on: 5 folds, near-copies together, seeds 1 to 3"""
    del photos  # their features ship with the program
    base = starter()
    ids = np.arange(1, len(base.targets) + 1)
    examples = Examples(ids, base.features, base.targets, np.ones(len(base.targets), np.bool_))
    print("seed  photos  accuracy  95 % interval")
    for seed in SEEDS:
        held_out = fit(examples, base.model.class_names, base.model.backbone, CancelToken(), seed=seed).held_out
        low, high = wilson_interval(int(held_out.right.sum()), len(held_out.right))
        print(f"{seed:4}  {len(held_out.right):6}  {held_out.right.mean():8.4f}  {low:.3f} to {high:.3f}")


def few_photos(photos: Path) -> None:
    """`train` on 20 photos a class, `evaluate` on all the others, seeds 1 to 3"""
    print("seed  trained on  measured on  accuracy")
    with tempfile.TemporaryDirectory() as scratch:
        for seed in SEEDS:
            parts = _split(photos, Path(scratch) / str(seed), seed)
            with Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
                trained = train_folder(engine, TrainFolderRequest(parts[0]), silent, CancelToken())
                result = evaluate(engine, EvaluateRequest(parts[1]), silent, CancelToken())
            print(f"{seed:4}  {trained.photos:10}  {result.photos:11}  {result.accuracy:8.4f}", flush=True)


def _split(photos: Path, out: Path, seed: int) -> tuple[Path, Path]:
    """Copy `PER_CLASS` photos of each class, drawn with the seed, into `few` and the others into `rest`."""
    draw = random.Random(seed)
    for folder in sorted(part for part in photos.iterdir() if part.is_dir()):
        files = sorted(folder.iterdir())
        draw.shuffle(files)
        for i, file in enumerate(files):
            target = out / ("few" if i < PER_CLASS else "rest") / folder.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    return out / "few", out / "rest"
