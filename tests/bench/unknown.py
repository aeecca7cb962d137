"""Folders with photos of unknown classes, or of known classes from elsewhere: how many are called sure and unknown."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.workflows.engine import Engine
from tests.bench.calibration import auroc, folder_verdicts
from tests.bench.training_folder import LearnedPhotos, learned_photos

DEFAULT_THINGS = Path(__file__).parents[3] / "shared" / "things"
#: Photos of known and of unknown classes in a folder.
FOLDERS = ((200, 0), (20, 0), (0, 200), (0, 50), (0, 20), (100, 100), (150, 50), (50, 150))
SEEDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A model of some classes, and photos that it never saw.

    Attributes:
        photos: All photos.
        model: The model.
        learned: Rows that it was trained on.
        known: Rows of other photos of its classes, in random order.
        unknown: Rows of photos of other classes, in random order.
    """

    photos: LearnedPhotos
    model: Model
    learned: NDArray[np.intp]
    known: NDArray[np.intp]
    unknown: NDArray[np.intp]


def unknown_folders(options: argparse.Namespace) -> None:
    """folders of unknown classes, known ones and both: sure and unknown photo by photo, and as their folder tells"""
    print("                                known: sure, unknown      of an unknown class: sure, unknown    AUROC")
    flowers = embedded(options.photos)
    flower_classes = np.unique(flowers.targets)
    for per_class in (240, 20, 8):
        settings = [_setting(flowers, flower_classes[flower_classes != c], per_class, seed=c) for c in flower_classes]
        _print_folders(f"one flower left out, {per_class:3} a class", settings)
    if DEFAULT_THINGS.is_dir():
        things = embedded(DEFAULT_THINGS)
        names = np.unique(things.targets)
        for per_class in (20, 8):
            draws = [np.random.default_rng(seed).permutation(names)[: len(names) // 2] for seed in SEEDS]
            settings = [_setting(things, known, per_class, seed) for seed, known in enumerate(draws)]
            _print_folders(f"half of the things,  {per_class:3} a class", settings)
    _print_elsewhere(flowers)


def embedded(folder: Path) -> LearnedPhotos:
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
        return learned_photos(engine, folder)


def _setting(photos: LearnedPhotos, classes: NDArray[np.intp], per_class: int, seed: int) -> Setting:
    draw = np.random.default_rng(seed)
    drawn = [draw.permutation(np.flatnonzero(photos.targets == number))[:per_class] for number in classes]
    learned = np.sort(np.concatenate(drawn))
    of_known = np.isin(photos.targets, classes)
    known = draw.permutation(np.setdiff1d(np.flatnonzero(of_known), learned))
    return Setting(photos, _trained(photos, learned), learned, known, draw.permutation(np.flatnonzero(~of_known)))


def _trained(photos: LearnedPhotos, rows: NDArray[np.intp]) -> Model:
    classes, targets = np.unique(photos.targets[rows], return_inverse=True)
    examples = Examples(1 + rows, photos.features.take(rows), targets, np.ones(len(rows), np.bool_))
    return fit(examples, [photos.class_names[number] for number in classes], DEFAULT, CancelToken()).model


def _print_folders(name: str, settings: Sequence[Setting]) -> None:
    for known, unknown in FOLDERS:
        rows = [list(_measured(setting, known, unknown)) for setting in settings]
        line = np.nanmean(rows, axis=0) if known and unknown else np.mean(rows, axis=0)
        of_known = f"{line[0]:5.1%} > {line[1]:5.1%}  {line[2]:5.1%}" if known else ""
        of_unknown = f"{line[3]:5.1%} > {line[4]:5.1%}  {line[5]:5.1%} > {line[6]:5.1%}" if unknown else ""
        print(
            f"{name}  {known:3}+{unknown:<3} {of_known:27} {of_unknown:36} {line[7]:.3f}"
            if known and unknown
            else f"{name}  {known:3}+{unknown:<3} {of_known:27} {of_unknown}",
            flush=True,
        )


def _measured(setting: Setting, known: int, unknown: int) -> Iterator[float]:
    """Shares of the known photos: sure before and now, unknown now; of the others: sure and unknown, before and now."""
    rows = np.concatenate([setting.known[:known], setting.unknown[:unknown]])
    strange = np.arange(len(rows)) >= len(setting.known[:known])
    photos = setting.photos
    before, now, chance = _judged(photos, setting.model, setting.learned, rows)

    def share(verdicts: NDArray[np.uint8], verdict: Verdict, which: NDArray[np.bool_]) -> float:
        return float((verdicts[which] == verdict).mean()) if which.any() else 0.0

    yield share(before, Verdict.SURE, ~strange)
    yield share(now, Verdict.SURE, ~strange)
    yield share(now, Verdict.UNKNOWN, ~strange)
    for verdict in (Verdict.SURE, Verdict.UNKNOWN):
        yield share(before, verdict, strange)
        yield share(now, verdict, strange)
    yield auroc(chance[~strange], chance[strange]) if known and unknown else np.nan


def _judged(
    photos: LearnedPhotos, model: Model, learned: NDArray[np.intp], rows: NDArray[np.intp]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    labelled = photos.features.take(learned)
    return folder_verdicts(model, labelled, photos.targets[learned], photos.features.take(rows))


def _print_elsewhere(photos: LearnedPhotos) -> None:
    """Train on the earliest photos of each class, by their Flickr ids, and judge the latest."""
    print("earlier photos learned, 200 later ones of the same classes: sure > now, of these right > now, unknown now")
    number = np.array([int(file.name.partition("_")[0]) for file in photos.files])
    for per_class in (20, 120):
        rows = []
        for seed in SEEDS:
            draw = np.random.default_rng(seed)
            early, late = [], []
            for c in np.unique(photos.targets):
                of_class = np.flatnonzero(photos.targets == c)
                of_class = of_class[np.argsort(number[of_class])]
                early.append(draw.permutation(of_class[: len(of_class) // 2])[:per_class])
                late.append(of_class[2 * len(of_class) // 3 :])
            learned, folder = np.sort(np.concatenate(early)), draw.permutation(np.concatenate(late))[:200]
            model = _trained(photos, learned)
            before, now, _ = _judged(photos, model, learned, folder)
            right = predict(model, photos.features.take(folder)).probabilities.argmax(axis=1) == photos.targets[folder]
            was, sure = before == Verdict.SURE, now == Verdict.SURE
            correct = [right[each].mean() if each.any() else 1.0 for each in (was, sure)]
            rows.append([was.mean(), sure.mean(), *correct, (now == Verdict.UNKNOWN).mean()])
        was, sure, right_before, right_now, unknown = np.mean(rows, axis=0)
        print(
            f"{per_class:3} a class  {was:5.1%} > {sure:5.1%}  {right_before:5.1%} > {right_now:5.1%}  {unknown:5.1%}",
            flush=True,
        )
