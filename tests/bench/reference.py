"""Our head beside a plain scikit-learn classifier on the same features, and the margin of each addition to it.

The reference is a multinomial logistic regression. Its C and its temperature are chosen by stratified cross-validation;
nothing else is tuned. Both see each photo in two views, and neither sees augmented ones. An addition is measured where
it is meant to help: without it, with it, and the mean difference with twice its standard error over the draws.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier import fit as fit_module
from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature, softmax
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.metrics import calibration_bins, expected_calibration_error
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples, near_duplicates
from flowersorter.vision.features.packed import Features
from flowersorter.workflows.engine import Engine
from tests.bench.calibration import Photos, compared
from tests.bench.training_folder import learned_photos

PER_CLASS = (5, 10, 20, 50, 240)
#: Photos of one class beside `MANY` of each other one.
RARE, MANY = (8, 32), 240
#: Inverse penalties of the reference, the weakest fit first: each is the start of the next.
CS = (1.0, 10.0, 100.0, 1000.0)
_FOLDS = 5

Rows = NDArray[np.intp]
Probabilities = NDArray[np.float32]


def reference(options: argparse.Namespace) -> None:
    """our head beside scikit-learn's logistic regression, 5 to 240 photos a class, and the margin of each addition"""
    known = embedded(options.photos)
    draws = range(1, options.draws + 1)
    beside_the_reference(known, draws)
    additions(known, draws)


def embedded(photos: Path) -> Photos:
    """Embed a folder once, both views of each photo."""
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
        learned = learned_photos(engine, photos)
    groups = near_duplicates(learned.features, learned.targets, 0, CancelToken())
    return Photos(learned.features, learned.features, learned.targets, groups)


def _possible(known: Photos) -> list[int]:
    """Numbers of labelled photos of each class that leave some of every class to be measured."""
    fewest = int(np.bincount(known.targets).min())
    return [per_class for per_class in PER_CLASS if per_class < fewest]


def beside_the_reference(known: Photos, draws: Sequence[int]) -> None:
    """Print accuracy and calibration error of both on the photos that neither learned from."""
    print(f"                 accuracy                     calibration error   (means of {len(draws)} draws)")
    print("photos a class   scikit-learn  ours   margin            scikit-learn  ours")
    for per_class in _possible(known):
        table = []
        for seed in draws:
            learned, measured = known.drawn(per_class, seed)
            targets, features = known.targets[measured], known.features.take(measured)
            theirs = plain_probabilities(known.features.take(learned), known.targets[learned], features)
            ours = predict(fitted(known, learned), features).probabilities
            table.append((*judged(theirs, targets), *judged(ours, targets)))
        accuracy, error, our_accuracy, our_error = np.mean(table, axis=0)
        margins = [row[2] - row[0] for row in table]
        shown = f"{accuracy:12.3f}  {our_accuracy:.3f}  {in_points(margins):16}  {error:12.3f}  {our_error:.3f}"
        print(f"{per_class:14}   {shown}", flush=True)


def plain_probabilities(learned: Features, targets: Rows, measured: Features) -> Probabilities:
    """(M, C) float32 of the reference."""
    from sklearn.linear_model import LogisticRegression  # here, so that the other benchmarks do without
    from sklearn.model_selection import StratifiedKFold

    rows = learned.unpack()
    folds = StratifiedKFold(min(_FOLDS, int(np.bincount(targets).min())), shuffle=True, random_state=0)
    logits = np.empty((len(CS), len(targets), int(targets.max()) + 1), np.float32)
    for others, held_out in folds.split(rows, targets):
        head = LogisticRegression(max_iter=1000, tol=1e-3, warm_start=True)
        for number, c in enumerate(CS):
            head.set_params(C=c).fit(rows[others], targets[others])
            logits[number, held_out] = head.decision_function(rows[held_out])
    losses = [HeldOutLoss(each, targets) for each in logits]
    temperatures = [fit_temperature(loss) for loss in losses]
    best = int(np.argmin([loss.at(t).mean() for loss, t in zip(losses, temperatures, strict=True)]))
    head = LogisticRegression(C=CS[best], max_iter=1000, tol=1e-3).fit(rows, targets)
    return softmax((head.decision_function(measured.unpack()) / temperatures[best]).astype(np.float32))


