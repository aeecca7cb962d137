"""The large view in the window, with real keys, clicks and wheels; a few stories, as each starts a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import UserError
from flowersorter.messages import text
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.grid.sections import Grouping
from flowersorter.ui.large_view import large_view_controller
from flowersorter.ui.large_view.header import ElidedLabel
from flowersorter.ui.large_view.large_view import LargeView
from flowersorter.ui.large_view.large_view_controller import LargeViewController
from flowersorter.ui.large_view.photo_canvas import PhotoCanvas
from flowersorter.ui.large_view.zoom import FITTED
from flowersorter.workers.thumbnail_loader import large_image
from tests.drawing import textured, write_jpeg
from tests.qt.keyboard import press_letter
from tests.qt.program import COLOURS, class_named, idle, places, running, suggest

WIDTH_PX, HEIGHT_PX = 240, 180


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """A folder of 6 photos and, as the first file, an unreadable one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(2):
        for name, colour in COLOURS.items():
            write_jpeg(
                folder / f"{number}_{name}.jpg", textured((WIDTH_PX, HEIGHT_PX), colour, 10 * number + len(name))
            )
    (folder / "0_a_broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no photo")
    with running(tmp_path / "collection", qtbot, folder) as made:
        idle(made, qtbot)
        made.photos.set_filter(replace(made.photos.filter, grouping=Grouping.NONE))
        yield made


def large(program: Program) -> LargeViewController:
    return program.window.large


