"""The sort dialog with real clicks and keys, and plans made on real files."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.errors import SortRefused
from flowersorter.jobs import CancelToken
from flowersorter.library.tables.class_names import ASIDE
from flowersorter.sorting.plan import Filing, Mode, PlannedFile, Skipped, SortPlan
from flowersorter.sorting.runs.file_rows import FileRow, row_of
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.packed import Packed
from flowersorter.sorting.runs.packed_plan import file_of
from flowersorter.ui.filing.preview.plan_pictures import spread
from flowersorter.ui.filing.preview.plan_summary import plan_summary
from flowersorter.ui.filing.preview.plan_tree import LONGEST_LIST
from flowersorter.ui.filing.sort_dialog import SortChoices, SortDialog
from flowersorter.workflows.evaluation.check_sample import SampleOffer
from flowersorter.workflows.evaluation.checked_sample import CheckedSample
from flowersorter.workflows.filing.sort import Include
from tests.qt.evaluation.test_check_sample import check_of

Planner = Callable[..., SortPlan]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with three photos, one of them twice, and a sidecar."""
    folder = tmp_path / "Collection"
    folder.mkdir()
    for name, content in {
        "a.jpg": b"a",
        "b.jpg": b"bb",
        "c.jpg": b"ccc",
        "a again.jpg": b"a",
        "b.jpg.xmp": b"x",
    }.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def planner(photos: Path) -> Planner:
    """Plans what was chosen, as the workflow does."""

    def plan(choices: SortChoices, *, names: str = "a.jpg b.jpg c.jpg", skipped: tuple[Skipped, ...] = ()) -> SortPlan:
        filings = [_filing(photos / name, "daisy" if name < "b" else "roses") for name in names.split(" ") if name]
        made = make_plan(filings, choices.destination, choices.mode, CancelToken(), source_root=photos)
        return made.with_skipped(skipped)

    return plan


@pytest.fixture
def dialog(photos: Path, tmp_path: Path, qtbot: QtBot) -> SortDialog:
    made = SortDialog(photos, choices=SortChoices(tmp_path / "sorted"))
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.open()
    return made


def _filing(path: Path, class_name: str) -> Filing:
    content, found = path.read_bytes(), path.stat()
    return Filing(str(path), hashlib.sha256(content).digest(), found.st_size, found.st_mtime_ns, class_name)


def _answer(dialog: SortDialog, planner: Planner, qtbot: QtBot, **wanted: object) -> SortChoices:
    """Wait for the question, answer it with a plan."""
    with qtbot.waitSignal(dialog.plan_requested) as asked:
        pass
    choices = asked.args[0]
    assert isinstance(choices, SortChoices)
    dialog.show_plan(planner(choices, **wanted))
    return choices


def _click(dialog: SortDialog, name: str) -> None:
    button = dialog.findChild(QAbstractButton, name)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=button.rect().center())


def _child(item: QTreeWidgetItem, row: int) -> QTreeWidgetItem:
    child = item.child(row)
    assert child is not None
    return child


def _lines(item: QTreeWidgetItem) -> list[tuple[str, str]]:
    children = (_child(item, row) for row in range(item.childCount()))
    return [(child.text(0), child.text(1)) for child in children]


def _groups(dialog: SortDialog) -> dict[str, QTreeWidgetItem]:
    tree = dialog.tree
    items = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return {item.text(0): item for item in items if item is not None}


def test_the_plan_is_shown_and_one_press_says_yes(
    dialog: SortDialog, planner: Planner, tmp_path: Path, qtbot: QtBot
) -> None:
    assert not dialog.file_button.isEnabled()
    choices = _answer(dialog, planner, qtbot)
    assert choices == SortChoices(tmp_path / "sorted", Mode.COPY, Include.SURE)
    assert dialog.file_button.text().replace("&", "") == "Copy 3 photos"
    assert dialog.summary.text.startswith("3 photos into 2 folders.")
    assert "free" in dialog.space.text.text()
    assert {name: item.text(1) for name, item in _groups(dialog).items()} == {"daisy": "1", "roses": "2"}
    plan = dialog.plan
    with qtbot.waitSignal(dialog.accepted):
        _click(dialog, "sort_file_button")
    assert plan is not None
    assert dialog.plan is plan
    assert not (tmp_path / "sorted").exists()


