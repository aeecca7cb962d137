"""Starting: what opens what, how fast the window is there, and collections that cannot be opened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from flowersorter import __main__, app
from flowersorter.__main__ import WindowRequest, window_request
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken
from flowersorter.jobs.worker_threads import workers_ended
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import Setting
from flowersorter.photos import thumbnail
from flowersorter.sorting.recover import RecoveryResult
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.ui.window.first_paint import FirstPaint
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting import ingest
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.qt.program import draw_folder, idle, running
from tests.stub_network import open_colour_network
from tests.stuck import LIMIT_S, Stuck


def test_a_folder_a_photo_or_nothing_opens_the_window(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"x")
    assert window_request([]) == WindowRequest()
    assert window_request([str(tmp_path)]) == WindowRequest((tmp_path,))
    assert window_request([str(photo), str(tmp_path)]) == WindowRequest((photo, tmp_path))
    (tmp_path / "notes.txt").touch()
    assert window_request([str(tmp_path / "notes.txt")]) == WindowRequest((tmp_path,))
    assert window_request(["--collection", str(tmp_path)]) == WindowRequest(collection=tmp_path)
    assert window_request([f"--collection={tmp_path}", str(tmp_path)]) == WindowRequest((tmp_path,), tmp_path)
    for line in (
        [str(tmp_path), "--collection", "g"],
        ["--collection", "g", str(tmp_path)],
        ["--collection=g", "--", str(tmp_path)],
    ):
        assert window_request(line) == WindowRequest((tmp_path,), Path("g"))
    assert window_request([str(tmp_path / "gone")]) == WindowRequest(
        (tmp_path / "gone",)
    )  # the window says that it is gone


@pytest.mark.parametrize(
    "arguments",
    [
        ["label", "x"],
        ["--help"],
        ["--version"],
        ["lable"],
        ["doctor"],
        ["a", "b"],
        ["--collection", "g", "history"],
        ["--json", "label", "x"],
        [".", "--version"],
        ["--device", "cpu"],
        [".", ""],
        [""],
    ],
)
def test_everything_else_is_for_the_command_line(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert window_request(arguments) is None
    from flowersorter import cli

    given: list[list[str]] = []

    def take(argv: list[str]) -> int:
        given.append(argv)
        return 7

    monkeypatch.setattr(cli, "main", take)
    assert __main__.main(arguments) == 7
    assert given == [arguments]


#: What takes time to load and has nothing to do with the first picture of the window.
NOT_YET = {
    *("torch", "torchvision", "scipy", "PIL", "pillow_heif", "httpx", "rich", "email", "natsort", "pathvalidate"),
    *(
        "flowersorter.photos",
        "flowersorter.sorting",
        "flowersorter.vision.classifier.model",
        "flowersorter.workflows.predicting.predict_folder",
    ),
    *(
        "flowersorter.workflows.training.train",
        "flowersorter.workflows.evaluation.evaluate",
        "flowersorter.workflows.predicting.photo_details",
    ),
    *(
        "flowersorter.ui.filing.sort_dialog",
        "flowersorter.ui.preferences.preferences_dialog",
        "flowersorter.ui.evaluation.evaluation_dialog",
    ),
    *(
        "flowersorter.ui.filing.history.history_dialog",
        "flowersorter.ui.window.about_dialog",
        "flowersorter.ui.shared.error_dialog",
    ),
}


#: As `flowersorter.__main__` ends: a thread may be left behind, and torch aborts where the interpreter is taken down.
END = "\nimport os, sys\nsys.stdout.flush()\nos._exit(0)\n"


def run_script(script: str) -> str:
    """Run this in a Python of its own and return what it printed last."""
    done = subprocess.run(
        [sys.executable, "-c", script + END],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        cwd=Path(app.__file__).parents[1],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_the_window_is_painted_before_anything_else_is_loaded(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from flowersorter import app
seen = []
def begin(program):
    seen.extend(name for name in {sorted(NOT_YET)!r} if name in sys.modules)
    seen.append("shown" if program.window.isVisible() else "hidden")
    program.window.close()
app.Program._begin = begin
assert app.run(["flowersorter"], (), Path({str(tmp_path / "collection")!r})) == 0
print(seen)
"""
    assert run_script(script) == "['shown']"


def test_a_folder_that_is_known_is_shown_without_the_network(tmp_path: Path) -> None:
    """Neither opening it nor what is loaded afterwards, at the first rest, imports torch."""
    folder = draw_folder(tmp_path / "photos", each=2)
    with Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network) as engine:
        request = PredictFolderRequest(folder)
        predict_folder(engine, request, lambda _news: None, CancelToken())
    script = f"""
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from flowersorter.app import Program
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
application = QApplication([])
program = Program(Engine(CollectionStore.open(Path({str(tmp_path / "collection")!r}))))
program._preload.finished.connect(program.window.close)
program.start(Path({str(folder)!r}))
application.exec()
program.shutdown()
loaded = [name for name in ("torch", "flowersorter.vision.classifier.fit") if name in sys.modules]
print(len(program.photos.columns), loaded)
"""
    assert run_script(script) == "7 ['flowersorter.vision.classifier.fit']"


