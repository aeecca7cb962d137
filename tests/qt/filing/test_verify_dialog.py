"""Verify in the window: the action reads every sorted photo in the background, and a dialog lists what changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.plan import Mode
from flowersorter.ui.filing import verify_controller
from flowersorter.ui.filing.history.history_dialog import when
from flowersorter.ui.filing.preview.plan_tree import LONGEST_LIST
from flowersorter.ui.filing.verify_dialog import VerifyDialog
from flowersorter.ui.filing.verify_start_dialog import VerifyStartDialog
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.filing.verified_files import Finding, VerifiedFile
from flowersorter.workflows.filing.verify import VerifyRequest, VerifyResult
from tests.qt.program import idle, running
from tests.unit.sorting.file_trees import sort, write

ROOT = Path("/sorted")


def changed(name: str, finding: Finding, **more: Path | str | bool) -> VerifiedFile:
    return VerifiedFile(ROOT / "Rose" / name, finding, "Rose", 1, False, **more)  # type: ignore[arg-type]


CHANGED = (
    changed("a.jpg", Finding.ROTTED, intact_at=Path("/photos/a.jpg")),
    changed("b.jpg", Finding.GONE),
    changed("c.jpg", Finding.UNREADABLE, reason="access is refused"),
    changed("d.jpg", Finding.EDITED, known_edit=True),
    changed("e.jpg", Finding.MOVED, now=ROOT / "Rose" / "2024" / "e.jpg"),
)


def shown(qtbot: QtBot, result: VerifyResult) -> VerifyDialog:
    dialog = VerifyDialog(result)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    return dialog


def lines(dialog: VerifyDialog) -> dict[str, list[list[str]]]:
    """The cells of the files under each title."""
    found = {}
    for at in range(dialog.tree.topLevelItemCount()):
        group = dialog.tree.topLevelItem(at)
        assert group is not None
        below = [child for row in range(group.childCount()) if (child := group.child(row)) is not None]
        found[group.text(0)] = [[child.text(column) for column in range(3)] for child in below]
    return found


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were opened."""
    folders: list[Path] = []

    def open_url(url: QUrl) -> bool:
        folders.append(Path(url.toLocalFile()))
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    return folders


