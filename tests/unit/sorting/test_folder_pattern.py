"""Sub-folders below the class by a pattern: which patterns are understood, and photos filed by them and undone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.errors import SortRefused
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import filed_photos
from flowersorter.sorting.execute import execute
from flowersorter.sorting.folder_pattern import FolderPattern
from flowersorter.sorting.plan import Action, Mode, SortPlan
from flowersorter.sorting.refile import plan_refile
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.outcomes import RunResult
from tests.unit.sorting.file_trees import filing, names, snapshot, take_back, write

TAKEN = datetime(2024, 5, 3, 14, 30)


@pytest.mark.parametrize(
    ("pattern", "dated", "undated"),
    [
        ("{class}", (), ()),
        ("{class}/{date:%Y}", ("2024",), ("Undated",)),
        ("{class}/{date:%Y/%m}", ("2024", "05"), ("Undated",)),
        ("{class}/{date:%Y}/{date}", ("2024", "2024-05-03"), ("Undated",)),
        (
            "{class}/{camera} {date:%Y}/{date:%d}.{camera}",
            ("Acme_One 2024", "03.Acme_One"),
            ("Acme_One Undated", "Undated.Acme_One"),
        ),
        ("{class}/best {class}", ("best Rose",), ("best Rose",)),
    ],
)
def test_photos_get_folders_below_their_class(pattern: str, dated: tuple[str], undated: tuple[str]) -> None:
    made = FolderPattern.parse(pattern)
    assert made.folders("Rose", TAKEN, "Acme/One") == dated
    assert made.folders("Rose", None, "Acme/One") == undated


def test_a_photo_without_a_camera_has_a_folder() -> None:
    made = FolderPattern.parse("{class}/{camera}")
    assert made.folders("Rose", None, None) == ("Unknown camera",)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "must begin with {class}"),
        ("{date:%Y}/{class}", "must begin with {class}"),
        ("{class} {date:%Y}", "must begin with {class}"),
        ("/{class}", "must begin with {class}"),
        ("{class}/", "no name"),
        ("{class}//a", "no name"),
        ("{class}/../a", "no name"),
        ("{class}/.", "no name"),
        ("{class}/{year}", "not known"),
        ("{class}/a\\b", "not known"),
        ("{class}/{date:%Q}", "date is not understood"),
        ("{class}/{date:year}", "date is not understood"),
        ("{class}/{date:%}", "date is not understood"),
        ("{class}/{date:%Y\\%m}", "date is not understood"),
        ("{class}/{camera:%Y}", "only {date} takes a format"),
    ],
)
def test_other_patterns_are_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(SortRefused) as caught:
        FolderPattern.parse(pattern)
    assert why in str(caught.value)


@settings(max_examples=200, derandomize=True)
@given(
    pattern=st.lists(
        st.sampled_from(["{class}", "{date:%Y}", "{date:%Y/%m}", "{camera}", "/", "a", "..", "~", " ", "CON", ":"]),
        max_size=8,
    ).map("".join),
    camera=st.text(max_size=20),
)
def test_every_folder_is_a_safe_name(pattern: str, camera: str) -> None:
    try:
        made = FolderPattern.parse("{class}/" + pattern)
    except SortRefused:
        return
    for taken in (TAKEN, None):
        for name in made.folders("a/b", taken, camera):
            assert name not in {"", ".", ".."}
            assert not {"/", "\\", "\0"} & set(name)


def _plan(
    photos: Mapping[Path, tuple[str, ...]], destination: Path, mode: Mode = Mode.COPY, source: Path | None = None
) -> SortPlan:
    filings = [replace(filing(path, "Rose"), folders=folders) for path, folders in photos.items()]
    return make_plan(filings, destination, mode, CancelToken(), source_root=source)


def _sort(collection: CollectionStore, plan: SortPlan) -> RunResult:
    result = execute(plan, collection, silent, CancelToken())
    assert result.failed == 0
    return result


@pytest.mark.parametrize("mode", list(Mode))
def test_photos_go_into_sub_folders_and_come_back(tmp_path: Path, collection: CollectionStore, mode: Mode) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {
        write(source / "a.jpg", b"a"): ("2024", "05"),
        write(source / "b.jpg", b"b"): ("Undated",),
        write(source / "deep" / "a.jpg", b"other a"): ("2024", "05"),
    }
    write(source / "a.xmp", b"edits")
    before = snapshot(source)
    plan = _plan(photos, destination, mode, source)
    assert plan.counts_by_folder == {Path("Rose/2024/05"): 2, Path("Rose/Undated"): 1}
    result = _sort(collection, plan)
    assert names(destination) == {
        "Rose/2024/05/a.jpg",
        "Rose/2024/05/a.xmp",
        "Rose/2024/05/a (2).jpg",
        "Rose/Undated/b.jpg",
    }
    assert collection.journal.class_folders(destination) == {"Rose": "Rose"}
    assert take_back(collection, result.run_id).refused == ()
    assert snapshot(source) == before
    assert not destination.exists()


def test_what_is_filed_is_not_filed_again_when_the_pattern_changes(tmp_path: Path, collection: CollectionStore) -> None:
    destination, photo = tmp_path / "sorted", write(tmp_path / "photos" / "a.jpg", b"a")
    _sort(collection, _plan({photo: ()}, destination))
    assert _plan({photo: ("2024",)}, destination).files[0].action == Action.ALREADY_THERE
    other = write(tmp_path / "photos" / "b.jpg", b"b")
    _sort(collection, _plan({other: ("2024",)}, destination))
    assert _plan({other: ()}, destination).files[0].destination == destination / "Rose" / "2024" / "b.jpg"


def test_a_sub_folder_keeps_the_spelling_it_has_and_never_replaces_a_file(
    tmp_path: Path, collection: CollectionStore
) -> None:
    destination = tmp_path / "sorted"
    write(destination / "Rose" / "acme one" / "old.jpg", b"old")
    write(destination / "Rose" / "2024", b"a file of the person")
    photos = {
        write(tmp_path / "photos" / "a.jpg", b"a"): ("Acme One",),
        write(tmp_path / "photos" / "b.jpg", b"b"): ("2024",),
        write(tmp_path / "photos" / "c.jpg", b"c"): ("2024",),
    }
    _sort(collection, _plan(photos, destination))
    assert names(destination) == {
        "Rose/acme one/old.jpg",
        "Rose/acme one/a.jpg",
        "Rose/2024",
        "Rose/2024 (2)/b.jpg",
        "Rose/2024 (2)/c.jpg",
    }


def test_another_class_keeps_the_sub_folder(tmp_path: Path, collection: CollectionStore) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photo = write(source / "a.jpg", b"a")
    before = snapshot(source)
    first = _sort(collection, _plan({photo: ("2024", "05")}, destination, Mode.MOVE, source))
    moved = [
        (each, "Tulip")
        for each in filed_photos(collection.database, [filing(destination / "Rose/2024/05/a.jpg", "").sha256])
    ]
    [plan] = plan_refile(collection, moved, CancelToken())
    second = _sort(collection, plan)
    assert names(destination) == {"Tulip/2024/05/a.jpg"}
    assert not (destination / "Rose").exists()
    for run in (second, first):
        assert take_back(collection, run.run_id).refused == ()
    assert snapshot(source) == before
    assert not destination.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_a_class_folder_is_neither_read_nor_replaced(tmp_path: Path, collection: CollectionStore) -> None:
    destination, photo = tmp_path / "sorted", write(tmp_path / "photos" / "a.jpg", b"a")
    (destination / "Rose").mkdir(parents=True)
    os.mkfifo(destination / "Rose" / "a.jpg")
    _sort(collection, _plan({photo: ()}, destination))
    assert (destination / "Rose" / "a (2).jpg").read_bytes() == b"a"
