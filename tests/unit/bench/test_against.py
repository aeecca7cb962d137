"""A share of `python -m tests.bench safety --against shutil`: what it finds of each sorter."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowersorter.sorting.plan import Mode
from tests.bench.safety import against
from tests.bench.safety.against import FAULTS, OTHER, SAME, Fault, Score, score_of
from tests.bench.safety.rivals import SORTERS, Ours, Scene, Sorter
from tests.unit.sorting.failing_disks import Around

pytestmark = pytest.mark.skipif(not hasattr(os, "fork") or not hasattr(os, "sendfile"), reason="needs fork, sendfile")

OURS, (COPY2, MOVE, RENAME) = SORTERS[:2], SORTERS[2:]


class _Overwriting(Ours):
    """Stands for a FlowerSorter that replaces files."""

    def watched(self, scene: Scene, around: Around) -> None:
        COPY2.watched(scene, around)


def measured(fault: Fault, sorter: Sorter) -> Score:
    score = score_of(fault, sorter, **fault.share)
    if score.skipped.startswith("skipped"):
        pytest.skip(score.skipped)
    return score


def fault_named(start: str, where: str) -> Fault:
    return next(fault for fault in FAULTS if fault.what.startswith(start) and fault.where == where)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.what} ({fault.where})")
@pytest.mark.parametrize("sorter", OURS, ids=lambda sorter: sorter.name)
def test_flowersorter_loses_nothing(fault: Fault, sorter: Sorter) -> None:
    score = measured(fault, sorter)
    assert (score.lost, score.partial) == (0, 0)
    assert score.tried > 0


@pytest.mark.parametrize(
    ("start", "where"),
    [("killed", SAME), ("power cut; any", SAME), ("each call", SAME), ("the disk is filled", OTHER)],
)
def test_a_fault_during_copy2_leaves_part_of_a_photo(start: str, where: str) -> None:
    assert measured(fault_named(start, where), COPY2).partial > 0


@pytest.mark.parametrize("start", ["power cut; any", "power cut; a journal"])
def test_a_power_cut_during_a_move_to_another_drive_loses_a_photo(start: str) -> None:
    assert measured(fault_named(start, OTHER), MOVE).lost > 0


@pytest.mark.parametrize("start", ["killed", "power cut; a journal", "each call"])
@pytest.mark.parametrize("sorter", [MOVE, RENAME], ids=lambda sorter: sorter.name)
def test_a_rename_on_one_drive_is_safe_in_itself(start: str, sorter: Sorter) -> None:
    score = measured(fault_named(start, SAME), sorter)
    assert (score.lost, score.partial) == (0, 0)


@pytest.mark.parametrize("sorter", [COPY2, MOVE, RENAME], ids=lambda sorter: sorter.name)
def test_plain_sorters_replace_a_file_of_the_same_name(sorter: Sorter) -> None:
    assert measured(fault_named("nothing fails", SAME), sorter).lost == 1


def test_rename_does_not_reach_another_drive() -> None:
    assert score_of(fault_named("killed", OTHER), RENAME).cell == "refuses another drive"


def test_the_table_goes_into_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "safety.md"
    begin, end = (f"<!-- python -m tests.bench safety --against shutil: {mark} -->" for mark in ("begin", "end"))
    document.write_text(f"before\n{begin}\n{end}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(against, "FAULTS", [fault_named("nothing fails", SAME)])
    assert against.against(document)
    text = document.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| 0 lost, 0 partial, of 1 | 0 lost, 0 partial, of 1 | 1 lost, 0 partial, of 1 |" in text
    assert "shutil.copy2         1 lost, 0 partial, of 1" in capsys.readouterr().out
    monkeypatch.setattr(against, "SORTERS", [_Overwriting(Mode.COPY)])
    assert not against.against(None)
