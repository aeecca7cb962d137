"""Finds reads and writes of the library in the GUI thread, where the window would wait for a job that writes."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import flowersorter
from flowersorter.library.database.connection import Database

PACKAGE = Path(flowersorter.__file__).parent
TESTS = str(Path(__file__).parent.parent)
#: Every way to the library's lock, except closing it, which follows the end of all jobs.
GUARDED = ("query", "tuples", "transaction", "after_commit", "check_integrity")
#: Code of the GUI thread.
GUI = (str(PACKAGE / "ui"), str(PACKAGE / "workers"), str(PACKAGE / "app.py"))
#: The library is read while the program is built: no job runs yet.
BUILDING = ("Program.__init__", "MainWindow.__init__", "LibraryState.__init__", "CollectionStore.__init__")


def watch_library(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record every use of the library by the window's code in the main thread.

    Returns:
        The stack of each; grows.
    """
    found: list[str] = []
    for name in GUARDED:
        monkeypatch.setattr(Database, name, _guarded(getattr(Database, name), found))
    return found


def _guarded(method: Callable[..., Any], found: list[str]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is threading.main_thread():
            found.extend(_from_the_window(sys._getframe(1)))
        return method(*args, **kwargs)

    return call


def _from_the_window(caller: FrameType) -> list[str]:
    """The stack if the window's code uses the library here, rather than a test or the making of the window."""
    frames, gui = list[tuple[FrameType, int]](), False
    for frame, line in traceback.walk_stack(caller):
        code = frame.f_code
        if code.co_qualname in BUILDING:
            return []
        if code.co_filename.startswith(TESTS):
            break
        frames.append((frame, line))
        gui = gui or code.co_filename.startswith(GUI)
    return ["".join(traceback.StackSummary.extract(reversed(frames)).format())] if gui else []
