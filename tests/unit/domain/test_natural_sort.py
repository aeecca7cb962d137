"""The natural order of photos, which must be the same wherever it is worked out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from natsort import natsorted, ns

from flowersorter.domain.natural_sort import NaturalOrder, natural_ranking


def test_same_order_as_natsort() -> None:
    names = "IMG_2.jpg IMG_10.jpg img_9.jpg b/1.jpg a/10.jpg a/9.jpg a.jpg a2/x.jpg a10/x.jpg 1.jpg a(2).jpg a/b/c.jpg"
    paths = [str(Path("/home/photos", name)) for name in names.split()]

    assert sorted(paths, key=NaturalOrder()) == natsorted(paths, alg=ns.PATH | ns.IGNORECASE)


@pytest.mark.skipif(sys.platform == "win32", reason="paths are written with slashes")
@given(st.sets(st.from_regex(r"\A/p(/[abAB12_ -]{1,5}){1,2}\.jpg\Z"), max_size=8))
def test_natural_order_is_natsorts(paths: set[str]) -> None:
    assert sorted(paths, key=NaturalOrder()) == natsorted(sorted(paths), alg=ns.PATH | ns.IGNORECASE)


def test_undecodable_names_have_a_place() -> None:
    paths = ["/a/\udcff 10.jpg", "/a/\udcff 9.jpg", "/a/1.jpg"]

    assert sorted(paths, key=NaturalOrder()) == [paths[2], paths[1], paths[0]]
    assert natural_ranking(paths) == [2, 1, 0]


def test_names_that_differ_only_in_case_keep_one_order() -> None:
    paths = ["/a/IMG_1.jpg", "/a/img_1.jpg", "/a/Img_1.jpg"]

    backwards = paths[::-1]

    assert sorted(paths, key=NaturalOrder()) == sorted(backwards, key=NaturalOrder())


@given(st.lists(st.from_regex(r"\A(/[aAB](/0?[12]{1,2}){0,2})?/[aA]?0?[12]{1,3}[.b]?[12]?(.jpg)?\Z"), unique=True))
def test_ranking_is_sorting_by_key(paths: list[str]) -> None:
    assert [paths[i] for i in natural_ranking(paths)] == sorted(paths, key=NaturalOrder())


def test_a_name_with_a_line_end_in_it_is_a_name() -> None:
    paths = ["/a/10\n9.jpg", "/a/9\n10.jpg", "/a/9\n9.jpg", "/a/1\n1.jpg"]

    assert [paths[i] for i in natural_ranking(paths)] == sorted(paths, key=NaturalOrder())
