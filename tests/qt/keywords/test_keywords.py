"""Keywords in the window: written beside confirmed photos, and taken as labels from a list; both are undone."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.tables.settings import WRITE_KEYWORDS
from flowersorter.photos.xmp.document import read_document
from flowersorter.photos.xmp.keywords import entries_of, named_keywords
from flowersorter.photos.xmp.splice import merged
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.ui.keywords.take_dialog import TakeKeywordsDialog
from flowersorter.ui.preferences.preferences_dialog import PreferencesDialog
from tests.qt.program import idle, places, stored
from tests.unit.photos.xmp_documents import LIGHTROOM


def folder_of(program: Program) -> Path:
    return program.window.folder.roots[0]


def sidecars(folder: Path) -> dict[str, tuple[str, ...]]:
    """The keywords in each sidecar below a folder."""
    return {
        path.name: named_keywords(read_document(path.read_bytes()).entries) for path in sorted(folder.rglob("*.xmp"))
    }


def said(program: Program) -> str:
    return str(program.window.job_bar.message.text())


def answer(program: Program, name: str, asked: list[str], *, agrees: bool) -> None:
    """Answer a question as soon as it is there."""

    def click() -> None:
        question = program.window.findChild(QMessageBox, name)
        if not isinstance(question, QMessageBox):
            QTimer.singleShot(10, click)
            return
        asked.append(f"{question.text()} {question.informativeText()}")
        chosen = question.defaultButton() if agrees else question.button(QMessageBox.StandardButton.Cancel)
        chosen.click()

    QTimer.singleShot(0, click)


def write_keywords(program: Program, qtbot: QtBot, *, agrees: bool) -> str:
    asked: list[str] = []
    answer(program, "write_keywords_question", asked, agrees=agrees)
    program.window.actions_by_name["write_keywords"].trigger()
    qtbot.waitUntil(lambda: bool(asked))
    idle(program, qtbot)
    return asked[0]


def test_keywords_are_written_beside_confirmed_photos_after_a_question_and_undone(
    program: Program, qtbot: QtBot
) -> None:
    folder = folder_of(program)
    bad = folder / (stored(program).photos.place(places(program, "red")[0]).path.name + ".xmp")
    bad.write_bytes(b"broken")
    question = write_keywords(program, qtbot, agrees=False)
    assert question.startswith("Write the classes of your confirmed photos into 1 sidecar file?")
    assert question.endswith(f"No keywords in {bad.name}, because it is damaged or not XMP.")
    assert list(folder.rglob("*.xmp")) == [bad]
    bad.unlink()
    write_keywords(program, qtbot, agrees=True)
    assert said(program) == "Keywords in 2 sidecar files."
    assert list(sidecars(folder).values()) == [("red",), ("red",)]
    asked: list[str] = []
    answer(program, "undo_sort_question", asked, agrees=True)
    [undo] = [link for link in program.window.job_bar.links if link.isVisible() and link.text() == "Undo"]
    undo.click()
    qtbot.waitUntil(lambda: bool(asked))
    idle(program, qtbot)
    assert asked[0].startswith("Take the keywords out of the sidecar files again?")
    assert said(program) == "The sidecar files are as they were before."
    assert sidecars(folder) == {}


def test_with_nothing_to_write_the_bar_says_so(program: Program, qtbot: QtBot) -> None:
    write_keywords(program, qtbot, agrees=True)
    program.window.actions_by_name["write_keywords"].trigger()
    idle(program, qtbot)
    assert said(program) == "There are no keywords to write: no confirmed photo lacks any."


def test_keywords_of_other_programs_become_labels_only_when_they_are_chosen(program: Program, qtbot: QtBot) -> None:
    folder, collection = folder_of(program), stored(program)
    green, blue, red = (
        [collection.photos.place(place).path for place in places(program, name)] for name in ("green", "blue", "red")
    )
    green[0].with_suffix(".xmp").write_bytes(merged(None, entries_of("plants/green")).data)
    blue[0].with_name(blue[0].name + ".xmp").write_bytes(LIGHTROOM.encode())
    red[0].with_suffix(".xmp").write_bytes(merged(None, entries_of("green")).data)  # it is labelled red
    (folder / f"{blue[1].name}.xmp").write_bytes(b"broken")
    before = len(collection.labels.all())
    program.window.actions_by_name["take_keywords"].trigger()
    qtbot.waitUntil(lambda: program.window.findChild(TakeKeywordsDialog) is not None)
    dialog = program.window.findChild(TakeKeywordsDialog)
    assert isinstance(dialog, TakeKeywordsDialog)
    rows = [dialog.tree.topLevelItem(row) for row in range(dialog.tree.topLevelItemCount())]
    assert {row.text(0): row.text(1) for row in rows if row is not None} == {
        "green": "green",
        "plants/green": "green",
        "trip/holiday": "New class “trip/holiday”",
        "Rosa & friends": "New class “Rosa & friends”",
    }
    assert dialog.chosen == {"plants/green": "green"}
    bar = dialog.tree.horizontalScrollBar()
    assert (bar.minimum(), bar.maximum()) == (0, 0), "every column is in view"
    assert dialog.problems.text() == f"{blue[1].name}.xmp cannot be read: it is damaged or not XMP."
    for row in rows:
        if row is not None and row.text(0) == "Rosa & friends":
            row.setCheckState(0, Qt.CheckState.Checked)
    QTest.mouseClick(dialog.take_button, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    assert said(program) == "2 photos labelled."
    names = {entry.id: entry.name for entry in collection.classes.all()}
    columns = program.session.photos.columns
    by_name = {Path(name): int(columns.label_ids[row]) for row, name in enumerate(columns.names)}
    assert names[by_name[green[0]]] == "green"
    assert names[by_name[blue[0]]] == "Rosa & friends"
    assert names[by_name[red[0]]] == "red"
    program.window.actions_by_name["undo"].trigger()
    idle(program, qtbot)
    assert len(collection.labels.all()) == before
    assert said(program) == "The labels are as they were before."


def test_photos_without_keywords_open_no_list(program: Program, qtbot: QtBot) -> None:
    program.window.actions_by_name["take_keywords"].trigger()
    idle(program, qtbot)
    assert said(program) == "None of the photos here has a keyword."
    assert program.window.findChild(TakeKeywordsDialog) is None


def test_sort_writes_keywords_as_preferences_say_unless_the_person_chooses_otherwise(
    program: Program, qtbot: QtBot, tmp_path: Path
) -> None:
    program.window.actions_by_name["preferences"].trigger()
    qtbot.waitUntil(lambda: program.window.findChild(PreferencesDialog) is not None)
    preferences = program.window.findChild(PreferencesDialog)
    assert isinstance(preferences, PreferencesDialog)
    QTest.keyClick(preferences.keywords, Qt.Key.Key_Space)
    QTest.mouseClick(preferences.close_button, Qt.MouseButton.LeftButton)
    assert stored(program).settings.get(WRITE_KEYWORDS)
    program.window.actions_by_name["sort"].trigger()
    qtbot.waitUntil(lambda: program.window.findChild(SortDialog) is not None)
    dialog = program.window.findChild(SortDialog)
    assert isinstance(dialog, SortDialog)
    box = dialog.findChild(QCheckBox, "sort_keywords")
    assert isinstance(box, QCheckBox)
    assert box.isChecked()
    dialog.destination.setText(str(tmp_path / "sorted"))
    qtbot.waitUntil(dialog.file_button.isEnabled)
    assert "Keywords: 2 sidecar files." in dialog.summary.text
    box.setChecked(False)
    qtbot.waitUntil(lambda: not dialog.file_button.isEnabled())
    qtbot.waitUntil(dialog.file_button.isEnabled)
    assert "Keywords" not in dialog.summary.text
    box.setChecked(True)
    qtbot.waitUntil(lambda: not dialog.file_button.isEnabled())
    qtbot.waitUntil(dialog.file_button.isEnabled)
    QTest.mouseClick(dialog.file_button, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    assert said(program) == "2 photos copied. Keywords in 2 sidecar files."
    assert list(sidecars(tmp_path / "sorted").values()) == [("red",), ("red",)]
    assert sidecars(folder_of(program)) == {}
