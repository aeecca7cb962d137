"""Two processes with one collection: the second one hands its folders to the window of the first, and ends."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from flowersorter.ui.desktop.start_request import socket_address
from tests.e2e.program import Program, imported

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills the first process")

#: The program with its window; it prints the folders it is given instead of reading their photos.
_FIRST = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from flowersorter import app
from flowersorter.ui.window.main_window import MainWindow

def say(*words):
    print(*words, flush=True)

MainWindow.open_folder = lambda window, roots: say([str(root) for root in roots])
join = app.Program._join_desktop

def joined(program):
    join(program)
    say("ready")

app.Program._join_desktop = joined
sys.exit(app.run(["flowersorter"], (), Path(sys.argv[1])))
"""


def first_window(program: Program) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _FIRST, str(program.collection)],
        cwd=program.cwd,
        env=program.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_second_start_hands_over_its_folders_also_after_a_crash(fresh: Program, tmp_path: Path) -> None:
    day = tmp_path / "day 1"
    day.mkdir()
    (day / "a.jpg").write_bytes(b"no photo")
    first = first_window(fresh)
    first.kill()
    first.communicate()
    first = first_window(fresh)  # although the crashed one left its socket
    try:
        assert first.stdout is not None
        for words, roots in (
            (["day 1"], [day]),
            (["day 1/a.jpg", str(tmp_path)], [day / "a.jpg", tmp_path]),
        ):
            fresh.ok("--collection", fresh.collection.name, *words)
            assert ast.literal_eval(first.stdout.readline()) == [str(root) for root in roots]
        second = fresh.ok(PYTHONPROFILEIMPORTTIME="1")
        assert second.out == ""
        assert not [name for name in imported(second) if name.split(".")[0] in {"PySide6", "torch", "numpy", "rich"}]
    finally:
        first.kill()
        first.communicate()
        Path(socket_address(fresh.collection) or "").unlink(missing_ok=True)