def fitted(known: Photos, rows: Rows, *, discriminant: bool = True) -> Model:
    """Our model of some photos, its classes numbered anew."""
    classes, targets = np.unique(known.targets[rows], return_inverse=True)
    own = np.ones(len(rows), np.bool_)
    examples = Examples(1 + rows, known.features.take(rows), targets, own)
    names = [f"class {number}" for number in classes.tolist()]
    return fit(examples, names, DEFAULT, CancelToken(), discriminant=discriminant).model


def judged(probabilities: Probabilities, targets: Rows) -> tuple[float, float]:
    """Accuracy and expected calibration error."""
    right = probabilities.argmax(axis=1) == targets
    return float(right.mean()), expected_calibration_error(calibration_bins(probabilities.max(axis=1), right))


def in_points(margins: Sequence[float]) -> str:
    """Mean of the margins and twice its standard error, in percentage points."""
    error = 2 * np.std(margins, ddof=1) / len(margins) ** 0.5 if len(margins) > 1 else np.nan
    return f"{100 * np.mean(margins):+5.1f} +- {100 * error:.1f}"


def additions(known: Photos, draws: Sequence[int]) -> None:
    """Print the margin of each addition where it is meant to help."""
    print(
        "addition                     where                                 figure              without  with   margin"
    )
    for per_class in _possible(known):
        _row("LDA start", f"{per_class} of each class", "accuracy", [_lda(known, per_class, s) for s in draws])
    for rare in RARE if MANY in _possible(known) else ():
        pairs = [_class_prior(known, rare, seed) for seed in draws]
        where = f"{rare} of one class, {MANY} of the others"
        _row("class prior correction", where, "mean of recalls", [pair[0] for pair in pairs])
        _row("class prior correction", where, "recall of the rare", [pair[1] for pair in pairs])
    left_out = [compared(known, number) for number in np.unique(known.targets).tolist()]
    where = "one class without labels, by class"
    _row("unknown photos of a folder", where, "its photos sure", [figures[:2] for figures in left_out])
    _row("unknown photos of a folder", where, "others sure", [figures[2:] for figures in left_out])


def _row(addition: str, where: str, figure: str, pairs: Sequence[tuple[float, float]]) -> None:
    without, together = np.mean(pairs, axis=0)
    margin = in_points([after - before for before, after in pairs])
    print(f"{addition:27}  {where:36}  {figure:18}  {without:7.3f}  {together:.3f}  {margin}", flush=True)


def _accuracy(model: Model, known: Photos, measured: Rows) -> float:
    return judged(predict(model, known.features.take(measured)).probabilities, known.targets[measured])[0]


def _lda(known: Photos, per_class: int, seed: int) -> tuple[float, float]:
    learned, measured = known.drawn(per_class, seed)
    models = (fitted(known, learned, discriminant=start) for start in (False, True))
    without, together = (_accuracy(model, known, measured) for model in models)
    return without, together


def _class_prior(known: Photos, rare: int, seed: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Without and with the correction: the mean of the recalls, and the recall of the rare class."""
    draw = np.random.default_rng(seed)
    classes = draw.permutation(np.unique(known.targets))
    counts = [rare, *(MANY for _ in classes[1:])]
    parts = [draw.permutation(np.flatnonzero(known.targets == number)) for number in classes]
    learned = np.sort(np.concatenate([rows[:count] for rows, count in zip(parts, counts, strict=True)]))
    measured = np.flatnonzero(~np.isin(known.groups, known.groups[learned]))
    targets = known.targets[measured]

    def recalls(model: Model) -> tuple[float, float]:
        right = predict(model, known.features.take(measured)).probabilities.argmax(axis=1) == targets
        each = [float(right[targets == number].mean()) for number in classes]
        return float(np.mean(each)), each[0]

    with _no_class_prior_correction():
        without = recalls(fitted(known, learned))
    together = recalls(fitted(known, learned))
    return (without[0], together[0]), (without[1], together[1])


@contextmanager
def _no_class_prior_correction() -> Iterator[None]:
    def unchanged(
        logits: NDArray[np.float32], targets: Rows, folds: Rows
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        del targets, folds
        return logits, np.zeros(logits.shape[1], np.float32)

    with patch.object(fit_module, "correct_class_prior", unchanged):
        yield
