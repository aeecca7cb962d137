"""Divides unlabelled photos into questions for a person, ordered by photos put right per effort.

A question is a set of photos that one action can answer: look-alikes, or the doubtful photos of a predicted class. Its
value is the expected number of wrong predictions among them, divided by the effort to look at them, to name or confirm
them, and to correct the odd ones. Large groups come first whatever is predicted: they are pure, and the probabilities
of a model say nothing about a class that it does not know yet.

`python -m tests.bench review --driver engine --seeds 1` counts the decisions of a simulated person: 1,000 photos of 12
unknown classes are 90, 95 and 98 % right after 22, 104 and 118 decisions. While fewer photos were called unknown it was
94 for 98 %: on the way more photos of named classes are unknown now, and small groups of them are asked about. Asking
only about groups of mostly doubtful photos is no better: 350 photos take 62 to 68 decisions in place of 56, as more
photos are corrected one by one. The window takes 15 (docs/benchmarks.md): its sections follow the verdicts, and these
questions only order its photos.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Photos from which a group is asked about before anything else.
LARGE_GROUP = 15
#: Expected fraction of right predictions from which a large group is not asked about.
LARGE_RIGHT = 0.99
#: Expected fraction of right predictions among the photos of a class that need no check.
REST_RIGHT = 0.98
#: Expected probability of being wrong from which a photo is never among these.
DOUBTFUL = 0.2
#: Doubtful photos in one question at most: a page.
PAGE = 40
#: Photos of a group that a person looks at; of look-alikes a row is enough.
ROW = 10
#: Least number of photos in a line.
_LINE = 4
#: Classes proposed at most.
MOST_PROPOSED = 3
#: Effort in seconds: to look at a photo with its share of a page, to answer, to correct a photo. The last two count the
#: decision as well, which is worth 1.8 s where 3 minutes and 100 decisions are to be enough.
_LOOK, _ANSWER, _CORRECT = 0.17, 2.8, 3.0
#: Expected fraction of odd photos in a group.
_ODD = 0.03

Rows = NDArray[np.intp]


class QuestionKind(StrEnum):
    """The kind of question about some photos."""

    LOOK_ALIKES = "look-alikes"  # which class do these show?
    LIKELY = "likely"  # which of these are not of the class?
    SURE = "sure"  # the rest of a class: needs no check


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Photos that one action can answer.

    Attributes:
        kind: The kind of question.
        rows: (M,) the photos, in the order to look at them.
        classes: (K,) class indices to propose, the likeliest first; empty without predictions.
        expected_right: Expected fraction of photos that are of the first class; 0 without predictions.
    """

    kind: QuestionKind
    rows: Rows
    classes: Rows
    expected_right: float


def questions(probabilities: NDArray[np.float32], groups: Rows) -> tuple[Question, ...]:
    """Divide N unlabelled photos into questions.

    Args:
        probabilities: (N, C) calibrated probabilities; rows of zeros where there is no prediction.
        groups: (N,) group of look-alikes of each photo.

    Returns:
        Questions in the order to ask them; each photo is in one.
    """
    if not len(groups):
        return ()
    groups = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(groups)
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(sizes)[:-1])
    if probabilities.shape[1] < 2:
        by_size = np.argsort(-sizes, kind="stable").tolist()
        return tuple(Question(QuestionKind.LOOK_ALIKES, members[at], np.empty(0, np.intp), 0.0) for at in by_size)
    predictions, doubt = probabilities.argmax(axis=1), 1 - probabilities.max(axis=1)
    wrong = np.bincount(groups, weights=doubt)
    large = (sizes >= LARGE_GROUP) & (wrong > (1 - LARGE_RIGHT) * sizes)
    values = value_of_answer(wrong, np.minimum(sizes, ROW), _ODD * sizes)
    best_page = max((value for value, _ in _pages(predictions, doubt, ~large[groups])), default=0.0)
    asked = large | ((values > best_page) & (wrong > (1 - REST_RIGHT) * sizes))
    order = np.lexsort((-np.where(large, sizes, values), ~large))
    alike = [_question(QuestionKind.LOOK_ALIKES, members[at], probabilities) for at in order.tolist() if asked[at]]
    pages = sorted(_pages(predictions, doubt, ~asked[groups]), key=lambda each: -each[0])
    likely = [_question(QuestionKind.LIKELY, rows, probabilities) for _, rows in pages if len(rows)]
    shown = [question.rows for question in (*alike, *likely)]
    rest = np.setdiff1d(np.arange(len(groups)), np.concatenate(shown) if shown else [])
    by_class = [rest[predictions[rest] == number] for number in range(probabilities.shape[1])]
    sure = [
        _question(QuestionKind.SURE, rows[np.argsort(doubt[rows], kind="stable")], probabilities)
        for rows in by_class
        if len(rows)
    ]
    return (*alike, *likely, *sorted(sure, key=lambda each: -len(each.rows)))


def _question(kind: QuestionKind, rows: Rows, probabilities: NDArray[np.float32]) -> Question:
    """Propose the most probable classes of the photos together; for a predicted class, only that one."""
    mean = probabilities[rows].mean(axis=0)
    classes = np.argsort(-mean, kind="stable")[:MOST_PROPOSED]
    if kind is not QuestionKind.LOOK_ALIKES:
        classes = probabilities[rows[:1]].argmax(axis=1)
    return Question(kind, rows, classes, float(mean[classes[0]]))


def _pages(predictions: Rows, doubt: NDArray[np.float32], shown: NDArray[np.bool_]) -> Iterator[tuple[float, Rows]]:
    """Yield the value and the rows of the most doubtful photos of each predicted class, the most doubtful first.

    At least `REST_RIGHT` of the others are expected to be right, as far as they fit on one page.
    """
    for number in np.unique(predictions[shown]).tolist():
        rows = np.flatnonzero(shown & (predictions == number))
        rows = rows[np.argsort(-doubt[rows], kind="stable")]
        left = np.cumsum(doubt[rows][::-1])[::-1] / np.arange(len(rows), 0, -1)  # mean doubt from each photo on
        doubtful = np.count_nonzero((left > 1 - REST_RIGHT) | (doubt[rows] > DOUBTFUL))
        page = rows[: min(PAGE, int(doubtful))]
        wrong = float(doubt[page].sum())
        yield value_of_answer(wrong, len(page), wrong), page


def is_enough_to_see_a_line(probabilities: NDArray[np.float32]) -> bool:
    """Whether a person need see only the least probable photos of a suggested class: enough others are right.

    Args:
        probabilities: (N,) of the class, of N photos.
    """
    others = np.sort(probabilities)[_LINE:]
    return bool(len(others) and others.mean() >= REST_RIGHT and others.min() >= 1 - DOUBTFUL)


def value_of_answer(wrong: Any, looked_at: Any, corrected: Any) -> Any:
    """Return the value of a question: wrong predictions put right per second.

    Args:
        wrong: Expected number of wrong predictions among its photos; a number or an array.
        looked_at: Number of photos to look at.
        corrected: Expected number of photos to correct one by one.
    """
    return wrong / (_ANSWER + _LOOK * looked_at + _CORRECT * corrected)
