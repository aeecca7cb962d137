"""The sidebar by mouse and keyboard: names edited in their rows, drops on and between rows, search, counts and bars."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QAbstractItemModel, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage, QPalette
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from flowersorter.domain.photo_class import NEEDED_LABELS, PALETTE, ClassOrigin, PhotoClass
from flowersorter.errors import ClassRefused
from flowersorter.ui.classes.class_list import SEARCH_FROM, ClassList
from flowersorter.ui.classes.class_rows import NEW_CLASS, TO_CHECK, TO_NAME, ClassCounts, initials
from flowersorter.ui.classes.sidebar_delegate import KEYCAP_GAP_PX, KEYCAP_PX, Form, SidebarDelegate
from flowersorter.ui.classes.sidebar_view import SidebarView
from flowersorter.ui.grid.photo_columns import PseudoClass
from tests.qt.palettes import dark, light, shown_on
from tests.qt.sidebar import view_of

NAMES = ("daisy", "roses & thorns", "tulips", "Gänseblümchen", "bluebell")
KEY_PX = KEYCAP_PX + KEYCAP_GAP_PX
COUNTS = ClassCounts({1: 48, 2: 5, int(PseudoClass.NOT_MINE): 6}, {1: 12}, {1: NEEDED_LABELS, 2: 3})


def some(count: int) -> list[PhotoClass]:
    names = [*NAMES, *(f"class {number}" for number in range(len(NAMES) + 1, count + 1))]
    return [
        PhotoClass(at, name, ClassOrigin.PERSON, at - 1, PALETTE[(at - 1) % len(PALETTE)])
        for at, name in enumerate(names[:count], 1)
    ]


@pytest.fixture
def sides(qtbot: QtBot) -> ClassList:
    made = ClassList()
    qtbot.addWidget(made)
    made.resize(260, 640)
    made.show_classes(some(5), COUNTS)
    made.show()
    qtbot.waitExposed(made)
    return made


def place(sides: ClassList, key: int, part: float = 0.5) -> QPoint:
    """A point of a row, `part` of its height from its top."""
    view = view_of(sides, key)
    box = view.visualRect(view.rows.index(view.rows.row_of(key)))
    return QPoint(box.center().x(), round(box.top() + part * box.height()))


def listed(sides: ClassList) -> list[str]:
    return [row.text for row in sides.classes.rows.rows if row.key != NEW_CLASS]


def press(key: Qt.Key) -> None:
    """Press a key wherever the keyboard is."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key)


# -- another name


def test_a_double_click_edits_the_name_in_its_row_enter_saves_and_esc_leaves(sides: ClassList) -> None:
    renamed: list[tuple[int, str]] = []
    sides.renamed.connect(lambda key, name: renamed.append((key, name)))
    editor, view = sides.editor, sides.classes.viewport()
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=place(sides, 1))
    assert editor.field.selectedText() == "daisy"
    assert editor.geometry().contains(view.mapTo(sides, place(sides, 1)))
    QTest.keyClicks(editor.field, "ox-eye")
    press(Qt.Key.Key_Escape)
    assert not editor.isVisible()
    assert sides.classes.hasFocus()
    sides.rename(1)
    QTest.keyClicks(editor.field, "Daisy")  # its own name in other letters is free
    assert editor.message.text == ""
    press(Qt.Key.Key_Return)
    assert renamed == [(1, "Daisy")]
    QTest.keyClicks(editor.field, "x")  # the library is asked first
    assert editor.field.text() == "Daisy"
    sides.end_renaming()
    assert not editor.isVisible()
    sides.rename(1)
    press(Qt.Key.Key_Return)  # the same name
    assert (renamed, editor.isVisible()) == ([(1, "Daisy")], False)


