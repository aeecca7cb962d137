"""Paths of photos as workers see them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flowersorter.workflows.cluster.path_map import PathMap

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="paths of this test are absolute on POSIX systems only")


@POSIX
@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("/mnt/photos/2026/a.jpg", "//nas/photos/2026/a.jpg"),
        ("/mnt/photos", "//nas/photos"),
        ("/mnt/photos2/a.jpg", "/mnt/photos2/a.jpg"),
        ("/mnt/photos/raw/b.cr2", "/fast/b.cr2"),
        ("/home/me/c.jpg", "D:\\home\\me\\c.jpg"),
        ("/srv/d/e.jpg", "\\\\nas\\share\\d\\e.jpg"),
    ],
)
def test_the_longest_folder_decides_and_only_whole_names_count(here: str, there: str) -> None:
    pairs = [
        ("/mnt/photos", "//nas/photos"),
        ("/mnt/photos/raw/", "/fast"),
        ("/home", "D:\\home"),
        ("/srv", "\\\\nas\\share"),
    ]
    assert PathMap.of(pairs).there(here) == there


@POSIX
def test_a_root_maps_and_is_mapped_to() -> None:
    assert PathMap.of([("/", "/mnt/all")]).there("/a/b.jpg") == "/mnt/all/a/b.jpg"
    assert PathMap.of([("/mnt/all", "/")]).there("/mnt/all/b.jpg") == "/b.jpg"


def test_a_folder_here_may_be_relative_and_names_that_are_no_text_survive() -> None:
    name = os.fsdecode(b"caf\xe9.jpg") if sys.platform != "win32" else "cafe.jpg"
    path = Path("photos").absolute() / name
    assert PathMap.of([("photos", "/there")]).there(str(path)) == f"/there/{name}"


def test_without_pairs_a_path_stays() -> None:
    assert PathMap().there("/a/b.jpg") == "/a/b.jpg"


@POSIX
def test_a_mapped_folder_that_has_nothing_to_do_with_the_photos_is_unused() -> None:
    pairs = [(here, "/there") for here in ("/mnt", "/mnt/photos/2026", "/mnt/photo", "/data")]
    assert PathMap.of(pairs).unused(["/mnt/photos", "/data"]) == ["/mnt/photo"]
    assert PathMap.of([("/", "/there")]).unused(["/mnt/photos"]) == []
