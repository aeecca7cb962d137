"""The verb history: only sorts that did something, and their photos in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowersorter.commands.shared.context import recovery_sentences
from flowersorter.errors import LibraryFull
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import RecoveryResult
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.workflows.filing import history
from tests.unit.commands.conftest import Run, Try
from tests.unit.sorting.file_trees import filing
from tests.unit.workflows.conftest import draw_photos


def test_photos_that_were_there_are_counted_below_those_that_were_sorted(
    run: Run, photos: Path, tmp_path: Path
) -> None:
    run("sort", photos, "--to", tmp_path / "sorted")
    run("label", *draw_photos(photos, "red", 1, first=3), "--as", "red")
    (photos / "same.jpg").write_bytes((photos / "red_3.jpg").read_bytes())
    run("sort", photos, "--to", tmp_path / "sorted")
    rows = run("history", 2).splitlines()
    assert [row.split()[:3] for row in rows[:2]] == [
        ["state", "class", "photo"],
        ["done", "red", f"{photos / 'red_3.jpg'}"],
    ]
    assert rows[2:] == ["3 photos were already there.", "1 duplicate of another photo, which is sorted once"]
    assert json.loads(run("history", 2, "--json").splitlines()[-1])["summary"]["states"] == {"done": 1, "noted": 4}


def test_a_sort_that_did_nothing_is_not_listed_and_not_undone(run: Run, photos: Path, tmp_path: Path) -> None:
    run("sort", photos, "--to", tmp_path / "sorted")
    with CollectionStore.open(tmp_path / "collection") as collection:
        there = filing(photos / "red_0.jpg", "red")
        plan = make_plan([there], tmp_path / "sorted", Mode.COPY, CancelToken(), source_root=None)
        assert execute(plan, collection, silent, CancelToken()).run_id == 2
    lines = [json.loads(line) for line in run("history", "--json").splitlines()]
    assert [line["sort"] for line in lines[:-1]] == [1]
    assert lines[-1]["summary"] == {"sorts": 1, "photos": 3}
    assert run("undo") == "Sort 1: 3 photos undone.\n"
    (undone, _) = (json.loads(line) for line in run("history", "--json").splitlines())
    assert undone["state"] == "undone"


def test_one_long_name_does_not_make_every_line_wide(run: Run, photos: Path, tmp_path: Path) -> None:
    (photos / "red_0.jpg").rename(photos / f"{'n' * 240}.jpg")
    run("sort", photos, "--to", tmp_path / "s")
    rows = run("history", 1).splitlines()[1:]
    long = next(row for row in rows if "nnn" in row)
    others = [row for row in rows if row is not long]
    assert len(others) == 2
    assert long.count("n" * 240) == 2
    for row in others:
        assert "  " + " " * 90 not in row
        assert len(row) < 260, row


def test_a_full_disk_of_the_collection_does_not_keep_the_sorts_from_being_listed(
    attempt: Try, run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sort", photos, "--to", tmp_path / "sorted")
    with CollectionStore.open(tmp_path / "collection") as collection:
        collection.journal.reopen_run(1)

    opened = CollectionStore.open

    def full(*_: object, **told: object) -> Any:
        if told.get("read_only"):
            return opened(tmp_path / "collection", read_only=True)
        raise LibraryFull("The library could not be saved", "the disk is full", "Free some space there and try again")

    for owner, name in ((history, "recover"), (CollectionStore, "open")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, full)
            assert attempt("undo").code == 1
            listed = attempt("history")
        assert listed.code == 0
        assert str(tmp_path / "sorted") in listed.out


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (
            RecoveryResult(1, 2),
            ["An earlier sort was interrupted with 3 files under way: 1 finished, 2 as before it."],
        ),
        (
            RecoveryResult(3, 2, copies_removed=2),
            [
                "An earlier sort was interrupted with 5 files under way: 3 finished, 2 as before it.",
                "Unfinished copies were removed; their originals are where they were.",
            ],
        ),
        (
            RecoveryResult(0, 1, copies_removed=1),
            [
                "An earlier sort was interrupted with 1 file under way: 0 finished, 1 as before it.",
                "Unfinished copies were removed; their originals are where they were.",
            ],
        ),
    ],
)
def test_recovery_says_what_became_of_copies(result: RecoveryResult, said: list[str]) -> None:
    assert list(map(str, recovery_sentences(result))) == said
