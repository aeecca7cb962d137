"""Keywords in the terminal: keywords, sort --keywords, label --from-keywords, and their undo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flowersorter.photos.xmp.document import read_document
from flowersorter.photos.xmp.keywords import entries_of, named_keywords
from flowersorter.photos.xmp.splice import merged
from tests.unit.commands.conftest import Run, Try
from tests.unit.photos.xmp_documents import LIGHTROOM
from tests.unit.sorting.file_trees import snapshot
from tests.unit.workflows.conftest import draw_photos


def keywords(path: Path) -> tuple[str, ...]:
    return named_keywords(read_document(path.read_bytes()).entries)


def lines(out: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The JSON lines of a command, and its summary."""
    *found, last = map(json.loads, out.splitlines())
    return found, last["summary"]


def test_keywords_are_written_beside_labelled_photos_and_undone(photos: Path, run: Run, tmp_path: Path) -> None:
    draw_photos(photos, "blue", 1)  # without a label
    (photos / "red_1.xmp").write_text(LIGHTROOM, encoding="utf-8")
    (photos / "red_2.jpg.xmp").write_bytes(b"broken")
    before = snapshot(photos)
    said = run("keywords", photos, "--dry-run")
    assert f"{photos / 'red_0.jpg.xmp'}: red\n{photos / 'red_1.xmp'}: red\n" in said
    assert f"Without keywords:\n  {photos / 'red_2.jpg.xmp'}: it is damaged or not XMP\n" in said
    assert snapshot(photos) == before
    found, summary = lines(run("keywords", photos, "--json"))
    assert summary == {"dry_run": False, "sidecars": 2, "sorts": [1], "left": 1, "failed": 0}
    assert [line["action"] for line in found] == ["written", "written", "left"]
    assert keywords(photos / "red_0.jpg.xmp") == ("red",)
    assert keywords(photos / "red_1.xmp") == ("trip/holiday", "red", "Rosa & friends")
    assert "No sidecar file lacks the keywords of a labelled photo." in run("keywords", photos)
    head, row = run("history").splitlines()[:2]
    assert head.split()[2] == "mode"
    assert " keywords       2  done " in row
    assert "Keywords were written beside 2 photos:" in run("history", 1)
    assert lines(run("history", "--json"))[0][0]["mode"] == "keywords"
    assert "verified" in run("verify")
    run("label", photos / "red_0.jpg", "--as", "rose")
    run("keywords", photos)
    assert keywords(photos / "red_0.jpg.xmp") == ("rose",)
    assert run("undo") == "Sort 2: 1 sidecar file undone.\n"
    assert run("undo") == "Sort 1: 2 sidecar files undone.\n"
    assert snapshot(photos) == before
    assert not (tmp_path / "collection" / "keywords").exists()


def test_an_earlier_writing_waits_for_the_later_one(photos: Path, attempt: Try, run: Run) -> None:
    run("keywords", photos)
    run("label", photos / "red_0.jpg", "--as", "rose")
    run("keywords", photos)
    said = attempt("undo", 1)
    assert said.code == 1
    assert "sort 2 wrote keywords into some of its sidecar files" in said.err


def test_a_sort_writes_keywords_where_it_is_asked_to_or_as_preferences_say(
    photos: Path, run: Run, tmp_path: Path
) -> None:
    _, summary = lines(run("sort", photos, "--to", tmp_path / "plain", "--json"))
    assert (summary["keywords"], summary["sidecars"]) == (0, {})
    out = run("sort", photos, "--to", tmp_path / "with", "--keywords", "--dry-run")
    assert "Write keywords into 3 sidecar files\n" in out
    out = run("sort", photos, "--to", tmp_path / "with", "--keywords")
    assert "3 photos copied, keywords in 3 sidecar files. To undo that: flowersorter undo 2\n" in out
    assert keywords(tmp_path / "with" / "red" / "red_0.jpg.xmp") == ("red",)
    assert "Nothing to sort." in run("sort", photos, "--to", tmp_path / "with", "--keywords")
    run("undo", 2)
    assert not (tmp_path / "with").exists()


def test_the_rest_aside_gets_no_keywords(photos: Path, run: Run, tmp_path: Path) -> None:
    draw_photos(photos, "blue", 3)
    run("sort", photos, "--to", tmp_path / "sorted", "--keywords", "--only-sure", "--aside")
    assert {path.parent.name for path in (tmp_path / "sorted").rglob("*.xmp")} == {"red"}
    assert list((tmp_path / "sorted" / "Not sure").iterdir())


def test_a_label_that_moves_a_copy_changes_its_keyword(photos: Path, run: Run, tmp_path: Path) -> None:
    run("sort", photos, "--to", tmp_path / "sorted", "--keywords")
    run("label", photos / "red_0.jpg", "--as", "rose", "--move-copies")
    assert keywords(tmp_path / "sorted" / "rose" / "red_0.jpg.xmp") == ("rose",)
    assert keywords(tmp_path / "sorted" / "red" / "red_1.jpg.xmp") == ("red",)


def test_keywords_that_are_classes_become_labels(photos: Path, run: Run, attempt: Try) -> None:
    new = draw_photos(photos, "blue", 4)
    new[0].with_name(f"{new[0].name}.xmp").write_bytes(merged(None, entries_of("flowers/red")).data)
    new[1].with_suffix(".xmp").write_text(LIGHTROOM, encoding="utf-8")
    new[2].with_suffix(".xmp").write_bytes(b"broken")
    (photos / "red_0.xmp").write_text(LIGHTROOM, encoding="utf-8")
    found, summary = lines(run("label", photos, "--from-keywords", "--json"))
    assert found[0] == {"path": str(new[0]), "label": "red", "by": "person"}
    assert summary | {"keywords": {}} == {
        "photos": 7,
        "labelled": 1,
        "replaced": 0,
        "kept": 0,
        "of_several_classes": 0,
        "keywords": {},
    }
    assert summary["keywords"] == {"flowers/red": 1, "Rosa & friends": 2, "trip/holiday": 2}
    said = run("label", photos, "--from-keywords", "trip/holiday", "Rosa & friends")
    assert "1 photo with such a keyword keeps its label or answer." in said
    assert f"{new[1]}: not labelled, because its keywords are of several classes: trip/holiday, Rosa & friends" in said
    assert run("label", photos, "--from-keywords", "Rosa & friends").startswith("1 photo labelled Rosa & friends.\n")


def test_without_such_a_keyword_those_that_are_there_are_named(photos: Path, attempt: Try) -> None:
    said = attempt("label", photos, "--from-keywords")
    assert (said.code, said.err.splitlines()[-1]) == (1, "None of the photos has a keyword.")
    (photos / "red_0.xmp").write_text(LIGHTROOM, encoding="utf-8")
    said = attempt("label", photos, "--from-keywords")
    assert said.code == 1
    assert "Rosa & friends: 1 photo\n" in said.err


def test_a_keyword_that_cannot_be_a_class_labels_nothing(photos: Path, attempt: Try) -> None:
    new = draw_photos(photos, "blue", 1)
    new[0].with_suffix(".xmp").write_bytes(merged(None, entries_of("C:\\photos")).data)
    said = attempt("label", photos, "--from-keywords", "C:\\photos")
    assert said.code == 1
    assert "it looks like a path" in said.err
