"""Decisions and seconds until a folder of unknown classes is filed right, by a simulated person who reviews it.

The person answers the first section that is shown, from the truth: names look-alikes or accepts a proposed class,
corrects the odd photos one by one, and stops when the program says that the rest is right. A photo is right if its
label is, or else its suggestion. Keystroke model: 0.8 s a page of 40 tiles shown, 0.15 s a tile looked at, 1.2 s a
correction, 3 s a name typed, 1 s an accept. A decision is a name, an accept, or a correction.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.active_selection import doubt_of, next_to_label
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.vision.classifier.predict import UNKNOWN, predict, verdicts_of
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.dataset_shift.folder_adaptation import connect, follow_neighbours
from flowersorter.vision.dataset_shift.partly_labelled import FolderGraph, folder_graph, unknown_beside_labels
from flowersorter.vision.features.grouping import look_alikes
from flowersorter.vision.features.packed import Features, join
from flowersorter.vision.parallel import ThreadPool
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling.review_order import ROW, Question, QuestionKind, questions
from flowersorter.workflows.predicting.predict_cached import cached_features
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.bench.review_folders import GARDEN, PHOTOS, THINGS_AND_FLOWERS, drawn, garden_truth
from tests.bench.unknown import DEFAULT_THINGS, embedded_folder

WINDOW, ENGINE = "window", "engine"
GOALS = (0.9, 0.95, 0.98)
PAGE = 40
PAGE_SHOWN, TILE, CORRECTION, NAME, ACCEPT = 0.8, 0.15, 1.2, 3.0, 1.0
#: Expected share of right photos from which the program says "about 98 of 100 are right".
CLAIM = 0.985
_MOST_DECISIONS, _NONE = 250, -1

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The section to answer.

    Attributes:
        photos: In the order shown.
        proposed: Classes that one click accepts.
        row: Photos that are looked at before the answer, if the person trusts the section; else all.
        kind: Of the section.
    """

    photos: Rows
    proposed: Sequence[int]
    row: int | None = None
    kind: str = ""


class Driver(Protocol):
    """A program that is reviewed: the engine, or the window with real events. Photos and classes are numbers."""

    def first_section(self) -> Shown | None:
        """The section to answer first; None when the program says that the rest is right."""

    def leave_out(self, photo: int) -> None:
        """Leave a photo out of the answer for its section."""

    def correct(self, photo: int, number: int) -> None:
        """Give a photo of the section another class than the section; a class that was named before."""

    def answer(self, photos: Rows, number: int) -> None:
        """Give the photos of the section a class, all that are neither left out nor corrected."""

    def learn(self) -> None:
        """Learn from the answers."""

    def suggestions(self) -> Rows:
        """(N,) the class of each photo, by label or suggestion; -1 for none."""


