"""Uses the program that is installed as a person does: with an empty environment and no network.

    python packaging/try_installed.py [PROGRAM]

In the terminal it predicts a folder with HEICs and RAW files, trains, trains deeply and exports. In a window under
Xvfb, with keys alone, it labels, retrains, sorts and undoes. Suggestions must come from the engine that is fastest
here. Needs Linux, root, Xvfb and xdotool; `.ci/bundle` installs the program before. Prints how long each step took.
"""

from __future__ import annotations

import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.drawing import BLUE, RED, Colour, four_corners, textured, write_dng, write_heic, write_jpeg  # noqa: E402 - beside this

LIMIT_S = 300
#: From the start of the window to the first suggestion.
GOAL_S = 15
DISPLAY = ":97"
PHOTOS = 24
#: Of each class, for training.
_OF_A_CLASS = 12
#: The engine that computes suggestions, as `doctor` names it, and a library of it; and those of the other engine.
_ENGINES = (("OpenVINO", "libopenvino_intel_cpu_plugin"), ("PyTorch", "libtorch_cpu"))
_ENGINE, _OTHER = _ENGINES if platform.machine() == "x86_64" else _ENGINES[::-1]


class Failed(Exception):
    """A step did not do what it must: one sentence."""


class Installed:
    """The program with a collection of its own, in an empty environment without a network.

    Args:
        program: The file of the program.
        folder: For the collection and the home folder.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self.collection = folder / "collection"
        self._environment = {"HOME": str(folder / "home"), "DISPLAY": DISPLAY, "FLOWERSORTER_LANGUAGE": "en"}
        (folder / "home").mkdir()

    def command(self, *words: str | Path) -> list[str]:
        """The program in a network namespace in which there is no network."""
        return ["unshare", "--net", self._program, *map(str, words), "--collection", str(self.collection)]

    def ask(self, *words: str | Path) -> list[dict[str, Any]]:
        """Run a command; returns its JSON lines.

        Raises:
            Failed: it fails.
        """
        line = self.command(*words, "--json")
        done = subprocess.run(line, env=self._environment, capture_output=True, text=True, check=False, timeout=LIMIT_S)
        if done.returncode:
            raise Failed(f"{' '.join(map(str, words))} ended with {done.returncode}: {done.stderr}")
        return [json.loads(each) for each in done.stdout.splitlines()]

    def checks(self, *words: str) -> dict[str, str]:
        """The details of `doctor` by the name of the check."""
        return {check["name"]: check["detail"] for check in self.ask("doctor", *words)[:-1]}

    @contextmanager
    def window(self, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Open the window with a folder in it; it is closed by Ctrl+Q."""
        process = subprocess.Popen(self.command(folder), env=self._environment)
        try:
            yield process
            press("ctrl+q")
            if process.wait(LIMIT_S):
                raise Failed(f"the window ended with {process.returncode}")
        finally:
            process.kill()
            process.wait()


def press(*keys: str) -> None:
    """Press keys in the window that has the focus."""
    subprocess.run(["xdotool", "key", "--clearmodifiers", "--delay", "100", *keys], env=_with_display(), check=True)


def focus() -> None:
    """Give the window the focus: there is no window manager to do it."""
    wait_for("the window", lambda: bool(_windows()))
    subprocess.run(["xdotool", "windowfocus", "--sync", _windows()[-1]], env=_with_display(), check=True)


def _windows() -> list[str]:
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--class", "flowersorter"],
        env=_with_display(),
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.split()


def _with_display() -> dict[str, str]:
    return {**os.environ, "DISPLAY": DISPLAY}


def wait_for(what: str, happened: Callable[[], bool]) -> float:
    """Wait until something has happened; returns for how long, in seconds.

    Raises:
        Failed: it does not happen in time.
    """
    begun = time.monotonic()
    while not happened():
        if time.monotonic() - begun > LIMIT_S:
            raise Failed(f"{what} did not come within {LIMIT_S} s")
        time.sleep(0.1)
    return time.monotonic() - begun


@contextmanager
def virtual_screen() -> Iterator[None]:
    """Run an X server without a screen."""
    server = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
    try:
        socket = Path("/tmp/.X11-unix") / f"X{DISPLAY.removeprefix(':')}"
        wait_for("the X server", socket.exists)
        yield
    finally:
        server.terminate()
        server.wait()


def draw_photos(folder: Path) -> None:
    """Draw photos of two kinds, some of them as phones and cameras write them."""
    folder.mkdir()
    for number in range(PHOTOS):
        picture = textured((640, 480), (RED, BLUE)[number % 2], seed=number)
        match number % 4:
            case 0:
                write_heic(folder / f"IMG_{number:02}.heic", picture)
            case 1:
                write_dng(folder / f"IMG_{number:02}.dng", picture)
            case _:
                write_jpeg(folder / f"IMG_{number:02}.jpg", picture)


