"""SIGKILL before and after every step on disk and in the library; nothing is lost and all can be undone."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowersorter.job import CancelToken, silent
from flowersorter.library.garden import Garden
from flowersorter.library.journal import RunState
from flowersorter.sorting.execute import execute
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.undo import undo
from tests.unit.sorting.disks import Steps, run_and_die
from tests.unit.sorting.orchard import (
    OtherDevice,
    Seen,
    contents,
    other_device,
    plan,
    remember,
    snapshot,
    sort,
    write,
)

pytestmark = [pytest.mark.safety, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]

_ALL = os.environ.get("FLOWERSORTER_SAFETY") == "1"
_SHARE = 1 if _ALL else 41


@dataclass
class Stage:
    """A folder of photos, a destination, and a garden that knows them; can be set back to its start."""

    root: Path
    source: Path
    destination: Path
    kept: Path

    @property
    def garden(self) -> Path:
        return self.root / "garden"

    def photos(self) -> dict[Path, str]:
        return {
            self.source / "a.jpg": "Rose",
            self.source / "b.jpg": "Tulip",
            self.source / "deep" / "a.jpg": "Rose",
            self.source / "twin.jpg": "Tulip",
        }

    def build(self) -> None:
        """The garden is made once and copied: opening an empty one costs most of a test."""
        if self.kept.exists():
            shutil.rmtree(self.garden, ignore_errors=True)
            shutil.copytree(self.kept, self.garden)
        for folder in (self.source, self.destination):
            shutil.rmtree(folder, ignore_errors=True)
        write(self.source / "a.jpg", b"photo a" * 100)
        write(self.source / "a.jpg.xmp", b"edits of a", 0o444)
        write(self.source / "b.jpg", b"photo b" * 100, 0o600)
        write(self.source / "deep" / "a.jpg", b"another a" * 100)
        write(self.source / "twin.jpg", b"photo b" * 100)
        write(self.destination / "Rose" / "a.jpg", b"was there before")
        if not self.kept.exists():
            with Garden.open(self.garden) as garden:
                remember(garden, self.source, list(self.photos()))
            shutil.copytree(self.garden, self.kept)

    def sort(self, mode: Mode, steps: Steps) -> None:
        with Garden.open(self.garden) as garden:
            planned = plan(self.photos(), self.destination, mode, self.source)
            steps.watch_database(garden)
            execute(planned, garden, silent, CancelToken(), steps.disk())

    def undo(self, steps: Steps) -> None:
        with Garden.open(self.garden) as garden:
            steps.watch_database(garden)
            undo(garden, garden.journal.runs()[0].id, silent, CancelToken(), steps.disk())

    def recover(self, steps: Steps) -> None:
        with Garden.open(self.garden) as garden:
            steps.watch_database(garden)
            recover(garden, steps.disk())


@pytest.fixture(params=["same device", "other device"])
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """In memory where that can be had: thousands of waits for a disk take minutes and show nothing more."""
    try:
        with other_device(tmp_path) as memory:
            source = (memory if request.param == "same device" else tmp_path) / "photos"
            yield Stage(memory, source, memory / "sorted", memory / "kept")
    except OtherDevice as reason:
        if request.param == "other device":
            pytest.skip(str(reason))
        yield Stage(tmp_path, tmp_path / "photos", tmp_path / "sorted", tmp_path / "kept")


def _check_recovered(stage: Stage, before: dict[Path, Seen], mode: Mode) -> None:
    """After a crash: recover, look, then undo what is left to undo and look again."""
    with Garden.open(stage.garden) as garden:
        result = recover(garden)
        assert result.problems == ()
        now = snapshot(stage.source, stage.destination)
        originals = set(contents(stage.source, stage.destination))
        wanted = {b"photo a" * 100, b"edits of a", b"photo b" * 100, b"another a" * 100, b"was there before"}
        assert originals == wanted, "a photo is lost, changed or there in part"
        assert not [path for path in now if path.name.startswith(".")], "a temporary file was left"
        for path, seen in now.items():
            assert before.get(path, seen) == seen, "something that was there was changed"
        if mode != Mode.MOVE:
            assert not [path for path in before if path not in now], "something that was there is gone"
        together = {stage.source / "a.jpg", stage.source / "a.jpg.xmp"} & set(now)
        assert len(together) in {0, 2}, "a photo and its sidecar were parted"
        again = recover(garden)
        assert (again.finished, again.rolled_back) == (0, 0)
        assert garden.journal.open_filings() == []
        _check_library(garden, now)
        for run in garden.journal.runs():
            assert run.state != RunState.OPEN
            if run.state != RunState.UNDONE:
                assert undo(garden, run.id, silent, CancelToken()).refused == ()
        assert snapshot(stage.source, stage.destination) == before
        _check_library(garden, snapshot(stage.source, stage.destination))


def _check_library(garden: Garden, now: dict[Path, Seen]) -> None:
    for place in garden.photos.all_places():
        assert place.path in now, "the library knows a place that is not there"
        assert place.photo_id is not None


def _points(count: int, share: int) -> list[int]:
    """All steps, or every so many of them; the same ones in each run."""
    return list(range(0, count, share)) if share > 1 else list(range(count))


def _count(work: Callable[[Steps], None]) -> int:
    steps = Steps()
    work(steps)
    return len(steps.taken)


@pytest.mark.parametrize("mode", list(Mode))
def test_killed_while_sorting(stage: Stage, mode: Mode) -> None:
    stage.build()
    before = snapshot(stage.source, stage.destination)
    count = _count(lambda steps: stage.sort(mode, steps))
    for at in _points(count, _SHARE):
        for after in (False, True):
            stage.build()
            assert run_and_die(lambda steps: stage.sort(mode, steps), at, after=after)
            _check_recovered(stage, before, mode)


@pytest.mark.parametrize("mode", list(Mode))
def test_killed_while_undoing(stage: Stage, mode: Mode) -> None:
    stage.build()
    before = snapshot(stage.source, stage.destination)
    stage.sort(mode, Steps())
    count = _count(stage.undo)
    for at in _points(count, _SHARE):
        for after in (False, True):
            stage.build()
            stage.sort(mode, Steps())
            assert run_and_die(stage.undo, at, after=after)
            _check_recovered(stage, before, mode)


@pytest.mark.parametrize("mode", list(Mode))
def test_killed_while_sorting_and_again_while_recovering(stage: Stage, mode: Mode) -> None:
    stage.build()
    before = snapshot(stage.source, stage.destination)
    count = _count(lambda steps: stage.sort(mode, steps))
    chance = random.Random(f"{mode}")
    for _ in range(150 if _ALL else 3):
        stage.build()
        run_and_die(lambda steps: stage.sort(mode, steps), chance.randrange(count), after=chance.random() < 0.5)
        for _ in range(3):
            run_and_die(stage.recover, chance.randrange(40), after=chance.random() < 0.5)
        _check_recovered(stage, before, mode)


def test_a_run_that_ends_leaves_nothing_to_recover(stage: Stage) -> None:
    stage.build()
    with Garden.open(stage.garden) as garden:
        result = sort(garden, stage.photos(), stage.destination, Mode.MOVE, source=stage.source)
        assert (result.filed, result.duplicates, result.failed) == (3, 1, 0)
        assert recover(garden).finished == 0