def test_without_memory_a_folder_beside_the_photos_is_suggested(photos: Path, qtbot: QtBot) -> None:
    dialog = SortDialog(photos)
    qtbot.addWidget(dialog)
    assert dialog.choices == SortChoices(photos.parent / "Collection sorted", Mode.COPY, Include.SURE)


def test_moving_is_never_chosen_beforehand_and_enter_does_not_move(
    photos: Path, tmp_path: Path, planner: Planner, qtbot: QtBot
) -> None:
    dialog = SortDialog(photos, choices=SortChoices(tmp_path / "sorted", Mode.MOVE, Include.SURE))
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.open()
    assert dialog.choices == SortChoices(tmp_path / "sorted", Mode.COPY, Include.SURE)
    _click(dialog, "sort_mode_move")
    assert _answer(dialog, planner, qtbot).mode is Mode.MOVE
    assert dialog.file_button.text().replace("&", "") == "Move 3 photos"
    QTest.keyClick(dialog.destination, Qt.Key.Key_Return)
    QTest.keyClick(dialog.include, Qt.Key.Key_Return)
    assert dialog.isVisible()


def test_typing_asks_once_and_what_was_planned_counts_no_more(
    dialog: SortDialog, planner: Planner, tmp_path: Path, qtbot: QtBot
) -> None:
    _answer(dialog, planner, qtbot)
    asked: list[SortChoices] = []
    dialog.plan_requested.connect(asked.append)
    dialog.destination.selectAll()
    QTest.keyClicks(dialog.destination, str(tmp_path / "two"))
    assert dialog.plan is None
    assert not dialog.file_button.isEnabled()
    qtbot.waitUntil(lambda: bool(asked))
    assert [each.destination for each in asked] == [tmp_path / "two"]


def test_enter_in_the_destination_plans_at_once_and_files_nothing(
    dialog: SortDialog, planner: Planner, qtbot: QtBot
) -> None:
    _answer(dialog, planner, qtbot)
    QTest.keyClick(dialog.destination, Qt.Key.Key_End)
    QTest.keyClicks(dialog.destination, "x")
    asked: list[SortChoices] = []
    dialog.plan_requested.connect(asked.append)
    QTest.keyClick(dialog.destination, Qt.Key.Key_Return)
    assert len(asked) == 1, "not a little later, as after typing"
    assert dialog.isVisible()


def test_an_answer_that_comes_too_late_is_dropped(dialog: SortDialog, planner: Planner, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.plan_requested) as asked:
        pass
    _click(dialog, "sort_mode_link")
    dialog.show_plan(planner(asked.args[0]))
    dialog.show_refusal(SortRefused("too", "late"))
    assert dialog.plan is None
    assert not dialog.file_button.isEnabled()
    with qtbot.waitSignal(dialog.plan_requested):
        pass
    dialog.show_plan(planner(asked.args[0]))  # a copy plan, though links are wanted
    assert dialog.plan is None


@pytest.mark.parametrize(
    ("key", "presses", "include"),
    [(Qt.Key.Key_Up, 1, Include.LABELLED), (Qt.Key.Key_Down, 1, Include.LIKELY), (Qt.Key.Key_Down, 2, Include.ALL)],
    ids=str,
)
def test_which_photos_is_chosen_with_the_keyboard(
    dialog: SortDialog, planner: Planner, qtbot: QtBot, key: Qt.Key, presses: int, include: Include
) -> None:
    for _ in range(presses):
        QTest.keyClick(dialog.include, key)
    assert _answer(dialog, planner, qtbot).include is include


def test_each_choice_says_how_many_photos_it_includes(dialog: SortDialog) -> None:
    dialog.include.show_counts({Include.LABELLED: 1, Include.SURE: 3, Include.LIKELY: 40, Include.ALL: 120})
    assert [dialog.include.itemText(row) for row in range(dialog.include.count())] == [
        "Only confirmed: 1 photo",
        "Confirmed and sure: 3 photos",
        "Confirmed, sure and likely: 40 photos",
        "All except unknown: 120 photos",
    ]


