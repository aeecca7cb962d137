"""The photo model: narrow changes, filters, order, labels, and 100,000 rows without needless calls."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.shown_predictions import ShownPredictions
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.arrange import arrange
from flowersorter.ui.grid.photo_columns import SEEN_S, PhotoColumns, PseudoClass
from flowersorter.ui.grid.photo_delegate import PhotoDelegate
from flowersorter.ui.grid.photo_filter import Order, PhotoFilter
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PLACES_MIME, ClassLook, PhotoModel, PhotoRole, places_in
from flowersorter.ui.grid.photo_state import PhotoState
from flowersorter.ui.grid.sections import Grouping
from flowersorter.ui.large_view.second_photo import second_photo
from flowersorter.ui.shared.dates import in_words
from flowersorter.workflows.predicting.predict_folder import RowsChanged
from tests.qt.fake_rows import LOOKS, nothing_yet, picture, rows, some, unread


@pytest.fixture
def model(qtbot: QtBot) -> PhotoModel:
    made = PhotoModel(picture)
    made.set_classes(LOOKS)
    return made


class Changes:
    """Counts what a model says."""

    def __init__(self, model: PhotoModel) -> None:
        self.ranges: list[tuple[int, int]] = []
        self.removed: list[tuple[int, int]] = []
        self.inserted: list[tuple[int, int]] = []
        self.resets = 0
        model.dataChanged.connect(lambda a, b, _roles: self.ranges.append((a.row(), b.row())))
        model.rowsRemoved.connect(lambda _p, a, b: self.removed.append((a, b)))
        model.rowsInserted.connect(lambda _p, a, b: self.inserted.append((a, b)))
        model.modelReset.connect(self._reset)

    def _reset(self) -> None:
        self.resets += 1


def names(model: PhotoModel) -> list[int]:
    return [model.wanted(row).place_id for row in range(model.rowCount())]


def test_it_behaves_as_qt_expects_of_a_model(model: PhotoModel) -> None:
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    whole = rows(40)
    model.set_rows(whole)
    model.set_filter(PhotoFilter(class_key=int(PseudoClass.UNSURE)))
    model.merge(some(whole, [0, 5, 9], verdicts=np.full(3, Verdict.UNSURE, np.uint8)))
    model.set_labels({1003: (2, True)})
    model.set_filter(PhotoFilter(order=Order.LEAST_SURE))
    model.merge(some(whole, [3], verdicts=np.array([Verdict.SURE], np.uint8)))
    assert tester.model() is model


def test_each_role_says_one_thing(model: PhotoModel) -> None:
    model.set_rows(rows(4))
    index = model.index(1)  # place 2: class 3, unsure
    assert index.data() == "IMG_000002.jpg"
    tip = "tulips 73 %, daisy 13 %\nNot sure. You decide\nIMG_000002.jpg\n/photos"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == tip
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "IMG_000002.jpg, tulips, not sure, tulips 73 %, daisy 13 %"
    assert index.data(PhotoRole.PLACE_ID) == 2
    assert index.data(PhotoRole.CLASS_NAME) == "tulips"
    assert index.data(PhotoRole.CLASS_COLOUR) == "#0072b2"
    assert index.data(PhotoRole.VERDICT) is Verdict.UNSURE
    assert index.data(PhotoRole.CONFIDENCE) == pytest.approx(74 / 101)
    assert index.data(PhotoRole.LABELLED) is False
    assert index.data(PhotoRole.ERROR) is None
    model.set_labels({1002: (1, True)})
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "IMG_000002.jpg, daisy, confirmed by you"
    assert index.data(PhotoRole.BY_PERSON) is True
    assert index.data(PhotoRole.STATE) is PhotoState.CONFIRMED


def test_an_unknown_photo_is_shown_with_no_class(model: PhotoModel) -> None:
    model.set_rows(rows(4))  # place 3: class 1 is the most likely one, but the photo is unknown
    index = model.index(2)
    assert index.data(PhotoRole.STATE) is PhotoState.UNKNOWN
    assert (index.data(PhotoRole.CLASS_NAME), index.data(PhotoRole.CLASS_COLOUR)) == ("", "")
    compared = second_photo(model, 0, 3, None)
    assert compared is not None
    assert (compared[0].place_id, compared[1]) == (3, 0)
    model.set_labels({1003: (2, True)})
    assert index.data(PhotoRole.CLASS_NAME) == "roses"
    assert second_photo(model, 0, 3, None) == (compared[0], 2)


def test_a_tool_tip_has_the_date_and_takes_no_class_name_for_markup(model: PhotoModel) -> None:
    model.set_classes(LOOKS | {3: ClassLook("<b>tulips</b>", "#0072b2")})
    model.set_rows(rows(4))
    model.columns.set_moments(np.array([1002]), np.array(["2026-06-12T14:03"], "datetime64[s]"))
    tip = model.index(1).data(Qt.ItemDataRole.ToolTipRole).replace("\N{NO-BREAK SPACE}", " ")
    assert f"Taken {in_words(datetime(2026, 6, 12, 14, 3))}" in tip
    assert "&lt;b&gt;tulips" in tip


def test_counts_put_every_photo_in_exactly_one_place() -> None:
    whole = rows(400)
    columns = PhotoColumns(whole)
    columns.set_labels({1004: (2, True)})
    columns.set_error(8, "cut off")
    counts = columns.counts()
    total = counts.pop(PseudoClass.ALL)
    assert total == 400
    assert sum(counts.values()) == 400
    assert counts[PseudoClass.UNREADABLE] == 1


def test_a_block_changes_only_its_rows(model: PhotoModel) -> None:
    whole = rows(1000)
    model.set_rows(whole)
    changes = Changes(model)
    model.merge(some(whole, [700, 20, 21, 22], confidences=np.zeros(4, np.float32)))
    assert changes.ranges == [(20, 22), (700, 700)]
    assert changes.resets == 0


def test_rows_of_other_folders_are_dropped(model: PhotoModel) -> None:
    model.set_rows(rows(10))
    changes = Changes(model)
    model.merge(rows(5, first=500))
    assert (changes.ranges, changes.resets) == ([], 0)
    assert model.rowCount() == 10


def test_the_same_folder_looked_at_again_keeps_still(model: PhotoModel) -> None:
    model.set_rows(unread(10))
    changes = Changes(model)
    model.set_rows(rows(10))
    assert changes.resets == 0
    assert changes.ranges == [(0, 9)]


def test_a_photo_leaves_the_pile_when_it_is_labelled_and_comes_back(model: PhotoModel) -> None:
    model.set_rows(rows(40))
    model.set_filter(PhotoFilter(class_key=int(PseudoClass.UNSURE)))
    before = names(model)
    assert before == [place_id for place_id in range(1, 41) if place_id % 4 == 2]
    changes = Changes(model)
    model.set_labels({1006: (1, True), 1010: (1, True)})
    assert names(model) == [each for each in before if each not in (6, 10)]
    assert changes.removed == [(1, 2)]
    model.set_labels({1006: (0, False), 1010: (0, False)})
    assert names(model) == before
    assert changes.inserted == [(1, 2)]
    assert changes.resets == 0


def test_least_sure_first_puts_labels_last(model: PhotoModel) -> None:
    model.set_rows(rows(30))
    model.set_labels({1001: (1, True)})
    model.set_filter(PhotoFilter(order=Order.LEAST_SURE))
    confidences = [model.index(row).data(PhotoRole.CONFIDENCE) for row in range(29)]
    assert confidences == sorted(confidences)
    assert names(model)[-1] == 1


def test_hiding_what_is_checked(model: PhotoModel) -> None:
    model.set_rows(rows(6))
    model.set_labels({1002: (1, True), 1003: (1, False)})
    model.set_filter(replace(model.filter, unchecked=True))
    assert names(model) == [1, 3, 4, 5, 6]  # what its folder says is not checked by the person


def test_what_the_person_said_outlives_a_block_made_before(model: PhotoModel) -> None:
    whole = rows(6)
    model.set_rows(unread(6))
    model.set_place_labels({2: (3, True)})
    model.merge(some(whole, [0, 1, 2]))  # read in the worker before the person spoke
    assert model.index(1).data(PhotoRole.CLASS_NAME) == "tulips"
    assert model.index(1).data(PhotoRole.BY_PERSON) is True


def test_the_same_photo_in_two_places_has_one_label(model: PhotoModel) -> None:
    whole = rows(4)
    whole.photo_ids[3] = whole.photo_ids[0]
    model.set_rows(whole)
    model.set_labels({1001: (2, True)})
    assert [model.index(row).data(PhotoRole.LABELLED) for row in range(4)] == [True, False, False, True]


def test_a_changed_file_is_told(model: PhotoModel) -> None:
    whole = rows(3)
    model.set_rows(whole)
    told: list[int] = []
    model.files_changed.connect(told.extend)
    model.merge(some(whole, [1], photo_ids=np.array([77], np.int64)))
    assert told == [2]


@pytest.mark.parametrize("again", ["a block", "the folder", "another folder before"])
def test_what_was_said_of_a_photo_is_not_said_of_one_that_took_its_place(model: PhotoModel, again: str) -> None:
    whole = rows(3)
    model.set_rows(whole)
    model.set_labels({1002: (1, True), 1003: (1, True)})
    replaced = some(whole, [1], photo_ids=np.array([77], np.int64))
    if again == "a block":
        model.merge(replaced)
    else:
        whole.photo_ids[1] = 77
        model.set_rows(rows(9, first=100) if again == "another folder before" else some(whole, [0, 1]))
        model.set_rows(whole)
    assert [bool(each) for each in model.columns.label_ids] == [False, False, True]
    model.set_labels({77: (2, True)})
    assert model.columns.label_ids[1] == 2


def test_what_was_said_before_it_was_read_is_said_of_the_photo_that_was_there(model: PhotoModel) -> None:
    whole = rows(3)
    model.set_rows(unread(3))
    model.set_place_labels({2: (1, True)})
    model.set_rows(whole)
    assert model.columns.label_ids.tolist() == [0, 1, 0]
    model.merge(some(whole, [1], photo_ids=np.array([77], np.int64)))
    assert model.columns.label_ids.tolist() == [0, 0, 0]


def test_drag_data_carries_places_not_rows(model: PhotoModel) -> None:
    model.set_rows(rows(30))
    model.set_filter(PhotoFilter(class_key=int(PseudoClass.UNSURE)))
    mime = model.mimeData([model.index(2), model.index(0)])
    assert mime.formats() == [PLACES_MIME]
    assert places_in(mime) == [2, 10]
    assert places_in(model.drag_data(np.array([0, 2]))) == places_in(mime)


def test_many_scattered_changes_are_one_reset(model: PhotoModel) -> None:
    model.set_rows(rows(2000))
    model.set_filter(PhotoFilter(class_key=int(PseudoClass.UNSURE)))
    changes = Changes(model)
    model.set_labels({1000 + place_id: (1, True) for place_id in range(2, 2000, 8)})
    assert changes.resets == 1
    assert len(names(model)) == 250


class CountingModel(PhotoModel):
    """Counts what it is asked."""

    asked: Counter[str]

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        self.asked["data"] += 1
        return super().data(index, role)


class CountingDelegate(PhotoDelegate):
    sizes = 0

    def sizeHint(self, option: Any, index: Any) -> Any:
        self.sizes += 1
        return super().sizeHint(option, index)


def test_a_hundred_thousand_photos_cost_no_more_than_those_in_view(qtbot: QtBot) -> None:
    model = CountingModel(nothing_yet)
    model.asked = Counter()
    grid = PhotoGrid(model)
    grid.tiles = CountingDelegate(grid)
    grid.setItemDelegate(grid.tiles)
    qtbot.addWidget(grid)
    grid.resize(1200, 800)
    grid.show()
    whole = unread(100_000)
    model.set_rows(whole)
    qtbot.waitUntil(lambda: grid.verticalScrollBar().maximum() > 1_000_000)  # laid out to the last photo
    grid.grab()
    in_view = len(grid.visible_rows())
    assert in_view < 100
    assert grid.tiles.sizes <= 100
    model.asked.clear()
    model.merge(some(rows(100_000), list(range(50_000, 50_064))))
    grid.grab()
    assert model.asked["data"] <= 20 * in_view
    model.asked.clear()
    grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum() // 2)
    grid.grab()
    assert model.asked["data"] <= 20 * in_view
    assert grid.tiles.sizes <= 200


def test_the_grid_stays_where_it_is_when_a_photo_leaves_far_down(qtbot: QtBot) -> None:
    model = PhotoModel(nothing_yet)
    grid = PhotoGrid(model)
    qtbot.addWidget(grid)
    grid.resize(900, 600)
    grid.show()
    model.set_rows(rows(40_000))
    model.set_filter(PhotoFilter(class_key=int(PseudoClass.UNSURE)))
    bar = grid.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 100_000)
    bar.setValue(bar.maximum() - 5000)
    there = bar.value()
    place = model.wanted(len(names_in(model)) - 90).place_id
    model.set_labels({1000 + place: (1, True)})
    qtbot.waitUntil(lambda: bar.value() == there)


def names_in(model: PhotoModel) -> range:
    return range(model.rowCount(QModelIndex()))


def test_a_folder_looked_at_again_tries_again_what_could_not_be_shown(model: PhotoModel) -> None:
    model.set_rows(rows(4))
    outdated: list[int] = []
    model.files_changed.connect(outdated.extend)
    model.mark_unreadable([(2, "the file is not there")])
    assert model.index(1).data(PhotoRole.THUMBNAIL) is None
    model.merge(some(rows(4), [0]))  # news of another photo
    assert outdated == []
    model.set_rows(rows(4))
    assert outdated == [2]
    assert model.index(1).data(PhotoRole.ERROR) is None
    assert model.index(1).data(PhotoRole.THUMBNAIL) is not None
    model.set_rows(rows(4))
    assert outdated == [2]  # once


def test_a_photo_that_comes_back_after_the_folder_was_seen_without_it_is_tried_again(model: PhotoModel) -> None:
    model.set_rows(rows(4))
    outdated: list[int] = []
    model.files_changed.connect(outdated.extend)
    model.mark_unreadable([(2, "the file is not there")])
    model.set_rows(some(rows(4), [0, 2, 3]))
    assert outdated == [2]


def test_a_changed_file_is_told_also_when_another_one_came_with_it(model: PhotoModel) -> None:
    model.set_rows(rows(4))
    outdated: list[int] = []
    model.files_changed.connect(outdated.extend)
    again = rows(5)
    again.photo_ids[2] = 77
    model.set_rows(again)
    assert outdated == [3]


def test_joined_blocks_show_what_they_show_one_after_another(qtbot: QtBot) -> None:
    del qtbot
    whole = rows(50)
    first = some(whole, [3, 20, 41], errors=("is empty", None, None))
    blocks = [first, some(whole, [7]), some(whole, [41, 3], class_ids=np.array([2, 3], np.int32))]
    one_by_one, at_once = PhotoColumns(unread(50)), PhotoColumns(unread(50))
    changed = [one_by_one.merge(block) for block in blocks]
    assert at_once.merge(RowsChanged.joined([RowsChanged(block) for block in blocks]).rows).tolist() == [3, 7, 20, 41]
    assert sorted({row for each in changed for row in each.tolist()}) == [3, 7, 20, 41]
    assert at_once.errors == one_by_one.errors
    for name in ("photo_ids", "label_ids", "class_ids", "confidences", "verdicts", "class_keys"):
        assert getattr(at_once, name).tolist() == getattr(one_by_one, name).tolist()


def test_a_block_does_not_go_through_all_photos_that_could_not_be_shown(qtbot: QtBot) -> None:
    del qtbot

    class Counted(set[int]):
        def __iter__(self) -> Iterator[int]:
            raise AssertionError("every photo that could not be shown was gone through")

    columns = PhotoColumns(rows(100))
    columns._unshown = Counted(range(1, 101))
    assert columns.outdated(some(rows(100), [4, 9])) == [5, 10]


def predicted(whole: PhotoRows, place_ids: list[int], class_id: int, verdict: Verdict) -> ShownPredictions:
    """Other suggestions for some photos of fabricated rows."""
    count = len(place_ids)
    assert set(place_ids) <= set(whole.place_ids.tolist())
    return ShownPredictions(
        photo_ids=np.sort(np.array(place_ids, np.int64)) + 1000,
        class_ids=np.full(count, class_id, np.int32),
        confidences=np.full(count, 0.01, np.float32),
        verdicts=np.full(count, verdict, np.uint8),
        caveats=np.zeros(count, np.uint8),
        second_class_ids=np.zeros(count, np.int32),
        second_confidences=np.zeros(count, np.float32),
    )


@pytest.mark.parametrize("order", [Order.NAME, Order.LEAST_SURE])
def test_suggestions_that_change_by_themselves_move_no_photo(model: PhotoModel, order: Order) -> None:
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    whole = rows(40)
    model.set_rows(whole)
    model.set_filter(PhotoFilter(class_key=int(PseudoClass.UNKNOWN), order=order))
    unknown, changes = names(model), Changes(model)
    model.show_predictions(predicted(whole, unknown[1:4], 2, Verdict.SURE))
    assert names(model) == unknown, "they stay under the person's eyes"
    assert model.index(1).data(PhotoRole.CLASS_NAME) == "roses"
    model.show_predictions(predicted(whole, [1, 2], 2, Verdict.UNKNOWN))
    assert names(model) == [*unknown, 1, 2], "photos that match now come last"
    model.set_labels({unknown[1] + 1000: (3, True)})
    assert names(model) == [*unknown[:1], *unknown[2:], 1, 2], "one that the person labels goes"
    model.set_labels({unknown[1] + 1000: (0, False)})
    model.merge(some(whole, [4], verdicts=np.array([Verdict.UNKNOWN], np.uint8)))
    assert changes.resets == 0
    model.set_filter(model.filter)  # the person picks the same again
    assert set(names(model)) == {1, 2, 5, *unknown} - set(unknown[1:4])
    expected = sorted(names(model)) if order is Order.NAME else names(model)
    assert names(model) == expected
    assert changes.resets == 1
    model.set_filter(model.filter)
    assert changes.resets == 1, "nothing changed meanwhile"


def test_changed_suggestions_are_shown_with_those_before(model: PhotoModel) -> None:
    whole = rows(8)
    model.set_rows(whole)
    model.set_filter(PhotoFilter(places=frozenset({1, 3, 4}), before={1: "daisy", 3: "daisy", 4: "tulips"}))
    named = {model.wanted(row).place_id: model.index(row) for row in range(3)}
    assert named[1].data(PhotoRole.TITLE) == "daisy → roses"
    assert named[3].data(PhotoRole.TITLE) == "daisy → Unknown"
    model.set_labels({1004: (2, True)})
    assert named[4].data(PhotoRole.TITLE) == "roses", "the person's word has no arrow"
    model.set_filter(PhotoFilter())
    assert model.index(0).data(PhotoRole.TITLE) == "roses"


def divided(model: PhotoModel) -> dict[int | str, list[int]]:
    """The places of each section, by its key."""
    return {each.key[0]: names(model)[each.first : each.first + each.count] for each in model.sections}


def test_in_sections_too_only_photos_of_an_action_move(model: PhotoModel) -> None:
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    whole = rows(24)
    model.set_rows(whole)
    model.set_filter(PhotoFilter(grouping=Grouping.CLASS))
    before, changes = divided(model), Changes(model)
    roses, unsure = before[2], before[int(PseudoClass.UNSURE)]
    model.show_predictions(predicted(whole, roses[:3], 3, Verdict.SURE))
    assert divided(model) == before
    assert changes.resets == 0
    model.set_labels({unsure[0] + 1000: (1, True), unsure[1] + 1000: (9, True)})
    assert divided(model) == before | {
        1: [*before[1], unsure[0]],
        int(PseudoClass.UNSURE): unsure[2:],
        9: [unsure[1]],
    }, "the photos that changed by themselves are still where they were"
    model.set_filter(model.filter)
    now = divided(model)
    assert (now[2], set(roses[:3]) - set(now[3])) == (roses[3:], set())
    assert now[1] == sorted(now[1])


def test_a_suggestion_that_has_just_changed_is_not_yet_what_a_person_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    whole = rows(8)
    columns = PhotoColumns(whole)
    assert columns.seen([1, 2, 3]) == [1, 2, 3]
    columns.merge(some(whole, [0], class_ids=whole.class_ids[[1]]))
    columns.merge(some(whole, [2], confidences=np.zeros(1, np.float32)))
    assert columns.seen([1, 2, 3]) == [2, 3]
    assert PhotoColumns(whole, columns).seen([1, 2, 3]) == [2, 3], "also after a photo has arrived"
    now[0] += SEEN_S
    assert columns.seen([1, 2, 3]) == [1, 2, 3]
    # A class where it said "Unknown" is a change, too; where it said nothing yet, a first suggestion is none.
    columns.merge(some(whole, [2], verdicts=np.array([Verdict.SURE], np.uint8)))
    assert columns.seen([1, 2, 3]) == [1, 2]
    waiting = PhotoColumns(unread(8))
    waiting.merge(some(whole, [0, 1, 2]))
    assert waiting.seen([1, 2, 3]) == [1, 2, 3]


def test_the_order_of_a_section_in_view_stays_until_it_is_left(model: PhotoModel) -> None:
    whole = rows(30)
    whole.verdicts[:] = Verdict.UNSURE
    model.set_rows(whole)
    model.set_likeness_arranger(lambda columns, at: arrange(Grouping.CLASS, at, columns))
    model.set_filter(PhotoFilter(order=Order.LEAST_SURE, grouping=Grouping.LIKENESS))
    (section,) = model.sections
    before = names(model)
    model.hold([section.identity])
    doubts = ShownPredictions(
        whole.photo_ids,
        whole.class_ids,
        whole.confidences[::-1].copy(),
        whole.verdicts,
        whole.caveats,
        whole.second_class_ids,
        whole.second_confidences,
    )
    model.show_predictions(doubts)
    model.set_labels({before[0] + 1000: (2, True)})
    assert names(model)[1:] == before[1:], "the labelled one went to its class, no other moved"
    model.rearrange(keep_in_view=True)
    assert names(model)[1:] == before[1:]
    model.hold([])
    model.rearrange(keep_in_view=True)
    assert names(model)[1:] != before[1:]
    confidences = model.columns.confidences[model.columns.locate(names(model)[1:])]
    assert (np.diff(confidences) >= 0).all()


def test_the_order_below_the_view_follows_what_helps_and_labelled_photos_come_last(model: PhotoModel) -> None:
    model.set_rows(rows(30))
    model.set_filter(PhotoFilter(order=Order.MOST_HELPFUL))
    model.set_ranking(Order.MOST_HELPFUL, PhotoNumbers.ranks(range(1001, 1031)))
    model.hold([model.sections[0].identity], 5)
    model.set_labels({1002: (2, True), 1010: (2, True)})
    model.set_ranking(Order.MOST_HELPFUL, PhotoNumbers.ranks(range(1030, 1000, -1)), keep_in_view=True)
    others = [place for place in range(30, 5, -1) if place != 10]
    assert names(model) == [1, 2, 3, 4, 5, *others, 10]
    model.hold([])
    model.rearrange(keep_in_view=True)
    assert names(model) == [*others, 5, 4, 3, 1, 2, 10]
