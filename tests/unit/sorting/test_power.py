"""Power cuts: whatever was not synced is forgotten, in any combination; recovery loses nothing."""

from __future__ import annotations

import os
import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from flowersorter.library.garden import Garden
from flowersorter.library.journal import RunState
from flowersorter.sorting.files import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from tests.unit.sorting.orchard import (
    OtherDevice,
    contents,
    other_device,
    remember,
    snapshot,
    sort,
    take_back,
    write,
)
from tests.unit.sorting.power import PowerCut, PowerDisk

_STATES = 170 if os.environ.get("FLOWERSORTER_SAFETY") == "1" else 25


class _NoLinks(PowerDisk):
    """A disk without hard links, as memory cards are."""

    def link_new(self, source: Path, target: Path) -> None:
        raise PermissionError(1, "no links here")


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("kind", ["one device", "two devices", "no links"])
def test_a_power_cut_loses_nothing(tmp_path: Path, kind: str, mode: Mode) -> None:
    try:
        with other_device(tmp_path) as memory:
            _cut_power(memory, kind, mode)
    except OtherDevice:
        _cut_power(tmp_path, kind, mode)


def _cut_power(root: Path, kind: str, mode: Mode) -> None:
    source, destination = root / "photos", root / "sorted"
    disk_type = _NoLinks if kind == "no links" else PowerDisk
    for trial in range(_STATES):
        chance = random.Random(f"{kind} {mode} {trial}")
        for folder in (source, destination, root / "garden"):
            shutil.rmtree(folder, ignore_errors=True)
        photos = {write(source / f"{name}.jpg", name.encode() * 50): "Rose" for name in "ab"}
        write(source / "a.xmp", b"edits of a")
        write(destination / "Tulip" / "old.jpg", b"was there")
        before = snapshot(source, destination)
        files = set(contents(source, destination))
        undoing = chance.random() < 0.4
        with Garden.open(root / "garden") as garden:
            remember(garden, source, list(photos))
            first = disk_type([source, destination], devices=kind == "two devices", at=chance.randrange(18))
            disk = FileSystem() if undoing else first
            with suppress(PowerCut):
                result = sort(garden, photos, destination, mode, source=source, files=disk)
                if undoing:
                    disk = disk_type([source, destination], devices=kind == "two devices", at=chance.randrange(14))
                    take_back(garden, result.run_id, disk)
        if isinstance(disk, PowerDisk):
            disk.forget(chance)
        with Garden.open(root / "garden") as garden:
            assert recover(garden).problems == ()
            now = snapshot(source, destination)
            assert set(contents(source, destination)) == files, "lost, changed or in part"
            assert not [path for path in now if path.name.startswith(".")]
            for path, seen in now.items():
                assert before.get(path, seen) == seen
            for run in garden.journal.runs():
                if run.state != RunState.UNDONE:
                    assert take_back(garden, run.id).refused == ()
        assert snapshot(source, destination) == before, f"trial {trial}"
