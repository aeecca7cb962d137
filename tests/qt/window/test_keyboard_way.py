"""The whole job with the keyboard alone: every key goes to the widget that has the focus, as it does for a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import Verdict
from flowersorter.library.tables.settings import SORT_CHOICES
from flowersorter.sorting.plan import Mode
from flowersorter.ui.evaluation.check_sample_dialog import CheckSampleDialog
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.ui.grid.sections import SectionKind
from flowersorter.ui.review.sections.section_header import SectionHeader
from flowersorter.ui.review.sections.section_headers import GroupHeader
from flowersorter.workflows.filing.sort import Include
from tests.qt.dialogs import when_asked
from tests.qt.keyboard import focused, press, stops, tab_to, takes_tab, type_text
from tests.qt.program import class_named, draw_folder, idle, running, stored, suggest

Key = Qt.Key
CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def header_of(widget: QWidget) -> SectionHeader | None:
    """The header that a widget is in."""
    above: QWidget | None = widget
    while above is not None and not isinstance(above, SectionHeader):
        above = above.parentWidget()
    return above


def in_header(kind: SectionKind, name: str, key: int | None = None) -> Callable[[QWidget], bool]:
    """Whether a widget is the one of this name in the header of such a section, of this class if one is given."""

    def test(widget: QWidget) -> bool:
        header = header_of(widget)
        if widget.objectName() != name or header is None or header.section.kind is not kind:
            return False
        return key is None or header.section.key == (key,)

    return test


def places_of(program: Program, header: SectionHeader) -> list[int]:
    """The photos of a section."""
    section = header.section
    places: list[int] = program.photos.front_places_at(slice(section.first, section.first + section.count)).tolist()
    return places


def is_asked_about(program: Program, places: list[int]) -> bool:
    """Whether there is a group with one of these photos."""
    groups = [each for each in program.photos.sections if each.kind is SectionKind.LOOK_ALIKES]
    rows = program.photos.rows_of(places)
    return any(row in group.rows for group in groups for row in rows)


def colour_of(program: Program, places: list[int]) -> str:
    """The colour of the first of these photos."""
    columns = program.photos.columns
    name: str = columns.names[int(columns.locate(places[:1])[0])]
    return name.rsplit("_", 1)[1].removesuffix(".jpg")


def labels(program: Program) -> dict[str, int]:
    """Number of labels by class name."""
    names = {each.id: each.name for each in stored(program).classes.all()}
    return {names[class_id]: count for class_id, count in stored(program).labels.counts().items()}


def class_at(program: Program, position: int) -> int:
    """The class with the digit key one above this position."""
    return stored(program).classes.all()[position].id


def answer(kind: type[QDialog], keys: Callable[[], None], qtbot: QtBot) -> None:
    """Press keys in the dialog that opens next, once it has the keyboard."""

    def act(dialog: QDialog) -> None:
        qtbot.waitUntil(lambda: focused().window() is dialog)
        keys()

    when_asked(kind, act)


def in_dialog(kind: type[QDialog], qtbot: QtBot) -> None:
    """Wait until a dialog has the keyboard."""
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, kind), f"{dialog}: {getattr(dialog, 'said', '')}"
    qtbot.waitUntil(lambda: focused().window() is dialog)


def type_over(text: str) -> None:
    """Type a text in place of the one that is there, and confirm it."""
    press(Key.Key_A, CTRL)
    type_text(text)
    press(Key.Key_Return)


def test_the_whole_job_with_the_keyboard_alone(tmp_path: Path, qtbot: QtBot) -> None:
    folder, sorted_to = draw_folder(tmp_path / "photos", 9), tmp_path / "sorted"
    with running(tmp_path / "collection", qtbot) as program:
        window = program.window

        # Start: the first stop of Tab that matters opens a folder.
        tab_to("open_folder_button")
        answer(QFileDialog, lambda: type_over(str(folder)), qtbot)
        press(Key.Key_Space)
        idle(program, qtbot)
        assert program.photos.rowCount() == 28

        # Every part that takes the keyboard is a stop of Tab.
        parts = [each for each in window.findChildren(QWidget) if takes_tab(each)]
        assert {each.objectName() for each in parts} <= {each.objectName() for each in stops()}

        # The folder fits none of the classes: name groups.
        tab_to("first_folder_accept")
        press(Key.Key_Space)
        qtbot.waitUntil(lambda: focused().objectName() == "section_name")

        # Leave three photos out of the first group, and name two groups.
        tab_to("photo_grid")
        press(Key.Key_Home)
        for _ in range(2):
            press(Key.Key_Right, SHIFT)
        left_out = window.grid.selected_places()
        assert len(left_out) == 3
        press(Key.Key_O)
        tab_to("section_name")
        while len(labels(program)) < 2:
            header, named = header_of(focused()), labels(program)
            assert isinstance(header, GroupHeader)
            places = places_of(program, header)
            if set(places) <= set(left_out):  # they are asked about anew
                tab_to("section_skip")
                press(Key.Key_Space)
                qtbot.waitUntil(lambda: not is_asked_about(program, left_out))
            else:
                type_text(colour_of(program, [each for each in places if each not in left_out]))
                press(Key.Key_Return)
                qtbot.waitUntil(lambda: labels(program) != named)  # noqa: B023
            idle(program, qtbot)
            tab_to("section_name")
        idle(program, qtbot)
        assert len(labels(program)) == 2
        assert not program.photos.columns.label_ids[program.photos.columns.locate(left_out)].any()

        # Learn; the rest is torn between both classes, sure, or likely.
        press(Key.Key_T, CTRL)
        idle(program, qtbot)
        red, green = (class_named(program, name) for name in sorted(labels(program)))
        columns = program.photos.columns
        unlabelled = (columns.label_ids == 0) & (columns.photo_ids > 0) & ~np.isin(columns.place_ids, left_out)
        left = np.flatnonzero(unlabelled).tolist()
        suggest(program, left[:2], Verdict.UNSURE, red, green)
        theirs = class_named(program, colour_of(program, left_out))
        other = green if theirs == red else red  # those left out may be sure by now
        suggest(program, left[2:4], Verdict.SURE, other, theirs)
        suggest(program, left[4:], Verdict.LIKELY, red, green)
        before = sum(labels(program).values())
        idle(program, qtbot)  # the photos of the class without a name were unknown: there was nothing to check before
        tab_to("step_check")
        press(Key.Key_Space)
        assert in_header(SectionKind.TORN, "section_all_0")(focused())
        press(Key.Key_Space)
        qtbot.waitUntil(lambda: sum(labels(program).values()) == before + 2)
        sure = columns.place_ids[left[2:4]].tolist()
        tab_to(in_header(SectionKind.SURE, "section_confirm", other))
        qtbot.waitUntil(lambda: columns.seen(sure) == sure)  # a suggestion that has just changed is not confirmed
        press(Key.Key_Space)
        qtbot.waitUntil(lambda: sum(labels(program).values()) == before + 4)

        # One was wrong; another one shows nothing of mine, which is taken back.
        tab_to("photo_grid")
        press(Key.Key_End)
        press(Key.Key_Home)  # it would keep the selection of several photos if the first one had the cursor already
        (wrong,) = window.grid.selected_places()
        row = int(columns.locate([wrong])[0])
        right = green if red in (columns.label_ids[row], columns.class_ids[row]) else red
        press(Key.Key_1 if right == class_at(program, 0) else Key.Key_2)
        assert columns.label_ids[row] == right
        assert window.grid.selected_places() != [wrong], "the next photo is selected"
        press(Key.Key_N)
        qtbot.waitUntil(lambda: len(stored(program).answers.marked(Mark.NOT_MINE)) == 1)
        press(Key.Key_Z, CTRL)
        qtbot.waitUntil(lambda: not stored(program).answers.marked(Mark.NOT_MINE))

        # A label was a slip.
        slip = columns.place_ids[columns.label_ids == theirs][:1].tolist()
        window.grid.select_places(slip)
        press(Key.Key_0)
        qtbot.waitUntil(lambda: not columns.label_ids[columns.locate(slip)].any())
        idle(program, qtbot)

        # Check a sample of all that has a suggestion, which takes none of those left out.
        chosen = {"destination": str(sorted_to), "mode": Mode.COPY, "include": Include.ALL}
        program.session.state.set_setting(SORT_CHOICES, chosen)
        press(Key.Key_C, CTRL | SHIFT)
        in_dialog(CheckSampleDialog, qtbot)
        answered = sum(labels(program).values())
        press(Key.Key_R)
        qtbot.waitUntil(lambda: sum(labels(program).values()) == answered + 1)
        press(Key.Key_Escape)
        idle(program, qtbot)

        # Sort, with the folder typed, and undo it.
        press(Key.Key_S, CTRL | SHIFT)
        in_dialog(SortDialog, qtbot)
        tab_to("sort_destination")
        press(Key.Key_A, CTRL)
        type_text(str(sorted_to))
        dialog = window.findChild(SortDialog)
        assert dialog is not None
        qtbot.waitUntil(dialog.file_button.isEnabled)
        tab_to("sort_file_button")
        press(Key.Key_Space)
        idle(program, qtbot)
        assert sum(1 for _ in sorted_to.rglob("*.jpg")) >= sum(labels(program).values())
        answer(QMessageBox, lambda: press(Key.Key_Return), qtbot)
        press(Key.Key_Z, CTRL | ALT)
        idle(program, qtbot)
        assert not sorted_to.exists()
        assert len(list(folder.iterdir())) == 28
