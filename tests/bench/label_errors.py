"""What is said about labels: which ones are wrong, which photos to label next, and what more of them would bring."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.classifier.active_selection import MOST_CONSIDERED, doubt_of, next_to_label
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.vision.classifier.label_errors import Opinions, score_labels
from flowersorter.vision.classifier.learning_curve import measure_curve
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.features.near_duplicates import NEAR_COPY
from flowersorter.vision.features.packed import Features, join
from flowersorter.workflows.engine import Engine
from tests.bench.training_folder import learned_photos

FLIPPED_SHARE, SHOWN_SHARE = 0.05, 0.1
SEEDS = tuple(range(1, 11))
START_PER_CLASS, BATCH, CHOSEN_UP_TO, RANDOM_UP_TO = 2, 10, 60, 100
GOAL_LABELS, GOAL_RANDOM = 50, 75
GROWTH_SEEDS = tuple(range(1, 7))
PER_CLASS = (6, 10, 20, 40)

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """A labelled folder, embedded: features of N photos, their classes, groups of near-copies, C names."""

    features: Features
    targets: Rows
    groups: Rows
    names: tuple[str, ...]

    def fitted(self, rows: Rows, targets: Rows | None = None) -> Fitted:
        """What would be learned from some of the photos, with these labels or the right ones."""
        targets = self.targets[rows] if targets is None else targets
        examples = Examples(
            np.arange(1, len(rows) + 1), self.features.take(rows), targets, np.ones(len(rows), np.bool_)
        )
        return fit(examples, self.names, "", CancelToken())

    def accuracy(self, fitted: Fitted, rows: Rows) -> float:
        """Share of some photos that are predicted right."""
        predicted = predict(fitted.model, self.features.take(rows)).probabilities.argmax(axis=1)
        return float((predicted == self.targets[rows]).mean())

    def split(self, seed: int) -> tuple[Rows, Rows]:
        """A third to measure on and the others in random order; near-copies never on both sides."""
        draw = np.random.default_rng(seed)
        groups = draw.permutation(np.unique(self.groups))
        test = np.isin(self.groups, groups[: len(groups) // 3])
        return np.flatnonzero(test), draw.permutation(np.flatnonzero(~test))

    def few_of_each(self, pool: Rows, count: int) -> Rows:
        """The first ones of each class."""
        return np.concatenate([pool[self.targets[pool] == each][:count] for each in range(len(self.names))])


def doubts(photos: Path) -> None:
    """labels found wrong: 5 % are flipped at random, seeds 1 to 10; goal 80 % of them in the first 10 % shown"""
    known = _embedded(photos)
    count = len(known.targets)
    shown, shares = round(SHOWN_SHARE * count), []
    print(f"{count} photos, {round(FLIPPED_SHARE * count)} labels flipped, the first {shown} shown")
    print("seed  found  share  doubted in all  of them wrong")
    for seed in SEEDS:
        draw = np.random.default_rng(seed)
        flipped = draw.choice(count, round(FLIPPED_SHARE * count), replace=False)
        labels = known.targets.copy()
        labels[flipped] = (labels[flipped] + draw.integers(1, len(known.names), len(flipped))) % len(known.names)
        fitted = known.fitted(np.arange(count), labels)
        held_out = fitted.held_out
        opinions = Opinions(held_out.rows, held_out.logits, fitted.model.temperature)
        look = score_labels(known.features, labels, np.ones(count, np.bool_), opinions, CancelToken())
        found = np.isin(look.rows[:shown], flipped).sum()
        wrong = np.isin(look.rows[: look.suspicious], flipped).sum()
        shares.append(found / len(flipped))
        print(f"{seed:4}  {found:5}  {shares[-1]:5.3f}  {look.suspicious:14}  {wrong:13}", flush=True)
    print(f"mean  {np.mean(shares):12.3f}, worst {np.min(shares):.3f}")


def advice(photos: Path) -> None:
    """labels asked for: accuracy with 10 to 60 labels chosen by several rules, seeds 1 to 10; what ten more bring"""
    known = _embedded(photos)
    random = _grown(known, _random, RANDOM_UP_TO, "random")
    for name, rule in _RULES.items():
        curve = _grown(known, rule, CHOSEN_UP_TO, name)
    sizes = np.arange(len(random)) * BATCH + START_PER_CLASS * len(known.names)
    reached, needed = np.interp(GOAL_LABELS, sizes[: len(curve)], curve), np.interp(GOAL_RANDOM, sizes, random)
    verdict = "reached" if reached >= needed else "missed"
    print(f"{GOAL_LABELS} chosen labels {reached:.3f}, {GOAL_RANDOM} random ones {needed:.3f}: {verdict}")
    _strangers(known, photos.parent / "strangers")
    _growth(known)


Rule = Callable[[Photos, Rows, Rows, NDArray[np.float32], np.random.Generator], Rows]


def _random(
    known: Photos, pool: Rows, labelled: Rows, predictions: NDArray[np.float32], draw: np.random.Generator
) -> Rows:
    return draw.choice(pool, BATCH, replace=False)


def _narrowest(
    known: Photos, pool: Rows, labelled: Rows, predictions: NDArray[np.float32], draw: np.random.Generator
) -> Rows:
    return pool[np.argsort(-doubt_of(predictions), kind="stable")[:BATCH]]


def _entropy(
    known: Photos, pool: Rows, labelled: Rows, predictions: NDArray[np.float32], draw: np.random.Generator
) -> Rows:
    entropy = -(predictions * np.log(predictions + 1e-12)).sum(axis=1)
    return pool[np.argsort(-entropy, kind="stable")[:BATCH]]


def _farthest(weight: Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]) -> Rule:
    """Greedily the photo with the highest weight times squared distance to those labelled or chosen."""

    def rule(
        known: Photos, pool: Rows, labelled: Rows, predictions: NDArray[np.float32], draw: np.random.Generator
    ) -> Rows:
        rows = known.features.take(pool).unpack()
        among = rows @ rows.T
        weights, nearest = weight(predictions, among), known.features.take(labelled).matmul(rows.T).max(axis=0)
        chosen: list[int] = []
        for _ in range(BATCH):
            worth = weights * (1 - nearest)
            worth[chosen] = -1
            chosen.append(int(np.argmax(worth)))
            nearest = np.maximum(nearest, among[:, chosen[-1]])
        return pool[chosen]

    return rule


def _density(among: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) rank, 0 to 1, of the mean similarity to the 20 nearest."""
    rank = np.argsort(np.argsort(np.sort(among, axis=1)[:, -21:-1].mean(axis=1)))
    return (rank / len(among)).astype(np.float32)


