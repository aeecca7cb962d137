"""Results that are kept while photos stay as they are, such as counts and dates, follow each change of a photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal

from flowersorter.domain.arrays import counts_of
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.shown_predictions import ShownPredictions
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass
from flowersorter.ui.grid.photo_filter import Order, PhotoFilter
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.grid.sections import Grouping, SectionKind
from flowersorter.ui.review import progress_controller
from flowersorter.ui.review.progress import ReviewProgress, review_progress
from flowersorter.ui.review.progress_controller import Division, ProgressController
from flowersorter.ui.review.sections.review_sections import (
    KeptSection,
    PhotoGroups,
    review_sections,
    sections_of_all,
)
from tests.qt.fake_rows import picture, rows, unread

NOW = np.datetime64(datetime(2026, 5, 31, 12), "s")


def predictions(columns: PhotoColumns) -> ShownPredictions:
    """Other suggestions for all photos: each is sure to be of class 3."""
    photo_ids = np.sort(columns.photo_ids)
    count = len(photo_ids)
    threes, ones = np.full(count, 3, np.int32), np.ones(count, np.float32)
    sure, none = np.full(count, Verdict.SURE, np.uint8), np.zeros(count, np.uint8)
    return ShownPredictions(photo_ids, threes, ones, sure, none, np.zeros(count, np.int32), np.zeros(count, np.float32))


CHANGES: dict[str, Callable[[PhotoColumns], object]] = {
    "labels": lambda columns: columns.set_labels({1001: (2, True), 1005: (3, True)}),
    "labels of places": lambda columns: columns.set_place_labels({1: (2, True)}),
    "suggestions": lambda columns: columns.set_predictions(predictions(columns)),
    "rows": lambda columns: columns.merge(replace(rows(8), class_ids=np.full(8, 2, np.int32))),
    "marks": lambda columns: columns.merge(replace(rows(8), marks=np.full(8, Mark.NOT_MINE, np.uint8))),
    "left out": lambda columns: columns.leave_out({1004: 2}),
    "unreadable": lambda columns: columns.set_error(4, "no photo"),
    "class": lambda columns: columns.replace_classes([3], 2),
}


class Folder(QObject):
    """The signal that the controller listens to."""

    labelled = Signal()


class Counter:
    """A progress controller over a model, with a division that a test changes."""

    def __init__(self, model: PhotoModel, monkeypatch: pytest.MonkeyPatch) -> None:
        self.model, self.division, self.counted = model, Division(PhotoGroups(), (), pending=False), 0
        self._folder = Folder()
        steps = SimpleNamespace(show_progress=lambda _progress: None)
        session: Any = SimpleNamespace(photos=model)
        folder: Any = self._folder
        shown: Any = steps
        self.controller = ProgressController(session, folder, shown, lambda: self.division, model)

        def count(*arguments: Any, **named: Any) -> ReviewProgress:
            self.counted += 1
            return review_progress(*arguments, **named)

        monkeypatch.setattr(progress_controller, "review_progress", count)

    def right(self) -> ReviewProgress:
        """Count anew."""
        columns, division = self.model.columns, self.division
        sections = review_sections(columns, np.arange(len(columns)), division.groups, division.kept).sections
        return review_progress(columns, sections, PhotoNumbers(), pending=division.pending)


@pytest.fixture
def counter(qapp: object, monkeypatch: pytest.MonkeyPatch) -> Counter:
    model = PhotoModel(picture)
    model.set_rows(rows(8))
    return Counter(model, monkeypatch)


@pytest.mark.parametrize("change", CHANGES)
def test_counts_and_progress_follow_each_change(counter: Counter, change: str) -> None:
    columns = counter.model.columns
    before = columns.counts(), columns.label_counts(), counter.controller.progress
    CHANGES[change](columns)
    now = columns.counts(), columns.label_counts(), counter.controller.progress
    assert now != before
    assert now[0] == counts_of(columns.class_keys) | {int(PseudoClass.ALL): len(columns)}
    assert now[1] == counts_of(columns.label_ids[columns.label_ids > 0])
    assert replace(now[2], no_longer_sure=0) == counter.right()


def test_progress_follows_photos_that_are_found_at_places(counter: Counter) -> None:
    columns = counter.model.columns
    counter.model.set_rows(replace(unread(8), place_ids=np.arange(11, 19)))
    columns = counter.model.columns
    columns.set_place_labels({11: (2, True)})
    assert counter.controller.progress.to_sort == 0
    columns.set_photos({11: 1001})
    assert counter.controller.progress.to_sort == 1


def test_progress_follows_groups_and_kept_sections(counter: Counter) -> None:
    assert counter.controller.progress == counter.right()
    for division in (
        Division(PhotoGroups.of([[1003, 1006]]), (), pending=False),
        Division(PhotoGroups(), [KeptSection(SectionKind.LIKELY, (2,), (2,), frozenset({2}))], pending=False),
        Division(PhotoGroups(), (), pending=True),
    ):
        before, counter.division = counter.controller.progress, division
        assert counter.controller.progress == counter.right() != before


def test_another_filter_or_order_counts_nothing_again(counter: Counter) -> None:
    assert counter.controller.progress
    for wanted in (PhotoFilter(class_key=2), PhotoFilter(order=Order.LEAST_SURE), PhotoFilter(grouping=Grouping.CLASS)):
        counter.model.set_filter(wanted)
        counter.model.columns.counts()
        assert counter.controller.progress == counter.right()
    assert counter.counted == 1


def test_counts_can_be_changed_by_whoever_asked_for_them() -> None:
    columns = PhotoColumns(rows(8))
    columns.counts().clear()
    columns.label_counts()[1] = 5
    assert columns.counts()[PseudoClass.ALL] == 8
    assert columns.label_counts() == {}


def test_dates_follow_the_photos_of_the_rows() -> None:
    columns = PhotoColumns(unread(3))
    assert np.isnat(columns.taken_at).all()
    assert columns.without_moment().tolist() == []
    columns.set_photos({2: 1002})
    assert columns.without_moment().tolist() == [1002]
    columns.set_moments(np.array([1002]), np.array([NOW]))
    assert columns.without_moment().tolist() == []
    assert columns.taken_at[1] == NOW
    columns.merge(rows(3))
    assert columns.without_moment().tolist() == [1001, 1003]
    assert np.isnat(columns.taken_at).tolist() == [True, False, True]
    columns.merge(replace(rows(3), photo_ids=np.array([1002, 7, 8])))
    assert columns.taken_at[0] == NOW
    assert np.isnat(columns.taken_at[1])
    later = PhotoColumns(rows(2), columns)
    assert later.taken_at.tolist() == [None, NOW.item()]


def test_sections_without_an_order_are_those_with_one() -> None:
    columns = PhotoColumns(rows(200))
    groups = PhotoGroups.of([[1003, 1007, 1011], [1015, 1019]])
    kept = [KeptSection(SectionKind.LIKELY, (2,), (2, 6, 10), frozenset({6}))]
    for asked in ((PhotoGroups(), ()), (groups, ()), (groups, kept)):
        wanted = review_sections(columns, np.arange(200), *asked)
        assert sections_of_all(columns, *asked) == wanted.sections
        backwards = review_sections(columns, np.arange(200)[::-1], *asked)
        assert [(each.identity, each.count) for each in backwards.sections] == [
            (each.identity, each.count) for each in wanted.sections
        ]
        assert set(backwards.order.tolist()) == set(range(200))
        for section in wanted.sections:
            part = slice(section.first, section.first + section.count)
            assert sorted(backwards.order[part].tolist()) == sorted(wanted.order[part].tolist())
    assert sections_of_all(PhotoColumns(), PhotoGroups()) == ()


def test_the_least_sure_of_very_many_come_first_and_those_with_a_label_last() -> None:
    count = 25_000
    made = rows(count)
    labels = np.where(np.arange(count) % 7 == 0, 2, 0).astype(np.int32)
    confidences = np.random.default_rng(1).choice(np.linspace(0, 1, 999, dtype=np.float32), count)
    columns = PhotoColumns(replace(made, label_ids=labels, confidences=confidences))
    wanted = PhotoFilter(order=Order.LEAST_SURE)
    for shown in (np.arange(count), np.flatnonzero(columns.class_ids == 2)):
        right = shown[np.lexsort((shown, confidences[shown], labels[shown] > 0))]
        np.testing.assert_array_equal(wanted.ordered(shown, columns), right)