def test_what_is_not_painted_does_not_wait_for_ever(qtbot: QtBot) -> None:
    """A window that starts minimised, say."""
    window = QWidget()
    qtbot.addWidget(window)
    first = FirstPaint(window)
    with qtbot.waitSignal(first.painted):
        pass


def test_the_first_paint_is_told_once(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    told: list[bool] = []
    first = FirstPaint(window)
    first.painted.connect(lambda: told.append(window.isVisible()))
    window.show()
    qtbot.waitUntil(lambda: bool(told))
    window.repaint()
    QApplication.processEvents()
    assert told == [True]


def note_boxes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Close every box the program waits for, and write down what it said."""
    said: list[tuple[str, str, str]] = []

    def look(box: ErrorDialog) -> int:
        said.append(box.said)
        box.close()
        return 0

    monkeypatch.setattr(ErrorDialog, "exec", look)
    return said


def test_a_collection_that_is_open_elsewhere_is_said_in_a_box(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = note_boxes(monkeypatch)
    monkeypatch.setattr(app, "LOCKED_FOR_S", 0)
    with CollectionStore.open(tmp_path / "collection"):  # as a command in a terminal, which takes no folders
        assert app.run(["flowersorter"], (tmp_path,), tmp_path / "collection") == 1
    assert len(said) == 1
    assert "is already open" in said[0][0]


def test_a_collection_that_is_damaged_is_said_in_a_box(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = note_boxes(monkeypatch)
    with CollectionStore.open(tmp_path / "collection"):
        pass
    for file in (tmp_path / "collection").glob("*.sqlite*"):
        file.write_bytes(b"this is no library" * 100)
    for file in (tmp_path / "collection").glob("*.db"):
        file.write_bytes(b"this is no library" * 100)
    assert app.run(["flowersorter"], (), tmp_path / "collection") == 1
    assert len(said) == 1


def test_what_recovery_did_is_told(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowersorter.library.tables.journal.Journal.open_runs", lambda _journal: ["one"])
    monkeypatch.setattr(
        "flowersorter.workflows.filing.history.recover_collection",
        lambda _collection: RecoveryResult(finished=2, rolled_back=1),
    )
    with running(tmp_path / "collection", qtbot) as program:
        idle(program, qtbot)
        assert program.window.job_bar.message.text() == "The last sort was interrupted. Photos repaired: 3."


@pytest.mark.parametrize("with_folder", [False, True])
def test_a_backup_that_could_not_be_made_is_said_with_what_to_do(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, with_folder: bool
) -> None:
    folder = draw_folder(tmp_path / "photos", each=1) if with_folder else None
    with CollectionStore.open(tmp_path / "collection") as collection:
        collection.settings.set(Setting("something", ""), "new")
    refuse_backups(monkeypatch)
    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url.toLocalFile())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        bar = program.window.job_bar
        assert bar.message.text() == (
            "The library could not be backed up: No space left on device. Check the disk and try again."
        )
        assert bar.links[0].text() == "Show folder"
        bar.links[0].click()
        assert opened == [str(tmp_path / "collection")]
        program.window.folder.rescan(quiet=False)  # said once, then the bar is for what happens
        idle(program, qtbot)
        assert bar.message.text().startswith("4 photos: ") == with_folder


def refuse_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every backup meet a full disk."""

    def full(*_: object, **__: object) -> None:
        raise UserError("The library could not be backed up", "No space left on device", "Check the disk and try again")

    monkeypatch.setattr("flowersorter.library.collection.back_up_if_changed", full)


def test_cancel_and_closing_do_not_wait_for_a_decoder(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for the network's decoding, nor for that of the tiles."""
    stuck = Stuck()
    monkeypatch.setattr(ingest, "read_photo", stuck)
    monkeypatch.setattr(thumbnail, "quick_thumbnail", stuck)
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as program:
        qtbot.waitUntil(stuck.begun.is_set)
        with qtbot.waitSignal(program.queue.cancelled):
            program.window.job_bar.cancel.click()
        stuck.begun.clear()
        program.window.open_folder(tmp_path / "photos")
        qtbot.waitUntil(stuck.begun.is_set)
    assert not workers_ended(0)
    stuck.gate.set()


def test_an_error_nobody_expected_is_shown_and_not_swallowed(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Exception] = []
    printed: list[BaseException] = []
    monkeypatch.setattr("flowersorter.ui.shared.error_dialog.show_error", lambda _parent, error: shown.append(error))
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: printed.append(error))
    with app._last_resort():
        fault = ValueError("unexpected")
        sys.excepthook(ValueError, fault, None)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert shown == [fault]
    assert len(printed) == 2