def _product(
    known: Photos, pool: Rows, labelled: Rows, predictions: NDArray[np.float32], draw: np.random.Generator
) -> Rows:
    if len(pool) > MOST_CONSIDERED:
        kept = np.sort(draw.choice(len(pool), MOST_CONSIDERED, replace=False))
        pool, predictions = pool[kept], predictions[kept]
    features = known.features
    return pool[
        next_to_label(features.take(pool), doubt_of(predictions), features.take(labelled), BATCH, CancelToken())
    ]


_RULES: dict[str, Rule] = {
    "narrowest margin": _narrowest,
    "highest entropy": _entropy,
    "distance (k-centre)": _farthest(lambda predictions, among: np.ones(len(predictions), np.float32)),
    "margin x distance": _farthest(lambda predictions, among: doubt_of(predictions)),
    "margin x distance x density": _farthest(lambda predictions, among: doubt_of(predictions) * _density(among)),
    "what FlowerSorter asks for": _product,
}


def _grown(known: Photos, rule: Rule, up_to: int, name: str) -> NDArray[np.float64]:
    """Mean accuracy after each batch."""
    curves = []
    for seed in SEEDS:
        test, pool = known.split(seed)
        draw, labelled, curve = np.random.default_rng(1000 + seed), known.few_of_each(pool, START_PER_CLASS), []
        while True:
            fitted = known.fitted(labelled)
            curve.append(known.accuracy(fitted, test))
            if len(labelled) >= up_to:
                break
            rest = np.setdiff1d(pool, labelled)
            predictions = predict(fitted.model, known.features.take(rest)).probabilities
            labelled = np.append(labelled, rule(known, rest, labelled, predictions, draw))
        curves.append(curve)
    mean: NDArray[np.float64] = np.mean(np.array(curves, np.float64), axis=0)
    if name == "random":
        print("accuracy with" + " " * 15 + "".join(f"{10 * (i + 1):6}" for i in range(len(mean))) + " labels")
    print(f"{name:28}" + "".join(f"{each:6.3f}" for each in mean), flush=True)
    return mean


