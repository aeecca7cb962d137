"""Bursts and near-copies on one tile: opened and closed, corrected as one, and never where something differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.domain.shown_predictions import ShownPredictions
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns
from flowersorter.ui.grid.photo_filter import Order, PhotoFilter
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel, PhotoRole, places_in
from flowersorter.ui.grid.sections import Grouping
from flowersorter.ui.grid.stacks.badge import badge_box, badge_text
from flowersorter.ui.grid.stacks.stack_badges import StackBadges
from flowersorter.ui.grid.tile_buttons import photo_box
from flowersorter.ui.review.left_out import LeftOutMarks
from tests.qt.fake_rows import LOOKS, picture, rows

LEFT = Qt.MouseButton.LeftButton
STACK = [3, 4, 5, 6]  # places of one burst; 9 and 10 are another


def stacks(*groups: list[int]) -> PhotoNumbers:
    """Stacks of places, by photo id."""
    pairs = sorted((place + 1000, group[0] + 1000) for group in groups for place in group)
    return PhotoNumbers(np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs]))


def alike(count: int) -> PhotoRows:
    """Photos that all are surely of one class."""
    return replace(
        rows(count),
        class_ids=np.ones(count, np.int32),
        verdicts=np.full(count, Verdict.SURE, np.uint8),
    )


@pytest.fixture
def model(qtbot: QtBot) -> PhotoModel:
    made = PhotoModel(picture)
    made.set_classes(LOOKS)
    made.tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal)  # type: ignore[attr-defined]
    made.set_stacking(True)
    made.set_rows(alike(12))
    made.set_stacks(stacks(STACK, [9, 10]))
    return made


@pytest.fixture
def grid(model: PhotoModel, qtbot: QtBot) -> Iterator[PhotoGrid]:
    made = PhotoGrid(model)
    qtbot.addWidget(made)
    made.resize(760, 700)
    with qtbot.waitExposed(made):
        made.show()
    badges = StackBadges(made, made.tiles)
    badges.clicked.connect(lambda place: model.toggle_stacks(model.rows_at(np.array([place], np.int64))))
    yield made
    made.rest()


def tiles(model: PhotoModel) -> list[list[int]]:
    """The places on each tile."""
    return [model.all_places_at(range(row, row + 1)).tolist() for row in range(model.rowCount())]


def middle(grid: PhotoGrid, row: int) -> QPoint:
    return grid.visualRect(grid.photos.index(row)).center()


def number(grid: PhotoGrid, row: int) -> QPoint:
    """Middle of the number on a tile."""
    index = grid.photos.index(row)
    text = badge_text(*index.data(PhotoRole.STACK))
    return badge_box(photo_box(grid, grid.tiles, index), text, grid.fontMetrics()).center()


def test_a_stack_is_one_tile_and_its_photos_are_counted_selected_and_dragged_together(
    model: PhotoModel, grid: PhotoGrid
) -> None:
    assert tiles(model) == [[1], [2], STACK, [7], [8], [9, 10], [11], [12]]
    assert (model.rowCount(), model.photo_count) == (8, 12)
    QTest.mouseClick(grid.viewport(), LEFT, pos=middle(grid, 2))
    assert grid.selected_places() == STACK
    assert places_in(model.drag_data(grid.selected_rows())) == STACK
    assert model.tile_of(5) == STACK
    assert "IMG_000003.jpg, 4 photos" in model.index(2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "4 photos that look alike" in model.index(2).data(Qt.ItemDataRole.ToolTipRole)
    assert (model.position(1), model.position(2), model.position(3)) == ("2 of 12", "3–6 of 12", "7 of 12")
    QTest.keyClick(grid, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(grid.selected_places()) == 12
    model.set_filter(PhotoFilter(grouping=Grouping.CLASS))
    (section,) = model.sections
    assert (section.count, len(section.rows)) == (12, 8)
    grid.set_folded(section.identity, True)
    shown = len(grid._places.shown_of(np.arange(8)))
    assert grid._hidden_photos(0) == 12 - sum(map(len, tiles(model)[:shown]))


def test_a_click_on_its_number_opens_a_stack_and_closes_it_and_selects_nothing(
    model: PhotoModel, grid: PhotoGrid
) -> None:
    assert badge_text(*model.index(2).data(PhotoRole.STACK)) == "×4"
    QTest.mouseClick(grid.viewport(), LEFT, pos=number(grid, 2))
    assert tiles(model) == [[1], [2], [3], [4], [5], [6], [7], [8], [9, 10], [11], [12]]
    assert badge_text(*model.index(3).data(PhotoRole.STACK)) == "2/4"
    assert "photo 2 of 4 that look alike" in model.index(3).data(Qt.ItemDataRole.AccessibleTextRole)
    assert grid.selected_places() == []
    QTest.mouseClick(grid.viewport(), LEFT, pos=middle(grid, 3))
    assert grid.selected_places() == [4], "the photos of an open stack are corrected one by one"
    QTest.mouseClick(grid.viewport(), LEFT, pos=number(grid, 5))
    assert tiles(model)[2] == STACK
    assert model.toggle_stacks(np.array([0])) is False, "no stack"
    grid.select_places([5])
    assert grid.selected_places() == [5], "the stack is opened for a photo behind its front one"
    model.set_stacking(False)
    assert tiles(model) == [[place] for place in range(1, 13)]


@pytest.mark.parametrize("grouping", [Grouping.NONE, Grouping.CLASS, Grouping.FOLDER])
def test_photos_that_are_shown_differently_share_no_tile(model: PhotoModel, grouping: Grouping) -> None:
    model.set_filter(PhotoFilter(grouping=grouping))
    assert STACK in tiles(model)
    model.set_labels({1004: (2, True)})
    assert [4] in tiles(model)
    assert [3, 5, 6] in tiles(model)
    model.set_labels({1003: (2, True), 1005: (2, True), 1006: (2, False)})
    assert [3, 4, 5] in tiles(model), "a class from a folder is not confirmed"
    model.set_labels({1003: (0, False), 1004: (0, False), 1005: (0, False), 1006: (0, False)})
    assert STACK in tiles(model)
    found = ShownPredictions(
        np.array([1005, 1006]),
        np.array([3, 1], np.int32),
        np.array([0.9, 0.6], np.float32),
        np.array([Verdict.SURE, Verdict.LIKELY], np.uint8),
        np.zeros(2, np.uint8),
        np.zeros(2, np.int32),
        np.zeros(2, np.float32),
    )
    model.show_predictions(found)  # by themselves: no other photo moves, but none hides behind another class
    assert [5] in tiles(model)
    assert [3, 4, 6] in tiles(model), "likely and sure of one class are confirmed together"


def test_a_click_leaves_a_whole_stack_out_and_takes_it_in_again(model: PhotoModel, grid: PhotoGrid) -> None:
    marks = LeftOutMarks(model, grid, lambda _row: True)
    QTest.mouseClick(grid.viewport(), LEFT, pos=middle(grid, 2))
    assert marks.place_ids == set(STACK) == model.left_out
    QTest.mouseClick(grid.viewport(), LEFT, pos=number(grid, 2))
    QTest.mouseClick(grid.viewport(), LEFT, pos=middle(grid, 3))
    assert marks.place_ids == {3, 5, 6}, "opened, one of them is taken in"
    assert model.index(2).data(PhotoRole.LEFT_OUT)
    assert not model.index(3).data(PhotoRole.LEFT_OUT)


def test_a_stack_is_shown_open_while_some_of_its_photos_are_left_out(model: PhotoModel) -> None:
    model.set_left_out([3, 4, 5, 6])
    assert STACK in tiles(model)
    model.set_left_out([4])
    assert [4] in tiles(model), "at once: the others are answered"
    model.set_left_out([])
    assert STACK in tiles(model)


def test_a_stack_that_closes_by_itself_is_not_selected_where_only_a_part_of_it_was(
    model: PhotoModel, grid: PhotoGrid
) -> None:
    model.set_labels({1004: (2, True)})
    grid.select_places([4, 7])
    assert grid.selected_places() == [4, 7]
    model.set_labels({1004: (0, False)})
    assert STACK in tiles(model)
    assert grid.selected_places() == [7], "a key would reach photos that the person did not select"
    grid.select_places(STACK)
    model.set_labels({1011: (2, True)})
    assert grid.selected_places() == STACK


def test_a_stack_that_grows_by_itself_is_selected_no_longer(model: PhotoModel, grid: PhotoGrid) -> None:
    whole = alike(12)
    whole.verdicts[4] = Verdict.LIKELY
    model.merge(whole)
    model.set_filter(PhotoFilter(verdicts=frozenset({Verdict.SURE})))
    assert tiles(model)[2] == [3, 4, 6]
    grid.select_places([3, 4, 6, 7])
    found = ShownPredictions(
        np.array([1005]),
        np.ones(1, np.int32),
        np.full(1, 0.9, np.float32),
        np.array([Verdict.SURE], np.uint8),
        np.zeros(1, np.uint8),
        np.zeros(1, np.int32),
        np.zeros(1, np.float32),
    )
    model.show_predictions(found)
    assert tiles(model)[2] == [3, 4, 6, 5]
    assert grid.selected_places() == [7], "a key would reach a photo that the person did not select"
    assert grid.currentIndex().row() == 2
    grid.select_places([3, 4, 5, 6])
    model.set_labels({1006: (1, True)})
    assert tiles(model)[2] == [3, 4, 5]
    assert grid.selected_places() == [3, 4, 5], "the others stay selected where one goes"


def test_no_photo_joins_the_tile_that_is_seen_large(model: PhotoModel) -> None:
    model.set_labels({1003: (2, True), 1004: (2, True), 1009: (2, True)})
    assert tiles(model)[2:4] == [[3, 4], [5, 6]]
    model.let_none_join([5, 6])
    model.set_labels({1003: (0, False), 1004: (0, False), 1009: (0, False)})
    assert tiles(model)[2:4] == [[3, 4], [5, 6]]
    assert [9, 10] in tiles(model), "others grow"
    model.set_left_out([9])
    assert tiles(model)[2:4] == [[3, 4], [5, 6]]
    model.toggle_stacks(np.array([3]))
    assert tiles(model)[2:6] == [[3], [4], [5], [6]], "opened, it is whole again"
    model.toggle_stacks(np.array([3]))
    assert tiles(model)[2] == STACK
    model.let_none_join([3])
    model.set_stacks(stacks(STACK, [9, 10, 11]))
    assert tiles(model)[2:4] == [[3], [4, 5, 6]]
    model.let_all_join()
    assert tiles(model)[2] == STACK


def test_photos_of_a_stack_come_and_go_with_the_filter(model: PhotoModel, grid: PhotoGrid) -> None:
    model.set_filter(PhotoFilter(unchecked=True))
    model.set_labels({1003: (1, True)})
    assert tiles(model)[2] == [4, 5, 6]
    model.set_labels({1004: (1, True), 1005: (1, True), 1006: (1, True)})
    assert tiles(model)[2] == [7]
    model.set_labels({1005: (0, False), 1006: (0, False)})
    assert [5, 6] in tiles(model)
    model.set_filter(PhotoFilter(ranking=(5, 6, 9, 10), places=frozenset({5, 6, 9, 10})))
    assert tiles(model) == [[5], [6], [9], [10]], "each photo of a ranking is an answer of its own"


def test_the_first_of_the_order_is_in_front(model: PhotoModel) -> None:
    whole = alike(12)
    whole.confidences[:] = np.linspace(0.9, 0.5, 12)
    model.merge(whole)
    model.set_filter(PhotoFilter(order=Order.LEAST_SURE))
    assert tiles(model)[:3] == [[12], [11], [10, 9]]


def test_every_photo_is_on_one_tile_whatever_happens(model: PhotoModel, grid: PhotoGrid) -> None:
    random = np.random.default_rng(3)
    whole = rows(60)
    model.set_rows(whole)
    model.set_stacks(stacks(*(list(range(first, first + 5)) for first in range(1, 60, 7))))
    for step in range(150):
        match step % 5:
            case 0:
                photos, class_id = random.integers(1001, 1061, 4).tolist(), int(random.integers(4))
                model.set_labels(dict.fromkeys(photos, (class_id, class_id > 0)))
            case 1:
                grouping = list(Grouping)[int(random.integers(len(Grouping)))]
                order = (Order.NAME, Order.LEAST_SURE)[int(random.integers(2))]
                model.set_filter(PhotoFilter(grouping=grouping, order=order, unchecked=bool(random.integers(2))))
            case 2 if model.rowCount():
                model.toggle_stacks(random.integers(0, model.rowCount(), 3))
            case 3:
                model.set_left_out(random.integers(1, 61, 3).tolist())
            case 4:
                model.hold({each.identity for each in model.sections[:2]})
        shown = [place for tile in tiles(model) for place in tile]
        wanted = model.columns.place_ids[model.filter.matches(model.columns)].tolist()
        assert sorted(shown) == sorted(wanted)
        assert sum(each.count for each in model.sections) == len(shown)
        assert [row for each in model.sections for row in each.rows] == list(range(model.rowCount()))
        for tile in tiles(model):
            assert_alike(model.columns, tile)


def assert_alike(columns: PhotoColumns, tile: list[int]) -> None:
    """Photos of a tile are shown with one class."""
    at = columns.locate(tile)
    assert len(set(columns.class_keys[at].tolist())) == 1
    assert len(set((columns.label_ids[at] * 2 + columns.by_person[at]).tolist())) == 1