def test_the_plan_is_made_again_when_the_last_suggestions_are_there(
    dialog: SortDialog, planner: Planner, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(dialog.plan_requested) as asked:
        pass
    dialog.show_plan(planner(asked.args[0], names="a.jpg"), suggesting=True)
    assert "Some photos have no suggestion yet" in dialog.summary.text
    dialog.plan_again()
    assert not dialog.file_button.isEnabled()
    _answer(dialog, planner, qtbot)
    assert "Some photos have no suggestion yet" not in dialog.summary.text
    assert dialog.file_button.text() == "Copy 3 photos"


def offered(check: CheckedSample | None = None, photos: int = 780, needed: int = 60) -> SampleOffer:
    return SampleOffer(photos, needed, check, np.array([4, 2], np.int64))


def test_a_check_is_offered_before_the_sort_and_its_result_is_said(
    dialog: SortDialog, planner: Planner, photos: Path, qtbot: QtBot
) -> None:
    field, plan = dialog.sample_check, planner(_answer(dialog, planner, qtbot))
    paths = sorted(photos.glob("*.jpg"))[:3]

    def shown(offer: SampleOffer | None, *, suggesting: bool = False) -> tuple[str, str]:
        dialog.plan_again()
        dialog._request()
        dialog.show_plan(plan, offer, suggesting=suggesting)
        buttons = [each.text() for each in (field.doubtful_button, field.check_button) if each.isVisible()]
        return field.message.text if field.isVisible() else "", ", ".join(buttons)

    text = "You have not reviewed the suggestions of 780 photos. "
    text += "A check of 60 photos drawn from them shows how many are right; wrong ones take more, at most all of them."
    assert shown(offered()) == (text, "Check 60 photos")
    looser = "To show that 90 of 100 are right, 24 photos are enough."
    assert shown(replace(offered(), needed_for_looser=24)) == (f"{text} {looser}", "Check 60 photos")
    with qtbot.waitSignal(dialog.check_requested) as asked:
        _click(dialog, "sort_check_button")
    assert asked.args == [Include.SURE]
    few = "You have not reviewed the suggestions of 2 photos."
    assert shown(offered(photos=2, needed=2)) == (few, "Check 2 photos")
    all_of_them = "You have not reviewed the suggestions of 32 photos."
    assert shown(offered(photos=32, needed=31)) == (all_of_them, "Check 32 photos")
    assert shown(offered(), suggesting=True) == ("", "")
    assert shown(offered(photos=0)) == ("", ""), "every photo has a label"
    assert shown(None) == ("", "")
    right = dict.fromkeys((1, 2, 3), CheckAnswer.RIGHT)
    assert shown(offered(check_of(paths, right))) == ("All photos are checked: 3 of 3 are right.", "")
    begun = check_of(paths, {1: CheckAnswer.RIGHT})
    assert shown(offered(begun))[1] == "Go on checking"
    said, buttons = shown(offered(check_of(paths, {1: CheckAnswer.WRONG})))
    assert said == "Fewer than 98 of 100 are right, 95 % sure (1 of 3 checked, 1 wrong)."
    assert buttons == "Show these first"
    with qtbot.waitSignal(dialog.doubtful_requested) as asked:
        _click(dialog, "sort_doubtful_button")
    assert asked.args == [[4, 2]]


def test_the_button_is_the_default_but_not_for_a_move(dialog: SortDialog, planner: Planner, qtbot: QtBot) -> None:
    assert not dialog.file_button.isDefault()
    _answer(dialog, planner, qtbot)
    assert dialog.file_button.isDefault()
    _click(dialog, "sort_mode_move")
    assert not dialog.file_button.isDefault()
    _answer(dialog, planner, qtbot)
    assert not dialog.file_button.isDefault()


def test_five_photos_spread_over_each_folder_are_painted_as_they_arrive(
    dialog: SortDialog, planner: Planner, photos: Path, qtbot: QtBot
) -> None:
    thumbnails: dict[Path, QImage] = {}
    wanted: list[Path] = []

    def picture(path: Path) -> QImage | None:
        wanted.append(path)
        return thumbnails.get(path)

    dialog.tree.set_pictures(picture)
    _answer(dialog, planner, qtbot)
    qtbot.waitUntil(lambda: set(wanted) == {photos / name for name in ("a.jpg", "b.jpg", "c.jpg")})
    red = QImage(40, 30, QImage.Format.Format_RGB32)
    red.fill(QColor("#c01010"))
    thumbnails[photos / "a.jpg"] = red
    dialog.tree.repaint_pictures()
    ground = dialog.tree.visualItemRect(_groups(dialog)["daisy"])
    middle = QPoint(dialog.tree.columnViewportPosition(2) + 15, ground.center().y())
    assert dialog.tree.viewport().grab().toImage().pixelColor(middle) == QColor("#c01010")
    assert spread([Path(str(number)) for number in range(10)]) == [Path(str(number)) for number in (0, 2, 4, 6, 8)]


def test_a_refusal_says_why_and_what_to_do(dialog: SortDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.plan_requested):
        pass
    dialog.show_refusal(SortRefused("The photos cannot be sorted there", "it is a file", "Choose a folder"))
    assert dialog.summary.text == "The photos cannot be sorted there: it is a file. Choose a folder."
    assert not dialog.file_button.isEnabled()


@pytest.mark.parametrize("text", ["", "   ", "relative/folder", "~nobody_of_that_name/x"])
def test_without_a_whole_path_nothing_is_asked_and_a_late_plan_is_dropped(
    dialog: SortDialog, planner: Planner, qtbot: QtBot, text: str
) -> None:
    with qtbot.waitSignal(dialog.plan_requested) as asked:
        pass
    again: list[object] = []
    dialog.plan_requested.connect(again.append)
    dialog.destination.selectAll()
    QTest.keyClicks(dialog.destination, text) if text else QTest.keyClick(dialog.destination, Qt.Key.Key_Delete)
    QTest.keyClick(dialog.destination, Qt.Key.Key_Return)
    dialog.show_plan(planner(asked.args[0]))
    dialog.show_refusal(SortRefused("too", "late"))
    assert "folder" in dialog.summary.text
    assert dialog.plan is None
    assert not dialog.file_button.isEnabled()
    assert not again


@pytest.mark.parametrize("pattern", ['"{0}"', " {0} ", "file://{0}"])
def test_pasted_paths_are_understood(dialog: SortDialog, tmp_path: Path, pattern: str) -> None:
    dialog.destination.setText(pattern.format(tmp_path / "there"))
    assert dialog.choices.destination == tmp_path / "there"


def test_a_folder_is_browsed_for(
    dialog: SortDialog, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.destination.setText(str(tmp_path / "not" / "there"))
    answers = {str(tmp_path): str(tmp_path / "other")}
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda _parent, _title, start: answers[start])
    with qtbot.waitSignal(dialog.plan_requested) as asked:
        _click(dialog, "sort_browse_button")
    assert asked.args[0].destination == tmp_path / "other"


def test_photos_in_a_folder_are_listed_when_it_is_opened(
    dialog: SortDialog, planner: Planner, photos: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "sorted" / "daisy").mkdir(parents=True)
    (tmp_path / "sorted" / "daisy" / "a.jpg").write_bytes(b"another")
    _answer(dialog, planner, qtbot)
    groups = _groups(dialog)
    assert not groups["daisy"].childCount()
    tree = dialog.tree
    tree.setFocus()
    tree.setCurrentItem(groups["daisy"])
    QTest.keyClick(tree, Qt.Key.Key_Right)
    assert _lines(groups["daisy"]) == [("a (2).jpg", "")]
    assert str(photos / "a.jpg") in _child(groups["daisy"], 0).toolTip(0)
    QTest.keyClick(tree, Qt.Key.Key_Left)
    assert not groups["daisy"].isExpanded()
    QTest.keyClick(tree, Qt.Key.Key_Return)
    assert dialog.isVisible()
    tree.setCurrentItem(groups["roses"])
    QTest.keyClick(tree, Qt.Key.Key_Right)
    assert _lines(groups["roses"]) == [("b.jpg", ""), ("c.jpg", "")]
    assert "1 photo renamed" in dialog.summary.text
    assert "1 sidecar file will be included" in dialog.summary.text


def test_what_is_not_filed_is_listed_with_its_reason(
    dialog: SortDialog, planner: Planner, photos: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "sorted" / "roses").mkdir(parents=True)
    (tmp_path / "sorted" / "roses" / "else.jpg").write_bytes(b"ccc")
    reasons = ("it looks like none of the classes", "it cannot be read: torn", "it cannot be read: empty")
    skipped = tuple(Skipped(photos / f"{number}.jpg", reason) for number, reason in enumerate(reasons))
    with qtbot.waitSignal(dialog.plan_requested) as asked:
        pass
    filings = [
        _filing(photos / name, cls) for name, cls in (("a.jpg", "daisy"), ("a again.jpg", "daisy"), ("c.jpg", "roses"))
    ]
    plan = make_plan(filings, tmp_path / "sorted", asked.args[0].mode, CancelToken(), source_root=photos)
    dialog.show_plan(plan.with_skipped(skipped))
    assert dialog.file_button.text().replace("&", "") == "Copy 1 photo"
    groups = _groups(dialog)
    counts = {name: item.text(1) for name, item in groups.items()}
    assert counts == {
        "daisy": "1",
        "Already there": "1",
        "Duplicates (copied once)": "1",
        "Not sorted": "3",
    }
    left = groups["Not sorted"]
    assert left.isExpanded()
    assert _lines(left) == [("It cannot be read", "2"), ("It looks like none of the classes", "1")]
    said = "3 photos not sorted: 2 (it cannot be read), 1 (it looks like none of the classes)."
    assert said in dialog.summary.text
    with qtbot.waitSignal(dialog.tree.photos_requested) as requested:
        _click(dialog, "sort_rest_button")
    assert requested.args == [[photos / f"{number}.jpg" for number in (1, 2, 0)], "Not sorted"]
    unreadable = _child(left, 0)
    unreadable.setExpanded(True)
    assert _lines(unreadable) == [("1.jpg", ""), ("2.jpg", "")]
    assert "torn" in _child(unreadable, 0).toolTip(0)


def test_a_long_list_is_cut_short(dialog: SortDialog, planner: Planner, photos: Path, qtbot: QtBot) -> None:
    skipped = tuple(Skipped(photos / f"{number}.jpg", "the guess is not sure") for number in range(LONGEST_LIST + 7))
    _answer(dialog, planner, qtbot, skipped=skipped)
    reason = _child(_groups(dialog)["Not sorted"], 0)
    reason.setExpanded(True)
    assert reason.childCount() == LONGEST_LIST + 1
    assert _child(reason, LONGEST_LIST).text(0) == "… and 7 more"


def test_a_move_says_which_photos_leave_their_folder(planner: Planner, photos: Path, tmp_path: Path) -> None:
    left = (Skipped(photos / "c.jpg", "the guess is not sure"),)
    for names, leaving in (("a.jpg b.jpg", "These 2 photos"), ("a.jpg", "This photo")):
        plan = planner(SortChoices(tmp_path / "sorted", Mode.MOVE), names=names, skipped=left)
        said = plan_summary(plan, len(names.split()), photos)
        assert f". {leaving} will no longer be in {photos}. You can undo this in History. 1 photo not" in said
        assert " 1 photo not sorted: the guess is not sure." in said
    copied = plan_summary(planner(SortChoices(tmp_path / "sorted", Mode.COPY)), 3, photos)
    assert "no longer" not in copied


def test_sidecars_written_after_the_sort_can_be_filed(
    dialog: SortDialog, planner: Planner, photos: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    rose = tmp_path / "sorted" / "roses"
    rose.mkdir(parents=True)
    (rose / "b.jpg").write_bytes(b"bb")
    (photos / "notes.txt").write_bytes(b"mine")
    with qtbot.waitSignal(dialog.plan_requested) as asked:
        pass
    filings = [_filing(photos / "b.jpg", "roses")]
    destination, mode = asked.args[0].destination, asked.args[0].mode
    dialog.show_plan(make_plan(filings, destination, mode, CancelToken(), source_root=photos))

    assert "1 sidecar file will be included: 1\u00a0.xmp." in dialog.summary.text
    assert "1 other file stays: 1\u00a0.txt." in dialog.summary.text
    assert dialog.file_button.text().replace("&", "") == "Copy sidecar files"
    assert dialog.file_button.isEnabled()


def test_a_file_that_stays_is_counted_once_and_a_sidecar_is_called_one(
    planner: Planner, photos: Path, tmp_path: Path
) -> None:
    rose = tmp_path / "sorted" / "roses"
    rose.mkdir(parents=True)
    (rose / "b.jpg").write_bytes(b"bb")
    (rose / "b.jpg.xmp").write_bytes(b"edited later")
    os.utime(photos / "b.jpg.xmp", ns=(1, 1))
    for name in ("a.xmp", "c.xmp", "notes.txt"):
        (photos / name).write_bytes(b"beside")
    said = plan_summary(planner(SortChoices(tmp_path / "sorted"), names="a.jpg b.jpg"), 1, photos)
    assert "1 sidecar file will be included: 1\u00a0.xmp." in said
    assert "1 other sidecar file stays: 1\u00a0.xmp." in said  # that of c.jpg, which is not sorted
    assert "1 other file stays: 1\u00a0.txt." in said
    assert "Kept, because the one in the class folder was edited later: b.jpg.xmp." in said


def test_with_nothing_to_do_nothing_can_be_pressed(
    dialog: SortDialog, planner: Planner, photos: Path, qtbot: QtBot
) -> None:
    _answer(dialog, planner, qtbot, names="", skipped=(Skipped(photos / "a.jpg", "the guess is not sure"),))
    assert dialog.summary.text.startswith("Nothing to sort")
    assert dialog.space.isHidden()
    assert not dialog.file_button.isEnabled()
    dialog.accept()
    assert dialog.isVisible()


def test_where_all_that_is_chosen_is_sorted_the_dialog_says_what_is_not(
    dialog: SortDialog, photos: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(dialog.plan_requested) as asked:
        pass
    choices = asked.args[0]
    there = choices.destination / "roses"
    there.mkdir(parents=True)
    shutil.copy2(photos / "b.jpg", there / "b.jpg")
    for sidecar in photos.glob("*.xmp"):
        sidecar.unlink()
    filings = [_filing(photos / "b.jpg", "roses")]
    skipped = (Skipped(photos / "a.jpg", "the guess is not sure"),)
    plan = make_plan(filings, choices.destination, choices.mode, CancelToken(), source_root=photos)
    dialog.show_plan(replace(plan, skipped=skipped))
    assert dialog.summary.text == "Nothing to sort. 1 photo already there. 1 photo not sorted: the guess is not sure."


def test_escape_closes_and_stops_asking(dialog: SortDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.rejected):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.plan is None
    with qtbot.assertNotEmitted(dialog.plan_requested, wait=400):
        pass


def test_enter_takes_the_plan_of_a_dialog_that_has_just_opened(
    dialog: SortDialog, planner: Planner, qtbot: QtBot
) -> None:
    _answer(dialog, planner, qtbot)
    there = dialog.focusWidget()
    assert there is not None
    assert there.objectName() == "sort_mode_copy", "a choice, not the area around all of them"
    with qtbot.waitSignal(dialog.accepted):
        QTest.keyClick(there, Qt.Key.Key_Return)


def test_tab_walks_through_everything_in_order(dialog: SortDialog, planner: Planner, qtbot: QtBot) -> None:
    _answer(dialog, planner, qtbot)
    dialog.destination.setFocus()
    met = []
    for _ in range(10):
        there = dialog.focusWidget()
        assert there is not None
        met.append(there.objectName())
        QTest.keyClick(there, Qt.Key.Key_Tab)
    names = ["sort_destination", "sort_browse_button", "sort_pattern", "sort_mode_copy"]
    names += ["sort_include", "sort_aside", "sort_keywords", "sort_plan"]
    assert met[:8] == names
    assert set(met[8:]) == {"sort_file_button", "sort_cancel_button"}


def test_the_dialog_fits_a_small_screen_and_the_buttons_stay(
    dialog: SortDialog, planner: Planner, qtbot: QtBot
) -> None:
    _answer(dialog, planner, qtbot)
    dialog.resize(420, 300)
    assert dialog.width() <= 420
    assert dialog.height() <= 300
    assert dialog.rect().contains(dialog.file_button.geometry())
    assert dialog.rect().contains(dialog.cancel_button.geometry())


def test_in_a_low_dialog_summary_and_buttons_stay_and_one_area_scrolls(
    dialog: SortDialog, planner: Planner, photos: Path, qtbot: QtBot
) -> None:
    """An inner list with a scroll bar of its own would hold the wheel, and show few lines."""
    skipped = tuple(Skipped(photos / f"{number}.jpg", f"reason {number}") for number in range(12))
    _answer(dialog, planner, qtbot, skipped=skipped)
    dialog.resize(620, 380)
    qtbot.waitUntil(lambda: dialog.area.scrolls_as_one)
    for part in (dialog.summary, dialog.rest_button, dialog.file_button, dialog.cancel_button):
        assert part.isVisible()
        assert dialog.rect().contains(part.geometry())
    tree, outer = dialog.tree, dialog.area.verticalScrollBar()
    qtbot.waitUntil(lambda: outer.maximum() > 0 and tree.verticalScrollBar().maximum() == 0)
    lines = _groups(dialog)["Not sorted"]
    assert tree.viewport().rect().contains(tree.visualItemRect(_child(lines, 11)))
    tree.setFocus()
    QTest.keyClick(tree, Qt.Key.Key_End)
    last = tree.currentItem()
    assert last is not None
    assert last.text(0) == "Reason 9"
    place = tree.viewport().mapTo(dialog.area.viewport(), tree.visualItemRect(last).center())
    assert dialog.area.viewport().rect().contains(place), "the keys scroll the area"
    dialog.resize(620, 1100)
    qtbot.waitUntil(lambda: not dialog.area.scrolls_as_one and outer.maximum() == 0)


def test_the_others_stay_unless_the_box_is_ticked(dialog: SortDialog, planner: Planner, qtbot: QtBot) -> None:
    assert _answer(dialog, planner, qtbot).aside is None
    _click(dialog, "sort_aside")
    assert not dialog.file_button.isEnabled()  # the plan that was shown no longer fits
    assert _answer(dialog, planner, qtbot).aside == ASIDE
    assert dialog.choices.aside == ASIDE


def test_what_was_chosen_for_the_others_is_offered_again(photos: Path, tmp_path: Path, qtbot: QtBot) -> None:
    dialog = SortDialog(photos, choices=SortChoices(tmp_path / "sorted", aside=ASIDE))
    qtbot.addWidget(dialog)
    assert dialog.aside.isChecked()
    assert dialog.choices.aside == ASIDE


def test_sub_folders_are_chosen_or_typed(dialog: SortDialog, planner: Planner, qtbot: QtBot) -> None:
    box = dialog.pattern.box
    assert _answer(dialog, planner, qtbot).pattern == "{class}"
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert _answer(dialog, planner, qtbot).pattern == "{class}/{date:%Y}"
    edit = box.lineEdit()
    assert edit is not None
    edit.selectAll()
    QTest.keyClicks(edit, "{class}/{camera}/{date:%Y} ")
    assert _answer(dialog, planner, qtbot).pattern == "{class}/{camera}/{date:%Y}"


def test_a_pattern_that_is_remembered_stands_there(photos: Path, tmp_path: Path, qtbot: QtBot) -> None:
    for pattern in ("{class}/{date:%Y}/{date:%m}", "{class}/of {date:%Y}"):
        dialog = SortDialog(photos, choices=SortChoices(tmp_path / "sorted", pattern=pattern))
        qtbot.addWidget(dialog)
        assert dialog.choices.pattern == pattern


def test_a_plan_with_sub_folders_lists_each(
    dialog: SortDialog, photos: Path, tmp_path: Path, planner: Planner, qtbot: QtBot
) -> None:
    _answer(dialog, planner, qtbot)
    filings = [
        replace(_filing(photos / name, "daisy"), folders=(year,))
        for name, year in (("a.jpg", "2023"), ("b.jpg", "2024"))
    ]
    plan = make_plan(filings, tmp_path / "sorted", Mode.COPY, CancelToken(), source_root=photos)
    dialog.tree.show_plan(plan)
    assert {name: item.text(1) for name, item in _groups(dialog).items()} == {"daisy/2023": "1", "daisy/2024": "1"}


def test_what_a_move_leaves_is_offered_and_never_chosen_beforehand(
    dialog: SortDialog, photos: Path, planner: Planner, qtbot: QtBot
) -> None:
    (photos / "deep").mkdir()
    (photos / "b.jpg").rename(photos / "deep" / "b.jpg")
    (photos / "b.jpg.xmp").unlink()
    (photos / "a again.jpg").rename(photos / "deep" / "a again.jpg")

    def plan(choices: SortChoices) -> SortPlan:
        names = ("a.jpg", "deep/b.jpg", "deep/a again.jpg")
        return make_plan(
            [_filing(photos / name, "daisy") for name in names],
            choices.destination,
            choices.mode,
            CancelToken(),
            source_root=photos,
            move_duplicates=choices.move_duplicates,
            remove_emptied=choices.remove_emptied,
        )

    def answer() -> SortChoices:
        with qtbot.waitSignal(dialog.plan_requested) as asked:
            pass
        choices = asked.args[0]
        assert isinstance(choices, SortChoices)
        dialog.show_plan(plan(choices))
        return choices

    field = dialog.leftovers
    answer()
    assert not field.isVisible()
    _click(dialog, "sort_mode_move")
    choices = answer()
    assert (choices.move_duplicates, choices.remove_emptied) == (False, False)
    assert field.duplicates.isVisible()
    assert field.duplicates.text().replace("&", "") == "Also move 1 duplicate into “Duplicates”"
    assert not field.folders.isVisible()  # a duplicate stays in it
    QTest.mouseClick(field.duplicates, Qt.MouseButton.LeftButton, pos=QPoint(8, field.duplicates.height() // 2))
    assert answer().move_duplicates
    assert field.folders.isVisible()
    assert field.folders.text().replace("&", "") == "Remove the folder that becomes empty"
    assert dialog.file_button.text().replace("&", "") == "Move 3 photos"
    QTest.mouseClick(field.folders, Qt.MouseButton.LeftButton, pos=QPoint(8, field.folders.height() // 2))
    assert answer().remove_emptied
    assert "1 photo of these moved into Duplicates." in dialog.summary.text
    assert "Removed, because nothing is left in it: 1 folder." in dialog.summary.text
    _click(dialog, "sort_mode_copy")
    choices = answer()
    assert (choices.move_duplicates, choices.remove_emptied) == (False, False)
    assert not field.isVisible()


def test_photos_of_a_plan_are_made_when_a_line_is_opened(
    dialog: SortDialog, planner: Planner, tmp_path: Path, qtbot: QtBot
) -> None:
    made: list[PlannedFile] = []

    def make(row: FileRow) -> PlannedFile:
        made.append(file_of(row))
        return made[-1]

    plan = planner(_answer(dialog, planner, qtbot))
    many = Packed(row_of, make, [plan.files[at] for at in (0, 1, 1, 2)], block=2)
    dialog.tree.set_pictures(lambda _: None)
    dialog.tree.show_plan(replace(plan, files=many))
    assert made == []
    line = _groups(dialog)["roses"]
    line.setExpanded(True)
    assert _lines(line) == [("b.jpg", ""), ("b.jpg", ""), ("c.jpg", "")]
    assert len(made) == 3


def test_opening_everything_lists_each_photo_once(dialog: SortDialog, planner: Planner, qtbot: QtBot) -> None:
    """The key "*" opens the current line with all that is below it."""
    _answer(dialog, planner, qtbot)
    line = _groups(dialog)["daisy"]
    dialog.tree.setCurrentItem(line)
    QTest.keyClick(dialog.tree, Qt.Key.Key_Asterisk)
    dialog.tree.expandAll()
    assert _lines(line) == [("a.jpg", "")]
    assert _child(line, 0).childCount() == 0


@pytest.mark.usefixtures("german")
def test_the_folder_of_the_others_is_explained_where_its_name_is_foreign(
    dialog: SortDialog, planner: Planner, qtbot: QtBot
) -> None:
    assert dialog.aside.text().replace("&", "") == "Die übrigen in den Ordner „Not sure“ (unsicher) legen"
    assert "in jeder Sprache" in dialog.aside.toolTip()
    _click(dialog, "sort_aside")
    assert _answer(dialog, planner, qtbot).aside == ASIDE, "a folder made in another language is used again"
