"""Starting: what opens what, how fast the window is there, and gardens that cannot be opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from flowersorter import __main__, app
from flowersorter.__main__ import Wish, window_wish
from flowersorter.library.garden import Garden
from flowersorter.ui.error_box import ErrorBox
from flowersorter.workflows.history import RecoveryResult
from tests.qt.program import idle, running


def test_a_folder_a_photo_or_nothing_opens_the_window(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"x")
    assert window_wish([]) == Wish()
    assert window_wish([str(tmp_path)]) == Wish(tmp_path)
    assert window_wish([str(photo)]) == Wish(tmp_path)
    assert window_wish(["--garden", str(tmp_path)]) == Wish(garden=tmp_path)
    assert window_wish([f"--garden={tmp_path}", str(tmp_path)]) == Wish(tmp_path, tmp_path)
    assert window_wish([str(tmp_path / "gone")]) == Wish(tmp_path / "gone")  # the window says that it is gone


@pytest.mark.parametrize(
    "arguments",
    [["label", "x"], ["--help"], ["--version"], ["lable"], ["doctor"], ["a", "b"], ["--garden", "g", "history"]],
)
def test_everything_else_is_for_the_command_line(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert window_wish(arguments) is None
    from flowersorter import cli

    given: list[list[str]] = []

    def take(argv: list[str]) -> int:
        given.append(argv)
        return 7

    monkeypatch.setattr(cli, "main", take)
    assert __main__.main(arguments) == 7
    assert given == [arguments]


def test_the_window_is_visible_before_torch_is_imported(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from PySide6.QtCore import QTimer\n"
        "from flowersorter import app\n"
        "seen = []\n"
        "shown = app.MainWindow.showEvent\n"
        "def note(self, event):\n"
        "    seen.extend(name for name in ('torch', 'torchvision', 'PIL.Image', 'httpx') if name in sys.modules)\n"
        "    QTimer.singleShot(0, self.close)\n"
        "    shown(self, event)\n"
        "app.MainWindow.showEvent = note\n"
        "app.Preload.run = lambda self: None\n"
        f"code = app.run(['flowersorter'], None, Path({str(tmp_path / 'garden')!r}))\n"
        "print(code, seen, 'torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(app.__file__).parents[1],
        env=dict(__import__("os").environ, QT_QPA_PLATFORM="offscreen"),
    )
    assert done.returncode == 0, done.stderr
    code, seen = done.stdout.split(" ", 1)
    assert code == "0"
    assert "torch" not in seen.split("]")[0]


def note_boxes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Close every box the program waits for, and write down what it said."""
    said: list[tuple[str, str, str]] = []

    def look(box: ErrorBox) -> int:
        said.append(box.said)
        box.close()
        return 0

    monkeypatch.setattr(ErrorBox, "exec", look)
    return said


def test_a_garden_that_is_open_elsewhere_is_said_in_a_box(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = note_boxes(monkeypatch)
    with Garden.open(tmp_path / "garden"):
        assert app.run(["flowersorter"], None, tmp_path / "garden") == 1
    assert len(said) == 1
    assert said[0][0]


def test_a_garden_that_is_damaged_is_said_in_a_box(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = note_boxes(monkeypatch)
    with Garden.open(tmp_path / "garden"):
        pass
    for file in (tmp_path / "garden").glob("*.sqlite*"):
        file.write_bytes(b"this is no library" * 100)
    for file in (tmp_path / "garden").glob("*.db"):
        file.write_bytes(b"this is no library" * 100)
    assert app.run(["flowersorter"], None, tmp_path / "garden") == 1
    assert len(said) == 1


def test_what_recovery_did_is_told(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "recover_garden", lambda _garden: RecoveryResult(finished=2, rolled_back=1))
    with running(tmp_path / "garden", qtbot, monkeypatch) as program:
        idle(program, qtbot)
        assert program.window.job_bar.message.text() == "The last sort was interrupted; 3 photos were put right."


def test_an_error_nobody_expected_is_shown_and_not_swallowed(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Exception] = []
    printed: list[BaseException] = []
    monkeypatch.setattr(app, "show_error", lambda _parent, error: shown.append(error))
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: printed.append(error))
    with app._last_resort():
        fault = ValueError("unexpected")
        sys.excepthook(ValueError, fault, None)
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert shown == [fault]
    assert len(printed) == 2
