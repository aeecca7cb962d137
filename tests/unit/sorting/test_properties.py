"""Any folder of photos, any classes, any order of sorting, meddling and undoing: nothing is lost, all comes back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowersorter.library.garden import Garden
from flowersorter.library.journal import RunState
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from tests.unit.sorting.orchard import contents, remember, snapshot, sort, take_back, write

pytestmark = pytest.mark.safety
_ALL = os.environ.get("FLOWERSORTER_SAFETY") == "1"

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
    garden: Garden
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
        remember(self.garden, self.source, list(self.photos))


@contextmanager
def scene() -> Iterator[Scene]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        root = Path(name)
        (root / "photos").mkdir()
        with Garden.open(root / "garden") as garden:
            yield Scene(root, garden)


@settings(
    max_examples=400 if _ALL else 40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not _ALL
)
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
        result = sort(stage.garden, stage.photos, stage.destination, mode, source=stage.source)
        after = snapshot(stage.source, stage.destination)
        assert all(filed.error is None for filed in result.files)
        assert len(result.files) == len(stage.photos)
        for path, seen in before.items():
            if mode != Mode.MOVE or stage.destination in path.parents or seen.kind == "folder":
                assert after[path] == seen, "an original or something that was there was changed"
        for filed in result.files:
            assert filed.destination is not None
            assert after[filed.destination].content == before[filed.source].content
            assert filed.destination.parent.parent == stage.destination
            copies = [path for path in after.keys() - before.keys() if path == filed.destination]
            assert len(copies) == (filed.destination not in before)
        places = [filed.destination for filed in result.files if filed.action == mode.value]
        assert len(set(places)) == len(places)
        assert set(contents(stage.source, stage.destination)) == {
            seen.content for seen in before.values() if seen.kind == "file"
        }
        if result.run_id is not None:
            assert take_back(stage.garden, result.run_id).refused == ()
        assert snapshot(stage.source, stage.destination) == before


steps = st.one_of(
    st.tuples(st.just("sort"), st.sampled_from(list(Mode))),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("edit"), st.integers(0, 30)),
    st.tuples(st.just("delete"), st.integers(0, 30)),
    st.tuples(st.just("class"), st.integers(0, 30)),
    st.tuples(st.just("recover"), st.just(0)),
)


@settings(
    max_examples=300 if _ALL else 25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not _ALL
)
@given(photos=st.lists(photo, min_size=1, max_size=6), script=st.lists(steps, max_size=14))
def test_any_sequence_of_steps_loses_nothing_the_person_did_not_delete(
    photos: list[tuple[str, str, str, str, bytes, str, int]], script: list[tuple[str, Any]]
) -> None:
    with scene() as stage:
        stage.plant(photos)
        wanted = set(contents(stage.source, stage.destination))
        changed = False
        before = snapshot(stage.source, stage.destination)
        for number, (what, which) in enumerate(script):
            if what == "sort":
                there = {path: name for path, name in stage.photos.items() if path.exists()}
                sort(stage.garden, there, stage.destination, Mode(which), source=stage.source)
            elif what == "undo":
                runs = [run for run in stage.garden.journal.runs() if run.state != RunState.UNDONE]
                if runs:
                    take_back(stage.garden, runs[int(which) % len(runs)].id)
            elif what == "recover":
                assert recover(stage.garden).problems == ()
            elif what == "class":
                path = list(stage.photos)[int(which) % len(stage.photos)]
                stage.photos[path] = "Tulip" if number % 2 else "new"
            else:
                changed = _meddle(stage, what, int(which), number) or changed
                wanted = set(contents(stage.source, stage.destination))
            assert set(contents(stage.source, stage.destination)) == wanted, f"{what} lost something"
        for run in stage.garden.journal.runs():
            if run.state != RunState.UNDONE:
                take_back(stage.garden, run.id)
        assert set(contents(stage.source, stage.destination)) == wanted
        if not changed:
            assert snapshot(stage.source, stage.destination) == before


def _meddle(stage: Scene, what: str, which: int, number: int) -> bool:
    """What a person does behind the program's back to some file, wherever it is now."""
    files = [path for path, seen in snapshot(stage.source, stage.destination).items() if seen.kind == "file"]
    if not files:
        return False
    path = files[which % len(files)]
    path.unlink()
    if what == "edit":
        write(path, b"edited %d" % number)
    return True
