"""Power cuts: whatever was not synced is forgotten, in any combination; recovery loses nothing."""

from __future__ import annotations

import os
import random
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowersorter.library.garden import Garden
from flowersorter.library.journal import RunState
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from tests.unit.sorting.orchard import (
    OtherDevice,
    Seen,
    contents,
    other_device,
    remember,
    snapshot,
    sort,
    take_back,
    write,
)
from tests.unit.sorting.power import PowerCut, PowerDisk

pytestmark = pytest.mark.safety
_STATES = 170 if os.environ.get("FLOWERSORTER_SAFETY") == "1" else 25


class _NoLinks(PowerDisk):
    """A disk without hard links, as memory cards are."""

    def link_new(self, source: Path, target: Path) -> None:
        raise PermissionError(1, "no links here")


@dataclass
class Stage:
    """Photos, a destination and a garden, planted anew for every trial."""

    root: Path
    kind: str
    mode: Mode

    @property
    def folders(self) -> list[Path]:
        return [self.root / "photos", self.root / "sorted"]

    @property
    def garden(self) -> Path:
        return self.root / "garden"

    def plant(self) -> dict[Path, str]:
        source, destination = self.folders
        for folder in (*self.folders, self.garden):
            shutil.rmtree(folder, ignore_errors=True)
        write(source / "a.xmp", b"edits of a")
        write(destination / "Tulip" / "old.jpg", b"was there")
        return {write(source / f"{name}.jpg", name.encode() * 50): "Rose" for name in "ab"}

    def disk(self, at: int) -> PowerDisk:
        kind = _NoLinks if self.kind == "no links" else PowerDisk
        return kind(self.folders, devices=self.kind == "two devices", at=at)

    def sort(self, photos: dict[Path, str], at: int) -> PowerDisk:
        disk = self.disk(at)
        with suppress(PowerCut), Garden.open(self.garden) as garden:
            remember(garden, self.folders[0], list(photos))
            sort(garden, photos, self.folders[1], self.mode, source=self.folders[0], files=disk)
        return disk

    def undo(self, at: int) -> PowerDisk:
        disk = self.disk(at)
        with suppress(PowerCut), Garden.open(self.garden) as garden:
            take_back(garden, 1, disk)
        return disk

    def check(self, before: dict[Path, Seen]) -> None:
        with Garden.open(self.garden) as garden:
            assert recover(garden).problems == ()
            now = snapshot(*self.folders)
            wanted = {seen.content for seen in before.values() if seen.kind == "file"}
            assert set(contents(*self.folders)) == wanted, "lost, changed or in part"
            assert not [path for path in now if path.name.startswith(".")]
            for path, seen in now.items():
                assert before.get(path, seen) == seen
            for run in garden.journal.runs():
                if run.state != RunState.UNDONE:
                    assert take_back(garden, run.id).refused == ()
        assert snapshot(*self.folders) == before


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("kind", ["one device", "two devices", "no links"])
def test_a_power_cut_loses_nothing(tmp_path: Path, kind: str, mode: Mode) -> None:
    try:
        with other_device(tmp_path) as memory:
            _cut_power(Stage(memory, kind, mode))
    except OtherDevice:
        _cut_power(Stage(tmp_path, kind, mode))


def _cut_power(stage: Stage) -> None:
    sorting = stage.sort(stage.plant(), -1).changes
    undoing = stage.undo(-1).changes
    for trial in range(_STATES):
        chance = random.Random(f"{stage.kind} {stage.mode} {trial}")
        photos = stage.plant()
        before = snapshot(*stage.folders)
        if trial % 3:
            disk = stage.sort(photos, chance.randrange(sorting))
        else:
            stage.sort(photos, -1)
            disk = stage.undo(chance.randrange(undoing))
        if chance.random() < 0.5:  # only the process was killed; the power goes while it recovers
            disk.go_on(chance.randrange(16))
            with suppress(PowerCut), Garden.open(stage.garden) as garden:
                recover(garden, disk)
        disk.forget(chance)
        stage.check(before)
