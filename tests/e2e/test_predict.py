"""Labelling a folder: every photo accounted for once, read once in its life, the JSON contract."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.drawing import RED, textured, write_jpeg
from tests.e2e.conftest import ODD_NAME, PHOTOS, UNREADABLE, Labelled
from tests.e2e.program import Program, end_without_reader, imported, tree


def test_every_photo_is_accounted_for_exactly_once_in_natural_order(labelled: Labelled) -> None:
    paths = [entry["path"] for entry in labelled.result.objects[:-1]]
    expected = [*PHOTOS, *UNREADABLE]
    assert sorted(paths) == sorted(str(labelled.folder / name) for name in expected)
    assert paths[:6] == [str(labelled.folder / name) for name in PHOTOS[:6]]  # IMG_4 before IMG_10


def test_a_photo_has_the_fields_of_the_contract(labelled: Labelled) -> None:
    readable = [entry for entry in labelled.result.objects[:-1] if "error" not in entry]
    assert len(readable) == len(PHOTOS)
    for entry in readable:
        more = ["looks_like"] if entry["verdict"] == "unknown" else []
        assert list(entry) == ["path", "class", "confidence", "verdict", "top", "label", "by", "model", *more]
        assert (entry["label"], entry["by"], entry["model"]) == (None, "model", "starter")
        assert entry["verdict"] in {"sure", "likely", "unsure", "unknown"}
        assert entry["top"][0] == [entry["class"], entry["confidence"]]
        shares = [share for _, share in entry["top"]]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        assert {name for name, _ in entry["top"]} == {"daisy", "dandelion", "roses", "sunflowers", "tulips"}


def test_unreadable_photos_are_reported_and_not_fatal(labelled: Labelled) -> None:
    errors = {entry["path"]: entry for entry in labelled.result.objects[:-1] if "error" in entry}
    assert set(errors) == {str(labelled.folder / name) for name in UNREADABLE}
    for entry in errors.values():
        assert list(entry) == ["path", "error"]
        assert entry["error"]


def test_the_summary_counts_the_photos_and_what_was_left_out(labelled: Labelled) -> None:
    summary, entries = labelled.result.summary, labelled.result.objects[:-1]
    assert (summary["photos"], summary["unreadable"]) == (len(PHOTOS) + len(UNREADABLE), len(UNREADABLE))
    for verdict in ("sure", "likely", "unsure", "unknown"):
        assert summary[verdict] == sum(entry.get("verdict") == verdict for entry in entries)
    assert summary["left_out"] == {"hidden": 1, "not a photo": 1, "sidecar": 1}


def test_stderr_is_silent_where_it_is_no_terminal(labelled: Labelled) -> None:
    assert labelled.result.err == ""


def test_a_second_run_reads_no_photo(labelled: Labelled, program: Program) -> None:
    again = program.ok("predict", labelled.folder, "--json", PYTHONPROFILEIMPORTTIME="1")
    assert again.out == labelled.result.out
    assert "flowersorter.cli" in imported(again)
    assert "torch" not in imported(again)
    told = program.ok("predict", labelled.folder)
    assert f"{len(PHOTOS)} photos" in told.out
    assert f"0 read now, {len(PHOTOS)} known before" in told.out


def test_a_photo_is_not_opened_again_while_its_size_and_time_stay(labelled: Labelled, program: Program) -> None:
    path = labelled.folder / PHOTOS[0]
    data, stat = path.read_bytes(), path.stat()
    try:
        path.write_bytes(b"\0" * len(data))  # whoever decodes it now finds no picture
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert program.ok("predict", labelled.folder, "--json").out == labelled.result.out
    finally:
        path.write_bytes(data)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_people_get_a_table_and_the_unreadable_with_reasons(labelled: Labelled, program: Program) -> None:
    told = program.ok("predict", labelled.folder).out
    assert "2 photos could not be read:" in told
    assert "empty.jpg" in told
    assert "1 hidden file" in told
    assert "1 sidecar file" in told


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes such names")
def test_a_name_that_is_not_valid_text_survives(labelled: Labelled, program: Program) -> None:
    assert labelled.result.out.isascii()
    [entry] = [entry for entry in labelled.result.objects[:-1] if os.fsencode(entry["path"]).endswith(ODD_NAME)]
    assert entry["class"]
    assert "caf\\udce9 \\n.jpg" in program.ok("sort", labelled.folder, "--to", "sorted", "--dry-run", "--json").out


def test_labelling_changes_no_photo(labelled: Labelled) -> None:
    assert tree(labelled.folder) == labelled.before


def test_the_reader_of_the_list_may_leave(labelled: Labelled, program: Program) -> None:
    assert end_without_reader(program.start("predict", labelled.folder, "--json")) == (0, b"")


def test_predict_keeps_the_order_and_reports_what_is_no_photo(labelled: Labelled, program: Program) -> None:
    photos = [labelled.folder / name for name in (PHOTOS[-1], UNREADABLE[1], PHOTOS[0], "missing.jpg")]
    *entries, last = program.ok("predict", *photos, "--json").objects
    assert (last["summary"]["photos"], last["summary"]["unreadable"]) == (4, 2)
    assert [entry["path"] for entry in entries] == [str(path) for path in photos]
    assert ["error" in entry for entry in entries] == [False, True, False, True]
    by_path = {entry["path"]: entry for entry in labelled.result.objects[:-1]}
    for entry in (entries[0], entries[2]):
        assert entry["class"] == by_path[entry["path"]]["class"]
        assert entry["confidence"] == pytest.approx(by_path[entry["path"]]["confidence"], abs=0.02)


def test_photos_and_folders_stand_in_one_list_in_the_order_given(labelled: Labelled, program: Program) -> None:
    photo, folder = labelled.folder / PHOTOS[-1], labelled.folder / "day 1"
    finished = program.ok("predict", photo, folder, labelled.folder / "missing.jpg", "--top", "2", "--json")
    entries = finished.objects[:-1]
    inside = [str(labelled.folder / name) for name in PHOTOS if name.startswith("day 1")]
    assert [entry["path"] for entry in entries] == [str(photo), *inside, str(labelled.folder / "missing.jpg")]
    assert all(len(entry["top"]) == 2 for entry in entries[:-1])
    assert finished.summary["photos"] == len(entries)
    assert finished.summary["unreadable"] == 1


def test_label_says_what_photos_are_and_removes_it_again(labelled: Labelled, program: Program) -> None:
    known, other = labelled.folder / PHOTOS[0], program.cwd / "other.jpg"
    write_jpeg(other, textured((320, 240), RED, seed=99))  # a photo the collection has not read
    broken, before = labelled.folder / UNREADABLE[1], tree(labelled.folder)
    done = program.ok("label", known, broken, other, "--as", "my class", "--json")
    assert [entry.get("label") for entry in done.objects[:-1]] == ["my class"] * 3
    assert [entry.get("by") for entry in done.objects[:-1]] == ["person"] * 3
    assert [entry.get("unreadable") for entry in done.objects[:-1]] == [None, "it is not an image", None]
    assert (done.summary["labelled"], done.summary["unreadable"]) == (3, 0)
    told = {entry["path"]: entry for entry in program.ok("predict", known, other, "--json").objects[:-1]}
    assert {(entry["label"], entry["by"]) for entry in told.values()} == {("my class", "person")}
    for_people = program.ok("predict", known, labelled.folder / PHOTOS[1]).out
    assert [": my class (your label)" in line for line in for_people.splitlines() if ".jpg: " in line] == [True, False]
    removed = program.ok("label", "--remove", known, labelled.folder / PHOTOS[1], "--json")
    assert [entry["removed"] for entry in removed.objects[:-1]] == [True, False]
    assert (removed.summary["removed"], removed.summary["without_label"]) == (1, 1)
    [entry] = program.ok("predict", known, "--json").objects[:-1]
    assert (entry["label"], entry["by"]) == (None, "model")
    assert "1 photo labelled my class." in program.ok("label", "--as", "My Class", known).out
    told_of_broken = program.ok("label", "--as", "my class", broken).out
    assert f"{broken} is not used for training: it is not an image" in told_of_broken
    failed = program.run("label", program.cwd / "gone.jpg", "--as", "my class", "--json")
    assert (failed.code, failed.summary["labelled"]) == (1, 0)
    assert failed.err == "None of the photos could be read.\n"
    assert tree(labelled.folder) == before


def test_the_scan_options_are_remembered_and_told(fresh: Program, tmp_path: Path) -> None:
    folder, outside = tmp_path / "photos", tmp_path / "outside"
    for path in (folder / "IMG_1.jpg", folder / "day 1" / "IMG_2.jpg", outside / "far.jpg"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_jpeg(path, textured(colour=RED, seed=len(path.parts)))
    (folder / "far.jpg").symlink_to(outside / "far.jpg")

    first = fresh.ok("predict", folder, "--no-recursive", "--exclude", "IMG_*", "--exclude", "*.heic")
    again = fresh.ok("predict", folder, "--json")
    reset = fresh.ok("predict", folder, "--json", "--recursive", "--no-exclude")

    assert "Left out by the scan options: 1 excluded photo, 1 sub-folder" in first.out
    assert "1 link to another folder was not followed (--follow-links)." in first.out
    assert again.summary["left_out"] == {"link to another folder": 1, "excluded photo": 1, "sub-folder": 1}
    assert (again.summary["photos"], reset.summary["photos"]) == (0, 2)
    assert reset.summary["left_out"] == {"link to another folder": 1}
