"""Places as columns are the same as a list of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowersorter.domain.place import Paths, Place, Places, decoded

TEXTS = ["/a/b/1.jpg", "/a/b/2.jpg", "/top.jpg", "/a/\udcff.jpg", "/a/b c/1.jpg"]
LISTED = [
    Place(number, Path(text), number * 10 or None, number, -number, "it is empty" if number == 2 else None, number == 3)
    for number, text in enumerate(TEXTS)
]


@pytest.mark.skipif(sys.platform == "win32", reason="paths are written with slashes")
def test_paths_are_those_that_were_put_in() -> None:
    paths = Paths(TEXTS)
    assert list(paths) == [paths[i] for i in range(5)] == [Path(text) for text in TEXTS]
    assert paths[-1] == Path(TEXTS[-1])
    assert paths[1:3] == [Path(TEXTS[1]), Path(TEXTS[2])]
    assert paths == Paths.of(Path(text) for text in TEXTS)
    assert Paths.of(paths) is paths
    assert paths != Paths(TEXTS[:4])
    assert paths.index(Path(TEXTS[3])) == 3
    assert Path(TEXTS[4]) in paths
    with pytest.raises(ValueError, match="not in"):
        paths.index(Path("/nowhere.jpg"))


def test_iterating_makes_the_paths_that_python_makes() -> None:
    names = [str(Path(os.sep, "a", "b.jpg").absolute()), str(Path(os.sep, "b.jpg").absolute()), str(Path.cwd() / "x")]
    assert [str(path) for path in Paths(names)] == names
    assert [path.parts for path in Paths(names)] == [Path(name).parts for name in names]


def test_columns_give_back_the_places_they_were_made_of() -> None:
    places = Places.of(LISTED)
    assert Places.of(places) is places
    assert list(places) == [places[i] for i in range(5)] == LISTED
    assert places == LISTED
    assert places[::-2] == LISTED[::-2]
    assert places != LISTED[:4]
    assert places[-1] == LISTED[-1]
    assert LISTED[2] in places
    assert places.take(np.array([3, 0, 3])) == [LISTED[3], LISTED[0], LISTED[3]]
    assert places.known_photo_ids.tolist() == [10, 30, 40]


def test_no_places() -> None:
    assert Places.of([]) == Places.from_rows([]) == []
    assert len(Places.of([]).known_photo_ids) == 0


@given(st.lists(st.integers(0, 5)))
def test_the_photos_of_places_come_once_and_rising(photo_ids: list[int]) -> None:
    places = Places.of([Place(1, Path("/a"), photo_id or None, 1, 1, None, False) for photo_id in photo_ids])
    assert places.known_photo_ids.tolist() == sorted(set(photo_ids) - {0})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no names that are no text")
@pytest.mark.parametrize(
    "paths", [[], [b""], [b"", b""], [b"/a.jpg"], [b"/\xc3\xa9.jpg", b"/\xc3", b"/\xff\xfe", b""], [b"/a\0b", b"/c"]]
)
def test_paths_are_decoded_together_as_each_is_by_itself(paths: list[bytes]) -> None:
    assert decoded(paths) == [os.fsdecode(path) for path in paths]