def test_each_file_is_listed_under_what_became_of_it(qtbot: QtBot) -> None:
    dialog = shown(qtbot, VerifyResult(9, 1, 5, CHANGED, {Path("/media/card"): 12}))
    assert dialog.heading.text() == "9 photos and 1 sidecar file verified: 3 rotted, gone or unreadable"
    assert list(lines(dialog).values()) == [
        [["a.jpg", "Rose", f"The original is intact: {Path('/photos/a.jpg')}"]],
        [["b.jpg", "Rose", str(ROOT / "Rose")]],
        [["c.jpg", "Rose", "access is refused"]],
        [["d.jpg", "Rose", "Known as the same photo"]],
        [["e.jpg", "Rose", f"Now at {ROOT / 'Rose' / '2024' / 'e.jpg'}"]],
        [[str(Path("/media/card")), "", "12 files"]],
    ]
    assert [title.partition(":")[0] for title in lines(dialog)] == [
        "Rotted",
        "Gone",
        "Cannot be read (1)",
        "Edited by another program (1)",
        "Moved or renamed within the destination folder (1)",
        "Not reached",
    ]
    QTest.mouseClick(dialog.close_button, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()


def test_the_heading_says_if_nothing_is_lost_or_nothing_was_read(qtbot: QtBot) -> None:
    assert shown(qtbot, VerifyResult(9, 0, 8, CHANGED[3:4])).heading.text() == (
        "9 photos verified: none rotted, gone or unreadable"
    )
    dialog = shown(qtbot, VerifyResult(0, 0, 0, (), {Path("/media/card"): 1}))
    assert dialog.heading.text() == "No sorted photo could be read"
    assert not dialog.show_button.isEnabled()
    assert list(lines(dialog).values()) == [[[str(Path("/media/card")), "", "1 file"]]]


def test_the_dialog_says_since_when_an_interrupted_verification_read_some(qtbot: QtBot) -> None:
    dialog = shown(qtbot, VerifyResult(9, 0, 8, CHANGED[3:4], earlier=5, earlier_since="2026-05-01T12:30:00+00:00"))
    label = dialog.findChild(QLabel, "verify_earlier")
    assert label is not None
    assert label.text() == (
        "Read before the verification was interrupted, since "
        f"{when('2026-05-01T12:30:00+00:00')}: 5 of the intact files."
    )
    assert shown(qtbot, VerifyResult(9, 0, 8, CHANGED[3:4])).findChild(QLabel, "verify_earlier") is None


def test_the_folder_of_a_file_is_opened(qtbot: QtBot, opened: list[Path]) -> None:
    dialog = shown(qtbot, VerifyResult(9, 1, 5, CHANGED))
    QTest.mouseClick(dialog.show_button, Qt.MouseButton.LeftButton)
    last = dialog.tree.topLevelItem(4)
    assert last is not None
    moved = last.child(0)
    assert moved is not None
    dialog.tree.setCurrentItem(last)
    assert not dialog.show_button.isEnabled()  # a line that is no file
    dialog.tree.setCurrentItem(moved)
    QTest.keyClick(dialog.tree, Qt.Key.Key_Return)
    assert opened == [ROOT / "Rose", ROOT / "Rose" / "2024"]


def test_a_folder_that_cannot_be_opened_is_said(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    dialog = shown(qtbot, VerifyResult(9, 1, 5, CHANGED))
    QTest.mouseClick(dialog.show_button, Qt.MouseButton.LeftButton)
    error = dialog.findChild(ErrorDialog)
    assert error is not None
    error.reject()


def test_a_long_list_is_cut(qtbot: QtBot) -> None:
    many = tuple(changed(f"{number}.jpg", Finding.GONE) for number in range(LONGEST_LIST + 7))
    [files] = lines(shown(qtbot, VerifyResult(999, 0, 0, many))).values()
    assert len(files) == LONGEST_LIST + 1
    assert files[-1][0] == "… and 7 more"


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """A window over a collection with one sort of two photos."""
    photos = {write(tmp_path / "photos" / f"{name}.jpg", name.encode() * 99): "Rose" for name in "ab"}
    with CollectionStore.open(tmp_path / "collection") as collection:
        sort(collection, photos, tmp_path / "sorted", Mode.COPY, source=tmp_path / "photos")
    with running(tmp_path / "collection", qtbot) as made:
        yield made


def begin(program: Program, rate_mb: int | None = None) -> VerifyStartDialog:
    """Choose the action, and a limit in its dialog."""
    program.window.actions_by_name["verify"].trigger()
    [dialog] = [each for each in program.window.findChildren(VerifyStartDialog) if each.isVisible()]
    if rate_mb is not None:
        dialog.rate.setValue(rate_mb)
    QTest.mouseClick(dialog.verify_button, Qt.MouseButton.LeftButton)
    return dialog


def test_the_action_asks_how_fast_to_read_and_remembers_it(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float | None] = []

    def verified(engine: object, request: VerifyRequest, *_: object) -> VerifyResult:
        rates.append(request.bytes_per_s)
        return VerifyResult(2, 0, 2, ())

    monkeypatch.setattr(verify_controller, "verify", verified)
    assert begin(program).rate.text() == "full speed"
    idle(program, qtbot)
    assert begin(program, 50).rate.text() == "50 MB a second"
    idle(program, qtbot)
    assert begin(program).rate.value() == 50
    idle(program, qtbot)
    assert rates == [None, 50e6, 50e6]
    program.window.actions_by_name["verify"].trigger()
    [dialog] = [each for each in program.window.findChildren(VerifyStartDialog) if each.isVisible()]
    QTest.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    assert len(rates) == 3


def test_the_action_says_that_all_is_well_or_shows_what_is_not(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    window = program.window
    begin(program)
    idle(program, qtbot)
    assert window.job_bar.message.text() == "2 photos verified: all as they were sorted."
    assert window.findChild(VerifyDialog) is None
    (tmp_path / "sorted" / "Rose" / "a.jpg").unlink()
    begin(program)
    window.actions_by_name["verify"].trigger()  # while it runs, once is enough
    idle(program, qtbot)
    [dialog] = window.findChildren(VerifyDialog)
    assert dialog.heading.text() == "2 photos verified: 1 rotted, gone or unreadable"
    dialog.close()
    QTest.mouseClick(window.job_bar.links[0], Qt.MouseButton.LeftButton)
    again = [each for each in window.findChildren(VerifyDialog) if each.isVisible()]
    assert [each.heading.text() for each in again] == [dialog.heading.text()]
    again[0].close()


def test_without_a_sort_there_is_nothing_to_verify(tmp_path: Path, qtbot: QtBot) -> None:
    with running(tmp_path / "collection", qtbot) as program:
        begin(program)
        idle(program, qtbot)
        assert program.window.job_bar.message.text() == "There is no sort to verify."
