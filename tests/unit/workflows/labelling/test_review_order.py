"""Questions for a person: large groups first, then the doubtful photos of each class, and the sure ones last."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.workflows.labelling.review_order import (
    LARGE_GROUP,
    PAGE,
    REST_RIGHT,
    QuestionKind,
    is_enough_to_see_a_line,
    questions,
)

LOOK_ALIKES, LIKELY, SURE = QuestionKind.LOOK_ALIKES, QuestionKind.LIKELY, QuestionKind.SURE


def predicted(classes: list[int], confidence: list[float] | float, of: int = 3) -> NDArray[np.float32]:
    """(N, C) probabilities with these best classes."""
    best = np.broadcast_to(np.array(confidence, np.float32), len(classes))
    rows = np.repeat((1 - best)[:, None] / (of - 1), of, axis=1).astype(np.float32)
    rows[np.arange(len(classes)), classes] = best
    return rows


def alone(count: int) -> NDArray[np.intp]:
    return np.arange(count)


@pytest.mark.parametrize("classes", [0, 1])
def test_without_two_classes_groups_are_asked_by_size(classes: int) -> None:
    groups = np.array([7, 3, 3, 9, 9, 9])
    asked = questions(np.ones((6, classes), np.float32), groups)
    assert [question.rows.tolist() for question in asked] == [[3, 4, 5], [1, 2], [0]]
    assert all(not len(question.classes) for question in asked)


def test_no_photos_are_no_questions() -> None:
    assert questions(np.zeros((0, 3), np.float32), np.zeros(0, np.intp)) == ()


def test_every_photo_is_in_one_question() -> None:
    draw = np.random.default_rng(1)
    probabilities = draw.dirichlet(np.full(5, 0.2), 400).astype(np.float32)
    probabilities[::7] = 0  # without a prediction
    asked = questions(probabilities, draw.integers(0, 120, 400))
    assert sorted(np.concatenate([question.rows for question in asked]).tolist()) == list(range(400))
    assert all(0 <= question.expected_right <= 1 for question in asked)


def test_a_large_group_comes_first_although_a_small_one_is_in_more_doubt() -> None:
    large, small = LARGE_GROUP + 1, 4
    probabilities = predicted([0] * large + [1] * small, [0.9] * large + [0.4] * small)
    asked = questions(probabilities, np.repeat([5, 2], [large, small]))
    assert [(question.kind, len(question.rows)) for question in asked] == [(LOOK_ALIKES, large), (LOOK_ALIKES, small)]
    assert asked[0].classes[0] == 0
    assert asked[0].expected_right == pytest.approx(0.9)


def test_a_large_group_of_which_the_model_is_sure_is_not_asked_about() -> None:
    asked = questions(predicted([2] * 30, 0.999), np.zeros(30, np.intp))
    assert [(question.kind, question.classes.tolist()) for question in asked] == [(SURE, [2])]


def test_single_photos_in_doubt_are_asked_by_class_the_most_doubtful_first() -> None:
    confidence = np.linspace(0.4, 0.99, 90).tolist()
    asked = questions(predicted([1] * 90, confidence), alone(90))
    assert [question.kind for question in asked] == [LIKELY, SURE]
    page, rest = asked
    assert page.rows.tolist() == list(range(PAGE))
    assert page.classes.tolist() == [1]
    assert rest.rows.tolist() == list(range(89, PAGE - 1, -1))


def test_the_rest_of_a_class_is_expected_right() -> None:
    confidence = [0.5] * 10 + [0.999] * 50
    page, rest = questions(predicted([0] * 60, confidence), alone(60))
    assert page.rows.tolist() == list(range(10))
    assert rest.kind is SURE
    assert rest.expected_right >= REST_RIGHT
    wrong = [(1 - question.expected_right) * len(question.rows) for question in (page, rest)]
    assert sum(wrong) == pytest.approx(5.05, abs=0.01)


def test_a_line_is_enough_where_the_other_photos_are_expected_to_be_right() -> None:
    assert is_enough_to_see_a_line(np.array([0.99] * 20 + [0.6, 0.7], np.float32))
    assert not is_enough_to_see_a_line(np.array([0.95] * 20, np.float32)), "1 of 20 would be wrong"
    assert not is_enough_to_see_a_line(np.array([0.999] * 400 + [0.7] * 5, np.float32)), "one of them is doubtful"
    assert not is_enough_to_see_a_line(np.array([0.99] * 4, np.float32)), "all are seen anyway"
