"""Any folder of photos, any classes, any order of sorting, meddling and undoing: nothing is lost, all comes back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.plan import Mode
from tests.unit.sorting.file_trees import contents, remember, snapshot, sort, take_back, write

stems = st.sampled_from(
    ["a", "A", "IMG_1", "img_1", "caf\u00e9", "cafe\u0301", "-rf", "n\nl", "x" * 240, os.fsdecode(b"\xff")]
)
suffixes = st.sampled_from([".jpg", ".JPG", ".png", ".heic"])
sidecars = st.sampled_from(["", "", ".xmp", ".aae", ".CR2", ".mov"])
folders = st.sampled_from(["", "deep", "deep/er"])
bytes_of = st.sampled_from([b"1", b"2", b"33", b"44", b"555"])
classes = st.sampled_from(["Rose", "rose", "Tulip", "a/b", "a:b", "..", "CON", "caf\u00e9", "cafe\u0301"])
modes = st.sampled_from([0o644, 0o600, 0o444])

photo = st.tuples(folders, stems, suffixes, sidecars, bytes_of, classes, modes)


@dataclass
class Scene:
    """Photos to sort, and what lies in the destination already."""

    root: Path
    collection: CollectionStore
    photos: dict[Path, str] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        return self.root / "photos"

    @property
    def destination(self) -> Path:
        return self.root / "sorted"

    def plant(self, photos: list[tuple[str, str, str, str, bytes, str, int]]) -> None:
        for folder, stem, suffix, sidecar, content, class_name, mode in photos:
            path = write(self.source / folder / (stem + suffix), content, mode)
            self.photos[path] = class_name
            if sidecar:
                write(self.source / folder / (stem + sidecar), b"side " + content, mode)
        remember(self.collection, self.source, list(self.photos))


@contextmanager
def scene() -> Iterator[Scene]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        root = Path(name)
        (root / "photos").mkdir()
        with CollectionStore.open(root / "collection") as collection:
            yield Scene(root, collection)


@settings(max_examples=40, derandomize=True)
@given(
    photos=st.lists(photo, max_size=8),
    there=st.lists(st.tuples(classes, stems, suffixes, bytes_of), max_size=4),
    mode=st.sampled_from(list(Mode)),
)
def test_sorting_and_undoing(
    photos: list[tuple[str, str, str, str, bytes, str, int]],
    there: list[tuple[str, str, str, bytes]],
    mode: Mode,
) -> None:
    with scene() as stage:
        stage.plant(photos)
        for class_name, stem, suffix, content in there:
            if class_name.isalpha():
                write(stage.destination / class_name / (stem + suffix), content)
        before = snapshot(stage.source, stage.destination)
        result = sort(stage.collection, stage.photos, stage.destination, mode, source=stage.source)
        after = snapshot(stage.source, stage.destination)
        contents_at_sort = {path: path.read_bytes() for path, seen in after.items() if seen.kind != "folder"}
        assert all(filed.error is None for filed in result.files)
        assert len(result.files) == len(stage.photos)
        for path, seen in before.items():
            if mode != Mode.MOVE or stage.destination in path.parents or seen.kind == "folder":
                assert after[path] == seen, "an original or something that was there was changed"
        for filed in result.files:
            assert filed.destination is not None
            assert contents_at_sort[filed.destination] == before[filed.source].content
            assert filed.destination.parent.parent == stage.destination
            copies = [path for path in after.keys() - before.keys() if path == filed.destination]
            assert len(copies) == (filed.destination not in before)
        places = [filed.destination for filed in result.files if filed.action == mode.value]
        assert len(set(places)) == len(places)
        assert set(contents(stage.source, stage.destination)) == {
            seen.content for seen in before.values() if seen.kind == "file"
        }
        if result.run_id is not None:
            assert take_back(stage.collection, result.run_id).refused == ()
        assert snapshot(stage.source, stage.destination) == before
