"""Checking labels and what to label next, in the window: keys, undo, what stays written, and the empty cases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.figures import Gain
from flowersorter.ui.labels.label_errors_dialog import Decision, LabelErrorsDialog
from flowersorter.ui.labels.label_next_panel import LabelNextPanel
from flowersorter.ui.shared.status_bar import StatusBar
from flowersorter.workflows.evaluation.label_errors import LabelError, LabelErrorGroup, LabelErrorsResult, LookAlike
from flowersorter.workflows.evaluation.label_next import LabelNextResult, Standing
from flowersorter.workflows.labelling.set_labels import assign
from flowersorter.workflows.training.unmeasured_classes import Unmeasured
from tests.qt.program import class_named, draw_folder, idle, places, running, show_stored, stored
from tests.starter_classes import delete_starter_classes

NAMES = {1: "dahlia", 2: "zinnia", 3: "R&B"}


def doubt(photo_id: int, path: Path, *, better: int = 2, also_at: Path | None = None) -> LabelError:
    alike = (LookAlike(90, path), LookAlike(91, None))
    return LabelError(photo_id, photo_id, path, 1, better, 0.9, alike, alike, also_at)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return draw_folder(tmp_path / "photos", 1) / "IMG_000_red.jpg"


@pytest.fixture
def dialog(photo: Path, qtbot: QtBot) -> Iterator[LabelErrorsDialog]:
    doubts = tuple(doubt(number, photo, better=3 if number == 2 else 2) for number in (1, 2, 3))
    groups = (LabelErrorGroup(1, 2, (1, 3)), LabelErrorGroup(1, 3, (2,)))
    made = LabelErrorsDialog(LabelErrorsResult(doubts, groups, 240, 0, (), 0.9), NAMES)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shutdown()


def shown(dialog: LabelErrorsDialog) -> int:
    return dialog.current.photo_id if dialog.current is not None else 0


def test_a_photo_its_sentence_and_its_look_alikes_are_shown(dialog: LabelErrorsDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: dialog.picture.image is not None)
    qtbot.waitUntil(lambda: dialog.like_better.pictures[0].image is not None)
    assert dialog.sentence.text() == "Labelled dahlia, looks like zinnia"
    assert dialog.progress.text() == "1 of 3"
    assert dialog.like_better.title.text() == "Similar photos of zinnia"
    assert [each.isVisible() for each in dialog.like_better.pictures] == [True, True, False]
    assert dialog.like_better.pictures[1].toolTip() == "This photo no longer exists"


@pytest.mark.parametrize("key", [Qt.Key.Key_K, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_one_key_keeps(dialog: LabelErrorsDialog, qtbot: QtBot, key: Qt.Key) -> None:
    with qtbot.waitSignal(dialog.keep_requested) as asked:
        QTest.keyClick(dialog, key)
    assert asked.args is not None
    assert asked.args[0].photo_id == 1


def test_one_key_moves_and_the_arrows_go_back_and_forth(dialog: LabelErrorsDialog, qtbot: QtBot) -> None:
    QTest.keyClick(dialog, Qt.Key.Key_Right)
    assert shown(dialog) == 2
    assert dialog.move_button.text() == "Move to R&&B (M)", "a name's & is no mnemonic"
    with qtbot.waitSignal(dialog.move_requested) as asked:
        QTest.keyClick(dialog, Qt.Key.Key_M)
    assert asked.args is not None
    assert asked.args[0].photo_id == 2
    QTest.keyClick(dialog, Qt.Key.Key_Left)
    assert shown(dialog) == 1
    with qtbot.waitSignal(dialog.undo_requested):
        QTest.keyClick(dialog, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def test_decided_ones_are_passed_over_and_the_end_counts_them(dialog: LabelErrorsDialog) -> None:
    dialog.show_decisions({1: Decision.KEPT})
    assert shown(dialog) == 2
    dialog.show_decisions({1: Decision.KEPT, 2: Decision.MOVED, 3: Decision.MOVED})
    assert shown(dialog) == 0
    assert dialog.nothing.text() == "All done"
    assert "1 kept, 2 moved." in dialog.nothing_more.text()
    assert not dialog.keep_button.isVisible()
    dialog.show_decisions({1: Decision.KEPT, 3: Decision.MOVED}, go_to=2)
    assert shown(dialog) == 2
    assert dialog.keep_button.isVisible()


def test_one_mix_up_at_a_time(dialog: LabelErrorsDialog) -> None:
    assert [dialog.groups.itemText(row) for row in range(3)] == [
        "All of them (3)",
        "2 labelled dahlia, look like zinnia",
        "1 labelled dahlia, looks like R&B",
    ]
    dialog.groups.setCurrentIndex(1)
    assert dialog.progress.text() == "1 of 2"
    dialog.show_decisions({1: Decision.KEPT})
    assert shown(dialog) == 3
    dialog.show_decisions({}, go_to=2)
    assert (shown(dialog), dialog.groups.currentIndex()) == (2, 0)


def test_the_same_photo_in_two_class_folders_has_a_sentence_of_its_own(photo: Path, qtbot: QtBot) -> None:
    contradicting = LabelError(1, 1, photo, 1, 2, 1.0, also_at=photo.with_name("copy.jpg"))
    dialog = LabelErrorsDialog(
        LabelErrorsResult((contradicting,), (LabelErrorGroup(1, 2, (1,)),), 5, 0, (), 0.9), NAMES
    )
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.sentence.text() == "The same photo is in both “dahlia” and “zinnia”"
    assert "copy.jpg are identical. It counts as dahlia until you choose." in dialog.reason.text()
    assert not dialog.alike.isVisible()
    dialog.shutdown()


def test_a_photo_that_cannot_be_read_says_so(photo: Path, qtbot: QtBot) -> None:
    gone = doubt(1, photo.with_name("broken.jpg"))
    dialog = LabelErrorsDialog(LabelErrorsResult((gone,), (), 5, 0, (), 0.9), NAMES)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: dialog.picture.text.startswith("This photo cannot be shown"))
    dialog.shutdown()


def test_where_no_label_looks_wrong_it_says_so(qtbot: QtBot) -> None:
    dialog = LabelErrorsDialog(LabelErrorsResult((), (), 240, 2, (Unmeasured("peony", 1, True),), 0.9), NAMES)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.nothing.text() == "No doubtful labels"
    told = dialog.nothing_more.text()
    assert "Labels reviewed: 240." in told
    assert "Kept by you: 2." in told
    assert "peony" in told
    for key in (Qt.Key.Key_K, Qt.Key.Key_M, Qt.Key.Key_Left, Qt.Key.Key_Right):
        QTest.keyClick(dialog, key)
    assert not dialog.undo_button.isVisible()
    dialog.shutdown()


def test_where_it_is_too_early_to_doubt_a_label_it_says_so(qtbot: QtBot) -> None:
    dialog = LabelErrorsDialog(LabelErrorsResult((), (), 19, 0, (), 0.63, too_early=True), NAMES)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.nothing.text() == "Too early to say"
    assert "too few labels to doubt any: the model gets 63 % of 19 labels right" in dialog.nothing_more.text()
    dialog.shutdown()


# -- in the window


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """A folder of twelve red, green and blue photos each; all but some reds have a label, two reds a wrong one."""
    folder = draw_folder(tmp_path / "photos", 12)
    with running(tmp_path / "collection", qtbot, folder) as opened:
        idle(opened, qtbot)
        delete_starter_classes(stored(opened))
        for name in ("red", "green", "blue"):
            stored(opened).classes.add(name)
        show_stored(opened)
        corrections = opened.window.labels
        corrections.assign(places(opened, "red")[:8], class_named(opened, "red"))
        corrections.assign(places(opened, "red")[8:10], class_named(opened, "green"))
        corrections.assign(places(opened, "green"), class_named(opened, "green"))
        corrections.assign(places(opened, "blue"), class_named(opened, "blue"))
        idle(opened, qtbot)
        yield opened


def checked(program: Program, qtbot: QtBot) -> LabelErrorsDialog:
    program.window.actions_by_name["check_labels"].trigger()
    qtbot.waitUntil(lambda: program.window.on_demand.doubts.dialog is not None)
    dialog = program.window.on_demand.doubts.dialog
    assert dialog is not None
    return dialog


def label_of(program: Program, photo_id: int) -> str:
    label = stored(program).labels.get([photo_id])[photo_id]
    return next(each.name for each in stored(program).classes.all() if each.id == label.class_id)


def test_moving_keeping_and_undoing_are_written_and_shown(program: Program, qtbot: QtBot) -> None:
    dialog = checked(program, qtbot)
    assert dialog.progress.text() == "1 of 2"
    first = shown(dialog)
    QTest.keyClick(dialog, Qt.Key.Key_M)
    second = shown(dialog)
    assert second not in (0, first)
    assert label_of(program, first) == "red"
    at = program.photos.columns.photo_ids.tolist().index(first)
    assert program.photos.columns.label_ids[at] == class_named(program, "red"), "the grid shows it, too"
    QTest.keyClick(dialog, Qt.Key.Key_K)
    assert shown(dialog) == 0
    assert len(stored(program).reviewed_labels.all()) == 1
    QTest.keyClick(dialog, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert shown(dialog) == second
    assert stored(program).reviewed_labels.all() == set()
    dialog.undo_button.click()
    assert shown(dialog) == first
    assert label_of(program, first) == "green"
    before = program.session.undo_stack.index()
    dialog.undo_requested.emit()
    assert program.session.undo_stack.index() == before, "what was done before the check is not undone from here"
    program.session.undo_stack.redo()
    assert label_of(program, first) == "red"
    dialog.close()


def test_what_was_kept_is_not_asked_again_and_then_nothing_looks_wrong(program: Program, qtbot: QtBot) -> None:
    dialog = checked(program, qtbot)
    QTest.keyClick(dialog, Qt.Key.Key_K)
    QTest.keyClick(dialog, Qt.Key.Key_K)
    dialog.close()
    dialog = checked(program, qtbot)
    assert dialog.nothing.text() == "No doubtful labels"
    assert "Kept by you: 2." in dialog.nothing_more.text()
    dialog.close()


def test_after_a_training_the_check_is_offered_beside_the_message(program: Program, qtbot: QtBot) -> None:
    window = program.window
    window.training.start()
    qtbot.waitUntil(lambda: "2 labels may be wrong" in {link.text() for link in window.job_bar.links})
    assert window.job_bar.message.text().startswith("Learned from ")
    link = next(each for each in window.job_bar.links if each.text() == "2 labels may be wrong")
    link.click()
    dialog = window.on_demand.doubts.dialog
    assert dialog is not None
    assert dialog.progress.text() == "1 of 2"
    dialog.keep_button.click()
    dialog.close()
    qtbot.waitUntil(lambda: "1 label may be wrong" in links(window.job_bar))
    assert "2 labels may be wrong" not in links(window.job_bar)
    window.job_bar.links[links(window.job_bar).index("1 label may be wrong")].click()
    qtbot.waitUntil(lambda: window.on_demand.doubts.dialog is not None)
    last = window.on_demand.doubts.dialog
    assert last is not None
    last.keep_button.click()
    last.close()
    assert not any("may be wrong" in each for each in links(window.job_bar)), "both were kept"


def links(bar: StatusBar) -> list[str]:
    """The actions of the message that can be seen."""
    return [link.text() for link in bar.links if not link.isHidden()]


def test_what_a_training_changed_is_not_told_of_a_folder_opened_meanwhile(
    program: Program, qtbot: QtBot, tmp_path: Path
) -> None:
    other = draw_folder(tmp_path / "other", 1)
    program.window.training.trained.connect(lambda: QTimer.singleShot(0, lambda: program.window.open_folder(other)))
    program.window.training.start()
    idle(program, qtbot)
    assert program.window.folder.roots == (other,)
    assert "suggestion" not in program.window.job_bar.message.text().lower()


def test_what_to_label_next_is_not_shown_in_a_folder_opened_meanwhile(
    program: Program, qtbot: QtBot, tmp_path: Path
) -> None:
    other = draw_folder(tmp_path / "other", 1)
    program.window.actions_by_name["label_next"].trigger()
    program.window.open_folder(other)
    idle(program, qtbot)
    assert program.photos.rowCount() == 4
    assert not program.window.on_demand.advice.panel.isVisible()


def test_what_to_label_next_is_shown_in_the_grid_with_its_reasons(program: Program, qtbot: QtBot) -> None:
    window = program.window
    window.actions_by_name["label_next"].trigger()
    qtbot.waitUntil(lambda: program.photos.rowCount() == 2)
    panel = window.on_demand.advice.panel
    assert panel.isVisible()
    assert program.photos.filter.title == "Photos to label"
    assert program.photos.filter.places == frozenset(places(program, "red")[10:])
    assert "Accuracy about" in panel.headline.text()
    assert panel.classes.text().count(" confirmed") == 3
    window.filter.show_all()
    assert not panel.isVisible(), "it belongs to those photos only"


def test_in_a_narrow_window_every_line_of_the_advice_is_seen(qtbot: QtBot) -> None:
    panel = LabelNextPanel()
    qtbot.addWidget(panel)
    gain = Gain(-0.02, 0.04, 0.1)
    overall, *classes = (Standing(0, name, 20, 0.8, (0.6, 0.9), 0.5, gain, gain) for name in ("", "roses", "asters"))
    panel.show_advice(LabelNextResult(overall, tuple(classes), (), 0))
    panel.resize(900, 200)
    panel.show()
    heights = list[int]()
    scroll = panel.findChild(QScrollArea, "advice_scroll")
    assert scroll is not None
    for width in (900, 300):
        panel.resize(width, 300)
        heights.append(scroll.height())
    assert heights[1] >= 2 * heights[0] - 8, "the two lines wrap"


@pytest.mark.parametrize(("photos", "enough"), [(2, False), (40, True)])
def test_it_is_not_enough_while_the_list_of_classes_asks_for_more(qtbot: QtBot, photos: int, enough: bool) -> None:
    panel = LabelNextPanel()
    qtbot.addWidget(panel)
    none = Gain(0.0, 0.0, 0.001)
    overall, *classes = (Standing(0, name, photos, 1, (0.9, 1), 0.5, none, none) for name in ("", "roses", "asters"))
    panel.show_advice(LabelNextResult(overall, tuple(classes), (), 0))
    assert ("enough" in panel.headline.text()) is enough
    assert ("Enough" in panel.classes.text()) is enough
    assert ("Needs about" in panel.classes.text()) is not enough


@pytest.mark.parametrize(("photos", "hardly"), [(2, False), (40, True)])
def test_more_photos_do_not_hardly_help_while_the_list_of_classes_asks_for_them(
    qtbot: QtBot, photos: int, hardly: bool
) -> None:
    panel = LabelNextPanel()
    qtbot.addWidget(panel)
    none, some = Gain(0.0, 0.0, 0.001), Gain(0.01, 0.04, 0.07)
    overall, roses = (Standing(0, name, photos, 0.7, (0.5, 0.9), 0.5, none, some) for name in ("", "roses"))
    panel.show_advice(LabelNextResult(overall, (roses,), (), 0))
    assert ("hardly help" in panel.headline.text()) is hardly
    assert ("Needs about" in panel.classes.text()) is not hardly


def test_it_is_not_enough_while_the_folder_is_not_sure_or_a_class_would_gain(qtbot: QtBot) -> None:
    panel = LabelNextPanel()
    qtbot.addWidget(panel)
    none, some = Gain(0.0, 0.0, 0.001), Gain(0.0, 0.02, 0.04)
    overall = Standing(0, "", 80, 0.98, (0.96, 0.99), 0.9, none, none)
    roses, asters = (Standing(i, n, 40, 0.98, (0.9, 1), 0.9, g, g) for i, n, g in ((1, "roses", some), (2, "a", none)))
    verdicts = np.array([1] * 10 + [4] * 20, np.uint8)
    panel.show_advice(LabelNextResult(overall, (roses, asters), (), 30, verdicts))
    assert "enough" not in panel.headline.text()
    assert "More labels of roses would help most. 20 of 30 photos" in panel.headline.text()


def test_when_all_is_labelled_there_is_nothing_to_show(program: Program, qtbot: QtBot) -> None:
    window = program.window
    columns = program.photos.columns
    assign(program.collection, [int(i) for i in columns.photo_ids if i], class_named(program, "red"))
    window.actions_by_name["label_next"].trigger()
    idle(program, qtbot)
    assert "has a label" in window.job_bar.message.text()
    assert not window.on_demand.advice.panel.isVisible()
    assert program.photos.filter.places is None
