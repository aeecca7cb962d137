"""The installed program through AT-SPI, as a screen reader has it: another program reads, selects and presses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowersorter.library.collection import CollectionStore
from tests.drawing import GREEN, RED, textured, write_jpeg

SYSTEM_PYTHON = "/usr/bin/python3"
PERSON = Path(__file__).with_name("at_spi_person.py")
#: Starts the program, lets the person use it until it quits, and says how that went.
SESSION = """
"$1" -m flowersorter --collection "$2" "$3" &
"$4" "$5" "$6" || { kill $!; exit 1; }
wait $!
"""
LIMIT_S = 240


def missing() -> str:
    """What the system lacks for such a run; "" for nothing."""
    for program in ("Xvfb", "dbus-run-session", SYSTEM_PYTHON):
        if shutil.which(program) is None:
            return program
    asked = "import gi; gi.require_version('Atspi', '2.0'); from gi.repository import Atspi"
    found = subprocess.run([SYSTEM_PYTHON, "-c", asked], capture_output=True, check=False)
    return "" if found.returncode == 0 else "Atspi for Python (gir1.2-atspi-2.0, python3-gi)"


@pytest.fixture
def display() -> Iterator[str]:
    """A screen that is nowhere to be seen."""
    if lacking := missing():
        pytest.skip(f"this system has no {lacking}")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as number:
        yield f":{number.readline().strip()}"
    server.terminate()
    server.wait()


def test_a_photo_gets_its_class_through_a_screen_reader(tmp_path: Path, display: str) -> None:
    photos, collection = tmp_path / "photos", tmp_path / "collection"
    photos.mkdir()
    for number, colour in enumerate((RED, GREEN)):
        write_jpeg(photos / f"IMG_{number}.jpg", textured((96, 72), colour, number))
    arguments = [sys.executable, collection, photos, SYSTEM_PYTHON, PERSON, "daisy"]
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", SESSION, "sh", *map(str, arguments)],
        env=os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *_, before, after = done.stdout.splitlines()  # the registry of AT-SPI has its say first
    assert before.startswith("IMG_")
    assert after.partition(", ")[2].startswith("daisy, confirmed by you")
    with CollectionStore.open(collection) as stored:
        daisy = stored.classes.find("daisy")
        assert daisy is not None
        assert [label.class_id for label in stored.labels.all().values()] == [daisy.id]
