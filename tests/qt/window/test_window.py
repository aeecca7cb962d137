"""The window's parts together: keys, undo, piles, drops, errors, what it remembers, and its end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.photo_class import NEEDED_LABELS
from flowersorter.errors import CollectionDamaged
from flowersorter.jobs import Progress
from flowersorter.library.collection import CollectionStore
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.grid.photo_filter import Order
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.ui.shared.status_bar import StatusBar
from flowersorter.ui.shared.time_left import TimeLeft, in_words
from tests.qt.dialogs import when_open
from tests.qt.program import class_named, draw_folder, idle, places, running, show_stored, stored, tile


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """A program with a folder of 19 files open and classes red, green and blue under the keys 1, 2 and 3."""
    folder = draw_folder(tmp_path / "photos")
    with CollectionStore.open(tmp_path / "collection") as collection:
        for name in ("red", "green", "blue"):
            collection.classes.add(name)
    with running(tmp_path / "collection", qtbot, folder) as made:
        idle(made, qtbot)
        yield made


def labelled(program: Program) -> dict[str, str]:
    """Class name by file name, from the library itself."""
    names = {each.id: each.name for each in stored(program).classes.all()}
    labels = stored(program).labels.all()
    columns = program.photos.columns
    ids = columns.photo_ids.tolist()
    return {
        path.name: names[labels[photo_id].class_id]
        for path, photo_id in zip(columns.paths, ids, strict=True)
        if photo_id in labels
    }


def click(program: Program, place_id: int) -> None:
    QTest.mouseClick(program.window.grid.viewport(), Qt.MouseButton.LeftButton, pos=tile(program, place_id))


def test_a_digit_assigns_and_goes_on_and_ctrl_z_takes_it_back(program: Program, qtbot: QtBot) -> None:
    section = program.photos.sections[0]
    first, second, _ = program.photos.front_places_at(slice(section.first, section.first + 3)).tolist()
    names = [program.photos.index(row).data() for row in range(3)]
    program.window.activateWindow()
    click(program, first)
    QTest.keyClick(program.window.grid, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: len(labelled(program)) == 1)
    assert program.window.grid.selected_places() == [second]
    QTest.keyClick(program.window.grid, Qt.Key.Key_3)
    qtbot.waitUntil(lambda: len(labelled(program)) == 2)
    assert set(labelled(program).values()) == {"green", "blue"}
    assert set(labelled(program)) <= set(names)
    QTest.keyClick(program.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert list(labelled(program).values()) == ["green"]
    QTest.keyClick(program.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert labelled(program) == {}
    QTest.keyClick(
        program.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert list(labelled(program).values()) == ["green"]


def test_what_needs_a_label_is_grey_and_says_so_until_there_is_one(program: Program, qtbot: QtBot) -> None:
    grey = [program.window.actions_by_name[name] for name in ("retrain", "deep_train", "evaluate", "check_labels")]
    assert [each.isEnabled() for each in grey] == [False] * 4
    assert all(each.toolTip().startswith("Confirm some photos first") for each in grey)
    program.window.labels.assign(places(program, "red")[:1], program.window.classes.classes[0].id)
    idle(program, qtbot)
    assert [each.isEnabled() for each in grey] == [True] * 4
    assert grey[2].toolTip().startswith("Measure how often the suggestions are right")
    program.session.undo_stack.undo()
    idle(program, qtbot)
    assert [each.isEnabled() for each in grey] == [False] * 4


def test_enter_confirms_guesses_but_nothing_that_is_new(program: Program) -> None:
    wanted = places(program, "red")[:4]
    columns = program.photos.columns
    rows = columns.locate(wanted)
    columns.class_ids[rows] = stored(program).classes.all()[0].id
    columns.verdicts[rows] = (1, 2, 3, 4)
    program.window.grid.select_places(wanted)
    QTest.keyClick(program.window.grid, Qt.Key.Key_Return)
    assert len(labelled(program)) == 3
    program.window.grid.select_places(wanted[3:])
    QTest.keyClick(program.window.grid, Qt.Key.Key_Return)
    assert len(labelled(program)) == 3
    assert "No suggestion" in program.window.job_bar.message.text()


def test_a_label_can_be_taken_back(program: Program) -> None:
    wanted = places(program, "red")
    program.window.labels.assign(wanted, stored(program).classes.all()[0].id)
    program.window.grid.select_places(wanted)
    QTest.keyClick(program.window.grid, Qt.Key.Key_Backspace)
    assert labelled(program) == {}


def test_a_correction_that_cannot_be_saved_says_so_and_leaves_no_trace(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(stored(program).labels, "assign_many", full)
    program.window.labels.assign(places(program, "red"), stored(program).classes.all()[0].id)
    stored(program)
    box = program.window.findChild(ErrorDialog)
    assert isinstance(box, ErrorDialog)
    assert not program.session.undo_stack.canUndo()
    assert not program.photos.columns.by_person.any()
    box.close()


def test_a_disk_that_fails_during_undo_keeps_the_label_shown(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program.window.labels.assign(places(program, "red"), stored(program).classes.all()[0].id)
    before = labelled(program)

    def gone(*_args: object) -> None:
        raise CollectionDamaged("The library cannot be written", "the disk is gone")

    monkeypatch.setattr(stored(program).labels, "restore", gone)
    program.session.undo_stack.undo()
    assert labelled(program) == before
    assert int(program.photos.columns.by_person.sum()) == len(before)
    box = program.window.findChild(ErrorDialog)
    assert isinstance(box, ErrorDialog)
    box.close()


def test_piles_show_their_photos_and_their_numbers_agree(program: Program) -> None:
    window = program.window
    counts = program.photos.columns.counts()
    for pile in (PseudoClass.UNREADABLE, PseudoClass.UNSURE, PseudoClass.UNKNOWN, PseudoClass.ALL):
        window.filter.show(int(pile))
        assert program.photos.rowCount() == counts.get(int(pile), 0)
    window.filter.show_unreadable()
    assert window.header.title.text() == "Unreadable"
    QTest.mouseClick(window.header.back, Qt.MouseButton.LeftButton)
    assert program.photos.rowCount() == 19


def test_an_empty_pile_says_why_it_is_empty(program: Program) -> None:
    window = program.window
    made = stored(program).classes.add("nothing of this")
    show_stored(program)
    window.filter.show(made.id)
    assert "Drag some onto this class" in window.filter._notice(program.photos.filter)


def test_exactly_these_photos_and_back(program: Program) -> None:
    window = program.window
    window.filter.show_places([*places(program, "blue"), 99_999], "Changed suggestions")
    assert window.header.title.text() == "Changed suggestions"
    assert program.photos.rowCount() == 6
    assert window.job_bar.message.text() == "In other folders: 1."
    window.filter.show_all()
    assert program.photos.rowCount() == 19


def test_hiding_checked_photos_and_the_least_sure_first(program: Program) -> None:
    window = program.window
    window.labels.assign(places(program, "red"), stored(program).classes.all()[0].id)
    window.actions_by_name["hide_confirmed"].trigger()
    assert program.photos.rowCount() == 13
    window.actions_by_name["hide_confirmed"].trigger()
    box = window.header.order
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(Order.LEAST_SURE))
    box.activated.emit(box.currentIndex())
    assert program.photos.filter.order is Order.LEAST_SURE


def test_a_folder_that_is_gone_is_said_clearly(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    program.window.open_folder(tmp_path / "nowhere")
    idle(program, qtbot)
    box = program.window.findChild(ErrorDialog)
    assert isinstance(box, ErrorDialog)
    assert "nowhere" in " ".join(box.said)
    box.close()


def test_the_inspector_shows_what_is_known(program: Program, qtbot: QtBot) -> None:
    inspector = program.window.inspector
    click(program, places(program, "red")[0])
    qtbot.waitUntil(lambda: inspector.facts.pixels.text() != "")
    assert inspector.facts.name.text().replace("\u200b", "") == "IMG_000_red.jpg"
    assert inspector.facts.pixels.text().startswith("96 × 72")
    assert inspector.predictions.isVisible()
    click(program, places(program, "broken")[0])
    qtbot.waitUntil(lambda: inspector.headline.text() == "Unreadable")
    assert "restore it from a backup" in inspector.verdict.text(), "what is wrong, and what to do"
    program.window.grid.selectAll()
    qtbot.waitUntil(lambda: inspector.headline.text() == "19 photos selected")


def test_a_window_made_narrower_takes_from_the_photos_not_from_the_sides(program: Program) -> None:
    """The line above the grid asks only for the room it needs once it is narrow."""
    splitter, header = program.window.splitter, program.window.header
    left, _, right = splitter.sizes()
    program.window.resize(1000, 700)
    QApplication.processEvents()
    assert (splitter.sizes()[0], splitter.sizes()[2]) == (left, right)
    program.window.resize(720, 700)
    QApplication.processEvents()
    shown = [each for each in header.findChildren(QWidget) if each.isVisible() and each.parent() is header]
    assert all(header.rect().contains(each.geometry()) for each in shown)
    assert header.title.width() >= header.title.minimumWidth()


def test_the_inspector_never_fights_with_its_scroll_bar(program: Program, qtbot: QtBot) -> None:
    """A photo that grows with the width once gave and took the scroll bar until the stack was full."""
    inspector = program.window.inspector
    click(program, places(program, "red")[0])
    qtbot.waitUntil(inspector.predictions.isVisible)
    program.window.resize(1000, 477)
    idle(program, qtbot)
    seen = []
    for height in range(480, 760, 3):
        program.window.resize(1000, height)
        QApplication.processEvents()
        seen.append(inspector.photo.height())
    assert len(set(seen)) == 1


def test_a_click_on_a_guess_says_that_it_is_right(program: Program, qtbot: QtBot) -> None:
    inspector = program.window.inspector
    click(program, places(program, "red")[0])
    qtbot.waitUntil(inspector.predictions.isVisible)
    QTest.mouseClick(inspector.predictions, Qt.MouseButton.LeftButton, pos=inspector.predictions.rect().topLeft() * 1)
    qtbot.waitUntil(lambda: len(labelled(program)) == 1)


def test_a_new_class_is_asked_for_and_gets_the_selected_photos(program: Program) -> None:
    wanted = places(program, "blue")[:2]
    program.window.grid.select_places(wanted)

    def answer() -> None:
        field = program.window.findChild(QLineEdit, "name_field")
        assert isinstance(field, QLineEdit)
        QTest.keyClicks(field, "indigo")
        button = program.window.findChild(QAbstractButton, "name_ok_button")
        assert isinstance(button, QAbstractButton)
        button.click()

    when_open(answer)
    program.window.actions_by_name["new_class"].trigger()
    assert set(labelled(program).values()) == {"indigo"}
    assert [row.text for row in program.window.class_list.classes.rows.rows][-2] == "indigo"


def test_deleting_a_class_after_asking_frees_its_photos(program: Program, qtbot: QtBot) -> None:
    red = stored(program).classes.all()[0]
    program.window.labels.assign(places(program, "red"), red.id)
    program.window.filter.show(red.id)

    def answer() -> None:
        button = program.window.findChild(QAbstractButton, "delete_class_button")
        assert isinstance(button, QAbstractButton)
        button.click()

    when_open(answer)
    program.window.classes.delete(red.id)
    idle(program, qtbot)
    assert labelled(program) == {}
    assert program.photos.filter.class_key == PseudoClass.ALL
    assert "Delete “red”" in program.window.actions_by_name["undo"].text()


def test_retrain_says_why_it_cannot(program: Program, qtbot: QtBot) -> None:
    retrain = program.window.actions_by_name["retrain"]
    assert not retrain.isEnabled()
    assert "Confirm some photos first" in retrain.toolTip()
    program.window.labels.assign(places(program, "red"), stored(program).classes.all()[0].id)
    qtbot.waitUntil(retrain.isEnabled)
    assert "Learn from your confirmed photos" in retrain.toolTip()


def test_every_action_and_main_part_has_a_name_a_key_and_a_voice(program: Program) -> None:
    window = program.window
    for action in window.actions_by_name.all():
        assert action.objectName()
        assert action.shortcuts(), action.objectName()
        assert action.toolTip()
    keys = [key.toString() for action in window.actions_by_name.all() for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    parts: list[QWidget] = [
        window.grid,
        window.class_list.classes,
        window.class_list.pseudo_classes,
        window.inspector,
        window.job_bar,
    ]
    parts += [window.header.order, window.header.zoom, window.splitter, window.empty.button, window.job_bar.cancel]
    for part in parts:
        assert part.objectName()
        assert part.accessibleName()


def test_the_window_looks_as_it_did(tmp_path: Path, qtbot: QtBot) -> None:
    folder = draw_folder(tmp_path / "photos", 1)
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        program.window.resize(760, 620)
        program.window.grid.set_tile_size(240)
        program.window.filter.order_by(Order.LEAST_SURE)
        program.window.actions_by_name["inspector"].setChecked(False)
    with running(tmp_path / "collection", qtbot) as program:
        assert program.window.size().width() == 760
        assert program.window.grid.tile_size == 240
        assert program.window.header.zoom.value() == 240
        assert program.photos.filter.order is Order.LEAST_SURE
        assert not program.window.inspector.isVisible()
        assert program.window.folder.roots == (folder,)
        idle(program, qtbot)
        assert program.photos.rowCount() == 4


def test_the_window_stays_usable_while_a_job_runs_and_cancel_stops_it(program: Program, qtbot: QtBot) -> None:
    gate = threading.Event()

    def work(report: object, cancel: object) -> None:
        report(Progress("Working", 1, 10))  # type: ignore[operator]
        while not gate.wait(0.002):
            cancel.check()  # type: ignore[attr-defined]

    program.queue.submit("Work", work)
    bar = program.window.job_bar
    qtbot.waitUntil(lambda: bar.busy and bar.bar.maximum() == 10)
    assert bar.title.text() == "Working: 1 of 10"
    click(program, places(program, "red")[0])
    assert len(program.window.grid.selected_places()) == 1
    QTest.mouseClick(bar.cancel, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    assert not bar.busy
    gate.set()


def test_a_thumbnail_that_cannot_be_made_becomes_a_marked_tile(program: Program, qtbot: QtBot) -> None:
    place = places(program, "red")[0]
    program.photos.mark_unreadable([(place, "the card is worn out")])
    row = program.photos.rows_of([place])[0]
    assert program.photos.columns.errors[0] or program.photos.index(row).data() is not None
    image = program.window.grid.grab().toImage()
    assert isinstance(image, QImage)
    assert not image.isNull()
    inspector = program.window.inspector
    click(program, place)
    said = "Its picture cannot be shown now: the card is worn out. Its class or suggestion stays."
    qtbot.waitUntil(lambda: inspector.verdict.text().startswith(said))
    assert inspector.headline.text() == "Unreadable"
    assert inspector.predictions.isVisible(), "its suggestion stays"


def test_the_bar_of_a_class_shows_its_labels_after_each_answer_and_undo(program: Program, qtbot: QtBot) -> None:
    window, red = program.window, class_named(program, "red")

    def progress() -> float | None:
        rows = window.class_list.classes.rows
        return rows.rows[rows.row_of(red)].progress

    idle(program, qtbot)
    assert progress() == 0
    window.labels.assign(places(program, "red")[:3], red)
    idle(program, qtbot)
    assert progress() == 3 / NEEDED_LABELS
    program.session.undo_stack.undo()
    idle(program, qtbot)
    assert progress() == 0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_time_left_is_said_when_it_is_known_and_starts_afresh_with_a_new_stage() -> None:
    clock = Clock()
    left = TimeLeft(clock)
    said = []
    for second in range(10):
        clock.now = float(second)
        said.append(left.words(Progress("Suggesting classes", second * 10, 1000)))
    assert said[:2] == ["", ""]
    assert said[-1] == "about 2 minutes left"
    assert left.words(Progress("Learning", 0)) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "a few seconds left"),
        (22, "about 20 seconds left"),
        (55, "about a minute left"),
        (200, "about 3 minutes left"),
        (4000, "about an hour left"),
        (9000, "about 2 hours left"),
    ],
)
def test_time_left_in_plain_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_a_message_offers_at_most_two_deeds(qtbot: QtBot) -> None:
    bar, done = StatusBar(), []
    qtbot.addWidget(bar)
    bar.show()
    bar.say("Filed.", ("Open folder", lambda: done.append("open")), ("Undo", lambda: done.append("undo")))
    for link in bar.links:
        QTest.mouseClick(link, Qt.MouseButton.LeftButton)
    assert done == ["open", "undo"]
    bar.say("Nothing more.")
    assert not any(link.isVisible() for link in bar.links)
