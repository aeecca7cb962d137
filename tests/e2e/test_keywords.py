"""Keywords, killed on the way: the next command puts every sidecar right, and undo brings all bytes back."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from flowersorter.photos.xmp.document import read_document
from flowersorter.photos.xmp.keywords import named_keywords
from tests.e2e.program import Program, Step, tree
from tests.e2e.test_stop import CLASSES, draw_many, label_by_hand
from tests.unit.photos.xmp_documents import DARKTABLE, LIGHTROOM, encoded

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as Unix has them")

PHOTOS = 6


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Path]:
    """A folder labelled once, some photos with sidecars; each test leaves it as it was."""
    base = tmp_path_factory.mktemp("keywords")
    program, folder = Program(base / "collection", base), base / "photos"
    draw_many(folder, PHOTOS)
    (folder / "IMG_0.xmp").write_text(LIGHTROOM, encoding="utf-8")
    (folder / "IMG_1.jpg.xmp").write_bytes(encoded(DARKTABLE, "utf-16-le"))
    (folder / "IMG_3.xmp").write_text(DARKTABLE, encoding="utf-8", newline="\r\n")
    program.ok("predict", folder)
    label_by_hand(program, folder)
    return program, folder


@pytest.mark.parametrize(
    ("verb", "name", "count", "when"),
    [
        ("keywords", "open_exclusive", 3, "after"),  # while the sidecars are prepared
        ("keywords", "unlink", 1, "after"),  # the old one has left its place, and the new one is not there
        ("sort", "link_new", 2, "after"),  # a file has two names
        ("sort", "rename_new", 2, "after"),
    ],
)
def test_a_kill_leaves_old_or_new_sidecars_and_undo_the_old_ones(
    prepared: tuple[Program, Path], tmp_path: Path, verb: str, name: str, count: int, when: str
) -> None:
    program, folder = prepared
    before, dest = tree(folder), tmp_path / "sorted"
    words: list[str | Path] = ["sort", folder, "--to", dest, "--move", "--keywords"]
    if verb == "keywords":
        words = ["keywords", folder]
    assert program.run_with_signal(Step(name, count, when, signal.SIGKILL), *words).code == -signal.SIGKILL
    known = {*CLASSES, "trip/holiday", "Rosa & friends"}
    program.ok("recover")
    for path in (*folder.rglob("*.xmp"), *dest.rglob("*.xmp")):
        assert set(named_keywords(read_document(path.read_bytes()).entries)) <= known
    done = program.ok(*words, "--json").summary
    assert done["failed"] == 0
    where = folder if verb == "keywords" else dest
    found = [named_keywords(read_document(path.read_bytes()).entries) for path in where.rglob("*.xmp")]
    assert len(found) == PHOTOS
    assert all(set(each) & set(CLASSES) for each in found)
    for entry in program.ok("history", "--json").objects[:-1]:
        if entry["state"] != "undone":
            program.ok("undo", str(entry["sort"]))
    assert tree(folder) == before
    assert not dest.exists()
    assert not (program.collection / "keywords").exists()