@dataclass(slots=True, eq=False)
class Person:
    """Answers from the truth, and counts.

    Attributes:
        driver: The program.
        targets: (N,) the class that the person sees in each photo.
        decisions: Names, accepts and corrections so far.
        seconds: Time by the keystroke model.
        looked_at: Tiles.
        reached: Decisions and seconds at each goal.
        spent: Sections, decisions and seconds by kind of section.
    """

    driver: Driver
    targets: Rows
    decisions: int = 0
    seconds: float = 0.0
    looked_at: int = 0
    reached: dict[float, tuple[int, float]] = field(default_factory=dict)
    spent: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    _named: set[int] = field(default_factory=set)

    @property
    def right(self) -> float:
        """Share of photos that are right."""
        return float(np.mean(self.driver.suggestions() == self.targets))

    def review(self) -> None:
        """Answer sections until the program says that the rest is right."""
        while self.decisions < _MOST_DECISIONS and (section := self.driver.first_section()) is not None:
            decisions, seconds = self.decisions, self.seconds
            self._answer(section)
            before = self.spent.get(section.kind, (0, 0, 0.0))
            spent = (1, self.decisions - decisions, self.seconds - seconds)
            self.spent[section.kind] = (before[0] + spent[0], before[1] + spent[1], before[2] + spent[2])
            self.driver.learn()
            right = self.right
            for goal in GOALS:
                if right >= goal:
                    self.reached.setdefault(goal, (self.decisions, self.seconds))

    def _answer(self, section: Shown) -> None:
        seen = section.photos[: section.row]
        self._look_at(len(seen))
        shown = self.targets[seen]
        classes, counts = np.unique(shown, return_counts=True)
        most = int(classes[counts.argmax()])
        for number in section.proposed:
            if np.count_nonzero(shown == number) == counts.max():
                most = number
        for photo in seen[shown != most].tolist():
            self.decisions += 1
            self.seconds += CORRECTION
            number = int(self.targets[photo])
            if number in self._named:
                self.driver.correct(photo, number)
            else:
                self.driver.leave_out(photo)
        self.decisions += 1
        self.seconds += self._effort(section, most)
        self._named.add(most)
        self.driver.answer(np.append(seen[shown == most], section.photos[len(seen) :]), most)

    def _effort(self, section: Shown, number: int) -> float:
        """Seconds to give a section a class; a photo alone gets a class that there is with a key."""
        if number in section.proposed:
            return ACCEPT
        return CORRECTION if len(section.photos) == 1 and number in self._named else NAME

    def _look_at(self, tiles: int) -> None:
        pages = -(-self.looked_at // PAGE)
        self.looked_at += tiles
        self.seconds += TILE * tiles + PAGE_SHOWN * (-(-self.looked_at // PAGE) - pages)


def expected_wrong(asked: Iterable[Question]) -> float:
    """Number of photos in these questions that are not of their first class, as expected."""
    return sum((1 - question.expected_right) * len(question.rows) for question in asked)


@dataclass(slots=True, eq=False)
class EngineDriver:
    """The engine's functions on cached embeddings.

    Attributes:
        features: Features of N photos.
        arrange: Divides the unlabelled photos into questions.
        labels: (N,) class of each photo, -1 without a label.
        groups: (N,) look-alikes; a photo that was left out is alone.
        rest: (M,) photos without a label.
        classes: (C,) classes of the model.
        probabilities: (M, C) of the rest; those of unknown classes have less.
        verdicts: (M,) of the rest, with what the folder tells; not yet withdrawn by `find_accuracy`.
        graph: Nearest neighbours of all photos.
    """

    features: Features
    arrange: Callable[[EngineDriver], Sequence[Question]]
    labels: Rows = field(init=False)
    groups: Rows = field(init=False)
    rest: Rows = field(init=False)
    classes: Rows = field(init=False)
    probabilities: NDArray[np.float32] = field(init=False)
    verdicts: NDArray[np.uint8] = field(init=False)
    graph: FolderGraph = field(init=False)
    last: Fitted | None = None

    def __post_init__(self) -> None:
        """Begin without labels."""
        self.labels = np.full(len(self.features), _NONE)
        self.groups = look_alikes(self.features, CancelToken()).groups.copy()
        with ThreadPool() as pool:
            self.graph = folder_graph(self.features, pool, CancelToken())
        self.learn()

    def first_section(self) -> Shown | None:
        """The section to answer first."""
        asked = self.arrange(self)
        if not asked or expected_wrong(asked) <= (1 - CLAIM) * len(self.labels):
            return None
        first = asked[0]
        row = ROW if first.kind is QuestionKind.LOOK_ALIKES else None
        return Shown(self.rest[first.rows], self.classes[first.classes].tolist(), row, first.kind)

    def leave_out(self, photo: int) -> None:
        """Leave a photo out of its group."""
        self.groups[photo] = self.groups.max() + 1

    def correct(self, photo: int, number: int) -> None:
        """Give a photo another class than its section."""
        self.labels[photo] = number

    def answer(self, photos: Rows, number: int) -> None:
        """Give photos a class."""
        self.labels[photos] = number

    def learn(self) -> None:
        """Fit the labels and predict the others."""
        rows, self.rest = np.flatnonzero(self.labels != _NONE), np.flatnonzero(self.labels == _NONE)
        self.classes, targets = np.unique(self.labels[rows], return_inverse=True)
        self.probabilities = np.ones((len(self.rest), len(self.classes)), np.float32)
        if len(self.classes) < 2 or not len(self.rest):
            return
        examples = Examples(1 + rows, self.features.take(rows), targets, np.ones(len(rows), np.bool_))
        names = [str(number) for number in self.classes.tolist()]
        self.last = fit(examples, names, DEFAULT, CancelToken(), last=self.last)
        rest, cancel = self.features.take(self.rest), CancelToken()
        alone = predict(self.last.model, rest)
        logits = np.log(np.maximum(alone.probabilities, np.float32(1e-30)))
        one_hot = np.eye(len(names), dtype=np.float32)[targets]
        with ThreadPool() as pool:
            graph = connect(examples.features, rest, pool, cancel)
            found = softmax(follow_neighbours(logits, graph, one_hot, pool, cancel))
            predicted = self.labels.copy()
            predicted[self.rest] = self.classes[logits.argmax(axis=1)]
            unknown = unknown_beside_labels(self.graph, self.labels, predicted, pool, cancel)[self.rest]
        known = np.where(unknown > UNKNOWN, 1 - unknown, np.float32(1))
        self.probabilities, by_folder = found * known[:, None], np.ones(len(unknown), np.bool_)
        sureness = self.last.model, found.max(axis=1), alone.ood_score
        self.verdicts = verdicts_of(*sureness, unknown, by_folder=by_folder)

    def suggestions(self) -> Rows:
        """The class of each photo."""
        found = self.labels.copy()
        if len(self.classes) and len(self.rest):
            found[self.rest] = self.classes[self.probabilities.argmax(axis=1)]
        return found


def by_value(driver: EngineDriver) -> Sequence[Question]:
    """The program's questions, by their value."""
    return questions(driver.probabilities, driver.groups[driver.rest])


def by_verdict(driver: EngineDriver) -> Sequence[Question]:
    """Sections by verdict: unknown look-alikes, torn, unsure and likely ones, then the sure ones."""
    groups, rest = driver.groups[driver.rest], driver.rest
    if driver.last is None or not len(rest):
        return questions(driver.probabilities, groups)
    labelled, features = driver.features.take(driver.labels != _NONE), driver.features.take(rest)
    verdicts = driver.verdicts
    sizes = np.bincount(groups)
    unknown = 2 * np.bincount(groups, weights=verdicts == Verdict.UNKNOWN) >= np.maximum(sizes, 1)
    named = np.flatnonzero((unknown & (sizes > 1))[groups])
    asked: list[Question] = []
    if len(named):
        doubts = doubt_of(driver.probabilities[named])
        chosen = next_to_label(features.take(named), doubts, labelled, 1, CancelToken(), groups=groups[named])
        asked.append(_asked(driver, QuestionKind.LOOK_ALIKES, np.flatnonzero(groups == groups[named[chosen[0]]])))
    others = np.setdiff1d(np.arange(len(rest)), named)
    best = np.argsort(-driver.probabilities[others], axis=1, kind="stable")
    near = np.take_along_axis(driver.probabilities[others], best[:, :2], axis=1)
    torn = (verdicts[others] == Verdict.UNSURE) & (near[:, 1] >= near[:, 0] / 2)
    pairs = np.where(torn[:, None], np.sort(best[:, :2], axis=1), best[:, [0, 0]])
    order = {Verdict.UNSURE: 1, Verdict.LIKELY: 2, Verdict.UNKNOWN: 3, Verdict.SURE: 4}
    kinds = np.where(torn, 0, [order[Verdict(each)] for each in verdicts[others].tolist()])
    keys = np.column_stack([kinds, pairs])
    for key in np.unique(keys, axis=0).tolist():
        rows = others[(keys == key).all(axis=1)]
        asked += [_asked(driver, QuestionKind.LIKELY, rows[at : at + PAGE]) for at in range(0, len(rows), PAGE)]
    return asked


def _asked(driver: EngineDriver, kind: QuestionKind, rows: Rows) -> Question:
    mean = driver.probabilities[rows].mean(axis=0)
    classes = np.argsort(-mean, kind="stable")[: 3 if kind is QuestionKind.LOOK_ALIKES else 2]
    return Question(kind, rows, classes, float(mean[classes[0]]))


RULES = {"by verdict": by_verdict, "by value": by_value}


def review(options: argparse.Namespace) -> None:
    """decisions and seconds of a simulated person until a folder of unknown classes is 90, 95 and 98 % right"""
    if options.source == GARDEN and not options.garden.is_dir():
        print("skipped: there is no garden; make one with make_garden.py and name it with --garden")
    elif options.source != GARDEN and not DEFAULT_THINGS.is_dir():
        print("skipped: there is no folder of things beside the photos")
    elif options.driver == WINDOW:
        from tests.bench.review_window import review_in_window

        review_in_window(options)
    elif options.source == GARDEN:
        features, targets = garden(options.garden)
        compare_rules([(0, features, targets)])
    else:
        flowers, things = embedded_folder(options.photos), embedded_folder(DEFAULT_THINGS)
        targets = np.append(flowers.targets, len(flowers.class_names) + things.targets)
        features = join([flowers.features, things.features])
        folders = [(seed, drawn(targets, len(flowers.class_names), seed, options.count)) for seed in options.seeds]
        compare_rules([(seed, features.take(rows), targets[rows]) for seed, rows in folders])


def garden(folder: Path) -> tuple[Features, Rows]:
    """Embed a folder of `make_garden.py`: the features and classes of its photos, by the table beside it."""
    truth = garden_truth(folder)
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
        predict_folder(engine, PredictFolderRequest(folder), silent, CancelToken())
        places = engine.collection.photos.places_under(folder)
        classes = {place.photo_id: truth[place.path] for place in places if place.photo_id and place.path in truth}
        ids, hashes = engine.collection.photos.by_hash(list(classes))
        features, positions = cached_features(engine, DEFAULT, hashes)
        names = [classes[photo_id] for photo_id in ids[positions].tolist()]
        return features, np.unique(names, return_inverse=True)[1]


def compare_rules(folders: Sequence[tuple[int, Features, Rows]]) -> None:
    """Review folders, each with its seed, features and classes, by each rule, and print the counts."""
    columns = "".join(f"{f'{goal:.0%}':>12}" for goal in GOALS)
    print(f"decisions/seconds at{columns}{'claim':>12}{'right then':>12}{'expected':>10}{'tiles':>7}")
    for name, rule in RULES.items():
        table = []
        for seed, features, targets in folders:
            driver = EngineDriver(features, rule)
            person = Person(driver, targets)
            person.review()
            wrong = expected_wrong(rule(driver))
            row = [each for goal in GOALS for each in person.reached.get(goal, (np.nan, np.nan))]
            table.append(
                [*row, person.decisions, person.seconds, person.right, 1 - wrong / len(targets), person.looked_at]
            )
            print(_line(f"{name}, seed {seed}", table[-1]), flush=True)
        print(_line(f"{name}, mean", np.mean(table, axis=0).tolist()))
        print(_line(f"{name}, spread", np.std(table, axis=0).tolist()), flush=True)


def _line(name: str, row: Sequence[float]) -> str:
    pairs = "".join(f"{f'{row[at]:.0f}/{row[at + 1]:.0f}':>12}" for at in (0, 2, 4, 6))
    return f"{name:20}{pairs}{row[8]:12.1%}{row[9]:10.1%}{row[10]:7.0f}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `review`."""
    parser.add_argument(
        "--driver",
        choices=(WINDOW, ENGINE),
        default=WINDOW,
        help="the window with real events, or the engine, for review",
    )
    parser.add_argument("--count", type=int, default=PHOTOS, help="photos that are drawn, for review")
    parser.add_argument(
        "--source", choices=(THINGS_AND_FLOWERS, GARDEN), default=THINGS_AND_FLOWERS, help="photos, for review"
    )
    parser.add_argument("--garden", type=Path, default=Path("garden"), help="a folder of make_garden.py, for review")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=(1, 2, 3, 4, 5), help="folders that are drawn, for review"
    )
