"""The verb resume: continues a sort, says what is left, and what a sort that paused needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowersorter.sorting.filesystem import FileSystem
from tests.unit.commands.conftest import Try


def _full_after(monkeypatch: pytest.MonkeyPatch, copies: int) -> None:
    """The disk has room for so many photos only."""
    made: list[Path] = []
    original = FileSystem.open_exclusive

    def open_exclusive(self: FileSystem, path: Path) -> int:
        if len(made) == copies:
            raise OSError(28, "No space left on device")
        made.append(path)
        return original(self, path)

    monkeypatch.setattr(FileSystem, "open_exclusive", open_exclusive)


def test_a_paused_sort_says_what_to_do_and_goes_on(
    attempt: Try, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _full_after(patched, 1)
        paused = attempt("sort", photos, "--to", tmp_path / "sorted")
    assert paused.code == 1
    assert paused.err.splitlines()[-1] == (
        "Paused: the disk is full. What is sorted stays. Make room or connect the drive again. 1 photo of sort 1 is "
        "not sorted yet. To continue: flowersorter resume 1"
    )
    listed = attempt("history")
    assert listed.out.splitlines()[-1] == ("1 photo of sort 1 is not sorted yet. To continue: flowersorter resume 1")
    line = json.loads(attempt("history", "--json").out.splitlines()[0])
    assert (line["waiting"], line["can_be_resumed"]) == (1, True)
    with monkeypatch.context() as patched:
        patched.setattr(FileSystem, "free_bytes", lambda self, folder: 10)
        refused = attempt("resume")
    failed, why = refused.err.splitlines()
    assert failed == "1 photo of sort 1 could not be sorted. To see why: flowersorter history 1"
    assert "not enough space" in why
    assert "the disk is full" in attempt("history", 1).out
    again = attempt("resume")
    assert (again.code, again.err) == (0, "")
    assert again.out == "Sort 1: 2 photos more sorted. To undo all of it: flowersorter undo 1\n"
    nothing = attempt("resume", 1)
    assert (nothing.code, nothing.out) == (1, "")
    assert nothing.err == ("Sort 1 cannot be continued: all of its photos were tried. Sort the folder again.\n")
    assert attempt("resume").err == (
        "There is no sort to continue: every sort came to its end, was undone, or its folder has to be sorted again.\n"
    )


def test_its_json_lines_name_what_could_not_be_sorted(
    attempt: Try, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _full_after(patched, 1)
        done = attempt("sort", photos, "--to", tmp_path / "sorted", "--json")
    summary = json.loads(done.out.splitlines()[-1])["summary"]
    assert (summary["paused"], summary["waiting"], summary["sorted"]) == ("the disk is full", 1, 1)
    assert (summary["failed"], summary["can_be_resumed"]) == (1, True)
    (photos / "red_2.jpg").unlink()
    again = attempt("resume", "--json")
    *lines, last = map(json.loads, again.out.splitlines())
    assert [(Path(line["path"]).name, line["error"]) for line in lines] == [("red_2.jpg", "it is not there any more")]
    assert last["summary"] == {
        "sort": 1,
        "sorted": 1,
        "failed": 1,
        "waiting": 0,
        "paused": None,
        "can_be_resumed": False,
    }
    assert again.code == 1
    assert again.err == "1 photo could not be sorted: it is not there any more.\n"
