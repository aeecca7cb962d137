"""The verb undo: the sort it chooses, and its sentences about copies that are gone, edited or cannot be undone."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flowersorter.commands.shared.output import Terminal
from flowersorter.sorting import sidecar_groups
from tests.drawing import RED, textured, write_jpeg
from tests.unit.commands.conftest import Run, Try


def test_a_sort_whose_rest_cannot_be_undone_is_passed_over(
    attempt: Try, run: Run, photos: Path, tmp_path: Path
) -> None:
    run("sort", photos, "--to", tmp_path / "first")
    run("sort", photos, "--to", tmp_path / "second")
    for number in (0, 1):
        (tmp_path / "second" / "red" / f"red_{number}.jpg").write_bytes(b"edited")
    once = attempt("undo")
    assert (once.code, once.out.splitlines()[0]) == (1, "Sort 2: 1 photo undone.")
    assert "it has changed since it was sorted, so the copy was kept" in once.out
    assert once.err == (  # --yes would not help
        "2 photos were left as they are; the first one: it has changed since it was sorted, so the copy was kept.\n"
    )
    again = attempt("undo")
    assert (again.code, again.out) == (0, "Sort 1: 3 photos undone.\n")
    assert again.err == "Sort 2: 2 photos could not be undone, see `flowersorter undo 2`.\n"
    assert attempt("undo").err == (
        "There is nothing more to undo: 2 photos of sort 2 could not be undone. "
        '"flowersorter undo 2" lists the reasons.\n'
    )
    named = attempt("undo", 2, "--json")
    assert json.loads(named.out.splitlines()[-1])["summary"] == {
        "sort": 2,
        "undone": 0,
        "gone": 0,
        "refused": 2,
        "moved": 0,
        "edited": 0,
        "passed_over": [],
    }


def test_a_sort_that_can_be_undone_after_all_is_not_passed_over(
    attempt: Try, run: Run, photos: Path, tmp_path: Path
) -> None:
    run("sort", photos, "--to", tmp_path / "first")
    run("sort", photos, "--to", tmp_path / "second")
    copy = tmp_path / "second" / "red" / "red_0.jpg"
    content = copy.read_bytes()
    copy.write_bytes(b"edited")
    assert attempt("undo").code == 1
    copy.write_bytes(content)
    assert attempt("undo").out == "Sort 2: 1 photo undone.\n"


def test_a_copy_that_was_deleted_is_counted_apart(attempt: Try, run: Run, photos: Path, tmp_path: Path) -> None:
    run("sort", photos, "--to", tmp_path / "sorted")
    (tmp_path / "sorted" / "red" / "red_0.jpg").unlink()
    assert attempt("undo").out == "Sort 1: 2 photos undone.\n1 copy was gone already.\n"
    run("sort", photos, "--to", tmp_path / "linked", "--link")
    for number in (0, 1):
        (tmp_path / "linked" / "red" / f"red_{number}.jpg").unlink()
    assert attempt("undo").out == "Sort 2: 1 photo undone.\n2 links were gone already.\n"


def test_what_yes_takes_back_is_said_as_it_is(attempt: Try, run: Run, photos: Path, tmp_path: Path) -> None:
    run("sort", photos, "--to", tmp_path / "sorted", "--move")
    red = tmp_path / "sorted" / "red"
    write_jpeg(red / "red_0.jpg", textured((90, 70), RED, seed=99))
    kept = attempt("undo")
    assert kept.err.endswith("To move the edited ones back as they are now: flowersorter undo 1 --yes\n")
    assert attempt("undo", "--yes").out == "Sort 1: 1 photo undone.\n"
    run("sort", photos, "--to", tmp_path / "sorted")
    (red / "red_1.jpg").rename(red / "new.jpg")
    (red / "red_2.jpg").write_bytes(b"edited")
    kept = attempt("undo")
    assert kept.err.endswith("To undo the moved and renamed ones too: flowersorter undo 2 --yes\n")
    assert "edited" not in kept.err


def test_photos_that_were_edited_and_then_moved_are_found_by_their_picture(
    attempt: Try, run: Run, photos: Path, tmp_path: Path
) -> None:
    run("sort", photos, "--to", tmp_path / "sorted", "--move")
    red = tmp_path / "sorted" / "red"
    for number in (0, 1, 2):
        with Image.open(red / f"red_{number}.jpg") as image:
            image.save(red / f"red_{number}.jpg", quality=70)
    run("predict", red.parent)  # the library reads them as the same pictures
    (red / "2024").mkdir()
    (red / "red_0.jpg").rename(red / "2024" / "new.jpg")
    edited = (red / "2024" / "new.jpg").read_bytes()
    kept = attempt("undo")
    assert "it was moved or renamed since: red/2024/new.jpg" in kept.out
    assert attempt("undo", "--yes").out == "Sort 1: 3 photos undone.\n"
    assert (photos / "red_0.jpg").read_bytes() == edited


def test_how_to_undo_is_said_once(run: Run, photos: Path, tmp_path: Path) -> None:
    (photos / "sub").mkdir()
    (photos / "sub" / "same.jpg").write_bytes((photos / "red_0.jpg").read_bytes())
    moving = ("--move", "--move-duplicates", "--remove-empty-folders")
    planned = run("sort", photos, "--to", tmp_path / "sorted", *moving, "--dry-run")
    assert planned.count("sub/same.jpg") == planned.count("sub/same.jpg -> Duplicates/same.jpg\n") == 1
    said = run("sort", photos, "--to", tmp_path / "sorted", *moving)
    assert said.splitlines()[-1] == (
        "3 photos moved, 1 duplicate moved, 1 empty folder removed. To undo that: flowersorter undo 1"
    )
    assert said.count("To undo that") == 1


def dated(tmp_path: Path, sort: int, moment: str) -> None:
    with closing(sqlite3.connect(tmp_path / "collection" / "library.sqlite")) as database, database:
        database.execute("UPDATE runs SET started_at = ? WHERE id = ?", (moment, sort))


def test_every_sort_since_a_time_is_undone_the_newest_first(
    attempt: Try, run: Run, photos: Path, tmp_path: Path
) -> None:
    for number in range(3):
        run("sort", photos, "--to", tmp_path / f"sorted {number}")
        dated(tmp_path, number + 1, f"2026-05-0{number + 1}T12:00:00+00:00")
    said = run("undo", "--since", "2026-05-02T11:59:59+00:00")
    assert said == "Sort 3: 3 photos undone.\nSort 2: 3 photos undone.\n"
    assert [len(list((tmp_path / f"sorted {number}").rglob("*.jpg"))) for number in range(3)] == [3, 0, 0]
    again = attempt("undo", "--since", "2026-05-02")
    assert again.code == 1
    assert "no sort that began at 2026-05-02 00:00:00 or later has anything left to undo" in again.err


def test_a_photo_that_is_left_is_named_and_the_other_sorts_are_undone(
    attempt: Try, run: Run, photos: Path, tmp_path: Path
) -> None:
    for number in range(2):
        run("sort", photos, "--to", tmp_path / f"sorted {number}")
    edited = tmp_path / "sorted 1" / "red" / "red_0.jpg"
    edited.write_bytes(b"edited")
    said = attempt("undo", "--since", "2000-01-01", "--json")
    assert said.code == 1
    *lines, last = map(json.loads, said.out.splitlines())
    assert [line["path"] for line in lines] == [str(edited)]
    assert last["summary"] == {
        "sorts": [2, 1],
        "undone": 5,
        "gone": 0,
        "refused": 1,
        "moved": 0,
        "edited": 0,
        "problems": [],
    }
    assert edited.read_bytes() == b"edited"


@pytest.mark.parametrize("answer", ["n", "y"])
def test_several_sorts_are_listed_and_asked_about_at_a_terminal(
    attempt: Try, run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    run("sort", photos, "--to", tmp_path / "sorted 1")
    run("sort", photos, "--to", tmp_path / "sorted 2", "--move")
    monkeypatch.setattr(Terminal, "interactive", True)
    asked: list[str] = []

    def answer_it(_: Terminal, question: str) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr(Terminal, "_answer", answer_it)
    said = attempt("undo", "--since", "2000-01-01")
    assert asked == ["Undo these 2 sorts? [y/N]"]
    assert f"3 photos go back from {tmp_path / 'sorted 2'}\n" in said.err
    assert f"3 photos in {tmp_path / 'sorted 1'}\n" in said.err
    assert (said.code, said.out == "Nothing was undone.\n") == (0, answer == "n")
    assert len(list(photos.glob("*.jpg"))) == (3 if answer == "y" else 0)
    run("undo", "--since", "2000-01-01", "--yes") if answer == "n" else None
    assert len(asked) == 1


@pytest.mark.parametrize("word", ["yesterday", "25:00", "2026-13-01", "", "1999999-01-01"])
def test_a_time_that_is_none_is_refused(attempt: Try, word: str) -> None:
    assert attempt("undo", "--since", word).code == 2


def test_a_sort_and_a_time_are_two_requests(attempt: Try) -> None:
    assert attempt("undo", 1, "--since", "12:00").code == 2


def test_an_undo_that_is_stopped_says_how_much_is_undone_and_how_to_go_on(
    attempt: Try, run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sort", photos, "--to", tmp_path / "sorted")
    one = sidecar_groups.undo_group

    def then_stop(*arguments: Any) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        return one(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("flowersorter.sorting.undo.undo_group", then_stop)
        stopped = attempt("undo")
    assert stopped.code == 130
    assert "Sort 1: 1 photo undone, 2 photos left. To go on: flowersorter undo 1\n" in stopped.err
    assert attempt("undo").out == "Sort 1: 2 photos undone.\n"


def test_a_moved_photo_whose_keywords_were_edited_names_yes_each_time(
    attempt: Try, run: Run, photos: Path, tmp_path: Path
) -> None:
    run("sort", photos, "--to", tmp_path / "sorted", "--move", "--keywords")
    sidecar = tmp_path / "sorted" / "red" / "red_0.jpg.xmp"
    sidecar.write_bytes(edited := sidecar.read_bytes() + b"<!-- mine -->")
    first = attempt("undo")
    assert "red_0.jpg.xmp: it has changed since it was sorted\n" in first.out
    assert first.err.endswith("To move the edited ones back as they are now: flowersorter undo 1 --yes\n")
    assert attempt("undo").err == (
        "There is nothing more to undo: 1 photo of sort 1 could not be undone. "
        '"flowersorter undo 1" lists the reasons, '
        "and with --yes it also takes back photos that were moved, renamed or edited since.\n"
    )
    assert attempt("undo", 1).err == first.err
    assert attempt("undo", "--yes").out == "Sort 1: 1 photo undone.\n"
    assert (photos / sidecar.name).read_bytes() == edited
    assert not (tmp_path / "sorted").exists()
