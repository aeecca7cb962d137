"""One folder of drawn photos, labelled once for all tests; each test works on a copy of its collection."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.drawing import BLUE, GREEN, RED, YELLOW, textured, write_heic, write_jpeg, write_png
from tests.e2e.program import FileState, Finished, Program, tree

TAKEN = datetime(2026, 4, 1, 9, 30)


@dataclass(frozen=True)
class Labelled:
    """A folder that was labelled in a collection.

    Attributes:
        folder: The photos; no test may change them.
        collection: What the program remembers; tests copy it.
        before: The folder before it was labelled.
        result: What the labelling wrote as JSON lines.
    """

    folder: Path
    collection: Path
    before: dict[str, FileState | None]
    result: Finished


#: A name that is not valid UTF-8, with a line break; Linux allows it.
ODD_NAME = b"misc/caf\xe9 \n.jpg"
PHOTOS = (
    "day 1/IMG_1.jpg",
    "day 1/IMG_2.jpg",
    "day 1/IMG_3.jpg",
    "day 1/IMG_4.jpg",
    "day 1/IMG_10.jpg",
    "day 1/IMG_11.heic",
    "misc/blütenköpfe 花.png",
    "misc/copy of 1.jpg",
    *([os.fsdecode(ODD_NAME)] if sys.platform == "linux" else []),
)
DIFFERENT = 7  # photos among them that are no copy of another
UNREADABLE = ("misc/empty.jpg", "misc/text.jpg")


def draw_folder(folder: Path) -> None:
    """Draw what real folders hold: photos in sub-folders, a copy, a sidecar, broken files, other things."""
    (folder / "day 1").mkdir(parents=True)
    (folder / "misc").mkdir()
    for number, colour in enumerate((RED, GREEN, BLUE, YELLOW), start=1):
        picture = textured((320, 240), colour, seed=number)
        path = write_jpeg(folder / "day 1" / f"IMG_{number}.jpg", picture, orientation=6, taken_at=TAKEN)
        os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789 + number))
    write_jpeg(folder / "day 1" / "IMG_10.jpg", textured((300, 300), RED, seed=10))
    write_heic(folder / "day 1" / "IMG_11.heic", textured((320, 240), YELLOW, seed=11))
    write_png(folder / "misc" / "blütenköpfe 花.png", textured((200, 260), BLUE, seed=12))
    shutil.copy2(folder / "day 1" / "IMG_1.jpg", folder / "misc" / "copy of 1.jpg")
    (folder / "day 1" / "IMG_2.jpg.xmp").write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>\n")
    (folder / "misc" / "empty.jpg").write_bytes(b"")
    (folder / "misc" / "text.jpg").write_text("not a photo\n")
    (folder / "misc" / "notes.txt").write_text("plant tulips in October\n")
    if sys.platform == "linux":  # others take only names that are text
        shutil.copy2(folder / "day 1" / "IMG_4.jpg", folder / os.fsdecode(ODD_NAME))
    (folder / "misc" / ".hidden.jpg").write_bytes((folder / "day 1" / "IMG_3.jpg").read_bytes())


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    """The folder, labelled by the program once."""
    base = tmp_path_factory.mktemp("e2e")
    folder, collection = base / "photos", base / "collection"
    draw_folder(folder)
    return Labelled(folder, collection, tree(folder), Program(collection, base).ok("predict", folder, "--json"))


@pytest.fixture
def program(labelled: Labelled, tmp_path: Path) -> Program:
    """The program with a collection of its own that knows the labelled folder already."""
    collection = tmp_path / "collection"
    shutil.copytree(labelled.collection, collection)
    return Program(collection, tmp_path)


@pytest.fixture
def fresh(tmp_path: Path) -> Program:
    """The program with no collection yet."""
    return Program(tmp_path / "collection", tmp_path)