def draw_classes(folder: Path) -> None:
    """Draw two class folders of photos, none of which are near-copies."""
    dice = random.Random(0)

    def colour() -> Colour:
        return dice.randrange(256), dice.randrange(256), dice.randrange(256)

    for name in ("plain", "corners"):
        (folder / name).mkdir(parents=True)
    for number in range(_OF_A_CLASS):
        write_jpeg(folder / "plain" / f"{number}.jpg", textured((320, 240), colour(), seed=number))
        write_jpeg(folder / "corners" / f"{number}.jpg", four_corners((320, 240), [colour() for _ in range(4)]))


def try_terminal(installed: Installed, photos: Path) -> None:
    """Predict the folder, and check the installation.

    Raises:
        Failed: a photo has no suggestion, another engine computed it, or something is wrong with the installation.
    """
    *lines, last = installed.ask("predict", photos)
    without = [line["path"] for line in lines if "error" in line or not line["top"]]
    if len(lines) != PHOTOS or without:
        raise Failed(f"no suggestion for {without or 'some photos'} of {last}")
    checks = installed.checks("--full")
    if "built" not in checks["FlowerSorter"]:
        raise Failed(f"the day of the build is missing in: {checks['FlowerSorter']}")
    if _ENGINE[0] not in checks["Device"]:
        raise Failed(f"suggestions come from another engine than {_ENGINE[0]}: {checks['Device']}")
    print(checks["Device"])


def try_training(installed: Installed, folder: Path) -> None:
    """Train from class folders, export the model and train deeply, which needs PyTorch.

    Raises:
        Failed: a command fails.
    """
    draw_classes(folder)
    installed.ask("train", folder)
    for name in ("model.pth", "model.onnx"):
        installed.ask("export", folder / name)
    installed.ask("train", folder, "--deep", "--epochs", "1")


def try_window(installed: Installed, photos: Path) -> float:
    """Label, retrain, sort and undo with keys; returns the seconds from the start to the first suggestion.

    Raises:
        Failed: a step changes nothing, or suggestions come from another engine.
    """
    begun = time.monotonic()
    target = photos.with_name(f"{photos.name} sorted")
    with installed.window(photos) as process:
        wait_for("the first suggestion", lambda: _has_embeddings(installed.collection))
        first_s = time.monotonic() - begun
        libraries = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8")
        if _ENGINE[1] not in libraries or _OTHER[1] in libraries:
            raise Failed(f"the window has not loaded {_ENGINE[0]} alone")
        focus()
        press("ctrl+a", "1")
        wait_for("the labels", lambda: _labels(installed) == PHOTOS)
        press("ctrl+t")
        wait_for("the new model", lambda: installed.ask("models")[-1]["summary"]["models"] > 1)
        press("ctrl+shift+s")
        wait_for("the sort dialog", lambda: len(_windows()) > 1)
        focus()
        wait_for("the sort", lambda: _pressed("Return", lambda: _files(target) == PHOTOS))
        focus()
        press("ctrl+alt+z")
        wait_for("the question", lambda: len(_windows()) > 1)
        focus()
        wait_for("the undo", lambda: _pressed("Return", lambda: _files(target) == 0))
        focus()
    if _files(photos) != PHOTOS:
        raise Failed("photos are missing in their folder")
    return first_s


def _has_embeddings(collection: Path) -> bool:
    return any(path.stat().st_size for path in collection.rglob("*.rows"))


def _pressed(key: str, happened: Callable[[], bool]) -> bool:
    """Press a key unless something has happened; a dialog may not be ready for it at once."""
    if happened():
        return True
    press(key)
    time.sleep(1)
    return happened()


def _labels(installed: Installed) -> int:
    return int(installed.checks()["Collection"].partition("labels: ")[2].partition(",")[0])


def _seconds_of(step: Callable[[Installed, Path], None], installed: Installed, folder: Path) -> float:
    begun = time.monotonic()
    step(installed, folder)
    return time.monotonic() - begun


def _files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def main() -> int:
    """Try everything; returns the exit status."""
    program = sys.argv[1] if len(sys.argv) > 1 else shutil.which("flowersorter") or "flowersorter"
    folder = Path(tempfile.mkdtemp())
    try:
        draw_photos(folder / "photos")
        installed = Installed(program, folder)
        print(f"terminal: {_seconds_of(try_terminal, installed, folder / 'photos'):.1f} s")
        print(f"training and exports: {_seconds_of(try_training, installed, folder / 'classes'):.1f} s")
        shutil.rmtree(installed.collection)
        load = os.getloadavg()[0]
        with virtual_screen():
            first_s = try_window(installed, folder / "photos")
        print(f"window: the first suggestion after {first_s:.1f} s at a load average of {load:.1f} (goal: {GOAL_S} s)")
    except (Failed, subprocess.SubprocessError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
