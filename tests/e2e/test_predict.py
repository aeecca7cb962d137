"""Labelling a folder: every photo accounted for once, read once in its life, the JSON contract."""

from __future__ import annotations

import os
import sys

import pytest

from tests.e2e.conftest import ODD_NAME, PHOTOS, UNREADABLE, Labelled
from tests.e2e.program import Program, end_without_reader, imported, tree


def test_every_photo_is_accounted_for_exactly_once_in_natural_order(labelled: Labelled) -> None:
    paths = [entry["path"] for entry in labelled.result.objects]
    expected = [*PHOTOS, *UNREADABLE]
    assert sorted(paths) == sorted(str(labelled.folder / name) for name in expected)
    assert paths[:6] == [str(labelled.folder / name) for name in PHOTOS[:6]]  # IMG_4 before IMG_10


def test_a_photo_has_the_fields_of_the_contract(labelled: Labelled) -> None:
    readable = [entry for entry in labelled.result.objects if "error" not in entry]
    assert len(readable) == len(PHOTOS)
    for entry in readable:
        new = entry["verdict"] == "new"
        assert list(entry) == ["path", "class", "confidence", "verdict", "top", *(["looks_like"] if new else [])]
        assert entry["verdict"] in {"sure", "probable", "unsure", "new"}
        assert entry["top"][0] == [entry["class"], entry["confidence"]]
        shares = [share for _, share in entry["top"]]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        assert {name for name, _ in entry["top"]} == {"daisy", "dandelion", "roses", "sunflowers", "tulips"}


def test_unreadable_photos_are_reported_and_not_fatal(labelled: Labelled) -> None:
    errors = {entry["path"]: entry for entry in labelled.result.objects if "error" in entry}
    assert set(errors) == {str(labelled.folder / name) for name in UNREADABLE}
    for entry in errors.values():
        assert list(entry) == ["path", "error"]
        assert entry["error"]


def test_stderr_is_silent_where_it_is_no_terminal(labelled: Labelled) -> None:
    assert labelled.result.err == ""


def test_a_second_run_reads_no_photo(labelled: Labelled, program: Program) -> None:
    again = program.ok("label", labelled.folder, "--json", PYTHONPROFILEIMPORTTIME="1")
    assert again.out == labelled.result.out
    assert "flowersorter.cli" in imported(again)
    assert "torch" not in imported(again)
    told = program.ok("label", labelled.folder)
    assert f"{len(PHOTOS)} photos" in told.out
    assert f"0 read now, {len(PHOTOS)} known before" in told.out


def test_a_photo_is_not_opened_again_while_its_size_and_time_stay(labelled: Labelled, program: Program) -> None:
    path = labelled.folder / PHOTOS[0]
    data, stat = path.read_bytes(), path.stat()
    try:
        path.write_bytes(b"\0" * len(data))  # whoever decodes it now finds no picture
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert program.ok("label", labelled.folder, "--json").out == labelled.result.out
    finally:
        path.write_bytes(data)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_people_get_a_table_and_the_unreadable_with_reasons(labelled: Labelled, program: Program) -> None:
    told = program.ok("label", labelled.folder).out
    assert "2 photos could not be read:" in told
    assert "empty.jpg" in told
    assert "1 hidden" in told
    assert "1 sidecar" in told


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes such names")
def test_a_name_that_is_not_valid_text_survives(labelled: Labelled, program: Program) -> None:
    assert labelled.result.out.isascii()
    [entry] = [entry for entry in labelled.result.objects if os.fsencode(entry["path"]).endswith(ODD_NAME)]
    assert entry["class"]
    assert "caf\\udce9 \\n.jpg" in program.ok("sort", labelled.folder, "--to", "sorted", "--dry-run", "--json").out


def test_labelling_changes_no_photo(labelled: Labelled) -> None:
    assert tree(labelled.folder) == labelled.before


def test_the_reader_of_the_list_may_leave(labelled: Labelled, program: Program) -> None:
    assert end_without_reader(program.start("label", labelled.folder, "--json")) == (0, b"")


def test_predict_keeps_the_order_and_reports_what_is_no_photo(labelled: Labelled, program: Program) -> None:
    photos = [labelled.folder / name for name in (PHOTOS[-1], UNREADABLE[1], PHOTOS[0], "missing.jpg")]
    entries = program.ok("predict", *photos, "--json").objects
    assert [entry["path"] for entry in entries] == [str(path) for path in photos]
    assert ["error" in entry for entry in entries] == [False, True, False, True]
    by_path = {entry["path"]: entry for entry in labelled.result.objects}
    for entry in (entries[0], entries[2]):
        assert entry["class"] == by_path[entry["path"]]["class"]
        assert entry["confidence"] == pytest.approx(by_path[entry["path"]]["confidence"], abs=0.02)
