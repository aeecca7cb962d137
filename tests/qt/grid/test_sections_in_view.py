"""The grid with sections, with real mouse and key events: headers, folding, keys, rubber band, scrolling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QMouseEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_filter import Order, PhotoFilter
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel, places_in
from flowersorter.ui.grid.sections import Arrangement, Grouping, Section, SectionKind
from flowersorter.ui.review.sections.section_header import SectionHeader
from flowersorter.ui.shared import theme
from flowersorter.workflows.labelling.pending_labels import LabelNews
from tests.qt.drag import drag
from tests.qt.fake_rows import LOOKS, picture, rows

LEFT, CTRL, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
EACH = 7  # photos in a section: its last line is short


def by_verdict(count: int) -> PhotoModel:
    """Photos of three classes, all sure: by class there are three sections."""
    model = PhotoModel(picture)
    model.set_classes(LOOKS)
    whole = rows(count)
    whole.verdicts[:] = Verdict.SURE
    model.set_rows(whole)
    model.set_filter(PhotoFilter(grouping=Grouping.CLASS))
    return model


class Sectioned(QWidget):
    """A grid of three classes with a field above and below it."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.model = by_verdict(count)
        self.tester = QAbstractItemModelTester(self.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        self.above = QLineEdit(self)
        self.grid = PhotoGrid(self.model, self)
        self.below = QLineEdit(self)
        column = QVBoxLayout(self)
        for widget in (self.above, self.grid, self.below):
            column.addWidget(widget)
        self.resize(760, 700)

    @property
    def places(self) -> list[list[int]]:
        """The places of each section."""
        model = self.model
        return [[model.wanted(row).place_id for row in section.rows] for section in model.sections]

    def tile(self, row: int) -> QPoint:
        return self.grid.visualRect(self.model.index(row)).center()

    def click(self, row: int, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseClick(self.grid.viewport(), LEFT, keys, self.tile(row))

    def header(self, number: int) -> SectionHeader:
        header = self.grid.header(self.model.sections[number].identity)
        assert isinstance(header, SectionHeader)
        return header

    def pull(self, start: QPoint, end: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        """Draw a rubber band."""
        view = self.grid.viewport()
        QTest.mousePress(view, LEFT, keys, start)
        for at in (start + (end - start) / 2, end):
            event = QMouseEvent(
                QEvent.Type.MouseMove, QPointF(at), QPointF(view.mapToGlobal(at)), Qt.MouseButton.NoButton, LEFT, keys
            )
            QApplication.sendEvent(view, event)
        QTest.mouseRelease(view, LEFT, keys, end)


@pytest.fixture
def shown(qtbot: QtBot) -> Iterator[Sectioned]:
    made = Sectioned(3 * EACH)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.grid.rest()


def test_each_class_has_a_header_that_folds_it_to_one_line(shown: Sectioned, qtbot: QtBot) -> None:
    grid, columns = shown.grid, shown.grid.viewport().width() // shown.grid.cell_size.width()
    assert [section.count for section in shown.model.sections] == [EACH] * 3
    first, second = shown.header(0), shown.header(1)
    assert first.title.text() == "daisy"
    assert first.accessibleName() == f"daisy, {EACH} photos"
    assert first.geometry().bottom() < shown.tile(0).y() < second.geometry().top()
    grid.selectAll()
    QTest.mouseClick(first.fold, LEFT)
    assert not grid.visualRect(shown.model.index(columns - 1)).isNull()
    assert grid.visualRect(shown.model.index(columns)).isNull()
    assert grid.isIndexHidden(shown.model.index(EACH - 1))
    assert second.y() > grid.visualRect(shown.model.index(0)).bottom()
    hidden = set(shown.places[0][columns:])
    assert hidden.isdisjoint(grid.selected_places())  # a key would change photos that nobody sees
    assert len(grid.selected_places()) == 3 * EACH - len(hidden)
    QTest.keyClick(grid, Qt.Key.Key_A, CTRL)
    assert hidden.isdisjoint(grid.selected_places())
    last = grid.visualRect(shown.model.index(columns - 1))
    corner = next(
        QPoint(x, y)
        for y in range(last.bottom(), last.top(), -2)
        for x in range(last.right(), last.left(), -2)
        if grid._folded_at(QPoint(x, y)) is not None
    )
    QTest.mouseClick(grid.viewport(), LEFT, pos=corner)  # "+4"
    assert not grid.isIndexHidden(shown.model.index(EACH - 1))
    grid.set_folded(shown.model.sections[0].identity, True)
    grid.select_places([shown.places[0][-1]], scroll=True)  # to show a photo opens its section
    assert not grid.isIndexHidden(shown.model.index(EACH - 1))
    assert grid.selected_places() == [shown.places[0][-1]]


def test_the_arrows_cross_sections_in_their_column(shown: Sectioned) -> None:
    grid, model = shown.grid, shown.model
    columns = grid.viewport().width() // grid.cell_size.width()
    assert EACH % columns
    shown.click(columns - 1)
    way = []
    for _ in range(EACH // columns + 1):
        QTest.keyClick(grid, Qt.Key.Key_Down)
        way.append(grid.currentIndex().row())
    assert way[-2:] == [EACH - 1, EACH + columns - 1]  # through the short line, back in its column
    QTest.keyClick(grid, Qt.Key.Key_End)
    assert grid.selected_places() == [shown.places[2][-1]]
    assert grid.viewport().rect().contains(shown.tile(3 * EACH - 1))
    QTest.keyClick(grid, Qt.Key.Key_Home, SHIFT)
    assert len(grid.selected_places()) == 3 * EACH
    assert shown.header(0).y() == 0
    QTest.keyClick(grid, Qt.Key.Key_Home)
    QTest.keyClick(grid, Qt.Key.Key_PageDown)
    assert grid.currentIndex().row() >= columns
    grid.set_folded(model.sections[0].identity, True)
    shown.click(columns - 1)
    QTest.keyClick(grid, Qt.Key.Key_Right)
    assert grid.currentIndex().row() == EACH
    QTest.keyClick(grid, Qt.Key.Key_Left)
    assert grid.currentIndex().row() == columns - 1
    QTest.keyClick(grid, Qt.Key.Key_Right, SHIFT)
    assert grid.selected_rows().tolist() == [columns - 1, EACH]


def test_lines_run_from_the_right_where_the_language_does(shown: Sectioned) -> None:
    grid, view = shown.grid, shown.grid.viewport()
    grid.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert grid.visualRect(shown.model.index(0)).right() == view.width() - 1
    shown.click(0)
    assert grid.selected_rows().tolist() == [0]
    QTest.keyClick(grid, Qt.Key.Key_Left)
    assert grid.selected_rows().tolist() == [1]
    shown.pull(grid.visualRect(shown.model.index(0)).topRight() + QPoint(-1, 30), shown.tile(1))
    assert grid.selected_rows().tolist() == [0, 1]


def test_clicks_select_across_sections(shown: Sectioned) -> None:
    grid = shown.grid
    shown.click(6)
    shown.click(9, SHIFT)
    assert grid.selected_rows().tolist() == [6, 7, 8, 9]
    shown.click(7, CTRL)
    assert grid.selected_rows().tolist() == [6, 8, 9]
    shown.click(9)
    assert grid.selected_rows().tolist() == [9]
    QTest.mouseClick(grid.viewport(), LEFT, pos=shown.header(1).geometry().center())
    assert grid.selected_rows().tolist() == []


def test_a_rubber_band_begins_in_any_gap(shown: Sectioned) -> None:
    grid, model = shown.grid, shown.model
    gap = grid.visualRect(model.index(1)).topLeft() + QPoint(1, 30)
    assert not grid.indexAt(gap).isValid()
    shown.pull(gap, shown.tile(2))
    assert grid.selected_rows().tolist() == [1, 2]
    below = QPoint(grid.viewport().width() - 3, shown.header(1).geometry().center().y())
    shown.pull(below, shown.tile(8), CTRL)
    assert grid.selected_rows().tolist() == [1, 2, *range(8, EACH + grid.viewport().width() // grid.cell_size.width())]
    shown.pull(gap, gap + QPoint(1, 1))
    assert grid.selected_rows().tolist() == []  # no band, a click


def test_a_rubber_band_scrolls_beyond_the_edge(shown: Sectioned, qtbot: QtBot) -> None:
    grid, view = shown.grid, shown.grid.viewport()
    start = QPoint(view.width() - 2, 2)
    QTest.mousePress(view, LEFT, NONE, start)
    QTest.mouseMove(view, QPoint(1, view.height() + 200))
    qtbot.waitUntil(lambda: len(grid.selected_rows()) == 3 * EACH)
    QTest.mouseRelease(view, LEFT, NONE, QPoint(1, view.height() + 200))
    assert not grid._band._pull.isActive()


def test_selected_photos_of_two_sections_are_dragged_together(shown: Sectioned) -> None:
    shown.click(1)
    shown.click(9, CTRL)
    begun = drag(shown.grid.viewport(), shown.tile(9), shown.below, QPoint(5, 5))
    assert places_in(begun.mimeData()) == [shown.places[0][1], shown.places[1][9 - EACH]]


def test_headers_scroll_and_the_topmost_one_stays(shown: Sectioned) -> None:
    grid, bar = shown.grid, shown.grid.verticalScrollBar()
    header = shown.header(0)
    at = header.mapTo(shown, header.rect().center())
    QTest.wheelEvent(shown.windowHandle(), at, QPoint(0, -240))
    assert bar.value() > 0
    assert header.y() == 0  # over its photos
    assert shown.tile(0).y() < header.height() + grid.cell_size.height() // 2
    bar.setValue(bar.maximum())
    assert shown.header(2).y() <= grid.viewport().height()


def test_tab_goes_through_the_headers_and_shows_them(shown: Sectioned) -> None:
    def press(key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> QWidget | None:
        focus = QApplication.focusWidget()
        assert focus is not None
        QTest.keyClick(focus, key, keys)
        return QApplication.focusWidget()

    shown.above.setFocus()
    found = [press(Qt.Key.Key_Tab) for _ in range(5)]
    assert found == [shown.grid, *(shown.header(number).fold for number in range(3)), shown.below]
    press(Qt.Key.Key_Backtab, SHIFT)
    assert shown.grid.viewport().rect().contains(shown.header(2).geometry())
    press(Qt.Key.Key_Space)
    assert shown.grid.is_folded(shown.model.sections[2])


def test_photos_are_read_out_with_their_class(shown: Sectioned) -> None:
    found = QAccessible.queryAccessibleInterface(shown.grid)
    assert found.role() == QAccessible.Role.List
    assert found.childCount() == 3 * EACH
    first = found.child(0)
    assert first.text(QAccessible.Text.Name) == "IMG_000003.jpg, daisy, sure, daisy 10 %, roses 45 %"
    assert first.rect().contains(shown.grid.viewport().mapToGlobal(shown.tile(0)))
    assert [shown.header(number).accessibleName() for number in range(3)] == [
        f"{name}, {EACH} photos" for name in ("daisy", "roses", "tulips")
    ]


def test_a_photo_that_gets_a_label_leaves_its_place_to_the_next_one(shown: Sectioned) -> None:
    grid, model = shown.grid, shown.model
    third, fourth = shown.places[0][2:4]
    shown.click(2)
    model.set_labels({1000 + third: (2, True)})
    assert [section.count for section in model.sections] == [EACH - 1, EACH + 1, EACH]
    assert grid.selected_places() == [third]
    grid.go_on()
    assert grid.selected_places() == [fourth]
    assert shown.header(1).accessibleName() == f"roses, {EACH + 1} photos"
    assert grid.verticalScrollBar().value() == 0


@pytest.fixture
def many(qtbot: QtBot) -> Iterator[Sectioned]:
    made = Sectioned(300)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.grid.rest()


def test_photos_in_view_stay_where_they_are(many: Sectioned) -> None:
    grid, model = many.grid, many.model
    grid.scrollTo(model.index(150), PhotoGrid.ScrollHint.PositionAtTop)
    place = model.wanted(150).place_id
    there = many.tile(150)

    def now() -> QPoint:
        return many.tile(model.rows_of([place])[0])

    model.set_labels({1000 + each: (2, True) for each in many.places[0][:40]})  # from above to above
    assert now().y() == there.y()
    model.set_labels({1000 + each: (3, True) for each in many.places[1][-40:]})  # below
    assert now().y() == there.y()
    grid.set_folded(model.sections[0].identity, True)
    assert now().y() == there.y()
    model.set_filter(replace(model.filter, order=Order.LEAST_SURE))  # something else to look at
    assert grid.verticalScrollBar().value() == 0


def test_what_follows_a_section_that_is_gone_takes_its_place(many: Sectioned) -> None:
    grid, model = many.grid, many.model
    grid.verticalScrollBar().setValue(grid._places.top(1))
    assert many.header(1).title.text() == "roses"
    model.set_labels({1000 + each: (1, True) for each in many.places[1]})
    assert [section.count for section in model.sections] == [200, 100]
    assert many.header(1).title.text() == "tulips"
    assert many.header(1).y() == 0


def test_far_headers_are_gone_unless_the_keyboard_is_in_them(many: Sectioned, qtbot: QtBot) -> None:
    grid, model = many.grid, many.model
    fields: dict[object, QLineEdit] = {}

    def factory(section: Section, parent: QWidget) -> QWidget:
        fields[section.key] = QLineEdit(parent)
        return fields[section.key]

    grid.set_header_factory(factory)
    first, bar = model.sections[0].identity, grid.verticalScrollBar()
    assert grid.header(first) is fields[1,]
    many.activateWindow()
    qtbot.waitUntil(many.isActiveWindow)
    fields[1,].setFocus()
    QTest.keyClicks(fields[1,], "dai")
    bar.setValue(bar.maximum())
    assert grid.header(first) is fields[1,]
    assert fields[1,].text() == "dai"
    grid.setFocus()
    bar.setValue(bar.maximum() - 10)
    assert grid.header(first) is None
    bar.setValue(0)
    assert grid.header(first) is fields[1,]
    assert fields[1,].text() == ""


def test_likeness_is_divided_by_whoever_was_set(many: Sectioned) -> None:
    grid, model = many.grid, many.model
    model.set_filter(replace(model.filter, grouping=Grouping.LIKENESS))
    assert [section.kind for section in model.sections] == [SectionKind.CLASS] * 3

    def halves(columns: object, shown: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Arrangement:
        del columns
        sections = (Section(SectionKind.LOOK_ALIKES, (1,), 0, 100), Section(SectionKind.UNKNOWN, (), 100, 200))
        return Arrangement(shown, sections)

    told: list[bool] = []
    model.sections_changed.connect(lambda: told.append(True))
    model.set_likeness_arranger(halves)
    assert told == [True]
    assert [section.count for section in model.sections] == [100, 200]
    assert grid.header((SectionKind.LOOK_ALIKES, (1,))) is not None
    model.rearrange()
    assert told == [True]  # nothing changed


def test_without_groups_there_is_no_header(many: Sectioned) -> None:
    many.model.set_filter(PhotoFilter())
    assert all(header.isHidden() for header in many.grid.findChildren(SectionHeader))
    assert many.grid.visualRect(many.model.index(0)).top() == 0


def test_a_section_that_is_gone_closes_softly(many: Sectioned, monkeypatch: pytest.MonkeyPatch) -> None:
    grid, model = many.grid, many.model
    label = Label(1, LabelOrigin.PERSON)
    grid.verticalScrollBar().setValue(grid._places.top(1) - 20)
    monkeypatch.setattr(theme, "MOTION_MS", 1_000_000)
    model.show_labels(LabelNews({1000 + each: label for each in many.places[1]}))
    assert [section.count for section in model.sections] == [200, 100]
    tulips, motion = many.header(1), grid._motion
    way = []
    for share in (0, 0.1, 0.4):
        motion._animation.setCurrentTime(round(share * theme.MOTION_MS))
        way.append(tulips.y())
        grid.grab()
    assert way[0] > grid._page // 2
    assert way == sorted(way, reverse=True)
    assert len(set(motion.shifts)) == 1  # the end of the section above stays
    motion._animation.setCurrentTime(theme.MOTION_MS)
    assert not motion.under_way
    assert tulips.y() == 20
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # the header of what is gone
    assert many.header(1) is tulips
    assert isValid(grid._headers._viewport)
    model.show_labels(LabelNews({1000 + each: label for each in many.places[1][:50]}))
    assert motion.under_way
    grid.verticalScrollBar().setValue(0)
    assert not motion.under_way  # who scrolls sees things where they are
    monkeypatch.setattr(theme, "motion_ms", lambda: 0)  # as the system asks
    model.show_labels(LabelNews({1000 + each: None for each in many.places[0][:50]}))
    assert not motion.under_way
