"""Hostile file names x hostile class names: nothing gets out of the destination, all come back."""

from __future__ import annotations

import itertools
import os
import shutil
import unicodedata
from pathlib import Path

from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.plan import Mode
from tests.bench.safety.mounts import memory
from tests.bench.safety.tally import Tally, Watch
from tests.unit.sorting.file_trees import snapshot, sort, take_back, write

CLASS_NAMES = (
    *("..", ".", "...", "", " ", "-rf", "~root", "../../escape", "/etc/passwd", "a/b", "a\\b", "a:b", "C:\\x", "CON"),
    *("nul ", "COM1.x", "trailing.", "trailing ", "new\nline", "\x00nul", "\u202egpj.exe", "x" * 300, "ü" * 200),
    *("caf\u00e9", "cafe\u0301", "CAFÉ", "*?<>|\"'", "$HOME", "a\u200bb", ".flowersorter-1.part"),
)
_STEMS = (
    *(b"a", b"A", b"caf\xc3\xa9", b"cafe\xcc\x81", b"CAFE\xcc\x81", b"CON", b"nul ", b"-rf", b"--", b"~", b"."),
    *(b"..", b"...", b".hidden", b" ", b"\t", b"new\nline", b"\r", b"\x1b[31m", b"\xff\xfe", b"\xc3", b"a:b"),
    *(b"a\\b", b"..\\..\\x", b"*?", b"<>|", b"'", b'"', b"$(x)", b"`x`", b"%s%n", b"%2e%2e%2f", b"dot.", b"space "),
    *(b"\xe2\x80\xaegpj", b"a\xe2\x80\x8bb", b"\xef\xbb\xbfbom", b"\xf0\x9f\x8c\xb7", b"x" * 251, b"X" * 251),
    *(b"\xc3\xbc" * 125, b"a (2)", b"a (2) (2)", b".flowersorter-1", b"library.sqlite", b"desktop.ini", b"Thumbs.db"),
    *(b"\xc4\xb0", b"\xc3\x9f", b"ss", b"\xe1\xba\x9e", b"\xef\xac\x81", b"fi", b"\xce\x91\xcc\x81"),
)
_SUFFIXES = (b".jpg", b".JPG", b".jpeg", b".png", b". .jpg", b"..jpg", b".jpg.jpg")


def file_names(count: int) -> list[bytes]:
    """As many hostile names, all different."""
    every = (stem + suffix for suffix, stem in itertools.product(_SUFFIXES, _STEMS))
    names = [name for name in dict.fromkeys(every) if len(name) <= 255]
    return names[:count]


def hostile_names(scratch: Path, files: int = 300, classes: int = len(CLASS_NAMES)) -> Tally:
    """Sort every file into every class, then undo."""
    tally = Tally()
    with memory(scratch) as here:
        names = file_names(files)
        assert len(names) == files
        for number, class_name in enumerate(CLASS_NAMES[:classes]):
            _sort_into(here / "deep" / "er", names, class_name, list(Mode)[number % len(Mode)], tally)
            tally.tried += len(names)
    tally.notes.append(f"{files} file names x {classes} class names")
    return tally


def _sort_into(root: Path, names: list[bytes], class_name: str, mode: Mode, tally: Tally) -> None:
    source, destination = root / "photos", root / "sorted"
    shutil.rmtree(root.parent, ignore_errors=True)
    photos = {}
    for number, name in enumerate(names):
        photos[write(source / os.fsdecode(name), b"photo %d" % number)] = class_name
    watch = Watch(source, destination)
    with CollectionStore.open(root / "collection") as collection:
        outside = _outside(root, collection.folder)
        result = sort(collection, photos, destination, mode, source=source)
        tally.expect(all(file.error is None for file in result.files), f"not filed as {class_name!r}")
        tally.expect(_outside(root, collection.folder) == outside, "an escape from the destination")
        now = watch.count(tally, keeps=mode != Mode.MOVE)
        folders = [path for path in now if destination in path.parents and now[path].kind == "folder"]
        tally.expect(len(folders) == 1 and folders[0].parent == destination, "not one folder for one class")
        filed = [path for path, seen in now.items() if destination in path.parents and seen.kind != "folder"]
        tally.expect(all(path.parent in folders for path in filed), "an escape from its class folder")
        keys = {unicodedata.normalize("NFC", os.fsencode(path.name).decode("latin-1")).casefold() for path in filed}
        tally.expect(len(filed) == len(names) == len(keys), "twins on some file system")
        refused = take_back(collection, result.run_id).refused
        tally.expect(not refused, "undo refused")
    watch.compare(tally)


def _outside(root: Path, collection: Path) -> set[Path]:
    """What is anywhere around, but not in the three folders that may change."""
    ours = {root / "photos", root / "sorted", collection}
    return {path for path in snapshot(root.parent.parent) if not ours & {path, *path.parents}}
