"""From starting the program to its window being visible, beside an empty window of the same toolkit."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.speed.bench import Bench
from tests.bench.speed.process import Figures, run_job
from tests.bench.speed.rows import Row

_VISIBLE_S = 0.7
#: A start is short and noisy: more repeats than elsewhere.
_TIMES = 3


def rows(bench: Bench) -> Iterator[Row]:
    """Starts of the program with a new collection and with a large one, and of an empty window, in turn."""
    many = bench.collection(bench.many, bench.some)
    bench.say("starting the program")
    runs: dict[str, list[Figures]] = {"program": [], "empty": [], "large collection": []}
    with tempfile.TemporaryDirectory() as scratch:
        collection = Path(scratch) / "collection"
        timed_start(collection=collection)  # makes the collection; Python compiles what it has not compiled yet
        for _ in range(_TIMES * bench.repeats):
            runs["program"].append(timed_start(collection=collection))
            runs["empty"].append(timed_start())
            runs["large collection"].append(timed_start(collection=many.collection))
    bench.figures["start"] = runs
    seconds = {name: median(run["visible_s"] for run in these) for name, these in runs.items()}
    torch = any(run["torch"] for these in runs.values() for run in these)
    yield Row(
        "window visible after start",
        seconds["program"],
        "s",
        _VISIBLE_S,
        note=f"an empty window of Qt for Python {seconds['empty']:.2f} s; with a collection of {bench.many:,} photos "
        f"{seconds['large collection']:.2f} s",
    )
    yield Row("torch imported before the window is visible", float(torch), "", 0.0)


def timed_start(collection: Path | None = None) -> Figures:
    """Start the program, or an empty window without a collection; "visible_s" counts from before the process."""
    started = time.time()
    figures = run_job("start") if collection is None else run_job("start", collection=collection)
    return figures | {"visible_s": figures["visible_at"] - started}


def _program(collection: str) -> None:
    """Run the program as its command does; told as soon as its window is on the screen, and ended."""
    from PySide6.QtWidgets import QApplication

    from flowersorter import __main__, app
    from flowersorter.ui.desktop.application import Application

    class Watched(Application):
        """An application that looks for a visible window from the moment its loop runs."""

        @staticmethod
        def exec() -> int:
            _tell_when_visible()
            return QApplication.exec()

    vars(app)["Application"] = Watched
    __main__.main(["--collection", collection])


def _empty() -> None:
    """Show a window with nothing in it."""
    from PySide6.QtWidgets import QApplication, QMainWindow

    application = QApplication([])
    window = QMainWindow()
    window.show()
    _tell_when_visible()
    application.exec()


def _tell_when_visible() -> None:
    """Print when a window was painted for the first time, and end the process there."""
    import os

    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    timer = QTimer(QApplication.instance())

    def look() -> None:
        windows = [widget.windowHandle() for widget in QApplication.topLevelWidgets() if widget.isVisible()]
        # Exposing and painting is one step of the event loop: when this is called it is done.
        if any(window is not None and window.isExposed() for window in windows):
            print(json.dumps({"visible_at": time.time(), "torch": "torch" in sys.modules}), flush=True)
            os._exit(0)

    timer.timeout.connect(look)
    timer.start(0)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    _program(given["collection"]) if given else _empty()
