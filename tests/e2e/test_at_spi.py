"""The whole job through AT-SPI, as a screen reader has it: another program reads, selects, writes and presses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.ui.desktop.display_check import check_display
from tests.drawing import BLUE, GREEN, RED, textured, write_jpeg
from tests.e2e.program import LIMIT_S, Program

pytest.importorskip("jeepney", reason="jeepney (D-Bus) is a package for Linux")

from jeepney import DBusErrorResponse

from tests.e2e.at_spi import ScreenReader, Thing

PHOTOS = 18
NAMES = ("ruby", "fern", "moss", "lily", "reed", "iris")
#: The services that a session with AT-SPI starts by itself.
SERVICES = [
    Path("/usr/share/dbus-1/services/org.a11y.Bus.service"),
    Path("/usr/share/dbus-1/accessibility-services/org.a11y.atspi.Registry.service"),
]


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A screen that is nowhere to be seen."""
    if shutil.which("Xvfb") is None:
        pytest.skip("this system has no Xvfb (package xvfb)")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as number:
            name = f":{number.readline().strip()}"
        monkeypatch.setenv("DISPLAY", name)
        try:
            check_display({**os.environ, "QT_QPA_PLATFORM": "xcb"})
            yield name
        except UserError as error:
            pytest.skip(f"Qt lacks libraries for X11: {error}")
        finally:
            server.terminate()


@pytest.fixture
def session(display: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A session of a desktop with a message bus of its own: what a program in it finds in its environment."""
    if shutil.which("dbus-daemon") is None or not all(service.exists() for service in SERVICES):
        pytest.skip("this system has no AT-SPI (packages dbus-daemon and at-spi2-core)")
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    found = {"DISPLAY": display, "XDG_RUNTIME_DIR": str(runtime)}  # where AT-SPI has its own bus
    with subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"],
        env=os.environ | found,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as bus:
        assert bus.stdout is not None
        address = bus.stdout.readline().strip()
        yield found | {"DBUS_SESSION_BUS_ADDRESS": address}
        bus.terminate()  # what it has started ends with it


class Person:
    """Someone who uses the window without seeing it."""

    def __init__(self, reader: ScreenReader) -> None:
        self.reader = reader

    def confirmed(self) -> dict[str, int]:
        """How many photos of each class are confirmed, as the class list is read out."""
        (found,) = self.reader.until(
            lambda: (self._read_classes(),), "the classes"
        )  # tried again if one goes meanwhile
        return dict(found)

    def _read_classes(self) -> dict[str, int]:
        classes = self.reader.wait("list", "Classes").children
        found = [re.match(r"(\w+), \d+ photos?, (\d+) of them confirmed", each.name) for each in classes]
        return {each[1]: int(each[2]) for each in found if each is not None}

    def answer_all(self) -> None:
        """Answer the question of one section after the other, until every photo has its class."""
        self.reader.until(lambda: not self.confirmed(), "no class of the starter")
        while (before := sum(self.confirmed().values())) < PHOTOS:
            name = next(each for each in NAMES if each not in self.confirmed())
            self.reader.until(lambda: self.answer(name, before), "a question, and an answer that counts")  # noqa: B023

    def answer(self, name: str, before: int) -> bool:
        """Name the first group, or confirm the first suggestions, unless an answer counts by now; returns that.

        It may take more than one attempt: sections change, and suggestions that are new to the eye are not confirmed.
        """
        if sum(self.confirmed().values()) != before:
            return True
        header = self.reader.desktop.find("panel", re.compile(r"look alike|What is this|, likely,|, sure,| or .*\?,"))
        if header is None:
            return False
        answer = re.compile(r"^Confirm |of the class ")
        field = header.find("text", "Class of these photos")
        if field is not None:
            answer = re.compile(r"^Name \d+ photo")
            if field.text != name:
                field.write(name)
        button = header.find("push button", answer)
        if button is not None:
            button.press()
        return False

    def correct_a_photo(self) -> tuple[str, str]:
        """Give the first photo another class; returns the name of its file and that class."""
        self.reader.press("push button", "Show all photos of this section")  # those confirmed are in one line
        photos, photo = self.reader.until(self.shown_photo, "a photo with its class")
        file, class_name = photo.name.split(", ")[:2]
        other = next(name for name in self.confirmed() if name != class_name)
        photos.select(photo)
        self.reader.press("menu item", other, hidden=True)
        self.reader.wait("list item", re.compile(rf"^{re.escape(file)}, {other}, confirmed by you"))
        return file, other

    def shown_photo(self) -> tuple[Thing, Thing] | None:
        """The list of photos and the first one in it that is confirmed."""
        for photos in self.lists("Photos"):
            for photo in photos.children:
                if ", confirmed by you" in photo.name:
                    return photos, photo
        return None

    def lists(self, name: str) -> list[Thing]:
        """All lists of this name."""
        return [each for each in self.reader.desktop.within() if each.role == "list" and each.name == name]

    def choose(self, entry: str) -> None:
        """Choose an entry of a menu."""
        self.reader.press("menu item", entry, hidden=True)


def test_the_whole_job_through_a_screen_reader(tmp_path: Path, session: dict[str, str]) -> None:
    photos, collection, sorted_to = tmp_path / "photos", tmp_path / "collection", tmp_path / "sorted"
    photos.mkdir()
    for number in range(PHOTOS):
        write_jpeg(photos / f"IMG_{number:02}.jpg", textured((96, 72), (RED, GREEN, BLUE)[number % 3], number))
    before = sorted(each.name for each in photos.iterdir())

    extra = {"QT_QPA_PLATFORM": "xcb", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "PYTHONWARNINGS": ""}
    program = Program(collection, tmp_path, session | extra).start(stderr=subprocess.DEVNULL)
    try:
        with ScreenReader(session["DBUS_SESSION_BUS_ADDRESS"]) as reader:
            person = Person(reader)

            # Open a folder, and say that it shows other things than the starter's flowers.
            reader.press("push button", "Open a folder of photos")
            reader.wait("text", "Directory:").write(str(photos))
            reader.press("push button", "Choose")
            reader.press("push button", "Name my own classes")

            # Name groups, check suggestions, correct a photo.
            person.answer_all()
            file, class_name = person.correct_a_photo()

            # Sort: the sheet says how many, and the disk has them. Undo it.
            reader.press("push button", "Sort into folders…")
            reader.wait("text", "Folder for the class folders").write(str(sorted_to))
            reader.press("push button", f"Copy {PHOTOS} photos")
            reader.until(lambda: len(list(sorted_to.rglob("*.jpg"))) == PHOTOS, "sorted photos")
            assert (sorted_to / class_name / file).exists()
            reader.wait("label", re.compile(rf"^{PHOTOS} photos (copied|sorted)"))
            person.choose("Undo last sort…")
            reader.press("push button", "Undo the sort")
            reader.until(lambda: not sorted_to.exists(), "an undone sort")
            with suppress(DBusErrorResponse, TimeoutError):  # the program may be gone before it answers
                person.choose("Quit")
        assert program.wait(LIMIT_S) == 0
    finally:
        program.kill()
        program.communicate()
    assert sorted(each.name for each in photos.iterdir()) == before
    with CollectionStore.open(collection) as stored:
        names = {each.id: each.name for each in stored.classes.all()}
        assert len(stored.labels.all()) == PHOTOS
        assert {"ruby", "fern"} <= set(names.values())