def _strangers(known: Photos, folder: Path) -> None:
    """How many of 40 photos asked for are strangers, where some stand among the others; each costs a label."""
    if not folder.is_dir():
        print("no folder of strangers beside the photos: not measured")
        return
    others = _embedded_without_classes(folder)
    features = join([known.features, others])
    asked_for, accuracies, by_chance = [], [], []
    for seed in SEEDS:
        test, pool = known.split(seed)
        pool = np.append(pool, len(known.targets) + np.arange(len(others)))
        by_chance.append(4 * BATCH * len(others) / len(pool))
        labelled = asked = known.few_of_each(pool[: -len(others)], START_PER_CLASS)
        for _ in range(4):
            rest, model = np.setdiff1d(pool, asked), known.fitted(labelled).model
            doubt = doubt_of(predict(model, features.take(rest)).probabilities)
            known_features = features.take(labelled)
            no_class = features.take(asked[asked >= len(known.targets)])
            rows = next_to_label(features.take(rest), doubt, known_features, BATCH, CancelToken(), no_class)
            chosen = rest[rows]
            asked = np.append(asked, chosen)
            labelled = asked[asked < len(known.targets)]
        asked_for.append(len(asked) - len(labelled))
        accuracies.append(known.accuracy(known.fitted(labelled), test))
    print(
        f"with {len(others)} strangers among them: {np.mean(asked_for):.1f} of 40 asked for are strangers "
        f"({np.mean(by_chance):.1f} by chance), accuracy {np.mean(accuracies):.3f}"
    )


def _growth(known: Photos) -> None:
    """What ten more photos of every class were said to bring, and what they brought."""
    print("a class  said: at least, about, at most   it was (means of seeds 1 to 6, ten more photos of every class)")
    for per_class in PER_CLASS:
        said, was = [], []
        for seed in GROWTH_SEEDS:
            test, pool = known.split(seed)
            few, more = (known.few_of_each(pool, count) for count in (per_class, per_class + 10))
            fitted = known.fitted(few)
            was.append(known.accuracy(known.fitted(more), test) - known.accuracy(fitted, test))
            examples = Examples(
                np.arange(1, len(few) + 1), known.features.take(few), known.targets[few], np.ones(len(few), np.bool_)
            )
            held_out = (float(fitted.held_out.right.mean()), len(fitted.held_out.rows))
            gain = measure_curve(examples, known.names, held_out, CancelToken()).gain(len(few), len(more))
            said.append((gain.low, gain.likely, gain.high))
        low, likely, high = np.mean(said, axis=0)
        print(f"{per_class:7}  {low:14.3f}  {likely:5.3f}  {high:7.3f}   {np.mean(was):6.3f}", flush=True)


def _embedded(folder: Path) -> Photos:
    """Embed a folder with one sub-folder per class, both views of every photo, as `train` does."""
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch))) as engine:
        photos = learned_photos(engine, folder)
    # By content: in the order that the figures in README were drawn in.
    order = np.array(sorted(range(len(photos.hashes)), key=photos.hashes.__getitem__), np.intp)
    features, targets = photos.features.take(order), photos.targets[order]
    rows = features.unpack()
    groups = np.arange(len(rows))
    for first, second in np.argwhere(np.triu(rows @ rows.T > NEAR_COPY, 1)).tolist():
        groups[groups == groups[second]] = groups[first]
    return Photos(features, targets, groups, photos.class_names)


def _embedded_without_classes(folder: Path) -> Features:
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
        # Two class folders are the least `train_folder` takes; which photo is in which does not matter here.
        for number, file in enumerate(sorted(path for path in folder.rglob("*") if path.is_file())):
            target = Path(scratch) / "photos" / ("odd" if number % 2 else "even") / f"{number}{file.suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file.resolve())
        return learned_photos(engine, Path(scratch) / "photos").features