def press(program: Program, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key where the focus is."""
    QTest.keyClick(QApplication.focusWidget() or program.window, key, modifier)


def open_at(program: Program, qtbot: QtBot, *place_ids: int, key: Qt.Key = Qt.Key.Key_Space) -> LargeView:
    program.window.grid.select_places(place_ids)
    program.window.grid.setFocus()
    press(program, key)
    qtbot.waitUntil(lambda: large(program).is_open)
    return large(program).view


def order(program: Program) -> list[int]:
    return [program.photos.wanted(row).place_id for row in range(program.photos.rowCount())]


def shown(program: Program) -> int:
    wanted = large(program).first.wanted
    assert wanted is not None
    return wanted.place_id


def wheel(canvas: PhotoCanvas, at: QPointF, angle: int) -> None:
    """Turn the wheel over a point."""
    no_button, no_key, phase = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, canvas.mapToGlobal(at), QPoint(), QPoint(0, angle), no_button, no_key, phase, False)
    QApplication.sendEvent(canvas, event)


def pinch(canvas: PhotoCanvas, at: QPointF, value: float) -> None:
    """Spread two fingers on a touchpad."""
    device, kind = QPointingDevice.primaryPointingDevice(), Qt.NativeGestureType.ZoomNativeGesture
    event = QNativeGestureEvent(kind, device, 2, at, at, canvas.mapToGlobal(at), value, QPointF())
    QApplication.sendEvent(canvas, event)


def test_space_opens_keys_label_and_go_on_and_escape_goes_back(program: Program, qtbot: QtBot) -> None:
    grid, columns, photos = program.window.grid, program.photos.columns, order(program)
    one, two = (each.id for each in program.window.classes.classes[:2])
    view = open_at(program, qtbot, photos[0])
    assert not grid.isVisible()
    assert "cannot be shown" in view.canvas.text
    assert view.header.suggestion.whole.startswith("Unreadable")
    press(program, Qt.Key.Key_Right)
    assert not view.canvas.text
    assert "2 of 7" in view.header.number.text()
    press(program, Qt.Key.Key_1)
    assert columns.label_ids[1] == one
    assert shown(program) == photos[2]
    press(program, Qt.Key.Key_Left)
    assert view.chips.buttons[one].isChecked()
    press(program, Qt.Key.Key_0)
    assert columns.label_ids[1] == 0
    press_letter(Qt.Key.Key_N, qtbot)
    press_letter(Qt.Key.Key_K, qtbot)
    assert shown(program) == photos[3]
    QTest.mouseClick(view.chips.buttons[two], Qt.MouseButton.LeftButton)
    assert columns.label_ids[3] == two
    view.header.back.setFocus()  # a key counts while a button has the focus
    press(program, Qt.Key.Key_2)
    assert columns.label_ids[4] == two
    QTest.mouseClick(view.strip, Qt.MouseButton.LeftButton, pos=view.strip.tile(1).center())
    assert shown(program) == photos[1]
    for widget in (view, *view.findChildren(QAbstractButton), view.strip, view.chips, view.canvas):
        assert widget.accessibleName(), widget.objectName()
        assert widget.objectName()
    view.setFocus()
    press(program, Qt.Key.Key_End)
    assert shown(program) == photos[-1]
    press(program, Qt.Key.Key_T)  # any letter without a command begins the name of a class
    assert program.window.selection.typing.box.isVisible()
    press(program, Qt.Key.Key_Escape)
    assert view.hasFocus()
    press(program, Qt.Key.Key_Escape)
    assert grid.isVisible()
    assert grid.hasFocus()
    assert grid.selected_places() == [photos[-1]]
    assert grid.viewport().rect().intersects(grid.visualRect(grid.currentIndex()))
    idle(program, qtbot)


def test_neighbours_are_decoded_ahead_and_the_zoom_stays_under_the_cursor(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[tuple[str, int]] = []

    def note(path: Path, side_px: int) -> QImage:
        decoded.append((path.name, side_px))
        return large_image(path, side_px)

    monkeypatch.setattr("flowersorter.ui.large_view.photo_feed.large_image", note)
    monkeypatch.setattr("flowersorter.ui.large_view.photo_feed.SCREEN_PX", WIDTH_PX // 2)
    names, photos = [Path(name).name for name in program.photos.columns.names], order(program)
    canvas = open_at(program, qtbot, photos[3]).canvas
    picture_bytes = 4 * (WIDTH_PX // 2) * (HEIGHT_PX // 2)
    qtbot.waitUntil(lambda: large(program).screen._bytes == 4 * picture_bytes)
    assert decoded[0][0] == names[3]
    assert {name for name, _ in decoded} == set(names[2:6])
    press(program, Qt.Key.Key_Right)
    assert canvas.sharpness == WIDTH_PX // 2  # at once, without the thumbnail in between
    qtbot.waitUntil(lambda: len(decoded) == 5 and canvas.frame.photo.width() == WIDTH_PX)
    assert decoded[4][0] == names[6]

    fitted, at = canvas.photo_rect(), QPointF(canvas.rect().center()) + QPointF(-10, 8)
    wheel(canvas, at, 480)
    zoomed = canvas.photo_rect()
    assert zoomed.width() == pytest.approx(fitted.width() * 1.25**4)
    assert (at.x() - zoomed.left()) / zoomed.width() == pytest.approx((at.x() - fitted.left()) / fitted.width())
    qtbot.waitUntil(lambda: canvas.sharpness == WIDTH_PX)  # the full size
    assert decoded[5][0] == names[4]
    assert canvas.photo_rect() == zoomed
    pinch(canvas, at, 0.2)
    assert canvas.photo_rect().width() == pytest.approx(zoomed.width() * 1.2)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert canvas.zoom == FITTED
    press(program, Qt.Key.Key_Z)
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Minus):
        press(program, key)
    before, middle = canvas.photo_rect(), canvas.rect().center()
    assert before.width() == pytest.approx(fitted.width() * 2 * 1.25**2)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(canvas, middle + QPoint(25, 10))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(25, 10))
    assert canvas.photo_rect().topLeft() - before.topLeft() == QPointF(25, 10)
    press(program, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert canvas.photo_rect().left() < before.left()
    assert shown(program) == photos[4]
    press(program, Qt.Key.Key_Right)
    assert canvas.zoom == FITTED


def test_two_photos_are_compared_with_one_zoom_and_a_missing_heat_map_is_explained(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    red, green = places(program, "red")[0], places(program, "green")[1]
    suggest(program, program.photos.columns.locate([green]).tolist(), Verdict.LIKELY, class_named(program, "roses"), 0)
    view, second = open_at(program, qtbot, red, green, key=Qt.Key.Key_C), large(program).comparison.feed
    assert view.second.isVisible()
    names = {view.canvas_name.whole, view.second_name.whole}
    assert any(name.endswith(".jpg · roses, likely") for name in names), "a suggestion is not shown as a label"
    assert all(" · " in name for name in names)
    assert {shown(program), second.wanted.place_id if second.wanted else 0} == {red, green}
    assert program.window.grid.selected_places() == [shown(program)]  # a key labels the first one alone
    qtbot.waitUntil(lambda: view.canvas.sharpness == view.second.sharpness == WIDTH_PX)
    wheel(view.second, QPointF(40, 50), 240)
    assert view.canvas.zoom == view.second.zoom != FITTED
    wheel(view.canvas, QPointF(90, 50), 120)
    assert view.canvas.zoom == view.second.zoom
    press_letter(Qt.Key.Key_C, qtbot)
    assert not view.second.isVisible()
    press(program, Qt.Key.Key_Escape)
    program.window.labels.assign([green], class_named(program, "roses"))
    idle(program, qtbot)
    # With one selected: the most similar confirmed one.
    open_at(program, qtbot, places(program, "green")[0], key=Qt.Key.Key_C)
    qtbot.waitUntil(lambda: second.wanted is not None)
    assert second.wanted is not None
    assert second.wanted.place_id == green
    assert view.second_name.whole.endswith(" · roses, confirmed by you")
    press_letter(Qt.Key.Key_H, qtbot)
    qtbot.waitUntil(lambda: "does not show where it looks" in program.window.job_bar.message.text())
    # Another suggestion has another heat map.
    asked, known, roses = list[int](), large(program)._known, class_named(program, "roses")
    monkeypatch.setattr(large(program)._heat, "show", lambda _photo, class_id, _name: asked.append(class_id))
    assert known is not None
    large(program)._on_details(shown(program), known)
    large(program)._on_details(shown(program), replace(known, top=((roses, 0.9),)))
    assert asked == [roses]

    def refuse(*_: object) -> None:
        raise UserError(text("The collection cannot be read"), text("the drive is gone"))

    monkeypatch.setattr(large_view_controller, "_details", refuse)
    large(program)._load_details()
    qtbot.waitUntil(lambda: "the drive is gone" in program.window.job_bar.message.text())
    press(program, Qt.Key.Key_Space)
    for name in ("compare", "heat_map"):
        assert not program.window.actions_by_name[name].isChecked()
    idle(program, qtbot)


def test_the_next_photo_comes_where_one_leaves_and_the_grid_where_others_are_shown(
    program: Program, qtbot: QtBot
) -> None:
    window, photos = program.window, order(program)
    open_at(program, qtbot, photos[2])
    program.photos.columns.paths[2].unlink()
    window.folder.rescan()
    idle(program, qtbot)
    assert shown(program) == photos[3]
    press(program, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert not large(program).is_open
    assert len(window.grid.selected_places()) == 6

    ways: tuple[Callable[[], object], ...] = (
        lambda: window.filter.show(int(PseudoClass.UNREADABLE)),
        window.actions_by_name["find"].trigger,
        lambda: window.filter.search("there is none like this"),
    )
    for leave in ways:
        window.filter.show_everything()
        open_at(program, qtbot, photos[0])
        leave()
        assert not large(program).is_open
        assert window.grid.isVisible()
    window.filter.search("")
    window.filter.show_everything()

    program.photos.set_filter(replace(program.photos.filter, grouping=Grouping.CLASS))
    photos = order(program)
    open_at(program, qtbot, photos[0])
    for expected in photos[1:3]:
        press(program, Qt.Key.Key_5)  # it moves to the section of its class, perhaps another one
        assert shown(program) == expected
        assert window.grid.selected_places() == [expected]
    press(program, Qt.Key.Key_Escape)

    program.photos.set_filter(replace(program.photos.filter, grouping=Grouping.LIKENESS))
    open_at(program, qtbot, order(program)[0])
    for _ in range(2):
        before = shown(program)
        press(program, Qt.Key.Key_5)  # all sections change
        assert shown(program) != before
        assert window.grid.selected_places() == [shown(program)]
        assert not program.photos.columns.label_ids[program.photos.columns.locate([shown(program)])].any()
    press(program, Qt.Key.Key_Escape)

    program.photos.set_filter(replace(program.photos.filter, grouping=Grouping.NONE, unchecked=True))
    photos = order(program)
    open_at(program, qtbot, photos[0])
    for expected in photos[1:]:
        press(program, Qt.Key.Key_1)
        assert shown(program) == expected
        assert window.grid.selected_places() == [expected]
    press(program, Qt.Key.Key_1)
    assert not large(program).is_open
    idle(program, qtbot)


def test_a_narrow_caption_keeps_the_class_and_shortens_the_name_of_the_file(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    label = ElidedLabel("caption", window)
    with qtbot.waitExposed(window):
        window.show()
    label.set_text("IMG_20260402_151500_BURST1.jpg · dandelion, not sure")
    whole_px = label.fontMetrics().horizontalAdvance(label.whole)
    label.resize(whole_px + 8, 20)
    assert label.text() == label.whole
    label.resize(whole_px - 60, 20)
    assert label.text().startswith("IMG_")
    assert label.text().endswith(".jpg · dandelion, not sure")
    assert "…" in label.text()
    label.resize(60, 20)
    assert label.fontMetrics().horizontalAdvance(label.text()) <= 60
