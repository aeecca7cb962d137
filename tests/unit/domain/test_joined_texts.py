"""Texts that are searched together are found as if each were searched by itself."""

from __future__ import annotations

import os

import numpy as np
import pytest

from flowersorter.domain.name_search import SEPARATOR, JoinedTexts, folded, joined_names
from flowersorter.domain.place import Paths

NAMES = ["img_0001.jpg", "img_0010.jpg", "", "blüte.jpg", "1", "00", "odd \udcff name", "aaa", "日本.png"]


def joined(names: list[str]) -> JoinedTexts:
    return JoinedTexts(SEPARATOR.join(names), len(names))


@pytest.mark.parametrize(
    "wanted", ["", "0", "00", "1", "01", "jpg", "g", "ü", "\udcff", "aa", "aaaa", "本", "g1", "\0", "img_0001.jpg1"]
)
def test_a_text_is_found_where_python_finds_it(wanted: str) -> None:
    assert joined(NAMES).containing(wanted).tolist() == [wanted in name for name in NAMES]


@pytest.mark.parametrize("names", [[], [""], ["", ""], ["a"]])
def test_few_and_empty_texts(names: list[str]) -> None:
    assert len(joined(names)) == len(names)
    for wanted in ("", "a", "ab"):
        assert joined(names).containing(wanted).tolist() == [wanted in name for name in names]


def test_texts_are_folded_together_as_each_would_be_by_itself() -> None:
    names = ["e", "\u0301", "Ü.JPG", "u\u0308.jpg", "Straße", "\u03a3", "a\u03a3"]
    assert folded(SEPARATOR.join(names)).split(SEPARATOR) == list(map(folded, names))


def test_many_random_texts() -> None:
    draw = np.random.default_rng(0)
    names = ["".join(draw.choice(list("abé"), draw.integers(0, 6))) for _ in range(3000)]
    texts = joined(names)
    for wanted in ("a", "é", "ab", "bé", "aba", "ééé"):
        assert texts.containing(wanted).tolist() == [wanted in name for name in names]


def test_names_are_those_of_the_paths_without_their_folders() -> None:
    names = ["/a.jpg", "/f/a.jpg", "/f/f/É.JPG", "/f/e\u0301.jpg", "/f/b.jpg", "/f/f/f", "/ff/1.jpg", "/f.jpg"]
    paths = Paths([name.replace("/", os.sep) for name in names])
    wanted = SEPARATOR.join(folded(name.rpartition("/")[2]) for name in names)
    assert joined_names(paths.names, *paths.folders) == wanted
    assert joined_names([], *Paths().folders) == ""
