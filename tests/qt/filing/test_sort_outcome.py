"""The sentence after a sort counts each photo once, in the singular where there is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.domain.journal import Run, RunState, Volume
from flowersorter.sorting.plan import Action, Mode
from flowersorter.sorting.runs.outcomes import FilingOutcome, RunResult
from flowersorter.ui.filing.sort_outcome import failure, outcome_text, stopped_text


def outcomes(action: Action, count: int, *, aside: int = 0, notes: int = 0) -> list[FilingOutcome]:
    """Photos of one action, the first of them moved aside or with a note."""
    there = Path("/sorted/a.jpg")
    return [
        FilingOutcome(
            Path(f"/photos/{number}.jpg"),
            there,
            action,
            "it was kept" if number < notes else None,
            moved_aside=number < aside,
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("files", "more", "said"),
    [
        (outcomes(Action.MOVE, 1), {}, "1 photo moved."),
        (
            outcomes(Action.DUPLICATE, 5, aside=4),
            {},
            "0 photos moved. 1 duplicate skipped. 4 duplicates moved aside.",
        ),
        (
            outcomes(Action.ALREADY_THERE, 3, aside=1) + outcomes(Action.DUPLICATE, 2),
            {"folders_removed": 1, "sidecars": 1},
            "0 photos moved. 2 already there. 2 duplicates skipped. 1 sidecar file with them. 1 duplicate moved aside."
            " 1 empty folder removed.",
        ),
        (
            outcomes(Action.MOVE, 20, notes=1),
            {"folders_removed": 2},
            "20 photos moved. 2 empty folders removed. 0.jpg: it was kept.",
        ),
        (outcomes(Action.MOVE, 4, notes=3), {}, "4 photos moved. 0.jpg: it was kept and 2 more."),
    ],
)
def test_each_photo_is_counted_once(files: list[FilingOutcome], more: dict[str, int], said: str) -> None:
    assert outcome_text(RunResult(1, tuple(files), **more), Mode.MOVE) == said  # type: ignore[arg-type]


def test_a_photo_that_failed_is_named() -> None:
    lost = FilingOutcome(Path("/photos/b.jpg"), None, Action.COPY, "it is not there any more")
    result = RunResult(1, (*outcomes(Action.COPY, 1), lost))
    assert outcome_text(result, Mode.COPY) == "1 photo copied. 1 could not be sorted."
    assert failure(result).why == "b.jpg: it is not there any more"


def test_a_sort_that_was_stopped_says_how_many_photos_it_sorted() -> None:
    assert [stopped_text(count) for count in (0, 1, 12)] == [
        "Stopped. No photo was sorted.",
        "Stopped. 1 photo is sorted and stays.",
        "Stopped. 12 photos are sorted and stay.",
    ]


def test_a_paused_sort_says_why_and_how_many_are_left() -> None:
    lost = FilingOutcome(Path("/photos/b.jpg"), None, Action.COPY, "the disk is full")
    waiting = replace(lost, waits=True)
    run = Run(1, "copy", None, Path("/sorted"), "", None, RunState.CANCELLED, 1, 0, 1, touched=2, waiting=1)
    run = replace(run, volumes={run.destination: Volume(Path("/"), 1, 1)})
    result = RunResult(1, (*outcomes(Action.COPY, 1), lost, waiting), paused="the disk is full", run=run)
    assert outcome_text(result, Mode.COPY) == "1 photo copied. 1 could not be sorted. 1 is not sorted yet."
    assert failure(result).why == "the disk is full"
    assert "History" in failure(result).hint
    stuck = replace(result, run=replace(run, undone=1))
    assert "sort the folder again" in failure(stuck).hint