def test_a_taken_name_says_so_and_offers_to_merge(sides: ClassList, qtbot: QtBot) -> None:
    merged: list[tuple[int, int]] = []
    sides.merged.connect(lambda key, into: merged.append((key, into)))
    sides.rename(1)
    editor = sides.editor
    assert editor.field.accessibleName() == "New name of “daisy”"
    QTest.keyClicks(editor.field, "ROSES & thorns")
    assert editor.message.text == "There is already a class named “roses & thorns”."
    assert editor.merge_button.accessibleName() == "Merge with “roses & thorns”"
    press(Qt.Key.Key_Return)  # goes on to the button, merges nothing
    assert merged == []
    assert QApplication.focusWidget() is editor.merge_button
    press(Qt.Key.Key_Return)
    assert merged == [(1, 2)]
    assert editor.isVisible()  # the person may still say no
    assert editor.field.text() == "ROSES & thorns"
    sides.show_classes(some(5)[1:], COUNTS)  # merged
    assert not editor.isVisible()


def test_a_name_that_cannot_be_used_stays_with_the_reason_to_be_mended(sides: ClassList) -> None:
    renamed: list[str] = []
    sides.renamed.connect(lambda _key, name: renamed.append(name))
    sides.rename(3)
    editor = sides.editor
    editor.field.setText("tu\u2028lips")
    press(Qt.Key.Key_Return)
    sides.refuse_name(ClassRefused("The class name cannot be used", "it holds characters that cannot be displayed"))
    assert "cannot be displayed" in editor.message.text
    sides.show_classes(some(5), ClassCounts({3: 1}))  # counts change while one types
    assert editor.field.text() == "tu\u2028lips"
    sides.pseudo_classes.setFocus()  # nor is it lost when the person goes elsewhere
    assert editor.isVisible()
    editor.field.setFocus()
    QTest.keyClick(editor.field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(editor.field, "tea/hybrid")
    assert editor.message.text == "A sort puts the class “tea/hybrid” into the folder “tea_hybrid”."
    sides.pseudo_classes.setFocus()  # a good name is taken over
    assert renamed[-1] == "tea/hybrid"


def test_what_is_said_of_a_name_in_the_last_row_is_inside_the_window(sides: ClassList) -> None:
    sides.show_classes(some(30), COUNTS)
    sides.rename(30)
    QTest.keyClicks(sides.editor.field, "daisy")
    assert sides.editor.message.isVisible()
    assert sides.rect().contains(sides.editor.geometry())
    sides.classes.verticalScrollBar().setValue(sides.classes.verticalScrollBar().value() - 10)
    assert sides.rect().contains(sides.editor.geometry())


# -- drops of a class


def dragged(sides: ClassList, mime: QMimeData, at: QPoint) -> QDropEvent:
    view, left, plain = sides.classes.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for kind in (QDragEnterEvent, QDragMoveEvent):
        QApplication.sendEvent(view, kind(at, Qt.DropAction.MoveAction, mime, left, plain))
    return QDropEvent(QPointF(at), Qt.DropAction.MoveAction, mime, left, plain)


def test_a_class_dropped_on_a_class_merges_and_between_two_it_moves(sides: ClassList) -> None:
    view, done = sides.classes, list[tuple[str, int, int]]()
    sides.moved.connect(lambda key, before: done.append(("moved", key, before)))
    sides.merged.connect(lambda key, into: done.append(("merged", key, into)))
    mime = view.rows.row_mime(0)
    between = _picture(view)
    drop = dragged(sides, mime, place(sides, 3))
    assert (view.drop_row, view.drop_line, view.merging) == (2, -1, True)
    on = _picture(view)
    QApplication.sendEvent(view.viewport(), drop)
    for part, line in ((0.1, 2), (0.9, 3)):
        drop = dragged(sides, mime, place(sides, 3, part))
        assert (view.drop_row, view.drop_line) == (-1, line)
        assert _picture(view) != on
        assert _picture(view) != between
        QApplication.sendEvent(view.viewport(), drop)
    QApplication.sendEvent(view.viewport(), dragged(sides, mime, place(sides, 1)))  # on itself: a click
    QApplication.sendEvent(view.viewport(), dragged(sides, mime, place(sides, NEW_CLASS)))
    assert done == [("merged", 1, 3), ("moved", 1, 2), ("moved", 1, 3), ("moved", 1, 5)]
    assert not view.merging
    assert view.drop_row == -1


def _picture(view: SidebarView) -> QImage:
    return view.viewport().grab().toImage()


def test_a_class_goes_before_the_right_one_where_only_some_are_shown(sides: ClassList) -> None:
    moves: list[tuple[int, int]] = []
    sides.moved.connect(lambda key, before: moves.append((key, before)))
    sides.show_classes(some(12), COUNTS)
    sides.search.setText("bl")  # Gänseblümchen and bluebell, classes 4 and 5
    mime = sides.classes.rows.row_mime(0)
    QApplication.sendEvent(sides.classes.viewport(), dragged(sides, mime, place(sides, 5, 0.9)))
    assert moves == [(4, 5)]  # behind bluebell, not at the end


# -- search


def test_ten_classes_can_be_searched_as_one_types(sides: ClassList) -> None:
    selected: list[int] = []
    sides.chosen.connect(selected.append)
    sides.show_classes(some(SEARCH_FROM - 1), COUNTS)
    assert not sides.search.isVisible()
    sides.show_classes(some(SEARCH_FROM), COUNTS)
    assert sides.search.isVisible()
    sides.search.setFocus()
    QTest.keyClicks(sides.search, "GANSEB")
    assert listed(sides) == ["Gänseblümchen"]
    assert sides.classes.rows.rows[0].digit == "4"  # its key is the same
    press(Qt.Key.Key_Return)
    assert selected == [4]
    assert sides.classes.hasFocus()
    sides.search.setFocus()
    press(Qt.Key.Key_Escape)
    assert len(listed(sides)) == SEARCH_FROM
    QTest.keyClicks(sides.search, "xyz")
    press(Qt.Key.Key_Return)  # there is none
    assert selected == [4]
    sides.rename(1)  # is shown again for that
    assert sides.editor.isVisible()
    assert len(listed(sides)) == SEARCH_FROM
    QTest.keyClicks(sides.search, "blue")
    sides.show_classes(some(5), COUNTS)  # without the field nothing may be left out
    assert len(listed(sides)) == 5


# -- counts, bars, swatches


def test_counts_and_bars(sides: ClassList) -> None:
    first, second, third, *_ = sides.classes.rows.rows
    assert (first.counts, first.progress, first.digit) == ("12 / 48", 1.0, "1")
    assert (second.counts, second.progress) == ("0 / 5", 0.3)
    assert (third.counts, third.progress) == ("0", 0.0)
    assert sides.not_mine.rows.rows[0].counts == "6"
    index = sides.classes.rows.index(0)
    said = sides.classes.rows.data(index, Qt.ItemDataRole.AccessibleTextRole)
    assert said == "daisy, 48 photos, 12 of them confirmed, key 1"
    tip = sides.classes.rows.data(index, Qt.ItemDataRole.ToolTipRole)
    assert tip == "daisy\n48 photos, 12 of them confirmed\n10 confirmed in all: enough to start with"
    tip = sides.classes.rows.data(sides.classes.rows.index(1), Qt.ItemDataRole.ToolTipRole)
    assert tip.endswith("3 confirmed in all. Needs about 10")


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_the_bar_is_bright_below_enough_and_quiet_from_there(sides: ClassList, ground: str) -> None:
    with shown_on(light() if ground == "light" else dark()):
        highlight = sides.classes.palette().color(QPalette.ColorRole.Highlight).rgb()
        for labels, bright in ((0, False), (NEEDED_LABELS // 2, True), (NEEDED_LABELS, False)):
            sides.show_classes(some(1), ClassCounts({1: 5}, {}, {1: labels}))
            sides.set_current(None)
            image = _picture(sides.classes)
            box = sides.classes.visualRect(sides.classes.rows.index(0))
            across = [image.pixelColor(x, box.bottom() - 3).rgb() == highlight for x in range(image.width())]
            assert any(across) == bright
            if bright:
                assert 0.3 < sum(across) / len(across) < 0.55  # a half of the room beside swatch and key


def test_colours_that_repeat_have_initials(sides: ClassList) -> None:
    sides.show_classes(some(len(PALETTE)), COUNTS)
    assert {row.initials for row in sides.classes.rows.rows} == {""}
    sides.show_classes(some(len(PALETTE) + 1), COUNTS)
    assert [row.text for row in sides.classes.rows.rows if row.initials] == ["daisy", f"class {len(PALETTE) + 1}"]
    assert [initials(name) for name in ("roses & thorns", "tulips", "x", " ß")] == ["RT", "TU", "X", "SS"]


# -- the parts of the sidebar


def test_all_classes_show_their_confirmed_photos_or_none_does(sides: ClassList) -> None:
    view, many = sides.classes, dict.fromkeys(range(1, 6), 1234)
    counts = ClassCounts(many, many, many)
    sides.show_classes(some(5), counts)
    delegate, metrics = view.itemDelegate(), view.fontMetrics()
    assert isinstance(delegate, SidebarDelegate)
    numbers = metrics.horizontalAdvance(view.rows.rows[0].counts)
    assert view.rows.rows[0].counts.count("234") == 2
    for room_px, has_room in ((numbers + 200, True), (numbers + 12, False)):
        assert (delegate._form_in(metrics, room_px + KEY_PX) is Form.ALL) is has_room
    short = [PhotoClass(1, "a", ClassOrigin.PERSON, 0, "#e69f00")]
    sides.show_classes(short, counts)
    assert delegate._form_in(metrics, numbers + 20 + KEY_PX) is Form.ALL
    both = [*short, PhotoClass(2, "long enough", ClassOrigin.PERSON, 1, "#009e73")]
    sides.show_classes(both, counts)
    form = delegate._form_in(metrics, numbers + 20 + KEY_PX)
    assert form is not Form.ALL, "the short name has no other numbers than the long one"


@pytest.mark.parametrize("name", ["dandelion", "sunflowers"])
def test_a_usual_name_is_whole_beside_both_numbers(sides: ClassList, name: str) -> None:
    view, delegate = sides.classes, sides.classes.itemDelegate()
    assert isinstance(delegate, SidebarDelegate)
    counts = ClassCounts({1: 48}, {1: 6}, {1: 6})
    sides.show_classes([PhotoClass(1, name, ClassOrigin.PERSON, 0, "#e69f00")], counts)
    metrics = view.fontMetrics()
    room_px = metrics.horizontalAdvance(view.rows.rows[0].counts) + 8 + metrics.horizontalAdvance(name)
    assert delegate._form_in(metrics, room_px + KEY_PX) is Form.ALL
    assert delegate._form_in(metrics, room_px + KEY_PX - 1) is Form.NO_CONFIRMED


def test_the_name_comes_before_key_and_number_where_letters_are_large(sides: ClassList) -> None:
    view, delegate = sides.classes, sides.classes.itemDelegate()
    assert isinstance(delegate, SidebarDelegate)
    sides.show_classes([PhotoClass(1, "dandelion", ClassOrigin.PERSON, 0, "#e69f00")], ClassCounts({1: 48}, {1: 6}))
    width = view.fontMetrics().horizontalAdvance
    beside_number = width("dandelion") + 8 + width("48")
    assert delegate._form_in(view.fontMetrics(), beside_number + KEY_PX) is Form.NO_CONFIRMED
    assert delegate._form_in(view.fontMetrics(), beside_number) is Form.NO_KEY
    assert delegate._form_in(view.fontMetrics(), width("dandelion") // 2) is Form.NAME_ONLY


def test_what_is_to_do_is_shown_where_it_has_a_count(sides: ClassList) -> None:
    selected: list[int] = []
    sides.chosen.connect(selected.append)
    unreadable = ClassCounts({int(PseudoClass.UNREADABLE): 3})
    sides.show_classes(some(2), unreadable)
    assert not sides.to_do.isVisible()
    assert view_of(sides, PseudoClass.UNREADABLE) is sides.pseudo_classes
    sides.show_to_do(12, 41)
    assert [(row.text, row.counts) for row in sides.to_do.rows.rows] == [
        ("Name", "12"),
        ("Check", "41"),
        ("Unreadable", "3"),
    ]
    assert sides.pseudo_classes.rows.row_of(PseudoClass.UNREADABLE) == -1  # not twice
    for key in (TO_NAME, TO_CHECK, int(PseudoClass.UNREADABLE)):
        QTest.mouseClick(sides.to_do.viewport(), Qt.MouseButton.LeftButton, pos=place(sides, key))
        assert sides.current == key
    assert selected == [TO_NAME, TO_CHECK, PseudoClass.UNREADABLE]
    sides.show_to_do(None, 0)
    assert [row.text for row in sides.to_do.rows.rows] == ["Check", "Unreadable"]
    sides.show_classes(some(2), ClassCounts())
    assert [row.text for row in sides.to_do.rows.rows] == ["Check"]
    sides.show_to_do(None, None)
    assert not sides.to_do.isVisible()
    assert {row.key for row in sides.pseudo_classes.rows.rows} == {
        PseudoClass.ALL, PseudoClass.UNSURE, PseudoClass.UNKNOWN, PseudoClass.UNREADABLE,
    }  # fmt: skip


def test_the_arrow_keys_go_through_the_whole_sidebar(sides: ClassList) -> None:
    selected: list[int] = []
    asked: list[bool] = []
    sides.chosen.connect(selected.append)
    sides.new_requested.connect(lambda: asked.append(True))
    sides.show_classes(some(2), COUNTS)
    sides.show_to_do(1, None)
    sides.to_do.setFocus()
    sides.set_current(TO_NAME)
    for _ in range(3):
        press(Qt.Key.Key_Down)
    assert asked == []  # “New class…” waits for Enter
    press(Qt.Key.Key_Return)
    assert asked == [True]
    for _ in range(6):
        press(Qt.Key.Key_Down)
    assert selected == [1, 2, PseudoClass.NOT_MINE, PseudoClass.ALL, PseudoClass.UNSURE, PseudoClass.UNKNOWN,
                      PseudoClass.UNREADABLE]  # fmt: skip
    press(Qt.Key.Key_Down)
    assert len(selected) == 7
    for _ in range(7):
        press(Qt.Key.Key_Up)
    assert selected[-1] == TO_NAME
    assert sides.to_do.hasFocus()


def test_a_right_click_selects_nothing_and_the_menu_key_is_for_the_selected_row(sides: ClassList) -> None:
    asked: list[int] = []
    sides.classes.menu_requested.disconnect()
    sides.classes.menu_requested.connect(lambda key, _at: asked.append(key))
    sides.set_current(2)
    view = sides.classes.viewport()
    QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=place(sides, 3))
    at = place(sides, 3)
    mouse = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.mapToGlobal(at))
    QApplication.sendEvent(view, mouse)
    assert sides.classes.currentIndex().row() == 1
    QApplication.sendEvent(view, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(0, 0), QPoint(0, 0)))
    assert asked == [3, 2]


def test_the_model_keeps_the_promises_of_a_model(sides: ClassList, qtbot: QtBot) -> None:
    del qtbot
    models: list[QAbstractItemModel] = [view.rows for view in (sides.to_do, sides.classes, sides.pseudo_classes)]
    testers = [QAbstractItemModelTester(each, QAbstractItemModelTester.FailureReportingMode.Fatal) for each in models]
    for count in (0, 3, 12, 12, 40, 1):
        sides.show_classes(some(count), ClassCounts({1: count}, {1: 1}, {1: count}))
        sides.show_to_do(count or None, 2)
        sides.search.setText("1" if count > 10 else "")
    for tester in testers:
        tester.deleteLater()
